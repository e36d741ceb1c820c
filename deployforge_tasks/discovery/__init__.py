"""Looking at a repository: what it is, where it is published now, and the deployforge.yml that follows from that."""
