"""Whatever members read is in the template, and in every catalogue that comes with the bot."""

import ast
import re
from itertools import pairwise
from pathlib import Path

import pytest

from bot.catalogue.checking import problems
from bot.catalogue.languages import FOLDER, TEMPLATE, installed
from bot.catalogue.translator import COMMAND, DESCRIPTION
from bot.commands.command_line import main
from bot.commands.extraction import Extracted, extracted
from bot.commands.languages import SENTENCES, sentences_text, template_text
from bot.voices.consent import CONSENT, PERMISSION

ROOT = Path(__file__).parents[3]
CATALOGUES = sorted(FOLDER.glob("*.po"))
#: Where members' sentences arise, but for what is spoken, in the language of its text.
WHERE = ("bot/base", "bot/channel", "bot/client.py", "bot/clips", "bot/command_tree.py")
WHERE += ("bot/live", "bot/speech", "bot/text/pronunciations.py", "bot/voices", "cogs")
WHERE += ("bot/text/pronunciation_files.py",)
SPOKEN = {"bot/speech/languages.py", "bot/clips/statement.py"}
#: Two words, or one that begins a sentence.
WORDS = re.compile(r"[A-Z][a-z']*[ ,.:]|[a-z]{2,} [a-z]{2,}")
#: What only a log, a file, another program or a programmer reads.
UNREAD = (
    *("debug", "info", "warning", "error", "exception", "spawn", "create_task"),
    *("ValueError", "RuntimeError", "TypeError", "OSError", "LookupError"),
    *("HomeRefused", "HomeTaken", "NameRefused", "DiscordAddressError", "OpusFileError"),
    *("Stalled", "Thread", "DatabaseUnusable", "NotOgg", "ObjectsFailed", "ObjectsUnusable"),
)
NO_SENTENCES = {
    "Voice websocket poller",
    "#JSGF V1.0; grammar statement; public <s> = {} {};<word> = {};",
    "{} is {}; the connection was refused",
    "opted out",
    "no role",
    # To whoever runs the bot, as all of that room's errors.
    "The bucket of {place} keeps former versions of what is deleted. Use a bucket that never had "
    "versioning switched on.",
    "there is no such bucket",
    "no answer",
    "excluded role",
    "barred by",
    "voice message",
    "Synthetic speech, made by Timbre",
    "disabled clip",
    "Timbre {}",
    "`/bot-owner enable voice:{}`",
    "PRIVACY.md",
    "app_commands.Command[Any, ..., Any] | app_commands.ContextMenu",
}
#: Of texts that somebody agreed to once, which an export has in English.
FORMER = "bot/voices/consent.py"


@pytest.fixture(scope="module")
def found() -> Extracted:
    return extracted()


def test_every_sentence_is_a_literal(found: Extracted) -> None:
    assert found.problems == []


def test_the_template_is_current(found: Extracted) -> None:
    """Else: python -m bot languages extract, and then update."""
    assert TEMPLATE.read_text(encoding="utf-8") == template_text(found.entries)
    assert SENTENCES.read_text(encoding="utf-8") == sentences_text(found.entries)


def test_nothing_that_reads_like_a_sentence_is_left_out(found: Extracted) -> None:
    known = {text for entry in found.entries for text in (entry.one, entry.many) if text}
    left_out = [
        f"{path.relative_to(ROOT)}:{line}: {text!r}"
        for where in WHERE
        for path in (sorted((ROOT / where).rglob("*.py")) or [ROOT / where])
        if str(path.relative_to(ROOT)) not in SPOKEN | {FORMER}
        for line, text in _like_sentences(ast.parse(path.read_text(encoding="utf-8")))
        if text not in known | NO_SENTENCES
    ]
    assert not left_out, "\n".join(left_out)


def test_a_sentence_that_is_left_out_would_be_found() -> None:
    code = (
        'def f(a):\n    """Doc of f."""\n    log.info("To a log.")\n    return f"Not {a} here."\n'
    )
    assert list(_like_sentences(ast.parse(code))) == [(4, "Not {} here.")]


def test_the_languages_that_are_promised_are_there() -> None:
    assert {path.stem for path in CATALOGUES} >= {"de", "es", "fr", "ja"}


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_every_catalogue_is_complete_and_right(path: Path) -> None:
    assert problems(path) == []


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_the_longest_texts_fit_into_what_discord_shows(path: Path, found: Extracted) -> None:
    """The help for who may everything, and what somebody is asked whose voice it is."""
    catalogue = installed().of(path.stem)
    names = [one.one for one in found.entries if one.context == COMMAND]
    descriptions = [
        catalogue.pgettext(DESCRIPTION, after.one)
        for before, after in pairwise(found.entries)
        if before.context == COMMAND and after.context == DESCRIPTION
    ]
    assert len(descriptions) == len(names) > 50
    mentions = sum(map(len, names)) + len(names) * len("</voice-admin :1576819347152699392> \n")
    assert mentions + sum(map(len, descriptions)) <= 6000
    assert len(PERMISSION.in_language(path.stem)) <= 1600
    assert len(CONSENT.in_language(path.stem)) <= 3000


def test_a_translator_begins_a_catalogue_and_is_told_what_it_lacks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "nl.po"
    assert main(["languages", "update", str(path)]) == 1
    assert "nl.po: command 'say': is not translated" in capsys.readouterr().out
    assert main(["languages", "check", str(tmp_path / "de.po")]) == 1
    assert "No such file" in capsys.readouterr().err


def _like_sentences(tree: ast.Module) -> "list[tuple[int, str]]":
    """Strings that could be for people, with their lines; what is filled in is {}."""
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant()):  # a docstring
                skipped.add(node.value)
            case ast.JoinedStr():
                skipped.update(one for one in ast.walk(node) if isinstance(one, ast.Constant))
            case ast.Call() if _called(node) in UNREAD:
                skipped.update(ast.walk(node))
            case ast.Subscript():
                skipped.update(ast.walk(node.slice))
        for annotation in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            skipped.update(ast.walk(annotation) if annotation else ())
    return [
        (node.lineno, text)
        for node in ast.walk(tree)
        if node not in skipped and isinstance(node, ast.Constant | ast.JoinedStr)
        if (text := _text(node)) and WORDS.search(text)
    ]


def _called(call: ast.Call) -> str:
    return str(getattr(call.func, "id", getattr(call.func, "attr", "")))


def _text(node: ast.Constant | ast.JoinedStr) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return "".join(str(p.value) if isinstance(p, ast.Constant) else "{}" for p in node.values)
