"""What an app answers, held against what the export has proven of the same file.

The measure is the file itself, which llama.cpp computes in a process of ours: the export has compared it with transformers.
An app is asked as a person asks it, through its own template, greedily. Where it answers otherwise, it is given the proven
prompt as it is: if the answer is then right, the app's template is at fault; if not, its weights or settings are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from export.probe import Conversation
from export.verify import Check
from likeness.llama.process import Llama
from train.template import without_thoughts

CONTEXT = 2048
"""Tokens of prompt and answer together."""
TOKENS = 128
"""Of an answer, at most."""

NEAR = 0.5
"""Logits by which a greedy choice may be another one. Builds of llama.cpp round differently: between two of them the distance of
the two likeliest tokens differed by .10 in the median and .53 at most (SmolLM2-135M as Q4_1, 325 tokens), and chosen was a token
up to .20 behind. At 8 bits it is a fifth of that."""

OTHER_FILE, OTHER_TEMPLATE, RENDERER = "other file", "other template", "renderer"
SYSTEM_PROMPT, BOS_TWICE = "system prompt", "BOS twice"
BOS_ADDED, END_ADDED = "BOS before the prompt", "end token after the prompt"
STOP_LOST, OTHER_WEIGHTS = "stop token lost", "other weights or settings"
FAULTS = (OTHER_FILE, RENDERER, OTHER_TEMPLATE, SYSTEM_PROMPT, BOS_TWICE, BOS_ADDED, END_ADDED, STOP_LOST, OTHER_WEIGHTS)
"""The faults that are told apart. Each is the name of a check that failed."""

ASKED_FOR = {BOS_ADDED: "adds_bos", END_ADDED: "adds_eos"}
"""What of a file asks every app for a fault."""
EXPORT_AGAIN = "The file itself asks apps for it: make it again with `train export`; where a check then fails, train it again."


@dataclass(frozen=True)
class Proven:
    """A conversation up to a question, and what the exported file makes of it.

    Args:
        conversation: the messages.
        prompt: as the file's own template renders them; without a BOS that llama.cpp puts before every text anyway.
        ids: the prompt's, with its BOS.
        reply: the greedy one.
        ended: whether it ended by itself.
    """

    conversation: Conversation
    prompt: str
    ids: list[int]
    reply: str
    ended: bool


@dataclass(frozen=True)
class Said:
    """What an app said; `prompt`, `ids` and `prompt_tokens` are what it read, where it tells.

    Args:
        text: the answer.
        ended: whether it ended by itself.
        prompt: the conversation as the app rendered it.
        ids: of that prompt.
        prompt_tokens: their number.
    """

    text: str
    ended: bool
    prompt: str | None = None
    ids: list[int] | None = None
    prompt_tokens: int | None = None


class App(Protocol):
    """An app that has the model."""

    name: str
    """With its version, where it tells."""
    model: str
    """What it calls the model."""

    def settings(self) -> list[Check]:
        """What its settings show without a question."""

    def chat(self, conversation: Conversation) -> Said:
        """The greedy answer to a conversation, as a person gets it."""

    def complete(self, proven: Proven) -> str:
        """The greedy continuation of a prompt as it is."""

    def cure(self, fault: str) -> str:
        """What a person does about a fault."""


class Prover:
    """The exported file, in a llama.cpp process; use it in a `with` block.

    Args:
        file: the GGUF file.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._llama = Llama()
        try:
            self.found = self._llama.load(file, context=CONTEXT)
        except BaseException:
            self._llama.close()
            raise

    def __enter__(self) -> Prover:
        return self

    def __exit__(self, *_: object) -> None:
        self._llama.close()

    def prove(self, conversation: Conversation) -> Proven:
        """What the file makes of a conversation."""
        (prompt,) = self._llama.ask("render", conversations=[conversation], generation_prompt=True)
        (ids,) = self._llama.ask("tokenize", texts=[prompt])
        if self.found["adds_bos"]:  # every app puts it before a text, and none twice
            bos = self._llama.ask("text", id=self.found["bos"])
            prompt = prompt.removeprefix(bos)
        greedily = {"temp": 0.0, "min_p": 0.0, "top_k": 0, "top_p": 1.0, "repeat_penalty": 1.0}
        said = self._llama.ask("replies", prompts=[ids], tokens=[TOKENS], how=greedily, seed=0)[0]
        return Proven(conversation, prompt, ids, said["text"], said["stopped"])

    def distance(self, proven: Proven, text: str) -> float:
        """How far a text is from the file's greedy reply: the most that a token of it was behind the likeliest, in logits."""
        if without_thoughts(proven.reply) == without_thoughts(text):
            return 0.0
        return float(self._llama.ask("follow", ids=proven.ids, text=text, tokens=TOKENS))


def ask_app(app: App, prover: Prover, proven: Sequence[Proven], progress: Callable[[float, float], None]) -> list[Check]:
    """Ask an app every conversation and compare.

    Args:
        app: the app.
        prover: the exported file.
        proven: the conversations; at least one of them with an answer in it, to tell what a template writes once from what it
            writes in every turn.
        progress: called with the number of answers and of all.

    Returns:
        Checks; of those that failed, one is named by the fault, and says the cure.

    Raises:
        MachineError: the app does not answer.
    """
    settings = app.settings()
    checks: list[Check] = []
    said: list[Said] = []
    for number, each in enumerate(proven, 1):
        said.append(app.chat(each.conversation))
        progress(number, len(proven))
    pairs = list(zip(proven, said, strict=True))
    prompts = [(one.prompt, other.prompt) for one, other in pairs if other.prompt is not None]
    if prompts:
        checks.append(_counted("rendered prompts", [one == other for one, other in prompts], "is rendered to the proven text"))
    counts = [_more_tokens(one, other) for one, other in pairs if other.ids is not None or other.prompt_tokens is not None]
    if counts:
        checks.append(_counted("prompt tokens", [count == 0 for count in counts], "has the proven tokens"))
    distances = [prover.distance(one, other.text) for one, other in pairs]
    same = [distance < NEAR for distance in distances]
    replies = _counted("replies", same, "is answered as proven")
    near = max((distance for distance in distances if distance < NEAR), default=0.0)
    among = f" Among near equals {app.name} chose otherwise, by {near:.2g} logits at most." if near else ""
    checks.append(replace(replies, message=replies.message + among))
    if all(check.passed for check in checks):  # then a setting that is another does no harm, unless the file is another
        mild = [check if check.passed or check.name == OTHER_FILE else replace(check, severity="warning") for check in settings]
        return [*_with_cures(mild, app, prover), *checks]
    named = _name_fault(pairs, counts, [pair for pair, equal in zip(pairs, same, strict=True) if not equal], app, prover)
    known = faults_of(settings)
    explained = bool(known) and named is not None and named[0] == OTHER_TEMPLATE  # by what the settings show
    if named is not None and named[0] not in known and not explained:
        checks.append(Check(named[0], False, None, None, named[1]))
    return _with_cures([*settings, *checks], app, prover)


def faults_of(checks: Sequence[Check]) -> list[str]:
    """The names of the faults that were found."""
    return [check.name for check in checks if check.name in FAULTS and not check.passed and check.severity == "gate"]


def _with_cures(checks: Sequence[Check], app: App, prover: Prover) -> list[Check]:
    """The checks; those that name a fault say its cure."""

    def cure(fault: str) -> str:
        return EXPORT_AGAIN if fault in ASKED_FOR and prover.found[ASKED_FOR[fault]] else app.cure(fault)

    faulty = [check.name in FAULTS and not check.passed for check in checks]
    return [
        replace(check, message=f"{check.message} {cure(check.name)}") if fault else check
        for check, fault in zip(checks, faulty, strict=True)
    ]


def _counted(name: str, passed: Sequence[bool], what: str) -> Check:
    message = (
        f"{sum(passed)} of {len(passed)} conversations: each {what}."
        if all(passed)
        else (f"{sum(passed)} of {len(passed)} conversations: each of these {what}; the others are not.")
    )
    return Check(name, all(passed), sum(passed), len(passed), message)


def _more_tokens(proven: Proven, said: Said) -> int:
    """How many tokens more than proven the app reads; where it shows the tokens, other ones count as one each."""
    if said.ids is not None:
        different = sum(one != other for one, other in zip(said.ids, proven.ids, strict=False))
        return len(said.ids) - len(proven.ids) or different
    assert said.prompt_tokens is not None
    return said.prompt_tokens - len(proven.ids)


def _name_fault(
    pairs: Sequence[tuple[Proven, Said]],
    counts: Sequence[int],
    different: Sequence[tuple[Proven, Said]],
    app: App,
    prover: Prover,
) -> tuple[str, str] | None:
    """The fault that explains what was seen, and what it shows in."""
    on_and_on = [pair for pair in pairs if _goes_on(*pair)]
    if on_and_on:
        return STOP_LOST, f"{len(on_and_on)} of {len(pairs)} answers go on after the end: {on_and_on[0][1].text[-60:]!r}."
    if counts and set(counts) == {1}:
        return _one_token_more(pairs, prover)
    added = [_inserted(one.prompt, other.prompt) for one, other in pairs if other.prompt is not None]
    if added and added[0] and all(text == added[0] for text in added):
        return SYSTEM_PROMPT, f"The app writes into every prompt: {added[0][:80]!r}."
    if counts and len(set(counts)) == 1 and counts[0] != 0 and not added:
        more = f"{abs(counts[0])} tokens {'more' if counts[0] > 0 else 'fewer'}"
        return SYSTEM_PROMPT, f"Every prompt has {more} than proven, however many turns it has."
    for one, other in pairs:
        if other.prompt is not None and one.prompt != other.prompt:
            return OTHER_TEMPLATE, f"Proven is {_around(one.prompt, other.prompt)}"
    if any(counts):
        return OTHER_TEMPLATE, "The prompts have other tokens, and the more turns, the more of them."
    if different:
        proven, _ = different[0]
        raw = app.complete(proven)
        if prover.distance(proven, raw) < NEAR:
            return OTHER_TEMPLATE, "Given the proven prompt as it is, the app answers as proven."
        return OTHER_WEIGHTS, f"Given the proven prompt itself, it answers {raw[:60]!r}; proven is {proven.reply[:60]!r}."
    return None


def _one_token_more(pairs: Sequence[tuple[Proven, Said]], prover: Prover) -> tuple[str, str]:
    """Which token it is, and where: by the ids, where the app shows them, or else by what the file asks for."""
    shown = [(proven.ids, said.ids) for proven, said in pairs if said.ids is not None]
    after = all(found[:-1] == ids for ids, found in shown) if shown else prover.found["adds_eos"]
    more = "Every prompt has one token more than the training rows had"
    if after:
        return END_ADDED, f"{more}: an end token after it, so that the answer begins behind an end."
    if pairs[0][0].ids[:1] == [prover.found["bos"]]:
        return BOS_TWICE, f"{more}: BOS stands there twice."
    return BOS_ADDED, f"{more}: a BOS before it, which they have not."


def _goes_on(proven: Proven, said: Said) -> bool:
    """Whether an answer that should have ended goes on."""
    one, other = without_thoughts(proven.reply), said.text.strip()
    return proven.ended and bool(one) and other.startswith(one) and len(other) > len(one)


def _inserted(proven: str, found: str) -> str:
    """What a prompt has more than the proven one, in one place; "" where it differs otherwise."""
    more = len(found) - len(proven)
    for at in range(len(proven) + 1) if more > 0 else ():
        if found[:at] == proven[:at] and found[at + more :] == proven[at:]:
            return found[at : at + more]
    return ""


def _around(proven: str, found: str) -> str:
    at = next((number for number, pair in enumerate(zip(proven, found, strict=False)) if pair[0] != pair[1]), 0)
    begin = max(0, at - 12)
    return f"{proven[begin : begin + 60]!r}, the app's is {found[begin : begin + 60]!r}."


def greedy_settings() -> dict[str, Any]:
    """Greedy decoding, as llama.cpp's server and apps around it take it in a request."""
    return {"temperature": 0, "top_k": 0, "top_p": 1, "min_p": 0, "repeat_penalty": 1, "seed": 0}
