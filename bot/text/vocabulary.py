"""Words by what they are: English ones, initialisms, what is said and what is spelled.

All of it is English, and it is long because it is lists and nothing else.
"""

# Words that people stretch on letters that are single in the dictionary.
STRETCHABLE = frozenset(
    "ah again aw amazing awesome baby bad big boy bro bruh bye chill come crazy cute damn dang "
    "day dude ew fine friend fun girl go gosh guys ha hard heck hello help hey hi hm hot huge huh "
    "insane lets lmao long love man mm much nah naw never nice no nope not oh ok omg oof oops ow "
    "please pls plz pog really rip sad same sh sick so sorry stop sure thanks that this time true "
    "ugh "
    "uh um very wait want was way well what when where who whoa whole why wow yay ye yeah yep yes "
    "yo you your".split()
)
# One word that hardly another language has, or two that few have, make a message English.
ENGLISH = frozenset(
    "able about actually add afk after again ago ain't almost already although always and another "
    "answer anybody anyone anyone's anyway apparently aren't arent ask asked awake away awesome "
    "awful back basically bathroom beat because bedroom been beer before being better birthday "
    "bored both boys bread break breakfast bring bro broke broken brother bruh build built busy "
    "butter buy call called came can't cant care cheap check cheese chicken class clean coffee "
    "coming could couldn't couldnt cousin crash crazy daughter day days definitely dentist didn't "
    "didnt died different dinner doctor does doesn't doesnt doing don't done dont door down "
    "download drivers drop drunk dude each early easy eat eating enough especially essay even "
    "ever everybody everyone everyone's everything everywhere exactly father feel feeling feels "
    "fight finally find first fix fixed flour follow food found free friday friend friends from "
    "funny game gave gets getting girl give giving goes going gone gonna goodnight got gotta "
    "grandma grandpa guess guy guys hadn't half happen happened happy hasn't hate have haven't "
    "havent he'd he'll he's hear heard help here here's herself hes himself hold home homework "
    "honestly hope hopefully hour hours house how how's hungry hurt husband i'll i'm i've idea "
    "into isn't isnt it'd it'll it's itself ive join joined just keep killed kinda kitchen knew "
    "knife know knows lagging last late lately later laugh learn leave left let's life like "
    "listen literally little lmao lol looks lost love lucky lunch made make makes making many "
    "maybe mean means meet meeting mic might milk mom money month more morning mother much myself "
    "name need needs neighbor neighbour nerf never new next night nobody nobody's nothing nowhere "
    "old once only open other our ourselves pay people phone play played player players playing "
    "please pretty probably project push queue quick quit reading ready really reason recently "
    "remember right room running said same saw say saying school season see seems seen send sent "
    "shall share she'd she'll she's shes shipping shirt shoes short should shouldn't shouldnt "
    "show shut sick silly since sister sleep sleeping slower smart some somebody someone "
    "someone's something sometimes somewhere soon sorry sounds sources spoon start started stay "
    "still stopped stuck stuff stupid sugar sure sus swear take taken takes talk talking teacher "
    "tell than thank thanks that that's thats the their them themselves then there there's these "
    "they they'd they'll they're theyre think this those though thought through time tired today "
    "today's together told tomorrow tomorrow's tonight tonight's too took tried try trying twice "
    "ugly understand unless until update updated upload used using usually very voice wait wake "
    "walk wanna want wanted warning wasn't wasnt watch watching water way we'd we'll we're we've "
    "weather week weekend weeks weird welcome well went weren't what what're what's whatever "
    "whats when where where's whether which while who who's whoever whole whom whose why wife win "
    "wish with without woke won't wont words work worked working works world worst worth would "
    "wouldn't wouldnt write wrong y'all yall yeah year years yes yesterday yet you you'll you're "
    "you've your youre yours yourself".split()
)
PERHAPS_ENGLISH = frozenset(
    "am are at be but can do for get good had her him his if is it its me not now of or our out "
    "she "
    "my ok okay ur we he has stop up us was were will".split()
)
# One of these, or a letter with a mark, makes a text with no English word in it foreign.
FOREIGN = frozenset(
    "aber als auch auf aus bei bist das dass dein den der des du ein eine haben ich ihr ist ja "
    "kein mein mich mir mit nein nicht noch nur oder schon sehr sein sich sie sind und von wenn "
    "wie wir zu zum como del donde ella esta este gracias hola las los muy nos para pero por "
    "porque que su una avec bien c'est dans est et j'ai je leur lui mais merci moi mon nous ont "
    "oui pas qui toi une vous eu isso meu nao pra sou uma voce ciao di il io sei sono jest kde "
    "nie si tak ik het een niet maar wat dat zijn ook det jag och som att inte ve bir icin".split()
)
INITIALISMS = frozenset(
    "ABC ACL ACLU ADC ADHD ADR AEDT AEST AEW AGI AI AIO AITA AKA AMA AMD AMV AOC AOE AOL AOT APA "
    "APC API APK APM APR APU ARPG ASD ASL ASMR ATC ATF ATM ATV AUD AVX AWD AWS BBC BBQ BMI BTU CAD "
    "CD CEO CEST CET CGI CIA CIO CPA CPI CPO CPU CSI CSS CTO CV DEA DEI DIY DJ DLC DM DNA DOA DOB "
    "DOI DOJ DPS DUI DVD DYK EA EBT ECG ECU EDM EDT EEG EFT EKG EMF EMI EMP EMS EMT EOD EOF EOL "
    "EPA EPL ERP ESA ESG ESL ESO ESP ESPN EST ETA ETF EU EUR EUW FAA FAQ FBI FDA FHA FIA FOV FPS "
    "FTP FYP GED GIS GMO GOP GPA GPS GPT GPU GTA GTFO GUI HBO HDMI HIV HMO HOA HOV HP HR HTML HTTP "
    "HTTPS IAP IBM IBS ICBM ICU ID IDE IDF IDGAF IDS IED IG IGL IGN IIS IMDB IMF IOT IOU IP IPA "
    "IPO IPS IPTV IQ IRA IRC IRQ IRS ISBN ISP ISS ITV IUD IV IVF JPY JS KFC KYC KYS LAPD "
    "LAX LED LGBTQ LLC LLM LOD LOTR LSU LTE MBA MC MCU MHA MIA MIT MMA MMO MMORPG MOU MP MRE MRI "
    "MSI MTA MVP NBA NCAA NDA NES NFA NFL NGO NHL NHS NIH NPC NRA NSA NSFW NYC NYE NYPD NYT NYU "
    "OBS OC OCD OCE OCR OEM OMFG OOC OOM OOP OOTD OP ORM OS OSS OST OSU OTA OTK OTP OTW OVA PC PDF "
    "PGA PHP POC POS POV PPE PR PS PSA PSI PSU PTO PVE PVP QA QED QOL QR QTE RAF RCA RGB RNA RNG "
    "ROI RPG RSVP RTA RTX RX SAO SDE SDK SEO SFO SLA SMS SOC SOP SOS SQL SSD SSH SSO STFU STI SUV "
    "TAS TCP TIA TIL TLA TOS TSA TV TVS UAC UAE UAT UAV UCLA UDP UEFI UFC UFO UGC UHD UHF UI UID "
    "UK UN UPC UPS URI URL USA USB USC USD USDA USMC USPS USS UTC UTF UTI UX VBA VC VGA VIP VM VOD "
    "BYOB LGBTQIA VPN VR WIP WMA WTF WWE WWW KKK XML XP XYZ YMCA YTD".split()
)
SAID_AS_WORDS = frozenset(
    "ASAP CAPTCHA COVID FEMA FIFA FOMO GIF IKEA JPEG LAN MEME NASA NATO NERF NINTENDO NSYNC "
    "OPEC PIN PNG POTUS RAM REST ROM SCOTUS SIM SWAT UNESCO UNICEF WASD ZIP BIOS ISO IOS WIFI "
    "DOOM SIMS AFK NVIDIA GUI DOS UEFA IATA CERN AIDS SARS RADAR LIDAR OLED COBOL LORAN TED ROFL "
    "LMFAO HODL WAN VAT UNIX LINUX YAML TOML WAV OGG JIT CRUD WASM NGINX BASIC".split()
)
# Spelled in small letters too: no word of English is written so.
SPELLED_SMALL = frozenset(
    "TD QB WR RB NPC PR PB FG SLA TLE ADC IPS IP PSU BMI AQI TSA OT AMA KY WTAF ETD YOY YTD KPI "
    "RTO HSA APY UK UAE IOT LLC ESPN EBT "
    "KDA IPV ACL ADHD ECC AI AKA AOE API ASL ASMR ATV AUX BBQ BYOB CCTV CEO CIA CPU CTO DIY DNA "
    "DOB EDM "
    "EOD "
    "ETA "
    "ETF FAQ "
    "FBI FOV GPA GPU GTA GUI HDMI HIV HOA HVAC IBS ICU IDE IMDB IOS IPA IPO ISP IUD IVF LAN LGBT "
    "MBA MIDI MMO MMORPG MRI NBA NDA NSA OCD OCR ORM OSRS OST OTP PTO PVE QOL ROI RPG RSVP SDK SEO "
    "SQL SUV TBA UFC UFO UI UPS URL USA USB UTC UTI UV UX VIP VOD VPN WWE XP CFO EOW EOM ENT EMT "
    "ESPN "
    "ISBN NYE NFL NHL USD EUR GDP IRS IRC USPS HR AMA PUBG FPS NPC DLC MLB TBD TBC PVP".split()
) - frozenset("LAN MIDI UPS TBA HR AMA".split())
# What would be spelled for being so short, or for having no vowel.
SHORT_WORDS = frozenset(
    "AH AM AN AS AT AW AY BE BI BY DO EH EW EX GO HA HE HI HM IF IN IS IT ME MM MY NO OF OH OI ON "
    "OR OW OX PI SH SO TO UH UM UP US WE YA YE YO BRR BRRR GRR GRRR HMM HMMM HRM MHM MMM NTH PFF "
    "PFFT PFT PSH PSHH PSST SHH SHHH TSK ZZZ".split()
)
LAUGHED = frozenset({"LOL", "LMAO", "ROFL", "YOLO"})
# Words, names and shouts of three letters; other three in capitals are initials.
WORDS_OF_THREE = frozenset(
    "AYO DEX INT WIS CHA CON VIT ACE ACT ADA ADD ADO AGE AGO AHA AHH AHI AID AIL AIM AIR ALE ALI "
    "ALL ALP AMP AMY ANA AND ANN "
    "ANT ANY APE APP APT ARC ARE ARK ARM ART ASH ASK ASS ATE AVE AWE AWW AXE AYE BAA BAD BAE BAG "
    "BAH BAM BAN BAO BAR BAT BAY BED BEE BEG BEN BET BID BIG BIN BIO BIT BIZ BOB BOG BOO BOP BOT "
    "BOW BOX BOY BRA BRO BUB BUD BUG BUM BUN BUR BUS BUT BUY BYE CAB CAM CAN CAP CAR CAT CAW CAY "
    "CHI COD CON COO COP COR COT COW COX COY COZ CRY CUB CUD CUE CUM CUP CUR CUT CUZ DAB DAD DAG "
    "DAH DAM DAN DAW DAY DEF DEN DEP DEW DEX DID DIE DIG DIM DIN DIP DIS DOC DOE DOG DOH DON DOS "
    "DOT DRY DUB DUD DUE DUG DUH DUM DUN DUO DUR DYE EAR EAT EBB ECO EEK EEL EEP EGG EGO EKE ELD "
    "ELF ELI ELK ELM EMO EMU END EON ERA ERE ERG ERR EVA EVE EWE EWW EYE FAB FAD FAM FAN FAP FAR "
    "FAT FAV FAX FAY FED FEE FEU FEW FEY FEZ FIB FIG FIN FIR FIT FIX FLU FLY FOE FOG FOP FOR FOX "
    "FRO FRY FUD FUN FUR GAB GAG GAH GAL GAP GAS GAT GAY GEE GEL GEM GET GIG GIN GIT GOD GOO GOT "
    "GUM GUN GUT GUV GUY GYM HAD HAG HAH HAM HAS HAT HAW HAY HEE HEH HEM HEN HEP HER HET HEW HEX "
    "HEY HIC HID HIM HIN HIP HIR HIS HIT HOE HOG HON HOO HOP HOT HOW HUB HUD HUE HUG HUH HUM HUN "
    "HUP HUT IAN ICE ICK ICY ILK ILL IMP INK INN ION IRE IRK ISH ITS IVY JAB JAG JAM JAR JAW JAY "
    "JEN JET JEW JIB JIG JIM JOB JOE JOG JON JOT JOY JUG JUN JUT KAI KAY KEG KEK KEN KEY KID KIM "
    "KIN KIP KIT LAB LAD LAG LAP LAT LAV LAW LAY LED LEE LEG LEO LET LIB LID LIE LIP LIT LIZ LOB "
    "LOG LOL LOP LOT LOU LOW LUG MAC MAD MAG MAN MAP MAR MAT MAX MAY MED MEG MEH MEN MET MIA MID "
    "MIX MOB MOD MOE MOM MOO MOP MOW MOX MUD MUG MUM NAG NAH NAN NAP NAW NAY NED NET NEW NIL NIP "
    "NIT NIX NOD NOM NOO NOR NOT NOW NUB NUT OAF OAK OAR OAT OBI ODD ODE OFF OHH OHM OIL OLD OLE "
    "ONE OOF OOH OPT ORC ORE ORG OUR OUT OWE OWL OWN OWO PAD PAL PAM PAT PAW PAX PAY PEA PEE PEG "
    "PEN PEP PER PET PEW PIE PIG PIN PIP PIT PLS PLZ POG POI POP POT POW PRO PRY PUB PUD PUN PUP "
    "PUS PUT RAD RAG RAH RAN RAP RAT RAW RAY RED REF REX RIB RID RIG RIM RIP ROB ROD RON ROT ROW "
    "ROY RUB RUG RUM RUN RUT RYE SAD SAG SAM SAW SAX SAY SEA SEE SET SEW SEX SEZ SHE SHO SHY "
    "SID SIN SIP SIR SIS SIT SIX SKA SKI SKY SLY SOB SON SOW SOX SOY SPA SPY SUB SUE SUM SUN SUP "
    "SUS TAB TAD TAG TAJ TAN TAP TAW TAX TEA TED TEE TEN THE THO THY TIE TIM TIN TIP TIT TOE TOG "
    "TOM TON TOO TOP TOT TOW TOX TOY TRY TUB TUG TUR TWO UBE UGH UNO USE UWU VAL VAN VEE VET VEX "
    "VIC VOW VOX VUG WAG WAR WAS WAT WAX WAY WEB WED WEE WET WHO WHY WIG WIN WIT WOD WOE WOG WOK "
    "WON WOO WOW WRY WUT YAH YAK YAM YAP YAS YAW YAY YEA YEH YEN YEP YER YES YET YEW YEZ YIP YOD "
    "YON YOU YOW YUM YUP ZAG ZAP ZED ZEE ZIG ZIP ZIR ZIT ZOE ZOO".split()
)
# What an English word may begin with, up to its first vowel.
ONSETS = frozenset(
    "B BL BR BY C CH CHL CHR CL CR CZ D DH DR DW F FJ FL FR G GH GL GN GR GW H J K KH KL KN KR KV "
    "L LL M MC MN N NV P PF PH PHL PHR PL PN PR PS PT Q R RH S SC SCH SCHL SCHM SCHN SCHW SCL SCR "
    "SF SH SHL SHM SHN SHR SHT SHW SK SKL SKR SL SM SN SP SPH SPL SPR SQ SR ST STR SV SW T TH THR "
    "THW TR TS TW TZ V VL VR W WH WR X Y Z ZH".split()
)
# What an English word may end with, after its last vowel.
CODAS = frozenset(
    "B BS BT BVS C CH CK CKS CS CT CTS D DD DS DTH F FF FT FTS G GH GHT GHTS GM GN GS H HN K KS L "
    "LB LC LCH LD LDS LF LK LKS LL LLS LM LMS LN LP LPS LS LT LTH LTS LVE LZ M MB MBS MN MP MPH "
    "MPS MPT MS N NC NCH NCT ND NDS NG NGS NK NKS NN NS NT NTH NTS NX NZ P PH PP PS PT PTS R RB "
    "RBS RC RCH RD RDS RF RFS RG RK RKS RL RLD RLS RM RMS RN RNS RP RPS RR RS RSH RST RT RTH RTS "
    "RTZ RV RX S SC SH SK SKS SM SMS SP SPS SS ST STS T TCH TH THM THS TT TS TZ V W WB WD WG WK "
    "WKS WL WLS WN WNS WP WS WT WTH X XT Z ZZ".split()
)
# Of four letters; what else begins with two vowels is hardly a word.
BEGIN_WITH_TWO_VOWELS = frozenset(
    "EACH EARL EARN EARS EASE EAST EASY EATS EELS EURO AIDE AIDS AIMS AIRS AIRY AINT AUNT AURA "
    "AUTO IOTA OAKS OARS OATH OATS OILS OILY OINK OOPS OOOH OOZE OUCH OURS OUST OUTS".split()
)
