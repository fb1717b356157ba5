"""Start, find and stop the embedded Argilla server of a home folder.

The server process holds two locks until it ends, however it ends. The lock on `server.lock` is taken here and handed over, so
that a home never has two servers. The lock on `server.json` shows that the process named in that file still runs: without it,
its process id may belong to another process by now.
"""

from __future__ import annotations

import base64
import html
import http.client
import json
import os
import secrets
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote

from curate.review.local.environment import Progress, environment_python
from likeness.errors import MachineError
from likeness.files import cannot_write, write_atomic
from likeness.lock import is_locked, take

INSIDE = Path(__file__).parent  # where `serve` is, which runs in the server's environment
ROOM = 20_000_000  # bytes that a start needs: the pages are copied, and a new database is made
SECONDS_TO_START = 120.0  # it takes four to nine on a laptop; more only where the machine is very busy
SECONDS_TO_STOP = 15.0

NEEDED = {
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "SYSTEMROOT",
}
"""Environment variables that are passed on to the server."""

LITTLE_MEMORY = {"MALLOC_ARENA_MAX": "2", "MALLOC_TRIM_THRESHOLD_": "131072"}
"""glibc keeps freed memory for each thread: here 30 of 380 MB with 10,000 records."""


@dataclass(frozen=True)
class Server:
    """A running server, and how to sign in."""

    url: str
    username: str
    password: str
    api_key: str
    pid: int

    @property
    def sign_in(self) -> str:
        """The address that signs the reviewer in with one click."""
        return f"{self.url}/sign-in?auth={quote(base64.b64encode(f'{self.username}:{self.password}'.encode()))}"

    def sign_in_to(self, page: str) -> str:
        """The address that signs in and then opens a page of this server, such as a dataset's queue."""
        return f"{self.sign_in}&queue={quote(page.removeprefix(self.url))}"


def sign_in_page(home: Path, address: str) -> Path:
    """A page in the home folder, readable only by its owner, that redirects to the sign-in address.

    If a browser were started with that address, everybody who lists this machine's processes would see the password.
    """
    page = home / "sign-in.html"
    url = html.escape(address, quote=True)
    leads_on = f'<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url={url}"><title>Argilla</title>\n'
    write_atomic(page, leads_on, mode=0o600)
    return page


def up(home: Path, progress: Progress | None = None) -> Server:
    """The server of a home folder; it is started if it does not run. Returns when it answers.

    Args:
        home: the folder of its database, credentials and log.
        progress: called with the progress of making the server's environment on first use.

    Raises:
        MachineError: the environment cannot be made, the home cannot be written to, or the server does not start.
    """
    python = environment_python(progress)
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        home.chmod(0o700)
        lock = open(home / "server.lock", "w", encoding="utf-8")  # noqa: SIM115 - closed below
    except OSError as error:
        raise cannot_write(home, error) from error
    until = time.monotonic() + SECONDS_TO_START
    with lock:
        while not take(lock):  # a server runs here, or is being started or stopped
            server = status(home)
            if server and _answers(server):
                return server
            if time.monotonic() > until:
                raise _silent(home, "Stop it with `curate review down RECIPE`, then try again.")
            time.sleep(0.1)
        return _start(python, home, lock)


def status(home: Path) -> Server | None:
    """The server of a home folder if its process runs (it may still be starting), else None.

    Raises:
        MachineError: it runs, but its credentials were deleted or damaged.
    """
    running = _running(home)
    if running is None:
        return None
    keys = _credentials(home)
    if keys is None:
        fix = "Stop the server with `curate review down RECIPE`; the next start makes new credentials."
        where = str(home / "credentials.json")
        raise MachineError("the file is gone or damaged, and the server runs", where=where, fix=fix)
    return Server(f"http://127.0.0.1:{running['port']}", keys["username"], keys["password"], keys["api_key"], running["pid"])


def down(home: Path) -> bool:
    """Stop the server of a home folder; return whether there was one.

    Raises:
        MachineError: it does not stop.
    """
    running = _running(home)
    if running is None:
        return False
    pid = running["pid"]
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        if not _gone(home, pid):
            os.kill(pid, signal.SIGKILL)
    if not _gone(home, pid):
        raise MachineError(f"the Argilla server (process {pid}) does not stop", where=str(home))
    return True


def _running(home: Path) -> dict[str, int] | None:
    """The `pid` and `port` of the process that serves a home folder, if there is one."""
    file = home / "server.json"
    if is_locked(file):  # else the process that it names is gone
        with suppress(FileNotFoundError):  # somebody deletes the home just now
            running: dict[str, int] = json.loads(file.read_text(encoding="utf-8"))
            return running
    return None


def _start(python: Path, home: Path, lock: IO[str]) -> Server:
    """Start the server as a separate process that outlives this one, and wait until it answers."""
    _keep_credentials(home)
    log = home / "server.log"
    # It needs little: no key of anybody's, nothing of this environment's packages, nothing set for another Argilla.
    environment = {name: value for name, value in os.environ.items() if name in NEEDED or name.startswith("LC_")}
    with open(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as output:
        process = subprocess.Popen(
            [python, "-P", "-m", "serve", str(home)],
            cwd=home,
            env=environment | {"PYTHONPATH": str(INSIDE)} | LITTLE_MEMORY,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=[lock.fileno()],
            start_new_session=True,
        )
    try:
        until = time.monotonic() + SECONDS_TO_START
        while process.poll() is None:
            server = status(home)
            if server and server.pid == process.pid and _answers(server):
                return server
            if time.monotonic() > until:
                raise _silent(home, "Is the machine very busy? Then try again.")
            time.sleep(0.05)
        raise _died(log)
    except BaseException:  # also Ctrl-C: do not leave a half-started server
        process.kill()
        process.wait()
        shutil.rmtree(home / "tmp", ignore_errors=True)
        raise


def _keep_credentials(home: Path) -> None:
    """Make random credentials if there are none or they are damaged. Only the owner can read the file."""
    if _credentials(home) is None:
        made = {
            "username": "reviewer",
            "password": secrets.token_urlsafe(12),
            "api_key": secrets.token_urlsafe(32),
            "auth_secret": secrets.token_hex(32),
        }
        write_atomic(home / "credentials.json", json.dumps(made, indent=2), mode=0o600)


def _credentials(home: Path) -> dict[str, str] | None:
    """The content of credentials.json; None if it is missing or incomplete."""
    try:
        keys = json.loads((home / "credentials.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    needed = ("username", "password", "api_key", "auth_secret")
    whole = isinstance(keys, dict) and all(isinstance(keys.get(name), str) and keys[name] for name in needed)
    return keys if whole else None


def _answers(server: Server) -> bool:
    """Whether this server answers, which only it can do with this key, and has its web pages.

    The request uses no proxy, because a proxy cannot reach the loopback interface.
    """
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=10)
    try:
        return all(_gives(connection, path, server.api_key) for path in ("/api/v1/me", "/"))
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _gives(connection: http.client.HTTPConnection, path: str, api_key: str) -> bool:
    connection.request("GET", path, headers={"X-Argilla-Api-Key": api_key})
    response = connection.getresponse()
    response.read()  # needed to use the connection again
    return response.status == http.HTTPStatus.OK


def _gone(home: Path, pid: int) -> bool:
    """Wait until a server has ended."""
    until = time.monotonic() + SECONDS_TO_STOP
    while (running := _running(home)) and running["pid"] == pid:
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def _silent(home: Path, fix: str) -> MachineError:
    return MachineError(f"the Argilla server does not answer within {SECONDS_TO_START:.0f} s", where=str(home), fix=fix)


def _died(log: Path) -> MachineError:
    """The error for a server that ended before it answered, with the end of its log."""
    if not log.exists():
        return MachineError("the folder was deleted while the Argilla server started", where=str(log.parent), fix="Try again.")
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    full = shutil.disk_usage(log.parent).free < ROOM  # the log could not be written either
    fix = "The disk is full: free some room and run the command again." if full else f"All that it said: {log}"
    return MachineError("the Argilla server ended while it started:\n" + "\n".join(lines[-8:]), where=str(log.parent), fix=fix)
