"""A loaded reference engine with a reduced model."""

from pathlib import Path

import pytest

from engine.messages import Enrolled, Speak
from engine.reference.engine import ReferenceEngine
from engine.speech import Speech, SpeechParameters, StockVoice, Voice


class Speaker:
    """The engine, and what it reported."""

    def __init__(self, checkpoint: Path, home: Path) -> None:
        self.enrolled: list[Enrolled] = []
        self.engine = ReferenceEngine(
            checkpoint,
            revision="test",
            device="cpu",
            reason="for a test",
            home=home,
            report=self.enrolled.append,
        )

    def say(
        self,
        text: str = "Hello there, you three.",
        voice: Voice = StockVoice(),  # noqa: B008  # immutable
        **parameters: float,
    ) -> Speech:
        """Speak one job to its end."""
        job = Speak(1, text, voice, SpeechParameters(**parameters))  # type: ignore[arg-type]
        return self.engine.synthesise(job, lambda: False)


@pytest.fixture(scope="module")
def speaker(small_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Speaker:
    return Speaker(small_checkpoint, tmp_path_factory.mktemp("home"))
