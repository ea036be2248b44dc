"""What schools write short: courses, tests, years, evenings with parents."""

from bot.text.rule import rule
from bot.text.sentences import point

course = rule(
    r"(?<![\w'])ap(?= (?:bio|biology|calc|calculus|chem|chemistry|class|classes|credit|credits|"
    r"csa?|"
    r"english|euro|exams?|gov|history|lang|lit|macro|micro|physics|psych|scores?|spanish|stats?|"
    r"tests?|us history|world)\b)",
    lambda _: "AP",
    ("ap chem", "AP chem", "A P chem"),
    needs=("ap ",),
)
admission = rule(
    r"(?:(?<=\bmy )|(?<=\bthe )|(?<=\bher )|(?<=\bhis )|(?<=\bur )|(?<=\byour )|(?<=\ban "
    r"))(p?sat)(?=$|[.,!?]| (?:exam|is|math|prep|reading|score|scores|test|today|"
    r"tomorrow|tmrw|next)\b)|(?<=^)(p?sat)(?= (?:prep|scores?|or act)\b)",
    lambda m: " ".join((m[1] or m[2]).upper()),
    ("on my sat", "on my S A T"),
    ("the one who sat", "the one who sat"),
    needs=("sat",),
)
conference = rule(
    r"(?:(?<=[Tt]eacher )|(?<=[Pp]ress ))conf(s?)(?![\w'.])",
    lambda m: f"conference{m[1]}",
    ("a press conf", "a press conference"),
    needs=("conf",),
)
school_year = rule(
    r"(?<!\w)[Yy]([7-9]|1[0-3])(?= (?:assembly|class|english|exams?|form|kids|maths|parents|pupils|"
    r"science|students|teachers?|trip)\b)",
    lambda m: f"year {m[1]}",
    ("the y8 trip", "the year 8 trip", "the year eight trip"),
    needs=("y",),
)
parents_evening = rule(
    r"(?<=[Pp]arents )eve(?=$|[,.!?]| (?:at|is|next|on|this|tonight|was)\b)",
    lambda _: "evening",
    ("parents eve is on", "parents evening is on"),
    needs=("parents eve",),
)
letter_range = rule(
    r"(?:(?<=\b[Qq]\d )|(?<=uestions )|(?<=\b[Pp]arts )|(?<=ptions ))([a-h])[-–]([b-h])(?![\w'-])",
    lambda m: f"{m[1].upper()} to {m[2].upper()}" if m[1] < m[2] else m[0],
    ("Q3 a-d", "Q3 A to D", "Q three A to D"),
    needs=("-", "–"),
)
edition = rule(
    r"(?<=\d(?:st|nd|rd|th) )eds?\b\.?",
    lambda m: f"edition{point(m)}",
    ("a 1st ed", "a 1st edition", "a first edition"),
    needs=(" ed",),
)
deviation = rule(
    r"\bstd\.?(?= (?:dev|err|error|deviation|library|lib)\b)",
    lambda _: "standard",
    ("a std dev of 3", "a standard dev of 3", "a standard dev of three"),
    needs=("std",),
)
