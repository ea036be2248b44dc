"""Decoding of speech tokens."""
