"""Controlled questions proposed from documents, without asking anybody: patterns filled with what a few documents are about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from curate.model import Document, content_hash
from curate.read.passages import cut
from likeness.metrics.distinctive import distinctive_terms
from likeness.metrics.languages import language_of
from likeness.metrics.text import FUNCTION_WORDS, words_of

SHARE = 0.1
"""Of the documents, those that the questions are taken from."""
FEWEST = 3
EACH = 5
"""Questions on headings, and on terms."""

PATTERNS = {
    "en": {
        "heading": "What would you tell somebody who asks you about {}?",
        "term": "What do you know about {}?",
        "voice": ("What do people get wrong about what you do?", "Tell me about a day that you remember.",
                  "What would you do differently if you began again?"),
        "unknown": ("What is the Brandlow method?", "What did Ottoline Verrick say to you?",
                    "Which number is on the Harnwick key?"),
        "general": ("At what temperature does water boil at sea level?", "What is 17 times 23?", "Name three rivers in Europe."),
    },
    "de": {
        "heading": "Was sagst du jemandem, der dich nach „{}“ fragt?",
        "term": "Was weißt du über {}?",
        "voice": ("Was verstehen andere falsch an dem, was du tust?", "Erzähl mir von einem Tag, an den du dich erinnerst.",
                  "Was würdest du anders machen, wenn du noch einmal anfingst?"),
        "unknown": ("Was ist das Brandlow-Verfahren?", "Was hat Ottoline Verrick dir gesagt?",
                    "Welche Zahl trägt der Harnwick-Schlüssel?"),
        "general": ("Bei welcher Temperatur kocht Wasser auf Meereshöhe?", "Was ist 17 mal 23?", "Nenne drei Flüsse in Europa."),
    },
    "fr": {
        "heading": "Que diriez-vous à quelqu'un qui vous interroge sur « {} » ?",
        "term": "Que savez-vous de {} ?",
        "voice": ("Que comprend-on mal dans ce que vous faites ?", "Racontez-moi une journée dont vous vous souvenez.",
                  "Que feriez-vous autrement si vous recommenciez ?"),
        "unknown": ("Qu'est-ce que la méthode Brandlow ?", "Que vous a dit Ottoline Verrick ?",
                    "Quel numéro porte la clé Harnwick ?"),
        "general": ("À quelle température l'eau bout-elle au niveau de la mer ?",
                    "Combien font 17 fois 23 ?", "Citez trois fleuves d'Europe."),
    },
    "es": {
        "heading": "¿Qué le dirías a alguien que te pregunta por «{}»?",
        "term": "¿Qué sabes de {}?",
        "voice": ("¿Qué entienden mal los demás de lo que haces?", "Cuéntame un día que recuerdes.",
                  "¿Qué harías de otra manera si empezaras de nuevo?"),
        "unknown": ("¿Qué es el método Brandlow?", "¿Qué te dijo Ottoline Verrick?", "¿Qué número lleva la llave Harnwick?"),
        "general": ("¿A qué temperatura hierve el agua al nivel del mar?", "¿Cuánto es 17 por 23?",
                    "Nombra tres ríos de Europa."),
    },
}  # fmt: skip
"""By language. What `unknown` asks of is in nobody's documents; a name that is in these is left out."""

SAYS_NOTHING = frozenset(
    "introduction notes note todo todos tasks summary conclusion appendix contents index untitled readme log misc draft links"
    " references einleitung notizen aufgaben zusammenfassung anhang inhalt résumé introducción notas".split()
)


def propose_questions(documents: Sequence[Document]) -> list[dict[str, str]]:
    """Questions with `id`, `about` and `question`, the same ones for the same documents.

    Voice is asked after by headings and by three questions that suit anybody, facts by terms that are the documents'
    own; what nobody can know and what every model knows are fixed.
    """
    few = sorted(documents, key=lambda each: content_hash("control", each.path))[: max(FEWEST, round(SHARE * len(documents)))]
    patterns = PATTERNS.get(language_of("\n".join(each.text[:2000] for each in few), 2.5) or "en", PATTERNS["en"])
    everything = "\n".join(document.text for document in documents).casefold()
    asked: list[tuple[str, str]] = [("voice", str(patterns["heading"]).format(heading)) for heading in _headings(few)]
    asked += [("voice", question) for question in patterns["voice"]]
    asked += [("facts", str(patterns["term"]).format(term)) for term in _terms(few)]
    names = {"Brandlow", "Ottoline", "Harnwick"}
    asked += [
        ("unknown", question)
        for question in patterns["unknown"]
        if not any(name in question and name.casefold() in everything for name in names)
    ]
    asked += [("general", question) for question in patterns["general"]]
    counts: Counter[str] = Counter()
    rows = []
    for about, question in asked:
        counts[about] += 1
        rows.append({"id": f"{about}-{counts[about]}", "about": about, "question": question})
    return rows


def _headings(documents: Sequence[Document]) -> list[str]:
    """Headings that name something, at most one a document before any gives two."""
    found: dict[str, None] = {}
    each_has = [[heading for heading in _headings_of(document) if _names_something(heading)] for document in documents]
    for turn in range(EACH):
        for headings in each_has:
            if turn < len(headings):
                found.setdefault(headings[turn])
    return list(found)[:EACH]


def _headings_of(document: Document) -> Iterator[str]:
    if document.title:
        yield document.title
    yield from dict.fromkeys(passage.heading for passage in cut(document, 700) if passage.heading)


def _names_something(heading: str) -> bool:
    words = words_of(heading)
    letters = sum(map(str.isalpha, heading))
    return 1 <= len(words) <= 8 and letters > len(heading) / 2 and not (len(words) == 1 and words[0].casefold() in SAYS_NOTHING)


def _terms(documents: Sequence[Document]) -> list[str]:
    """What the documents name or have a word of their own for, the most often said first; without any, two words that recur."""
    found = distinctive_terms([document.text for document in documents])
    names = [term.name for term in sorted(found, key=lambda term: (-len(term.mentions), term.name))]
    return (names or _recurring(documents))[:EACH]


def _recurring(documents: Sequence[Document]) -> list[str]:
    """Two words side by side that no small word is among, as often as a document has them."""
    found: Counter[str] = Counter()
    for document in documents:
        words = words_of(document.text)
        pairs = zip(words, words[1:], strict=False)
        found.update(
            " ".join(pair).casefold()
            for pair in pairs
            if not FUNCTION_WORDS & {word.casefold() for word in pair} and all(len(word) > 2 for word in pair)
        )
    return sorted(found, key=lambda term: (-found[term], term))
