"""Loopback registries to rehearse a release against: a small stand-in for each protocol, or the real server."""
