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
