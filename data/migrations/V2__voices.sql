-- Living with voices: where a voice may be used, who chose which, what was reported.

-- The server it was registered in: counts against that server's quota, and goes with the server.
ALTER TABLE voices ADD COLUMN origin_guild_id INTEGER;
-- By the bot's owner, in every server; NULL: not disabled.
ALTER TABLE voices ADD COLUMN disabled_at REAL;
-- How it speaks, as the engine's parameters are named.
ALTER TABLE voices ADD COLUMN exaggeration REAL NOT NULL DEFAULT 0.5;
ALTER TABLE voices ADD COLUMN cfg_weight REAL NOT NULL DEFAULT 0.5;
ALTER TABLE voices ADD COLUMN temperature REAL NOT NULL DEFAULT 0.8;
ALTER TABLE voices ADD COLUMN seed INTEGER NOT NULL DEFAULT 0;

CREATE INDEX voices_by_origin ON voices (origin_guild_id);

-- Every member of the server may speak in the voice.
CREATE TABLE voice_shares (
    guild_id INTEGER NOT NULL,
    voice_id INTEGER NOT NULL REFERENCES voices ON DELETE CASCADE,
    shared_at REAL NOT NULL,
    PRIMARY KEY (guild_id, voice_id)
) WITHOUT ROWID;

CREATE INDEX voice_shares_by_voice ON voice_shares (voice_id);

-- Which voice a member speaks with in a server. Whether they still may is asked at every use.
CREATE TABLE voice_choices (
    user_id INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    guild_id INTEGER NOT NULL,
    voice_id INTEGER NOT NULL REFERENCES voices ON DELETE CASCADE,
    PRIMARY KEY (user_id, guild_id)
) WITHOUT ROWID;

CREATE INDEX voice_choices_by_voice ON voice_choices (voice_id);

-- By a server's moderators. Not by whom: deleting a moderator must not enable anything.
CREATE TABLE disabled_voices (
    guild_id INTEGER NOT NULL,
    voice_id INTEGER NOT NULL REFERENCES voices ON DELETE CASCADE,
    disabled_at REAL NOT NULL,
    PRIMARY KEY (guild_id, voice_id)
) WITHOUT ROWID;

CREATE INDEX disabled_voices_by_voice ON disabled_voices (voice_id);

-- One a person, voice and server; a second one replaces the first.
CREATE TABLE voice_reports (
    guild_id INTEGER NOT NULL,
    voice_id INTEGER NOT NULL REFERENCES voices ON DELETE CASCADE,
    user_id INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    reason TEXT NOT NULL,
    reported_at REAL NOT NULL,
    PRIMARY KEY (guild_id, voice_id, user_id)
) WITHOUT ROWID;

CREATE INDEX voice_reports_by_voice ON voice_reports (voice_id);
CREATE INDEX voice_reports_by_user ON voice_reports (user_id);

-- Servers that the bot was removed from, until they are cleaned or have it back.
CREATE TABLE departed_guilds (
    guild_id INTEGER PRIMARY KEY,
    departed_at REAL NOT NULL
);
