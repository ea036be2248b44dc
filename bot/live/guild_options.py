"""What a server can choose: each option declared once, for its panel, its checks and its words."""

from bot.catalogue import Sentence
from bot.live.option import Kind, Option, Page

#: How long a line may be that is said again and again.
LINE_MAX_CHARS = 100
_WORDS_MAX_CHARS = 1000

OPTIONS = (
    Option(
        "read_names",
        Sentence("Names"),
        Sentence("Before a message I say who wrote it."),
        Kind.SWITCH,
        Page.READING,
    ),
    Option(
        "name_pause_s",
        Sentence("Pause before a name"),
        Sentence("I say the name of the same member again after this many quiet seconds."),
        Kind.NUMBER,
        Page.READING,
        5,
        3600,
    ),
    Option(
        "use_nicknames",
        Sentence("Nicknames"),
        Sentence(
            "I say the nicknames of this server, not the names of accounts. Members choose "
            "another name with `/voice called`."
        ),
        Kind.SWITCH,
        Page.READING,
    ),
    Option(
        "catch_up_percent",
        Sentence("Catching up"),
        Sentence(
            "When messages have to wait, I speak them faster, up to this percentage of the usual "
            "pace."
        ),
        Kind.NUMBER,
        Page.READING,
        100,
        175,
    ),
    Option(
        "read_bots",
        Sentence("Bots"),
        Sentence("I read what other bots and webhooks write."),
        Kind.SWITCH,
        Page.LEFT_OUT,
    ),
    Option(
        "read_silent",
        Sentence("Silent messages"),
        Sentence("I read messages that were sent with `@silent`."),
        Kind.SWITCH,
        Page.LEFT_OUT,
    ),
    Option(
        "read_links",
        Sentence("Links"),
        Sentence("I say where links lead."),
        Kind.SWITCH,
        Page.LEFT_OUT,
    ),
    Option(
        "read_emoji",
        Sentence("Emoji"),
        Sentence("I say emoji and emoticons."),
        Kind.SWITCH,
        Page.LEFT_OUT,
    ),
    Option(
        "unread_prefix",
        Sentence("Prefix"),
        Sentence("I do not read messages that begin with this."),
        Kind.TEXT,
        Page.LEFT_OUT,
        1,
        5,
    ),
    Option(
        "unread_words",
        Sentence("Words"),
        Sentence(
            "I do not read messages that have one of these words or phrases. Separate them with "
            "commas."
        ),
        Kind.TEXT,
        Page.LEFT_OUT,
        0,
        _WORDS_MAX_CHARS,
    ),
    Option(
        "announce_moves",
        Sentence("Announcements"),
        Sentence("I say who joins and who leaves."),
        Kind.SWITCH,
        Page.GREETINGS,
    ),
    Option(
        "own_greetings",
        Sentence("Members' own lines"),
        Sentence(
            "I say the lines that members choose with `/voice greeting` when they join and leave."
        ),
        Kind.SWITCH,
        Page.GREETINGS,
    ),
    Option(
        "arrival_line",
        Sentence("Line for whoever joins"),
        Sentence("What I say; {name} becomes the member's name. If empty, I use my own words."),
        Kind.TEXT,
        Page.GREETINGS,
        0,
        LINE_MAX_CHARS,
    ),
    Option(
        "departure_line",
        Sentence("Line for whoever leaves"),
        Sentence("What I say; {name} becomes the member's name. If empty, I use my own words."),
        Kind.TEXT,
        Page.GREETINGS,
        0,
        LINE_MAX_CHARS,
    ),
    Option(
        "only_in_channel",
        Sentence("Only members in the channel"),
        Sentence("I read only messages of members who are in my voice channel."),
        Kind.SWITCH,
        Page.READING,
    ),
    Option(
        "required_role_id",
        Sentence("Required role"),
        Sentence("I read only messages of members with this role."),
        Kind.ROLE,
        Page.MEMBERS,
    ),
    Option(
        "excluded_role_id",
        Sentence("Left-out role"),
        Sentence("I do not read messages of members with this role."),
        Kind.ROLE,
        Page.MEMBERS,
    ),
    Option(
        "max_message_chars",
        Sentence("Longest message"),
        Sentence("I read this many characters of a message, and leave out the rest."),
        Kind.NUMBER,
        Page.READING,
        20,
        2000,
    ),
    Option(
        "default_voice_id",
        Sentence("Default voice"),
        Sentence("The voice of members without one. Its owner has to share it with this server."),
        Kind.VOICE,
        Page.VOICES,
    ),
    Option(
        "stock_voice",
        Sentence("Stock voice"),
        Sentence(
            "The stock voice of members without a voice, if there is no default voice. If empty, "
            "each has a different one."
        ),
        Kind.STOCK_VOICE,
        Page.VOICES,
    ),
    Option(
        "model_preference",
        Sentence("Quality or speed"),
        Sentence(
            "Which of the models that are loaded speaks, where a voice has none of its own. If "
            "empty, the usual one."
        ),
        Kind.PREFERENCE,
        Page.VOICES,
    ),
    Option(
        "language",
        Sentence("Language"),
        Sentence("The language of my own words, and of messages whose language I cannot tell."),
        Kind.LANGUAGE,
        Page.LANGUAGES,
    ),
    Option(
        "languages",
        Sentence("Languages"),
        Sentence("The only languages that I read here. If empty, I read all that I can."),
        Kind.LANGUAGES,
        Page.LANGUAGES,
    ),
    Option(
        "auto_join",
        Sentence("Come by myself"),
        Sentence(
            "Where I read, I come as soon as somebody joins the voice channel or writes, also "
            "after I left. I do not leave listeners for that."
        ),
        Kind.SWITCH,
        Page.CHANNELS,
    ),
    Option(
        "skip_votes",
        Sentence("Votes to skip"),
        Sentence("I skip what more than half of my listeners want skipped."),
        Kind.SWITCH,
        Page.CHANNELS,
    ),
    Option(
        "volume_percent",
        Sentence("Volume"),
        Sentence("How loud I am in voice channels, in percent of the usual volume."),
        Kind.NUMBER,
        Page.CHANNELS,
        10,
        200,
    ),
    Option(
        "alone_leave_s",
        Sentence("Leave when alone"),
        Sentence("I leave a voice channel after this many seconds alone in it; 0 means never."),
        Kind.NUMBER_OR_USUAL,
        Page.CHANNELS,
        0,
        86_400,
    ),
    Option(
        "idle_leave_s",
        Sentence("Leave when idle"),
        Sentence("I leave a voice channel after this many seconds without a word; 0 means never."),
        Kind.NUMBER_OR_USUAL,
        Page.CHANNELS,
        0,
        86_400,
    ),
    Option(
        "voice_statement",
        Sentence("Whose voices"),
        Sentence(
            "Whose voices members may register, and who has to say a sentence. A choice counts "
            "only if it is stricter than that of whoever runs me."
        ),
        Kind.DEMAND,
        Page.VOICES,
    ),
    Option(
        "show_words",
        Sentence("Show what is said"),
        Sentence(
            "I write what `/say` says into the voice channel's chat, for those who cannot hear."
        ),
        Kind.SWITCH,
        Page.CHANNELS,
    ),
    Option(
        "log_channel_id",
        Sentence("Log channel"),
        Sentence("Where I tell moderators what was reported and decided."),
        Kind.CHANNEL,
        Page.CHANNELS,
    ),
)
