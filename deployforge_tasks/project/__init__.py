"""deployforge.yml as a typed Project: schema, loading, secrets, artifacts, rendering."""
