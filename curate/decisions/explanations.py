"""People's own explanations of terms: they hold for every draft of a term's set, and without one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from curate.model import ContrastSet, Explanation, TermDecision, content_hash
from likeness.metrics.distinctive import key_of
from likeness.metrics.wording import Tongue


def explained(
    sets: Sequence[ContrastSet], explanations: Sequence[Explanation], decisions: Sequence[TermDecision]
) -> tuple[dict[str, str], list[ContrastSet]]:
    """The newest explanation for each set, by the set's id; and an empty set for each explained term that has no set.

    Args:
        sets: as the generator drafted them.
        explanations: of people, oldest first.
        decisions: of people about terms, oldest first. Dismissed terms are left out; a merged term's explanation counts for
            the other one.
    """
    texts: dict[str, str] = {}
    others: list[tuple[set[str], Explanation]] = []
    dismissed = dismissed_keys(decisions)
    for each in explanations:
        keys = with_merged({each.key} if each.key else keys_of(each.term), decisions)
        if keys & dismissed:
            continue
        names = [drafted.id for drafted in sets if drafted.key and drafted.key in keys]
        texts |= dict.fromkeys(names, each.text)
        if not names:
            others = [(known, other) for known, other in others if not known & keys] + [(keys, each)]
    added = []
    for keys, each in others:
        key = min(keys)
        name = f"explained-{content_hash('explained', key, length=12)}"
        added.append(ContrastSet(name, each.term, key, f"explained/{key}", (), ()))
        texts[name] = each.text
    return texts, added


def with_merged(keys: set[str], decisions: Sequence[TermDecision]) -> set[str]:
    """Keys of a term, and of the terms that it was merged into.

    Args:
        keys: of the term.
        decisions: of people about terms, oldest first.
    """
    found = set(keys)
    for merge in decisions:
        if merge.action == "merge" and found & keys_of(merge.term):
            found |= keys_of(merge.into)
    return found


def dismissed_keys(decisions: Sequence[TermDecision]) -> set[str]:
    """Keys of the terms whose last decision was to dismiss them."""
    last = {key: each.action for each in decisions if each.action in ("add", "dismiss") for key in keys_of(each.term)}
    return {key for key, action in last.items() if action == "dismiss"}


def keys_of(typed: str) -> set[str]:
    """The possible keys of a term that a person typed: one for each language, because endings differ."""
    return {key_of(typed, tongue) for tongue in get_args(Tongue)}
