"""What DeployForge remembers: runs, frozen digests, intents, receipts and evidence, in SQLite or PostgreSQL."""
