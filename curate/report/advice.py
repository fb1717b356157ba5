"""What to do next, told by the figures: each line says what is the matter, what mends it, and in which rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from curate.report.figures import Figures
from curate.words import count_of

MUCH = 0.1
"""A share of rows from which something is worth a person's time."""

SHORT = 0.9
"""Of the pairs asked for, the share from which a kind is as good as complete."""

BEYOND = 2 * 0.05
"""Answers farther from the author than 95 % of their own stretches: 5 % is as near as the author, twice that is worth a look."""

HABIT = 2.0
"""Times the author's own rate from which a habit is told of, if it comes once in a thousand words at least."""


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to do, and the pairs to do it on."""

    text: str
    pairs: tuple[str, ...] = ()
    command: str = ""
    """What to type, where typing does it."""

    @property
    def rows(self) -> str:
        """The pairs' ids, the first dozen of them."""
        more = len(self.pairs) - 12
        return ", ".join(self.pairs[:12]) + (f" and {more} more" if more > 0 else "")


def advice_on(figures: Figures, recipe: str) -> list[Advice]:
    """All there is to do, what gates a dataset first and training last.

    Args:
        figures: of the build.
        recipe: the recipe's path, quoted for a shell, for commands to be copied.
    """
    found = [
        *_expectations(figures),
        *_awaiting(figures, recipe),
        *_echoes(figures),
        *_uncovered(figures),
        *_short_kinds(figures),
        *_outside_length(figures),
        *_voice(figures),
        *_habits(figures),
        *_contradictions(figures),
    ]
    if not figures.result["counts"]["validation"]:
        found.append(Advice("No row is held out, so training cannot watch its loss: raise split.validation, or add a document."))
    if "train" in figures.version.manifest["recipe"]:
        found.append(Advice("Then train on it:" if found else "Nothing stands out. Train on it:", command=f"train run {recipe}"))
    return found


def _expectations(figures: Figures) -> Iterator[Advice]:
    for check in figures.result["checks"]:
        if not check["success"]:
            arguments = ", ".join(f"{key} {value}" for key, value in check["arguments"].items())
            what = "An expectation" if check["severity"] == "critical" else "An expectation that only warns"
            text = f"{what} does not hold: {check['expectation']} ({arguments}): {check['observed']}."
            yield Advice(text, tuple(check["rows"]))


def _awaiting(figures: Figures, recipe: str) -> Iterator[Advice]:
    if waiting := figures.reviewing.awaiting:
        must = count_of(len(waiting), "pair", "await") + " review:"
        could = f"{count_of(len(waiting), 'pair')} with a finding, and nobody has looked at them yet:"
        yield Advice(must if figures.review_asked else could, waiting, f"curate review {recipe}")


def _echoes(figures: Figures) -> Iterator[Advice]:
    for echo, pairs in figures.echoes:
        usual = f"{echo.source_share:.0%} of like stretches of your texts" if echo.source_share else "none of your texts"
        what = {"phrase": "stands in", "opening": "opens", "closing": "closes", "template": "is how a sentence is built in"}
        text = f"“{echo.phrase}” {what[echo.form]} {echo.share:.0%} of the answers and {usual}; {echo.allowed:.0%} are allowed."
        if pairs:
            text += f" Leave out or reword these {len(pairs)}, or ask for {echo.pairs_to_add} pairs of other matter"
            text += f", from {echo.ask_more_of[0]} first." if echo.ask_more_of else "."
        else:
            text += " What is to be done for the echoes above is enough for this one."
        yield Advice(text, pairs)


def _uncovered(figures: Figures) -> Iterator[Advice]:
    for path, parts in figures.passages.items():
        bare = [part.words for part in parts if not part.pairs]
        if bare:
            have = "has" if len(bare) == 1 else "have"
            yield Advice(f"{count_of(len(bare), 'passage')} of {path} ({sum(bare):,} words) {have} no pair: {_mend(figures)}.")


def _mend(figures: Figures) -> str:
    """What brings pairs to passages that have none."""
    generate = figures.version.manifest["recipe"].get("generate") or {}
    if not any("per_passage" in kind for kind in generate.get("kinds", ())):
        return "no kind is asked for per passage; give one per_passage, or raise per_document"
    if generate["provider"] == "recorded":
        return "record answers for them, or have Claude write them"
    return "raise per_passage; what was written of them and did not pass stands with the checks below"


def _short_kinds(figures: Figures) -> Iterator[Advice]:
    for row in figures.result["mix"]:
        if row["asked"] and row["kept"] < SHORT * row["asked"]:
            fates = figures.fates.get(row["kind"], {})
            lost = {"not written": row["asked"] - row["written"]} | {
                why: n for why, n in fates.items() if why != "in the dataset"
            }
            told = ", ".join(f"{number} {why}" for why, number in lost.items() if number > 0)
            are = "is" if row["kept"] == 1 else "are"
            yield Advice(f"Of {row['asked']} {row['kind']} pairs asked for, {row['kept']} {are} in the dataset: {told}.")


def _outside_length(figures: Figures) -> Iterator[Advice]:
    for kind in figures.kinds:
        if kind.asked and kind.outside > MUCH:
            yield Advice(
                f"{kind.outside:.0%} of the {kind.kind} answers lie outside the {kind.asked[0]} to {kind.asked[1]} words that are"
                f" asked for; the middle one has {kind.words[2]}. A model answers as long as its rows do: lower"
                " screen.length.slack to leave them out, or ask for the `words` that you get."
            )


def _voice(figures: Figures) -> Iterator[Advice]:
    if figures.voice.beyond_95 is not None and figures.voice.beyond_95 > BEYOND:
        yield Advice(
            f"{figures.voice.beyond_95:.0%} of the written answers lie farther from your style than 95 % of your own stretches;"
            " 5 % would be as near as you are yourself. Say more of the voice in persona.description, and look at these first.",
            _pairs_of("voice", figures),
        )


def _habits(figures: Figures) -> Iterator[Advice]:
    for habit in figures.habits:
        if habit.responses >= 1 and habit.responses > HABIT * habit.yours:
            yield Advice(
                f"A habit of the generator's, {habit.habit}, comes {habit.responses:.1f} times in a thousand words of the answers"
                f" and {habit.yours:.1f} times in yours: say in persona.description how you do without.",
                _pairs_of("mannerisms", figures),
            )


def _contradictions(figures: Figures) -> Iterator[Advice]:
    if pairs := _pairs_of("contradictions", figures):
        yield Advice("These answer a question otherwise than another pair does; one of each two should go.", pairs)


def _pairs_of(check: str, figures: Figures) -> tuple[str, ...]:
    return next((tuple(row.pair for row in each.worst) for each in figures.checks if each.name == check), ())
