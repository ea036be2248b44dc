"""Votes of listeners to skip what is being said."""

from bot.base.errors import UserError
from bot.channel.admission import VocalChannel, listeners_of
from bot.channel.playback import Playback


def vote_to_skip(playback: Playback, voter_id: int, seat: VocalChannel) -> int:
    """Count a listener's vote; how many more it takes until more than half of `seat` want it.

    Who is deafened listens to nothing, and who left has no vote. Raises `UserError` for those.
    """
    listeners = {
        user_id
        for user_id in listeners_of(seat)
        if not (seat.voice_states[user_id].deaf or seat.voice_states[user_id].self_deaf)
    }
    if voter_id not in listeners:
        raise UserError("Only those who listen to me in {channel} can vote.", channel=seat.mention)
    playback.votes.add(voter_id)
    return max(0, len(listeners) // 2 + 1 - len(playback.votes & listeners))
