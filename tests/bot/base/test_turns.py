"""Work that waits for its turn."""

import asyncio

import pytest

from bot.base.errors import UserError
from bot.base.turns import FairTurns

FULL = "Too many wait."


async def test_servers_and_then_members_take_turns_and_one_more_is_refused() -> None:
    turns, done = FairTurns(1, 5, FULL), list[str]()

    async def work(name: str, guild_id: int, user_id: int) -> None:
        async with turns.turn(guild_id, user_id):
            await asyncio.sleep(0)
            done.append(name)

    asked = [("first", 1, 1), ("greedy 1", 1, 1), ("greedy 2", 1, 1), ("greedy 3", 1, 1)]
    asked += [("beside", 1, 2), ("elsewhere", 2, 3)]
    tasks = [asyncio.create_task(work(*one)) for one in asked]
    await asyncio.sleep(0)
    with pytest.raises(UserError, match=FULL):
        turns.require_room()
    with pytest.raises(UserError, match=FULL):
        await work("too many", 3, 4)
    await asyncio.gather(*tasks)
    assert done == ["first", "greedy 1", "elsewhere", "beside", "greedy 2", "greedy 3"]
    await work("alone again", 1, 1)


async def test_who_gives_up_takes_nobodys_turn_whenever_that_is() -> None:
    turns = FairTurns(1, 9, FULL)
    entered = list[int]()

    async def work(number: int, until: asyncio.Event) -> None:
        async with turns.turn(1, number):
            entered.append(number)
            await until.wait()

    async def hold() -> None:
        await work(0, held)
        waiting[1].cancel()  # it has its turn already, and does not know yet

    held, free = asyncio.Event(), asyncio.Event()
    free.set()
    holder = asyncio.create_task(hold())
    waiting = [asyncio.create_task(work(number, free)) for number in (1, 2, 3)]
    await asyncio.sleep(0)
    waiting[0].cancel()  # while it waits
    await asyncio.sleep(0)
    held.set()
    await asyncio.wait([holder, *waiting])
    assert entered == [0, 3]
    async with asyncio.timeout(30), turns.turn(1, 4):
        entered.append(4)
    # Cancelled and passed on to before it can say that it is gone.
    held.clear()
    holder = asyncio.create_task(work(5, held))
    gone, last = (asyncio.create_task(work(number, free)) for number in (6, 7))
    await asyncio.sleep(0)
    holder.cancel()
    gone.cancel()
    await asyncio.wait([holder, gone, last])
    assert entered[-1] == 7
