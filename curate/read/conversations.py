"""Make pairs from conversations: a message to the author, and the author's answer. Mail and chats are treated alike.

Messages that one person sends in one go are a turn. A turn of the author that answers another person's turn is a response. If the
two were talking already, their earlier turns are part of the prompt. Pairs that make no sense alone are left out and counted.
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
from curate.read.mail import mail_messages, one_mailbox
from curate.read.mailboxes import is_mail
from curate.read.message import Message

ONE_GO = 10 * 60
"""Most seconds between two messages of one turn, and between turns of several people that the author answers together."""
LONG_SILENCE = 3 * 60 * 60
"""Seconds of silence after which the next message begins a new conversation, unless it names the message that it answers."""
QUESTION_WAITS = 24 * 60 * 60
"""Seconds within which an answer to a question still counts as one: people may answer the next day."""
FEWEST_WORDS = 5
"""A shorter answer (`That is good`) makes no sense without its conversation, unless it answers a question."""
FEWEST_WORDS_TO_A_QUESTION = 3
FEWEST_WORDS_BESIDE = 8
"""A shorter remark beside a picture (`Look at this one`) says nothing without it."""
FEWEST_WORDS_ASKED = 3
EARLIER_TURNS = 4
MOST_WORDS_BEFORE = 200
"""Most words of earlier turns that are added to a question."""

LINK = re.compile(r"\b(?:https?://|www\.)\S+")
EMOJI_CODE = re.compile(r":[a-z0-9_+'-]{1,50}:")
DANGLING = re.compile(
    r"(?:(?:yes|yeah|yep|no|nope|ok|okay|sure|ja|nein|oui|non|sí)[,.! ]+"
    r"(?:that|this|these|those|it|him|her|them|the (?:first|second|last|other)|das|die|den|der|celui|celle|ese|esa)\b"
    r"|(?:that|this|the (?:first|second|last|other|former|latter)) one\b|(?:same|both|neither|ditto)\b)",
    re.IGNORECASE,
)
QUESTION = re.compile(r"[?？؟⁇՞፧\u037e]|(?<=[\u0370-\u03ff\u1f00-\u1fff]);")
"""A question mark, also the Greek, Arabic, Armenian, Ethiopic and full-width one."""
ASKING = re.compile(
    r"(?:^|[.!?…,;]\s{1,3}|\n)(?:(?:and|so|but|und|aber|et|mais|y|pero|e|ma) )?"
    r"(?:how|what|when|where|which|who|why|wann|warum|was|wer|wie|wo|comment|où|pourquoi|quand|quel\w{0,3}|qui"
    r"|cómo|cuándo|dónde|qué|quién|come|cosa|dove|quando|como|onde|quem|hoe|wat|waar)\s",
    re.IGNORECASE,
)
"""A question by its first word: in chats people leave the question mark out."""
NODDING = re.compile(
    r"(?:ok(?:ay)?|y(?:es|eah|ep|up)|nope?|sure|than(?:ks?|x)|thx|will do|ja|nein|danke|klar|gerne?|oui|non|merci|d[’']accord"
    r"|sí|gracias|vale|claro|va bene|grazie|sim|não|obrigad[oa]|tak|nie|dzięki|nee|да|нет|спасибо|כן|לא|תודה|نعم|لا|شكرا)\b",
    re.IGNORECASE,
)
"""How short answers begin that say nothing by themselves: `Thanks, will do`."""
SPACELESS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
GONE = "with a picture, a file or a message that is gone"
"""Why no pair is made of messages that say too little without a picture, a file or a message that is not in the export."""
POINTING = re.compile(
    r"\b(?:this|these|those|that one|here|look|see|dies\w{0,2}|das hier|hier|schau|guck|est[aeo]s?|mira|aqu[ií]|ceci|cela|ça"
    r"|celui|regarde|voici|quest[aeio]|guarda|ecco|ist[ao]|iss[ao]|olha|deze|kijk|tego|patrz|этот|эта|эти|вот|смотри|هذا|هذه|انظر|תראה|şu)\b"
    r"|これ|この|それ|ほら|看|이거|이것|이게|여기",
    re.IGNORECASE,
)
"""Words that point at something beside the message, such as a picture. A short message with one of them asks about that."""
DANGLING_WORDS = 15
"""An answer of at least so many words is understood by itself, even if it begins with `Yes, that one`."""


def read_messages(path: Path, stage: Stage | None = None) -> list[Message]:
    """The messages of a mailbox or a chat export. Parts that cannot be read as messages are counted in `stage`.

    Raises:
        Unreadable: it is neither, or is damaged.
    """
    if is_mail(path):
        return one_mailbox(mail_messages(path))
    return list(chat_messages(path, stage or Stage("read")))


def missing_author(author: str, senders: Counter[tuple[str, ...]]) -> str | None:
    """An error text if no sender has the author's name; None if one has."""
    known = _names_of(author)
    if any(_is(sender, known) for sender in senders):
        return None
    most = ", ".join(sender[0] for sender, _ in senders.most_common(6) if sender)
    return f"has no message from {author}; most are from {most or 'nobody'}. Correct `author`"


@dataclass(slots=True)
class Said:
    """A turn: what one person sent in one go."""

    messages: list[Message]
    text: str
    beside: bool = False
    """Whether it has more than its words: a picture, a file, or a quote from somebody else."""
    answers: Said | None = None
    """The turn that it answers, if that is known."""
    previous: Said | None = None
    """The turn before it in its thread."""
    conversation: str = ""
    """Id of the message that began the conversation."""

    @property
    def sender(self) -> tuple[str, ...]:
        """The names of the person who sent it."""
        return self.messages[0].sender

    @property
    def reply_to(self) -> str:
        """Id of the message that it answers, if the export names one."""
        return self.messages[0].reply_to


def pairs_of(messages: Iterable[Message], name: str, author: str, stage: Stage) -> list[Pair]:
    """The author's answers, each with the turns that it answers. Turns that make no pair are counted in `stage`.

    Pairs of one conversation name one document, `NAME#…`, so that no conversation is split between training and validation.

    Args:
        messages: of one mailbox or export, in any order.
        name: of the file, as pairs name it.
        author: the name, address or user id whose answers are the responses.
        stage: counts what is left out.
    """
    known = _names_of(author)
    pairs = []
    for said in _linked(messages, known):
        if not _is(said.sender, known):
            continue
        asked = said.answers or _quoted_by(said)
        if asked is None:
            stage.count("what it answers is not in the file" if said.reply_to else "not an answer")
        elif _is(asked.sender, known) or (said.answers is None and _names(said.messages[0].quoted_from, known)):
            stage.count("answers the author's own message")
        elif not _goes_on(asked, said, known):
            stage.count("after a long silence")
        else:
            row = [asked] if said.reply_to or not asked.text else _row(asked, known)
            prompt = [*_before(row[0], known), Turn("user", "\n".join(each.text for each in row))]
            if reason := _wordless(asked) or _wordless(said) or _senseless(prompt, said):
                stage.count(reason)
            else:
                pairs.append(_pair(name, said, prompt))
    return pairs


def _quoted_by(said: Said) -> Said | None:
    """The quote in a mail as a turn, for when the mail that it answers is missing: many people keep only what they sent."""
    mail = said.messages[0]
    if not said.reply_to or not mail.quoted or not said.text:
        return None
    return Said([Message(said.reply_to, mail.time, (), mail.quoted, mail.thread)], mail.quoted, conversation=f"#{said.reply_to}")


def _names(introduction: str, known: set[str]) -> bool:
    """Whether the lines that introduce a quote name the author."""
    return any(name in introduction.casefold() for name in known if name)


def _names_of(author: str) -> set[str]:
    """The author as the recipe names them and, for `Me <me@example.com>`, the address too."""
    return {author.strip().casefold()} | {address.casefold() for _, address in getaddresses([author]) if address}


def _is(sender: tuple[str, ...], known: set[str]) -> bool:
    return any(name.casefold() in known for name in sender)


def _linked(messages: Iterable[Message], known: set[str]) -> Iterator[Said]:
    """All turns, thread by thread, each linked to the turn that it answers: the one that it names, else the one before it."""
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
            said.previous = before
            before = said
    for thread in turns:
        for said in thread:
            _name_conversation(said, known)
            yield said


def _silence(asked: Said, said: Said) -> float:
    """Seconds between two turns."""
    return said.messages[0].time - asked.messages[-1].time


def _goes_on(asked: Said, said: Said, known: set[str]) -> bool:
    """Whether a turn continues the conversation: it names the message that it answers, or follows soon enough.

    After a question to the author more time may pass (`QUESTION_WAITS`) than otherwise (`LONG_SILENCE`).
    """
    if said.reply_to:
        return True
    a_question = not _is(asked.sender, known) and _is(said.sender, known) and QUESTION.search(asked.text)
    return _silence(asked, said) <= (QUESTION_WAITS if a_question else LONG_SILENCE)


def _row(asked: Said, known: set[str]) -> list[Said]:
    """The turns of other people right before the author's: in a group, somebody's remark may follow the question."""
    row = [asked]
    words = len(asked.text.split())
    while not row[0].reply_to and (before := row[0].previous) and before.text and not before.reply_to:
        words += len(before.text.split())
        if before.beside or _is(before.sender, known) or _silence(before, row[0]) > ONE_GO or words > MOST_WORDS_BEFORE:
            break
        row.insert(0, before)
    return row


def _name_conversation(said: Said, known: set[str]) -> None:
    """Set the conversation of a turn, and of the turns that it follows from: the id of the first message."""
    chain = [said]
    while not (last := chain[-1]).conversation:
        last.conversation = f"#{last.messages[0].id}"  # set first, so that a circle of replies ends
        if last.answers and _goes_on(last.answers, last, known):
            chain.append(last.answers)
    for each in chain:
        each.conversation = chain[-1].conversation


def _turns(messages: Iterable[Message]) -> list[Said]:
    """The turns of one thread: messages that one person sent in one go are joined."""
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
    return [
        Said(turn, "\n".join(m.text for m in turn if m.text), any(m.pictured or not (m.text or m.deleted) for m in turn))
        for turn in turns
    ]


def _before(asked: Said, known: set[str]) -> list[Turn]:
    """Earlier turns between the author and the person who asks, if they were talking already; the first is that person's."""
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


def _wordless(said: Said) -> str:
    """Why a turn has no text, if the export gives a reason; "" otherwise."""
    return "" if said.text else next((message.wordless for message in said.messages if message.wordless), "")


def _senseless(prompt: list[Turn], said: Said) -> str | None:
    """Why a pair makes no sense by itself; None if it does."""
    answer = said.text
    asked = LINK.sub(" ", prompt[-1].content)
    if not asked or not answer:
        return GONE
    fewest_beside = FEWEST_WORDS if QUESTION.search(asked) else FEWEST_WORDS_BESIDE
    if said.answers and said.answers.beside and len(_words(asked)) < fewest_beside and POINTING.search(asked):
        return GONE
    if not _words(asked) or not _words(answer):
        return "only a link or an emoji"
    question = bool(QUESTION.search(asked))
    says = (question or ASKING.search(asked)) and not NODDING.match(answer) and not SPACELESS.search(answer)
    fewest = FEWEST_WORDS_TO_A_QUESTION if says else FEWEST_WORDS
    if len(_words(answer)) < fewest or (len(prompt) == 1 and len(_words(asked)) < FEWEST_WORDS_ASKED - question):
        return "too short to stand alone"
    if len(prompt) == 1 and len(_words(answer)) < DANGLING_WORDS and DANGLING.match(answer):
        return "points at something that is not there"
    return None


def _words(text: str) -> list[str]:
    """Words, without links and emoji; in Chinese and Japanese, which have no blanks between words, characters."""
    return re.findall(r"[\u3040-\u30ff\u3400-\u9fff]|\w+(?:['’-]\w+)*", EMOJI_CODE.sub(" ", LINK.sub(" ", text)))


def _pair(name: str, said: Said, prompt: list[Turn]) -> Pair:
    identifier = said.messages[0].id
    name = said.messages[0].file or name
    return Pair(
        id=f"conversation-{content_hash(name, identifier, prompt[-1].content, said.text, length=12)}",
        kind="conversation",
        prompt=tuple(prompt),
        response=said.text,
        document=f"{name}#{content_hash(said.conversation, length=8)}",
    )
