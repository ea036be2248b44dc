-- Several channels read at once, coming by itself, what is left unread, names and greetings.

-- Whether the bot comes by itself where it reads, once somebody sits down or writes there.
ALTER TABLE guild_settings ADD COLUMN auto_join INTEGER NOT NULL DEFAULT 0;
ALTER TABLE guild_settings ADD COLUMN excluded_role_id INTEGER;
ALTER TABLE guild_settings ADD COLUMN read_silent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE guild_settings ADD COLUMN read_links INTEGER NOT NULL DEFAULT 1;
ALTER TABLE guild_settings ADD COLUMN read_emoji INTEGER NOT NULL DEFAULT 1;
ALTER TABLE guild_settings ADD COLUMN unread_prefix TEXT NOT NULL DEFAULT ';';
-- Words and phrases with commas between.
ALTER TABLE guild_settings ADD COLUMN unread_words TEXT;
ALTER TABLE guild_settings ADD COLUMN use_nicknames INTEGER NOT NULL DEFAULT 1;
ALTER TABLE guild_settings ADD COLUMN own_greetings INTEGER NOT NULL DEFAULT 0;
-- With {name} for who comes or goes; NULL: the usual words.
ALTER TABLE guild_settings ADD COLUMN arrival_line TEXT;
ALTER TABLE guild_settings ADD COLUMN departure_line TEXT;
-- How fast what is late may be spoken, in percent of the usual; 100: never faster.
ALTER TABLE guild_settings ADD COLUMN catch_up_percent INTEGER NOT NULL DEFAULT 140;
ALTER TABLE guild_settings ADD COLUMN skip_votes INTEGER NOT NULL DEFAULT 0;

-- What members are called, and what is said when they come and go, in their own words.
CREATE TABLE member_words (
    user_id INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    guild_id INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('name', 'arrival', 'departure')),
    words TEXT NOT NULL CHECK (words <> ''),
    PRIMARY KEY (user_id, guild_id, kind)
) WITHOUT ROWID;

-- Several channels a server now. One that follows its authors is read where they sit; its voice
-- channel is where the bot was last.
CREATE TABLE several_bindings (
    guild_id INTEGER NOT NULL,
    text_channel_id INTEGER NOT NULL,
    voice_channel_id INTEGER NOT NULL,
    approved INTEGER NOT NULL DEFAULT 0 CHECK (approved IN (0, 1)),
    follows_authors INTEGER NOT NULL DEFAULT 0 CHECK (follows_authors IN (0, 1)),
    PRIMARY KEY (guild_id, text_channel_id)
) WITHOUT ROWID;
INSERT INTO several_bindings
SELECT guild_id, text_channel_id, voice_channel_id, approved, 0 FROM live_bindings;
DROP TABLE live_bindings;
ALTER TABLE several_bindings RENAME TO live_bindings;
