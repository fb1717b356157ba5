"""What is held out to watch the loss on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from curate.model import Pair, content_hash


def held_out(pairs: Sequence[Pair], share: float, by: Literal["document", "pair"]) -> set[str]:
    """Ids of the pairs that are held out: about `share` of them.

    Documents (or pairs) stand in an order that their names alone decide, and the first of them are held out; a document
    that is added moves the border by itself and shuffles nothing. By document, no document stands on both sides; one
    document is left to train on, and one held out where there are two and the share is not nought.
    """
    unit = {pair.id: pair.document if by == "document" else pair.id for pair in pairs}
    sizes = Counter(unit.values())
    if share == 0 or len(sizes) < 2:
        return set()
    order = sorted(sizes, key=lambda name: content_hash("split", name))
    wanted = share * len(pairs)
    chosen: set[str] = set()
    rows = 0
    for name in order[:-1]:
        if chosen and rows + sizes[name] / 2 > wanted:
            break
        chosen.add(name)
        rows += sizes[name]
    return {pair.id for pair in pairs if unit[pair.id] in chosen}
