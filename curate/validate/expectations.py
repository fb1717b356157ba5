"""Expectations of ours, beside Great Expectations' own; imported before a suite that names them is made."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any, ClassVar

import pandas as pd
from great_expectations.compatibility import pydantic

from curate.model import Pair, Turn
from curate.screen.duplicates import find_duplicates
from curate.screen.shape import kind_mix
from curate.validate.pairs_expectation import PairsExpectation, Seen
from likeness.kinds import KINDS
from likeness.metrics.phrases import rows_over
from likeness.metrics.shared_questions import NEAR
from likeness.metrics.terms import term_shares
from likeness.metrics.text import spaced

TERMS = 5
"""Terms whose rows are listed: the others follow once these are fixed."""

SHARE = {"ge": 0, "le": 1}
QUANTILE = {"gt": 0, "lt": 1}


class ExpectTermShareToBeAtMost(PairsExpectation):
    """Expect no term to be in more than a share of the rows: what a dataset echoes, the model echoes louder.

    Args:
        column: the column to read; `response` where none is named.
        max_share: largest share of rows, in [0, 1], that may hold one term.
        terms: the phrases to look for; where none are given, every two-word phrase without a function word.
    """

    column: str = "response"
    max_share: float = pydantic.Field(**SHARE)
    terms: list[str] | None = pydantic.Field(None, min_items=1)
    success_keys: ClassVar[tuple[str, ...]] = ("column", "max_share", "terms")

    @property
    def sentence(self) -> str:
        """What is expected."""
        what = " or ".join(f"“{term}”" for term in self.terms) if self.terms else "Any phrase of two words"
        return f"{what} may be in at most {self.max_share:.1%} of rows ({self.column})."

    def look(self, frame: pd.DataFrame) -> Seen:
        """Rows are named that hold the commonest of the terms that are too often, those with several of them first."""
        texts = frame[self.column].fillna("")
        most = sorted(term_shares(texts, self.terms).items(), key=lambda item: (-item[1], item[0]))
        over = [term for term, share in most if share > self.max_share][:TERMS]
        spelt = [spaced(text) for text in texts]
        held = {row: [term for term in over if spaced(term) in words] for row, words in zip(frame["id"], spelt, strict=True)}
        rows = sorted((row for row in held if held[row]), key=lambda row: -len(held[row]))
        too_many = {term: rows_over(sum(spaced(term) in words for words in spelt), len(frame), self.max_share) for term in over}
        which = ", ".join(f"{rows} rows with “{term}”" for term, rows in too_many.items())
        return Seen(
            not over,
            f"{most[0][0]!r} in {most[0][1]:.1%} of rows" if most else "no term",
            [(row, "has " + ", ".join(f"“{term}”" for term in held[row])) for row in rows],
            f"Leave out or reword {which}, or add pairs on other matter; `balance: {{terms: …}}` leaves them out for you.",
        )


class ExpectPassageCoverageToBeAtLeast(PairsExpectation):
    """Expect pairs to rest on most of the passages: of what no pair quotes, the model learns nothing.

    Args:
        min_share: smallest share of the documents' passages, in [0, 1], that some pair's quote is in.
    """

    min_share: float = pydantic.Field(**SHARE)
    success_keys: ClassVar[tuple[str, ...]] = ("min_share",)
    listed: ClassVar[str] = "passage"

    @property
    def sentence(self) -> str:
        """What is expected."""
        return f"At least {self.min_share:.1%} of the documents' passages have a pair that quotes them."

    def look(self, frame: pd.DataFrame) -> Seen:
        """Passages are named instead of rows, those of documents with most such passages first."""
        passages: dict[str, str] = frame.attrs["passages"]
        if not passages:
            return Seen(
                False, "not judged: the recipe has no documents, so there are no passages", [], "Take it out of the recipe."
            )
        silent = [where for passage, where in passages.items() if passage not in set(frame["passage"])]
        covered = len(passages) - len(silent)
        by_place = Counter(silent).most_common()
        return Seen(
            covered >= self.min_share * len(passages),
            f"{covered} of {len(passages)} passages ({covered / len(passages):.1%})",
            [(where, f"{count} without a pair") for where, count in by_place],
            "Raise `per_passage` under `generate.kinds`, or look with `curate show` at why their pairs were dropped; what is not "
            f"worth learning leave out with `exclude`. Most are missing in {', '.join(where for where, _ in by_place[:3])}.",
        )


class ExpectVoiceDistanceQuantileToBeAtMost(PairsExpectation):
    """Expect generated responses to lie near the author's style.

    A response's distance is the share of the author's own windows that are nearer to their style: of the author's own, half
    lie below 0.5 and one in twenty above 0.95 (see `curate.screen.voice`).

    Args:
        quantile: of the distances, in (0, 1); 0.5 where it is not said.
        max_distance: largest distance, in [0, 1], at that quantile.
    """

    quantile: float = pydantic.Field(0.5, **QUANTILE)
    max_distance: float = pydantic.Field(**SHARE)
    success_keys: ClassVar[tuple[str, ...]] = ("quantile", "max_distance")

    @property
    def sentence(self) -> str:
        """What is expected."""
        return (
            f"{self.quantile:.0%} of generated responses have a voice distance of at most {self.max_distance:.2f}: the share of "
            "the author's own windows that are nearer to their style."
        )

    def look(self, frame: pd.DataFrame) -> Seen:
        """Rows are named that are farther out, the farthest first."""
        judged = frame[frame["voice_distance"].notna()]
        if judged.empty:
            observed = (
                "not judged: it takes 5,000 words of documents to know a voice, and generated responses of 30 words and more"
            )
            return Seen(False, observed, [], "Add documents, or give this expectation `severity: warning`.")
        seen = float(judged["voice_distance"].quantile(self.quantile, interpolation="higher"))
        far = judged[judged["voice_distance"] > self.max_distance].sort_values(["voice_distance", "id"], ascending=[False, True])
        too_many = len(far) - int((1 - self.quantile) * len(judged))
        return Seen(
            seen <= self.max_distance,
            f"{seen:.2f} at the {self.quantile:.0%} quantile of {len(judged)} responses",
            [(row["id"], f"distance {row['voice_distance']:.2f}") for row in far.to_dict("records")],
            f"{too_many} responses too many lie farther out. Send them back in review, or say more of the voice in "
            "`persona.description`, and let `own_words` have a larger share.",
        )


class ExpectKindMixToBeCloseTo(PairsExpectation):
    """Expect the kinds to be in given shares: a model learns the shapes that it sees most.

    Args:
        mix: share of each kind; scaled to sum to one, so that {essay: 1, question_answer: 3} does as well.
        tolerance: largest total variation distance, in [0, 1]: the share of rows that would have to be of another kind.
    """

    mix: dict[str, float]
    tolerance: float = pydantic.Field(0.1, **SHARE)
    success_keys: ClassVar[tuple[str, ...]] = ("mix", "tolerance")

    @pydantic.validator("mix")  # type: ignore[untyped-decorator]
    def _shares_of_kinds(cls, mix: dict[str, float]) -> dict[str, float]:
        if not mix:
            raise ValueError("name at least one kind with its share")
        for kind, share in mix.items():
            if not share > 0:
                raise ValueError(f"the share of {kind} must be above 0, not {share:g}")
            _check_kind(kind)
        return mix

    @property
    def _asked(self) -> dict[str, float]:
        return {kind: share / sum(self.mix.values()) for kind, share in self.mix.items()}

    @property
    def sentence(self) -> str:
        """What is expected."""
        mix = ", ".join(f"{share:.0%} {kind}" for kind, share in sorted(self._asked.items(), key=lambda item: -item[1]))
        return f"The kinds have the shares {mix}; at most {self.tolerance:.1%} of rows are of a kind too many."

    def look(self, frame: pd.DataFrame) -> Seen:
        """Rows are named of the kinds that have too many, those with most findings and no review first."""
        counts = Counter(frame["kind"])
        wanted = {kind: self._asked.get(kind, 0.0) * len(frame) for kind in counts | self._asked}
        excess = {
            kind: math.ceil(counts[kind] - rows) if counts[kind] > rows else math.floor(counts[kind] - rows)
            for kind, rows in wanted.items()
        }
        worst = frame.assign(unseen=~frame["review"].isin(["approved", "edited"]))
        worst = worst.sort_values(["unseen", "findings", "id"], ascending=[False, False, True])
        rows = [
            (row, f"one of {excess[kind]} {kind} too many")
            for kind in sorted(excess, key=lambda kind: -excess[kind])
            for row in worst["id"][worst["kind"] == kind].head(max(0, excess[kind]))
        ]
        distance = kind_mix(frame["kind"], self.mix)
        shown = [f"{abs(rows)} {kind} too {'many' if rows > 0 else 'few'}" for kind, rows in excess.items() if rows]
        caps = ", ".join(f"{kind}: {round(wanted[kind])}" for kind, rows in excess.items() if rows > 0 and wanted[kind] >= 1)
        return Seen(
            distance <= self.tolerance,
            f"{distance:.1%} of rows are of a kind too many: "
            + ", ".join(f"{counts[kind] / len(frame):.0%} {kind}" for kind in sorted(wanted, key=lambda kind: -counts[kind])),
            rows,
            f"{', '.join(shown)}. Change `per_passage` and `per_document` under `generate.kinds`"
            + (f", or cap them: `balance: {{per_kind: {{{caps}}}}}`." if caps else "."),
        )


class ExpectLengthQuantileToBeBetween(PairsExpectation):
    """Expect responses of a certain length: concise pairs make concise models.

    Args:
        kind: whose responses; where none is named, all.
        quantile: of the words of a response, in (0, 1); 0.5 where it is not said.
        min_words: fewest words at that quantile.
        max_words: most words at that quantile.
    """

    kind: str | None = None
    quantile: float = pydantic.Field(0.5, **QUANTILE)
    min_words: int | None = pydantic.Field(None, ge=0)
    max_words: int | None = pydantic.Field(None, ge=0)
    success_keys: ClassVar[tuple[str, ...]] = ("kind", "quantile", "min_words", "max_words")

    @pydantic.root_validator(skip_on_failure=True)  # type: ignore[untyped-decorator]
    def _a_range(cls, values: dict[str, Any]) -> dict[str, Any]:
        fewest, most = values.get("min_words"), values.get("max_words")
        if fewest is None and most is None:
            raise ValueError("say `min_words`, `max_words` or both")
        if fewest is not None and most is not None and fewest > most:
            raise ValueError(f"`min_words` ({fewest}) is above `max_words` ({most})")
        if values["kind"] is not None:
            _check_kind(values["kind"])
        return values

    @property
    def sentence(self) -> str:
        """What is expected."""
        low = f"at least {self.min_words}" if self.min_words is not None else ""
        high = f"at most {self.max_words}" if self.max_words is not None else ""
        of = f"responses of kind {self.kind}" if self.kind else "all responses"
        return f"The {self.quantile:.0%} quantile of the words of {of} is {' and '.join(filter(None, (low, high)))}."

    def look(self, frame: pd.DataFrame) -> Seen:
        """Rows are named that pull the quantile out of the range, the shortest or the longest first."""
        rows = frame[frame["kind"] == self.kind] if self.kind else frame
        if rows.empty:
            return Seen(False, f"no row is of kind {self.kind}", [], "Ask for it under `generate.kinds`.")
        seen = int(rows["response_words"].quantile(self.quantile, interpolation="lower"))
        if self.max_words is not None and seen > self.max_words:
            outside = rows[rows["response_words"] > self.max_words].sort_values(["response_words", "id"], ascending=[False, True])
            fix = "Lower `words` of the kind under `generate.kinds`, or send these back in review."
        else:
            outside = rows[rows["response_words"] < (self.min_words or 0)].sort_values(["response_words", "id"])
            fix = "Raise `words` of the kind under `generate.kinds`, or send these back in review."
        holds = (self.min_words or 0) <= seen and (self.max_words is None or seen <= self.max_words)
        named = [(row["id"], f"{row['response_words']} words") for row in outside.to_dict("records")]
        return Seen(holds, f"{seen} words at the {self.quantile:.0%} quantile of {len(rows)} responses", named, fix)


class ExpectLeakageShareToBeAtMost(PairsExpectation):
    """Expect training to ask nothing that the model will be judged by: controlled questions, and what is held out.

    The screen leaves out what asks it word for word, the split what is like it from 0.8 on; this is about what is left.

    Args:
        max_share: largest share of the rows to train on, in [0, 1]; none where it is not said.
        similarity: Jaccard similarity of what is asked, in [0.7, 1], from which two questions are one.
    """

    max_share: float = pydantic.Field(0.0, **SHARE)
    similarity: float = pydantic.Field(NEAR, ge=NEAR, le=1)
    success_keys: ClassVar[tuple[str, ...]] = ("max_share", "similarity")

    @property
    def sentence(self) -> str:
        """What is expected."""
        few = f"At most {self.max_share:.1%} of rows to train on ask" if self.max_share else "No row to train on asks"
        return f"{few} a controlled or a held-out question, from a similarity of {self.similarity:g} on."

    def look(self, frame: pd.DataFrame) -> Seen:
        """Rows are named that ask such a question, the nearest first."""
        train = frame[frame["split"] == "train"]
        leaks = train[train["leakage_similarity"] >= self.similarity].sort_values(
            ["leakage_similarity", "id"], ascending=[False, True]
        )
        return Seen(
            len(leaks) <= self.max_share * len(train),
            f"{len(leaks)} of {len(train)} rows to train on",
            [(row["id"], f"{row['leakage']} ({row['leakage_similarity']:.2f})") for row in leaks.to_dict("records")],
            "Reword or reject these rows in review, or ask something else in the controlled questions.",
        )


class ExpectNearDuplicateShareToBeAtMost(PairsExpectation):
    """Expect few responses that nearly repeat another: what is twice is learnt by heart.

    The screen drops what is nearer than `screen.duplicates.near`; this is about what it lets pass.

    Args:
        max_share: largest share of rows, in [0, 1].
        similarity: Jaccard similarity of the responses' word triples, in (0.3, 1], from which two are near; 0.5 where it is not
            said.
    """

    max_share: float = pydantic.Field(**SHARE)
    similarity: float = pydantic.Field(0.5, gt=0.3, le=1)
    success_keys: ClassVar[tuple[str, ...]] = ("max_share", "similarity")

    @property
    def sentence(self) -> str:
        """What is expected."""
        return f"At most {self.max_share:.1%} of responses nearly repeat another, from a similarity of {self.similarity:g} on."

    def look(self, frame: pd.DataFrame) -> Seen:
        """Rows are named that repeat a better one, the nearest first."""
        pairs = [
            Pair(row["id"], row["kind"], (Turn("user", row["instruction"]),), row["response"], row["document"])
            for row in frame.to_dict("records")
        ]
        found = sorted(find_duplicates(pairs, self.similarity), key=lambda finding: (-finding.score, finding.pair))
        return Seen(
            len(found) <= self.max_share * len(frame),
            f"{len(found)} of {len(frame)} rows",
            [(finding.pair, finding.message.split(",")[0]) for finding in found],
            "Reject or reword them in review, or have the screen drop them: "
            f"`screen: {{duplicates: {{near: {self.similarity:g}}}}}`.",
        )


class ExpectReviewCompletenessToBeAtLeast(PairsExpectation):
    """Expect reviewers to have decided most of the pairs that the recipe's `review` asks them for.

    Approved, edited and rejected pairs are decided; pairs that await a reviewer or a tie-break are not, whether or not they are
    in the dataset.

    Args:
        min_share: smallest share of them, in [0, 1]; all where it is not said.
    """

    min_share: float = pydantic.Field(1.0, **SHARE)
    success_keys: ClassVar[tuple[str, ...]] = ("min_share",)

    @property
    def sentence(self) -> str:
        """What is expected."""
        return f"Reviewers have decided at least {self.min_share:.1%} of the pairs that they were asked for."

    def look(self, frame: pd.DataFrame) -> Seen:
        """Rows are named that await a decision."""
        undecided: list[str] = frame.attrs["undecided"]
        asked = frame.attrs["decided"] + len(undecided)
        inside = set(frame["id"])
        return Seen(
            frame.attrs["decided"] >= self.min_share * asked,
            f"{frame.attrs['decided']} of {asked} pairs" if asked else "no pair needs a reviewer",
            [(pair, "in the dataset, undecided" if pair in inside else "left out until it is decided") for pair in undecided],
            f"Review {len(undecided)} pairs: `curate review RECIPE`.",
        )


def _check_kind(kind: str) -> None:
    if kind not in KINDS:
        raise ValueError(f"there is no kind {kind}; there are {', '.join(KINDS)}")
