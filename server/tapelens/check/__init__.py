"""Rules over source: files and folders, what is suppressed, what is known already, live findings over source ones."""
