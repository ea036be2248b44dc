"""Whoever is deleted is gone: every table that names a person says what becomes of its rows."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from data.schema import MIGRATIONS, load_migrations, prepare

#: Columns that are named like this hold a person's id; a migration may not call one otherwise.
PERSON = re.compile(r"(^|_)(user|owner|member|author|speaker|moderator)(_id)?$")


def rows(connection: sqlite3.Connection, sql: str) -> list[tuple[object, ...]]:
    return connection.execute(sql).fetchall()


def table_names(connection: sqlite3.Connection) -> list[str]:
    found = rows(
        connection,
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    )
    return [str(name) for (name,) in found]


def lacking_a_rule(connection: sqlite3.Connection) -> list[str]:
    """The columns that hold a person's id but do not go when the person's row goes."""
    lacking = []
    for table in table_names(connection):
        if table == "users":
            continue
        on_delete = {
            str(row[3]): row[6]
            for row in rows(connection, f"PRAGMA foreign_key_list({table})")
            if row[2] == "users"
        }
        columns = {str(row[1]) for row in rows(connection, f"PRAGMA table_info({table})")}
        people = {column for column in columns if PERSON.search(column)} | on_delete.keys()
        lacking += [f"{table}.{one}" for one in sorted(people) if on_delete.get(one) != "CASCADE"]
    return lacking


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "timbre.db"
    prepare(path, load_migrations(MIGRATIONS))
    return path


def test_every_column_with_a_users_id_cascades(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert lacking_a_rule(connection) == []


@pytest.mark.parametrize(
    "column",
    [
        "user_id INTEGER",
        "blocked_user_id INTEGER",
        "owner_id INTEGER REFERENCES users",
        "author REFERENCES users ON DELETE SET NULL",
        "whoever REFERENCES users",
    ],
)
def test_a_table_without_a_rule_is_noticed(path: Path, column: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"CREATE TABLE later (note TEXT, {column})")
        assert lacking_a_rule(connection) == [f"later.{column.split(maxsplit=1)[0]}"]


def test_nothing_of_a_deleted_user_is_left_in_any_table(path: Path) -> None:
    gone, stays = 987_654_321_012_345_678, 111_111_111_111_111_111
    own_clip, shared_clip = "a" * 64, "b" * 64
    goes: dict[str, list[tuple[object, ...]]] = {
        "users": [(gone, 0)],
        "live_exclusions": [(5, gone, "blocked")],
        "member_languages": [(gone, 5, "es")],
        "member_words": [(gone, 5, "name", "Ally"), (gone, 5, "arrival", "Here I am.")],
        "member_tunings": [(gone, 5, 1.5, 2)],
        "pronunciations": [(None, gone, "brb", "be right back")],
        "voice_shares": [(5, 1, 0)],
        "voice_choices": [(gone, 5, 3, None), (gone, 6, None, "heart"), (stays, 5, 1, None)],
        "disabled_voices": [(5, 1, 0)],
        "heard_voices": [(5, 1)],
        "report_people": [(1, "about", gone), (2, "by", gone)],
        "local_clips": [(own_clip, 0)],
        "copied_clips": [(5, gone, 0)],
        "voice_uses": [(5, 3, gone, 1), (5, 1, stays, 1)],
        "voice_permissions": [(4, gone, 0, 1, 0, 1, 1.0, 0.9)],
        "conditionals_cache": [
            ("k1", f"clip:{gone}:{own_clip}", "r", "e", "c/1", 1, 0, 0),
            ("k0", f"clip:0:{own_clip}", "r", "e", "c/0", 1, 0, 0),
            ("k4", f"clip:{gone}:{shared_clip}", "r", "e", "c/4", 1, 0, 0),
        ],
        "speech_cache": [
            ("k1", f"clip:{gone}:{own_clip}", "s/1", 1, 1.0, 0, 0),
            ("k0", f"clip:0:{own_clip}", "s/0", 1, 1.0, 0, 0),
            ("k4", f"clip:{gone}:{shared_clip}", "s/4", 1, 1.0, 0, 0),
        ],
        "speech_origins": [("k1", stays, 5, None), ("k3", gone, None, None), ("k3", gone, 5, 77)],
        "speech_names": [("k1", stays, 5), ("k3", gone, 5)],
    }
    left: dict[str, list[tuple[object, ...]]] = {
        "users": [(stays, 0)],
        "live_exclusions": [(5, stays, "blocked")],
        "member_languages": [(stays, 5, "de")],
        "member_words": [(stays, 5, "name", "Bobby")],
        "member_tunings": [(stays, 5, 0.5, 0)],
        "moderated_sounds": [(5, "c" * 64, 50, "heart")],
        "pronunciations": [
            (5, None, "brb", "be right back"),
            (None, stays, "brb", "be right back"),
        ],
        "voice_shares": [(5, 3, 0)],
        "voice_choices": [(stays, 6, 3, None), (stays, 7, None, "heart")],
        "disabled_clips": [(5, "d" * 64, 0, None)],
        "disabled_voices": [(5, 3, 0)],
        "heard_voices": [(5, 3)],
        "reports": [(2, 5, 3, "odd", 0, None)],
        "report_people": [(1, "by", stays), (2, "about", stays)],
        "kept_moderation": [("c" * 64, 5, None)],
        "local_clips": [(shared_clip, 0), ("e" * 64, 0)],
        "departed_guilds": [(7, 0)],
        "welcomed_guilds": [(5, 0)],
        "live_bindings": [(5, 1, 2, 0, 0)],
        "copied_clips": [(5, stays, 0)],
        "voice_uses": [(5, 3, stays, 1)],
        "voice_permissions": [(3, stays, 0, 1, None, None, None, None)],
        "bars": [(5, "c" * 64, "voices", 0, None)],
        "conditionals_cache": [("k2", f"clip:{stays}:{shared_clip}", "r", "e", "c/2", 1, 0, 0)],
        "speech_cache": [
            ("k2", f"clip:{stays}:{shared_clip}", "s/2", 1, 1.0, 0, 0),
            ("k3", "stock:", "s/3", 1, 1.0, 0, 0),
        ],
        "speech_origins": [("k2", stays, 5, 78), ("k3", stays, 5, None)],
        "speech_names": [("k2", stays, 5)],
        "daily_counts": [(1, 2, 3, 4, 5, 6, 7)],
        "daily_first_sounds": [(1, 2, 3)],
        "processes": [("p", 0, 0, 1, 0, 0.0)],
        "notices": [(1, "p", "what another process acts on meanwhile")],
        "acknowledgements": [(1, "p")],
        "claims": [("what one process does meanwhile", "p")],
        "pauses": [("report", "c" * 64, 0.0)],
        "identifies": [(0, 0.0)],
    }
    with closing(sqlite3.connect(path)) as connection, connection:
        for table, values in (*goes.items(), *left.items()):
            marks = ", ".join("?" * len(values[0]))
            connection.executemany(f"INSERT INTO {table} VALUES ({marks})", values)
        connection.executemany(
            "INSERT INTO voices (voice_id, owner_id, name, clip_sha256, clip_path, duration_s, "
            "consent_version, consented_at, created_at) VALUES (?, ?, ?, ?, ?, 9.0, 1, 0, 0)",
            [
                (1, gone, "mine", own_clip, "clips/1.flac"),
                (2, gone, "twin", shared_clip, "clips/2.flac"),
                (3, stays, "twin", shared_clip, "clips/3.flac"),
                (4, stays, "theirs", own_clip, "clips/4.flac"),
            ],
        )
        connection.execute("INSERT INTO reports VALUES (1, 5, 1, 'loud', 0, NULL)")
        connection.execute("INSERT INTO secrets VALUES ('people', 'key')")
        connection.execute("INSERT INTO guild_settings (guild_id, default_voice_id) VALUES (5, 1)")
        filled = {
            table for table in table_names(connection) if rows(connection, f"SELECT 1 FROM {table}")
        }
        assert filled == set(table_names(connection)), "this test has to fill every table"
        connection.commit()
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("DELETE FROM users WHERE user_id = ?", (gone,))
        everything = {
            table: rows(connection, f"SELECT * FROM {table}") for table in table_names(connection)
        }
    assert str(gone) not in str(everything)
    assert own_clip not in str(everything)
    assert [row[0] for row in everything.pop("voices")] == [3]
    assert [row[:2] for row in everything.pop("guild_settings")] == [(5, None)]
    left["secrets"] = [("people", "key")]
    left["speech_totals"] = [(1, 2)]  # bytes of what is left of `speech_cache`
    left["reports"].append((1, 5, None, "loud", 0, None))  # its voice and its subject are gone
    assert {table: set(found) for table, found in everything.items()} == {
        table: set(values) for table, values in left.items()
    }


def test_what_is_stored_is_stated(path: Path) -> None:
    """PRIVACY.md names every table, and every folder with something about people."""
    stated = (Path(__file__).parents[2] / "PRIVACY.md").read_text("utf-8")
    with closing(sqlite3.connect(path)) as connection:
        assert {t for t in table_names(connection) if f"`{t}`" not in stated} == set()
    for folder in ("uploads/", "clips/", "conditionals/", "speech/"):
        assert f"`{folder}`" in stated
