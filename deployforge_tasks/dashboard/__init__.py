"""The live dashboard: pages, an event stream and a JSON API over the same operations that the command line calls."""
