"""What a server can choose: every option is a column, with a range that is kept."""

import msgspec
import pytest

from bot.base.errors import UserError
from bot.live.guild_options import OPTIONS
from bot.live.option import Kind, Page
from data.rows import GuildSettings

BY_FIELD = {option.field: option for option in OPTIONS}


def test_every_column_has_an_option() -> None:
    columns = {field.name for field in msgspec.structs.fields(GuildSettings)}
    assert columns - set(BY_FIELD) == {"guild_id"}


@pytest.mark.parametrize("page", Page)
def test_a_page_fits_into_what_discord_shows(page: Page) -> None:
    """Five rows, one of which turns pages: of five buttons, or a menu each."""
    options = [option for option in OPTIONS if option.page is page]
    switches = [option for option in options if option.kind is Kind.SWITCH]
    typed = [option for option in options if option.is_typed]
    assert options
    assert len(switches) <= 5
    assert len(typed) <= 5
    menus = len(options) - len(switches) - len(typed) + (page is Page.MEMBERS)
    assert bool(switches) + bool(typed) + menus <= 4


def test_what_is_written_fits_into_what_discord_shows() -> None:
    """45 characters beside a field and over a form, 80 on a button, 150 in a menu."""
    for option in OPTIONS:
        assert len(str(option.hint)) <= 45
        assert len(str(option.title)) <= 45


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.field)
def test_every_default_can_be_chosen(option) -> None:  # noqa: ANN001 - parametrized
    default = getattr(GuildSettings(guild_id=1), option.field)
    shown = str(option.shown(GuildSettings(guild_id=1), {}))
    assert option.value([] if shown == "nothing" else [shown]) == default


@pytest.mark.parametrize(
    ("field", "chosen", "value"),
    [
        ("read_names", ["no"], False),
        ("read_names", ["yes"], True),
        ("name_pause_s", ["5"], 5),
        ("max_message_chars", [" 2000 "], 2000),
        ("required_role_id", ["77"], 77),
        ("required_role_id", [], None),
        ("log_channel_id", ["78"], 78),
        ("excluded_role_id", ["79"], 79),
        ("unread_prefix", [" !! "], "!!"),
        ("unread_words", ["a, b c"], "a, b c"),
        ("unread_words", [" "], None),
        ("arrival_line", ["Hello, {name}!"], "Hello, {name}!"),
        ("catch_up_percent", ["100"], 100),
        ("stock_voice", ["one"], "one"),
        ("stock_voice", [], None),
        ("default_voice_id", ["voice:3"], "voice:3"),
        ("language", ["de"], "de"),
        ("language", [], None),
        ("languages", ["de", "es", "de"], "de es"),
        ("languages", [], None),
        ("volume_percent", ["10"], 10),
        ("alone_leave_s", ["0"], 0),
        ("idle_leave_s", [""], None),
        ("voice_statement", ["own"], "own"),
        ("voice_statement", [], None),
    ],
)
def test_what_is_chosen_is_taken(field: str, chosen: list[str], value: object) -> None:
    assert BY_FIELD[field].value(chosen) == value


@pytest.mark.parametrize(
    ("field", "chosen"),
    [
        ("read_names", ["perhaps"]),
        ("read_names", []),
        ("name_pause_s", ["4"]),
        ("name_pause_s", ["3601"]),
        ("name_pause_s", ["-5"]),
        ("name_pause_s", ["²"]),
        ("name_pause_s", ["9" * 5000]),
        ("required_role_id", ["Nobody"]),
        ("log_channel_id", ["#mods"]),
        ("language", ["klingon"]),
        ("languages", ["de", "klingon"]),
        ("volume_percent", ["9"]),
        ("volume_percent", [""]),
        ("alone_leave_s", ["86401"]),
        ("idle_leave_s", ["long"]),
        ("voice_statement", ["never"]),
        ("unread_prefix", [""]),
        ("unread_prefix", ["abcdef"]),
        ("departure_line", ["x" * 101]),
        ("catch_up_percent", ["99"]),
    ],
)
def test_what_cannot_be_is_refused_with_what_could(field: str, chosen: list[str]) -> None:
    option = BY_FIELD[field]
    with pytest.raises(UserError) as refused:
        option.value(chosen)
    assert (str(option.hint) if option.is_typed else "pick one from the menu") in str(refused.value)
