"""Chatterbox's checkpoint: its files, their sizes, where they come from, and random ones for tests.

`checkpoint`, `hub` and `sizes` need neither torch nor Chatterbox; `build` and `random` do.
"""
