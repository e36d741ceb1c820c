"""The pages: one module each, with a `router`, and an `ENTRY` if the navigation leads to it."""
