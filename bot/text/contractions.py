"""Contractions typed without their mark whose letters are a word too: "ill be late", "shell see".

The words around them tell: after "he's" somebody is ill, before "be" somebody will. What no other
word is written like, such as "dont", stands in `abbreviations`.
"""

import re

from bot.text.expressions import lazy_pattern
from bot.text.rule import Match, Rule, apply_all, rule

_ADVERBS = (
    "actually|also|always|at least|basically|def|definitely|eventually|even|finally|gladly|"
    "happily|honestly|just|literally|maybe|never|not|obviously|only|personally|prob|probably|probs|"
    "prolly|quickly|rather|really|still|totally|try and|usually|wait and"
)
#: What one will or would do; none of them is a noun that "ill", "id" or "shell" stands before.
_VERBS = (
    "accept|add|admit|agree|allow|answer|apologize|appreciate|argue|ask|assume|avoid|bake|be|beat|"
    "believe|bet|bite|book|borrow|break|bring|build|burn|buy|call|cancel|carry|catch|change|check|"
    "choose|clean|come|complain|consider|cook|cover|crash|cry|cut|deal|decide|delete|die|do|drink|"
    "drive|drop|eat|email|end|explain|fail|figure|fill|find|finish|fix|fly|follow|forget|forgive|"
    "gather|get|give|go|grab|guess|handle|hang|hate|have|hear|help|hit|hold|hop|ignore|invite|"
    "join|keep|kick|kill|know|leave|let|lie|like|listen|look|lose|love|make|manage|meet|mention|"
    "message|miss|move|need|notice|offer|open|order|own|pass|pay|pick|ping|plan|play|post|prefer|"
    "pretend|promise|pull|push|put|queue|quit|read|recommend|regret|remember|remind|reply|"
    "report|rest|restart|return|ride|risk|run|save|say|see|sell|send|settle|share|show|shut|sign|"
    "sit|skip|sleep|snap|speak|spend|split|stand|start|stay|stick|stop|stream|study|suggest|survive|"
    "swap|swear|switch|take|talk|teach|tell|text|thank|think|throw|trade|train|travel|trust|try|"
    "turn|type|understand|update|upload|use|venmo|visit|vote|wait|wake|walk|want|watch|wear|win|"
    "wish|work|worry|write"
)
_DOES = rf"(?= (?:(?:{_ADVERBS}) ){{0,2}}(?:{_VERBS}|cash ?app|dm|pm|msg|b|fb|ft|hmu|ttyl|brb)\b)"
_IS = lazy_pattern(
    r"(?:['’](?:m|s|re)|\b(?:i?m|am|an?|are|be|became|become|becoming|been|being|bodes?|chronically|"
    r"critically|fall(?:s|en|ing)?|feel(?:s|ing)?|fell|felt|gets?|getting|got|gotten|gravely|hes|his|her|"
    r"is|look(?:s|ed|ing)?|made|makes?|mentally|my|no|of|physically|pretty|quite|really|seriously|"
    r"shes|speaks?|taken|terminally|the|their|these|theyre|those|too|took|very|violently|was|were|"
    r"with|youre|your|ur)) $",
    re.IGNORECASE,
)
_SICK = (
    r"(?!(?:\b(?:advised|af|again|and|at|because|bc|but|child|children|conceived|effects?|enough|"
    r"equipped|fated|feelings?|fitting|for|from|gotten|health|if|in|informed|last|like that|lol|"
    r"man|now|omens?|or|patients?|people|person|prepared|relatives?|rn|since|suited|tempered|"
    r"tho|though|to|today|tonight|treatment|wife|will|wind|with|woman|yesterday)\b|[a-z]+ed\b))"
)
#: Where a clause begins, so that no noun has just been spoken of.
_BEGINS = lazy_pattern(
    r"(?:^|[.!?,;:(\n]|\b(?:actually|afaik|alright|and|anyway|bc|because|bet|bro|btw|but|cause|cool|"
    r"cuz|dude|eventually|fine|figure|figured|guess|guys|haha|hmm+|hope|hopefully|hoping|how|idk|"
    r"if|imo|ig|k|knew|know|later|lol|lmao|man|maybe|means|nah|ngl|no|nvm|oh|okay|ok|omg|or|otherwise|"
    r"perhaps|plus|probably|promise|said|sorry|so|soon|sure|swear|tbh|that|then|think|tho|thought|though|"
    r"til|till|today|tomorrow|tonight|unless|until|wait|well|what|when|whenever|where|whether|"
    r"while|who|why|wish|ya|yea|yeah|yep|yes|yo|yup)) ?$",
    re.IGNORECASE,
)


def _after(match: Match, pattern: re.Pattern[str]) -> bool:
    return pattern.search(match.string, max(match.start() - 14, 0), match.start()) is not None


def _begun(typed: str, meant: str, follows: str, *examples: tuple[str, ...]) -> Rule:
    """A rule for `typed`, in either case, where a clause begins and `follows` is what follows."""
    return rule(
        rf"(?<![\w'’/-])({typed[0].upper()}|{typed[0]}){typed[1:]}(?={follows})",
        lambda m: f"{m[1]}{meant}" if _after(m, _BEGINS) else m[0],
        *examples,
        needs=(typed,),
    )


def _i_will(match: Match) -> str:
    begins = _after(match, _BEGINS) and match["rest"] is not None
    return "I'll" if begins or (match["does"] is not None and not _after(match, _IS)) else match[0]


ill = rule(
    rf"(?<![\w'’/-])[Ii]ll(?:(?P<does>{_DOES})|(?P<rest>(?= {_SICK}[a-z]{{2,}})))",
    _i_will,
    ("ill be late", "I'll be late"),
    ("hmm ill yeet it", "hmm I'll yeet it"),
    ("tmrw ill call", "tmrw I'll call", "tomorrow I'll call"),
    ("he fell ill last week", "he fell ill last week"),
    ("ill people need help", "ill people need help"),
    needs=("ill",),
)
_NAMED_ID = lazy_pattern(
    r"\b(?:an?|and|any|apple|by|card|caller|channel|discord|each|emote|employee|epic|every|face|fake|game|"
    r"guild|her|his|item|message|my|new|no|of|old|on|or|order|our|photo|player|ps[np]|riot|same|school|"
    r"server|state|steam|student|the|their|this|that|touch|track|unique|ur|user|valid|via|voter|which|"
    r"with|without|work|your) $",
    re.IGNORECASE,
)
would = rule(
    rf"(?<![\w'’/.-])[Ii]d(?:{_DOES}|(?= (?:been|better|had) ))(?! do (?:[Ii]|they|u|we|you)\b)",
    lambda m: m[0] if _after(m, _NAMED_ID) else "I'd",
    ("id say so", "I'd say so"),
    ("what id do", "what I'd do"),
    ("what id do I use", "what id do I use", "what I D do I use"),
    ("my ego, the id be damned", "my ego, the id be damned"),
    needs=("id",),
)
#: What is left is what somebody shows or what a row has; only beside the ego is it a word.
identity = rule(
    r"(?<![\w'’/.-])id(s?)(?![\w'’/-]|\.\w)",
    lambda m: "I D's" if m[1] else "I D",
    ("what's your id?", "what's your I D?"),
    ("check ids at the door", "check I D's at the door"),
    needs=("id",),
    about=lambda text: not re.search(r"\b[Ee]go\b", text),
)
_SHELL = lazy_pattern(
    r"\b(?:an?|any|bash|each|egg|every|his|her|in|its|login|my|no|nut|of|our|power|remote|reverse|"
    r"root|same|sea|some|taco|that|the|their|this|turtle|unix|via|web|with|your|zsh) $",
    re.IGNORECASE,
)
she = rule(
    rf"(?<![\w'’/.-])([Ss]he)ll{_DOES}",
    lambda m: m[0] if _after(m, _SHELL) else f"{m[1]}'ll",
    ("shell be fine", "she'll be fine"),
    ("the shell be slow", "the shell be slow"),
    needs=("shell",),
)
he = _begun(
    "hell",
    "e'll",
    rf"(?! (?:be damned|let loose|like)\b){_DOES}",
    ("hell be here soon", "he'll be here soon"),
    ("what the hell do they want", "what the hell do they want"),
)
she_would = _begun(
    "shed",
    "he'd",
    r" (?:(?:prob|probably|never|always|still|just|def|definitely) )?(?:be|been|better|die|hate|"
    r"have|"
    r"kill|know|like|love|rather|say|tell|want)\b",
    ("shed love it", "she'd love it"),
    ("built a shed be kind", "built a shed be kind"),
)
we_will = _begun(
    "well",
    "e'll",
    r" (?:(?:all|both|prob|just|still|def|definitely) )?(?:be(?! that)|catch up|figure|find out|"
    r"get (?:it|"
    r"there|to)|have to|leave (?:at|by|in)|let (?:you|u|them)|meet (?:at|in|you|u|up)|miss (?:you|"
    r"u)|"
    r"need (?:a|to|the)|see(?: (?:about|how|if|what|when|where|who)\b|[.!?]*$)|talk (?:about|"
    r"later|to)|win)\b",
    ("well be there by 9", "we'll be there by 9", "we'll be there by nine"),
    ("ok well see", "ok we'll see", "okay we'll see"),
    ("you might as well be", "you might as well be"),
)
we_would = _begun(
    "wed",
    "e'd",
    r" (?:all |both )?(?:be(?! (?:best|better|fine|good|okay|ok)\b)|be better off|better|have "
    r"(?:been|to)|"
    r"like (?:to|a)|lose|love to|need to|never|prefer|rather|still (?:be|have|need))\b",
    ("wed better leave", "we'd better leave"),
    ("is wed better for you", "is wed better for you", "is Wednesday better for you"),
)
_ASKED = lazy_pattern(
    r"(?:^|[.!?\n]|\b(?:bc|because|cause|cuz|guess|haha|if|lmao|lol|ok|okay|omg|since|so|sorry|"
    r"think|tmrw|today|tomorrow|tonight|unless|until|when|where|while|yeah)) ?$",
    re.IGNORECASE,
)
we_are = rule(
    r"(?<![\w'’])([Ww])ere(?= (?:(?:all|also|both|just|kinda|literally|prob|probably|so|still) "
    r")?(?:"
    r"about to|almost|already|back|cooked|done|doing|doomed|driving|eating|getting|going|gonna|"
    r"having|heading|here|hiring|leaving|live|lost|making|meeting|moving|not(?! (?:they|the|we|"
    r"you)\b)|on (?:our|the) way|out of|planning|playing|running|screwed|starting|staying|taking|"
    r"thinking|trying|waiting|watching|winning|working)\b)",
    lambda m: f"{m[1]}e're" if _after(m, _ASKED) else m[0],
    ("were leaving at 6", "we're leaving at 6", "we're leaving at six"),
    ("they were leaving", "they were leaving"),
    needs=("were",),
)
#: English after which no German word follows.
i_am = rule(
    r"(?<![\w'’])[Ii]m(?= (?:(?:like )?\d[\d'.]{0,6}(?:k|%|\"| (?:and|min|mins|years|lol|rn|now|"
    r"lbs)\b|$)|(?:a|about|afraid|almost|already|asking|at|away|back|bad|bored|broke|busy|by|from|in|inside|just|near|never|next|outside|with|"
    r"confused|cooked|crying|dead|done|down|dying|feeling|free|getting|going|gonna|good|having|"
    r"here|home|hungry|late|leaving|like|looking|lost|not|off|ok|okay|on|out|playing|ready|really|"
    r"running|sad|scared|screaming|sick|sleepy|sorry|still|stuck|sure|the|tired|too|tryna|trying|"
    r"up|very|watching|working|your|ur)\b))",
    lambda _: "I'm",
    ("im off mon", "I'm off mon", "I'm off Monday"),
    ("im Haus", "im Haus"),
    needs=("im",),
)

ENGLISH = (ill, would, identity, she, he, she_would, we_will, we_would, we_are, i_am)


def contractions(text: str) -> str:
    """``ill be late`` -> I'll be late, ``well see`` -> we'll see."""
    return apply_all(ENGLISH, text)
