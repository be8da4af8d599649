"""The panel's page for browsers, and its bridge to the store."""
