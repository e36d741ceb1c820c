"""The verbs: deploy, status, rehearse, rollback and the look at configuration. Typed results; nothing is printed."""
