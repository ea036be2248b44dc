"""An export has every column about its person, or it is said here why not."""

import sqlite3
from contextlib import closing
from pathlib import Path

from data.schema import MIGRATIONS, load_migrations, prepare
from data.store import Store
from tests.data.conftest import ALICE, BOB, HERE

CLIP = "a" * 64
#: Tables of which nothing is about a person, or nothing can be handed over, and why.
NOT_EXPORTED = {
    "guild_settings": "a server's; its default voice is in `voices` of whose it is",
    "live_bindings": "channels of a server",
    "departed_guilds": "servers",
    "welcomed_guilds": "servers",
    "local_clips": "recordings of the machine itself",
    "secrets": "keys of this database",
    "speech_totals": "how large all of it is",
    "daily_counts": "of nobody",
    "daily_first_sounds": "of nobody",
    "processes": "the bot's own processes",
    "notices": "seconds long, what one process tells the others",
    "acknowledgements": "seconds long, that they have heard it",
    "claims": "seconds long, what one process does alone",
    "identifies": "shards",
}
#: Columns of the other tables that an export leaves out, and why.
LEFT_OUT = {
    "pauses.person": "it may have the code of somebody else in it, too",
}
#: Rows about Alice, a table each, in the order of its columns; `{code}` is the code for her.
ABOUT_ALICE: dict[str, tuple[object, ...]] = {
    "users": (ALICE, 0.0),
    "voice_permissions": (2, ALICE, 0.0, 1, 0.0, 1, 1.0, 0.9),
    "voice_shares": (HERE, 1, 0.0),
    "voice_choices": (ALICE, HERE, 1, None),
    "disabled_voices": (HERE, 1, 0.0),
    "disabled_clips": (HERE, f"digest of {CLIP}"[:64], 0.0, b"v" * 1024),
    "heard_voices": (HERE, 1),
    "reports": (1, HERE, 1, "odd", 0.0, None),
    "report_people": (1, "by", ALICE),
    "kept_moderation": ("{code}", HERE, None),
    "bars": (HERE, "{code}", "say", 0.0, None),
    "moderated_sounds": (HERE, "{code}", 50, "heart"),
    "pauses": ("ask", "{code} " + "b" * 64, 10.0),
    "conditionals_cache": ("k", f"clip:{ALICE}:{CLIP}", "r", "e", "c/1", 1, 0.0, 0.0),
    "speech_cache": ("k", f"clip:{ALICE}:{CLIP}", "s/1", 1, 1.0, 0.0, 0.0),
    "speech_origins": ("k", ALICE, HERE, 7),
    "speech_names": ("k", ALICE, HERE),
    "copied_clips": (HERE, ALICE, 0.0),
    "voice_uses": (HERE, 2, ALICE, 1),
    "live_exclusions": (HERE, ALICE, "opted_out"),
    "pronunciations": (None, ALICE, "brb", "be right back"),
    "member_languages": (ALICE, HERE, "es"),
    "member_words": (ALICE, HERE, "name", "Ally"),
    "member_tunings": (ALICE, HERE, 1.5, 2),
}


def columns_of(path: Path) -> dict[str, set[str]]:
    with closing(sqlite3.connect(path)) as database:
        tables = database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
        return {
            name: {str(row[1]) for row in database.execute(f"PRAGMA table_info({name})")}
            for (name,) in tables
        }


def fill(path: Path, code: str) -> None:
    digest = ABOUT_ALICE["disabled_clips"][1]
    assert len(str(digest)) == 64
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("INSERT INTO users VALUES (?, 0)", (BOB,))
        for number, owner, clip in ((1, ALICE, CLIP), (2, BOB, "b" * 64)):
            database.execute(
                "INSERT INTO voices (voice_id, owner_id, name, clip_sha256, clip_path, duration_s, "
                "consent_version, consented_at, created_at) VALUES (?, ?, 'v', ?, ?, 9.0, 1, 0, 0)",
                (number, owner, clip, f"clips/{number}"),
            )
        for table, row in ABOUT_ALICE.items():
            values = [one.format(code=code) if isinstance(one, str) else one for one in row]
            marks = ", ".join("?" * len(values))
            database.execute(f"INSERT INTO {table} VALUES ({marks})", values)


async def test_every_column_about_a_person_is_exported_or_has_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "timbre.db"
    prepare(path, load_migrations(MIGRATIONS))
    store = await Store.open(path, lambda: 0.0)
    try:
        fill(path, store.pseudonym(ALICE))
        found = await store.personal.rows_about(ALICE, lambda clip: f"digest of {clip}"[:64])
        nobody = await store.personal.rows_about(2**62 + 9, str)
    finally:
        await store.close()
    assert not any(nobody.values())
    lacking = {
        f"{table}.{column}"
        for table, columns in columns_of(path).items()
        if table not in NOT_EXPORTED
        for column in columns
        if not any(column in row for row in found.get(table, []))
    }
    assert lacking == LEFT_OUT.keys()
    assert NOT_EXPORTED.keys() <= columns_of(path).keys() - found.keys()
