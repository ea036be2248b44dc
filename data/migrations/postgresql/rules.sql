-- What PostgreSQL is told in words of its own, anew with each change of the schema: triggers, and
-- names whose case does not matter. The migrations say what each is for.

-- NOCASE: SQLite compares A-Z alone, and so does lower() of text that is COLLATE "C".
CREATE UNIQUE INDEX IF NOT EXISTS voices_by_owner_and_name ON voices (owner_id, lower(name));

-- What was derived from a clip is as personal as the clip.
CREATE OR REPLACE FUNCTION forget_clip() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM voices WHERE clip_sha256 = OLD.clip_sha256 AND owner_id = OLD.owner_id
    ) THEN
        DELETE FROM conditionals_cache
        WHERE voice_identity = 'clip:' || OLD.owner_id || ':' || OLD.clip_sha256;
        DELETE FROM speech_cache
        WHERE voice_identity = 'clip:' || OLD.owner_id || ':' || OLD.clip_sha256;
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER clip_forgotten AFTER DELETE ON voices
FOR EACH ROW EXECUTE FUNCTION forget_clip();

CREATE OR REPLACE FUNCTION forget_local_clip() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM voices WHERE clip_sha256 = OLD.clip_sha256) THEN
        DELETE FROM local_clips WHERE clip_sha256 = OLD.clip_sha256;
        DELETE FROM conditionals_cache WHERE voice_identity = 'clip:0:' || OLD.clip_sha256;
        DELETE FROM speech_cache WHERE voice_identity = 'clip:0:' || OLD.clip_sha256;
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER local_clip_forgotten AFTER DELETE ON voices
FOR EACH ROW EXECUTE FUNCTION forget_local_clip();

-- No voice outlives its permission, whatever ends that.
CREATE OR REPLACE FUNCTION end_permission() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM voices WHERE voice_id = OLD.voice_id;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER permission_ended AFTER DELETE ON voice_permissions
FOR EACH ROW EXECUTE FUNCTION end_permission();

-- How much rendered speech takes: once a statement, not once a row.
CREATE OR REPLACE FUNCTION count_speech() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    change BIGINT := 0;
BEGIN
    IF TG_OP <> 'DELETE' THEN
        change := change + (SELECT coalesce(sum(size_bytes), 0) FROM added);
    END IF;
    IF TG_OP <> 'INSERT' THEN
        change := change - (SELECT coalesce(sum(size_bytes), 0) FROM removed);
    END IF;
    IF change <> 0 THEN
        UPDATE speech_totals SET size_bytes = size_bytes + change;
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER speech_added AFTER INSERT ON speech_cache
REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION count_speech();
CREATE OR REPLACE TRIGGER speech_removed AFTER DELETE ON speech_cache
REFERENCING OLD TABLE AS removed
FOR EACH STATEMENT EXECUTE FUNCTION count_speech();
CREATE OR REPLACE TRIGGER speech_changed AFTER UPDATE ON speech_cache
REFERENCING OLD TABLE AS removed NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION count_speech();

-- A process that the others gave up writes nothing more: `timbre.process` is its connection's. As
-- long as it writes, its row stays, so that whoever gives it up sees all that it wrote.
CREATE OR REPLACE FUNCTION fence() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    writing TEXT := current_setting('timbre.process', true);
BEGIN
    IF writing <> '' THEN
        PERFORM 1 FROM processes WHERE process = writing FOR KEY SHARE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'this process was given up by the others'
            USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    END IF;
    RETURN NULL;
END $$;
