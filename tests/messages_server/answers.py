"""Composes answers: deterministic, bound to the schema, made of the passage in the prompt.

Specification: platform.claude.com/docs/en/api — "Messages" (response), "Structured outputs" (`output_config.format`),
"Handling stop reasons", "Streaming Messages" (events).

What a prompt may say to steer it, all in the messages of the user:

    <document …>the passage</document>      the first such block; an inner <document_content> is honoured
    <task … count="3" words="40-150" …>     how many objects the list in the schema is to hold, how long a response is

A schema is filled by the names of its fields (QUOTE, QUESTION, RESPONSE, REASON below); other strings become a few
words of the passage. The i-th object of a list is about one sentence of the passage, and quotes it verbatim.
"""

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from .api import as_blocks, tokens
from .faults import Fault

DOCUMENT = re.compile(r"<document(?:\s[^>]*)?>(.*?)</document>", re.DOTALL)
INNER = re.compile(r"<document_content>(.*?)</document_content>", re.DOTALL)
TASK = re.compile(r"<task\b([^>]*)>")
ATTRIBUTE = re.compile(r"""([\w-]+)\s*=\s*["']([^"']*)["']""")
APART = re.compile(r"\n\s*\n|^(?:#|---|```|\|).*$", re.MULTILINE)
SENTENCE = re.compile(r"""\S.*?(?:[.!?…]+["'”’)\]*_]*(?=\s|$)|$)""", re.DOTALL)
WORD = re.compile(r"[^\W\d_][\w'’-]*")

QUOTE = re.compile(r"quote|evidence|excerpt|verbatim|citation|source_text")
QUESTION = re.compile(r"instruction|question|prompt|query|premise|dilemma")
RESPONSE = re.compile(r"response|answer|completion|chosen|rejected|reply|essay|reflection|decision|statement|text|content")
REASON = re.compile(r"reason|why|explanation|rationale|comment|note|correction|description|summary|message")

COMMON = """
a about above after again against all also always am among an and any are as at be because been before being below
between both but by can cannot could did do does doing done down each either else even ever every few for from
further had has have having he her here hers herself him himself his how i if in indeed into is it its itself just
let like made make many may me might mine more most much must my myself never no nor not nothing now of off often
on once one only or other others ought our ours ourselves out over own rather same say shall she should since so
some such than that the their theirs them themselves then there therefore these they thing things this those though
through thus to too under until up upon us very was we were what when where whether which while who whom whose why
will with within without would yet you your yours yourself"""
STOP = frozenset(COMMON.split())
SWAPS = {
    "however": "yet", "therefore": "so", "because": "since", "although": "though", "upon": "on", "perhaps": "maybe",
    "begin": "start", "begins": "starts", "whole": "entire", "always": "at all times", "often": "many times",
    "must": "have to", "large": "big", "little": "small", "each": "every", "cannot": "can't", "also": "too",
    "merely": "only", "nevertheless": "still", "thus": "so", "shall": "will", "among": "amid", "near": "close to",
}  # fmt: skip
SWAPPED = re.compile(rf"\b(?:{'|'.join(SWAPS)})\b", re.IGNORECASE)
MARKDOWN = re.compile(r"\[([^\]]*)\]\([^)]*\)|[*_`>]")
QUESTIONS = """How does {a} bear on {b}?
What do you make of {a} and {b}?
Why does {a} matter where {b} is concerned?
When you think of {a}, what has {b} to do with it?
Could you tell me what {a} taught you about {b}?
Is there really {b} in {a}?
Where would you look for {a}, if not in {b}?
Someone told me that {a} and {b} have little in common. Do they?
What would be lost if {a} were taken from {b}?
Who needs {a} more than {b}?
I keep coming back to {b}. What is {a} to it?
Say something of {a}; I would like to hear about {b} as well.
What comes first, {a} or {b}?
How should a young person think of {a} and {b}?
What changed your mind about {a}, and about {b}?
Have you ever had to choose between {a} and {b}?
What do people get wrong about {a} when they speak of {b}?
If I had one afternoon, how could I learn {a} by way of {b}?
Does {b} ask too much of {a}?
Which part of {a} do you see in {b}?
Can {a} be trusted with {b}?
What did {a} look like before {b}?
Help me see {a} as you see {b}.
What is the use of {a} without {b}?
Do you remember how {a} came to {b}?
Is {a} a matter of {b}, or of something else?""".splitlines()
OPENERS = """I would put it this way.
Let me answer from what I have seen.
That is a fair thing to ask.
It took me years to find words for it.
Here is what I hold to.
My answer is plain.
You will find your own words in time.
I have turned this over on many walks.
Begin with what is near.
There are two sides to it.
No rule will settle it.
I would rather show than argue.
Ask it again in ten years.
Look closely, first of all.
I can only speak for myself.
It is simpler than it seems.""".splitlines()
FILLERS = """If you hold {a} beside {b} for a while, each explains a part of the other.
I never met {a} without a trace of {b} in it, and I have stopped being surprised.
Take {a} away, and what remains of {b} is hardly worth a name.
A friend once asked me for a rule about {a}; I could only point to {b}.
Whoever waits for {b} before they trust {a} will wait long.
There is a season for {a}, as there is one for {b}, and neither hurries.
What I learned of {b} I learned slowly, with {a} close at hand.
The best I know of {a} was told to me by someone who knew nothing of {b}.
Most talk of {a} forgets {b}, and is the poorer for it.
Go and see {b} for yourself; then come back and we will speak of {a}.""".splitlines()


@dataclass(frozen=True, slots=True)
class Passage:
    """The source in a prompt: its sentences, verbatim, those fit to be quoted, and all of it in lower case."""

    sentences: tuple[str, ...]
    quotable: tuple[int, ...]
    lowered: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where in an answer a value is being written."""

    passage: Passage
    definitions: dict[str, Any]
    salt: int
    count: int
    words: tuple[int, int]
    item: int = 0
    outermost: bool = True

    def sentence(self) -> int:
        """The sentence that this object of the list is about; different ones as long as there are enough."""
        quotable = self.passage.quotable
        stride = max(1, len(quotable) // max(1, self.count))
        return quotable[(self.salt + self.item * stride) % len(quotable)]


# --- reading the prompt ---


def user_text(body: dict[str, Any]) -> str:
    """Every text that the user's messages hold."""
    texts = []
    for message in body["messages"]:
        if message["role"] == "user":
            texts += [block["text"] for block in as_blocks(message["content"]) if block["type"] == "text"]
    return "\n".join(texts)


def read_prompt(body: dict[str, Any], content: str, definitions: dict[str, Any]) -> Place:
    """Passage, count and lengths that a prompt asks for."""
    text = user_text(body)
    document = DOCUMENT.search(text)
    source = document[1] if document else re.sub(r"<[^>]*>", " ", text)
    if inner := INNER.search(source):
        source = inner[1]
    task = TASK.search(text)
    given = dict(ATTRIBUTE.findall(task[1])) if task else {}
    count = int(given["count"]) if given.get("count", "").isdigit() else 1
    words = [int(number) for number in re.findall(r"\d+", given.get("words", ""))]
    low, high = (words[0], words[1]) if len(words) > 1 else (40, 150)
    return Place(read_passage(source), definitions, int(content[:12], 16), count, (low, high))


@lru_cache(maxsize=2048)
def read_passage(source: str) -> Passage:
    """Split a source into its sentences; headings, rules and fences of Markdown are not among them."""
    found = [sentence for paragraph in APART.split(source) for sentence in SENTENCE.findall(paragraph)]
    sentences = [sentence for sentence in found if len(sentence) > 30 or WORD.search(sentence)]
    sentences = sentences or [source.strip() or "There is nothing here."]
    lengths = [len(sentence.split()) for sentence in sentences]
    quotable = [at for at, length in enumerate(lengths) if 6 <= length <= 60] or list(range(len(sentences)))
    return Passage(tuple(sentences), tuple(quotable), source.lower())


def distinctive(passage: Passage, sentence: str, most: int) -> list[str]:
    """The words of a sentence that say most: rare in the passage, then long."""
    found = {word for word in WORD.findall(sentence.lower()) if len(word) > 3 and word not in STOP}
    return sorted(found, key=lambda word: (passage.lowered.count(word), -len(word), word))[:most] or ["it"]


# --- writing ---


def question(place: Place) -> str:
    """A question made of the sentence's distinctive words."""
    words = distinctive(place.passage, place.passage.sentences[place.sentence()], 4)
    a = words[(place.salt // 31 + place.item) % len(words)]
    b = next((word for word in words if word != a), "the rest")
    asked = QUESTIONS[(place.salt + 7 * place.item) % len(QUESTIONS)].format(a=a, b=b)
    return asked[0].upper() + asked[1:]


@lru_cache(maxsize=8192)
def reworded(sentence: str) -> str:
    """The sentence without its Markdown and line breaks, some common words exchanged for their like."""
    plain = MARKDOWN.sub(lambda match: match[1] or "", sentence)
    return " ".join(SWAPPED.sub(_exchange, plain).split())


def _exchange(match: re.Match[str]) -> str:
    other = SWAPS[match[0].lower()]
    return other.capitalize() if match[0][0].isupper() else other


def prose(place: Place, salt: int) -> str:
    """Sentences of and around the passage, as many words as were asked for."""
    low, high = place.words
    sentences = place.passage.sentences
    draw = random.Random(place.salt * 17 + salt * 131 + place.item)
    goal = draw.randint(low, max(low, min(high, low + (high - low) * 2 // 3)))
    start = place.sentence() + salt % 5
    if start >= len(sentences):
        start = place.sentence()
    words = draw.choice(OPENERS).split()
    for at in range(len(sentences)):
        if len(words) >= goal:
            break
        words += reworded(sentences[(start + at) % len(sentences)]).split()
    first = draw.randrange(len(FILLERS))
    turn = 0
    while len(words) < goal:
        told = distinctive(place.passage, sentences[(start + turn) % len(sentences)], 6)
        a, b = told[turn % len(told)], told[(turn + 1) % len(told)]
        words += FILLERS[(first + turn) % len(FILLERS)].format(a=a, b=b if b != a else "the rest").split()
        turn += 1
    if len(words) > high:
        words = [*words[: high - 1], words[high - 1].rstrip(".,;:—–-") + "."]
    return " ".join(words)


def written(name: str, place: Place) -> str:
    """A string for the field `name`."""
    role, salt = role_of(name)
    sentence = place.passage.sentences[place.sentence()]
    if role == "quote":
        return sentence
    if role == "question":
        return question(place)
    if role == "response":
        return prose(place, salt)
    if role == "reason":
        return reworded(sentence)
    return " ".join(distinctive(place.passage, sentence, 1 + (salt + place.salt) % 3))


@lru_cache(maxsize=1024)
def role_of(name: str) -> tuple[str, int]:
    """What a field's name asks for, and a number that lets two responses in one object differ."""
    field = name.lower()
    salt = 0 if field in {"response", "answer", "completion", "chosen"} else sum(field.encode())
    roles = {"quote": QUOTE, "question": QUESTION, "response": RESPONSE, "reason": REASON}
    return next((role for role, names in roles.items() if names.search(field)), "words"), salt


FORMATS = {
    "date-time": "2026-01-31T12:00:00Z", "date": "2026-01-31", "time": "12:00:00Z", "duration": "P1D",
    "email": "someone@example.org", "hostname": "example.org", "uri": "https://example.org/", "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1", "uuid": "00000000-0000-4000-8000-000000000000",
}  # fmt: skip


def fill(schema: dict[str, Any], name: str, place: Place) -> Any:
    """A value that satisfies `schema`."""
    if "$ref" in schema:
        return fill(place.definitions[schema["$ref"].rsplit("/", 1)[-1]], name, place)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][(place.salt + place.item) % len(schema["enum"])]
    for group in ["anyOf", "oneOf"]:
        if group in schema:
            choices = [choice for choice in schema[group] if choice.get("type") != "null"] or schema[group]
            return fill(choices[0], name, place)
    if "allOf" in schema:
        merged: dict[str, Any] = {"properties": {}}
        for part in schema["allOf"]:
            resolved = place.definitions[part["$ref"].rsplit("/", 1)[-1]] if "$ref" in part else part
            properties = {**merged["properties"], **resolved.get("properties", {})}
            merged = {**merged, **resolved, "properties": properties}
        return fill(merged, name, place)
    kind = schema.get("type", "object" if "properties" in schema else "string")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "null")
    if kind == "object":
        return {key: fill(part, key, place) for key, part in schema.get("properties", {}).items()}
    if kind == "array":
        length = place.count if place.outermost else 2
        length = max(length, schema.get("minItems", 0))
        inner = replace(place, outermost=False, count=length) if place.outermost else place
        item = schema.get("items", {"type": "string"})
        return [fill(item, name, replace(inner, item=inner.item + at)) for at in range(length)]
    if kind == "integer":
        return 3 + (place.salt + place.item) % 3  # a mark out of five, most of the time
    if kind == "number":
        return 0.5 + (place.salt + place.item) % 50 / 100
    if kind == "boolean":
        return True
    if kind == "null":
        return None
    return FORMATS.get(schema.get("format", ""), "") or written(name, place)


def misfit(schema: dict[str, Any]) -> Any:
    """JSON that the schema does not allow."""
    name = next(iter(schema.get("properties", {})), "value")
    return {name: {"unexpected": None}, "surplus": True}


# --- the Message ---

REFUSED = "This request was declined."


def message(body: dict[str, Any], content: str, input_usage: dict[str, Any], fault: Fault, number: int) -> dict[str, Any]:
    """The Message that answers `body`; `content` is its hash, `number` makes the id unique."""
    schema = ((body.get("output_config") or {}).get("format") or {}).get("schema")
    limit = body["max_tokens"]
    reason, sequence, details = "end_turn", None, None
    definitions = {**schema.get("definitions", {}), **schema.get("$defs", {})} if schema else {}
    place = read_prompt(body, content, definitions)
    if fault.kind == "refusal":
        text, reason = fault.text, "refusal"
        details = {"type": "refusal", "category": fault.category, "explanation": REFUSED}
    elif schema is None:
        text = prose(place, 0)
    else:
        value = misfit(schema) if fault.kind == "wrong_schema" else fill(schema, "", place)
        text = json.dumps(value, ensure_ascii=False)
    if fault.kind in {"cut_json", "max_tokens"}:
        text = text[: len(text) * 3 // 5]
    for stop in body.get("stop_sequences") or []:
        if (at := text.find(stop)) >= 0:
            text, reason, sequence = text[:at], "stop_sequence", stop
    if fault.kind == "max_tokens" or tokens(text) > limit:
        text, reason, sequence = text[: limit * 4], "max_tokens", None
    output_tokens = tokens(text) or (1 if limit else 0)
    return {
        "id": f"msg_01{content[:16]}{number:06d}",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": [{"type": "text", "text": text, "citations": None}] if text else [],
        "stop_reason": reason,
        "stop_sequence": sequence,
        "stop_details": details,
        "container": None,
        "usage": {**input_usage, "output_tokens": output_tokens, "service_tier": "standard"},
    }


def events(whole: dict[str, Any]) -> Iterator[bytes]:
    """The server-sent events that carry a Message when `stream` is true."""
    start = {**whole, "content": [], "stop_reason": None, "stop_sequence": None, "stop_details": None}
    start["usage"] = {**whole["usage"], "output_tokens": 1}
    yield _event({"type": "message_start", "message": start})
    for at, block in enumerate(whole["content"]):
        empty = {**block, "text": ""}
        yield _event({"type": "content_block_start", "index": at, "content_block": empty})
        yield _event({"type": "ping"})
        for begin in range(0, len(block["text"]), 200):
            delta = {"type": "text_delta", "text": block["text"][begin : begin + 200]}
            yield _event({"type": "content_block_delta", "index": at, "delta": delta})
        yield _event({"type": "content_block_stop", "index": at})
    delta = {name: whole[name] for name in ["stop_reason", "stop_sequence", "stop_details", "container"]}
    usage = {name: value for name, value in whole["usage"].items() if name.endswith("_tokens")}
    yield _event({"type": "message_delta", "delta": delta, "usage": usage})
    yield _event({"type": "message_stop"})


def _event(value: dict[str, Any]) -> bytes:
    return f"event: {value['type']}\ndata: {json.dumps(value, ensure_ascii=False)}\n\n".encode()
