"""Upstream Chatterbox, driven as its authors wrote it: the yardstick for the optimised engine."""
