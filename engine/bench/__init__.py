"""Upstream Chatterbox and ours on the same weights, measured in one run, one beside the other.

`python -m engine.bench` measures speed and `--quality` compares what is heard. Random weights prove
speed and say nothing of how anything sounds. Nothing here may soften a figure: what an
utterance costs is measured, with its first use where the first use is what is asked for.
"""
