"""Machines as they are: little memory, full disks, wrong clocks, closed output, no home, an umask of one's own, another user."""

import json
import os
import resource
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tests.make import CURATE, LIVE, environment, rows, write_corpus
from tests.nobody import AS_NOBODY, NEEDS_ROOT, give_to_nobody

TRAIN = str(Path(CURATE).with_name("train"))
ROOT = Path(__file__).parents[2]
COMPILER = pytest.mark.skipif(not shutil.which("cc"), reason="a wrong clock and a full disk are compiled here")


def library(source, folder):
    """A C file of ours as a library to load before libc."""
    made = folder / f"{source.stem}.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", made, source, "-ldl"], check=True)
    return str(made)


def shell(folder, line, **more):
    """Run a line in a shell: what only a shell can do to a program's output."""
    return subprocess.run(["bash", "-c", line], cwd=folder, env=environment(**more), capture_output=True, text=True, timeout=300)


@pytest.mark.slow
@pytest.mark.parametrize("megabytes", [200, 300, 400, 550, 700])
def test_little_memory_ends_with_one_message_and_never_hangs(corpus, curate, megabytes):
    limit = megabytes * 2**20
    done = curate(corpus.parent, "build", code=None, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
    if done.returncode:
        assert done.returncode == 3, done.stderr
        assert "error: there is not enough memory" in done.stderr
        assert "Traceback" not in done.stderr
    assert done.returncode or megabytes > 300, "what is tested here is little memory"
    curate(corpus.parent, "build", "--json")  # with more of it the same command goes on


@pytest.mark.slow
@COMPILER
@pytest.mark.parametrize("command", ["plan", "build", "report"])
def test_a_full_disk_is_one_message_and_what_was_done_is_kept(corpus, curate, tmp_path_factory, command):
    tools = tmp_path_factory.mktemp("tools")
    folder = corpus.parent
    disk = {"LD_PRELOAD": library(ROOT / "tests/review/full_disk.c", tools), "FULL_DISK": str(folder / "build")}
    if command != "plan":
        curate(folder, "build")
        corpus.write_text(corpus.read_text().replace("validation: 0.2", "validation: 0.3"))
        kept = rows(folder / "build/village/ledger.db", "select count(*) from pairs")
    (folder / "build").mkdir(exist_ok=True)
    (folder / "build/full").write_text("")
    done = curate(folder, command, env=disk, code=3)
    assert "Traceback" not in done.stderr
    assert any(words in done.stderr for words in ("The disk is full", "No space left on device", "disk is full")), done.stderr
    (folder / "build/full").unlink()
    curate(folder, command, env=disk)
    if command == "report":
        assert rows(folder / "build/village/ledger.db", "select count(*) from pairs") == kept


@pytest.mark.slow
@COMPILER
def test_a_clock_that_goes_back_loses_nothing_and_shows_the_newest(tmp_path, curate, claude, tmp_path_factory):
    write_corpus(tmp_path, LIVE.split("expect:")[0])
    tools = tmp_path_factory.mktemp("tools")
    wrong = claude.environment | {"LD_PRELOAD": library(ROOT / "tests/clock.c", tools), "CLOCK_IS_OFF": str(tools / "off")}
    curate(tmp_path, "build", env=wrong)
    (tools / "off").write_text("-864000")
    began = json.loads(shell(tmp_path, f"{CURATE} status --json", **wrong).stdout)
    assert began["state"] == "up to date"
    clock = tmp_path / "documents/clock.html"
    clock.write_text(clock.read_text().replace("four minutes", "forty minutes"))
    asked = len(claude.requests())
    curate(tmp_path, "build", "--json", env=wrong)
    (changed,) = rows(
        tmp_path / "build/village/ledger.db", "select count(distinct key) from requests where body like '%forty minutes%'"
    )
    assert len(claude.requests()) - asked == changed[0] > 0
    assert json.loads(curate(tmp_path, "build", "--json", env=wrong).stdout)["unchanged"]
    pair = rows(tmp_path / "build/village/ledger.db", "select id from pairs where response like '%forty minutes%' limit 1")[0][0]
    assert "forty minutes" in json.loads(curate(tmp_path, "show", pair, "--json", env=wrong).stdout)["passage"]["text"]
    seconds = json.loads(curate(tmp_path, "plan", "--json", env=wrong).stdout)["seconds"]
    assert seconds["live"] >= 0
    assert claude.log()["paid_twice"] == []


@pytest.mark.slow
def test_output_that_is_closed_or_full(corpus):
    for command in (f"{CURATE} plan", f"{CURATE} schema", f"{CURATE} init --list", f"{CURATE} plan --json", f"{TRAIN} --help"):
        done = shell(corpus.parent, f"set -o pipefail; {command} | head -1")
        assert (done.returncode, done.stderr) == (0, ""), f"{command}: {done.stderr}"
        assert len(done.stdout.splitlines()) == 1
    done = shell(corpus.parent, f"{CURATE} plan >&-")
    assert (done.returncode, done.stderr) == (0, "")
    assert shell(corpus.parent, f"{CURATE} plan >&- 2>&- <&-").returncode == 0
    for command in ("plan", "status --json"):
        done = shell(corpus.parent, f"{CURATE} {command} > /dev/full")
        assert done.returncode == 3
        assert "No space left on device" in done.stderr
        assert "Traceback" not in done.stderr
    assert shell(corpus.parent, f"{CURATE} plan > /dev/full 2> /dev/full").returncode == 3


@pytest.mark.slow
def test_a_build_whose_reader_leaves_is_whole_all_the_same(corpus, curate):
    done = shell(corpus.parent, f"{CURATE} build 2>&1 | head -1; echo ${{PIPESTATUS[0]}}")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 2, "one line of it, and how it ended"
    assert (corpus.parent / "build/village/dataset/latest").is_file()
    curate(corpus.parent, "status", "--json")
    curate(corpus.parent, "build")


@pytest.mark.slow
def test_without_a_home_it_builds(corpus):
    done = shell(corpus.parent, f"env -i PATH=/usr/bin:/bin HF_HUB_OFFLINE=1 {CURATE} build --json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["counts"]


@pytest.mark.slow
def test_an_umask_is_kept(corpus):
    done = shell(corpus.parent, f"umask 077; {CURATE} init kitchen && {CURATE} build kitchen && {CURATE} report kitchen")
    assert done.returncode == 0, done.stderr
    made = [corpus.parent / "kitchen", *(corpus.parent / "kitchen").rglob("*")]
    assert len(made) > 20
    assert [str(each) for each in made if stat.S_IMODE(each.stat().st_mode) & 0o077] == []


@pytest.mark.slow
@NEEDS_ROOT
def test_another_user_than_root_builds_in_a_folder_of_their_own(corpus, curate):
    give_to_nobody(corpus.parent)
    home = {"HOME": str(corpus.parent)}
    curate(corpus.parent, "build", "--json", env=home, program=(*AS_NOBODY, CURATE))
    assert {each.stat().st_uid for each in (corpus.parent / "build").rglob("*")} == {65534}
    for each in (corpus.parent / "build", *(corpus.parent / "build").rglob("*")):
        os.chown(each, 0, 0)
    done = curate(corpus.parent, "build", env=home, program=(*AS_NOBODY, CURATE), code=3)
    assert "Give yourself the right to write there" in done.stderr
