"""Who may do what to whose voice, cell by cell."""

import itertools

import pytest

from bot.voices.rights import Action, Standing, permitted

O, S, N, M, B = (  # noqa: E741 - columns of the table below
    Standing.OWNER,
    Standing.SHARED_WITH,
    Standing.OTHER,
    Standing.MODERATOR,
    Standing.BOT_OWNER,
)
COLUMNS = (O, S, N, M, B)
#: Written out a second time, by hand: owner, shared with, other, moderator, bot's owner.
TABLE = {
    Action.SPEAK: "yes yes no no no",
    Action.SEE: "yes yes no yes yes",
    Action.PREVIEW: "yes yes no no no",
    Action.CHOOSE: "yes yes no no no",
    Action.RENAME: "yes no no no no",
    Action.REPLACE: "yes no no no no",
    Action.DELETE: "yes no no no yes",
    Action.SHARE: "yes no no no no",
    Action.UNSHARE: "yes no no yes yes",
    Action.ADJUST: "yes no no no no",
    Action.SET_DEFAULT: "no no no no no",
    Action.DISABLE: "no no no yes yes",
    Action.ENABLE: "no no no yes yes",
    Action.DISABLE_EVERYWHERE: "no no no no yes",
    Action.ENABLE_EVERYWHERE: "no no no no yes",
}
CELLS = [
    (action, standing, word == "yes")
    for action, words in TABLE.items()
    for standing, word in zip(COLUMNS, words.split(), strict=True)
]
USES = {Action.SPEAK, Action.PREVIEW, Action.CHOOSE, Action.SHARE, Action.SET_DEFAULT}


def test_the_table_has_every_cell() -> None:
    assert set(TABLE) == set(Action)
    assert set(COLUMNS) == set(Standing)


@pytest.mark.parametrize(("action", "standing", "expected"), CELLS)
def test_a_cell_and_nobody_uses_a_disabled_voice(
    action: Action, standing: Standing, expected: bool
) -> None:
    assert permitted(action, {standing}, disabled=False) is expected
    assert permitted(action, {standing}, disabled=True) is (expected and action not in USES)


@pytest.mark.parametrize("action", sorted(Action, key=str))
def test_several_standings_add_up_and_a_default_voice_takes_moderator_and_owner_who_shares(
    action: Action,
) -> None:
    for size in range(len(COLUMNS) + 1):
        for standings in map(set, itertools.combinations(COLUMNS, size)):
            expected = any(permitted(action, {one}, disabled=False) for one in standings)
            if action is Action.SET_DEFAULT:
                expected = {M, S} <= standings
            assert permitted(action, standings, disabled=False) is expected
