"""Arrows between rooms run one way, and no files of a room import each other in a circle.

Imports inside functions count, and so do those for types alone.
"""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
#: Lowest first; a room imports only itself and what is in lines above its own. "." is what stands
#: at a package's top.
ORDERS = {
    "engine": """
        .  weights
        upstream stock host
        enrolment
        chatterbox.cuda
        chatterbox.s3gen chatterbox.t3
        chatterbox reference
        worker
        bench""",
    "bot": """
        base loopback
        text clips
        speech
        voices channel
        live
        .
        commands demo""",
}
