-- A recording named on the command line has no voice: that it is in use keeps what is made of it.

CREATE TABLE local_clips (
    clip_sha256 TEXT PRIMARY KEY CHECK (length(clip_sha256) = 64),
    last_used_at REAL NOT NULL
) WITHOUT ROWID;

-- Should a member have registered the very same clip, it is forgotten with their voice.
CREATE TRIGGER local_clip_forgotten AFTER DELETE ON voices
WHEN NOT EXISTS (SELECT 1 FROM voices WHERE clip_sha256 = OLD.clip_sha256)
BEGIN
    DELETE FROM local_clips WHERE clip_sha256 = OLD.clip_sha256;
END;
