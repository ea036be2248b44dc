-- Live reading: what a server has chosen, who is left out, how words are said.

ALTER TABLE guild_settings ADD COLUMN read_names INTEGER NOT NULL DEFAULT 1;
ALTER TABLE guild_settings ADD COLUMN name_pause_s INTEGER NOT NULL DEFAULT 60;
ALTER TABLE guild_settings ADD COLUMN announce_moves INTEGER NOT NULL DEFAULT 0;
ALTER TABLE guild_settings ADD COLUMN read_bots INTEGER NOT NULL DEFAULT 0;
ALTER TABLE guild_settings ADD COLUMN only_in_channel INTEGER NOT NULL DEFAULT 1;
ALTER TABLE guild_settings ADD COLUMN required_role_id INTEGER;
ALTER TABLE guild_settings ADD COLUMN max_message_chars INTEGER NOT NULL DEFAULT 500;
-- For members without a voice of their own; NULL: each has one that stays theirs.
ALTER TABLE guild_settings ADD COLUMN stock_voice TEXT;
ALTER TABLE guild_settings ADD COLUMN volume_percent INTEGER NOT NULL DEFAULT 100;
-- 0: never; NULL: as the bot's settings have it.
ALTER TABLE guild_settings ADD COLUMN alone_leave_s INTEGER;
ALTER TABLE guild_settings ADD COLUMN idle_leave_s INTEGER;

-- What is being read where, so that reading goes on after a restart.
CREATE TABLE live_bindings (
    guild_id INTEGER PRIMARY KEY,
    text_channel_id INTEGER NOT NULL,
    voice_channel_id INTEGER NOT NULL
);

CREATE TABLE live_exclusions (
    guild_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('blocked', 'opted_out')),
    PRIMARY KEY (guild_id, user_id, kind)
);

CREATE INDEX live_exclusions_by_user ON live_exclusions (user_id);

-- A server's entries or a member's own, never both.
CREATE TABLE pronunciations (
    guild_id INTEGER,
    user_id INTEGER REFERENCES users ON DELETE CASCADE,
    word TEXT NOT NULL CHECK (word <> ''),
    say TEXT NOT NULL CHECK (say <> ''),
    CHECK ((guild_id IS NULL) <> (user_id IS NULL))
);

CREATE UNIQUE INDEX pronunciations_of_guild ON pronunciations (guild_id, word)
WHERE guild_id IS NOT NULL;
CREATE UNIQUE INDEX pronunciations_of_user ON pronunciations (user_id, word)
WHERE user_id IS NOT NULL;
