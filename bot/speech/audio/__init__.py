"""From PCM to Opus packets: loudness, encoding, and the cache of rendered speech.

Everything here that computes is synchronous and meant for a thread; `bot.speech.audio.cache` is the
asynchronous face. Never runs in the sender's thread.
"""
