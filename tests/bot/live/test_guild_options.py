"""What a server can choose: every option is a column, with a range that is kept."""

import msgspec
import pytest

from bot.base.errors import UserError
from bot.live.guild_options import OPTIONS
from data.rows import GuildSettings

BY_FIELD = {option.field: option for option in OPTIONS}
ROLES = {"Speakers": 77}


def test_every_column_has_an_option() -> None:
    columns = {field.name for field in msgspec.structs.fields(GuildSettings)}
    assert columns - set(BY_FIELD) == {"guild_id"}


def test_everything_fits_into_what_discord_shows() -> None:
    """25 choices in a menu, 45 characters beside a field, 100 under a choice, 45 over a form."""
    assert len(OPTIONS) <= 25
    for option in OPTIONS:
        assert len(option.hint) <= 45
        assert len(option.title) <= 45
        assert len(option.sentence) <= 100


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.field)
def test_every_default_is_a_value_that_can_be_typed(option) -> None:  # noqa: ANN001 - parametrized
    default = getattr(GuildSettings(guild_id=1), option.field)
    shown = option.shown(GuildSettings(guild_id=1), {})
    assert option.parse(shown, ROLES, []) == default


@pytest.mark.parametrize(
    ("field", "typed", "value"),
    [
        ("read_names", "No", False),
        ("read_names", " on ", True),
        ("name_pause_s", "5", 5),
        ("max_message_chars", "2000", 2000),
        ("required_role_id", "Speakers", 77),
        ("required_role_id", "", None),
        ("stock_voice", "one", "one"),
        ("stock_voice", " ", None),
        ("default_voice_id", "Old Tom", "Old Tom"),
        ("volume_percent", "10", 10),
        ("alone_leave_s", "0", 0),
        ("idle_leave_s", "", None),
        ("voice_statement", "Own", "own"),
        ("voice_statement", "", None),
    ],
)
def test_what_is_typed_is_taken(field: str, typed: str, value: object) -> None:
    assert BY_FIELD[field].parse(typed, ROLES, ["one"]) == value


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("read_names", "perhaps"),
        ("read_names", ""),
        ("name_pause_s", "4"),
        ("name_pause_s", "3601"),
        ("name_pause_s", "-5"),
        ("name_pause_s", "²"),
        ("name_pause_s", "9" * 5000),
        ("required_role_id", "Nobody"),
        ("stock_voice", "two"),
        ("volume_percent", "9"),
        ("volume_percent", ""),
        ("alone_leave_s", "86401"),
        ("idle_leave_s", "long"),
        ("voice_statement", "never"),
    ],
)
def test_what_cannot_be_is_refused_with_what_could(field: str, typed: str) -> None:
    with pytest.raises(UserError) as refused:
        BY_FIELD[field].parse(typed, ROLES, ["one"])
    assert BY_FIELD[field].hint in str(refused.value)
