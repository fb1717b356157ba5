"""Each answer of a conversation is learnt once, also where rows are the beginnings of one another."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from train.template import Message


class Taught:
    """Which answers are learnt already, or are the last of a row of their own, which learns them or holds them out.

    Args:
        conversations: every row of the dataset, those held out too.
    """

    def __init__(self, conversations: Iterable[Sequence[Message]]) -> None:
        self._known = {_beginnings(messages)[-1] for messages in conversations}
        self.again = 0
        """Earlier answers that were not learnt again."""

    def elsewhere(self, messages: Sequence[Message]) -> frozenset[int]:
        """The numbers of a conversation's earlier answers that another row teaches.

        Args:
            messages: of a row.
        """
        marks = _beginnings(messages)
        return frozenset(number for number in _earlier_answers(messages) if marks[number] in self._known)

    def learnt(self, messages: Sequence[Message]) -> None:
        """Note that a row is learnt, with its earlier answers but those that another row teaches."""
        marks, skipped = _beginnings(messages), self.elsewhere(messages)
        self._known |= {marks[number] for number in _earlier_answers(messages)}
        self.again += len(skipped)


def _earlier_answers(messages: Sequence[Message]) -> list[int]:
    return [number for number, message in enumerate(messages[:-1]) if message["role"] == "assistant"]


def _beginnings(messages: Sequence[Message]) -> list[bytes]:
    """For each message, what tells the conversation up to it from every other."""
    so_far, found = hashlib.sha256(), []
    for message in messages:
        for text in (message["role"], message["content"].strip()):
            so_far.update(f"{len(text)} {text}".encode("utf-8", "surrogatepass"))
        found.append(so_far.digest())
    return found
