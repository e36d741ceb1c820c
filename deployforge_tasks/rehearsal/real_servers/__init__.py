"""Real registry servers, started empty on loopback; each takes the place of its protocol's stand-in."""
