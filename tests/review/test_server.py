"""The embedded server's life: `curate review up`, `status` and `down`, and what may befall it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest

from curate.review.local import environment, server
from likeness.errors import MachineError
from tests.make import json_of

pytestmark = pytest.mark.slow  # servers are started, killed and started again

RECIPE = """\
name: village
persona: {name: the baker, description: Dry., system_prompt: You bake.}
sources: [{path: "pairs.jsonl", as: pairs, rights: own}]
"""


@pytest.fixture
def home(tmp_path):
    """A server's home in a folder with an awkward name; whatever runs there is stopped at the end."""
    folder = tmp_path / "a home? 100%#1"
    yield folder
    server.down(folder)


@pytest.fixture
def project(tmp_path, own_server):
    (tmp_path / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    return tmp_path


def gone(pid: int) -> bool:
    """Wait for a process to end. One that nobody has waited for stays in the table, as a zombie."""
    until = time.monotonic() + 5
    while time.monotonic() < until:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def copies_of_pages() -> set[str]:
    """Temporary folders that hold a copy of Argilla's pages."""
    return {str(path) for path in Path(tempfile.gettempdir()).glob("tmp*/statics")}


def test_up_status_and_down_from_the_command_line(project, curate):
    assert json_of(curate(project, "review", "status", "recipe.yaml", "--json")) == {
        "running": False,
        "url": None,
        "pid": None,
        "review": None,
    }
    began = time.monotonic()
    made = json_of(curate(project, "review", "recipe.yaml", "--json"))  # short for `review up recipe.yaml`
    assert time.monotonic() - began < 60
    assert set(made) == {"url", "username", "password", "api_key", "pid", "sign_in", "datasets", "review"}
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", made["url"])
    assert made["sign_in"].startswith(f"{made['url']}/sign-in?auth=")
    assert (made["datasets"], made["review"]) == ([], None), "nothing is built yet"

    again = curate(project, "review", "up", "recipe.yaml")
    assert made["url"] in again.stdout, "a server that runs is found, not started again"
    assert "nothing to review yet: curate build recipe.yaml" in again.stdout
    told = curate(project, "review", "status", "recipe.yaml", "--json").stdout
    assert json.loads(told) == {"running": True, "url": made["url"], "pid": made["pid"], "review": None}
    told += curate(project, "review", "status", "recipe.yaml").stdout
    for secret in ("password", "api_key", "sign_in"):
        assert made[secret] not in told, "how to get in is told by `up` alone"

    assert json_of(curate(project, "review", "down", "recipe.yaml", "--json")) == {"stopped": True}
    assert gone(made["pid"])
    assert "does not run" in curate(project, "review", "status", "recipe.yaml").stdout
    assert "does not run" in curate(project, "review", "down", "recipe.yaml").stdout


def test_the_server_is_given_what_it_needs_and_no_key_of_anybodys(home, monkeypatch):
    for name in ("ANTHROPIC_API_KEY", "HF_TOKEN", "AWS_SECRET_ACCESS_KEY", "ARGILLA_API_KEY", "DATABASE_URL"):
        monkeypatch.setenv(name, "a-secret-of-mine")
    made = server.up(home)
    given = psutil.Process(made.pid).environ()
    assert "a-secret-of-mine" not in given.values()
    assert given.keys() <= server.NEEDED | server.LITTLE_MEMORY.keys() | {"PYTHONPATH"} | {
        n for n in given if n.startswith("LC_")
    }


def test_only_this_machines_names_are_answered_and_pages_load_nothing_else(home):
    made = server.up(home)
    key = {"X-Argilla-Api-Key": made.api_key}

    def ask(path, host=None, **headers):
        return httpx.get(made.url + path, headers=key | headers | ({"Host": host} if host else {}), trust_env=False)

    port = made.url.rpartition(":")[2]
    for host in (None, f"127.0.0.1:{port}", f"localhost:{port}", "LOCALHOST"):
        assert ask("/api/v1/me", host).status_code == 200, host
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", "localhost@evil.example", "127.0.0.1:x"):
        found = ask("/api/v1/me", host)
        assert found.status_code in (400, 421), host
        assert made.username not in found.text
    for path in ("/", "/api/v1/me", "/nothing/of/the/kind"):
        headers = ask(path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert (headers["x-frame-options"], headers["referrer-policy"]) == ("DENY", "no-referrer")
        assert headers["x-content-type-options"] == "nosniff"


def test_the_browser_is_started_without_the_password(tmp_path, project, own_server, curate):
    """It is started for real, by the way that a person names a browser; it notes how it was called."""
    note = tmp_path / "called"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$@" > {note}\n', encoding="utf-8")
    browser.chmod(0o755)
    made = json.loads(curate(project, "review", "up", "--json").stdout)
    curate(project, "review", "up", env={"DISPLAY": ":99", "BROWSER": str(browser)})
    until = time.monotonic() + 20
    while not note.exists() and time.monotonic() < until:
        time.sleep(0.05)
    called = note.read_text(encoding="utf-8").strip()
    page = own_server / "sign-in.html"
    assert called == page.as_uri()
    assert made["sign_in"].rpartition("=")[2] not in called
    assert mode(page) == 0o600
    assert mode(page.parent) == 0o700
    assert made["sign_in"] in page.read_text(encoding="utf-8")


def test_a_recipe_reviewed_elsewhere_starts_and_stops_nothing(project, curate):
    (project / "recipe.yaml").write_text(RECIPE + "review: {argilla: https://argilla.example.org}\n", encoding="utf-8")
    assert "nothing to review yet" in curate(project, "review", "up", "recipe.yaml").stdout
    told = curate(project, "review", "down", "recipe.yaml", code=2).stderr
    assert "https://argilla.example.org" in told
    assert "argilla: local" in told
    assert not (project / "build").exists()
    (project / "recipe.yaml").write_text(RECIPE + "review: {argilla: argilla.example.org}\n", encoding="utf-8")
    assert "recipe.yaml:4" in curate(project, "review", "up", "recipe.yaml", code=2).stderr
    (project / "recipe.yaml").write_text(RECIPE.replace("village", "argilla"), encoding="utf-8")
    assert "another name" in curate(project, "review", "up", "recipe.yaml", code=2).stderr


def test_a_home_through_restarts_kills_and_busy_ports(home, monkeypatch):
    """One home, told as one story because each start takes seconds."""
    pages = copies_of_pages()
    first = server.up(home)
    assert mode(home) == 0o700
    for secret in ("credentials.json", "argilla.db", "server.log"):
        assert mode(home / secret) == 0o600, secret
    secrets = json.loads((home / "credentials.json").read_text())
    for told in (first.password, first.api_key, secrets["auth_secret"]):
        assert len(told) >= 16
        assert told not in (home / "server.log").read_text()
        assert told not in (Path("/proc") / str(first.pid) / "cmdline").read_text()
    assert listens_on(first.pid) == {"127.0.0.1"}
    assert server.up(home) == first

    os.kill(first.pid, signal.SIGKILL)  # the machine went down, say
    assert gone(first.pid)
    until = time.monotonic() + 5
    while server.status(home) and time.monotonic() < until:  # its last threads take a moment to let go
        time.sleep(0.02)
    assert server.status(home) is None, "a file that names a dead process is no server"
    assert not server.down(home)
    second = server.up(home)
    assert second.pid != first.pid
    assert (second.url, second.password, second.api_key) == (first.url, first.password, first.api_key)
    assert server.down(home)
    assert gone(second.pid)
    assert not list(home.glob("tmp/*"))
    assert copies_of_pages() == pages, "Argilla's own start leaves 14 MB behind each time"

    port = int(second.url.rsplit(":", 1)[1])
    damage(home / "search.db")
    (home / "credentials.json").write_text('{"username": "reviewer", "pass')
    with socket.socket() as busy:
        busy.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        busy.bind(("127.0.0.1", port))
        busy.listen()
        third = server.up(home)
    assert third.url != second.url, "another program has the port: the server takes another"
    assert third.password != second.password, "damaged credentials are made anew, and they are good: the server answered to them"
    assert search(third) == 0, "a damaged index is made anew"
    assert len(list(home.glob("tmp/*"))) == 1

    shutil.rmtree(home / "tmp")
    with monkeypatch.context() as patch:
        patch.setattr(server, "SECONDS_TO_START", 1.0)
        with pytest.raises(MachineError, match=r"does not answer(.|\n)*curate review down"):
            server.up(home)  # the server lives and would show nobody a page

    for damaged in ("", "[]", '{"username": "reviewer", "password": "x", "api_key": 5, "auth_secret": "x"}', None):
        (home / "credentials.json").unlink()
        if damaged is not None:
            (home / "credentials.json").write_text(damaged)
        with pytest.raises(MachineError, match="curate review down"):
            server.status(home)
    assert server.down(home)


def test_a_server_whose_folder_was_deleted_ends(home):
    first = server.up(home)
    os.kill(first.pid, signal.SIGSTOP)  # so that it finds out only when the next one is there
    shutil.rmtree(home)
    assert server.status(home) is None
    second = server.up(home)
    try:
        assert second.pid != first.pid
        assert second.url != first.url, "the port is still taken"
        os.kill(first.pid, signal.SIGCONT)
        assert gone(first.pid), "it ends by itself: nobody could find it to stop it"
    finally:
        with suppress(ProcessLookupError):
            os.kill(first.pid, signal.SIGKILL)
    assert server.up(home) == second, "it answers, and has its pages"


def damage(file: Path) -> None:
    for leftover in file.parent.glob(f"{file.name}-*"):
        leftover.unlink()
    file.write_bytes(b"SQLite format 3\0" + os.urandom(8000))


def listens_on(pid: int) -> set[str]:
    return {each.laddr.ip for each in psutil.Process(pid).net_connections() if each.status == "LISTEN"}


def search(running: server.Server) -> int:
    """Make a dataset and search it for a word; how many records hold it."""
    import argilla as rg

    client = rg.Argilla(api_url=running.url, api_key=running.api_key)
    settings = rg.Settings(fields=[rg.TextField("text", client=client)], questions=[rg.TextQuestion("note", client=client)])
    dataset = rg.Dataset(name="d", workspace="review", settings=settings, client=client)
    dataset.create()
    return len(list(dataset.records(query="nothing")))


def test_a_folder_deleted_while_its_server_starts_leaves_no_process(home):
    code = "import sys; from pathlib import Path; from curate.review.local.server import up; up(Path(sys.argv[1]))"
    with subprocess.Popen([sys.executable, "-c", code, home], stderr=subprocess.PIPE, text=True) as starting:
        until = time.monotonic() + 60
        while (found := server.status(home)) is None and time.monotonic() < until:
            time.sleep(0.01)
        home.rename(home.with_name("away"))  # in one go, or a file could be made in it meanwhile
        assert found
        _, told = starting.communicate(timeout=60)
    assert f"MachineError: {home}: the folder was deleted while the Argilla server started" in told
    assert gone(found.pid)


def test_two_ups_at_once_make_one_server(home):
    code = "import sys; from pathlib import Path; from curate.review.local.server import up; print(up(Path(sys.argv[1])).pid)"
    both = [subprocess.Popen([sys.executable, "-c", code, home], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    try:
        pids = {process.communicate(timeout=60)[0] for process in both}
    finally:
        for process in both:
            process.kill()
    assert [process.returncode for process in both] == [0, 0]
    running = server.status(home)
    assert running
    assert pids == {f"{running.pid}\n"}


def test_two_servers_that_start_at_once_in_two_folders_take_two_ports(tmp_path):
    homes = tmp_path / "one", tmp_path / "other"
    try:
        with ThreadPoolExecutor() as pool:
            one, other = pool.map(server.up, homes)
        assert one.url != other.url
        assert {server.status(home).pid for home in homes} == {one.pid, other.pid}
    finally:
        for home in homes:
            server.down(home)


def test_a_process_id_that_was_given_out_again_is_left_alone(home):
    """The stale file names a process that lives, but is no server."""
    home.mkdir()
    with subprocess.Popen(["sleep", "60"]) as bystander:
        try:
            (home / "server.json").write_text(json.dumps({"pid": bystander.pid, "port": 1}))
            assert server.status(home) is None
            assert not server.down(home)
            assert bystander.poll() is None
        finally:
            bystander.kill()


def test_a_server_that_dies_while_it_starts_is_reported_at_once(home):
    home.mkdir()
    (home / "argilla.db").write_bytes(b"this is no database" * 100)
    began = time.monotonic()
    with pytest.raises(MachineError, match="file is not a database"):
        server.up(home)
    assert time.monotonic() - began < 60
    assert server.status(home) is None


def test_a_home_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MachineError, match="cannot be written"):
        server.up(tmp_path / "file" / "home")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a small disk")
def test_a_full_disk_is_told_as_such(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", disk], capture_output=True, check=False).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        with pytest.raises(MachineError, match="disk is full"):
            server.up(disk / "home")
        assert server.status(disk / "home") is None
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def test_an_environment_that_cannot_be_made_leaves_nothing_and_says_why(tmp_path, monkeypatch):
    """A package whose hash is not the lock's is refused; the next try begins anew."""
    lock = tmp_path / "lock.txt"
    lock.write_text(f"six==1.17.0 --hash=sha256:{'0' * 64}\n")
    monkeypatch.setattr(environment, "LOCK", lock)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    wheel(tmp_path / "wheels")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    with pytest.raises(MachineError, match="not the one that was tested"):
        environment.environment_python()
    kept = {path.suffix for path in (tmp_path / "cache" / "likeness").glob("argilla-*")}
    assert kept <= {".lock", ".log"}, "nothing half made; what pip said is kept"

    lock.write_text("nowhere-to-be-found==1.0 --hash=sha256:" + "0" * 64 + "\n")
    with pytest.raises(MachineError, match=r"nowhere-to-be-found(.|\n)*needs the network once"):
        environment.environment_python()


def test_an_environment_is_made_once_and_shows_how_far_it_is(tmp_path, monkeypatch):
    import hashlib

    file = wheel(tmp_path / "wheels")
    lock = tmp_path / "lock.txt"
    lock.write_text(f"six==1.17.0 --hash=sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}\n")
    monkeypatch.setattr(environment, "LOCK", lock)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    told = []
    python = environment.environment_python(lambda done, total: told.append((done, total)))
    assert told[-1] == (1, 1) and set(told) <= {(0, 1), (1, 1)}
    assert subprocess.run([python, "-c", "import six; print(six.told)"], capture_output=True, text=True).stdout == "here\n"
    made = python.stat().st_mtime_ns
    assert environment.environment_python() == python
    assert python.stat().st_mtime_ns == made


def wheel(folder: Path) -> Path:
    """A package of ours that pip can install."""
    import zipfile

    folder.mkdir()
    file = folder / "six-1.17.0-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("six.py", "told = 'here'\n")
        archive.writestr("six-1.17.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: six\nVersion: 1.17.0\n")
        archive.writestr(
            "six-1.17.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("six-1.17.0.dist-info/RECORD", "")
    return file


def test_a_python_too_new_is_told_before_anything_is_fetched(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(environment, "NEWEST_PYTHON", (3, 10))
    with pytest.raises(MachineError, match=r"3\.11, 3\.12 or 3\.13"):
        environment.environment_python()
    assert list(tmp_path.iterdir()) == []


def test_what_is_installed_is_held_to_hashes():
    """Every package of the lock has at least one."""
    packages = re.split(r"^(?=[a-z0-9._-]+==)", environment.LOCK.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    assert len(packages) > 80
    assert [package.split()[0] for package in packages if "--hash=sha256:" not in package] == []
