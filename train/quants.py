"""Which quantization keeps the voice: every exported file is asked the run's questions, and the smallest that does is proposed.

KL and top-1 are those that the export measured, on the dataset's rows. Likeness to the author and invention are measured on the
answers to the run's questions, as the probes of their names measure them. The noise is that of these measures, around the model
before it was exported.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from export.bundle import REPORT
from export.gguf.quantize import KINDS, census, fallback_warning
from export.model_files import load_tokenizer
from export.sampling import read_sampling
from likeness.errors import CallError
from likeness.files import sha256, write_atomic
from likeness.metrics.declines import declines
from likeness.metrics.likeness import LikenessProfile
from likeness.metrics.text import count_of
from likeness.recipe.folders import AUTHOR
from train.chat import EARLIER, system_prompt_of
from train.evaluate.answers import BASE, SEED, TUNED, Answer, answers_of, as_used
from train.evaluate.engine import FILE_AT_ONCE, Gguf
from train.evaluate.evaluate import CONTEXT
from train.evaluate.likeness import KINDS as OF_VOICE
from train.evaluate.probe import Score, share
from train.evaluate.unknown import INVENTED
from train.parts import check_gguf
from train.result import Watcher
from train.runs import lost, read_part
from train.template import Template

CLOSE = 0.05
"""Mean KL, in nats a token, below which a file is close to its 16-bit file: what decides where no voice can be measured."""
FEW = 10
"""Questions about invented things below which their share says next to nothing: of one, everything is within the noise."""


@dataclass(frozen=True, slots=True)
class Voice:
    """What answers to the run's questions show.

    `likeness` with its bounds (None where `why_not` says why it cannot be measured), and the share of questions about invented
    things, `of` so many, that are answered as if these existed.
    """

    likeness: Score | None
    invents: Score | None
    why_not: str = ""
    of: int = 0


@dataclass(frozen=True, slots=True)
class Quant:
    """One exported file: its size in MB, what its types cost (KL in nats a token), its voice, whether that is within the noise.

    `types` counts its matrices by type; `fallback` says which of them are larger than the file's name promises.
    """

    kind: str
    file: str
    megabytes: float
    kl: float | None
    top1: float | None
    voice: Voice
    within: bool
    types: dict[str, int]
    fallback: str = ""


@dataclass(frozen=True, slots=True)
class Quants:
    """The model before its export, every file, and the smallest whose voice is within the noise; "" where none is."""

    before: Voice
    quants: list[Quant]
    proposed: str

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    def lines(self) -> list[str]:
        """For the terminal: a table, what fell back, and the proposal."""
        head = f"{'file':<10}{'MB':>8}{'KL':>9}{'top-1':>8}  {'likeness':<20}{'invents':<20}"
        rows = [f"{'model':<10}{'':>25}  {_cells(self.before)}"]
        rows += [
            f"{each.kind:<10}{each.megabytes:>8.1f}{_short(each.kl):>9}{_share(each.top1):>8}  {_cells(each.voice)}"
            f"{'' if each.within else 'beyond the noise'}"
            for each in self.quants
        ]
        lines = [head, *(row.rstrip() for row in rows)]
        lines += [f"{each.kind}: {each.fallback}" for each in self.quants if each.fallback]
        if self.before.why_not:
            lines.append(f"Likeness cannot be measured: {self.before.why_not}. The files are judged by invention and KL.")
        elif self.before.of < FEW:
            told = f"Only {count_of(self.before.of, 'question')} about invented things: the files are judged by KL as well"
            lines.append(f"{told}. {FEW} questions `about: invented` in the recipe's `control` tell more.")
        best = f"Proposed: {self.proposed}, the smallest within the noise of the model before its export."
        return [*lines, best if self.proposed else "No file is within the noise: export a larger type."]


def measure_quants(run: Path, watch: Watcher) -> Quants:
    """Ask every exported file of a run its questions once; what a killed call has asked is not asked again.

    Args:
        run: a finished run's folder.
        watch: follows the work.

    Raises:
        CallError: the run was asked no questions that show a voice, or a part of it is gone or damaged.
    """
    manifest = read_part(run, "manifest.json")
    answers = answers_of(run)
    base, tuned = as_used(answers, BASE), as_used(answers, TUNED)
    asked = [answer for answer in tuned.values() if answer.id in base and answer.about in (*OF_VOICE, *INVENTED)]
    if not asked:
        fix = "Add questions `about: voice` and `about: invented` to the recipe's `control`, and run again."
        raise CallError("the run was asked no question that shows a voice", where=str(run), fix=fix)
    author = run.parents[1] / "dataset" / manifest["dataset"] / AUTHOR
    profile = LikenessProfile.from_json(author.read_text(encoding="utf-8")) if author.is_file() else None
    before = _voice(asked, {answer.id: answer.answer for answer in asked}, base, profile)
    files = [check_gguf(run, run / name) for name in manifest["gguf"]]
    if not (run / "merged").is_dir():
        raise lost(run, "merged", "is gone", "merge")
    checks = read_part(run, str((files[0].parent / REPORT).relative_to(run)))["checks"]
    found = []
    for file in sorted(files, key=lambda each: -each.stat().st_size):
        replies = _replies(run, file, asked, watch)
        found.append(_quant(file, checks, _voice(asked, replies, base, profile), before))
    sound = [quant for quant in found if quant.within]
    made = Quants(before, found, sound[-1].kind if sound else "")
    write_atomic(run / "quants.json", json.dumps(made.as_dict(), indent=2) + "\n")
    return made


def _replies(run: Path, file: Path, asked: Sequence[Answer], watch: Watcher) -> dict[str, str]:
    """A file's answers by question, kept with the run by the file's sum."""
    kept_in, key = run / "quants-answers.json", sha256(file)
    kept: dict[str, dict[str, str]] = json.loads(kept_in.read_text(encoding="utf-8")) if kept_in.is_file() else {}
    mine = kept.setdefault(key, {})
    missing = [answer for answer in asked if answer.id not in mine]
    if not missing:
        return mine
    watch.begin(f"Asking {file.name}")
    tokenizer, system = load_tokenizer(run / "merged"), system_prompt_of(run)
    template = Template(tokenizer.chat_template, changed=False, lead="", end="", stop=tokenizer.eos_token_id)
    begin = [{"role": "system", "content": system}] if system else []
    with Gguf(file, tokenizer, template, CONTEXT, read_sampling(run / "merged") or EARLIER) as engine:
        for start in range(0, len(missing), FILE_AT_ONCE):
            batch = missing[start : start + FILE_AT_ONCE]
            prompts = [[*begin, {"role": "user", "content": answer.question}] for answer in batch]
            seed = SEED + batch[0].sample if batch[0].sample else None
            mine |= {answer.id: reply.text for answer, reply in zip(batch, engine.reply(prompts, seed), strict=True)}
            write_atomic(kept_in, json.dumps(kept, ensure_ascii=False))
            watch.update(start + len(batch), len(missing))
    return mine


def _voice(
    asked: Sequence[Answer], replies: Mapping[str, str], base: Mapping[str, Answer], profile: LikenessProfile | None
) -> Voice:
    own = [answer.id for answer in asked if answer.about in OF_VOICE]
    invented = [not declines(replies[answer.id]) for answer in asked if answer.about in INVENTED]
    invents = share(invented) if invented else None
    if profile is None:
        return Voice(None, invents, "the dataset has no author profile", len(invented))
    found = profile.measure([replies[each] for each in own], [base[each].answer for each in own])
    if found.value is None or found.low is None or found.high is None:
        return Voice(None, invents, found.why_not, len(invented))
    return Voice(Score(found.value, found.low, found.high), invents, of=len(invented))


def _quant(file: Path, checks: Sequence[dict[str, Any]], voice: Voice, before: Voice) -> Quant:
    kind = file.stem.rpartition("-")[2]
    values = {check["name"]: check["value"] for check in checks if check["file"] == file.name}
    kl = values.get("logits")
    return Quant(
        kind,
        file.name,
        round(file.stat().st_size / 1e6, 1),
        kl,
        values.get("top-1"),
        voice,
        within_noise(voice, before, kl),
        dict(census(file)),
        (fallback_warning(file, kind) or "") if kind in KINDS else "",
    )


def within_noise(voice: Voice, before: Voice, kl: float | None) -> bool:
    """Whether a file's voice differs from the model's by no more than chance.

    Args:
        voice: of the file's answers.
        before: of the model's answers, with the bounds of its 95 % intervals.
        kl: of the file to its 16-bit file, in nats a token; decides too where no likeness or hardly an invention can be measured.
    """
    if voice.invents and before.invents and voice.invents.value > before.invents.high:
        return False
    if (before.likeness is None or before.of < FEW) and not (kl is None or kl < CLOSE):
        return False
    if before.likeness is None:
        return True
    return voice.likeness is not None and voice.likeness.value >= before.likeness.low


def _cells(voice: Voice) -> str:
    likeness = f"{voice.likeness.value:.0f} ({voice.likeness.low:.0f} to {voice.likeness.high:.0f})" if voice.likeness else "-"
    return f"{likeness:<20}{voice.invents.as_text(True) if voice.invents else '-':<20}"


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.2g}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"
