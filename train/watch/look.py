"""What an evaluation sees besides the held-out loss: a few answers, and the loss on general ones.

It is cheap: eight held-out questions and four general ones are answered in one batch, eight rows are gone on with, and twelve
general answers are read. Answers are drawn as the exported app draws them, always with one seed: greedily, small models loop
that never do in use. The controlled questions are not asked: what chooses the checkpoint must not judge it as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from export.sampling import Sampling
from likeness.metrics.degenerate import fault_of
from likeness.metrics.likeness import LikenessProfile
from likeness.metrics.shared_runs import SharedRuns
from train.data import Rows, last_turn
from train.evaluate.answers import SEED
from train.evaluate.decoding import generate, log_likelihood
from train.evaluate.echo import echoed, signatures
from train.evaluate.engine import GREEDILY, ids_of
from train.evaluate.forgetting import tasks
from train.evaluate.memorised import BEGUN, GOES_ON
from train.evaluate.probe import TrainRow, change
from train.template import Template, without_thoughts
from train.watch.course import Point

ASKED, OFF_TOPIC, BEGUN_ROWS = 8, 4, 8
MOST_TOKENS = 120
"""Of an answer: a look costs as much time as some steps."""
ROOM = 1.5
"""Times the longest usual answer of the rows, after which one that goes on is cut."""
SCORED_AT_ONCE = 4


@dataclass
class Looker:
    """Looks at a model that is being trained.

    Args:
        tokenizer: the base's, with the chat template of the rows.
        template: what was found out about it.
        stops: ids that end an answer.
        rows: that are trained on and held out.
        behind: the rows trained on, as texts.
        system_prompt: the persona's.
        sampling: how answers are drawn.
        profile: the author's style, where the dataset has it.
    """

    tokenizer: Any
    template: Template
    stops: set[int]
    rows: Rows
    behind: Sequence[TrainRow]
    system_prompt: str
    sampling: Sampling
    profile: LikenessProfile | None = None
    _base: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        held = [last_turn(row) for row in self.rows.validation or self.rows.train]
        self._held = list({tuple(prompt): prompt for prompt, _ in held}.values())[:ASKED]
        self._general = tasks()[1]
        self._off_topic = [row["question"] for row in self._general[:OFF_TOPIC]]
        self._prompts = self._held + [self._ids(question) for question in self._off_topic]
        lengths = sorted(len(answer) for _, answer in map(last_turn, self.rows.train))
        usual = lengths[int(0.9 * (len(lengths) - 1))] if lengths else MOST_TOKENS
        self._most = min(MOST_TOKENS, round(ROOM * usual) + 16)
        self._cuts = self._most >= ROOM * usual  # where usual answers are longer than is looked at, all are cut
        own = {row.id for row in self.behind if row.own}
        self._begun = [
            (prompt + answer[:start], answer[start : start + GOES_ON])
            for prompt, answer in (last_turn(row) for row in self.rows.train if row.id not in own)
            if len(answer) - (start := max(4, round(BEGUN * len(answer)))) > GOES_ON
        ][:BEGUN_ROWS]
        self._runs = SharedRuns([row.response for row in self.behind if not row.own])
        self._phrases: list[str] = []
        self._before: list[float] = []
        self._broken_rows = sum(fault_of(row.response) in ("loop", "empty", "garbage") for row in self.behind)

    def look(self, model: Any) -> Point:
        """What is seen now; the first call asks the base as well, with the adapter off.

        Args:
            model: peft's, in training.
        """
        was_training = model.training
        model.eval()
        try:
            answers = None
            if not self._base:
                with model.disable_adapter():
                    answers = self._answers(model)
                self._base = [text for text, _ in answers]
                self._phrases = signatures(list(self.behind), self._base)
            # Before the first step an adapter changes nothing: its answers are the base's.
            return self._seen(model, answers if answers and _is_fresh(model) else self._answers(model))
        finally:
            model.train(was_training)

    def memory(self) -> dict[str, Any]:
        """What the first look found, for JSON."""
        return {"base": self._base, "phrases": self._phrases, "before": self._before}

    def recall(self, memory: dict[str, Any]) -> None:
        """Go on from what `memory` gave.

        Args:
            memory: as it comes out of JSON.
        """
        self._base, self._phrases, self._before = memory["base"], memory["phrases"], memory["before"]

    def _seen(self, model: Any, answers: list[tuple[str, bool]]) -> Point:
        held = len(self._held)
        faults = [fault_of(text, stopped=ended or not self._cuts) for text, ended in answers]
        texts = [text for text, _ in answers]
        runs = [run for text in texts[:held] if (run := self._runs.longest(text))]
        off_topic = list(zip(texts[held:], self._off_topic, strict=True))
        return Point(
            step=0,
            **self._general_loss(model),
            asked=len(answers),
            empty=faults.count("empty"),
            loop=faults.count("loop"),
            cut=faults.count("cut"),
            garbage=faults.count("garbage"),
            off_topic=len(off_topic),
            echoed=sum(bool(echoed(text, question, self._phrases)) for text, question in off_topic),
            begun=len(self._begun),
            by_heart=self._by_heart(model),
            longest_run=max((len(self.tokenizer(str(run), add_special_tokens=False)["input_ids"]) for run in runs), default=0),
            broken_rows=self._broken_rows,
            **self._likeness(texts[:held]),
        )

    def _answers(self, model: Any) -> list[tuple[str, bool]]:
        made = generate(model, self._prompts, self._most, self.stops, self.sampling, SEED, self.tokenizer.pad_token_id)
        found = []
        for ids in made:
            ended = ids[-1] in self.stops
            said = self.tokenizer.decode(ids[:-1] if ended else ids, skip_special_tokens=True)
            found.append((without_thoughts(said), ended))
        return found

    def _by_heart(self, model: Any) -> int:
        """How many begun rows are gone on with word for word."""
        if not self._begun:
            return 0
        begun = [start for start, _ in self._begun]
        made = generate(model, begun, GOES_ON, self.stops, GREEDILY, 0, self.tokenizer.pad_token_id)
        return sum(ids == rest for ids, (_, rest) in zip(made, self._begun, strict=True))

    def _general_loss(self, model: Any) -> dict[str, Any]:
        """Of the general answers, in nats a token, and the least by which it rose since the first look."""
        pairs = [(self._ids(row["question"]), self._plain(row["answer"])) for row in self._general]
        found: list[float] = []
        for start in range(0, len(pairs), SCORED_AT_ONCE):
            batch = pairs[start : start + SCORED_AT_ONCE]
            rest = [(number, answer) for number, (_, answer) in enumerate(batch)]
            likely = log_likelihood(model, [prompt for prompt, _ in batch], rest, self.tokenizer.pad_token_id)
            found += [-value / len(answer) for value, (_, answer) in zip(likely, batch, strict=True)]
        self._before = self._before or found
        rose = change(self._before, found, [row["question"] for row in self._general])
        return {"general": round(sum(found) / len(found), 4), "general_low": rose.low}

    def _likeness(self, answers: list[str]) -> dict[str, Any]:
        if self.profile is None or len(answers) < 3:
            return {}
        found = self.profile.measure(answers, self._base[: len(answers)])
        if found.value is None or found.low is None or found.high is None:
            return {}
        return {"likeness": found.value, "likeness_low": found.low, "likeness_high": found.high}

    def _ids(self, question: str) -> list[int]:
        messages = [{"role": "system", "content": self.system_prompt}, {"role": "user", "content": question}]
        return ids_of(self.tokenizer, self.template, messages)

    def _plain(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids


def _is_fresh(model: Any) -> bool:
    """Whether no step was taken: LoRA's B begins with zeros."""
    return all(
        not bool(weight.any()) for name, weight in model.named_parameters() if "lora_B" in name or "lora_embedding_B" in name
    )
