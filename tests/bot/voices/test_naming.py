"""A voice's name is seen, and poses as nothing else; what people write in any script is taken."""

import unicodedata

import pytest

from bot.base.errors import UserError
from bot.voices.naming import require_name


@pytest.mark.parametrize(
    "name",
    [
        "Evening",
        "María José",
        "Łukasz",
        "Tiếng Việt",
        unicodedata.normalize("NFD", "Tiếng Việt"),
        "बंगाली हिन्दी",
        "བསྒྲུབས",
        "בְּרֵאשִׁ֖ית",
        "ที่นี่",
        "声 (deep)",
        "한국어",
        "❤️ 5 < 6 > 4",
        "shared voice",
    ],
)
def test_names_of_all_scripts_are_taken(name: str) -> None:
    require_name(name)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "visible"),
        ("\u3164", "visible"),
        ("\u3164\u3164", "visible"),
        ("Alice\u3164", "visible"),
        ("\u2800", "visible"),
        ("\u115f\u1160", "visible"),
        ("\uffa0", "visible"),
        ("\u200b", "visible"),
        ("Ali\u200bce", "visible"),
        ("\u2066Alice", "visible"),
        ("\u0301", "visible"),
        ("\u0301\u0302\u0303", "visible"),
        ("\u0301Alice", "visible"),
        ("\u034f", "visible"),
        ("\U0001d159", "visible"),
        ("a\u2028b", "visible"),
        ("Z\u0301\u0302\u0303\u0304\u0305\u0306", "at most 4 marks"),
        ("Ali" + "c\u0335\u0322\u0325\u033c\u0359" * 2, "at most 4 marks"),
        ("Alice (shared)", "cannot end"),
        ("Alice (SHARED)", "cannot end"),
        ("Alice \uff08shared\uff09", "cannot end"),
        ("heart (stock voice)", "cannot end"),
        ("Alice (another member's)", "cannot end"),
        ("<@1>", "mention"),
        ("I am <@!123456789012345678>", "mention"),
        ("<#1>", "mention"),
        ("<@&1>", "mention"),
        ("<:smile:1>", "mention"),
        ("<t:0:R>", "mention"),
        ("</say:1>", "mention"),
        ("@everyone", "mention"),
        ("hey @HERE", "mention"),
        ("stock:heart", "cannot begin"),
    ],
)
def test_what_is_unseen_piled_up_or_poses_is_refused(name: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence) as refused:
        require_name(name)
    assert str(refused.value).count(".") == 1, "one sentence"
