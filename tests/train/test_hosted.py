"""A run that a host trains: the same questions and probes, nothing paid for twice, against a host on the loopback interface."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate.publish.dataset import portable
from likeness.errors import CallError, GateError, MachineError
from likeness.progress import Silent
from likeness.recipe.load import load_recipe
from likeness.recipe.schema import Recipe
from tests.make import House, one_message, put_rows
from tests.train.host_api import HostServer
from train.hosted.hosts import hosts
from train.hosted.rows import objection, preferred, rows_for, supervised
from train.hosted.run import train_hosted

pytestmark = pytest.mark.slow

KEY = "sk-nobody-may-read-this"
JOBS, CHAT, FILES = "/v1/fine_tuning/jobs", "/v1/chat/completions", "/v1/files"


@pytest.fixture
def host():
    server = HostServer(KEY, looks=0)
    yield server
    server.close()


@pytest.fixture
def at_host(home: House, host: HostServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recipe that trains at the host, on a built dataset."""
    monkeypatch.setenv("HOSTED_API_KEY", KEY)
    return recipe_at(home, host.url)


def recipe_at(home: House, url: str, more: str = "") -> Path:
    """The starter's recipe with its training at a host."""
    path = home.folder / home.recipe
    text = path.read_text(encoding="utf-8")
    before, rest = text.split("train:\n")
    rest = rest[rest.index("evaluate:") :]
    section = f"train:\n  backend: hosted\n  base_model: base-model\n  hosted: {{url: '{url}'}}\n  sft: {{epochs: 2}}\n{more}"
    path.write_text(before + section + rest, encoding="utf-8")
    return path


def run(recipe: Path, *settings: str):
    waited = []
    made = train_hosted(recipe, Silent(), settings, waited.append)
    return made, waited


def test_a_host_trains_answers_and_is_measured(home: House, host: HostServer, at_host: Path) -> None:
    said = home.json("train", "run", home.recipe, code=0)
    folder = Path(said["run"])
    assert said["adapter"] is None and said["hosted"].startswith("ft:base-model:org:kitchen:") and said["gguf"] == []
    sent = [json.loads(line) for line in host.files["file-1"]["content"].decode().splitlines()]
    rows = pq.read_table(next((at_host.parent / "build").glob("*/dataset/*/sft/train.parquet"))).to_pylist()
    assert sent == [{"messages": [*row["prompt"], *row["completion"]]} for row in rows]
    job = host.jobs["ftjob-1"]
    assert job["method"] == {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 2, "batch_size": 8}}}
    assert {each["model"] for each in host.chats} == {"base-model", said["hosted"]}
    answers = pq.read_table(folder / "answers.parquet").to_pylist()
    assert len(answers) == len(host.chats) and any(each["adapter"] for each in answers)
    probes = {probe["name"]: probe for probe in json.loads((folder / "probes.json").read_text())["probes"]}
    assert "weights are at the host" in probes["forgetting"]["skipped"] and not probes["degenerate"]["skipped"]
    assert said["metrics"]["hosted"]["held_out_loss"] == 1.9 and said["metrics"]["sft"]["train_loss"] == 1.75
    assert "\x1b" not in (folder / "report.html").read_text(encoding="utf-8")
    for file in folder.parent.parent.rglob("*"):
        assert not file.is_file() or KEY.encode() not in file.read_bytes(), file
    asked = len(host.seen)
    assert home.json("train", "run", home.recipe)["unchanged"] and len(host.seen) == asked
    compared = home.json("train", "compare", str(folder), str(folder))
    assert compared
    resolved = portable(load_recipe(at_host))
    assert Recipe.model_validate(resolved).train.backend == "hosted"


def test_rows_behind_bad_answers_are_named_without_weights(home: House, host: HostServer, at_host: Path) -> None:
    host.says = "I rang the bell and rang the bell. " * 30
    made, _ = run(at_host)
    probes = {probe["name"]: probe for probe in json.loads((made.folder / "probes.json").read_text())["probes"]}
    assert probes["degenerate"]["alarm"] and probes["degenerate"]["cases"]


def test_a_job_whose_answer_got_lost_is_found_and_not_started_again(host: HostServer, at_host: Path) -> None:
    host.faults["POST", JOBS] = ["cut"]
    run(at_host)
    assert list(host.jobs) == ["ftjob-1"]


@pytest.mark.parametrize("known", ["asked", "job", "result"])
def test_a_call_killed_at_any_line_pays_nothing_twice(known: str, host: HostServer, at_host: Path) -> None:
    made, _ = run(at_host)
    state = json.loads((made.folder / "hosted.json").read_text())
    sft = state["sft"]
    kept = {"asked": {"asked": True}, "job": {"asked": True, "job": sft["job"]}, "result": sft}[known]
    (made.folder / "hosted.json").write_text(json.dumps({"files": state["files"], "sft": kept}))
    for name in ("manifest.json", "answers.parquet", "probes.json", "hosted.csv"):
        (made.folder / name).unlink()
    again, _ = run(at_host)
    assert again.folder == made.folder and again.hosted == made.hosted
    assert len([each for each in host.seen if each == ("POST", FILES)]) == len(state["files"])
    assert list(host.jobs) == ["ftjob-1"]


def test_a_killed_process_goes_on_with_its_job(home: House, at_host: Path) -> None:
    slow = HostServer(KEY, looks=1)  # ten seconds between two looks
    try:
        recipe_file = at_host.read_text(encoding="utf-8")
        at_host.write_text(recipe_file.replace(recipe_file.split("url: '")[1].split("'")[0], slow.url), encoding="utf-8")
        command = [str(Path(sys.executable).parent / "train"), "run", home.recipe]
        process = subprocess.Popen(
            command,
            cwd=home.folder,
            env=os.environ | {"HOSTED_API_KEY": KEY},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + 120
        while not slow.jobs and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
        made, _ = run(at_host)
        assert list(slow.jobs) == ["ftjob-1"] and made.hosted.endswith("ftjob-1")
    finally:
        slow.close()


def test_a_hosts_bad_moments_are_waited_out(host: HostServer, at_host: Path) -> None:
    host.faults |= {("POST", FILES): [429, 503], ("GET", f"{JOBS}/ftjob-1"): ["cut", 500], ("POST", CHAT): [429, "cut"]}
    made, waited = run(at_host)
    assert made.hosted and len(host.jobs) == 1
    assert waited[0] >= 3, "as long as the host asks for"
    assert len(host.chats) == len(pq.read_table(made.folder / "answers.parquet")) + 1  # one was served, and its answer lost


def test_a_wrong_key_is_told_without_the_key(host: HostServer, at_host: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSTED_API_KEY", "sk-wrong")
    with pytest.raises(MachineError, match="401: Incorrect API key") as told:
        run(at_host)
    assert "sk-wrong" not in str(told.value)
    monkeypatch.delenv("HOSTED_API_KEY")
    with pytest.raises(CallError, match="HOSTED_API_KEY is not set"):
        run(at_host)


def test_a_job_that_fails_says_why_and_the_next_call_starts_another(host: HostServer, at_host: Path) -> None:
    host.fail = "This training file was blocked \x1b[2Jby the moderation"
    with pytest.raises(MachineError, match=r"blocked .*by the moderation") as told:
        run(at_host)
    assert "\x1b" not in str(told.value)
    host.fail = ""
    made, _ = run(at_host)
    assert list(host.jobs) == ["ftjob-1", "ftjob-2"] and made.hosted.endswith("ftjob-2")
    assert len([each for each in host.seen if each == ("POST", FILES)]) == len(host.files) - 1  # but for the result: sent once


def test_a_budget_is_kept_before_anything_is_sent(host: HostServer, at_host: Path, home: House) -> None:
    with pytest.raises(CallError, match="no price of base-model"):
        run(at_host, "train.hosted.budget_usd=1")
    with pytest.raises(CallError, match="the budget is"):
        run(at_host, "train.hosted.budget_usd=0.001", "train.hosted.usd_per_million_tokens=50")
    assert host.seen == []
    made, _ = run(at_host, "train.hosted.budget_usd=5", "train.hosted.usd_per_million_tokens=50")
    assert 0 < made.metrics["usd_forecast"] < 5
    again, _ = run(at_host, "train.hosted.budget_usd=6")
    assert again.folder == made.folder, "another budget is no other run"


def test_the_plan_needs_no_key_and_sends_nothing(host: HostServer, home: House, at_host: Path) -> None:
    said = home.json("train", "plan", home.recipe, "--set", "train.hosted.usd_per_million_tokens=10")
    assert said["usd"] > 0 and said["rows"]["train"] > 0 and host.seen == []
    at_openai = ("train", "plan", home.recipe, "--set", "train.hosted={host: openai}", "--set", "train.base_model=gpt-4.1-mini")
    assert "OpenAI takes 10 to 50,000,000 rows, and 7 are left" in one_message(home.call(*at_openai, code=2))
    rows = next((at_host.parent / "build").glob("*/dataset/[0-9]*/sft/train.parquet"))
    put_rows(pa.concat_tables([pq.read_table(rows)] * 2), rows)
    told = home.call(*at_openai).stdout
    assert "price: about $" in told and "until 2027-01-06" in told


def test_preferences_are_a_second_job_on_the_tuned_model(home: House, host: HostServer, at_host: Path) -> None:
    dataset = next((at_host.parent / "build").glob("*/dataset/[0-9]*"))
    asked, right = [{"role": "user", "content": "Who are you?"}], [{"role": "assistant", "content": "The keeper."}]
    row = {"id": "p", "prompt": asked, "chosen": right, "rejected": [{"role": "assistant", "content": "An assistant."}]}
    put_rows(pa.Table.from_pylist([row]), dataset / "preference" / "train.parquet")
    made, _ = run(at_host, "train.preference={beta: 0.2}")
    second = host.jobs["ftjob-2"]
    assert second["model"] == host.jobs["ftjob-1"]["fine_tuned_model"] and second["fine_tuned_model"] == made.hosted
    assert second["method"]["dpo"]["hyperparameters"]["beta"] == 0.2
    assert second["rows"] == [{"input": {"messages": asked}, "preferred_output": right, "non_preferred_output": row["rejected"]}]


def test_private_rows_are_sent_nowhere(host: HostServer, at_host: Path) -> None:
    manifest = next((at_host.parent / "build").glob("*/dataset/[0-9]*/manifest.json"))
    facts = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(facts | {"private": ["row-1"]}))
    with pytest.raises(GateError, match="flagged as private"):
        run(at_host)
    assert host.seen == []


def test_what_a_host_does_not_take_is_refused(home: House, host: HostServer) -> None:
    recipe_at(home, host.url, "  lora: {r: 8}\n")
    told = one_message(home.call("train", "run", home.recipe, code=2))
    assert "a host does not take lora" in told
    recipe_at(home, host.url)
    told = one_message(home.call("train", "merge", home.recipe, code=2))
    assert "this command needs weights" in told


def message(role: str, text: str = "words") -> dict[str, str]:
    return {"role": role, "content": text}


@pytest.mark.parametrize(
    ("name", "roles", "reason"),
    [
        ("bedrock", "user assistant user assistant", "more than one question"),
        ("bedrock", "system user assistant", ""),
        ("together", "user user assistant", "two messages of one side"),
        ("openai", "user user assistant", ""),
        ("openai", "user assistant user", "does not end with an answer"),
        ("mistral", "user system assistant", "not its first message"),
    ],
)
def test_each_hosts_rules(name: str, roles: str, reason: str) -> None:
    assert reason in objection(hosts()[name], [message(role) for role in roles.split()])
    assert bool(reason) == bool(objection(hosts()[name], [message(role) for role in roles.split()]))


def test_a_row_that_is_too_long_or_empty_is_left_out() -> None:
    bedrock = hosts()["bedrock"]
    assert "about" in objection(bedrock, [message("user"), message("assistant", "word " * 40_000)])
    assert objection(bedrock, [message("user"), message("assistant", " ")]) == "has an empty message"


def test_every_host_gets_its_own_files(home: House) -> None:
    home.call("train", "configs", home.recipe)
    folder = next((home.folder / "kitchen/build").glob("*/configs/hosts"))
    assert {path.name for path in folder.iterdir()} == set(hosts()) and "mistral" in hosts()
    row = json.loads((folder / "bedrock/train.jsonl").read_text().splitlines()[0])
    assert row["schemaVersion"] == "bedrock-conversation-2024" and row["messages"][-1]["content"][0]["text"]
    assert "2027-01-06" in (folder / "openai/README.md").read_text()


def test_the_forms_hold_what_the_documents_show() -> None:
    row = [message("system", "s"), message("user", "q"), message("assistant", "a")]
    assert supervised(hosts()["fireworks"], row) == {"messages": row}
    assert supervised(hosts()["bedrock"], row) == {
        "schemaVersion": "bedrock-conversation-2024",
        "system": [{"text": "s"}],
        "messages": [{"role": "user", "content": [{"text": "q"}]}, {"role": "assistant", "content": [{"text": "a"}]}],
    }
    assert preferred(row[:2], row[2:], [message("assistant", "b")]) == {
        "input": {"messages": row[:2]},
        "preferred_output": [message("assistant", "a")],
        "non_preferred_output": [message("assistant", "b")],
    }


CHATS = {
    "short": [message("user", "q1"), message("assistant", "a1")],
    "long": [message("user", "q1"), message("assistant", "a1"), message("user", "q2"), message("assistant", "a2")],
    "other": [message("user", "q3"), message("assistant", "a3"), message("user", "q4"), message("assistant", "a4")],
}


@pytest.mark.parametrize(("turns", "unlearnt"), [("last", {"a1", "a3"}), ("all", {"a1"})])
def test_an_answer_is_learnt_once_where_a_host_can_be_told(tmp_path: Path, turns: Any, unlearnt: set[str]) -> None:
    rows = [{"id": name, "prompt": said[:-1], "completion": said[-1:]} for name, said in CHATS.items()]
    (tmp_path / "sft").mkdir()
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "sft/train.parquet")
    made = rows_for(hosts()["openai"], tmp_path, turns)
    said = [each for line in made.lines["train"][1:] for each in json.loads(line)["messages"]]
    assert {each["content"] for each in said if each.get("weight") == 0} == unlearnt and made.also_learnt == 0
    assert "weight" not in made.lines["train"][0] and "learnt too" not in str(made)
    elsewhere = rows_for(hosts()["fireworks"], tmp_path, turns)
    assert elsewhere.also_learnt == len(unlearnt) and "weight" not in "".join(elsewhere.lines["train"])
    assert str(elsewhere).endswith("2 earlier answers learnt too" if turns == "last" else "1 earlier answer learnt too")


def test_a_dataset_too_small_for_a_host_is_refused(home: House, tmp_path: Path) -> None:
    from train.hosted.rows import check_files

    dataset = next((home.folder / "kitchen/build").glob("*/dataset/[0-9]*"))
    copy = shutil.copytree(dataset, tmp_path / "few")
    few = pq.read_table(copy / "sft/train.parquet").slice(0, 3)
    pq.write_table(few, copy / "sft/train.parquet")
    with pytest.raises(CallError, match="OpenAI takes 10 to"):
        check_files(hosts()["openai"], rows_for(hosts()["openai"], copy))
