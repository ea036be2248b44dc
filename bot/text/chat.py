"""How people type when they chat: stretched letters, laughter, capitals, abbreviations.

Conservative: a word is changed only where nearly every reader would say it that way. Words that
are also words of other languages ("ty", "u") are expanded only beside English ones.
"""

import re

# One class per laugh keeps the time linear; `laughter` looks at the letters.
_LAUGHS = re.compile(r"\b(?:[ah]{5,}|[eh]{6,}|[ih]{6,}|[aj]{6,}|[ol]{5,})\b", re.IGNORECASE)
_LETTER_LAUGHS = re.compile(r"(?<!\w)(?:[xX][dD]+|k{4,})(?!\w)")
_LONG_LOL = re.compile(r"\bl+o{2,}l+\b|\blo+l{2,}\b", re.IGNORECASE)
_STRETCHED = re.compile(r"([a-z])\1{2,}", re.IGNORECASE)
# Words that people stretch, with no letter twice. Any other word keeps two of a stretched letter,
# which is how "coool" and "goood" are spelled anyway.
_STRETCHABLE = frozenset(
    "ah again aw amazing awesome baby bad big boy bro bruh bye chill come crazy cute damn dang day dude "
    "ew fine friend fun girl go gosh guys ha hard heck help hey hi hm hot huge huh insane lets lmao "
    "long love man mm much nah naw never nice no nope not oh ok omg oof oops ow please pls pog "
    "rip sad same sh sick so sorry stop sure thanks that this time true ugh uh um very wait want "
    "was way well what when where who whoa whole why wow yay ye yeah yep yes yo you your".split()
)
_RUNS = re.compile(r"([a-z])\1+", re.IGNORECASE)
_LETTERS = re.compile(r"[A-Za-z]{3,}")
_ROMAN = re.compile(r"(?:V?I{1,3}|IV|IX|X{1,3}(?:IX|IV|V?I{0,3}))")
_WORD = re.compile(r"(?<!\w)(?<!\w')[A-Za-z]+(?:'[A-Za-z]+)?(?!\w)(?!'\w)")

_SLASHED = {
    "w/o": "without",
    "w/": "with ",
    "w/e": "whatever",
    "b/c": "because",
    "n/a": "not applicable",
    "tl;dr": "in short",
    "a/c": "A C",
}
_SLASHED_WORD = re.compile(
    r"(?<![\w/])(?:"
    + "|".join(re.escape(word) for word in sorted(_SLASHED, key=len, reverse=True))
    + r")(?![/])(?:(?<=/)|(?!\w))",
    re.IGNORECASE,
)
# Read the same wherever they stand and however they are capitalised.
_ABBREVIATIONS = {
    "afaik": "as far as I know",
    "afk": "away from keyboard",
    "atm": "at the moment",
    "brb": "be right back",
    "btw": "by the way",
    "cya": "see you",
    "fyi": "for your information",
    "ftw": "for the win",
    "gtg": "got to go",
    "hmu": "hit me up",
    "icymi": "in case you missed it",
    "idc": "I don't care",
    "idek": "I don't even know",
    "idk": "I don't know",
    "iirc": "if I recall correctly",
    "ikr": "I know, right",
    "ily": "I love you",
    "imho": "in my humble opinion",
    "imo": "in my opinion",
    "irl": "in real life",
    "istg": "I swear to God",
    "jk": "just kidding",
    "lmk": "let me know",
    "mb": "my bad",
    "ngl": "not gonna lie",
    "nvm": "never mind",
    "ofc": "of course",
    "omg": "oh my god",
    "omw": "on my way",
    "ppl": "people",
    "pls": "please",
    "plz": "please",
    "smh": "shaking my head",
    "tba": "to be announced",
    "tbh": "to be honest",
    "tbf": "to be fair",
    "tldr": "in short",
    "thx": "thanks",
    "tmr": "tomorrow",
    "tysm": "thank you so much",
    "tyvm": "thank you very much",
    "tyt": "take your time",
    "wbu": "what about you",
    "wdym": "what do you mean",
    "wyd": "what are you doing",
    "yw": "you're welcome",
    "ok": "okay",
    "mr": "mister",
    "dr": "doctor",
    "vs": "versus",
    "etc": "et cetera",
}
# Lower case only, and only in a message with an English word in it or as the whole message.
_AMBIGUOUS = {
    "bc": "because",
    "cuz": "because",
    "dm": "D M",
    "dms": "D M's",
    "gg": "G G",
    "gj": "good job",
    "gl": "good luck",
    "gn": "good night",
    "gm": "good morning",
    "hf": "have fun",
    "np": "no problem",
    "pc": "P C",
    "rn": "right now",
    "tho": "though",
    "ty": "thank you",
    "u": "you",
    "ur": "your",
    "wb": "welcome back",
    "wp": "well played",
    "yt": "YouTube",
    "ggs": "G G's",
    "wtf": "W T F",
    "stfu": "S T F U",
    "gtfo": "G T F O",
    "wth": "what the heck",
    "ngmi": "N G M I",
    "msg": "message",
    "tmrw": "tomorrow",
    "bday": "birthday",
}
# One word that hardly another language has, or two that few have, make a message English.
_ENGLISH = frozenset(
    "about and anyone aren't because before can't could didn't doesn't don't from game got guys have hello "
    "help how i'll i'm i've isn't it's just know let's like love make need never okay please really "
    "right see should some someone sure than thank thanks that that's the their them then there "
    "they this time too want we're what what's when where which who why with won't would wouldn't "
    "yeah yes you you're your".split()
)
_PERHAPS_ENGLISH = frozenset(
    "am are at be but can for get good had her him his if is it its me not now of or our out she "
    "stop up us was were will".split()
)
_INITIALISMS = frozenset(
    "AI API AWS BBC BBQ CD CEO CIA CPU CSS CTO CV DIY DJ DLC DM DNA DPS DVD EA ESPN ETA EU FAQ FBI "
    "FPS FTP GPT GPU GPS HBO HDMI HP HR HTML HTTP HTTPS ID IDE IG IOS IP IPO IQ IRS ISP IT IV JS "
    "KFC LED LLC LLM LTE MC MIT MMO MMORPG MP MVP NBA NFL NGO NHL NHS NPC NSFW NYC OMFG STFU GTFO OC OP OS PC PDF "
    "PHP PR PS PVE PVP QA QR RGB RIP RNG RPG RSVP RTX RX SDK SMS SQL SSD SSH SUV TCP TV TVS UAE UDP "
    "UFC UFO UI UK UN URL US USA USB UX VC VIP VM VOD VPN VR WIFI WTF WWE XML XP".split()
) - {"IT", "US", "RIP", "WIFI", "IOS"}
_SAID_AS_WORDS = frozenset(
    "ASAP CAPTCHA COVID FEMA FIFA FOMO GIF IKEA JPEG JSON LAN MEME NASA NATO NERF NINTENDO "
    "NSYNC OPEC PIN PNG POTUS RAM REST ROM SCOTUS SIM SWAT UNESCO UNICEF WASD ZIP "
    "BIOS ISO IOS WIFI DOOM SIMS AFK".split()
)
_SHORT_WORDS = frozenset(
    "AM AN AS AT BE BY DO GO HA HE HI HM IF IN IS IT ME MY NO OF OH ON OR OW SO TO UP US WE YA YO "
    "ACE ADD AGE AGO AID AIM AIR ALL AND ANY APE ARE ARM ART ASK ATE AWW AXE BAD BAG BAN BAR BAT "
    "BED BEE BEG BET BIG BIT BOO BOT BOX BOY BRO BUG BUN BUS BUT BUY BYE CAN CAP CAR CAT COP COW "
    "CRY CUT DAD DAM DAY DID DIE DIG DOG DOT DRY DUE DUO EAR EAT EGG END ERA EVE EYE FAN FAR FAT "
    "FED FEE FEW FIT FIX FLY FOR FOX FUN FUR GAP GAS GAY GET GOD GOT GUN GUT GUY GYM HAD HAM HAS "
    "HAT HER HEY HIM HIP HIS HIT HOP HOT HOW HUG HUH ICE ILL INK ITS JAM JAR JET JOB JOY KEY KID "
    "KIT LAB LAD LAG LAP LAW LAY LEG LET LIE LIP LIT LOG LOL LOT LOW MAD MAN MAP MAT MAX MAY MEH "
    "MEN MET MID MIX MOB MOD MOM MUD MUG NAH NAP NET NEW NOD NOT NOW NUT ODD OFF OIL OLD ONE OUR "
    "OUT OWN PAD PAN PAY PEN PET PIE PIG PIT POP POT PRO PUT RAN RAT RAW RED RIP RID ROB ROW RUB "
    "RUN SAD SAT SAW SAY SEA SEE SET SHE SHY SIT SIX SKY SON SUB SUE SUN TAP TAX TEA TEN THE TIE "
    "TIN TIP TOE TON TOO TOP TOY TRY TWO UGH USE VAN WAR WAS WAY WEB WET WHO WHY WIN WON WOW YAY "
    "YEP YES YET YOU YUM ZOO".split()
)
_LAUGHED = frozenset({"LOL", "LMAO", "ROFL", "YOLO"})
_VOWELS = frozenset("AEIOUY")
_SHOUTED_WORDS = 3


# Figures that stand for sounds, read before numbers are.
_SOUNDS = {
    "2day": "today",
    "2moro": "tomorrow",
    "2morrow": "tomorrow",
    "2nite": "tonight",
    "4ever": "forever",
    "b4": "before",
    "g2g": "got to go",
    "gr8": "great",
    "h8": "hate",
    "l8": "late",
    "l8r": "later",
    "m8": "mate",
    "w8": "wait",
    "str8": "straight",
    "some1": "someone",
    "any1": "anyone",
    "no1": "no one",
    "every1": "everyone",
}
_SOUND = re.compile(rf"(?<!\w)(?:{'|'.join(_SOUNDS)})(?!\w)", re.IGNORECASE)


def sounds(text: str) -> str:
    """``gr8`` -> great."""
    return _SOUND.sub(lambda m: _SOUNDS[m[0].lower()], text)


def laughter(text: str) -> str:
    """``hahahahahaha`` -> hahaha, ``xDDD`` -> haha, ``loooool`` -> lol."""
    text = _LETTER_LAUGHS.sub("haha", text)
    text = _LONG_LOL.sub("lol", text)

    def laugh(match: re.Match[str]) -> str:
        word = match[0].lower()
        for syllable in ("ha", "he", "hi", "ja"):
            if word.count(syllable) >= 2:
                return syllable * 3
        return "lol" if word.count("lol") >= 2 else match[0]

    return _LAUGHS.sub(laugh, text)


def stretched(text: str) -> str:
    """``sooooo`` -> soo. English has no letter three times in a row; a lone scream keeps three."""

    def word(match: re.Match[str]) -> str:
        token = match[0]
        if _ROMAN.fullmatch(token):
            return token
        keep = 3 if len(set(token.lower())) == 1 else 2
        if _STRETCHED.search(token):
            single = _RUNS.sub(r"\1", token)
            if single.lower() in _STRETCHABLE:
                return single.lower() if token.isupper() else single
        short = _STRETCHED.sub(lambda m: m[0][:keep], token)
        return short.lower() if short != token and token.isupper() else short

    return _LETTERS.sub(word, text)


def capitals(text: str) -> str:
    """Lower what is shouted, spell what is an initialism: ``STOP IT NOW``, ``the FBI``."""
    words = [m[0] for m in _WORD.finditer(text) if len(m[0]) > 1]
    shouted = sum(
        1 for w in words if w.isupper() and w not in _INITIALISMS and w not in _SAID_AS_WORDS
    )
    shouting = shouted >= _SHOUTED_WORDS and shouted * 2 >= len(words)

    def word(match: re.Match[str]) -> str:
        token = match[0]
        if len(token) < 2:
            return token
        if not token.isupper():
            if token[-1] == "s" and token[:-1].isupper() and token[:-1] in _INITIALISMS:
                return f"{' '.join(token[:-1])}'s"
            return token
        if token.lower() in _ABBREVIATIONS:
            return token
        if "'" in token:
            return token[0] + token[1:].lower() if token.startswith("I'") else token.lower()
        if token in _INITIALISMS:
            return " ".join(token)
        if token in _SAID_AS_WORDS or _ROMAN.fullmatch(token):
            return token
        if shouting or len(token) > 4 or token in _SHORT_WORDS or token in _LAUGHED:
            return token.lower()
        if len(token) <= 3 or not _VOWELS.intersection(token):
            return " ".join(token)
        return token.lower()

    return _WORD.sub(word, text)


_DOTTED = re.compile(r"\b(mr|mrs|ms|dr|prof|vs|jr|sr)\.(?= \w)", re.IGNORECASE)
_DOTTED_WORDS = {"mrs": "missus", "ms": "miss", "prof": "professor", "jr": "junior", "sr": "senior"}


def abbreviations(text: str) -> str:
    """``brb`` -> be right back. Ambiguous ones need an English word in the same message."""
    text = _SLASHED_WORD.sub(lambda m: _SLASHED[m[0].lower()], text)
    text = _DOTTED.sub(lambda m: _DOTTED_WORDS.get(m[1].lower(), m[1]), text)
    text = _WORD.sub(lambda m: _ABBREVIATIONS.get(m[0].lower(), m[0]), text)
    words = [m[0] for m in _WORD.finditer(text)]
    lowered = [word.lower() for word in words]
    english = (
        any(word in _ENGLISH for word in lowered)
        or sum(word in _PERHAPS_ENGLISH for word in lowered) >= 2
    )
    if english or all(word in _AMBIGUOUS for word in words):
        text = _WORD.sub(lambda m: _AMBIGUOUS.get(m[0], m[0]), text)
    return text
