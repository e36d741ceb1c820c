"""The only code that touches the world: http, process, files, git, clock."""
