"""Benchmarks: ``python -m tests.bench`` prints ratios that were measured in one run. Nothing here asserts a time."""
