"""What a person may rely on when they bring pairs of their own: tables, other people's shapes, and whole dataset folders."""

import csv
import json
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate.ledger.ledger import Ledger
from curate.model import Stage
from curate.read.documents import Unreadable
from curate.read.read import find_files, read_sources
from curate.read.ready_pairs import read_pairs
from curate.screen.duplicates import find_duplicates
from likeness.recipe.load import load_recipe
from tests.make import json_of

QUESTION, REPLY = "How hot is your oven?", "Two hundred degrees."
ROW = {"instruction": QUESTION, "output": REPLY}


def read(path: Path) -> tuple[list, dict]:
    stage = Stage("read")
    pairs = read_pairs(path, path.name, stage)
    return [([(turn.role, turn.content) for turn in pair.prompt], pair.response) for pair in pairs], stage.reasons


ONE = [([("user", QUESTION)], REPLY)]


def jsonl(path: Path, *rows: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def chat(*said: tuple[str, object], **more: object) -> dict:
    return {"messages": [{"role": role, "content": content} for role, content in said]} | more


# --- tables ---


@pytest.mark.parametrize(("name", "delimiter"), [("a.csv", ","), ("a.csv", ";"), ("a.tsv", "\t")])
@pytest.mark.parametrize(
    "header", [["instruction", "input", "output"], ["Prompt", "x", "Completion"], ["question", "x", "answer"]]
)
def test_a_table_is_read_by_the_names_that_rows_of_jsonl_have(tmp_path, name, delimiter, header):
    with (tmp_path / name).open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, delimiter=delimiter)
        rows.writerows([header, [QUESTION, "", REPLY], ["One\nline, and “another”", "", 'It is "so"; yes']])
    pairs, reasons = read(tmp_path / name)
    assert pairs == [*ONE, ([("user", "One\nline, and “another”")], 'It is "so"; yes')]
    assert reasons == {}


def test_a_row_of_a_table_that_does_not_fit_is_told(tmp_path):
    (tmp_path / "a.csv").write_text("instruction,output\na,b\nc,d,e\n")
    with pytest.raises(Unreadable, match="line 3 has 3 columns, and the first line names 2"):
        read(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_text('instruction,output\na,b\nc,"d\n')
    with pytest.raises(Unreadable, match="line 3 is not CSV"):
        read(tmp_path / "a.csv")


def test_parquet_is_read_with_its_lists_of_messages(tmp_path):
    pq.write_table(pa.Table.from_pylist([chat(("user", QUESTION), ("assistant", REPLY))]), tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet") == (ONE, {})
    data = (tmp_path / "a.parquet").read_bytes()
    for broken in (data[:-20], data[:4] + b"\0" * (len(data) - 40) + data[-36:], b"PAR1", b"instruction"):
        (tmp_path / "a.parquet").write_bytes(broken)
        with pytest.raises(Unreadable, match="cannot be read as parquet"):
            read(tmp_path / "a.parquet")


def test_a_workbook_is_refused_with_what_to_do(tmp_path):
    (tmp_path / "faq.xlsx").write_bytes(b"PK")
    with pytest.raises(Unreadable, match="save the sheet with the questions and answers as CSV"):
        read(tmp_path / "faq.xlsx")


# --- shapes ---


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": [{"role": "system", "content": "S"}, {"role": "user", "content": QUESTION}],
         "completion": [{"role": "assistant", "content": REPLY}]},
        chat(("developer", "S"), ("user", [{"type": "text", "text": QUESTION}]), ("assistant", REPLY)),
        chat(("assistant", "Hello!"), ("user", QUESTION), ("assistant", REPLY), ("user", "Thanks")),
        {"conversations": [{"from": "system", "value": "S"}, {"from": "human", "value": QUESTION}, {"from": "gpt", "value": REPLY}]},
        {"input": {"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": QUESTION}], "tools": []},
         "preferred_output": [{"role": "assistant", "content": REPLY}],
         "non_preferred_output": [{"role": "assistant", "content": "Hot."}]},
    ],
    ids=["two chat columns", "parts", "greeting and thanks", "sharegpt with a system turn", "preferences as OpenAI takes them"],
)  # fmt: skip
def test_chats_are_read_from_the_first_question_to_the_last_answer(tmp_path, row):
    assert read(jsonl(tmp_path / "a.jsonl", row)) == (ONE, {})


CALL = {
    "role": "assistant",
    "content": None,
    "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"messages": [{"role": "user", "content": QUESTION}, CALL, {"role": "tool", "content": "200"},
                       {"role": "assistant", "content": REPLY}]}, "rests on what a tool said"),
        ({"conversations": [{"from": "human", "value": QUESTION}, {"from": "function_call", "value": "{}"},
                            {"from": "observation", "value": "200"}, {"from": "gpt", "value": REPLY}]}, "rests on what a tool said"),
        (chat(("user", [{"type": "image_url", "image_url": {"url": "a.png"}}]), ("assistant", REPLY)), "holds a picture or a sound"),
        (chat(("user", QUESTION), ("narrator", "He thinks."), ("assistant", REPLY)), "row of no known shape"),
        (chat(("user", None), ("assistant", REPLY)), "row of no known shape"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_learnt_is_left_out_and_counted(tmp_path, row, reason):
    assert read(jsonl(tmp_path / "a.jsonl", ROW, row)) == (ONE, {reason: 1})


@pytest.mark.parametrize(
    ("text", "why"),
    [("[" * 100_000, "cannot be read"), ("[1,\n2", "is not JSON: .* in line 2"), ("9" * 9999, "line 1 is JSON that")],
)
def test_json_that_is_broken_or_made_to_break_is_told(tmp_path, text, why):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(Unreadable, match=why):
        read(tmp_path / "a.json")


CODE = "So:\n\n```python\ndef heat(oven):\n    for hour in range(3):\n\toven.warm(hour)\n\n\n    return oven\n```"


@pytest.mark.parametrize(
    "row",
    [
        {"instruction": f" {CODE}\n", "output": f"\ufeff\n{CODE}  \n"},
        chat(("user", CODE), ("assistant", CODE.replace("\n", "\r\n"))),
        chat(("user", CODE), ("assistant", [{"type": "text", "text": CODE.replace("\n\n\n", "\n \n\u200b\n")}])),
    ],
    ids=["blanks around it", "carriage returns", "parts"],
)
def test_code_in_an_answer_keeps_its_lines_and_their_indentation(tmp_path, row):
    assert read(jsonl(tmp_path / "a.jsonl", row)) == ([([("user", CODE)], CODE)], {})
    assert read(jsonl(tmp_path / "b.jsonl", ROW | {"output": "    if hot:\n        bake()"}))[0][0][1] == "if hot:\n    bake()"


def test_an_answer_laid_out_otherwise_says_the_same(tmp_path):
    texts = [CODE, CODE.replace("    ", "  ").replace("\n\n", "\n"), CODE.replace("oven", "kiln")]
    jsonl(tmp_path / "a.jsonl", *(ROW | {"output": text} for text in texts))
    pairs = read_pairs(tmp_path / "a.jsonl", "a.jsonl", Stage("read"))
    (found,) = find_duplicates(pairs, near=0.9)
    assert found.pair == pairs[1].id
    assert found.message.startswith(f"exact duplicate of {pairs[0].id}")


# --- dataset folders ---


def test_a_dataset_saved_to_disk_is_read_with_all_splits_but_the_test(tmp_path):
    def of(*questions: str) -> datasets.Dataset:
        return datasets.Dataset.from_list([chat(("user", question), ("assistant", REPLY)) for question in questions])

    of(QUESTION).save_to_disk(tmp_path / "one")
    assert read(tmp_path / "one") == (ONE, {})
    datasets.DatasetDict({"train": of(QUESTION), "validation": of("V?"), "test": of("T?", "U?")}).save_to_disk(tmp_path / "many")
    pairs, reasons = read(tmp_path / "many")
    assert [prompt[0][1] for prompt, _ in pairs] == [QUESTION, "V?"]
    assert reasons == {"in the test split": 2}
    (tmp_path / "one" / "state.json").write_text("{}")
    with pytest.raises(Unreadable, match="cannot be read as a saved dataset"):
        read(tmp_path / "one")


def test_a_folder_as_on_the_hub_is_read_by_what_most_of_its_files_are(tmp_path):
    jsonl(tmp_path / "ds/data/train-00000-of-00002.jsonl", ROW)
    jsonl(tmp_path / "ds/data/train-00001-of-00002.jsonl", ROW | {"instruction": "B?"})
    jsonl(tmp_path / "ds/data/test-00000-of-00001.jsonl", ROW)
    jsonl(tmp_path / "ds/.cache/huggingface/hidden.jsonl", ROW)
    (tmp_path / "ds/dataset_infos.json").write_text('{"default":\n{}}')
    pairs, reasons = read(tmp_path / "ds")
    assert [prompt[0][1] for prompt, _ in pairs] == [QUESTION, "B?"]
    assert reasons == {"in the test split": 1}
    (tmp_path / "ds/data/train-00001-of-00002.jsonl").write_text("{")
    with pytest.raises(Unreadable, match=r"holds data/train-00001-of-00002.jsonl, which line 1 is not JSON"):
        read(tmp_path / "ds")


def card(folder: Path, configs: str) -> Path:
    jsonl(folder / "talk/train.jsonl", ROW)
    jsonl(folder / "prefer/train.jsonl", {"prompt": "x", "chosen": "y", "rejected": "z"})
    (folder / "README.md").write_text(f"---\nlicense: mit\nconfigs:\n{configs}---\n# A dataset\n")
    return folder


@pytest.mark.parametrize("files", [
    "  data_files: talk/*.jsonl", "  data_files: [{split: train, path: talk/train.jsonl}]", "  data_dir: talk",
    "  data_files:\n  - split: train\n    path: [talk/train.jsonl]\n  - {split: test, path: prefer/train.jsonl}",
])  # fmt: skip
def test_the_card_says_which_files_are_the_dataset(tmp_path, files):
    assert read(card(tmp_path, f"- config_name: talk\n  default: true\n{files}\n- config_name: prefer\n"))[0] == ONE


def test_of_several_datasets_without_a_default_one_must_be_named(tmp_path):
    with pytest.raises(Unreadable, match=r"holds several datasets \(talk, prefer\) and none is the default"):
        read(card(tmp_path, "- {config_name: talk, data_dir: talk}\n- {config_name: prefer, data_dir: prefer}\n"))


@pytest.mark.parametrize(
    "elsewhere", ["../secret.jsonl", "/etc/hosts.csv", "https://example.org/a.jsonl", "hf://datasets/a/b/c.csv"]
)
def test_a_card_cannot_reach_out_of_its_folder(tmp_path, elsewhere):
    jsonl(tmp_path / "secret.jsonl", ROW)
    with pytest.raises(Unreadable, match="not in the folder; nothing else is read"):
        read(card(tmp_path / "ds", f"- {{config_name: a, data_files: '{elsewhere}'}}\n"))
    with pytest.raises(Unreadable, match="not in the folder"):
        read(card(tmp_path / "ds", f"- {{config_name: a, data_dir: '{elsewhere}'}}\n"))


def test_a_folder_without_a_dataset_is_told_so(tmp_path):
    (tmp_path / "notes.md").write_text("Hello")
    with pytest.raises(Unreadable, match="without a dataset"):
        read(tmp_path)


def test_a_dataset_that_was_published_here_is_read_again_as_pairs(curate, corpus, tmp_path):
    """Its questions for evaluation are not among them, and a change in any file is seen."""
    built = json_of(curate(tmp_path, "build", "recipe.yaml", "--json"))
    recipe = "name: again\npersona: {name: A, system_prompt: S}\nsources:\n  - {path: DATASET, as: pairs, rights: own}\n"
    (tmp_path / "again.yaml").write_text(recipe.replace("DATASET", built["dataset"]))

    def sources() -> object:
        ledger = Ledger(tmp_path / "ledger.db")
        files = find_files(load_recipe(tmp_path / "again.yaml"), tmp_path)
        found = read_sources(files, ledger, Stage("read"), lambda *_: None)
        ledger.close()
        return found

    first = sources()
    original = datasets.load_dataset(built["dataset"], "sft", cache_dir=str(tmp_path / "cache"))
    rows = [*original["train"], *original["validation"]]
    assert len(rows) == built["counts"]["train"] + built["counts"]["validation"] > 5
    assert [pair.response for pair in first.pairs] == [row["completion"][0]["content"] for row in rows]
    assert [pair.instruction for pair in first.pairs] == [row["prompt"][-1]["content"] for row in rows]
    (file,) = first.files
    (Path(built["dataset"]) / "sft" / "validation.parquet").unlink()
    assert sources().files[0]["sha256"] != file["sha256"]
