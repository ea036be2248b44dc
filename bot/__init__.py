"""The Discord process: composition root, settings, command line, voice sessions.

Never imports torch.
"""

__version__ = "0.1.0"
