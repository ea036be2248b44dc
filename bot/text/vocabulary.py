"""The words of chat: abbreviations, initialisms, and the ones that tell English from others."""

# Words that people stretch on letters that are single in the dictionary.
STRETCHABLE = frozenset(
    "ah again aw amazing awesome baby bad big boy bro bruh bye chill come crazy cute damn dang "
    "day dude ew fine friend fun girl go gosh guys ha hard heck hello help hey hi hm hot huge huh "
    "insane lets lmao long love man mm much nah naw never nice no nope not oh ok omg oof oops ow "
    "please pls pog really rip sad same sh sick so sorry stop sure thanks that this time true ugh "
    "uh um very wait want was way well what when where who whoa whole why wow yay ye yeah yep yes "
    "yo you your".split()
)
SLASHED = {
    "w/o": "without",
    "w/": "with ",
    "w/e": "whatever",
    "b/c": "because",
    "n/a": "not applicable",
    "tl;dr": "in short",
    "a/c": "A C",
}
# Read the same wherever they stand and however they are capitalised.
ABBREVIATIONS = {
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
AMBIGUOUS = {
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
ENGLISH = frozenset(
    "about and anyone aren't because before can't could didn't doesn't don't from game got guys "
    "have help how i'll i'm i've isn't it's just know let's like love make need never okay "
    "please really right see should some someone sure than thank thanks that that's the their "
    "them then there they this time too want we're what what's when where which who why with "
    "won't would wouldn't yeah yes you you're your".split()
)
PERHAPS_ENGLISH = frozenset(
    "am are at be but can for get good had her him his if is it its me not now of or our out she "
    "stop up us was were will".split()
)
INITIALISMS = frozenset(
    "AI API AWS BBC BBQ CD CEO CIA CPU CSS CTO CV DIY DJ DLC DM DNA DPS DVD EA ESPN EST ETA EU FAQ "
    "FBI FPS FTP GPT GPU GPS HBO HDMI HP HR HTML HTTP HTTPS ID IDE IG IP IPO IQ IRS ISP "
    "IV JS KFC LED LLC LLM LTE MC MIT MMO MMORPG MP MVP NBA NFL NGO NHL NHS NPC NSFW NYC OMFG "
    "STFU GTFO OC OP OS PC PDF PHP PR PS PVE PVP QA QR RGB RNG RPG RSVP RTX RX SDK SMS SQL "
    "SSD SSH SUV TCP TV TVS UAE UDP UFC UFO UI UK UN URL USA USB UX VC VIP VM VOD VPN VR "
    "WTF WWE XML XP".split()
)
SAID_AS_WORDS = frozenset(
    "ASAP CAPTCHA COVID FEMA FIFA FOMO GIF IKEA JPEG JSON LAN MEME NASA NATO NERF NINTENDO NSYNC "
    "OPEC PIN PNG POTUS RAM REST ROM SCOTUS SIM SWAT UNESCO UNICEF WASD ZIP BIOS ISO IOS WIFI "
    "DOOM SIMS AFK".split()
)
SHORT_WORDS = frozenset(
    "AM AN AS AT BE BY DO GO HA HE HI HM IF IN IS IT ME MY NO OF OH ON OR OW SO TO UP US WE YA "
    "YO ACE ADD AGE AGO AID AIM AIR ALL AND ANY APE ARE ARM ART ASK ATE AWW AXE BAD BAG BAN BAR "
    "BAT BED BEE BEG BET BIG BIT BOO BOT BOX BOY BRO BUG BUN BUS BUT BUY BYE CAN CAP CAR CAT COP "
    "COW CRY CUT DAD DAM DAY DID DIE DIG DOG DOT DRY DUE DUO EAR EAT EGG END ERA EVE EYE FAN FAR "
    "FAT FED FEE FEW FIT FIX FLY FOR FOX FUN FUR GAP GAS GAY GET GOD GOT GUN GUT GUY GYM HAD HAM "
    "HAS HAT HER HEY HIM HIP HIS HIT HOP HOT HOW HUG HUH ICE ILL INK ITS JAM JAR JET JOB JOY KEY "
    "KID KIT LAB LAD LAG LAP LAW LAY LEG LET LIE LIP LIT LOG LOL LOT LOW MAD MAN MAP MAT MAX MAY "
    "MEH MEN MET MID MIX MOB MOD MOM MUD MUG NAH NAP NET NEW NOD NOT NOW NUT ODD OFF OIL OLD ONE "
    "OUR OUT OWN PAD PAN PAY PEN PET PIE PIG PIT POP POT PRO PUT RAN RAT RAW RED RIP RID ROB ROW "
    "RUB RUN SAD SAT SAW SAY SEA SEE SET SHE SHY SIT SIX SKY SON SUB SUE SUN TAP TAX TEA TEN THE "
    "TIE TIN TIP TOE TON TOO TOP TOY TRY TWO UGH USE VAN WAR WAS WAY WEB WET WHO WHY WIN WON WOW "
    "YAY YEP YES YET YOU YUM ZOO".split()
)
LAUGHED = frozenset({"LOL", "LMAO", "ROFL", "YOLO"})
# Figures that stand for sounds, read before numbers are.
SOUNDS = {
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
DOTTED_WORDS = {"mrs": "missus", "ms": "miss", "prof": "professor", "jr": "junior", "sr": "senior"}
