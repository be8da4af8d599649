"""The ways in; nothing else of the probe is entered from outside."""
