"""What discord.py's voice client does otherwise."""

import asyncio

from discord.voice_state import ConnectionFlowState

from bot.channel.connection import Connection


async def test_what_discord_answers_in_the_same_turn_of_the_loop_is_not_missed() -> None:
    """discord.py's own wait would begin to listen a turn later, and never end."""
    state = Connection.create_connection_state(object.__new__(Connection))
    try:
        waiting = asyncio.create_task(
            state._wait_for_state(ConnectionFlowState.got_both_voice_updates)
        )
        await asyncio.sleep(0)
        state.state = ConnectionFlowState.got_voice_state_update
        state.state = ConnectionFlowState.got_both_voice_updates
        async with asyncio.timeout(5):
            await waiting
    finally:
        state._socket_reader.stop()
