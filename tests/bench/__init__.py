"""Benchmarks: ``python -m tests.bench`` prints ratios that were measured in one run. Nothing here asserts a time.

``python -m tests.bench.claims [SERIES]`` prints how often something is claimed of noise.
``python -m tests.bench.counts`` prints what five years of download counts cost to store and to read.
"""
