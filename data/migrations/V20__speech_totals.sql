-- How much rendered speech takes, so that nobody has to add up every row after each new one.
CREATE TABLE speech_totals (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    size_bytes INTEGER NOT NULL
);

INSERT INTO speech_totals SELECT 1, ifnull(sum(size_bytes), 0) FROM speech_cache;

CREATE TRIGGER speech_added AFTER INSERT ON speech_cache
BEGIN
    UPDATE speech_totals SET size_bytes = size_bytes + NEW.size_bytes;
END;

CREATE TRIGGER speech_removed AFTER DELETE ON speech_cache
BEGIN
    UPDATE speech_totals SET size_bytes = size_bytes - OLD.size_bytes;
END;

CREATE TRIGGER speech_changed AFTER UPDATE OF size_bytes ON speech_cache
BEGIN
    UPDATE speech_totals SET size_bytes = size_bytes + NEW.size_bytes - OLD.size_bytes;
END;
