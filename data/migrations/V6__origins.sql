-- Speech is as personal as the words in it: whose they were is kept, and it goes with them.

-- Of what was rendered before nobody knows whose words it is; the janitor removes the files.
DELETE FROM speech_cache;

-- Who had a rendering said, and where. A rendering goes, file first, with its last row here.
CREATE TABLE speech_origins (
    key TEXT NOT NULL REFERENCES speech_cache ON DELETE CASCADE,
    user_id INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    guild_id INTEGER, -- NULL: outside of any server
    message_id INTEGER -- of a message that was read aloud; NULL: by a command
);

CREATE UNIQUE INDEX speech_origins_once
ON speech_origins (key, user_id, ifnull(guild_id, 0), ifnull(message_id, 0));
CREATE INDEX speech_origins_by_user ON speech_origins (user_id, guild_id);
CREATE INDEX speech_origins_by_guild ON speech_origins (guild_id);
CREATE INDEX speech_origins_by_message ON speech_origins (message_id);
CREATE INDEX speech_cache_by_age ON speech_cache (created_at);
