"""DeployForge: one program onto every place people install from, exactly once."""

__version__ = "0.1.0"
