"""One stopped frame, read without disturbing it, as a snapshot."""
