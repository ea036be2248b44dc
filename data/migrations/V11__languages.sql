-- Which language a voice speaks, a member writes and a server uses, as ISO 639-1 codes.

-- The clip's, as its owner says; NULL: not said.
ALTER TABLE voices ADD COLUMN language TEXT;
-- What a line is read in that shows no other; NULL: English.
ALTER TABLE guild_settings ADD COLUMN language TEXT;
-- What may be read, with spaces between; NULL: whatever the engine reads.
ALTER TABLE guild_settings ADD COLUMN languages TEXT;

-- A member who has none here has their lines decide.
CREATE TABLE member_languages (
    user_id INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    guild_id INTEGER NOT NULL,
    language TEXT NOT NULL,
    PRIMARY KEY (user_id, guild_id)
) WITHOUT ROWID;
