"""Chatterbox's checkpoint: its files, their sizes, where they come from. Needs no Chatterbox."""
