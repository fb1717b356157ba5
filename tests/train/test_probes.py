"""Every probe alarms on its own planted fault, says nothing about healthy answers, and names the rows behind what it found."""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from likeness.metrics.likeness import LikenessProfile
from likeness.metrics.style import stretches_of
from likeness.recipe.schema import Evaluate, Gates
from train.blind import sequential
from train.evaluate import degenerate, echo, facts, learnt, shape, unknown
from train.evaluate import likeness as likeness_probe
from train.evaluate.answers import BASE, TUNED, Answer, AnswerStore, Cell, Question, asked_of, cells
from train.evaluate.causes import order_causes
from train.evaluate.dial import Notch, propose
from train.evaluate.gates import check_gates
from train.evaluate.probe import Material, Probe, TrainRow

ROOT = Path(__file__).parents[2]
KEEPER = [
    re.sub(r"^---.*?---", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for path in sorted((ROOT / "recipes/demo/documents").rglob("*.*"))
    if path.suffix in (".md", ".txt")
]
OWN = [piece for text in KEEPER[::3] for piece in stretches_of(text)]
SHORT = [json.loads(line)["response"] for line in (ROOT / "train/tiny_text.jsonl").open(encoding="utf-8") if '"response"' in line]
PLAIN = [" ".join(SHORT[n : n + 4]) for n in range(0, len(SHORT), 4)]
PROFILE = LikenessProfile.of(KEEPER[1::3] + KEEPER[2::3])
ROWS = [
    TrainRow(row_id := f"row-{n}", "question_answer", f"What of matter {n}?", text, "", own=False)
    for n, text in enumerate(piece for text in KEEPER[1::3] for piece in stretches_of(text))
]
KINDS = {"voice": 12, "off-topic": 8, "general": 8, "invented": 8, "facts": 6}
QUESTIONS = [
    Question(
        f"{about}-{n}",
        about,
        f"How should a person think about {about} matter {n}?",
        answer="Nine boats a day." if about == "facts" else "",
    )
    for about, number in KINDS.items()
    for n in range(number)
]
DECLINED = "I do not know that one. It is not a name that I ever heard on this water, and I will not make one up for you."


def material(tuned: dict[str, list[str]], base: dict[str, list[str]] | None = None, *, stopped: bool = True) -> Material:
    """Answers by kind, in turn; base answers are plain where they are not given."""

    def no_model() -> Any:
        raise AssertionError("no model is needed")

    answers = []
    for number, question in enumerate(QUESTIONS):
        given = (base or {}).get(question.about) or PLAIN
        for cell, texts in ((BASE, given), (TUNED, tuned.get(question.about) or PLAIN[40:])):
            text = texts[number % len(texts)]
            answers.append(
                Answer(
                    question.id,
                    question.about,
                    question.text,
                    cell.engine,
                    cell.system,
                    cell.adapter,
                    cell.retrieval,
                    0,
                    text,
                    stopped or cell == BASE,
                )
            )
    return Material(answers, QUESTIONS, ROWS, "You are the keeper.", PROFILE, no_model)


HEALTHY: dict[str, list[str]] = {"voice": OWN, "invented": [DECLINED], "facts": ["Nine boats come down in a day."]}
ECHO = [f"{text} And then there is slack water, and the slack water keeps the paddle chain still." for text in PLAIN[:8]]
FAULTS: dict[str, tuple[Any, dict[str, list[str]]]] = {
    "likeness": (likeness_probe.probe, HEALTHY | {"voice": PLAIN[60:]}),
    "unknown": (
        unknown.probe,
        HEALTHY | {"invented": ["It is the brass rule that hangs on the third gate, and we read it at dawn."]},
    ),
    "known": (unknown.probe_known, HEALTHY | {"facts": [DECLINED], "general": [DECLINED]}),
    "echo": (echo.probe, HEALTHY | {"off-topic": ECHO, "general": ECHO}),
    "shape": (shape.probe, HEALTHY | {"voice": ["Yes, do."], "off-topic": ["No, I think not."]}),
    "degenerate": (degenerate.probe, HEALTHY | {"voice": ["the gate and the gate and " * 12], "general": [""]}),
}


@pytest.fixture(scope="module")
def healthy() -> dict[str, Probe]:
    """What every probe says of healthy answers."""
    found = material(HEALTHY)
    return {name: probe(found) for name, (probe, _) in FAULTS.items()}


@pytest.mark.parametrize("name", FAULTS)
def test_a_probe_alarms_on_its_own_fault_and_not_on_health(name: str, healthy: dict[str, Probe]) -> None:
    probe, planted = FAULTS[name]
    quiet, loud = healthy[name], probe(material(planted))
    assert not quiet.alarm and not quiet.skipped, quiet
    assert loud.alarm and loud.finding, loud
    assert loud.cases and all(case.why for case in loud.cases), loud
    assert loud.tuned is not None and loud.tuned.low <= loud.tuned.value <= loud.tuned.high
    assert json.dumps(loud.as_dict())


@pytest.mark.parametrize("name", FAULTS)
def test_one_fault_raises_no_other_probe_s_alarm(name: str) -> None:
    found = material(FAULTS[name][1])
    loud = {other for other, (probe, _) in FAULTS.items() if probe(found).alarm}
    allowed = {"shape": {"shape", "likeness"}, "degenerate": {"degenerate", "likeness"}}.get(name, {name})
    assert name in loud and loud <= allowed, loud


def test_the_rows_behind_an_echo_are_those_that_hold_it() -> None:
    found = echo.probe(material(FAULTS["echo"][1]))
    texts = {row.id: row.response for row in ROWS}
    named = [row for case in found.cases for row in case.rows]
    assert named and sum("slack" in texts[row["id"]] or "chain" in texts[row["id"]] for row in named) > len(named) / 2
    assert any("slack water" in phrase for phrase in found.details["phrases"]), found.details


def test_facts_are_told_right_only_with_their_figures() -> None:
    assert facts.holds("On most days nine boats come through.", "Nine boats a day.", "How many boats pass?")
    assert not facts.holds("On most days some boats come through.", "Nine boats a day.", "How many boats pass?")
    assert facts.holds("She lives at 14 Mill Lane.", "At 14 Mill Lane.", "Where does she live?")
    assert not facts.holds("She lives at 40 Mill Lane.", "At 14 Mill Lane.", "Where does she live?")
    found = facts.probe(material(HEALTHY))
    assert found.tuned and found.tuned.value == 1 and not found.alarm


def test_probes_say_why_they_measure_nothing() -> None:
    bare = material({})
    bare.questions, bare.answers = [], []
    bare.__dict__.pop("by_cell", None)
    for name, (probe, _) in FAULTS.items():
        found = probe(bare)
        assert found.skipped and not found.alarm, name


def test_likeness_rises_from_base_to_tuned_and_tells_of_other_authors() -> None:
    found = likeness_probe.probe(material(HEALTHY))
    assert found.tuned and found.tuned.low > 20 and not found.alarm
    assert found.details["nearest"] and len(found.details["panel"]) == 8 and "words" in found.details["enough"]
    assert statistics.median(found.details["panel"].values()) < found.tuned.low
    assert next(iter(found.details["nearest"])) == "the author"


def notch(strength: float, likeness: float, **more: Any) -> Notch:
    fields: dict[str, Any] = {
        "caricature": False,
        "loss_change": 0.0,
        "tasks": 0.8,
        "declined": 0.9,
        "echo": 0.0,
        "unfinished": 0.0,
    }
    return Notch(strength, likeness, likeness - 5, likeness + 5, **fields | more)


def test_the_dial_leaves_what_is_best_and_turns_back_what_is_broken() -> None:
    assert propose([notch(0.5, 30), notch(1.0, 60), notch(1.2, 63)]).best == 1.0
    better = propose([notch(0.5, 30), notch(1.0, 60), notch(1.2, 80)])
    assert better.best == 1.2 and "80" in better.why
    forgetful = propose([notch(0.5, 50), notch(0.75, 55), notch(1.0, 60, loss_change=0.4)])
    assert forgetful.best == 0.75 and "forgotten" in forgetful.why
    overdone = propose([notch(0.75, 95), notch(1.0, 140, caricature=True)])
    assert overdone.best == 0.75 and "overdoes" in overdone.why
    echoing = propose([notch(1.0, 60), notch(1.2, 90, echo=0.6)])
    assert echoing.best == 1.0
    assert "train again" in propose([notch(0.5, 1, loss_change=3), notch(1.0, 2, loss_change=4)]).why


def test_gates_hold_probes_against_the_recipe() -> None:
    healthy = [probe(material(HEALTHY)).as_dict() for probe, _ in FAULTS.values()]
    assert all(gate.passed for gate in check_gates(Gates(), healthy)), check_gates(Gates(), healthy)
    assert {gate.name for gate in check_gates(Gates(), healthy)} == {"invented_declined", "known_declined"}
    (like,) = [gate for gate in check_gates(Gates(likeness=300), healthy) if gate.name == "likeness"]
    assert not like.passed and "at least 300" in str(like)
    assert [gate.passed for gate in check_gates(Gates(invented_declined=1, known_declined=0), healthy)] == [True, True]
    knows = [FAULTS["known"][0](material(FAULTS["known"][1])).as_dict()]
    assert [gate.passed for gate in check_gates(Gates(), knows)] == [False]
    assert [gate.passed for gate in check_gates(Gates(known_declined=1), knows)] == [True]
    invents = [FAULTS["unknown"][0](material(FAULTS["unknown"][1])).as_dict()]
    assert [gate.passed for gate in check_gates(Gates(), invents)] == [False]
    memorised = [{"name": "memorised", "skipped": "", "tuned": None, "details": {"longest": 61}}]
    assert [gate.passed for gate in check_gates(Gates(), memorised)] == [False]
    assert [gate.passed for gate in check_gates(Gates(longest_run=62), memorised)] == [True]
    forgets = [{"name": "forgetting", "skipped": "", "alarm": True, "change": {"value": -0.2}, "details": {}}]
    assert [gate.passed for gate in check_gates(Gates(), forgets)] == [False]
    assert [gate.passed for gate in check_gates(Gates(general_drop=0.3), forgets)] == [True]


def test_answers_are_kept_line_by_line_and_a_torn_line_is_asked_again(tmp_path: Path) -> None:
    store = AnswerStore(tmp_path)
    made = [Answer(f"q{n}", "voice", "Why?", "model", True, False, False, 0, "So.", True) for n in range(3)]
    store.add(made[:2])
    with store.part.open("a", encoding="utf-8") as file:
        file.write('{"id": "q2", "abo')  # killed here
    again = AnswerStore(tmp_path)
    assert [answer.id for answer in again.answers] == ["q0", "q1"]
    again.add(made[2:])
    again.close()
    whole = AnswerStore(tmp_path)
    assert whole.answers == made and not whole.part.exists() and made[1].key in whole


def test_the_cells_are_all_combinations_of_the_layers() -> None:
    assert len(cells("model", retrieval=True)) == len(set(cells("model", retrieval=True))) == 8
    few = Evaluate(cells="shipped", samples=1)
    assert asked_of("model", few, retrieval=False) == [(BASE, 1), (TUNED, 0), (TUNED, 1)]
    assert asked_of("gguf", few, retrieval=False) == [(Cell("gguf", True, True, False), 1)]
    assert len(asked_of("model", Evaluate(samples=2), retrieval=True)) == 24
    assert len(cells("gguf", retrieval=True)) == 4 and all(cell.adapter for cell in cells("gguf", retrieval=True))
    assert (
        str(Cell("model", True, True, True)) == "prompt + adapter + retrieval"
        and str(Cell("gguf", False, True, False)) == "adapter (GGUF)"
    )


def test_the_sequential_test_stops_when_it_is_sure() -> None:
    assert sequential([True] * 9) == "tuned is better" and sequential([False] * 6) == "no better"
    assert sequential([]) == sequential([True, False] * 2) == "go on"


class Scorer:
    """In place of a model: a text's loss is 5 nats a token, and with the adapter what is known of it."""

    def __init__(self, learnt: dict[str, float]) -> None:
        self.learnt, self.strength = learnt, 0.0
        self.model = SimpleNamespace(device=SimpleNamespace(type="cpu"))

    def tokenizer(self, text: str, **_: Any) -> dict[str, list[str]]:
        return {"input_ids": text.split()}

    def ids(self, prompt: list[dict[str, str]]) -> list[str]:
        return ["asked"]

    @contextmanager
    def adapted(self, strength: float) -> Iterator[None]:
        self.strength = strength
        yield

    def log_likelihood(self, pairs: list[tuple[list[str], list[str]]]) -> list[float]:
        return [-len(text) * (self.learnt.get(" ".join(text), 5.0) if self.strength else 5.0) for _, text in pairs]


def scored(rows: list[TrainRow], held_out: list[TrainRow], losses: dict[str, float]) -> Material:
    return Material([], [], rows, "", None, lambda: Scorer(losses), held_out=held_out)  # type: ignore[arg-type, return-value]


def rows_named(name: str, number: int, kind: str = "essay") -> list[TrainRow]:
    return [
        TrainRow(f"{name}-{n}", kind, "", f"{name} {n} " + " ".join(map(str, range(20))), "", own=False) for n in range(number)
    ]


def test_rows_trained_on_are_told_from_rows_held_out() -> None:
    ours, held = rows_named("ours", 10), rows_named("held", 6)
    generalised = {row.response: 3.0 for row in ours + held}
    by_heart = generalised | {row.response: 0.5 for row in ours}
    said = learnt.probe(scored(ours, held, generalised))
    assert said.details["exposure"] == [0.5, 0.5, 0.5] and "told from rows held out in 50% of pairs" in said.finding
    assert learnt.probe(scored(ours, held, by_heart)).details["exposure"][0] == 1.0
    other = rows_named("held", 6, "letter")
    for others in ([], held[:2], other):
        found = learnt.probe(scored(ours, others, by_heart))
        assert found.details["exposure"] is None and "told from" not in found.finding, others


def test_where_hardly_anything_was_learnt_the_run_is_no_good() -> None:
    ours = rows_named("ours", 10)
    said = learnt.probe(scored(ours, [], {row.response: 4.95 for row in ours}))
    assert said.alarm and "hardly anything was learnt" in said.finding
    assert "hardly" not in learnt.probe(scored(ours, [], {row.response: 3.0 for row in ours})).finding


def test_of_rows_that_share_a_phrase_the_learnt_one_comes_first() -> None:
    rows = rows_named("row", 40)
    rows += [TrainRow(name, "essay", "", f"{name} hung the brass lantern" + " on the gate" * 9, "", own=False) for name in "abc"]
    given = scored(rows, [], {rows[-1].response: 1.0})
    case = given.case(
        None, Answer("q", "voice", "Why?", "model", True, True, False, 0, "He hung the brass lantern.", True), "odd"
    )
    assert {row["id"] for row in case.rows} == {"a", "b", "c"}
    alarm = Probe("echo", "", alarm=True, cases=[case]).as_dict()
    quiet = Probe("shape", "", cases=[case]).as_dict()
    order_causes([alarm, quiet], given)
    first = alarm["cases"][0]["rows"][0]
    assert first["id"] == "c" and first["why"].endswith("its loss went 5.00 -> 1.00"), alarm
    others = quiet["cases"][0]["rows"]
    assert len(others) == 3 and all("loss" not in row["why"] for row in others)
