"""What a person may rely on when they type `curate build`: what it makes, what a failure leaves, what is not done twice."""

import fcntl
import json
import os
import random
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import datasets
import pyarrow.parquet as pq
import pytest

from likeness.errors import CallError
from likeness.recipe.load import load_recipe
from likeness.sums import check_tables
from tests.make import CURATE, DOCUMENTS, LIVE, change, environment, json_of, one_message, rows, write_corpus

STAGES = ["read", "cut", "generate", "screen", "split", "validate", "publish"]
ASKED = "select count(*) from requests"


@pytest.fixture(scope="session")
def first(tmp_path_factory, curate):
    """The corpus, built once for all workers: (folder, what `--json` said). Read only; `village` gives a copy to change."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared
    folder, said = shared / "first", shared / "first.json"
    with (shared / "first.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not said.exists():
            folder.mkdir()
            write_corpus(folder)
            said.write_text(json.dumps(json_of(curate(folder, "build", "recipe.yaml", "--json"))))
    return folder, json.loads(said.read_text())


@pytest.fixture
def village(first, tmp_path):
    shutil.copytree(first[0], tmp_path / "village")
    return tmp_path / "village"


# --- what a build gives ---


def test_json_tells_each_stage_with_its_rows_and_reasons(first):
    folder, said = first
    assert [stage["name"] for stage in said["stages"]] == STAGES
    flow = {stage["name"]: (stage["rows_in"], stage["rows_out"]) for stage in said["stages"]}
    assert flow["read"] == (4, 4)
    assert flow["cut"] == (4, 5)
    assert flow["generate"] == (10, 9)
    assert flow["screen"] == flow["validate"] == flow["publish"] == (9, 9)
    reasons = {stage["name"]: stage["reasons"] for stage in said["stages"]}
    assert reasons["validate"] == {"expectations held": 2}
    assert sum(reasons["publish"].values()) == 9
    assert said["usage"] == {"requests": 0, "tokens": {"input": 0, "output": 0}, "usd": 0.0}
    assert said["version"].startswith("001-")
    assert Path(said["dataset"]) == folder / "build/village/dataset" / said["version"]


def test_the_dataset_folder_loads_as_it_is(first, tmp_path):
    folder = first[1]["dataset"]
    sft = datasets.load_dataset(folder, "sft", cache_dir=str(tmp_path))
    control = datasets.load_dataset(folder, "control", cache_dir=str(tmp_path))
    assert {split: len(rows) for split, rows in sft.items()} == {k: v for k, v in first[1]["counts"].items() if k != "control"}
    assert control["test"]["id"] == ["who", "moon"]
    texts = {name: load_text(first[0], name) for name in DOCUMENTS}
    for row in [*sft["train"], *sft["validation"]]:
        assert [message["role"] for message in row["prompt"]] == ["system", "user"]
        assert [message["role"] for message in row["completion"]] == ["assistant"]
        assert row["quote"] == texts[row["source"]][row["quote_start"] : row["quote_end"]]
        assert row["words"] == len(row["completion"][0]["content"].split())
    assert not set(sft["train"]["source"]) & set(sft["validation"]["source"])
    assert not {question["content"] for (_, question) in control["test"]["prompt"]} & {
        prompt[-1]["content"] for prompt in sft["train"]["prompt"]
    }


def load_text(folder: Path, name: str) -> str:
    ((text,),) = rows(folder / "build/village/ledger.db", f"select text from documents where path = '{name}'")
    return text


def test_manifest_card_and_formats_tell_the_same_rows(first):
    folder, said = first
    dataset = Path(said["dataset"])
    manifest = json.loads((dataset / "manifest.json").read_text())
    assert manifest["version"] == said["version"] == (dataset.parent / "latest").read_text().strip()
    assert manifest["parent"] is None
    assert sorted(source["path"] for source in manifest["sources"]) == sorted(DOCUMENTS)
    assert all(source["rights"] == "own" and len(source["sha256"]) == 64 for source in manifest["sources"])
    assert [check["success"] for check in manifest["checks"]] == [True, True]
    card = (dataset / "README.md").read_text()
    train, held = said["counts"]["train"], said["counts"]["validation"]
    assert f"{train} rows to train on, {held} held out, 2 controlled questions." in card
    assert "documents/bread.md: own" in card
    assert "Generator: recorded answers" in card and "claude" not in card, "no model is named that wrote nothing"
    assert str(folder) not in card + (dataset / "manifest.json").read_text()
    lines = {split: (dataset / f"formats/openai/{split}.jsonl").read_text().splitlines() for split in ("train", "validation")}
    assert {split: len(entries) for split, entries in lines.items()} == {"train": train, "validation": held}
    assert [message["role"] for message in json.loads(lines["train"][0])["messages"]] == ["system", "user", "assistant"]
    share = [json.loads(line) for line in (dataset / "formats/sharegpt.jsonl").read_text().splitlines()]
    assert [turn["from"] for turn in share[0]["conversations"]] == ["system", "human", "gpt"]
    alpaca = json.loads((dataset / "formats/alpaca.json").read_text())
    assert len(share) == len(alpaca) == train
    assert set(alpaca[0]) == {"instruction", "input", "output", "system"}


def test_data_docs_can_be_opened(first):
    index = first[0] / "build/village/report/expectations/index.html"
    assert "village" in index.read_text()


def test_a_second_run_does_nothing_and_says_so(first, curate):
    folder, said = first

    def files() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file() and path.name != ".lock"}

    before = files()
    done = curate(folder, "build", "recipe.yaml")
    assert done.stdout.startswith(f"Nothing has changed since dataset {said['version']}")
    after = files()
    assert {path.name for path in after.keys() ^ before.keys()} <= {"ledger.db-wal", "ledger.db-shm"}
    assert {path.name for path, at in after.items() if before.get(path, at) != at} <= {"ledger.db"}


def test_a_table_that_was_changed_by_hand_is_written_again_as_it_was(village, curate, first):
    dataset = village / "build/village/dataset" / first[1]["version"]
    table, manifest = dataset / "sft/train.parquet", json.loads((dataset / "manifest.json").read_text())
    before = table.read_bytes()
    pq.write_table(pq.read_table(table).slice(0, 3), table)
    with pytest.raises(CallError, match=r"train\.parquet: is not the file that was built"):
        check_tables(dataset)
    assert json_of(curate(village, "build", "recipe.yaml", "--json"))["version"] == first[1]["version"]
    assert table.read_bytes() == before and check_tables(dataset)
    again = json.loads((dataset / "manifest.json").read_text())
    assert [again[key] for key in ("parent", "created_at", "files")] == [manifest[k] for k in ("parent", "created_at", "files")]


def test_a_build_that_moved_to_another_folder_is_still_up_to_date(village, curate):
    assert "village: up to date" in curate(village, "status", "recipe.yaml").stdout


def test_only_what_depends_on_a_changed_document_is_asked_again(village, curate, first):
    ledger = village / "build/village/ledger.db"
    assert rows(ledger, ASKED) == [(10,)]
    change(village / "documents/orchard.txt", "forty trees", "fifty trees")
    change(village / "recorded/all.jsonl", "forty trees", "fifty trees")
    assert "changed since its last build" in curate(village, "status", "recipe.yaml").stdout
    said = json_of(curate(village, "build", "recipe.yaml", "--json"))
    assert said["version"].startswith("002-")
    assert rows(ledger, ASKED) == [(12,)]
    assert rows(ledger, "select distinct document from requests where rowid > 10") == [("documents/orchard.txt",)]
    assert json.loads((Path(said["dataset"]) / "manifest.json").read_text())["parent"] == first[1]["version"]
    change(village / "documents/orchard.txt", "fifty trees", "forty trees")
    change(village / "recorded/all.jsonl", "fifty trees", "forty trees")
    assert json_of(curate(village, "build", "recipe.yaml", "--json"))["version"] == first[1]["version"]
    assert (village / "build/village/dataset/latest").read_text().strip() == first[1]["version"]
    assert rows(ledger, ASKED) == [(12,)]


def test_the_same_rows_are_the_same_version(first, curate, tmp_path):
    write_corpus(tmp_path)
    left = tmp_path / "build/village/dataset" / f".{first[1]['version']}.abc123.part"
    shutil.copytree(first[1]["dataset"], left)  # what a process that was killed before the renaming leaves behind
    said = json_of(curate(tmp_path, "build", "recipe.yaml", "--json"))
    assert said["version"] == first[1]["version"]
    assert (Path(said["dataset"]) / "sft/train.parquet").is_file()
    assert not left.exists()


# --- the gate ---


def test_a_failed_expectation_names_the_rows_and_publishes_nothing(village, curate, first):
    strict = "  - expect_column_values_to_not_match_regex: {column: response, regex: uncle}\n"
    change(village / "recipe.yaml", "expect:\n", f"expect:\n{strict}  - expect_term_share_to_be_at_most: {{max_share: 0}}\n")
    done = curate(village, "build", "recipe.yaml", "--json", code=1)
    message = one_message(done)
    assert json.loads(done.stdout)["error"]["what"] in done.stderr
    assert "2 of 4 expectations failed; nothing was published" in message
    error = json.loads(done.stdout)["error"]
    assert re.fullmatch(r".*recipe\.yaml:\d+: expect", error["where"]) and "curate show PAIR" in error["fix"]
    assert "Correct or reject" in error["fix"] and "Correct or reject" not in error["what"]
    (line,) = [line for line in message.splitlines() if "expect_column_values_to_not_match_regex" in line]
    assert "2 of 9 rows break it; rows: " in line
    ids = line.split("rows: ")[1].split(", ")
    for identifier in ids:
        assert "uncle" in json_of(curate(village, "show", identifier, "--json"))["response"]
    assert "expect_term_share_to_be_at_most (max_share 0.0): 'four minutes' in 22.2% of rows" in message
    assert [path.name for path in (village / "build/village/dataset").glob("0*")] == [first[1]["version"]]
    assert (village / "build/village/dataset/latest").read_text().strip() == first[1]["version"]
    assert "published nothing" in curate(village, "status", "recipe.yaml").stdout

    change(village / "recipe.yaml", "regex: uncle", "regex: uncle, severity: warning")
    change(village / "recipe.yaml", "{max_share: 0}", "{max_share: 0, severity: info}")
    done = curate(village, "build", "recipe.yaml")
    assert "warning: expect_column_values_to_not_match_regex" in done.stdout
    assert f"Dataset {first[1]['version']}" in done.stdout


def test_a_wrong_expectation_argument_is_told_before_anything_is_paid_for(tmp_path, curate, claude):
    recipe = LIVE.replace("{min_value: 5}", "{min_vaule: 5}").replace("{column: quote}", "{colunm: quote, mostly: 7}")
    write_corpus(tmp_path, recipe)
    message = one_message(curate(tmp_path, "build", "recipe.yaml", env=claude.environment, code=2))
    assert "expect[0].expect_table_row_count_to_be_between: " in message
    assert "min_vaule" in message
    assert "expect[1].expect_column_values_to_not_be_null: " in message
    assert claude.log()["attempts"] == 0


def test_a_build_that_leaves_no_row_is_a_failed_gate(village, curate):
    (village / "recorded/all.jsonl").write_text('{"kind": "essay", "quote": "a b c", "instruction": "?", "response": "x"}\n')
    message = one_message(curate(village, "build", "recipe.yaml", code=1))
    assert "no pair is left to publish" in message


# --- looking ---


def test_status_says_where_a_recipe_stands(first, curate, tmp_path):
    said = json_of(curate(first[0], "status", "recipe.yaml", "--json"))
    assert said["state"] == "up to date"
    assert said["version"] == first[1]["version"]
    assert [stage["name"] for stage in said["stages"]] == STAGES
    assert said["spent"] == {
        "requests": 0,
        "input_tokens": 0,
        "output_tokens": 0,
        "usd": 0.0,
        "usd_lost": 0.0,
        "usd_under_way": 0.0,
    }
    write_corpus(tmp_path)
    assert "village: not built yet" in curate(tmp_path, "status", "recipe.yaml").stdout
    assert not (tmp_path / "build").exists()


def test_show_tells_a_pair_with_all_that_stands_behind_it(first, curate):
    folder = first[0]
    (identifier,), *_ = rows(
        folder / "build/village/ledger.db", "select id from pairs where kind = 'question_answer' order by id"
    )
    said = json_of(curate(folder, "show", identifier, "--json"))
    assert said["id"] == identifier
    assert said["state"] == "kept"
    passage, evidence = said["passage"], said["evidence"]
    assert passage["text"][evidence["start"] - passage["start"] : evidence["end"] - passage["start"]] == evidence["quote"]
    assert passage["text"] in said["request"]["user"]
    shown = curate(folder, "show", identifier[:-2], "--recipe", "recipe.yaml").stdout
    for part in (identifier, said["document"], "checks: nothing found", "response", "quote ("):
        assert part in shown


def test_show_tells_an_ambiguous_and_an_unknown_beginning(first, curate):
    message = one_message(curate(first[0], "show", "question-answer-", code=2))
    assert "5 pairs begin with 'question-answer-': question-answer-" in message
    assert "Give more of the id." in message
    assert "no pair's id begins with 'nothing'" in one_message(curate(first[0], "show", "nothing", code=2))


def test_a_traceback_is_shown_only_with_debug(tmp_path, curate):
    (tmp_path / "recipe.yaml").write_text("nmae: x\n")
    assert "unknown key; did you mean `name`?" in one_message(curate(tmp_path, "build", "recipe.yaml", code=2))
    assert "Traceback" in curate(tmp_path, "build", "recipe.yaml", "--debug", code=2).stderr
    assert one_message(curate(tmp_path, "build", "missing.yaml", code=2))
    curate(tmp_path, "biuld", "recipe.yaml", code=2)


@pytest.mark.parametrize(
    ("arguments", "what", "where"),
    [
        (["build", "recipe.yaml", "--smaple", "2"], "No such option: --smaple", "curate build"),
        (["build", "recipe.yaml", "--sample", "none"], "Invalid value for '--sample'", "curate build"),
        (["biuld", "recipe.yaml"], "No such command 'biuld'", "curate"),
    ],
)
def test_a_command_called_wrongly_is_told_as_json_too(tmp_path, curate, arguments, what, where):
    done = curate(tmp_path, *arguments, "--json", code=2)
    error = json.loads(done.stdout)["error"]
    assert what in error["what"] and what in done.stderr
    assert (error["where"], error["fix"]) == (where, f"{where} --help says what it takes.")
    plain = curate(tmp_path, *arguments, code=2)
    assert plain.stdout == "" and what in plain.stderr


def test_help_is_no_error(tmp_path, curate):
    for arguments in (["--help"], ["build", "--help"], ["review", "--help"], ["--version"]):
        done = curate(tmp_path, *arguments)
        assert done.stdout and not done.stderr


def test_the_starter_builds_as_it_stands(tmp_path, curate):
    written = json_of(curate(tmp_path, "init", "My Voice", "--json"))
    assert load_recipe(tmp_path / written["recipe"]).name == "my-voice"
    assert "is there already" in one_message(curate(tmp_path, "init", "My Voice", code=2))
    json_of(curate(tmp_path, "build", written["recipe"], "--json"))


# --- ready pairs and mail, without a generator ---


def test_pairs_that_exist_already_need_no_generator_and_no_key(tmp_path, curate):
    answers = ["I turn the loaves.", "My uncle never swam.", "Cut less than you want to."]
    lines = [json.dumps({"instruction": f"Question {n}?", "output": answer}) for n, answer in enumerate(answers)]
    lines += [lines[0], json.dumps({"instruction": "Half a sign?", "output": "\ud83d is half of one."})]
    (tmp_path / "pairs.jsonl").write_text("\n".join(lines))
    (tmp_path / "recipe.yaml").write_text(
        "name: ready\npersona: {name: A, system_prompt: B}\nsources: [{path: pairs.jsonl, as: pairs, rights: own}]\n"
        "split: {validation: 0.3, by: pair}\n"
    )
    said = json_of(curate(tmp_path, "build", "recipe.yaml", "--json"))
    assert [stage["name"] for stage in said["stages"]] == ["read", "screen", "split", "validate", "publish"]
    assert said["counts"]["train"] + said["counts"]["validation"] == 4


# --- failures of the machine ---


def test_a_file_where_the_folder_should_be_is_one_clear_message(tmp_path, curate):
    write_corpus(tmp_path)
    (tmp_path / "build").write_text("not a folder")
    message = one_message(curate(tmp_path, "build", "recipe.yaml", code=3))
    assert f"{tmp_path / 'build/village'}: cannot be written: " in message


def test_an_unwritable_dataset_folder_keeps_what_was_done(village, curate, first):
    shutil.rmtree(village / "build/village/dataset")
    (village / "build/village/dataset").write_text("not a folder")
    message = one_message(curate(village, "build", "recipe.yaml", code=3))
    assert "cannot be written" in message
    (village / "build/village/dataset").unlink()
    assert json_of(curate(village, "build", "recipe.yaml", "--json"))["version"] == first[1]["version"]
    assert rows(village / "build/village/ledger.db", ASKED) == [(10,)]


@contextmanager
def full_disk(folder: Path, kilobytes: int):
    """A folder with so little room: a small file system of its own, or, without the right to mount one, a limit on files."""
    folder.mkdir()
    mounted = not subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", folder], capture_output=True, check=False
    ).returncode
    try:
        limit = (kilobytes * 1024 // 2, resource.RLIM_INFINITY)
        yield {} if mounted else {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit)}
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.parametrize("kilobytes", [40, 96, 400])
def test_a_full_disk_is_one_clear_message(tmp_path, curate, kilobytes):
    write_corpus(tmp_path)
    with full_disk(tmp_path / "build", kilobytes) as limits:
        message = one_message(curate(tmp_path, "build", "recipe.yaml", **limits, code=3))
    assert str(tmp_path / "build/village") in message
    assert "full" in message or "large" in message


# --- interruption ---


@contextmanager
def started(folder: Path, **env: str):
    process = subprocess.Popen(
        [CURATE, "build", "recipe.yaml"],
        cwd=folder,
        env=environment(**env),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_until(true, process: subprocess.Popen, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_build_stops_cleanly_and_a_second_one_says_so(tmp_path, curate, claude, sign):
    write_corpus(tmp_path, LIVE)
    claude.control({"reset": True, "latency": 5.0})
    with started(tmp_path, **claude.environment) as process:
        wait_until(lambda: claude.log()["paid"] >= 2, process)
        message = one_message(curate(tmp_path, "build", "recipe.yaml", env=claude.environment, code=3))
        assert "another build is running in this folder" in message
        process.send_signal(sign)
        _, told = process.communicate(timeout=60)
        assert process.returncode == 130
        assert told.endswith("stopped; what was done is kept, and the same command goes on from here\n")
    assert rows(tmp_path / "build/village/ledger.db", "select count(*) >= 2 from responses") == [(1,)]


def test_a_live_build_is_paid_once_and_leaves_no_key_behind(tmp_path, curate, claude):
    write_corpus(tmp_path, LIVE)
    key = claude.environment["ANTHROPIC_API_KEY"]
    said = json_of(curate(tmp_path, "build", "recipe.yaml", "--json", env=claude.environment))
    assert said["usage"]["requests"] == claude.log()["paid"] == 10
    assert said["usage"]["usd"] > 0
    files = [path for path in (tmp_path / "build").rglob("*") if path.is_file()]
    assert len(files) > 10
    assert [path for path in files if key.encode() in path.read_bytes()] == []
    again = json_of(curate(tmp_path, "build", "recipe.yaml", "--json", env=claude.environment))
    assert again["unchanged"]
    assert again["version"] == said["version"]
    change(tmp_path / "recipe.yaml", "{min_value: 5}", "{min_value: 6}")
    again = json_of(curate(tmp_path, "build", "recipe.yaml", "--json", env=claude.environment))
    assert (again["unchanged"], again["usage"]["requests"], again["version"]) == (False, 0, said["version"])
    assert claude.log()["attempts"] == 10
    status = json_of(curate(tmp_path, "status", "recipe.yaml", "--json"))
    assert status["spent"]["usd"] == pytest.approx(said["usage"]["usd"], abs=1e-6)


@pytest.mark.slow
def test_a_build_killed_again_and_again_is_paid_once(tmp_path, curate, claude):
    dice = random.Random(os.environ.get("LIKENESS_TEST_SEED", time.time_ns()))
    recipe = LIVE.replace("per_passage: 1", "per_passage: 2").replace("max_tokens: 100", "max_tokens: 50")
    write_corpus(tmp_path, recipe)
    ledger = tmp_path / "build/village/ledger.db"
    claude.control({"reset": True, "latency": 0.4})
    seen_by_server = 0
    lost = 0
    for kill in range(6):
        answered = answered_prompts(ledger)
        with started(tmp_path, **claude.environment) as process:
            if kill < 4:  # while answers arrive
                paid = claude.log()["paid"]
                wait_until(lambda paid=paid: claude.log()["paid"] > paid or process.poll() is not None, process)
            time.sleep(dice.uniform(0, 0.9))
            process.kill()
        bodies = [entry["body"]["messages"][0]["content"] for entry in claude.requests()]
        asked, seen_by_server = bodies[seen_by_server:], len(bodies)
        assert not answered & set(asked)
        lost += claude.log()["paid"] - len(answered_prompts(ledger)) - lost
        assert lost <= 2 * (kill + 1)  # what was under way when it was killed
    claude.control({})
    answered = answered_prompts(ledger)
    assert len(answered) >= 4
    said = json_of(curate(tmp_path, "build", "recipe.yaml", "--json", env=claude.environment))
    bodies = [entry["body"]["messages"][0]["content"] for entry in claude.requests()]
    assert not answered & set(bodies[seen_by_server:])
    assert rows(ledger, "select request from responses group by request having count(*) > 1") == []
    generate = next(stage for stage in said["stages"] if stage["name"] == "generate")
    assert rows(ledger, "select count(*) from responses") == [(generate["rows_in"],)]
    assert generate["rows_out"] >= generate["rows_in"]
    assert generate["reasons"] == {}


def answered_prompts(ledger: Path) -> set[str]:
    """What was asked in the requests whose answers the ledger holds."""
    if not ledger.exists():
        return set()
    try:
        found = rows(ledger, "select r.body from requests r join responses a on a.request = r.key")
    except sqlite3.OperationalError:  # killed before its tables were made
        return set()
    return {json.loads(body)["user"] for (body,) in found}


def test_a_missing_column_is_reported_before_anything_is_generated(village, curate):
    before = rows(village / "build/village/ledger.db", ASKED)
    change(village / "documents/bread.md", "Tuesdays", "Thursdays")
    change(village / "recipe.yaml", "expect:\n", "expect:\n  - expect_column_values_to_not_be_null: {column: qoute}\n")
    message = one_message(curate(village, "build", "recipe.yaml", code=2))
    assert re.search(r"recipe\.yaml:\d+: expect\[0\]\.expect_column_values_to_not_be_null: there is no column qoute", message)
    assert rows(village / "build/village/ledger.db", ASKED) == before
