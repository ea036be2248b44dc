"""Voices: from a member's clip to what the networks need of it, computed once and kept.

Both Chatterbox engines use it. A clip is identified by the SHA-256 of its bytes; everything derived
from it goes when its bytes do.
"""

from engine.enrolment.conditionals import Conditionals
from engine.enrolment.enrolment import ENROLMENT_VERSION, Enrolment
from engine.enrolment.newcomers import NotYet

__all__ = ["ENROLMENT_VERSION", "Conditionals", "Enrolment", "NotYet"]
