"""Findings and stops in words: terminal text and JSON."""
