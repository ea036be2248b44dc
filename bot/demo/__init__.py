"""`python timbre.py demo`: the real bot on a Discord of its own, recorded and measured."""
