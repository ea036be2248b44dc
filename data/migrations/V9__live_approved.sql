-- Whether a moderator wants a channel read to people, too, who cannot see it.
ALTER TABLE live_bindings ADD COLUMN approved INTEGER NOT NULL DEFAULT 0 CHECK (approved IN (0, 1));
