"""Start, find and stop the embedded Argilla server of a home folder.

The server process holds two locks for its life, and the kernel lets go of both however it dies. One on `server.lock`, taken
here and handed to it, so that a home never has two servers; one on `server.json`, so that the process which that file names
is known to live, whatever process ids have been given out since.
"""

from __future__ import annotations

import base64
import fcntl
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
from recipes.errors import MachineError
from recipes.folders import cannot_write, write_whole

INSIDE = Path(__file__).parent  # where `serve` lies, which runs in the server's environment
ROOM = 20_000_000  # bytes that a start needs: the pages are copied, and a new database is made
SECONDS_TO_START = 120.0  # it takes four to nine on a laptop; more only where the machine is very busy
SECONDS_TO_STOP = 15.0

LITTLE_MEMORY = {"MALLOC_ARENA_MAX": "2", "MALLOC_TRIM_THRESHOLD_": "131072"}
"""glibc keeps what was freed, in a place for each thread: here 30 MB of 380 with 10,000 records."""


@dataclass(frozen=True)
class Server:
    """A server that runs, and how to get in."""

    url: str
    username: str
    password: str
    api_key: str
    pid: int

    @property
    def sign_in(self) -> str:
        """The address that signs the reviewer in with one click."""
        return f"{self.url}/sign-in?auth={quote(base64.b64encode(f'{self.username}:{self.password}'.encode()))}"


def up(home: Path, progress: Progress | None = None) -> Server:
    """The server of this home, started first where it does not run; returns when it answers.

    Args:
        home: the folder that holds its database, credentials and log.
        progress: told how far the server's environment is, which is made on first use.

    Raises:
        MachineError: its environment cannot be made, the home cannot be written to, or the server does not come up.
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
        while not _taken(lock):  # a server runs here, or is being started or stopped
            server = status(home)
            if server and _answers(server):
                return server
            if time.monotonic() > until:
                raise _silent(home, "Stop it with `curate review down RECIPE`, then try again.")
            time.sleep(0.1)
        return _start(python, home, lock)


def status(home: Path) -> Server | None:
    """The server of this home where its process lives (it may still be starting), else None.

    Raises:
        MachineError: it lives, and its credentials were deleted or damaged.
    """
    running = _running(home)
    if running is None:
        return None
    keys = _credentials(home)
    if keys is None:
        mend = "Stop the server with `curate review down RECIPE`; the next start makes new credentials."
        where = str(home / "credentials.json")
        raise MachineError("the file is gone or damaged, and the server runs", where=where, mend=mend)
    return Server(f"http://127.0.0.1:{running['port']}", keys["username"], keys["password"], keys["api_key"], running["pid"])


def down(home: Path) -> bool:
    """Stop the server of this home; says whether there was one.

    Raises:
        MachineError: it does not go away.
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
    """`pid` and `port` of the process that serves this home, if one does."""
    try:
        with open(home / "server.json", encoding="utf-8") as file:
            if _taken(file, fcntl.LOCK_SH):  # nobody holds it: the process that it names is gone
                return None
            running: dict[str, int] = json.load(file)
            return running
    except (FileNotFoundError, NotADirectoryError):
        return None


def _start(python: Path, home: Path, lock: IO[str]) -> Server:
    """Start the server as a process of its own that outlives this one, and wait until it answers."""
    _keep_credentials(home)
    log = home / "server.log"
    # Nothing of this environment's packages may reach the server's, and nothing set for another Argilla.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "ARGILLA_"))}
    with open(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as output:
        process = subprocess.Popen(
            [python, "-m", "serve", str(home)],
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
    except BaseException:  # Ctrl-C among them: nothing half-started is left behind
        process.kill()
        process.wait()
        shutil.rmtree(home / "tmp", ignore_errors=True)
        raise


def _keep_credentials(home: Path) -> None:
    """Made once, at random; readable by the owner alone. Damaged ones are as good as none."""
    if _credentials(home) is None:
        made = {
            "username": "reviewer",
            "password": secrets.token_urlsafe(12),
            "api_key": secrets.token_urlsafe(32),
            "auth_secret": secrets.token_hex(32),
        }
        write_whole(home / "credentials.json", json.dumps(made, indent=2), mode=0o600)


def _credentials(home: Path) -> dict[str, str] | None:
    """What credentials.json holds; None where it is missing, or lacks any of it."""
    try:
        keys = json.loads((home / "credentials.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    needed = ("username", "password", "api_key", "auth_secret")
    whole = isinstance(keys, dict) and all(isinstance(keys.get(name), str) and keys[name] for name in needed)
    return keys if whole else None


def _answers(server: Server) -> bool:
    """Whether this very server answers, for only it knows the key, and has its pages, which lie in a folder of their own.

    Asked directly: no proxy leads to the loopback interface.
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
    response.read()  # or the connection could not be used again
    return response.status == http.HTTPStatus.OK


def _taken(file: IO[str], kind: int = fcntl.LOCK_EX) -> bool:
    """Take the lock on a file where nobody holds it; it is held until the file is closed."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _gone(home: Path, pid: int) -> bool:
    """Wait for a server to be gone."""
    until = time.monotonic() + SECONDS_TO_STOP
    while (running := _running(home)) and running["pid"] == pid:
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def _silent(home: Path, mend: str) -> MachineError:
    return MachineError(f"the Argilla server does not answer within {SECONDS_TO_START:.0f} s", where=str(home), mend=mend)


def _died(log: Path) -> MachineError:
    """A server that ended before it answered: the end of its log says why."""
    if not log.exists():
        return MachineError("the folder was deleted while the Argilla server started", where=str(log.parent), mend="Try again.")
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    full = shutil.disk_usage(log.parent).free < ROOM  # the log says nothing of it, for it could not be written either
    mend = "The disk is full: free some room and run the command again." if full else f"All that it said: {log}"
    return MachineError("the Argilla server ended while it started:\n" + "\n".join(lines[-8:]), where=str(log.parent), mend=mend)
