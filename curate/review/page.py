"""The annotation page: what a reviewer sees of a pair, and the questions to the reviewer."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

from curate.check import check_named, checks
from curate.decisions.queue import confidence
from curate.ledger.rows import PassageRow
from curate.model import Decision, Finding, Pair, Span, content_hash
from likeness.metrics.text import count_words
from likeness.recipe.schema import Recipe

VERDICTS = {
    "approve": "Good, as it is, or as I edited it",
    "reject": "Leave it out",
    "rewrite": "Rewrite it, with my note",
}
REASONS = {
    "facts": "Not true, or not what I said",
    "voice": "Does not sound like me",
    "too_short": "Too short",
    "too_long": "Too long",
    "private": "Private",
    "duplicate": "Said before",
    "not_me": "I would never say this",
    "question": "Nobody would ask this",
    "other": "Something else",
}

FIELDS = {
    "question": "What is asked",
    "findings": "What the checks found, and what was said before",
    "answer": "What the model would learn to answer",
    "source": "Where it comes from, its evidence marked",
}
SAID_BY = {"user": "They said", "assistant": "You said"}
"""Names of the speakers in a conversation, in which the model answers in place of the reviewer."""

CODE = re.compile(
    r"^(?P<fence>`{3,}|~{3,})[^\n]*\n(?P<block>.*?)(?:^(?P=fence)[ \t]*$|\Z)|(?<!`)`(?P<inline>[^`\n]+)`(?!`)", re.M | re.S
)
"""Code in Markdown: a fenced block, or inline code in backticks."""

VECTOR = "wording"
DIMENSIONS = 256


def settings_of(recipe: Recipe, *, tie_break: bool = False) -> dict[str, Any]:
    """The page's fields, questions, metadata, vectors and guidelines, as plain values."""
    return {
        "fields": [{"name": name, "title": title, "use_markdown": True} for name, title in FIELDS.items()],
        "questions": [
            {"type": "label", "name": "verdict", "title": "Is it good?", "labels": VERDICTS, "required": True},
            {"type": "labels", "name": "reasons", "title": "If not: why?", "labels": REASONS, "required": False},
            # If these were required, the list view, where they are empty, would ask for one text for all records.
            {"type": "text", "name": "response", "title": "The answer, to correct if need be", "required": False},
            {"type": "text", "name": "instruction", "title": "The question, to correct if need be", "required": False},
            {"type": "rating", "name": "sounds_like_me", "title": "Sounds like me", "values": [1, 2, 3, 4, 5], "required": False},
            {"type": "text", "name": "never_say", "title": "What it must never say to this", "required": False},
            {"type": "text", "name": "note", "title": "Note, for “Rewrite it” only", "required": False},
        ],
        "terms": ["kind", "document", "terms", "checks", "severity"],
        "integers": ["words"],
        "floats": ["confidence", *(f"score_{name}" for name in scored_checks())],
        "vectors": {VECTOR: DIMENSIONS},
        "guidelines": guidelines(recipe, tie_break=tie_break),
    }


def guidelines(recipe: Recipe, *, tie_break: bool = False) -> str:
    """The instructions for reviewers, from the recipe.

    Argilla shows each line break, so a paragraph is one line. The persona's texts are escaped, as on the page.
    """
    persona = recipe.persona
    kinds = recipe.generate.kinds if recipe.generate else []
    lengths = [f"- {kind.kind}: {kind.word_range[0]} to {kind.word_range[1]} words" for kind in kinds]
    name, description = _escaped(persona.name), _escaped(persona.description.strip())
    approve, reject, rewrite = (f"**{VERDICTS[verdict]}**" for verdict in ("approve", "reject", "rewrite"))
    paragraphs = [
        f"<p>A model will learn to answer as <b>{name}</b> does, from these pairs and nothing else.<br>{description}</p>",
        "Read the question, then the answer, and ask: would they say this, in these words? The source shows what it rests on.",
        f"- {approve}: Enter alone, it is ticked already. Correct the answer or the question first where a word is wrong: "
        "what is there is what is learnt.\n"
        f"- {reject}: `2`, then the number of the reason, then Enter: `2 3 Enter` leaves out what is "
        f"{REASONS['too_short'].lower()}. One reason is enough.\n"
        f"- {rewrite}: `3`, say in the note what to do otherwise, Esc, Enter. It comes back to you, rewritten.",
        "*Keys*: arrow down and up go from question to question, Shift+Enter goes into a text to edit it, Esc out of it. "
        "Enter outside of a text submits the pair as it is.",
        "*Discard* leaves a pair out as well. To decide later, go on to the next one.",
        "*Sounds like me*, 1 to 5, is optional and worth its second. *What it must never say* becomes an answer that the model "
        "learns to avoid. Sort by *confidence* to have the most doubtful pairs first. Find similar ones with the button of a "
        "pair; decide many at once in the list view.",
        "\n".join(["Reasons to leave a pair out:", *(f"- **{title}**" for title in REASONS.values())]),
        "\n".join(["Lengths that the recipe asks for:", *(lengths or ["- none: these pairs came ready"])]),
    ]
    if tie_break:
        paragraphs.insert(0, "Reviewers disagreed on these; what each said is among the findings. Yours is the last word.")
    return "\n\n".join(paragraphs)


def scored_checks() -> list[str]:
    """Names of the checks by whose score reviewers can filter and sort: those that warn."""
    return sorted(check.name for check in checks() if check.warns)


def record_of(
    pair: Pair,
    passage: PassageRow | None,
    found: Sequence[Finding],
    history: Sequence[str],
    terms: Sequence[str],
) -> dict[str, Any]:
    """The record of a pair: fields, suggestions, metadata.

    Args:
        pair: as the generator wrote it.
        passage: its passage; None where it is not known.
        found: the findings of the checks.
        history: earlier decisions about it, or about the text that it replaces, in words.
        terms: distinctive terms in it.
    """
    sure = round(confidence(found), 4)
    suggestions = {"verdict": "approve", "response": pair.response, "instruction": pair.instruction}
    metadata: dict[str, Any] = {
        "kind": pair.kind,
        "document": pair.document,
        "checks": sorted({finding.check for finding in found}) or ["nothing found"],
        "severity": min((finding.severity for finding in found), default="none"),  # drop before warning
        "words": count_words(pair.response),
        "confidence": sure,
    }
    if terms:
        metadata["terms"] = list(terms)
    for finding in found:
        if finding.check in scored_checks():
            digits = 1 if (check := check_named(finding.check)) and check.scope == "dataset" else 2
            metadata[f"score_{finding.check}"] = round(float(finding.score), digits)  # a change elsewhere pushes nothing again
    return {
        "external_id": pair.id,
        "fields": {
            "question": _conversation(pair, found),
            "findings": _findings(found, history),
            "answer": f"<p>{_marked(pair.response, [f.span for f in found if f.span and f.span.part == 'response'])}</p>",
            "source": _source(pair, passage),
        },
        "suggestions": [
            {"question": question, "value": value, "score": sure, "agent": "checks"} for question, value in suggestions.items()
        ],
        "metadata": metadata,
    }


def content_of(record: Mapping[str, Any]) -> str:
    """A hash of everything that a record shows; if it differs, the record must be pushed again."""
    return content_hash("record", 1, record)


def decision_of(
    shown: Sequence[Pair], reviewer: str, queue: Literal["review", "tie-break"], status: str, values: Mapping[str, Any]
) -> Decision | None:
    """The decision in a response; None if it decides nothing.

    Argilla returns unedited suggestions as the reviewer's text, so texts are compared with the pair's. Discarding a record
    rejects its pair.

    Args:
        shown: the pair with each text with which it was shown (usually one).
        reviewer: the name of the reviewer.
        queue: the dataset of the record.
        status: submitted, discarded or draft.
        values: the answer to each question, in Argilla's format.
    """
    said = {name: value["value"] for name, value in values.items()}
    verdict = "reject" if status == "discarded" else said.get("verdict")
    if status not in ("submitted", "discarded") or verdict not in VERDICTS:
        return None
    return Decision(
        pair=shown[0].id,
        reviewer=reviewer,
        queue=queue,
        verdict=cast(Literal["approve", "reject", "rewrite"], verdict),
        instruction=if_edited(said.get("instruction"), [pair.instruction for pair in shown]),
        response=if_edited(said.get("response"), [pair.response for pair in shown]),
        reasons=tuple(said.get("reasons") or ()),
        rating=said.get("sounds_like_me"),
        never_say=clean(said.get("never_say")),
        note=clean(said.get("note")),
    )


def if_edited(said: str | None, before: Sequence[str]) -> str | None:
    """The edited text; None if it is not edited. An emptied field is not an edit, but new paragraphs are."""
    edited = clean(said)
    return edited if edited and _spaced(edited) not in {_spaced(clean(text)) for text in before} else None


def clean(text: str | None) -> str:
    """Undo changes of browsers: carriage returns, non-breaking spaces, white space at line ends and around the text."""
    lines = (text or "").replace("\r\n", "\n").replace("\u00a0", " ").split("\n")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in lines)).strip()


def _spaced(text: str) -> str:
    return re.sub(r"[^\S\n]+", " ", text)


# the page's HTML for Argilla's Markdown fields; all text from documents is escaped


def _conversation(pair: Pair, found: Sequence[Finding]) -> str:
    spans = [finding.span for finding in found if finding.span and finding.span.part == "instruction"]
    before = "".join(f"<p><i>{SAID_BY[turn.role]}</i><br>{_escaped(turn.content)}</p>" for turn in pair.prompt[:-1])
    last = f"<i>{SAID_BY['user']}, now</i><br>" if before else ""
    return f"{before}<p>{last}{_marked(pair.instruction, spans)}</p>"


def _source(pair: Pair, passage: PassageRow | None) -> str:
    if passage is None:
        whose = "it came with its answer" if pair.request is None else "its passage is no longer there"
        return _heading(f"{pair.document}: {whose}.", pair)
    path, start, text = passage.document, passage.start, passage.text
    spans = []
    if pair.evidence:
        spans = [Span("response", pair.evidence.start - start, pair.evidence.end - start)]
    return f"{_heading(path, pair)}<p>{_marked(text, spans)}</p>"


def _heading(origin: str, pair: Pair) -> str:
    """The origin and the id of a pair. Commands take the id, and the page's search finds it."""
    return f"<p><i>{_escaped(origin)}</i> <small>{_escaped(pair.id)}</small></p>"


def _findings(found: Sequence[Finding], history: Sequence[str]) -> str:
    lines = [_finding(finding) for finding in found]
    lines += [_escaped(line) for line in history]
    return "<ul>" + "".join(f"<li>{line}</li>" for line in lines) + "</ul>" if lines else "<p>Nothing.</p>"


def _finding(finding: Finding) -> str:
    check = finding.check.replace("_", " ")
    message = finding.message.removeprefix(f"{check}: ")
    return f"<b>{_escaped(check)}</b>: {_escaped(message)}"


def _marked(text: str, spans: Sequence[Span]) -> str:
    """The text as the content of an HTML paragraph, with its spans marked and its code in a code element.

    If spans overlap, the first is marked. A span over the whole text is not marked.
    """
    narrower = [span for span in spans if text[: span.start].strip() or text[span.end :].strip()]
    spans = sorted(narrower, key=lambda span: span.start)
    parts, at = [], 0
    for code in CODE.finditer(text):
        parts.append(_stretch(text, at, code.start(), spans))
        block = code["inline"] is None
        inside = _stretch(text, *code.span("block" if block else "inline"), spans).removesuffix("<br>")
        parts.append(f"</p><pre><code>{inside}</code></pre><p>" if block else f"<code>{inside}</code>")
        at = code.end()
    parts.append(_stretch(text, at, len(text), spans))
    return "".join(parts)


def _stretch(text: str, start: int, end: int, spans: Sequence[Span]) -> str:
    """A part of a text with its part of the marked spans, which are sorted by their starts."""
    parts, at = [], start
    for span in spans:
        begin, stop = max(at, span.start), min(end, span.end)
        if begin < stop:
            parts += [_escaped(text[at:begin]), "<mark>", _escaped(text[begin:stop]), "</mark>"]
            at = stop
    parts.append(_escaped(text[at:end]))
    return "".join(parts)


def _escaped(text: str) -> str:
    """Escape a text for HTML within Markdown.

    Line breaks become elements, because an empty line would end the HTML. Blanks at the start of a line, which code needs, become
    non-breaking spaces, because browsers would drop them.
    """
    indented = re.sub(r"(?<=\n)[ \t]+", lambda blanks: "\u00a0" * len(blanks[0].expandtabs(4)), text)
    return html.escape(indented, quote=False).replace("\n", "<br>")
