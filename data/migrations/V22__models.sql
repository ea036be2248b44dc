-- Which model speaks, where the engine has several.

-- 'quality' or 'speed'; NULL: the engine's first.
ALTER TABLE guild_settings ADD COLUMN model_preference TEXT
    CHECK (model_preference IN ('quality', 'speed'));
-- As the engine names it; NULL: whatever the server prefers.
ALTER TABLE voices ADD COLUMN model TEXT;
