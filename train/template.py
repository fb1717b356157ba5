"""How a base model is asked and how its replies end, found out from its chat template before any weights are loaded.

A row is built from the side that asks: the template renders the prompt with its opening for a reply, exactly as a chat app
will, and the answer and the mark that ends it follow. So the prompt's tokens begin the row whatever the template does to
earlier turns once an answer follows (Mistral's drops the system prompt, reasoning models' open a thought for the reply only).
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from jinja2 import Environment, TemplateSyntaxError, nodes

from likeness.errors import CallError

Message = dict[str, str]

SYSTEM, ASKED, ANSWERED, MORE = "Zebra words stand here.", "Quill words ask this.", "Walnut words say so.", "Ferry words go on."
"""What a template is tried with: words that no template contains."""

FOLD = (
    "{%- if messages and messages[0]['role'] == 'system' -%}"
    "{%- if messages | length > 1 -%}"
    "{%- set messages = [{'role': messages[1]['role'], "
    "'content': messages[0]['content'] + '\\n\\n' + messages[1]['content']}] + messages[2:] -%}"
    "{%- else -%}{%- set messages = [{'role': 'user', 'content': messages[0]['content']}] -%}{%- endif -%}"
    "{%- endif -%}"
)
"""Put before a template that takes no system prompt: the prompt goes into the first question, in every app too."""

DO_NOT_THINK = "{%- set enable_thinking = false -%}"
WRITE_FIRST = "{%%- if add_generation_prompt -%%}{{ %s }}{%%- endif -%%}"

WRITE_BOS = "{{ bos_token }}"
"""Put before a template that leaves BOS to the tokenizer: rows and chat prompts are cut into tokens with nothing added, and only
llama.cpp's apps would add it. Such bases were tuned on rendered texts to which the tokenizer had added it."""

THOUGHTS = {
    "<think>": "</think>",
    "[THINK]": "[/THINK]",
    "<seed:think>": "</seed:think>",
    "<|START_THINKING|>": "<|END_THINKING|>",
    "<thinking>": "</thinking>",
    "<|inner_prefix|>": "<|inner_suffix|>",
    "<|channel>thought": "<channel|>",
}
"""What opens and closes a model's thoughts before its answer."""

PYTHONS_OWN = frozenset(
    "casefold center count encode expandtabs find format_map index isalnum isalpha isascii isdecimal isdigit isidentifier islower"
    " isnumeric isprintable isspace istitle isupper join ljust partition removeprefix removesuffix rfind rindex rjust rpartition"
    " splitlines swapcase translate zfill".split()
)
"""Methods of texts that Jinja in Python has and llama.cpp's server of September 2026 answers with "Callee is not a function"."""

NOW = re.compile(r"""strftime_now\(\s*(["'])([^"'()]*)\1\s*\)""")


@dataclass(frozen=True)
class Template:
    """A base model's chat template as rows are rendered with it and as it is exported, and how a reply ends.

    `text`: the Jinja; where it is not the base's own, `notes` say why. `lead`: blanks that it writes between its opening for a
    reply and the answer. `end`: what follows an answer, up to the mark that ends it. `stop`: that mark's id.
    """

    text: str
    changed: bool
    lead: str
    end: str
    stop: int
    notes: list[str] = field(default_factory=list)


def study(tokenizer: Any, stops: set[int], where: str) -> Template:
    """Find out how the tokenizer's template asks for a reply and ends one.

    A template whose replies begin with thoughts, or with anything else that rows do not have, is made to write that itself
    where it asks for a reply; so a model is asked in the form it was trained in, in every app that reads the file's template.

    Args:
        tokenizer: the base's; its `chat_template` may be several, by name.
        stops: ids that end a generation.
        where: the recipe's key and value, for messages.

    Raises:
        CallError: no reply can be trained right with this template; the message says why.
    """
    notes: list[str] = []
    text = _with_system(tokenizer, _named(tokenizer, where, notes), where, notes)
    if _lacks_bos(tokenizer, _tried(tokenizer, text, where, SYSTEM, ASKED, reply=True)):
        text = WRITE_BOS + text
        notes.append(f"the tokenizer begins every text with {tokenizer.bos_token}: rows and the exported template do too")
    form = _form(tokenizer, text, where)
    if "enable_thinking" in text and (form.thinks or _asks_otherwise_when_thinking(tokenizer, text, where)):
        text = DO_NOT_THINK + text
        form = _form(tokenizer, text, where)
        notes.append(
            "rows contain no thoughts, so the exported template asks for replies without them (enable_thinking is false)"
        )
    lead = form.lead
    if lead.strip():
        asked = _tried(tokenizer, text, where, SYSTEM, ASKED, reply=True)
        text += WRITE_FIRST % _quoted(lead)
        if _tried(tokenizer, text, where, SYSTEM, ASKED, reply=True) != asked + lead:
            raise _parted(form.opening, form.opening + lead, where)
        notes.append(f"the exported template writes {lead.strip()!r} itself before each reply: rows begin with the answer")
        lead = ""
    end, stop = _end(tokenizer, form.ends, stops, where)
    if NOW.search(text):
        notes.append(
            "the template writes the day's date: rows carry the dataset's, llama.cpp writes today's; Ollama's Modelfile keeps "
            "the day of the export"
        )
    if lacking := _lacking(text):
        called = ", ".join(f".{name}()" for name in lacking)
        notes.append(
            f"the template calls {called}, which llama.cpp's own engine does not know: its apps may not start with the file; "
            "write that part another way, or ask `train verify-app`"
        )
    return Template(text, text != tokenizer.chat_template, lead, end, stop, notes)


def _lacking(text: str) -> list[str]:
    """The methods that a template calls and llama.cpp's engine lacks; none where the template has marks of its own."""
    environment = Environment(autoescape=True, extensions=["jinja2.ext.loopcontrols"])  # only parsed
    with suppress(TemplateSyntaxError):
        called = (call.node.attr for call in environment.parse(text).find_all(nodes.Call) if isinstance(call.node, nodes.Getattr))
        return sorted(set(called) & PYTHONS_OWN)
    return []


def render(tokenizer: Any, text: str, messages: Sequence[Message], *, reply: bool) -> str:
    """A conversation rendered by a template, with its opening for a reply if one is asked for.

    Args:
        tokenizer: of the base model.
        text: of the template.
        messages: the conversation.
        reply: whether it should end with the opening for a reply.
    """
    rendered: str = tokenizer.apply_chat_template(list(messages), chat_template=text, tokenize=False, add_generation_prompt=reply)
    return rendered


def on_day(text: str, day: date) -> str:
    """The template with the day written into it, so that the same rows have the same tokens tomorrow."""
    return NOW.sub(lambda asked: repr(day.strftime(asked[2])), text)


def without_thoughts(reply: str) -> str:
    """A reply without the thoughts that a model may put before it, also where the prompt had opened them already."""
    text = reply.lstrip()
    for opened, closed in THOUGHTS.items():
        if closed in text and (text.startswith(opened) or opened not in text.partition(closed)[0]):
            return text.partition(closed)[2].strip()
        if text.startswith(opened):
            return ""  # it thought to the end
    return reply.strip()


def spoken(pieces: Iterator[str]) -> Generator[str, None, None]:
    """A reply as it streams in, without the thoughts that it may begin with."""
    held = ""
    for piece in pieces:
        held += piece
        begun = held.lstrip()
        opened = next((opened for opened in THOUGHTS if begun.startswith(opened)), None)
        if opened and THOUGHTS[opened] in begun:
            held = begun.partition(THOUGHTS[opened])[2].lstrip()
        elif opened or any(mark.startswith(begun) for mark in THOUGHTS):
            continue
        if held:
            yield held
            break
    else:
        if rest := without_thoughts(held):
            yield rest
    yield from pieces


def _messages(*texts: str) -> list[Message]:
    roles = ("system", "user", "assistant", "user")
    return [{"role": role, "content": text} for role, text in zip(roles, texts, strict=False)]


def _named(tokenizer: Any, where: str, notes: list[str]) -> str:
    """The template itself; of several, the one called `default`."""
    found = tokenizer.chat_template
    if isinstance(found, dict):
        if "default" not in found:
            raise CallError(
                f"has chat templates for {', '.join(sorted(found))} and none called default",
                where=where,
                fix="Choose a model with one template, or put the right one into its chat_template.jinja.",
            )
        if len(found) > 1:
            notes.append(f"of its chat templates ({', '.join(sorted(found))}) `default` is used")
        found = found["default"]
    if not found:
        raise CallError("has no chat template", where=where, fix="Choose the instruction-tuned model of its family.")
    return str(found)


def _with_system(tokenizer: Any, text: str, where: str, notes: list[str]) -> str:
    """The template; where it refuses or drops a system prompt, one that puts it into the first question."""
    _tried(tokenizer, text, where, "", ASKED, reply=True)
    try:
        asked = [
            render(tokenizer, text, _messages(SYSTEM, ASKED), reply=True),
            render(tokenizer, text, _messages(SYSTEM, ASKED, ANSWERED, MORE), reply=True),
        ]
        if all(SYSTEM in one for one in asked):
            return text
    except Exception:  # noqa: S110 - how it refuses is its own; what is asked again below is what counts
        pass
    folded = FOLD + text
    if SYSTEM not in _tried(tokenizer, folded, where, SYSTEM, ASKED, reply=True):
        raise CallError("its chat template drops the system prompt", where=where, fix="Choose another instruct model.")
    notes.append("its chat template takes no system prompt: the prompt goes before the first question, in the exported file too")
    return folded


@dataclass(frozen=True)
class _Form:
    """The parts of a rendered conversation: `opening` asks for a reply, `lead` comes between it and the answer."""

    opening: str
    lead: str
    ends: list[str]

    @property
    def thinks(self) -> bool:
        return any(closed in self.lead for closed in THOUGHTS.values())


def _form(tokenizer: Any, text: str, where: str) -> _Form:
    """Find it by two trial conversations, in one of which the answer is the last word.

    Raises:
        CallError: the template asks for a reply in one form and writes replies in another.
    """
    asking = _tried(tokenizer, text, where, SYSTEM, ASKED, reply=True)
    opening = asking[asking.rindex(ASKED) + len(ASKED) :]
    last = _after_question(_tried(tokenizer, text, where, SYSTEM, ASKED, ANSWERED))
    talk = _tried(tokenizer, text, where, SYSTEM, ASKED, ANSWERED, MORE)
    if ASKED not in talk:
        raise CallError(
            "its chat template leaves out the earlier messages of a conversation",
            where=where,
            fix="Have its chat_template.jinja write every message, or choose another instruct model.",
        )
    earlier = _after_question(talk, until=MORE)
    leads = [lead for before, _ in (last, earlier) if (lead := _lead(opening, before)) is not None]
    if not leads:
        raise _parted(opening, last[0], where)
    lead = min(leads, key=lambda found: any(closed in found for closed in THOUGHTS.values()))  # the first without thoughts
    return _Form(opening, lead, [last[1], earlier[1]])


def _parted(opening: str, before: str, where: str) -> CallError:
    return CallError(
        f"its chat template asks for a reply with {opening!r} and writes replies after {before!r}; "
        "the model would be trained in one format and asked in another",
        where=where,
        fix="Choose an instruct model whose template asks for a reply in the format in which it writes one.",
    )


def _lacks_bos(tokenizer: Any, rendered: str) -> bool:
    """Whether the tokenizer begins texts with BOS and this one has none."""
    from export.gguf.vocabulary import adds_bos

    return adds_bos(tokenizer) and not rendered.startswith(str(tokenizer.bos_token))


def _asks_otherwise_when_thinking(tokenizer: Any, text: str, where: str) -> bool:
    """llama.cpp's server sets enable_thinking = true by default."""
    asked = _tried(tokenizer, text, where, SYSTEM, ASKED, reply=True)
    return asked != _tried(tokenizer, "{%- set enable_thinking = true -%}" + text, where, SYSTEM, ASKED, reply=True)


def _quoted(text: str) -> str:
    """A text as a Jinja literal."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{escaped}'"


def _tried(tokenizer: Any, text: str, where: str, *texts: str, reply: bool = False) -> str:
    """A trial conversation, rendered; an empty system prompt is left out.

    Raises:
        CallError: the template refuses it, or leaves out the question or the answer.
    """
    messages = [message for message in _messages(*texts) if message["content"]]
    try:
        rendered = render(tokenizer, text, messages, reply=reply)
    except Exception as error:
        roles = ", ".join(message["role"] for message in messages)
        raise CallError(
            f"its chat template cannot render a conversation of {roles}: {error}",
            where=where,
            fix="Choose an instruction-tuned model whose template takes user and assistant messages.",
        ) from None
    if lost := [message["role"] for message in messages[-2:] if message["content"] not in rendered]:
        raise CallError(f"its chat template drops what the {lost[0]} says", where=where, fix="Choose another instruct model.")
    return rendered


def _after_question(rendered: str, until: str | None = None) -> tuple[str, str]:
    """The text between question and answer, and after the answer up to the next question."""
    question = rendered.rindex(ASKED, 0, rendered.rindex(ANSWERED)) + len(ASKED)
    answer = rendered.rindex(ANSWERED)
    after = rendered[answer + len(ANSWERED) :]
    return rendered[question:answer], after[: after.rindex(until)] if until else after


def _lead(opening: str, before: str) -> str | None:
    """The text between the opening for a reply and the answer; None where the opening does not lead to the answer.

    A thought that the opening begins is closed, empty.
    """
    if before.startswith(opening):
        return before[len(opening) :]
    for opened, closed in THOUGHTS.items():
        head, found, rest = opening.rpartition(opened)
        if not found or not before.startswith(head.rstrip()):
            continue
        written = before[len(head.rstrip()) :]
        said, closes, after = written.rpartition(closed)
        empty = not said.replace(opened, "").strip()
        if rest.strip().endswith(closed):  # asked with no thoughts at all
            return (after if closes else written.lstrip()) if empty or not closes else None
        if not rest.strip():  # asked for thoughts
            if closes:
                return closed + after if empty else None
            return closed + written if written.strip() else f"{closed}\n\n"
    return None


def _end(tokenizer: Any, candidates: list[str], stops: set[int], where: str) -> tuple[str, int]:
    """What ends an answer, and its id: the first mark after it that ends a generation.

    Raises:
        CallError: there is none; such a model never stops talking.
    """
    marks = tokenizer.added_tokens_decoder
    seen: list[str] = []
    for after in candidates:
        for token in tokenizer(after, add_special_tokens=False)["input_ids"]:
            text = marks[token].content if token in marks else str(tokenizer.convert_ids_to_tokens(token))
            if token in stops and text in after:
                return after[: after.index(text) + len(text)], token
            if token in marks:
                seen.append(text)
    ends = f"the rows end with {seen[0]!r}" if seen else "the template ends a reply with no token at all"
    raise CallError(
        f"the model would not learn to stop: its replies should end with {tokenizer.eos_token!r}, and {ends}",
        where=where,
        fix="Choose a model whose chat template ends each reply with its end token.",
    )
