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
# What some of those are in capitals that do not just begin a message.
IN_CAPITALS = {"ATM": "A T M", "MB": "megabytes", "Mb": "megabits"}
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
    "ABC ACL ACLU ADC ADHD ADR AEDT AEST AEW AGI AI AIO AITA AKA AMA AMD AMV AOC AOE AOL AOT APA "
    "APC API APK APM APR APU ARPG ASD ASL ASMR ATC ATF ATM ATV AUD AVX AWD AWS BBC BBQ BMI BTU CAD "
    "CD CEO CEST CET CGI CIA CIO CPA CPI CPO CPU CSI CSS CTO CV DEA DEI DIY DJ DLC DM DNA DOA DOB "
    "DOI DOJ DPS DUI DVD DYK EA EBT ECG ECU EDM EDT EEG EFT EKG EMF EMI EMP EMS EMT EOD EOF EOL "
    "EPA EPL ERP ESA ESG ESL ESO ESP ESPN EST ETA ETF EU EUR EUW FAA FAQ FBI FDA FHA FIA FOV FPS "
    "FTP FYP GED GIS GMO GOP GPA GPS GPT GPU GTA GTFO GUI HBO HDMI HIV HMO HOA HOV HP HR HTML HTTP "
    "HTTPS IAP IBM IBS ICBM ICU ID IDE IDF IDGAF IDS IED IG IGL IGN IIS IMDB IMF IOT IOU IP IPA "
    "IPO IPS IPTV IQ IRA IRC IRQ IRS ISBN ISP ISS ITV IUD IV IVF IYKYK JPY JS KFC KYC KYS LAPD "
    "LAX LED LGBTQ LLC LLM LOD LOTR LSU LTE MBA MC MCU MHA MIA MIT MMA MMO MMORPG MOU MP MRE MRI "
    "MSI MTA MVP NBA NCAA NDA NES NFA NFL NGO NHL NHS NIH NPC NRA NSA NSFW NYC NYE NYPD NYT NYU "
    "OBS OC OCD OCE OCR OEM OMFG OOC OOM OOP OOTD OP ORM OS OSS OST OSU OTA OTK OTP OTW OVA PC PDF "
    "PGA PHP POC POS POV PPE PR PS PSA PSI PSU PTO PVE PVP QA QED QOL QR QTE RAF RCA RGB RNA RNG "
    "ROI RPG RSVP RTA RTX RX SAO SDE SDK SEO SFO SLA SMS SOC SOP SOS SQL SSD SSH SSO STFU STI SUV "
    "TAS TCP TIA TIL TLA TOS TSA TV TVS UAC UAE UAT UAV UCLA UDP UEFI UFC UFO UGC UHD UHF UI UID "
    "UK UN UPC UPS URI URL USA USB USC USD USDA USMC USPS USS UTC UTF UTI UX VBA VC VGA VIP VM VOD "
    "VPN VR WIP WMA WTF WWE XML XP XYZ YMCA YTD".split()
)
SAID_AS_WORDS = frozenset(
    "ASAP CAPTCHA COVID FEMA FIFA FOMO GIF IKEA JPEG JSON LAN MEME NASA NATO NERF NINTENDO NSYNC "
    "OPEC PIN PNG POTUS RAM REST ROM SCOTUS SIM SWAT UNESCO UNICEF WASD ZIP BIOS ISO IOS WIFI "
    "DOOM SIMS AFK".split()
)
# What would be spelled for being so short, or for having no vowel.
SHORT_WORDS = frozenset(
    "AH AM AN AS AT AW AY BE BI BY DO EH EW EX GO HA HE HI HM IF IN IS IT ME MM MY NO OF OH OI ON "
    "OR OW OX PI SH SO TO UH UM UP US WE YA YE YO BRR BRRR GRR GRRR HMM HMMM HRM MHM MMM NTH PFF "
    "PFFT PFT PSH PSHH PSST SHH SHHH TSK ZZZ".split()
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
