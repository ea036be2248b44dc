-- Where moderators read what was reported and decided; NULL: nowhere.
ALTER TABLE guild_settings ADD COLUMN log_channel_id INTEGER;

-- Servers that were greeted when the bot was invited.
CREATE TABLE welcomed_guilds (
    guild_id INTEGER PRIMARY KEY,
    welcomed_at REAL NOT NULL
);
