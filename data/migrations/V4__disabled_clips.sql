-- A voice that is disabled does not come back with the same clip; a stock voice can be chosen.

-- Clips of disabled voices, by a digest that is kept nowhere else: it neither is nor leads to the
-- clip's own. It stays when the voice goes, or deleting and registering anew would enable it.
CREATE TABLE disabled_clips (
    guild_id INTEGER, -- NULL: in every server
    clip_digest TEXT NOT NULL CHECK (length(clip_digest) = 64),
    disabled_at REAL NOT NULL
);

CREATE UNIQUE INDEX disabled_clips_once ON disabled_clips (clip_digest, ifnull(guild_id, 0));
CREATE INDEX disabled_clips_by_guild ON disabled_clips (guild_id);

-- Which voice a member speaks with in a server: somebody's, or one of the engine's.
CREATE TABLE choices_with_stock (
    user_id INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    guild_id INTEGER NOT NULL,
    voice_id INTEGER REFERENCES voices ON DELETE CASCADE,
    stock_voice TEXT,
    PRIMARY KEY (user_id, guild_id),
    CHECK ((voice_id IS NULL) <> (stock_voice IS NULL))
) WITHOUT ROWID;

INSERT INTO choices_with_stock SELECT user_id, guild_id, voice_id, NULL FROM voice_choices;
DROP TABLE voice_choices;
ALTER TABLE choices_with_stock RENAME TO voice_choices;
CREATE INDEX voice_choices_by_voice ON voice_choices (voice_id);
