"""All that we use of debugpy's internals, feature-detected."""
