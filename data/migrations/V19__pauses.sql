-- How long people have to wait before they may do something again, by their codes.
CREATE TABLE pauses (
    kind TEXT NOT NULL,
    person TEXT NOT NULL,
    until REAL NOT NULL,
    PRIMARY KEY (kind, person)
) WITHOUT ROWID;

-- When the next shard of each of Discord's buckets may identify.
CREATE TABLE identifies (
    bucket INTEGER PRIMARY KEY,
    next_at REAL NOT NULL
);
