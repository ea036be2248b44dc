"""Speech: what the rest of Timbre may ask for, and the engines that make it.

Knows nothing of Discord. Only `engine.worker` and the engines under it import torch; everything
that the Discord process imports from here must stay free of it.
"""
