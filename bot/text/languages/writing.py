"""Abbreviations, laughter and signs in other languages than English: few, and only sure ones.

A rule stands beside an example of its own; `RULES` has those of every language.
"""

import re
from collections.abc import Mapping

from bot.text.expressions import any_of
from bot.text.languages.grammar import Grammar
from bot.text.rule import Match, Rule
from bot.text.wording import WORDINGS

#: With points: as they are typed but for spaces, and what is said.
DOTTED: Mapping[str, Mapping[str, str]] = {
    "de": {"z.B.": "zum Beispiel", "d.h.": "das heißt", "u.a.": "unter anderem", "usw.": "und so weiter",
           "bzw.": "beziehungsweise", "ca.": "circa", "evtl.": "eventuell", "ggf.": "gegebenenfalls",
           "Nr.": "Nummer", "Dr.": "Doktor", "Prof.": "Professor", "Str.": "Straße", "Std.": "Stunden",
           "Min.": "Minuten", "Mio.": "Millionen", "Mrd.": "Milliarden", "o.ä.": "oder ähnlich",
           "inkl.": "inklusive", "vgl.": "vergleiche", "St.": "Sankt", "bspw.": "beispielsweise"},
    "nl": {"bijv.": "bijvoorbeeld", "d.w.z.": "dat wil zeggen", "enz.": "enzovoort", "nr.": "nummer",
           "m.a.w.": "met andere woorden", "o.a.": "onder andere", "dhr.": "de heer",
           "mevr.": "mevrouw", "ca.": "circa", "a.u.b.": "alstublieft", "t/m": "tot en met",
           "i.p.v.": "in plaats van", "evt.": "eventueel", "min.": "minuten", "mln.": "miljoen"},
    "sv": {"t.ex.": "till exempel", "bl.a.": "bland annat", "o.s.v.": "och så vidare",
           "osv.": "och så vidare", "dvs.": "det vill säga", "m.m.": "med mera", "kl.": "klockan",
           "ca.": "cirka", "nr.": "nummer", "p.g.a.": "på grund av", "s.k.": "så kallade",
           "f.d.": "före detta", "tim.": "timmar"},
    "es": {"p.ej.": "por ejemplo", "etc.": "etcétera", "Sr.": "señor", "Sra.": "señora",
           "Srta.": "señorita", "Dr.": "doctor", "Dra.": "doctora", "Ud.": "usted",
           "Uds.": "ustedes", "aprox.": "aproximadamente", "núm.": "número", "pág.": "página",
           "EE.UU.": "Estados Unidos", "Avda.": "avenida"},
    "fr": {"M.": "Monsieur", "MM.": "Messieurs", "c.-à-d.": "c'est-à-dire", "p.ex.": "par exemple",
           "etc.": "et cetera", "env.": "environ", "n°": "numéro", "svp.": "s'il vous plaît"},
    "it": {"ecc.": "eccetera", "es.": "esempio", "Sig.": "signor", "Sig.ra": "signora",
           "Dott.": "dottor", "Dott.ssa": "dottoressa", "Prof.": "professor", "pag.": "pagina",
           "n.": "numero", "ca.": "circa", "tel.": "telefono"},
    "pt": {"etc.": "et cetera", "Sr.": "senhor", "Sra.": "senhora", "Dr.": "doutor",
           "Dra.": "doutora", "p.ex.": "por exemplo", "aprox.": "aproximadamente",
           "pág.": "página", "Av.": "avenida", "prof.": "professor"},
    "pl": {"np.": "na przykład", "itd.": "i tak dalej", "itp.": "i tym podobne", "tzn.": "to znaczy",
           "tj.": "to jest", "m.in.": "między innymi", "tzw.": "tak zwany", "ok.": "około",
           "nr.": "numer", "ul.": "ulica", "o godz.": "o godzinie", "dr.": "doktor", "św.": "święty",
           "wg.": "według"},
    "ru": {"т.е.": "то есть", "т.к.": "так как", "т.д.": "так далее", "т.п.": "тому подобное",
           "т.н.": "так называемый", "и др.": "и другие", "напр.": "например", "ул.": "улица",
           "стр.": "страница",
           "др.": "другие"},
    "tr": {"vb.": "ve benzeri", "vs.": "vesaire", "Dr.": "doktor", "Prof.": "profesör", "örn.": "örneğin",
           "Av.": "avukat", "dk.": "dakika", "Cad.": "caddesi", "tel.": "telefon"},
    "fi": {"esim.": "esimerkiksi", "jne.": "ja niin edelleen", "ym.": "ynnä muuta",
           "mm.": "muun muassa", "n.": "noin", "klo.": "kello", "ko.": "kyseinen", "puh.": "puhelin",
           "ns.": "niin sanottu", "toim.": "toimittanut"},
    "da": {"f.eks.": "for eksempel", "bl.a.": "blandt andet", "osv.": "og så videre",
           "dvs.": "det vil sige", "kl.": "klokken", "ca.": "cirka", "nr.": "nummer", "mht.": "med hensyn til",
           "pga.": "på grund af", "mv.": "med videre", "evt.": "eventuelt"},
    "no": {"f.eks.": "for eksempel", "bl.a.": "blant annet", "osv.": "og så videre",
           "dvs.": "det vil si", "kl.": "klokka", "ca.": "cirka", "nr.": "nummer", "mht.": "med hensyn til",
           "pga.": "på grunn av", "evt.": "eventuelt", "m.m.": "med mer"},
    "el": {"π.χ.": "παραδείγματος χάρη", "κ.λπ.": "και λοιπά", "κλπ.": "και λοιπά", "δηλ.": "δηλαδή",
           "κ.ά.": "και άλλα", "κ.": "κύριε", "μ.μ.": "το απόγευμα", "π.μ.": "το πρωί", "αρ.": "αριθμός"},
    "ms": {"dll.": "dan lain-lain", "dsb.": "dan sebagainya", "cth.": "contohnya", "En.": "Encik",
           "Pn.": "Puan", "no.": "nombor"},
    "sw": {"n.k.": "na kadhalika", "k.m.": "kwa mfano", "Bw.": "Bwana", "Bi.": "Bibi"},
    "he": {"וכו'": "וכולי", "ע\"י": "על ידי", "בד\"כ": "בדרך כלל", "ק\"מ": "קילומטר",
           "ע״י": "על ידי", "בד״כ": "בדרך כלל", "ק״מ": "קילומטר", "וכו׳": "וכולי"},
}  # fmt: skip
#: Words of chat that nearly every reader says in full.
CHAT: Mapping[str, Mapping[str, str]] = {
    "de": {"vllt": "vielleicht", "lg": "liebe Grüße", "mfg": "mit freundlichen Grüßen", "kp": "kein Plan",
           "evtl": "eventuell", "bzgl": "bezüglich", "iwie": "irgendwie", "iwas": "irgendwas",
           "zb": "zum Beispiel", "hdl": "hab dich lieb", "wmd": "was machst du", "usw": "und so weiter",
           "bzw": "beziehungsweise", "ka": "keine Ahnung", "gn8": "gute Nacht", "vlt": "vielleicht"},
    "nl": {"idd": "inderdaad", "mss": "misschien", "aub": "alsjeblieft", "gwn": "gewoon", "omg": "oh mijn god",
           "wrm": "waarom", "ff": "even", "bijv": "bijvoorbeeld", "w8": "wacht", "hvj": "hou van je",
           "iig": "in ieder geval"},
    "sv": {"iaf": "i alla fall", "asså": "alltså", "lr": "eller", "mkt": "mycket", "ngn": "någon",
           "ngt": "något", "oxå": "också", "tbx": "tillbaka", "osv": "och så vidare"},
    "es": {"q": "que", "xq": "porque", "pq": "porque", "tb": "también", "tmb": "también", "tmbn": "también",
           "bn": "bien", "x favor": "por favor", "msj": "mensaje",
           "dnd": "dónde", "k tal": "qué tal", "grax": "gracias", "tqm": "te quiero mucho"},
    "fr": {"mdr": "mort de rire", "ptdr": "pété de rire", "svp": "s'il vous plaît", "stp": "s'il te plaît",
           "pk": "pourquoi", "pcq": "parce que", "jsp": "je sais pas", "tkt": "t'inquiète", "bcp": "beaucoup",
           "dsl": "désolé", "rdv": "rendez-vous", "slt": "salut", "cad": "c'est-à-dire", "tjrs": "toujours",
           "qqn": "quelqu'un", "qqch": "quelque chose", "tlm": "tout le monde", "bjr": "bonjour",
           "jpp": "j'en peux plus", "auj": "aujourd'hui", "mtn": "maintenant", "oklm": "au calme"},
    "it": {"cmq": "comunque", "xke": "perché", "xké": "perché", "tvb": "ti voglio bene", "nn": "non",
           "grz": "grazie", "qlcs": "qualcosa", "qlcn": "qualcuno", "dv": "dove", "msg": "messaggio", "pls": "per favore"},
    "pt": {"vc": "você", "vcs": "vocês", "blz": "beleza", "tbm": "também", "tb": "também", "pq": "porque",
           "q": "que", "obg": "obrigado", "hj": "hoje", "flw": "falou", "vlw": "valeu", "msm": "mesmo",
           "mt": "muito", "mto": "muito", "fds": "fim de semana", "cmg": "comigo", "ctg": "contigo",
           "pfv": "por favor", "td": "tudo", "tds": "todos", "bj": "beijo", "bjs": "beijos", "slk": "se é louco",
           "ngm": "ninguém", "agr": "agora", "dps": "depois", "n": "não", "eh": "é", "mds": "meu Deus"},
    "pl": {"nwm": "nie wiem", "zw": "zaraz wracam", "jj": "już jestem", "spk": "spoko",
           "pzdr": "pozdrawiam", "wgl": "w ogóle", "dzk": "dzięki", "np": "na przykład", "itd": "i tak dalej"},
    "ru": {"спс": "спасибо", "пж": "пожалуйста", "плз": "пожалуйста", "мб": "может быть", "хз": "хэзэ",
           "кст": "кстати", "сек": "секунду",
           "тк": "так как"},
    "tr": {"slm": "selam", "nbr": "ne haber", "tmm": "tamam", "tşk": "teşekkürler", "kib": "kendine iyi bak",
           "bkz": "bakınız", "hg": "hoş geldin", "hb": "hoş bulduk", "gnydn": "günaydın", "inş": "inşallah"},
    "fi": {"mut": "mutta", "eiku": "ei kun", "emt": "en mä tiedä"},
    "da": {"mvh": "med venlig hilsen", "fx": "for eksempel", "osv": "og så videre"},
    "no": {"mvh": "med vennlig hilsen", "osv": "og så videre"},
    "ko": {"ㄱㅅ": "감사", "ㅇㅋ": "오케이", "ㄴㄴ": "노노", "ㅇㅇ": "응응", "ㄹㅇ": "리얼", "ㅊㅋ": "축하",
           "ㅎㅇ": "하이", "ㅂㅇ": "바이"},
    "el": {"τπτ": "τίποτα", "τσπ": "τέσπα", "δλδ": "δηλαδή", "κλπ": "και λοιπά"},
}  # fmt: skip
#: Laughter: an expression, and what is said of it.
LAUGHTER: Mapping[str, tuple[str, str]] = {
    "es": (r"(?:a?(?:ja){3,}j?|(?:je){3,})", "jajaja"),
    "pt": (r"(?:k{3,}|a?(?:ha){3,}h?|(?:hua){2,}\w{0,9})", "hahaha"),
    "fr": (r"(?:a?(?:ha){3,}h?)", "hahaha"),
    "it": (r"(?:(?:ah){3,}a?|(?:ha){3,})", "hahaha"),
    "ru": (r"(?:а?(?:ха){3,}х?|а?(?:ах){3,}а?|[ахпвы]{8,})", "хахаха"),
    "ja": (r"(?:(?<![A-Za-z])[wｗ]{2,}(?![A-Za-z])|(?<=[\u3040-\u9fff])[wｗ](?![A-Za-z]))", "笑"),
    "zh": (r"(?:哈{4,}|(?<![A-Za-z])h{3,}(?![A-Za-z])|(?<!\d)23{3,}(?![\w.]))", "哈哈哈"),
    "ko": (r"ㅋ{2,}|(?<=[가-힣])ㅋ(?![가-힣])", "크크크"),
    "tr": (r"(?:a?(?:ha){3,}h?|[sjdhkf]{7,})", "hahaha"),
}
_USUAL_LAUGH = (r"(?:a?(?:ha){3,}h?|(?:he){3,}h?|(?:hi){3,}h?)", "hahaha")
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}")
_TWICE = re.compile(r"([^\W\d_])\1{3,}")
#: Languages that have three of one letter in a word, or two of a vowel at its end.
_KEEPS_THREE = frozenset({"de"})
_KEEPS_TWO = frozenset({"fi", "nl"})
#: Said letter by letter: no vowel in it, or known everywhere.
_INITIALS = re.compile(r"(?<![\w.])(?:[B-DF-HJ-NP-TV-XZ]{2,5}|USA|AI|UI|IP|IQ|EU|GPU|CPU|USB|API|ID)(?![\w.]|'s)")
_ROMAN = re.compile(r"[IVX]+")


#: After these a new sentence may begin.
_ENDS = frozenset(
    "und so weiter|enzovoort|och så vidare|og så videre|etcétera|et cetera|eccetera|i tak dalej|"
    "так далее|тому подобное|ja niin edelleen|ve benzeri|vesaire|dan lain-lain|και λοιπά".split("|")
)
_NEW_SENTENCE = re.compile(r" ?$| [A-ZÄÖÜÅØÆÉÀŁŚŻА-ЯΑ-Ω]")


def _typed(short: str) -> str:
    """An expression for an abbreviation: perhaps with spaces, or a capital where a sentence begins."""
    pattern = re.escape(short).replace(r"\.", r"\. ?").removesuffix(" ?")
    if short[0].islower():
        return f"[{short[0].upper()}{short[0]}]{pattern[1:]}"
    return pattern


def dotted(code: str) -> Rule | None:
    """Abbreviations with points, which would be heard as the end of a sentence."""
    table = DOTTED.get(code)
    if not table:
        return None
    said = {short.lower(): words for short, words in table.items()}

    def say(match: Match) -> str:
        words = said[match[0].replace(". ", ".").lower()]
        if not match[0].endswith("."):
            return words
        rest = match.string[match.end() :]
        ends = not rest.strip() or (words in _ENDS and _NEW_SENTENCE.match(rest))
        return f"{words}." if ends else words

    first = next(iter(table))
    pattern = "|".join(map(_typed, sorted(table, key=len, reverse=True)))
    return Rule(
        re.compile(rf"(?<![\w.])(?:{pattern})(?!\w)"),
        say,
        ((f"a {first} b", f"a {table[first]} b"),),
    )


def chat(code: str) -> Rule | None:
    """What is typed short in chat; two capitals are rather a name."""
    table = CHAT.get(code)
    if not table:
        return None
    first = next(iter(table))
    return Rule(
        re.compile(rf"(?<![\w'’.:/@-])(?:{any_of(table)})(?![\w'’:/-])", re.IGNORECASE),
        lambda m: m[0] if m[0].isupper() and 1 < len(m[0]) < 3 else table[m[0].lower()],
        ((f"a {first} b", f"a {table[first]} b"),),
    )


def laughter(text: str, code: str) -> str:
    """``jajajajajaja`` -> jajaja, ``ㅋㅋㅋㅋ`` -> 크크크."""
    pattern, said = LAUGHTER.get(code, _USUAL_LAUGH)
    edge = "" if code in {"ja", "zh", "ko"} else r"\b"
    text = re.sub(rf"{edge}{pattern}{edge}", said, text, flags=re.IGNORECASE)
    return re.sub(r"\bx[dD]+\b", said if code not in {"ja", "zh", "ko"} else "", text, flags=re.IGNORECASE)


def stretched(text: str, code: str) -> str:
    """``holaaaa`` -> hola; German keeps the three of "Schifffahrt"."""
    pattern = _TWICE if code in _KEEPS_THREE else _STRETCHED
    if code in {"ja", "zh", "ko"}:
        return re.sub(r"([^\W\d_a-zA-Z])\1{3,}", r"\1\1\1", text)
    return pattern.sub(r"\1\1" if code in _KEEPS_TWO else r"\1", text)


def initials(text: str) -> str:
    """``DVD`` -> D V D."""
    return _INITIALS.sub(lambda m: m[0] if _ROMAN.fullmatch(m[0]) else " ".join(m[0]), text)


def signs(text: str, grammar: Grammar) -> str:
    """What is left of signs, in words where a reader says them."""
    wording = WORDINGS[grammar.code]
    gap = " " if grammar.spaced or grammar.code == "ko" else ""

    def between(word: str) -> str:
        return f"{gap}{word.strip()}{gap}"

    text = re.sub(r" ?(?:-+>|=+>|→|➜|➡|⇒|⟶) ?", ", ", text)
    text = re.sub(r"<-+|<=+|←|⇐", " ", text)
    text = re.sub(r"(?<=\w) ?&+ ?(?=\w)", between(wording.and_), text)
    text = re.sub(r"\b([Cc])\+\+", rf"C {grammar.plus.strip()} {grammar.plus.strip()}", text)
    text = re.sub(r"(?<=\w) ?={1,3} ?(?=\w)", between(grammar.equals), text)
    text = re.sub(r"(?<=\w) \+ (?=\w)|(?<=\w)\+(?!\w)|(?<!\S)\+(?=\w)", between(grammar.plus), text)
    text = re.sub(r"(?<!\w)#(?=\w)", f"{wording.hashtag}{gap}", text)
    text = text.replace("∞", between(grammar.infinity))
    return re.sub(r"(?<=\w) ?%+", f"{gap}{grammar.percent.replace('{n}', '').strip()}", text)
