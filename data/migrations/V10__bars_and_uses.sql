-- Who is barred, and what has to be known of voices after they were registered.

-- People who may have no voice of their own, or use nothing at all, by the code that stands for
-- them after they delete their data.
CREATE TABLE bars (
    guild_id INTEGER, -- NULL: everywhere, by who runs the bot
    person TEXT NOT NULL CHECK (length(person) = 64),
    kind TEXT NOT NULL CHECK (kind IN ('voices', 'everything')),
    barred_at REAL NOT NULL
);

CREATE UNIQUE INDEX bars_once ON bars (ifnull(guild_id, 0), person);
CREATE INDEX bars_by_person ON bars (person);

-- On which days, counted from 1970 in UTC, somebody spoke in another member's voice in a server.
CREATE TABLE voice_uses (
    guild_id INTEGER NOT NULL,
    voice_id INTEGER NOT NULL REFERENCES voices ON DELETE CASCADE,
    user_id INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    day INTEGER NOT NULL,
    PRIMARY KEY (guild_id, voice_id, user_id, day)
) WITHOUT ROWID;

CREATE INDEX voice_uses_by_voice ON voice_uses (voice_id);
CREATE INDEX voice_uses_by_user ON voice_uses (user_id);
CREATE INDEX voice_uses_by_day ON voice_uses (day);

-- When anybody last spoke in a voice, at most a day late; NULL: never. Of older voices it is not
-- known: for them it begins now.
ALTER TABLE voices ADD COLUMN used_at REAL;
UPDATE voices SET used_at = CAST(strftime('%s', 'now') AS REAL);
