-- What is derived from a clip belongs to its owner: two people with one recording share nothing.

-- Neither says whose it is; all of it is made anew, and the janitor removes the files.
DELETE FROM speech_cache WHERE voice_identity LIKE 'clip:%';
DROP TABLE conditionals_cache;

-- No reference to voices: a clip given on the command line has conditionals but no voice.
CREATE TABLE conditionals_cache (
    key TEXT PRIMARY KEY,
    voice_identity TEXT NOT NULL, -- 'clip:<user id>:<sha256>', 0 for the command line
    model_revision TEXT NOT NULL,
    engine_version TEXT NOT NULL,
    path TEXT NOT NULL,
    size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
    created_at REAL NOT NULL,
    last_used_at REAL NOT NULL
);

CREATE INDEX conditionals_cache_by_voice ON conditionals_cache (voice_identity);

DROP TRIGGER clip_forgotten;
CREATE TRIGGER clip_forgotten AFTER DELETE ON voices
WHEN NOT EXISTS (
    SELECT 1 FROM voices WHERE clip_sha256 = OLD.clip_sha256 AND owner_id = OLD.owner_id
)
BEGIN
    DELETE FROM conditionals_cache
    WHERE voice_identity = 'clip:' || OLD.owner_id || ':' || OLD.clip_sha256;
    DELETE FROM speech_cache
    WHERE voice_identity = 'clip:' || OLD.owner_id || ':' || OLD.clip_sha256;
END;

DROP TRIGGER local_clip_forgotten;
CREATE TRIGGER local_clip_forgotten AFTER DELETE ON voices
WHEN NOT EXISTS (SELECT 1 FROM voices WHERE clip_sha256 = OLD.clip_sha256)
BEGIN
    DELETE FROM local_clips WHERE clip_sha256 = OLD.clip_sha256;
    DELETE FROM conditionals_cache WHERE voice_identity = 'clip:0:' || OLD.clip_sha256;
    DELETE FROM speech_cache WHERE voice_identity = 'clip:0:' || OLD.clip_sha256;
END;

-- A clip that was disabled silences whatever is made of it later, and its owner's other voices, but
-- no voice that somebody else made of it before. Those other voices were known by the clip alone.
INSERT OR IGNORE INTO disabled_voices (guild_id, voice_id, disabled_at)
SELECT d.guild_id, twin.voice_id, d.disabled_at
FROM disabled_voices AS d
JOIN voices AS v ON v.voice_id = d.voice_id
JOIN voices AS twin ON twin.owner_id = v.owner_id AND twin.clip_sha256 = v.clip_sha256;
UPDATE voices SET disabled_at = (
    SELECT min(v.disabled_at) FROM voices AS v
    WHERE v.owner_id = voices.owner_id AND v.clip_sha256 = voices.clip_sha256
);

-- Who sent a clip that is another member's voice, for the moderators of that server. Not whose.
CREATE TABLE copied_clips (
    guild_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    sent_at REAL NOT NULL,
    PRIMARY KEY (guild_id, user_id)
) WITHOUT ROWID;

CREATE INDEX copied_clips_by_user ON copied_clips (user_id);
