"""The annotation page: what a reviewer sees of a pair, and what they are asked."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

from curate.model import Decision, Finding, Pair, Span, content_hash
from curate.review.queue import confidence
from recipes.schema import Recipe

VERDICTS = {
    "approve": "Good, as it stands or as I mended it",
    "reject": "Leave it out",
    "rewrite": "Write it anew, with my note",
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
CHECKS = (
    "contamination", "contradictions", "debris", "echo", "grounding", "injection", "judge", "language", "mannerisms",
    "private_data", "refusals", "reworded", "shape", "standalone", "voice",
)  # fmt: skip
"""Checks whose score can be filtered and sorted by: those that warn."""

FIELDS = {
    "question": "What is asked",
    "answer": "What the model would learn to answer",
    "findings": "What the checks found, and what was said before",
    "source": "Where it comes from, its evidence marked",
}
SAID_BY = {"user": "They said", "assistant": "You said"}
"""Who speaks in a conversation: the model answers as the reviewer would."""

VECTOR = "wording"
DIMENSIONS = 256


def settings_of(recipe: Recipe, *, tie_break: bool = False) -> dict[str, Any]:
    """Fields, questions, metadata, vectors and guidelines of the recipe's page, as plain values."""
    return {
        "fields": [{"name": name, "title": title, "use_markdown": True} for name, title in FIELDS.items()],
        "questions": [
            {"type": "label", "name": "verdict", "title": "Is it good?", "labels": VERDICTS, "required": True},
            {"type": "labels", "name": "reasons", "title": "If not: why?", "labels": REASONS, "required": False},
            # Not required, or the list view, where they stand empty, would have one text put in for all.
            {"type": "text", "name": "response", "title": "The answer, to mend if need be", "required": False},
            {"type": "text", "name": "instruction", "title": "The question, to mend if need be", "required": False},
            {"type": "rating", "name": "sounds_like_me", "title": "Sounds like me", "values": [1, 2, 3, 4, 5], "required": False},
            {"type": "text", "name": "never_say", "title": "What it must never say to this", "required": False},
            {"type": "text", "name": "note", "title": "Note, for “Write it anew” only", "required": False},
        ],
        "terms": ["kind", "document", "terms", "checks", "severity"],
        "integers": ["words"],
        "floats": ["confidence", *(f"score_{check}" for check in CHECKS)],
        "vectors": {VECTOR: DIMENSIONS},
        "guidelines": guidelines(recipe, tie_break=tie_break),
    }


def guidelines(recipe: Recipe, *, tie_break: bool = False) -> str:
    """What reviewers read before they begin, from the recipe.

    Argilla shows each line break, so a paragraph is one line. The persona's own texts stay texts, as on the page.
    """
    persona = recipe.persona
    kinds = recipe.generate.kinds if recipe.generate else []
    lengths = [f"- {kind.kind}: {kind.word_range[0]} to {kind.word_range[1]} words" for kind in kinds]
    name, description = _escaped(persona.name), _escaped(persona.description.strip())
    approve, reject, rewrite = (f"**{VERDICTS[verdict]}**" for verdict in ("approve", "reject", "rewrite"))
    paragraphs = [
        f"<p>A model will learn to answer as <b>{name}</b> does, from these pairs and nothing else.<br>{description}</p>",
        "Read the question, then the answer, and ask: would they say this, in these words? The source shows what it rests on.",
        f"- {approve}: Enter alone, it is ticked already. Mend the answer or the question first where a word is wrong: "
        "what stands there is what is learnt.\n"
        f"- {reject} (2): tick why, one reason is enough; then Enter.\n"
        f"- {rewrite} (3): say in the note what to do otherwise; then Enter. It comes back to you, written anew.",
        "*Keys*: arrow down and up go from question to question, Shift+Enter goes into a text to mend it, Esc out of it. "
        "Enter outside of a text submits the pair as it stands.",
        "*Discard* leaves a pair out as well. To decide later, go on to the next one.",
        "*Sounds like me*, 1 to 5, is optional and worth its second. *What it must never say* becomes an answer that the model "
        "learns to avoid. Sort by *confidence* to have the most doubtful pairs first. Find similar ones with the button of a "
        "pair; decide many at once in the list view.",
        "\n".join(["Reasons to leave a pair out:", *(f"- **{title}**" for title in REASONS.values())]),
        "\n".join(["Lengths that the recipe asks for:", *(lengths or ["- none: these pairs came ready"])]),
    ]
    if tie_break:
        paragraphs.insert(0, "Reviewers disagreed on these; what each said stands among the findings. Yours is the last word.")
    return "\n\n".join(paragraphs)


def record_of(
    pair: Pair,
    passage: tuple[str, int, int, str] | None,
    found: Sequence[Finding],
    history: Sequence[str],
    terms: Sequence[str],
) -> dict[str, Any]:
    """A pair as the page shows it: fields, suggestions, metadata.

    Args:
        pair: as the generator wrote it.
        passage: document path, offsets and text of the passage that it rests on.
        found: what the checks said of it.
        history: what was decided about it, or about the text it replaces, in words.
        terms: distinctive terms in it.
    """
    sure = round(confidence(found), 4)
    suggestions = {"verdict": "approve", "response": pair.response, "instruction": pair.instruction}
    metadata: dict[str, Any] = {
        "kind": pair.kind,
        "document": pair.document,
        "checks": sorted({finding.check for finding in found}) or ["nothing found"],
        "severity": min((finding.severity for finding in found), default="none"),  # drop before warning
        "words": len(pair.response.split()),
        "confidence": sure,
    }
    if terms:
        metadata["terms"] = list(terms)
    for finding in found:
        if finding.check in CHECKS:
            metadata[f"score_{finding.check}"] = round(float(finding.score), 4)
    return {
        "external_id": pair.id,
        "fields": {
            "question": _conversation(pair, found),
            "answer": f"<p>{_marked(pair.response, [f.span for f in found if f.span and f.span.part == 'response'])}</p>",
            "source": _source(pair, passage),
            "findings": _findings(found, history),
        },
        "suggestions": [
            {"question": question, "value": value, "score": sure, "agent": "checks"} for question, value in suggestions.items()
        ],
        "metadata": metadata,
    }


def content_of(record: Mapping[str, Any]) -> str:
    """A hash of all that a record shows: another one means that it must be pushed again."""
    return content_hash("record", 1, record)


def decision_of(
    shown: Sequence[Pair], reviewer: str, queue: Literal["review", "tie-break"], status: str, values: Mapping[str, Any]
) -> Decision | None:
    """A response of Argilla's as a decision; None for what decides nothing.

    A text that nobody touched comes back as the reviewer's own: it is compared with the pair's. Discarding a record rejects
    its pair.

    Args:
        shown: the pair with every text that it was shown with (one, as a rule).
        reviewer: who answered.
        queue: where.
        status: submitted, discarded or draft.
        values: the answer to each question, as Argilla has it.
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
        instruction=_if_mended(said.get("instruction"), [pair.instruction for pair in shown]),
        response=_if_mended(said.get("response"), [pair.response for pair in shown]),
        reasons=tuple(said.get("reasons") or ()),
        rating=said.get("sounds_like_me"),
        never_say=_clean(said.get("never_say")),
        note=_clean(said.get("note")),
    )


def _if_mended(said: str | None, stood: Sequence[str]) -> str | None:
    """A mended text; None where it is one that stood there. An emptied field is no mending, new paragraphs are one."""
    mended = _clean(said)
    return mended if mended and _spaced(mended) not in {_spaced(_clean(text)) for text in stood} else None


def _clean(text: str | None) -> str:
    """Without what browsers put in: carriage returns, blanks that do not break, blanks and empty lines at the ends."""
    lines = (text or "").replace("\r\n", "\n").replace("\u00a0", " ").split("\n")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in lines)).strip()


def _spaced(text: str) -> str:
    return re.sub(r"[^\S\n]+", " ", text)


# what stands on the page: HTML, as Argilla's Markdown fields take it, with everything of the documents' escaped


def _conversation(pair: Pair, found: Sequence[Finding]) -> str:
    spans = [finding.span for finding in found if finding.span and finding.span.part == "instruction"]
    before = "".join(f"<p><i>{SAID_BY[turn.role]}</i><br>{_escaped(turn.content)}</p>" for turn in pair.prompt[:-1])
    last = f"<i>{SAID_BY['user']}, now</i><br>" if before else ""
    return f"{before}<p>{last}{_marked(pair.instruction, spans)}</p>"


def _source(pair: Pair, passage: tuple[str, int, int, str] | None) -> str:
    if passage is None:
        whose = "it came with its answer" if pair.request is None else "its passage is no longer there"
        return _heading(f"{pair.document}: {whose}.", pair)
    path, start, _, text = passage
    spans = []
    if pair.evidence:
        spans = [Span("response", pair.evidence.start - start, pair.evidence.end - start)]
    return f"{_heading(path, pair)}<p>{_marked(text, spans)}</p>"


def _heading(origin: str, pair: Pair) -> str:
    """Where a pair comes from, and its id: what the commands take, and the page's search finds."""
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
    """The text with its spans marked; of spans that overlap, the first counts. One over it all would swallow the others."""
    narrower = [span for span in spans if text[: span.start].strip() or text[span.end :].strip()]
    parts, at = [], 0
    for span in sorted(narrower or spans, key=lambda span: span.start):
        start, end = max(at, span.start), min(len(text), span.end)
        if start < end:
            parts += [_escaped(text[at:start]), "<mark>", _escaped(text[start:end]), "</mark>"]
            at = end
    parts.append(_escaped(text[at:]))
    return "".join(parts)


def _escaped(text: str) -> str:
    """A text that stays text. An empty line would end the HTML and let Markdown begin, so line breaks are elements.

    Browsers would swallow the blanks at the beginning of a line, which code needs.
    """
    indented = re.sub(r"(?<=\n)[ \t]+", lambda blanks: "\u00a0" * len(blanks[0].expandtabs(4)), text)
    return html.escape(indented, quote=False).replace("\n", "<br>")
