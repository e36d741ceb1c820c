"""The command line: parses, shows, decides nothing."""
