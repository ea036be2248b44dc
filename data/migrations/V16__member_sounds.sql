-- How members sound in a server, and what its moderators decide about that.

-- A member who has no row speaks as their voice does.
CREATE TABLE member_tunings (
    user_id INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    guild_id INTEGER NOT NULL,
    speed REAL NOT NULL CHECK (speed > 0), -- 2.0: twice as fast
    pitch_semitones INTEGER NOT NULL,
    PRIMARY KEY (user_id, guild_id)
) WITHOUT ROWID;

-- By moderators, and so of people by the code that stands for them after they delete their data.
CREATE TABLE moderated_sounds (
    guild_id INTEGER NOT NULL,
    person TEXT NOT NULL CHECK (length(person) = 64),
    volume_percent INTEGER NOT NULL DEFAULT 100,
    stock_voice TEXT, -- the only voice that they speak in; NULL: any that they choose
    PRIMARY KEY (guild_id, person)
) WITHOUT ROWID;

CREATE INDEX moderated_sounds_by_person ON moderated_sounds (person);

-- Bars may end by themselves, and be from speaking by command alone.
CREATE TABLE bars_that_end (
    guild_id INTEGER, -- NULL: everywhere, by who runs the bot
    person TEXT NOT NULL CHECK (length(person) = 64),
    kind TEXT NOT NULL CHECK (kind IN ('say', 'voices', 'everything')),
    barred_at REAL NOT NULL,
    ends_at REAL -- NULL: when somebody ends it
);
INSERT INTO bars_that_end SELECT *, NULL FROM bars;
DROP TABLE bars;
ALTER TABLE bars_that_end RENAME TO bars;
CREATE UNIQUE INDEX bars_once ON bars (ifnull(guild_id, 0), person);
CREATE INDEX bars_by_person ON bars (person);

-- Whether those who sit in the voice channel are shown what `/say` says.
ALTER TABLE guild_settings ADD COLUMN show_words INTEGER NOT NULL DEFAULT 0;
