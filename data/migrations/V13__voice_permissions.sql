-- Voices that are another member's, registered with that member's permission.

CREATE TABLE voice_permissions (
    voice_id INTEGER PRIMARY KEY REFERENCES voices ON DELETE CASCADE,
    user_id INTEGER NOT NULL REFERENCES users ON DELETE CASCADE, -- whose voice it is
    given_at REAL NOT NULL,
    text_version INTEGER NOT NULL, -- of what they agreed to
    -- Of the statement that they said, as in voices, where one was demanded.
    proven_at REAL,
    statement_version INTEGER,
    words_heard REAL,
    likeness REAL
);

CREATE INDEX voice_permissions_by_user ON voice_permissions (user_id);

-- No voice outlives its permission, whatever ends that. It fires for cascades from users too.
CREATE TRIGGER permission_ended AFTER DELETE ON voice_permissions
BEGIN
    DELETE FROM voices WHERE voice_id = OLD.voice_id;
END;

-- How the voice in a disabled clip sounds: 256 numbers (float32, little-endian) by which a changed
-- copy is known. NULL: not known, or forgotten after a year.
ALTER TABLE disabled_clips ADD COLUMN voiceprint BLOB
CHECK (voiceprint IS NULL OR length(voiceprint) = 1024);
