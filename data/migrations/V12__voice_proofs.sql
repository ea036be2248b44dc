-- That the person of a clip said a statement: when, which one, and how well it was heard.

-- NULL: nothing was asked of who registered the voice.
ALTER TABLE voices ADD COLUMN proven_at REAL;
ALTER TABLE voices ADD COLUMN statement_version INTEGER;
-- The share of the words that were heard, and the likeness to the clip, each at most 1.
ALTER TABLE voices ADD COLUMN words_heard REAL;
ALTER TABLE voices ADD COLUMN likeness REAL;

-- off or own; NULL: as the bot's settings have it.
ALTER TABLE guild_settings ADD COLUMN voice_statement TEXT;
