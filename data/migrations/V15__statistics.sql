-- What the bot did on each day, counted from 1970 in UTC. Of nobody and of no server.
CREATE TABLE daily_counts (
    day INTEGER PRIMARY KEY,
    utterances INTEGER NOT NULL DEFAULT 0,
    characters INTEGER NOT NULL DEFAULT 0,
    sound_ms INTEGER NOT NULL DEFAULT 0,
    cache_hits INTEGER NOT NULL DEFAULT 0,
    cache_misses INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0
);

-- How many first sounds took from 1.1 to the power of bucket ms to a tenth more.
CREATE TABLE daily_first_sounds (
    day INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (day, bucket)
) WITHOUT ROWID;
