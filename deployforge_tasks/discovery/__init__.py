"""Looking at a repository that has no ``deployforge.yml`` yet: what is there, and what other release tools say."""
