-- Which renderings say what a member chose to be called: they go with that name.

CREATE TABLE speech_names (
    key TEXT NOT NULL REFERENCES speech_cache ON DELETE CASCADE,
    user_id INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    guild_id INTEGER NOT NULL,
    PRIMARY KEY (key, user_id, guild_id)
) WITHOUT ROWID;

CREATE INDEX speech_names_by_user ON speech_names (user_id, guild_id);
CREATE INDEX speech_names_by_guild ON speech_names (guild_id);

-- Of what was rendered before it is not known whose name it says.
DELETE FROM speech_cache WHERE EXISTS (SELECT 1 FROM member_words WHERE kind = 'name');
