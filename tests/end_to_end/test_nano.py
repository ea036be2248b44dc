"""A member's own voice on a machine without a GPU: Nano, reduced, over the worker process.

Its weights are random, so nobody listens: what is looked at is who speaks, and what is kept of it.
"""

from pathlib import Path

import pytest

from engine.weights.models import MODELS
from tests.checkpoints import random_checkpoint
from tests.end_to_end.conftest import a_stage
from tests.end_to_end.registering import files, register
from tests.end_to_end.uploads import upload


@pytest.mark.slow
@pytest.mark.asyncio
@pytest.mark.timeout(600)
async def test_a_member_speaks_in_their_own_voice_without_a_gpu(tmp_path: Path) -> None:
    """No other voice stands in; who asked learns which model speaks, and the voice can go."""
    weights = tmp_path / "weights"
    clip = upload("flac")  # made in this process, which serves nobody meanwhile
    random_checkpoint(weights, MODELS["nano"], seed=3, small=True, stop_after=90)
    async with a_stage(
        tmp_path / "stage",
        TIMBRE_ENGINE="auto",
        TIMBRE_MODEL="nano",
        TIMBRE_DEVICE="cpu",
        TIMBRE_WEIGHTS=str(weights),
        TIMBRE_ENGINE_THREADS="1",
        TIMBRE_STEP_TIMEOUT_S="240",
        TIMBRE_REQUEST_DEADLINE_S="240",
    ) as stage:
        await stage.alice.leave()
        await register(stage.alice, "Mine", clip)
        reply = await stage.answer(stage.alice, "say", timeout_s=200, text="This is [laugh] me.")
        assert reply.text == "", "another voice spoke instead"
        assert len(reply.attachments[0].data) > 1000
        said = await stage.reply(stage.alice, "pronounce test", text="This is [ Laugh ] me.")
        assert said.startswith("I say: This is [laugh] me.")
        offered = await stage.alice.autocomplete("say", focused="text", value="This is [l")
        assert [choice["value"] for choice in offered] == ["This is [laugh]"]
        assert "by chatterbox-nano, which reads English." in await stage.reply(
            stage.alice, "status"
        )
        assert len(files(stage.home, "conditionals")) == 1
        assert "is deleted" in await stage.reply(stage.alice, "voice delete", voice="Mine")
        assert files(stage.home, "conditionals") == []
