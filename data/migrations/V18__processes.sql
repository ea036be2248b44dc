-- Bot processes that share one home, each with some of Discord's shards. One that runs alone has
-- no row.
CREATE TABLE processes (
    process TEXT PRIMARY KEY, -- drawn at its start; its lock file is named like it
    first_shard INTEGER NOT NULL,
    last_shard INTEGER NOT NULL,
    shard_count INTEGER NOT NULL,
    guilds INTEGER NOT NULL DEFAULT 0, -- how many servers it is in
    lease_until REAL NOT NULL -- by the machine's monotonic clock; it is silent from then on
) WITHOUT ROWID;

-- What every other process has to act on. It stands until its sender takes it back or is gone.
CREATE TABLE notices (
    notice_id INTEGER PRIMARY KEY AUTOINCREMENT,
    process TEXT NOT NULL REFERENCES processes ON DELETE CASCADE, -- the sender
    content TEXT NOT NULL
);

CREATE TABLE acknowledgements (
    notice_id INTEGER NOT NULL REFERENCES notices ON DELETE CASCADE,
    process TEXT NOT NULL REFERENCES processes ON DELETE CASCADE,
    PRIMARY KEY (notice_id, process)
) WITHOUT ROWID;

-- What one process at a time may do.
CREATE TABLE claims (
    subject TEXT PRIMARY KEY,
    process TEXT NOT NULL REFERENCES processes ON DELETE CASCADE
) WITHOUT ROWID;
