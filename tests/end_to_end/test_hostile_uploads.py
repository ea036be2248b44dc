"""Files made to break their reader, sent to the real bot by members who press on regardless."""

import asyncio
import itertools
from collections import Counter

import psutil
import pytest

from bot.loopback import File, Member
from tests.bot.clips.test_hostile import mutated, strange, too_short
from tests.end_to_end.conftest import a_stage
from tests.end_to_end.paced_worker import paced
from tests.end_to_end.registering import agree, draft, files, register
from tests.end_to_end.uploads import speech, upload

MEMBERS = 4
#: Of two rounds of mutated files, every eleventh: so each mutation is met.
EVERY = 11
#: What the bot's process may grow by, with four uploads under way at any time.
MOST_GROWTH_MIB = 64


async def sent(member: Member, kind: str, content: bytes) -> str:
    """What the bot finally says of a file that somebody registers; drafts are thrown away."""
    interaction = await agree(
        await member.slash("voice register", name="Evil", clip=File(f"{kind}.wav", content))
    )
    panel = await interaction.reply(timeout_s=120)
    async with asyncio.timeout(60):
        while True:
            if panel.components:
                await panel.press("Delete")
                return "accepted"
            if "✅" not in panel.text:
                assert panel.ephemeral, kind
                assert len(interaction.messages) == 1, kind
                return panel.text
            await asyncio.sleep(0.01)


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_dozens_of_hostile_files_leave_the_bot_as_it_was(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """A sentence each, no file, no process; the bot speaks and registers as before."""
    made = list({kind: (kind, content) for kind, content in strange(speech())}.values())
    damaged = mutated(speech(), too_short(speech()), 2)
    some = list(itertools.islice(damaged, 0, None, EVERY))
    uploads = iter([*made, *some])
    outcomes: Counter[str] = Counter()

    folder = tmp_path_factory.mktemp("hostile")
    # Nobody listens to what a damaged file sounds like.
    settings = {"TIMBRE_REGISTRATION_COOLDOWN_S": "0", **paced(folder)}
    async with a_stage(folder, **settings) as stage:
        # What stays in memory from a first registration is no harm that a file does.
        await register(stage.alice, "Before", upload("mp3"))
        bot = psutil.Process(stage.bot.pid)
        before = largest = bot.memory_info().rss

        async def work(member: Member) -> None:
            for kind, content in uploads:
                said = await sent(member, kind, content)
                outcomes[said] += 1
                if said != "accepted":
                    assert said[0].isupper(), (kind, said)
                    assert said[-1] == ".", (kind, said)
                    assert "went wrong" not in said, (kind, said)

        workers = [
            asyncio.create_task(work(stage.guild.add_member(f"Mallory {number}")))
            for number in range(MEMBERS)
        ]
        while not all(worker.done() for worker in workers):
            largest = max(largest, bot.memory_info().rss)
            await asyncio.sleep(0.02)
        for worker in workers:
            await worker
        for said, count in outcomes.most_common():
            print(f"{count:3d} {said}")
        grown = (largest - before) / 2**20
        print(f"the bot: {before / 2**20:.0f} MiB before, at most {grown:.0f} MiB more")
        assert sum(outcomes.values()) == len(made) + len(some) >= 24
        assert outcomes["accepted"] <= len(some) // 4
        assert grown < MOST_GROWTH_MIB
        assert len(files(stage.home, "clips")) == 1
        assert files(stage.home, "uploads") == []
        assert [child.pid for child in bot.children()] == [stage.worker().pid]
        assert (await draft(stage.alice, "After", upload("mp3"))).attachments
