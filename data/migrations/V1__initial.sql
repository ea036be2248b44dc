-- Times are UTC in Unix seconds; paths are relative to TIMBRE_HOME; ids are Discord's own unless
-- said otherwise. Whatever holds a user's id must go with the user's row: tests enforce it.

CREATE TABLE users (
    user_id INTEGER PRIMARY KEY,
    created_at REAL NOT NULL
);

CREATE TABLE voices (
    -- Ours. AUTOINCREMENT: an old button must never reach somebody else's newer voice.
    voice_id INTEGER PRIMARY KEY AUTOINCREMENT,
    owner_id INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    guild_id INTEGER, -- the one server it may be used in; NULL: everywhere
    name TEXT NOT NULL COLLATE NOCASE CHECK (name <> ''),
    clip_sha256 TEXT NOT NULL CHECK (length(clip_sha256) = 64),
    clip_path TEXT NOT NULL UNIQUE,
    duration_s REAL NOT NULL CHECK (duration_s > 0),
    consent_version INTEGER NOT NULL,
    consented_at REAL NOT NULL,
    created_at REAL NOT NULL,
    UNIQUE (owner_id, name)
);

CREATE INDEX voices_by_clip ON voices (clip_sha256);

CREATE TABLE guild_settings (
    guild_id INTEGER PRIMARY KEY,
    default_voice_id INTEGER REFERENCES voices ON DELETE SET NULL
);

CREATE INDEX guild_settings_by_voice ON guild_settings (default_voice_id);

-- No reference to voices: a clip given on the command line has conditionals but no voice.
CREATE TABLE conditionals_cache (
    key TEXT PRIMARY KEY,
    clip_sha256 TEXT NOT NULL CHECK (length(clip_sha256) = 64),
    model_revision TEXT NOT NULL,
    engine_version TEXT NOT NULL,
    path TEXT NOT NULL,
    size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
    created_at REAL NOT NULL,
    last_used_at REAL NOT NULL
);

CREATE INDEX conditionals_cache_by_clip ON conditionals_cache (clip_sha256);

CREATE TABLE speech_cache (
    key TEXT PRIMARY KEY,
    voice_identity TEXT NOT NULL, -- 'clip:<sha256>' or 'stock:<name>'
    path TEXT NOT NULL,
    size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
    duration_s REAL NOT NULL CHECK (duration_s >= 0),
    created_at REAL NOT NULL,
    last_used_at REAL NOT NULL
);

CREATE INDEX speech_cache_by_voice ON speech_cache (voice_identity);
CREATE INDEX speech_cache_by_use ON speech_cache (last_used_at);

-- What was derived from a clip is as personal as the clip. It fires for cascades from users too.
CREATE TRIGGER clip_forgotten AFTER DELETE ON voices
WHEN NOT EXISTS (SELECT 1 FROM voices WHERE clip_sha256 = OLD.clip_sha256)
BEGIN
    DELETE FROM conditionals_cache WHERE clip_sha256 = OLD.clip_sha256;
    DELETE FROM speech_cache WHERE voice_identity = 'clip:' || OLD.clip_sha256;
END;
