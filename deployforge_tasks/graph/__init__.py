"""The graph: every platform's stages as incremental doit tasks, and the runner that runs them."""
