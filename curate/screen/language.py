"""Text in another language than the author's: known languages by their small words, others by the author's spelling."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from curate.check import Check
from curate.model import Finding, Pair, Side, Span
from curate.sources import SourceTexts
from likeness.metrics.languages import NAMES, languages_of, scores
from likeness.metrics.prose import mask
from likeness.metrics.sentences import sentences_of

COMMON = 150
"""So many of the commonest words make up more than half of any text in their language, and little of one in another."""
SHARE = 0.35
"""A window may be foreign if they make up less than this part of what they make up in the author's own text ..."""
BITS = 1.6
"""... and is, if its spelling is stranger as well: a list of rare nouns has no common words, but it is spelt like English."""
FEWEST = 8
"""Words below which a window says too little."""
ENOUGH = 300
"""Words of the author's below which nothing is known of the language."""

WORD = re.compile(r"[^\W\d_]+")
SPACELESS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]")
"""Japanese, Chinese and Thai put no space between words: a character stands for a word."""


class Language:
    """A language as one author's texts show it: the commonest words, and how often three letters follow each other.

    Character trigrams tell languages apart in a few words (Cavnar and Trenkle 1994, "N-gram-based text categorization").
    """

    def __init__(self, texts: Iterable[str]) -> None:
        words = Counter(word for text in texts for word in words_of(text))
        self.words = words.total()
        self._common = {word for word, _ in words.most_common(COMMON)}
        self.usual_share = sum(words[word] for word in self._common) / (self.words or 1)
        self._trigrams: Counter[str] = Counter()
        for word, times in words.items():
            for trigram in _trigrams(word):
                self._trigrams[trigram] += times
        self._total = self._trigrams.total()
        self.usual_bits = sum(times * self._bits(trigram) for trigram, times in self._trigrams.items()) / (self._total or 1)

    def share(self, words: Sequence[str]) -> float:
        """How much of a window the commonest words make up, in [0, 1]."""
        return sum(word in self._common for word in words) / len(words)

    def bits(self, words: Sequence[str]) -> float:
        """How strange a window is spelt: bits per trigram, Krichevsky and Trofimov's half added to every count."""
        trigrams = [trigram for word in words for trigram in _trigrams(word)]
        return sum(map(self._bits, trigrams)) / len(trigrams)

    def _bits(self, trigram: str) -> float:
        return -math.log2((self._trigrams[trigram] + 0.5) / (self._total + len(self._trigrams)))


QUOTED = re.compile(
    r"“[^”\n]{1,400}”|„[^“”\n]{1,400}[“”]|«[^»\n]{1,400}»|»[^«\n]{1,400}«|\"[^\"\n]{1,400}\"|‘[^’\n]{1,400}’(?!\w)|「[^」\n]{1,400}」|『[^』\n]{1,400}』"
    r"|(?<!\w)\*[^*\n]{1,200}\*(?!\w)|(?<!\w)_[^_\n]{1,200}_(?!\w)"
)
"""What is quoted, or set off as a foreign word is."""
LINKS = r"(?:de|la|los|las|del|des|du|da|do|dos|das|di|della|van|den|der|von|zu|le|les|el|y|e|en|in|sur|ter|ten)"
NAME = re.compile(
    rf"(?<![^\W_])[^\W\d_a-zß-ÿ]\w{{1,40}}+(?: {LINKS}){{1,3}} [^\W\d_a-zß-ÿ]\w+"
    r"|(?<=[^.!?\n] )(?:Los|Las|El|La|Le|Les|Den|San|De|Des|Du|Van|Von|Il) (?=[A-ZÄÖÜÉ])"
)
"""A name with small words of another language in it."""


def find_other_language(pairs: Sequence[Pair], sources: SourceTexts) -> Iterable[Finding]:
    """Pairs with a sentence, on either side, in a language that the author does not write.

    The author's languages are read from the documents, and where there are none from the pairs together. Who writes in two
    languages may be answered in both. Quotations, names, loan words and code do not count. A language whose small words are
    not known is told by the author's commonest words and spelling, in windows of eight words or more. The score is how
    little speaks for the author's own languages, in [0, 1]: 0 is surely foreign.
    """
    if sources.documents:
        own, language = sources.learn(_written_in)
    else:
        texts = [text for pair in pairs for _, text in pair.sides]
        own, language = languages_of(texts), Language(texts)
    for pair in pairs:
        for part, text in pair.sides if pair.wrote != "author" else ():
            if finding := _foreign(pair, part, text, own, language):
                yield finding
                break


def _written_in(sources: SourceTexts) -> tuple[frozenset[str], Language]:
    texts = [document.text for document in sources.documents.values()]
    return languages_of(texts), Language(texts)


def _foreign(pair: Pair, part: Side, text: str, own: frozenset[str], language: Language) -> Finding | None:
    """The first sentence in a known language that is not the author's, or paragraph in an unknown one."""
    prose = NAME.sub(_blank, QUOTED.sub(_blank, mask(text)))
    counted = scores(prose)
    total = sum(counted.values())
    if own and total and sum(counted[code] for code in own) < 0.9 * total:
        for start, sentence in sentences_of(prose):
            if foreign := _surely(sentence, own):
                code, share = foreign
                message = f"is in {NAMES[code]}, and you write {' and '.join(sorted(NAMES[each] for each in own))}"
                return Finding(
                    pair.id, "language", "warning", share, message, Span(part, start, start + len(sentence)), "other_language"
                )
    if language.words < ENOUGH:
        return None
    for paragraph in re.finditer(r"[^\n]+", prose):
        words = words_of(paragraph[0])
        if len(words) < FEWEST or (share := language.share(words)) >= SHARE * language.usual_share:
            continue
        counted = scores(paragraph[0])
        if 3 * paragraph[0].count(",") >= len(words) or sum(counted[code] for code in own) > 0.1 * len(words):
            continue  # a list, or the author's language after all
        if language.bits(words) > language.usual_bits + BITS:
            message = (
                f"seems to be in another language than yours: your commonest words make up {share:.0%} of it, and "
                f"{language.usual_share:.0%} of your own writing"
            )
            return Finding(pair.id, "language", "warning", share, message, Span(part, *paragraph.span()), "other_language")
    return None


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _surely(sentence: str, own: frozenset[str]) -> tuple[str, float] | None:
    """A sentence's foreign language, and what part of it speaks for the author's; None where it may be theirs."""
    counted = scores(sentence)
    code, most = max(counted.items(), key=lambda each: each[1], default=("", 0.0))
    ours = max(counted[each] for each in own)
    if code not in own and most >= 1.5 and most >= 2 * ours and len(words_of(sentence)) >= 4:
        return code, ours / (most + ours)
    return None


def words_of(text: str) -> list[str]:
    """Words without case; in writing without spaces, characters."""
    return WORD.findall(SPACELESS.sub(r" \g<0> ", text).casefold())


def _trigrams(word: str) -> list[str]:
    return [f" {word} "[at : at + 3] for at in range(len(word))]


CHECK = Check(
    name="language",
    about="Sentences in a language that the author does not write.",
    scope="row",
    order=130,
    reasons={"other_language": "in another language than yours"},
    find=lambda given: find_other_language(given.pairs, given.sources),
    badness=lambda finding, pair: -finding.score,  # the share of the author's own words: less is worse
)
