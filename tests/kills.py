"""Kills every command that writes, at moments that nobody chose, and looks whether anything is lost, paid twice or half there.

python tests/kills.py                          200 kills, some hours on two cores
python tests/kills.py --kills 20 --seed 7      as CI does it; the same seed kills at the same shares of a command's time

A command is timed once from its beginning to its end. Then it is killed with SIGKILL, all its processes but a server that is to
outlive it, at a random moment of that time, called again and killed again. After each kill the folder is looked at as the next
command would find it. At last the command runs to its end, and must come to what it came to undisturbed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.make import LIVE, RECIPE, environment, write_corpus
from tests.messages_server import Running, running
from tests.review.people import Person

BIN = Path(sys.executable).parent
LONGEST = 900.0
"""Seconds for one undisturbed command."""

SHARES = {"build live": 8, "build batch": 5, "review": 3, "train": 2, "export": 2}
"""Of twenty kills."""

TRAIN = """\
train:
  base_model: builtin:tiny
  sft: {epochs: 2, learning_rate: 2.0e-3, batch_size: 4}
export: {gguf: [q8_0]}
"""


class Broken(AssertionError):
    """Something that a kill must not do."""


def must(true: bool, what: str) -> None:
    """Raise where something does not hold."""
    if not true:
        raise Broken(what)


@dataclass
class Scene:
    """A folder with a recipe, the command that is killed there, and what must hold after each kill."""

    name: str
    folder: Path
    command: tuple[str, ...]
    variables: dict[str, str] = field(default_factory=dict)
    claude: Running | None = None
    begins: Callable[[Scene], bool] = lambda _: True
    """Whether the part of the command that is meant has begun."""
    answered: set[str] = field(default_factory=set)
    seen: int = 0
    seconds: float = 0.0

    @property
    def build(self) -> Path:
        return self.folder / "build/village"

    def start(self) -> subprocess.Popen[bytes]:
        program, *arguments = self.command
        with (self.folder / "said.txt").open("ab") as said:
            return subprocess.Popen(
                [BIN / program, *arguments],
                cwd=self.folder,
                env=environment(**self.variables),
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    def run(self) -> None:
        """To its end."""
        process = self.start()
        code = process.wait(LONGEST)
        must(code == 0, f"{self.name}: left with {code}: {self.said()}")

    def kill_after(self, seconds: float) -> bool:
        """Start it and kill it; says whether it still ran then."""
        process = self.start()
        until = time.monotonic() + LONGEST
        while not self.begins(self) and process.poll() is None:
            must(time.monotonic() < until, f"{self.name}: did not begin: {self.said()}")
            time.sleep(0.01)
        time.sleep(seconds)
        alive = process.poll() is None
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        code = process.wait()
        must(alive or code == 0, f"{self.name}: left with {code} before it was killed: {self.said()}")
        return alive

    def said(self) -> str:
        return (self.folder / "said.txt").read_text(encoding="utf-8", errors="replace")[-1500:]


def look(scene: Scene) -> None:
    """What must hold after a kill: nothing lost, nothing asked again, nothing half there."""
    if (scene.build / "ledger.db").exists():
        _look_at_ledger(scene)
    latest = scene.build / "dataset/latest"
    if latest.exists():
        _look_at_dataset(scene.build / "dataset" / latest.read_text(encoding="utf-8").strip())
    for manifest in scene.build.glob("runs/[!.]*/manifest.json"):
        json.loads(manifest.read_text(encoding="utf-8"))
    for sums in scene.build.glob("runs/*/export/*/*/SHA256SUMS"):
        for line in sums.read_text(encoding="utf-8").splitlines():
            said, name = line.split(maxsplit=1)
            with (sums.parent / name.lstrip("*")).open("rb") as file:
                must(hashlib.file_digest(file, "sha256").hexdigest() == said, f"{name} is not what SHA256SUMS says")


def _look_at_ledger(scene: Scene) -> None:
    database = sqlite3.connect(scene.build / "ledger.db")
    try:
        if not database.execute("select 1 from sqlite_master where name = 'responses'").fetchone():
            return  # killed before the first migration was whole
        must(database.execute("pragma integrity_check").fetchone() == ("ok",), "the ledger is damaged")
        rows = database.execute(
            "select json_extract(body, '$.user'), count(*) from requests join responses on request = key group by key"
        )
        answers = dict(rows.fetchall())
    finally:
        database.close()
    must(scene.answered <= answers.keys(), "an answer that was there is gone")
    must(not answers or max(answers.values()) == 1, "a request has two answers")
    if scene.claude:
        asked = [entry["body"] for entry in scene.claude.requests()]
        bodies = [
            body
            for each in asked[scene.seen :]
            for body in ([r["params"] for r in each["requests"]] if "requests" in each else [each])
        ]
        again = scene.answered & {body["messages"][0]["content"] for body in bodies}
        must(not again, f"{len(again)} answers that were there were asked for again")
        scene.seen = len(asked)
    scene.answered = set(answers)


def _look_at_dataset(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    rows = sum(pq.read_table(file).num_rows for file in (folder / "sft").glob("*.parquet"))
    must(rows == sum(manifest["counts"][split] for split in ("train", "validation")), f"{folder.name} is not whole")


def outcome(scene: Scene) -> Any:
    """What the command came to, without what has another name or time each time."""
    latest = scene.build / "dataset/latest"
    folder = scene.build / "dataset" / latest.read_text(encoding="utf-8").strip()
    rows = sorted(
        (row["id"], row["completion"][0]["content"])
        for file in (folder / "sft").glob("*.parquet")
        for row in pq.read_table(file).to_pylist()
    )
    runs = sorted(path.parent.name for path in scene.build.glob("runs/[!.]*/manifest.json"))
    files = sorted(path.name for path in scene.build.glob("runs/*/export/*/*/*"))
    database = sqlite3.connect(scene.build / "ledger.db")
    try:
        decisions = database.execute("select pair, verdict, reasons from decisions").fetchall()
    finally:
        database.close()
    must(len(decisions) == (scene.name == "review"), "the decision was not fetched, or twice")
    return rows, runs, files, decisions


@contextmanager
def live(folder: Path) -> Iterator[Scene]:
    """`curate build`, each answer for itself."""
    with running(faults={"latency": 0.15}) as claude:
        write_corpus(folder, LIVE.replace("per_passage: 1", "per_passage: 2").split("expect:")[0])
        yield Scene("build live", folder, ("curate", "build"), claude.environment, claude)


@contextmanager
def batch(folder: Path) -> Iterator[Scene]:
    """`curate build --wait`, in batches."""
    with running(faults={"batches": {"delay": 1.0}}) as claude:
        write_corpus(folder, LIVE.replace("concurrency: 2", "mode: batch").split("expect:")[0])
        yield Scene("build batch", folder, ("curate", "build", "--wait"), claude.environment, claude)


@contextmanager
def review(folder: Path) -> Iterator[Scene]:
    """`curate review`, with a server of its own and a decision there that nothing has fetched yet."""
    write_corpus(folder, RECIPE.split("expect:")[0] + "review: {pairs: all, awaiting: keep}\n")
    own = {"XDG_DATA_HOME": str(folder / "data")}
    scene = Scene("review", folder, ("curate", "review", "up", "--no-browser"), own)
    subprocess.run([BIN / "curate", "build"], cwd=folder, env=environment(), check=True, capture_output=True)
    try:
        up = json.loads(
            subprocess.run(
                [BIN / "curate", "review", "up", "--json"], cwd=folder, env=environment(**own), check=True, capture_output=True
            ).stdout
        )
        me = Person(up["url"], up["username"], up["api_key"])
        dataset = me.dataset("review", "village")
        assert dataset
        first = min(me.records(dataset).values(), key=lambda record: str(record["external_id"]))
        me.answer(first, verdict="reject", reasons=["voice"])
        subprocess.run([BIN / "curate", "review", "down"], cwd=folder, env=environment(**own), check=True, capture_output=True)
        yield scene
    finally:
        subprocess.run([BIN / "curate", "review", "down"], cwd=folder, env=environment(**own), check=False, capture_output=True)


@contextmanager
def training(folder: Path) -> Iterator[Scene]:
    """`train run`, from its first line."""
    write_corpus(folder, RECIPE.split("expect:")[0] + TRAIN)
    subprocess.run([BIN / "curate", "build"], cwd=folder, env=environment(), check=True, capture_output=True)
    yield Scene("train", folder, ("train", "run"))


@contextmanager
def exporting(folder: Path) -> Iterator[Scene]:
    """`train run`, once the model is merged."""
    with training(folder) as scene:
        scene.name = "export"
        scene.begins = lambda scene: bool(list(scene.build.glob("runs/*/merged/*.safetensors")))
        yield scene


SCENES = {"build live": live, "build batch": batch, "review": review, "train": training, "export": exporting}


def kill_again_and_again(name: str, kills: int, dice: random.Random, tell: Callable[[str], None]) -> int:
    """Kill a command so many times; gives how often it still ran when it was killed.

    Raises:
        Broken: something was lost, paid twice or half there.
    """
    with tempfile.TemporaryDirectory(prefix="kills-") as place:
        undisturbed, folder = Path(place, "undisturbed"), Path(place, "killed")
        for each in (undisturbed, folder):
            each.mkdir()
        with SCENES[name](undisturbed) as scene:
            began = time.monotonic()
            scene.run()
            seconds, wanted = time.monotonic() - began, outcome(scene)
        tell(f"{name}: {seconds:.1f} s undisturbed")
        landed = 0
        with SCENES[name](folder) as scene:
            for number in range(1, kills + 1):
                moment = dice.random() * seconds * (0.15 if name == "export" else 1.0)
                alive = scene.kill_after(moment)
                landed += alive
                look(scene)
                tell(f"{name} {number}: {'killed' if alive else 'was done'} after {moment:.2f} s; all is there")
                if not alive and number < kills:  # from the beginning again
                    _begin_again(scene)
            scene.run()
            look(scene)
            must(outcome(scene) == wanted, f"{name}: came to something else than undisturbed")
            if scene.claude:
                must(
                    scene.claude.log()["paid_twice"] == [] or not landed or _only_lost_on_their_way(scene),
                    "something was paid twice",
                )
        return landed


def _begin_again(scene: Scene) -> None:
    """Remove what was made, where a finished command would have nothing to do."""
    if scene.name.startswith("build"):
        shutil.rmtree(scene.folder / "build", ignore_errors=True)
        scene.answered = set()
        if scene.claude:
            scene.claude.control({"reset": True, **({"batches": {"delay": 1.0}} if "batch" in scene.name else {"latency": 0.15})})
            scene.seen = 0
    elif scene.name in ("train", "export"):
        shutil.rmtree(scene.build / "runs", ignore_errors=True)
    else:
        subprocess.run(
            [BIN / "curate", "review", "down"],
            cwd=scene.folder,
            env=environment(**scene.variables),
            check=False,
            capture_output=True,
        )


def _only_lost_on_their_way(scene: Scene) -> bool:
    """Whether what the server answered twice was under way at a kill: sent, and never in the ledger."""
    database = sqlite3.connect(scene.build / "ledger.db")
    try:
        lost = database.execute("select count(*) from sent where outcome is null or outcome = 'lost'").fetchone()[0]
    finally:
        database.close()
    assert scene.claude
    return len(scene.claude.log()["paid_twice"]) <= lost


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 100_000)
    parser.add_argument("--only", choices=SHARES, action="append")
    asked = parser.parse_args(arguments)
    names = asked.only or list(SHARES)
    whole = sum(SHARES[name] for name in names)
    print(f"seed {asked.seed}", flush=True)
    killed = landed = 0
    for name in names:
        kills = max(1, round(asked.kills * SHARES[name] / whole))
        dice = random.Random(f"{asked.seed} {name}")
        landed += kill_again_and_again(name, kills, dice, lambda line: print(line, flush=True))
        killed += kills
    print(f"{killed} kills, {landed} of them while the command ran: nothing lost, paid twice or half there")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
