"""The words of DeployForge: model, presence, errors, events, redaction, targets. Standard library only."""
