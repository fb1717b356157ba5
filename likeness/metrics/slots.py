"""Two answers with different things in the one place that a question asks for: a choice, a number, a path."""

from __future__ import annotations

import re

OFFERED = re.compile(
    r"(?<![\w'’-])(?P<a>[\w'’-]{1,40})(?:\s{1,4}(?P<tail>[\w'’-]{1,40}))?,?\s{1,4}(?:or|oder|ou|o|u)\s{1,4}(?:(?:the|a|an|der|die|das"
    r"|den|ein|eine|le|la|les|un|une|el|los|las|rather|lieber|plutôt)\s{1,4}){0,3}"
    r"(?P<b>[\w'’-]{1,40})",
    re.IGNORECASE,
)
_EMPTY = frozenset(
    "not no more less so anything something two three both either nicht mehr etwas zwei deux non pas plus chose no más algo dos one what".split()  # noqa: E501
)
DENIED = re.compile(
    r"\b(?:not|never|no|n't|didn't|don't|without|instead of|rather than|nicht|kein\w*|nie|statt|ohne|pas|jamais|sans"
    r"|au lieu|nunca|sin|ni)\b"
    r"[^.!?;,]{0,30}\Z",
    re.IGNORECASE,
)
NONE = re.compile(
    r"\A\W*(?:(?:i have|there (?:is|are)|we have|it has|ich habe|es gibt|je n'ai|il n'y a|no tengo|no hay) )?"
    r"(?:none|no(?:ne)?\b(?= (?:at all|whatsoever|\w+s\b))|zero|nothing|not (?:one|a single)|keine?n?\b|keiner|null"
    r"|gar nichts|nichts|aucune?|zéro|rien"
    r"|pas un seul|pas une seule|ningun[oa]?|ningún|cero|nada)\b",
    re.IGNORECASE,
)
SOME = re.compile(
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozens?|several|many|zwei|drei|vier|fünf"
    r"|sechs|sieben|acht|neun"
    r"|zehn|elf|zwölf|mehrere|viele|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|plusieurs|beaucoup|dos|tres|cuatro"
    r"|cinco|seis|siete"
    r"|ocho|nueve|diez|varios|varias|muchos|muchas|[1-9]\d*)\b",
    re.IGNORECASE,
)
PATH = re.compile(
    r"(?<![\w/.:])(?:~|\.{1,2})?/[\w.@-]+(?:/[\w.@*-]*)*|\b\w+(?:[./-]\w+)*\.(?:ya?ml|json|toml|conf|cfg|ini|env|log"
    r"|txt|db|csv|xml|sh|py)\b"
)
NUMBERED = re.compile(
    r"\b(?:version|release|port|node|python|java|ruby|postgres\w*|php|python|go|debian|ubuntu|room|floor|line"
    r"|platform|channel|page"
    r"|fassung|ausgabe|zimmer|gleis|stock|zeile|seite|salle|étage|quai|ligne|versión|sala|planta|andén|línea|puerto)\b",
    re.IGNORECASE,
)
FIGURE = re.compile(
    r"(?<![\w.,/:-])\d+(?:\.\d+)*(?![\w%:/-]|[.,]\d| (?:min|sec|hour|day|week|month|year|gb|mb|ms|s\b|%|jahr|tag|an\b"
    r"|años|euro))",
    re.IGNORECASE,
)


def other_choice(one: str, other: str, question: str) -> str | None:
    """Where a question offers two things, and each answer takes another.

    >>> other_choice("Tea, always.", "coffee, black", "tea or coffee?")
    'one takes “tea”, the other “coffee”'

    Args:
        one: an answer.
        other: another.
        question: that both answer.
    """
    offered = OFFERED.search(question)
    if not offered:
        return None
    first, second = (offered[name].casefold() for name in ("a", "b"))
    if first == second or {first, second} & _EMPTY:
        first = (offered["tail"] or "").casefold() if first in _EMPTY else first
        if not first or first == second or second in _EMPTY:
            return None
    taken = [_taken(answer, first, second) for answer in (one, other)]
    if None in taken or taken[0] == taken[1]:
        return None
    return f"one takes “{taken[0]}”, the other “{taken[1]}”"


def _taken(answer: str, first: str, second: str) -> str | None:
    """Which of two an answer takes: the only one that it names and does not deny."""
    said = [
        word
        for word in (first, second)
        if any(
            not DENIED.search(answer, 0, found.start())
            for found in re.finditer(rf"(?<!\w){re.escape(word)}(?!\w)", answer, re.IGNORECASE)
        )
    ]
    return said[0] if len(said) == 1 else None


def none_or_some(one: str, other: str) -> str | None:
    """Where one answers that there is none and the other that there are some, to a question of how many."""
    openings = [answer.strip()[:90].split(".")[0] for answer in (one, other)]
    empty = [bool(NONE.match(opening)) for opening in openings]
    if empty[0] == empty[1] or not SOME.search(openings[empty.index(False)]):
        return None
    return "one answers none where the other answers some"


def other_path(one: str, other: str) -> str | None:
    """Where each answer shows other files or folders than the other: to a question of where."""
    ours, theirs = (frozenset(path.rstrip("/.*") for path in PATH.findall(answer)) for answer in (one, other))
    if (
        not ours
        or not theirs
        or any(a.startswith(b) or b.startswith(a) or a.endswith(b) or b.endswith(a) for a in ours for b in theirs)
    ):
        return None
    return f"one shows “{sorted(ours)[0]}”, the other “{sorted(theirs)[0]}”"


def other_figure(one: str, other: str, question: str) -> str | None:
    """Where a question asks for the number of a version, port or room, and each answer gives another first.

    Args:
        one: an answer.
        other: another.
        question: that both answer.
    """
    if not NUMBERED.search(question):
        return None
    ours, theirs = (FIGURE.findall(answer) for answer in (one, other))
    if not ours or not theirs or ours[0] in theirs or theirs[0] in ours:
        return None
    if ours[0].startswith(f"{theirs[0]}.") or theirs[0].startswith(f"{ours[0]}."):
        return None
    return f"one says {ours[0]}, the other {theirs[0]}"
