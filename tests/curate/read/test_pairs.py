"""What a person may rely on when they bring pairs: each shape is read right, or named rightly where it is refused."""

import json

import pytest

from curate.model import Stage
from curate.read.documents import Unreadable
from curate.read.ready_pairs import read_pairs

from .golden import cases, expected


@pytest.mark.parametrize("name", cases("pairs"))
def test_pairs_are_read_as_their_golden_file_says(name):
    path, right = expected(name)
    stage = Stage("read")
    if "refused" in right:
        with pytest.raises(Unreadable, match=right["refused"]):
            read_pairs(path, path.name, stage)
        return
    pairs = read_pairs(path, path.name, stage)
    assert [[turn.content for turn in pair.prompt] + [pair.response] for pair in pairs] == right["pairs"]
    assert stage.reasons == right["reasons"]


ODD = [None, True, 7, "", "x", "[{", "[" * 5000, [], {}, [None], [[]], [{}], {"a": 1}, [{"role": "user"}], [{"role": "assistant", "content": [None]}],
       [{"role": {}, "content": {}}], [{"from": "human", "value": 1}], "\n\nHuman: ", "\n\nHuman: x\n\nAssistant: "]  # fmt: skip
KEYS = ["messages", "conversation", "contents", "prompt", "chosen", "rejected", "completion", "label", "fields", "responses", "x.responses",
        "x.responses.status", "generations", "input"]  # fmt: skip


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("whole", [False, True])
def test_no_value_in_any_place_stops_the_reader(tmp_path, key, whole):
    """As a row among others, and as the one object of a file."""
    good = {"instruction": "How long?", "output": "A night."}
    for odd in ODD:
        for row in ({key: odd}, {"prompt": "How long?", key: odd}, good | {key: odd}):
            path = tmp_path / "a.json"
            path.write_text(json.dumps(row if whole else [good, row], indent=1 if whole else None))
            try:
                pairs = read_pairs(path, "a.json", Stage("read"))
            except Unreadable:
                assert whole
            else:
                assert whole or (pairs[0].instruction, pairs[0].response) == ("How long?", "A night.")


@pytest.mark.parametrize(
    "columns", ["Frage;Antwort", "Question;Réponse", "Pregunta;Respuesta", "Domanda;Risposta", "质问;回答", "问题;答案"]
)
def test_a_table_kept_by_hand_has_columns_in_its_own_language(columns, tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(f"sep=;\nNr;{columns};Note\n1;How deep?;Three times.;ok\n2;And then?;;missing\n", encoding="utf-8")
    stage = Stage("read")
    if columns.startswith("质问"):  # no word for a question in any language
        with pytest.raises(Unreadable, match="no row of a known shape"):
            read_pairs(path, path.name, stage)
        return
    (pair,) = read_pairs(path, path.name, stage)
    assert (pair.prompt[-1].content, pair.response) == ("How deep?", "Three times.")
    assert stage.reasons == {"without a question or an answer": 1}
