"""Conversations become pairs: what the author answered, to what was asked. Mail and chats are read alike.

What one person sends in one go is a turn. The author's turn that answers another person's is a response; where the two were
talking already, the turns before go with it. What makes no sense without more than that is left out and counted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.utils import getaddresses
from pathlib import Path

from curate.model import Pair, Stage, Turn, content_hash
from curate.read.chats import chat_messages
from curate.read.mail import mail_messages
from curate.read.message import Message

ONE_GO = 5 * 60
"""Seconds between messages of one person that are one turn."""
LONG_SILENCE = 3 * 60 * 60
"""Seconds after which what is said next begins a new conversation, unless it says that it answers."""
FEWEST_WORDS = 8
"""A shorter answer (`Thanks, will do`) makes no sense without its conversation."""
FEWEST_WORDS_ASKED = 3
EARLIER_TURNS = 4
MOST_WORDS_BEFORE = 200
"""Words of earlier turns that go with a question."""

LINK = re.compile(r"\b(?:https?://|www\.)\S+")
EMOJI_CODE = re.compile(r":[a-z0-9_+'-]{1,50}:")
DANGLING = re.compile(
    r"(?:(?:yes|yeah|yep|no|nope|ok|okay|sure|ja|nein|oui|non|sí)[,.! ]+"
    r"(?:that|this|these|those|it|him|her|them|the (?:first|second|last|other)|das|die|den|der|celui|celle|ese|esa)\b"
    r"|(?:that|this|the (?:first|second|last|other|former|latter)) one\b|(?:same|both|neither|ditto)\b)",
    re.IGNORECASE,
)
DANGLING_WORDS = 15
"""A longer answer says what it means, even if it begins with `Yes, that one`."""


def read_messages(path: Path) -> list[Message]:
    """The messages of a mailbox or a chat export.

    Raises:
        Unreadable: it is neither, or is damaged.
    """
    return list(mail_messages(path) if path.suffix.lower() == ".mbox" else chat_messages(path))


def missing_author(author: str, senders: Counter[tuple[str, ...]]) -> str | None:
    """Why nothing can be learnt from the author: nobody is called so. None where somebody is."""
    known = _names_of(author)
    if any(_is(sender, known) for sender in senders):
        return None
    most = ", ".join(sender[0] for sender, _ in senders.most_common(6) if sender)
    return f"has no message from {author}; most are from {most or 'nobody'}. Mend `author`"


@dataclass(slots=True)
class Said:
    """A turn: what one person sent in one go."""

    messages: list[Message]
    text: str
    answers: Said | None = None
    """The turn that it answers, as far as can be told."""
    conversation: str = ""
    """Id of the message that began the conversation."""

    @property
    def sender(self) -> tuple[str, ...]:
        """Who."""
        return self.messages[0].sender

    @property
    def reply_to(self) -> str:
        """Id of the message that it says it answers."""
        return self.messages[0].reply_to


def pairs_of(messages: Iterable[Message], name: str, author: str, stage: Stage) -> list[Pair]:
    """The author's answers, each with what it answers; what is left out is counted in `stage`.

    Pairs of one conversation name one document, `NAME#…`, so that no conversation is split between training and validation.
    """
    known = _names_of(author)
    pairs = []
    for said in _linked(messages):
        if not _is(said.sender, known):
            continue
        asked = said.answers
        if asked is None:
            stage.count("what it answers is not in the file" if said.reply_to else "not an answer")
        elif _is(asked.sender, known):
            stage.count("answers the author's own message")
        elif not said.reply_to and said.messages[0].time - asked.messages[-1].time > LONG_SILENCE:
            stage.count("after a long silence")
        else:
            prompt = [*_before(asked, known), Turn("user", asked.text)]
            if reason := _senseless(prompt, said.text):
                stage.count(reason)
            else:
                pairs.append(_pair(name, said, prompt))
    return pairs


def _names_of(author: str) -> set[str]:
    """The author as written, and of `Me <me@example.com>` the address."""
    return {author.strip().casefold()} | {address.casefold() for _, address in getaddresses([author]) if address}


def _is(sender: tuple[str, ...], known: set[str]) -> bool:
    return any(name.casefold() in known for name in sender)


def _linked(messages: Iterable[Message]) -> Iterator[Said]:
    """Every turn, thread by thread, linked to the one that it answers: the one it names, or else the one before it."""
    threads: dict[str, list[Message]] = {}
    for message in messages:
        threads.setdefault(message.thread, []).append(message)
    turns = [_turns(sorted(thread, key=lambda message: message.time)) for thread in threads.values()]
    named = {said.reply_to for thread in turns for said in thread if said.reply_to}
    by_message = {message.id: said for thread in turns for said in thread for message in said.messages if message.id in named}
    for thread in turns:
        before: Said | None = None
        for said in thread:
            said.answers = by_message.get(said.reply_to) if said.reply_to else before
            goes_on = said.answers and (said.reply_to or said.messages[0].time - said.answers.messages[-1].time <= LONG_SILENCE)
            said.conversation = (goes_on and said.answers and said.answers.conversation) or said.messages[0].id
            before = said
            yield said


def _turns(messages: Iterable[Message]) -> list[Said]:
    """Messages of one thread, those that one person sent in one go together. A picture among them leaves the turn no text."""
    turns: list[list[Message]] = []
    for message in messages:
        last = turns[-1][-1] if turns else None
        if (
            last
            and message.sender == last.sender
            and message.time - last.time <= ONE_GO
            and message.reply_to in ("", turns[-1][0].reply_to)
        ):
            turns[-1].append(message)
        else:
            turns.append([message])
    return [Said(turn, "\n".join(m.text for m in turn) if all(m.text for m in turn) else "") for turn in turns]


def _before(asked: Said, known: set[str]) -> list[Turn]:
    """The turns that led to a question, where the author and the one who asks were talking already; begins with theirs."""
    turns: list[Turn] = []
    said = asked
    words = 0
    while len(turns) < EARLIER_TURNS:
        mine = said.answers
        theirs = mine.answers if mine else None
        if mine is None or theirs is None or not _is(mine.sender, known) or theirs.sender != asked.sender:
            break
        words += len(mine.text.split()) + len(theirs.text.split())
        if {mine.conversation, theirs.conversation} != {asked.conversation} or not (mine.text and theirs.text):
            break
        if words > MOST_WORDS_BEFORE:
            break
        turns[:0] = [Turn("user", theirs.text), Turn("assistant", mine.text)]
        said = theirs
    return turns


def _senseless(prompt: list[Turn], answer: str) -> str | None:
    """Why a pair makes no sense by itself; None where it does."""
    asked = prompt[-1].content
    if not asked or not answer:
        return "with a picture, a file or a message that is gone"
    if not _words(asked) or not _words(answer):
        return "only a link or an emoji"
    if len(_words(answer)) < FEWEST_WORDS or (len(prompt) == 1 and len(_words(asked)) < FEWEST_WORDS_ASKED):
        return "too short to stand alone"
    if len(prompt) == 1 and len(_words(answer)) < DANGLING_WORDS and DANGLING.match(answer):
        return "points at something that is not there"
    return None


def _words(text: str) -> list[str]:
    """Words, without links and emoji; of scripts that do not part words, the characters."""
    return re.findall(r"[\u3040-\u30ff\u3400-\u9fff]|\w+(?:['’-]\w+)*", EMOJI_CODE.sub(" ", LINK.sub(" ", text)))


def _pair(name: str, said: Said, prompt: list[Turn]) -> Pair:
    identifier = said.messages[0].id
    return Pair(
        id=f"conversation-{content_hash(name, identifier, prompt[-1].content, said.text, length=12)}",
        kind="conversation",
        prompt=tuple(prompt),
        response=said.text,
        document=f"{name}#{content_hash(said.conversation, length=8)}",
    )
