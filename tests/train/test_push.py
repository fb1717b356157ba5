"""A run on a model hub: first a list, then the same and nothing else, through huggingface_hub to a hub on this machine."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.make import House
from tests.model_hub import Hub, running

pytestmark = pytest.mark.slow

Trained = tuple[House, dict[str, Any]]
ALL = {"dataset/ann/kitchen", "model/ann/kitchen-lora", "model/ann/kitchen", "model/ann/kitchen-gguf"}


def keys(url: str, hub: Hub) -> dict[str, str]:
    # Xet's protocol is not public: the client is told to use Git LFS, which the hub speaks too
    return {"HF_ENDPOINT": url, "HF_TOKEN": hub.key, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"}


def test_what_is_listed_is_what_is_sent(trained: Trained) -> None:
    house, made = trained
    hub = Hub()
    with running(hub) as url:
        listed = json.loads(house.call("train", "push", made["run"], "--to", "ann/kitchen", "--json", **keys(url, hub)).stdout)
        assert not listed["sent"] and hub.asked == []
        said = house.call("train", "push", made["run"], "--to", "ann/kitchen", "--yes", "--json", **keys(url, hub)).stdout
    sent = json.loads(said)
    assert sent["sent"] and len(sent["urls"]) == 4 and sent["repositories"] == listed["repositories"]
    assert set(hub.repositories) == ALL and all(each["private"] for each in hub.repositories.values())
    for each in listed["repositories"]:
        there = hub.repositories[f"{each['kind']}/{each['repository']}"]["files"]
        assert {name: len(data) for name, data in there.items()} == each["files"]
    gguf, run = hub.repositories["model/ann/kitchen-gguf"]["files"], Path(made["run"])
    assert gguf["kitchen-q8_0.gguf"] == next(run.glob("export/*/*/*.gguf")).read_bytes()
    assert gguf["README.md"].startswith(b"---\nlibrary_name: gguf\n") and b"TEMPLATE" in gguf["Modelfile"]
    adapter = hub.repositories["model/ann/kitchen-lora"]["files"]
    assert json.loads(adapter["adapter_config.json"])["base_model_name_or_path"] == "builtin:tiny"
    assert b'library_name: "peft"' in adapter["README.md"] and b"| likeness |" in adapter["README.md"]
    stops = json.loads(hub.repositories["model/ann/kitchen"]["files"]["generation_config.json"])["eos_token_id"]
    stops = stops if isinstance(stops, list) else [stops]
    assert f"eos_token_id={stops}".encode() in adapter["README.md"]
    assert b"config_name: sft" in hub.repositories["dataset/ann/kitchen"]["files"]["README.md"]
    told = json.loads(hub.repositories["dataset/ann/kitchen"]["files"]["manifest.json"])
    assert told["counts"] and not {"recipe", "sources", "sample"} & told.keys(), "the author's words and files' names stay here"
    everything = b"".join(data for each in hub.repositories.values() for data in each["files"].values())
    assert (
        hub.key.encode() not in everything
        and str(Path.home()).encode() not in everything
        and str(house.folder).encode() not in everything
    )


def test_rows_that_are_private_are_sent_nowhere(trained: Trained, tmp_path: Path) -> None:
    house, made = trained
    build = tmp_path / "build/kitchen"
    shutil.copytree(Path(made["run"]).parents[1], build)
    manifest = build / "dataset" / made["dataset"] / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"private": ["row-7"]}))
    run = str(build / "runs" / Path(made["run"]).name)
    said = house.call("train", "push", run, "--to", "ann/kitchen", "--only", "merged", code=1).stderr
    assert "1 of its rows were flagged as private" in said and "such as row-7" in said


def test_a_push_that_broke_off_is_finished_by_the_same_command(trained: Trained) -> None:
    house, made = trained
    hub = Hub(breaks_at="kitchen/commit")
    arguments = ("push", made["run"], "--to", "ann/kitchen", "--only", "dataset", "--only", "merged", "--public", "--yes")
    with running(hub) as url:
        said = house.call("train", *arguments, code=3, **keys(url, hub)).stderr
        assert "ann/kitchen: the hub refuses with 403" in said and "Storage quota exceeded" in said
        house.call("train", *arguments, **keys(url, hub))
        assert set(hub.repositories) == {"dataset/ann/kitchen", "model/ann/kitchen"}
        assert not any(each["private"] for each in hub.repositories.values())
        assert all(each["commits"] == 1 for each in hub.repositories.values())


def test_what_cannot_be_sent_is_told(trained: Trained, tmp_path: Path) -> None:
    house, made = trained
    run = made["run"]
    assert "Name OWNER/NAME" in house.call("train", "push", run, "--to", "kitchen", code=2).stderr
    assert "'weights' cannot be pushed" in house.call("train", "push", run, "--to", "a/b", "--only", "weights", code=2).stderr
    hub = Hub()
    with running(hub) as url:
        told = house.call("train", "push", run, "--to", "a/b", "--yes", code=2, **keys(url, hub) | {"HF_TOKEN": ""}).stderr
        assert "there is no key for the hub" in told and hub.asked == []
        told = house.call(
            "train", "push", run, "--to", "a/b", "--yes", code=3, **keys(url, hub) | {"HF_TOKEN": "hf_other"}
        ).stderr
        assert "refuses with 401" in told and "hf_other" not in told
    told = house.call("train", "push", run, "--to", "a/b", "--yes", code=3, **keys(url, hub)).stderr
    assert "the hub does not answer" in told
    copy = tmp_path / "runs" / "001-copy"
    shutil.copytree(run, copy)
    assert "Leave it out with --only" in house.call("train", "push", str(copy), "--to", "a/b", code=2).stderr  # it has no dataset
