"""Asked against got: what the recipe asks of each kind, and what the dataset has of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from curate.llm.request import Size
from curate.model import Pair
from likeness.metrics.text import count_words


def asked_against_got(
    requests: Iterable[Size], made: Sequence[Pair], kept: Sequence[Pair], usd_by_kind: dict[str, float]
) -> list[dict[str, Any]]:
    """One row for each kind, in the recipe's order; ready pairs, which nobody asked for, come last.

    Args:
        requests: all that was asked.
        made: the pairs that came of it, each with its evidence, and ready pairs.
        kept: those of them that the checks let pass.
        usd_by_kind: what the answers cost.

    Returns:
        For each kind: `requests`; pairs `asked`, `written` and `kept`; their shares of all pairs asked and kept;
        `words_asked` (fewest, most), `words` of the kept ones (tenth, fiftieth and ninetieth percentile); `usd`, and
        `usd_per_kept`.
    """
    asked: Counter[str] = Counter()
    pairs_asked: Counter[str] = Counter()
    words_asked: dict[str, tuple[int, int]] = {}
    for request in requests:
        asked[request.kind] += 1
        pairs_asked[request.kind] += request.pairs
        words_asked.setdefault(request.kind, request.words)
    by_kind: defaultdict[str, list[int]] = defaultdict(list)
    for pair in kept:
        by_kind[pair.kind].append(count_words(pair.response))
    written: defaultdict[str, int] = defaultdict(int)
    for pair in made:
        written[pair.kind] += 1
    all_asked = pairs_asked.total()
    rows = []
    for kind in dict.fromkeys([*asked, *written]):
        wanted = pairs_asked[kind]
        words = sorted(by_kind[kind])
        usd = usd_by_kind.get(kind, 0.0)
        rows.append(
            {
                "kind": kind,
                "requests": asked[kind],
                "asked": wanted,
                "written": written[kind],
                "kept": len(words),
                "share_asked": round(wanted / all_asked, 4) if all_asked else 0.0,
                "share_kept": round(len(words) / len(kept), 4) if kept else 0.0,
                "words_asked": list(words_asked[kind]) if kind in words_asked else None,
                "words": [_percentile(words, share) for share in (0.1, 0.5, 0.9)] if words else None,
                "usd": round(usd, 6),
                "usd_per_kept": round(usd / len(words), 6) if words else None,
            }
        )
    return rows


def mix_lines(mix: Sequence[dict[str, Any]]) -> list[str]:
    """The rows as a table in plain text: asked against got."""
    lines = [f"{'kind':<16} {'pairs asked':>12} {'written':>8} {'kept':>6} {'share':>13}   {'words asked':<11} {'got':<13} cost"]
    for row in mix:
        asked = f"{row['words_asked'][0]}-{row['words_asked'][1]}" if row["words_asked"] else ""
        got = "{}, {}, {}".format(*row["words"]) if row["words"] else ""
        share = f"{row['share_asked']:.0%} -> {row['share_kept']:.0%}" if row["asked"] else f"{row['share_kept']:.0%}"
        each = f"${row['usd_per_kept']:.4f} a pair" if row["kept"] else "and nothing kept"
        cost = f"${row['usd']:.2f}, {each}" if row["usd"] else ""
        pairs = f"{row['asked'] or '':>12} {row['written']:>8} {row['kept']:>6}"
        lines.append(f"{row['kind']:<16} {pairs} {share:>13}   {asked:<11} {got:<13} {cost}".rstrip())
    return lines


def _percentile(ordered: Sequence[int], share: float) -> int:
    """The nearest-rank percentile of ascending numbers."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
