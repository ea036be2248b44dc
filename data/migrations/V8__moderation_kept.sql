-- What moderators decided or have still to read outlives the deletion of whom it is about.

-- Our own random keys: `people` makes the codes that stand for deleted people below.
CREATE TABLE secrets (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- Voices that were spoken in in a server, wherever they were registered.
CREATE TABLE heard_voices (
    guild_id INTEGER NOT NULL,
    voice_id INTEGER NOT NULL REFERENCES voices ON DELETE CASCADE,
    PRIMARY KEY (guild_id, voice_id)
) WITHOUT ROWID;

CREATE INDEX heard_voices_by_voice ON heard_voices (voice_id);

-- Of a member's voice, NULL: a stock one, or one that is deleted.
CREATE TABLE reports (
    report_id INTEGER PRIMARY KEY AUTOINCREMENT,
    guild_id INTEGER NOT NULL,
    voice_id INTEGER REFERENCES voices ON DELETE SET NULL,
    reason TEXT NOT NULL,
    reported_at REAL NOT NULL,
    handled_at REAL -- NULL: open
);

CREATE INDEX reports_by_guild ON reports (guild_id);
CREATE INDEX reports_by_voice ON reports (voice_id);

-- Who a report is about and by, until they delete their data; the report stays.
CREATE TABLE report_people (
    report_id INTEGER NOT NULL REFERENCES reports ON DELETE CASCADE,
    part TEXT NOT NULL CHECK (part IN ('about', 'by')),
    user_id INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    PRIMARY KEY (report_id, part)
) WITHOUT ROWID;

CREATE INDEX report_people_by_user ON report_people (user_id);

-- What stays of people who deleted their data, by a keyed digest of their id.
CREATE TABLE kept_moderation (
    person TEXT NOT NULL CHECK (length(person) = 64),
    guild_id INTEGER NOT NULL,
    report_id INTEGER REFERENCES reports ON DELETE CASCADE -- NULL: blocked from live reading
);

CREATE UNIQUE INDEX kept_moderation_once
ON kept_moderation (person, guild_id, ifnull(report_id, 0));
CREATE INDEX kept_moderation_by_guild ON kept_moderation (guild_id);
CREATE INDEX kept_moderation_by_report ON kept_moderation (report_id);

CREATE TABLE numbered AS
SELECT row_number() OVER (ORDER BY reported_at, guild_id, voice_id, user_id) AS number, *
FROM voice_reports;

INSERT INTO reports (report_id, guild_id, voice_id, reason, reported_at)
SELECT number, guild_id, voice_id, reason, reported_at FROM numbered;
INSERT INTO report_people SELECT number, 'by', user_id FROM numbered;
INSERT INTO report_people SELECT number, 'about', owner_id FROM numbered JOIN voices USING (voice_id);
DROP TABLE numbered;
DROP TABLE voice_reports;
