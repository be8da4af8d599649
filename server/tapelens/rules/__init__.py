"""Rules: what is misuse of autograd, at which line, and when to stay silent."""
