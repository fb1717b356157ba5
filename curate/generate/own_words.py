"""The author's own prose: what of a passage is a response (LongForm, arXiv 2304.08460), and which paragraphs show the voice."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from curate.model import OWN_WORDS, Block, Document, Passage, VoiceSample, content_hash
from curate.read.passages import blocks_of
from likeness.metrics.text import count_words

MOSTLY = 0.5
"""Share of a passage that is the author's own words, and of an answer that is no list, from which it is asked for."""
MOST_SAMPLES = 12
SAMPLE_WORDS = (50, 180)
SHORT_SAMPLE_WORDS = (20, 50)
"""Where there are fewer than `FEWEST_SAMPLES` longer ones."""
FEWEST_SAMPLES = 8

UNFINISHED = re.compile(r"[,;:，、；：\-–—(（]\s*\Z")
HANGING = re.compile(
    r"\W*(?:(?:this|these|that|those|such|the (?:latter|former|above|foregoing))\b"
    r"(?! (?:(?:past |last |very |same )?(?:morning|afternoon|evening|night|week|weekend|month|year|spring|summer|autumn|fall"
    r"|winter|time|day|essay|book|letter|page|post|article|chapter|section|note"
    r"|is (?:an?|the) (?:essay|book|letter|post|story|note))\b))"
    r"|(?:dies|diese|dieser|dieses|ceci|cela|ça|esto|eso|questo|ciò|это)\b|[这這此那](?!里|裡|儿|边|邊|年|天|时|時|个|個|种|種|座|棵|本|条|條)"
    r"|これ|それ|その|이것|그것|이는)",
    re.IGNORECASE,
)


def own_windows(document: Document, passage: Passage, count: int, words: tuple[int, int]) -> list[tuple[int, int]]:
    """Offsets, within the passage, of up to `count` runs of whole paragraphs with a number of words in the range.

    Only the author's own words are taken: no quotation, code or table is in a run, and headings end one. A run is whole: it
    opens with prose that does not hang on what came before, does not end in a colon or comma, and is no list for the most.
    The longest runs are taken, none overlapping another. Ordered as they are in the document.

    Args:
        document: the passage's.
        passage: what is asked about; none are taken where it is mostly code or other people's words.
        count: how many at most.
        words: fewest and most words of a run.
    """
    blocks = _blocks_in(document, passage)
    own = sum(size for block, size in blocks if block.kind in OWN_WORDS)
    if own < MOSTLY * count_words(passage.text):
        return []
    runs = sorted(_runs(document.text, blocks, words), key=lambda run: (-run[2], run[0]))
    taken: list[tuple[int, int]] = []
    for start, end, _ in runs:
        if len(taken) == count:
            break
        if all(end <= a or start >= b for a, b in taken):
            taken.append((start, end))
    return [(start - passage.start, end - passage.start) for start, end in sorted(taken)]


def _blocks_in(document: Document, passage: Passage) -> list[tuple[Block, int]]:
    """What of each block is in a passage, and its words."""
    found = []
    for block in blocks_of(document):
        start, end = max(block.start, passage.start), min(block.end, passage.end)
        if start < end:
            found.append((Block(block.kind, start, end), count_words(document.text[start:end])))
    return found


def _runs(text: str, blocks: Sequence[tuple[Block, int]], words: tuple[int, int]) -> Iterator[tuple[int, int, int]]:
    """(start, end, words) of every run of neighbouring blocks in the range that is whole."""
    fewest, most = words
    for first, (opening, _) in enumerate(blocks):
        if opening.kind not in ("prose", "verse") or HANGING.match(text, opening.start, opening.end):
            continue
        total = listed = 0
        for block, size in blocks[first:]:
            if block.kind not in OWN_WORDS or block.kind == "heading":
                break
            total += size
            listed += size if block.kind == "list" else 0
            if total > most:
                break
            if total >= fewest and listed <= (1 - MOSTLY) * total and not UNFINISHED.search(text[block.start : block.end]):
                yield opening.start, block.end, total


def choose_voice_samples(documents: Mapping[str, Document]) -> list[VoiceSample]:
    """Paragraphs that show how the author writes: the same for the same documents, given by path.

    They are taken from the documents in turn, and of each document the one whose length and form are the rarest so far.
    """
    order = sorted(documents, key=lambda path: content_hash("voice", path))
    chosen: list[VoiceSample] = []
    for words in (SAMPLE_WORDS, SHORT_SAMPLE_WORDS):
        if len(chosen) >= FEWEST_SAMPLES:
            break
        left: dict[str, list[str]] = {}
        seen = {sample.text for sample in chosen}  # a sign-off stands in many documents and shows the voice once
        for path in order:  # no more than are chosen are looked for: the first of each comes before any second
            if found := [text for text in _samples_in(documents[path], words) if text not in seen]:
                left[path] = found
                seen.update(found)
            if len(chosen) + len(left) == MOST_SAMPLES:
                break
        shapes: Counter[tuple[str, ...]] = Counter()
        while len(chosen) < MOST_SAMPLES and any(left.values()):
            for path, texts in left.items():
                if texts and len(chosen) < MOST_SAMPLES:
                    text = min(texts, key=lambda text: (shapes[_shape(text)], content_hash("voice", text)))
                    texts.remove(text)
                    shapes[_shape(text)] += 1
                    chosen.append(VoiceSample(path, text))
    return chosen


def _samples_in(document: Document, words: tuple[int, int]) -> list[str]:
    """The paragraphs of a document with so many words that are whole and the author's own."""
    fewest, most = words
    found = []
    for block in blocks_of(document):
        text = document.text[block.start : block.end]
        if (
            block.kind in ("prose", "verse")
            and fewest <= count_words(text) < most + (words == SAMPLE_WORDS)
            and not UNFINISHED.search(text)
            and not HANGING.match(text)
        ):
            found.append(text)
    return list(dict.fromkeys(found))


def _shape(text: str) -> tuple[str, ...]:
    """What a paragraph looks like: its length, whether it asks, addresses somebody, speaks of itself, or is verse."""
    length = count_words(text)
    return (
        "short" if length < 80 else "long" if length > 125 else "middling",
        "asks" if re.search(r"[?？]", text) else "",
        "speaks" if re.search(r"[“\"«「]", text) else "",
        "verse" if "\n" in text else "",
    )
