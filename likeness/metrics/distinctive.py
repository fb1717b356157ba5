"""Distinctive terms of a collection of texts: names, coined words and phrases that are its own, with every mention.

Four languages (English, German, French, Spanish), no model: how rare a word is in general tells wordfreq's list (Speer 2022,
"rspeer/wordfreq", Zipf scale: 10 to the power of it, in a thousand million words); how a term is written and repeated tell the texts.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Literal, get_args

from likeness.metrics.languages import language_of
from likeness.metrics.prose import mask
from likeness.metrics.sentences import sentences_of
from likeness.metrics.wording import SMALL, Tongue

UNKNOWN = 1.5
"""Zipf frequency up to which a word is nobody's but the author's, or as good as that."""
RARE = 3.0
"""… up to which it says enough, in a compound or a name."""
WELL_KNOWN = 4.0
"""… from which a name is one that everybody knows: London, Monday, John."""
PLAIN = 5.6
"""… from which a word makes no phrase of its own: half, years, next."""
COHESION = 0.34
"""Of the rarer word's mentions, the share in which the other stands beside it, from which two words are one term."""
PHRASE = 3
"""Mentions from which two plain words side by side may be a term; one less where one of them is hardly ever met."""
PHRASE_RARE = 4.3
"""Zipf frequency that one of them at least is below."""

LETTER = r"[^\W\d_]"
TOKEN = re.compile(rf"{LETTER}+\d*(?:['’]{LETTER}+)*(?:-(?:{LETTER}|\d)+)*|\d+(?:[.,:]\d+)*|\S")
JOINS = frozenset("of the de del la las los le les du des von van der den zum zur am im und y et el d' l'".split())
"""Small words that a name may have within it."""
DETERMINERS: dict[Tongue, frozenset[str]] = {
    "en": frozenset("the a an this that these those my our his her its their your no each every one".split()),
    "de": frozenset(
        """der die das den dem des ein eine einen einem einer eines mein meine meinen meinem meiner unser unsere unseren unserem
        unserer sein seine seinen seinem seiner ihr ihre ihren ihrem ihrer dieser diese dieses diesen diesem kein keine keinen
        jeder jede jedes vom zum zur im am beim""".split()
    ),
    "fr": frozenset("le la les l un une des du au aux ce cet cette ces mon ma mes notre nos son sa ses leur leurs votre".split()),
    "es": frozenset("el la los las un una unos unas al del este esta estos estas ese esa mi mis nuestro nuestra su sus".split()),
}
QUOTED = re.compile(
    r"[“„«\"]([^“”„«»\"\n]{3,40})[”“»\"]|(?<![*\w])\*{1,2}([^*\n]{3,40})\*{1,2}(?!\w)|`([^`\n]{3,30})`|(?<!\w)_([^_\n]{3,40})_(?!\w)"
)
INTRODUCED = re.compile(
    r"(?:\bcall(?:ed|s)?(?: (?:it|this|that|them|him|her))?|\bknown as|\bso-called|\bnamed|\bgenannt\w*|\bsogenannte\w*|\bnamens|\bnenn\w+"
    r"(?: (?:wir|man|ich|es|das))*|\bheiß(?:t|en)|\bappel(?:le|ons|ée?|ait|lent)|\bdite?|\bnommée?|\bllam(?:a|amos|ado|ada|an|aba))"
    rf" (?:(?:the|a|an|der|die|das|den|ein|eine|le|la|les|un|une|el|los|las|una) )?((?:{LETTER}|-)+(?: (?:{LETTER}|-)+)?)",
    re.IGNORECASE,
)
ADDRESS = re.compile(
    r"\S{1,64}@\S+|\b[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}"
    r"\.(?:com|org|net|example|io|de|fr|es|uk|py|md|ya?ml|json|txt|toml|sh)\b\S*"
)
PRONOUN = re.compile(
    r"(?:i|you|we|they|he|she|it|that|there|let|who|what|here|don|isn|didn|won|can|couldn|wouldn)['’]", re.IGNORECASE
)
COUNTED = re.compile(
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred"
    r"|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|erste\w*"
    r"|zweite\w*|dritte\w*|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|premi\w+|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez"
    r"|primer\w*)(?:-\w+)?$",
    re.IGNORECASE,
)
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
NUMBER_OR_DEGREE = re.compile(
    r"(?:self|well|half|ill|all|non|pre|post|re|ex|co|semi|mid|anti|one|two|three|four|five|six|seven|eight|nine|ten|twenty|thirty|forty"
    r"|fifty|sixty|seventy|eighty|ninety|hundred|first|second|third|much|so|never|ever|every|old|new|long|short|high|low|full|hard|good"
    r"|late|early|left|right|near|off|on|in|out|up|down|to|and|by|after|before|over|under|über|nicht|demi|mi|sous|après|avant|peut|est)-|"
    r".*-(?:year|inch|foot|day|hour|minute|week|month|mile|ton|pound|old|long|wide|deep|up|in|out|off|on|down|to|like|free|made|là|ci|moi"
    r"|toi|il|elle|on|ce|vous|nous|tu|je|même|être)(?:-.*|s?$)"
)

Why = Literal["name", "coined", "phrase", "marked"]


@dataclass(frozen=True, slots=True)
class Mention:
    """Where a term stands: characters `start` to `end` of text number `text`, in the sentence from `first` to `last`."""

    text: int
    start: int
    end: int
    first: int
    last: int


@dataclass(slots=True)
class Term:
    """A distinctive term with all its mentions."""

    key: str
    """What its forms have in common: stems without blanks and hyphens."""
    why: Why
    """`name`: written as one; `coined`: in no list of words; `phrase`: words that stand together again and again; `marked`: set off by
    quotation marks, italics, a heading, or introduced with a word such as "called"."""
    forms: Counter[str] = field(default_factory=Counter)
    mentions: list[Mention] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Its commonest form; of equals the shortest."""
        return min(self.forms, key=lambda form: (-self.forms[form], len(form), form))


@cache
def _frequencies(tongue: Tongue) -> dict[str, float]:
    from wordfreq import get_frequency_dict

    return dict(get_frequency_dict(tongue, "best"))


@cache
def zipf(word: str, tongue: Tongue) -> float:
    """How common a word is, 0 (in no list) to about 7.7 ("the"): the logarithm of its number in a thousand million words.

    A word with a hyphen is as rare as its rarest part.
    """
    import math

    parts = [part for part in re.split(r"['’-]", word.casefold()) if len(part) > 1 and not part.isdigit()]
    if not parts:
        return 0.0
    listed = _frequencies(tongue)
    found = [listed.get(part) for part in parts]
    return min(math.log10(each * 1e9) if each else 0.0 for each in found)


def known(word: str, tongue: Tongue) -> float:
    """How common a word is in its commonest form: "Sundays" is as common as "Sunday"."""
    return max(
        zipf(each, tongue) for each in {word, re.sub(r"(?<=\w{3})(?:s|es|en|n|e)$", "", word), re.sub(r"(?<=\w{3})s$", "", word)}
    )


@lru_cache(maxsize=20_000)
def tongue_of_text(text: str) -> Tongue:
    """The language that a text's words are looked up in; English where it is none of the four."""
    found = language_of(text[:4000])
    return next((tongue for tongue in get_args(Tongue) if tongue == found), "en")


@cache
def _stemmer(tongue: Tongue) -> object:
    import snowballstemmer

    return snowballstemmer.stemmer({"en": "english", "de": "german", "fr": "french", "es": "spanish"}[tongue])


@cache
def stem(word: str, tongue: Tongue) -> str:
    """A word without its endings, marks and case."""
    bare = re.sub(r"['’]s?$", "", word.casefold().replace("’", "'"))
    stemmed = str(_stemmer(tongue).stemWord(bare))  # type: ignore[attr-defined]
    if zipf(bare, tongue) < RARE:  # of words that it does not know it leaves the plural's s, or takes too much
        plain = re.sub(r"(?<=\w{3})(?:ies|y)$", "i", bare) if tongue == "en" else bare
        if tongue == "de":
            return re.sub(r"(?<=\w{3})(?:es|en|ern|er|s|n|e)$", "", plain)
        return re.sub(r"(?<=\w{3})e$", "", re.sub(r"(?<=\w{3}[^s])s$", "", plain))
    return stemmed


def key_of(phrase: str, tongue: Tongue) -> str:
    """What all forms of a term have in common.

    >>> key_of("slack-water", "en") == key_of("Slack water", "en"), key_of("Pellow gauges", "en") == key_of("the Pellow gauge's", "en")
    (True, True)
    """
    words = [part for word in TOKEN.findall(phrase) for part in word.split("-") if part and re.search(r"\w", part)]
    while len(words) > 1 and words[0].casefold() in DETERMINERS[tongue]:
        words = words[1:]
    return "".join(stem(word, tongue) for word in words)


@dataclass(frozen=True, slots=True)
class _Token:
    word: str
    start: int
    end: int
    initial: bool
    """Whether a sentence begins with it, so that a capital letter says nothing."""
    first: int
    last: int

    @property
    def folded(self) -> str:
        return re.sub(r"['’]s?$", "", self.word.casefold())

    @property
    def is_word(self) -> bool:
        return self.word[0].isalpha()

    @property
    def is_capital(self) -> bool:
        return self.word[0].isupper()


def distinctive_terms(texts: Sequence[str], least_mentions: int = 1) -> list[Term]:
    """The distinctive terms of texts, each with all its mentions, those with most of them first.

    Args:
        texts: of one author; each in one language.
        least_mentions: leave out what is mentioned less often.
    """
    texts = [ADDRESS.sub(lambda found: " " * len(found[0]), mask(text)) for text in texts]
    tongues = [tongue_of_text(text) for text in texts]
    tokens = [list(_tokens(text)) for text in texts]
    candidates = _candidates(texts, tokens, tongues)
    found = _mentions(candidates, tokens, tongues)
    kept = [term for term in _joined(found) if len(term.mentions) >= least_mentions]
    return sorted(kept, key=lambda term: (-len(term.mentions), term.key))


def mentions_of(keys: Iterable[str], texts: Sequence[str]) -> dict[str, list[Mention]]:
    """Where terms stand in other texts, by key; those that stand nowhere have no entry."""
    tongues = [tongue_of_text(text) for text in texts]
    found = _mentions(dict.fromkeys(keys, "name"), [list(_tokens(text)) for text in texts], tongues)
    return {key: term.mentions for key, term in found.items()}


def _tokens(text: str) -> Iterator[_Token]:
    for line in re.finditer(r"[^\n]+", text):
        title = line[0].startswith("#")
        for at, sentence in sentences_of(line[0]):
            start = line.start() + at
            fresh = True
            for found in TOKEN.finditer(sentence):
                word = found[0]
                yield _Token(word, start + found.start(), start + found.end(), fresh or title, start, start + len(sentence))
                fresh = (fresh and not word[0].isalnum()) or word in '“„«"(:'


def _candidates(texts: Sequence[str], tokens: Sequence[list[_Token]], tongues: Sequence[Tongue]) -> dict[str, Why]:
    """Keys of what may be a term, and why."""
    found: dict[str, Why] = {}
    lower: Counter[str] = Counter(t.folded for doc in tokens for t in doc if t.is_word and not t.is_capital)
    upper: Counter[str] = Counter(t.folded for doc in tokens for t in doc if t.is_word and t.is_capital and not t.initial)
    for text, doc, tongue in zip(texts, tokens, tongues, strict=True):
        for run in _names(doc, tongue, lower, upper):
            found.setdefault(key_of(run, tongue), "name")
        if tongue == "de":
            for word in _never_with_an_article(doc):
                found.setdefault(key_of(word, tongue), "name")
        for word in _coined(doc, tongue, lower, upper):
            found.setdefault(key_of(word, tongue), "coined")
        for phrase in _marked(text, tongue):
            found.setdefault(key_of(phrase, tongue), "marked")
    for key in _phrases(tokens, tongues):
        found.setdefault(key, "phrase")
    found.pop("", None)
    return found


def _names(doc: list[_Token], tongue: Tongue, lower: Counter[str], upper: Counter[str]) -> Iterator[str]:
    """Names: capital letters that no sentence asks for; with the thing they name, as in "the Pellow gauge"."""
    at = 0
    while at < len(doc):
        run = _capitals(doc, at, tongue, lower, upper)
        if not run:
            at += 1
            continue
        words = doc[at : at + run]
        at += run
        content = [t for t in words if t.folded not in JOINS]
        rarest = min(known(t.folded, tongue) for t in content)
        following = doc[at] if at < len(doc) else None
        before = doc[at - run - 1] if at - run else None
        named = (
            following is not None
            and before is not None
            and before.folded in DETERMINERS[tongue]
            and following.is_word
            and not following.is_capital
            and tongue == "en"
            and following.start == words[-1].end + 1
            and not words[-1].word.endswith(("'s", "’s"))
            and following.folded not in SMALL[tongue]
            and not re.search(r"(?:ed|ly|ing)$", following.folded)
        )
        thing = before is not None and tongue in ("fr", "es") and before.is_word and not before.is_capital and at - run > 1
        if named and following is not None and rarest < WELL_KNOWN:
            yield " ".join(t.word for t in [*words, following])
        elif (
            thing
            and len(words) == 1
            and before is not None
            and rarest < WELL_KNOWN
            and before.end + 1 == words[0].start
            and before.folded not in SMALL[tongue] | JOINS
            and doc[at - run - 2].folded in DETERMINERS[tongue]
        ):
            yield " ".join(t.word for t in [before, *words])
        elif rarest < (WELL_KNOWN if tongue != "de" else RARE if len(content) > 1 else UNKNOWN):
            yield " ".join(t.word for t in words)


def _capitals(doc: list[_Token], at: int, tongue: Tongue, lower: Counter[str], upper: Counter[str]) -> int:
    """How many tokens from `at` are one name."""

    def is_name(token: _Token, follows: _Token | None = None) -> bool:
        if not token.is_word or not token.is_capital or len(token.folded) < 2 or token.folded in SMALL[tongue]:
            return False
        if PRONOUN.match(token.word):
            return False
        if token.word.isupper() and len(token.word) > 1:
            return zipf(token.word, tongue) < WELL_KNOWN
        if tongue == "de":  # every noun has a capital letter
            return zipf(token.word, tongue) < RARE and not _compound(token.folded, tongue) and not lower[token.folded]
        if token.initial and upper[token.folded] == 0 and lower[token.folded] == 0 and follows is not None:
            return follows.is_capital and not follows.initial and upper[follows.folded] > lower[follows.folded]
        if token.initial:  # a capital that the sentence asks for: only what is a name elsewhere, or in no list and never small
            return upper[token.folded] > lower[token.folded] or (zipf(token.word, tongue) < UNKNOWN and not lower[token.folded])
        return upper[token.folded] > lower[token.folded]

    beside = doc[at + 1] if at + 1 < len(doc) and doc[at + 1].start == doc[at].end + 1 else None
    if not is_name(doc[at], beside):
        return 0
    length = 1
    while at + length < len(doc):
        token = doc[at + length]
        if token.start != doc[at + length - 1].end + 1 or doc[at + length - 1].word.endswith(("'s", "’s")):
            break
        number = token.word.isdigit() and len(token.word) < 4
        if is_name(token) or (number and tongue != "de"):
            length += 1
        elif (
            token.folded in JOINS
            and at + length + 1 < len(doc)
            and is_name(doc[at + length + 1])
            and token.folded not in ("und", "et", "y")
            and not token.is_capital
        ):
            length += 2
        else:
            break
    return length


def _never_with_an_article(doc: list[_Token]) -> Iterator[str]:
    """German names of people and places: capital words that are said again and again, and never with an article or an adjective."""
    total: Counter[str] = Counter()
    determined: Counter[str] = Counter()
    for before, token in zip(doc, doc[1:], strict=False):
        if token.is_word and token.is_capital and token.folded not in SMALL["de"]:
            total[token.word] += 1
            ends = before.is_word and not before.is_capital and re.search(r"(?:e|en|er|es|em)$", before.folded)
            determined[token.word] += bool(before.folded in DETERMINERS["de"] or (ends and before.folded not in SMALL["de"]))
    for word, count in total.items():
        if count >= PHRASE and not determined[word] and zipf(word, "de") < 3.6 and not _compound(word.casefold(), "de"):
            yield word


def _coined(doc: list[_Token], tongue: Tongue, lower: Counter[str], upper: Counter[str]) -> Iterator[str]:
    """Words that are in no list, and hyphenated ones with a rare part."""
    seen = lower + upper
    for token in doc:
        word = token.folded
        if not token.is_word or len(word) < 4 or word in SMALL[tongue] or (token.is_capital and tongue != "de"):
            continue
        if "-" in word:
            parts = [part for part in word.split("-") if part]
            telling = len(parts) > 1 and all(len(part) > 2 for part in parts) and not NUMBER_OR_DEGREE.match(word)
            if telling and zipf(word, tongue) < (3.5 if lower[word] < 2 else 4.5) and not re.search(r"ed$", word):
                yield token.word
        elif (
            zipf(word, tongue) <= UNKNOWN
            and not _derived(word, tongue)
            and (not _compound(word, tongue) or seen[word] >= (3 if tongue == "de" else 2))
        ):
            yield token.word


def _derived(word: str, tongue: Tongue) -> bool:
    """Whether a rare word is made of a known one by an ending or a prefix: "unhurriedly", "barrowfuls"."""
    listed = _frequencies(tongue)
    endings = {
        "en": r"(?:s|es|ed|ing|ly|er|ers|est|ness|less|ful|fuls|ish|able|y|like|wise|ward|wards|ally|ings)$",
        "de": r"(?:e|n|en|er|es|em|s|st|t|te|ten|tet|end|ende\w*|lich\w*|ig\w*|ung|ungen|chen|lein|heit|keit|los\w*|bar\w*|isch\w*|in|innen)$",
        "fr": r"(?:s|es|e|ent|ait|aient|ais|ions|ant|ante?s?|ment|é|ée|és|ées|er|eur|euse|eux|age|ages|ette|ettes|ai|a|èrent|ons|ez)$",
        "es": r"(?:s|es|a|o|as|os|ando|iendo|aba|aban|ado|ada|ados|adas|ido|ida|mente|ito|ita|itos|itas|ar|er|ir|é|ó|aron|ieron|la|lo|se|le|me)$",
    }[tongue]
    prefixes = (
        r"^(?:un|re|in|over|out|under|mis|fore|non|ge|be|ver|ent|zer|auf|aus|ab|an|ein|um|vor|zu|durch|über|dé|des|in|im|pré)"
    )
    bare = {re.sub(endings, "", word), re.sub(prefixes, "", word), re.sub(endings, "", re.sub(prefixes, "", word))} - {word}
    made = {each + more for each in bare if len(each) > 2 for more in ("", "e", "y", "en", "er", "r", "o", "a", "n")}
    made |= {each[:-1] for each in bare if len(each) > 4 and each[-1] == each[-2]}
    made |= {each[:-1] + "y" for each in bare if each.endswith("i")}
    return any(listed.get(each, 0.0) > 4e-8 for each in made if len(each) > 2)


def _compound(word: str, tongue: Tongue) -> bool:
    """Whether a word is two known ones written as one, which anybody understands: "Kaffeetasse", "doorstep"."""
    listed = _frequencies(tongue)

    def known(part: str) -> bool:
        return len(part) > 2 and listed.get(part, 0.0) > 3e-6

    for cut in range(3, len(word) - 2):
        head, tail = word[:cut], word[cut:]
        heads = {
            head,
            *([head[: -len(link)] for link in ("s", "es", "n", "en", "er") if head.endswith(link)] if tongue == "de" else []),
        }
        tails = {tail, re.sub(r"(?:en|es|ern|er|e|n|s)$", "", tail) if tongue == "de" else re.sub(r"s$", "", tail)}
        if any(known(one) or (tongue == "de" and known(one + "e")) for one in heads) and any(known(other) for other in tails):
            return True
    return False


def _marked(text: str, tongue: Tongue) -> Iterator[str]:
    """What is set off from its sentence, heads a section, or is introduced by name."""
    for found in QUOTED.finditer(text):
        phrase = next(group for group in found.groups() if group)
        if _is_phrase(phrase, tongue):
            yield phrase
    for found in INTRODUCED.finditer(text):
        words = found[1].split()
        for phrase in (" ".join(words), words[0]):
            if _is_phrase(phrase, tongue) and (phrase in text[found.end() :] or phrase in text[: found.start()]):
                yield phrase
    for found in HEADING.finditer(text):
        if _is_phrase(found[1], tongue):
            yield found[1]


def _is_phrase(phrase: str, tongue: Tongue) -> bool:
    """Whether it is one to three words of which one at least is no everyday word: no sentence, no exclamation."""
    words = TOKEN.findall(phrase)
    if len(words) > 1 and words[0].casefold() in DETERMINERS[tongue]:
        words = words[1:]
    if not 1 <= len(words) <= 3 or not all(word[0].isalpha() for word in words):
        return False
    if any(word.casefold() in SMALL[tongue] for word in words) or COUNTED.match(words[0]):
        return False
    rarest = min(zipf(word, tongue) for word in words)
    return rarest < (RARE if len(words) == 1 else 4.8)


def _phrases(tokens: Sequence[list[_Token]], tongues: Sequence[Tongue]) -> Iterator[str]:
    """Keys of two words that stand together far more often than chance has it, in plain print."""
    single: Counter[tuple[Tongue, str]] = Counter()
    pairs: Counter[tuple[Tongue, str, str]] = Counter()
    rare: set[tuple[Tongue, str, str]] = set()
    whole: set[tuple[Tongue, str, str]] = set()
    plain: set[tuple[Tongue, str, str]] = set()
    for doc, tongue in zip(tokens, tongues, strict=True):
        stems = [stem(t.word, tongue) if t.is_word else "" for t in doc]
        single.update((tongue, each) for each in stems if each)
        for at in range(len(doc) - 1):
            one, other = doc[at], doc[at + 1]
            if not (one.is_word and other.is_word) or other.start != one.end + 1:
                continue
            if tongue in ("fr", "es") and other.folded in ("de", "del", "à", "d") and at + 2 < len(doc) and doc[at + 2].is_word:
                continue
            if {one.folded, other.folded} & SMALL[tongue] or "-" in one.word + other.word:
                continue
            if max(zipf(one.word, tongue), zipf(other.word, tongue)) >= PLAIN:
                continue
            rarest = min(zipf(one.word, tongue), zipf(other.word, tongue))
            if rarest >= PHRASE_RARE + 0.4 or len(one.word) < 2 or len(other.word) < 2:
                continue
            if one.is_capital and other.is_capital and not one.initial:
                continue
            if COUNTED.match(one.word) or (tongue == "de" and not other.is_capital):
                continue
            if re.search(r"(?:ly|ed)$", one.folded) and tongue == "en":
                continue
            key = (tongue, stems[at], stems[at + 1])
            pairs[key] += 1
            if rarest <= UNKNOWN and tongue != "en":  # a word that is a term alone; what stands beside it is as often a verb
                whole.add(key)
            elif rarest < 2.6:
                rare.add(key)
            elif rarest >= PHRASE_RARE:
                plain.add(key)
    for key, count in pairs.items():
        tongue, one_stem, other_stem = key
        rarer = min(single[tongue, one_stem], single[tongue, other_stem])
        if key in whole and count < rarer:
            continue
        if count >= (PHRASE - 1 if key in rare else PHRASE) and count >= (2 * COHESION if key in plain else COHESION) * rarer:
            yield one_stem + other_stem


MOST_WORDS = 4


def _mentions(candidates: dict[str, Why], tokens: Sequence[list[_Token]], tongues: Sequence[Tongue]) -> dict[str, Term]:
    """Every place where a candidate stands, in any form; the longest where several begin at one place."""
    found: dict[str, Term] = {}
    for number, (doc, tongue) in enumerate(zip(tokens, tongues, strict=True)):
        stems = [
            "".join(stem(part, tongue) for part in t.word.split("-") if part) if t.is_word or t.word.isdigit() else ""
            for t in doc
        ]
        at = 0
        while at < len(doc):
            length = 0
            key, run = "", ""
            for more in range(MOST_WORDS):
                if at + more >= len(doc) or not stems[at + more]:
                    break
                if more and doc[at + more].start - doc[at + more - 1].end != 1:
                    break
                run += stems[at + more]
                if run in candidates:
                    key, length = run, more + 1
            if not length:
                at += 1
                continue
            first, last = doc[at], doc[at + length - 1]
            end = last.end - (2 if last.word.endswith(("'s", "’s")) else 0)
            term = found.setdefault(key, Term(key, candidates[key]))
            term.mentions.append(Mention(number, first.start, end, first.first, first.last))
            shown = " ".join([*(t.word for t in doc[at : at + length - 1]), last.word[: end - last.start]])
            term.forms[shown] += 1
            at += length
    return found


def _joined(found: dict[str, Term]) -> Iterable[Term]:
    """Without what is set off once and never said again; a part of one longer name is that name ("Fennimore", "Ada Fennimore")."""
    longer: defaultdict[str, list[str]] = defaultdict(list)
    for key, term in found.items():
        words = term.name.split()
        if term.why == "name" and len(words) > 1:
            for word in (words[0], words[-1]):
                if word[0].isupper():
                    longer[word.casefold()].append(key)
    gone: set[str] = set()
    for key, term in found.items():
        whole = set(longer.get(term.name.casefold(), [])) - {key}
        if term.why in ("name", "coined") and len(whole) == 1:
            (into,) = whole
            found[into].mentions += term.mentions
            found[into].forms += term.forms
            gone.add(key)
        elif term.why == "marked" and len(term.mentions) < 2:
            gone.add(key)
    return [term for key, term in found.items() if key not in gone]
