"""One module a detector: `detect(tree) -> Findings`. The package is scanned, so a new one is one file.

`TOOL` in a module names the release tool whose configuration it takes over.
"""
