"""The server process: take the port, say where we are, load Argilla, bring its database up to date, serve until told to stop."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

OURS = Path(__file__).with_name("page")
USUAL_PORT = 6900  # where Argilla's own documentation and client look for it
WORKSPACE = "review"
SECONDS_BETWEEN_LOOKS = 2.0  # at whether the home is still ours


def main(home: Path) -> None:
    """Serve the home folder `home` on the loopback interface."""
    os.umask(0o077)  # what is reviewed is the owner's alone
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # so that what stands under `finally` is done
    listener = take_port(home)
    end_with(home / "server.json", announce(home, listener.getsockname()[1]))
    credentials = json.loads((home / "credentials.json").read_text(encoding="utf-8"))
    configure(home, credentials["auth_secret"])
    shutil.rmtree(home / "tmp", ignore_errors=True)  # of a server that was killed
    (home / "tmp").mkdir(mode=0o700)
    with tempfile.TemporaryDirectory(dir=home / "tmp", ignore_cleanup_errors=True) as pages:  # of this server, and no other's
        app = load_argilla(Path(pages))
        bring_database_up_to_date(home)
        asyncio.run(keep_user(credentials))
        serve(app, listener)


def serve(app: Any, listener: socket.socket) -> None:
    """Answer until told to stop."""
    import uvicorn

    from .guard import Guard
    from .jobs import start_worker

    start_worker()
    options = uvicorn.Config(Guard(app), access_log=False, log_level="warning", server_header=False, timeout_graceful_shutdown=5)
    uvicorn.Server(options).run(sockets=[listener])


def take_port(home: Path) -> socket.socket:
    """Last time's port where it is free, so that bookmarks and the browser's sign-in stay good; else any."""
    try:
        last = int(json.loads((home / "server.json").read_text(encoding="utf-8"))["port"])
    except (OSError, ValueError, KeyError):
        last = USUAL_PORT
    for port in (last, 0):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen()  # at once: until then another server that starts just now can be bound to the same port
            return listener
        except OSError:
            listener.close()
    raise OSError("no port is free on 127.0.0.1")


def announce(home: Path, port: int) -> int:
    """Write server.json and keep it locked. Whoever finds it unlocked knows that the process it names is gone.

    It is left open, and given back so: the kernel closes it, and lets go of the lock, when the process is no more.
    """
    path = home / ".server.json.new"
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    fcntl.flock(file, fcntl.LOCK_EX)  # not by `likeness.lock`: nothing of ours is in this environment
    os.write(file, json.dumps({"pid": os.getpid(), "port": port}).encode())
    os.replace(path, home / "server.json")
    return file


def end_with(path: Path, file: int) -> None:
    """End this process when the open `file` no longer stands at `path`, where alone it can be found and stopped.

    That is so when somebody deletes the home below it, and there may be another server's by then.
    """

    def watch() -> None:
        while _stands_at(path, file):
            time.sleep(SECONDS_BETWEEN_LOOKS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="home-watch", daemon=True).start()


def _stands_at(path: Path, file: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(file))
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:  # a disk that fails for a moment is no reason to go
        return True


def configure(home: Path, auth_secret: str) -> None:
    """Argilla reads its settings from the environment when it is imported."""
    os.chdir(home)
    os.environ.update(
        ARGILLA_HOME_PATH=".",
        ARGILLA_DATABASE_URL="sqlite+aiosqlite:///argilla.db?check_same_thread=False",  # a path within a URL must be plain
        ARGILLA_DATABASE_SQLITE_TIMEOUT="30",
        ARGILLA_SEARCH_ENGINE="sqlite",
        ARGILLA_AUTH_SECRET_KEY=auth_secret,  # kept, or every restart would sign everybody out
        ARGILLA_CORS_ORIGINS="[]",
        ARGILLA_SHOW_HUGGINGFACE_SPACE_PERSISTENT_STORAGE_WARNING="false",
        HF_HUB_DISABLE_TELEMETRY="1",
    )


def load_argilla(pages: Path) -> Any:
    """The server's ASGI application, its web pages included, with our engine and queue in the places of the usual ones."""
    from .jobs import embed_redis

    embed_redis()  # before the import, which connects
    # At import Argilla copies its web pages to a temporary folder, which it never removes. `pages` is, when we end.
    tempfile.tempdir = str(pages)
    import argilla_server

    tempfile.tempdir = None
    strip_web_fonts(pages)
    add_ours(pages)

    from . import database, engine, speedups  # noqa: F401 - importing the engine registers it

    database.one_connection_per_session()
    speedups.install()
    return argilla_server.app


def strip_web_fonts(pages: Path) -> None:
    """The one thing that the pages would fetch from elsewhere. The browser's own fonts take their place."""
    for sheet in pages.rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        if "@import url(https://fonts.googleapis.com" in text:
            sheet.write_text(re.sub(r"@import url\(https://fonts\.googleapis\.com[^)]*\);", "", text), encoding="utf-8")


def add_ours(pages: Path) -> None:
    """Our own style and script into every page: no push to a hub, a sign-in that opens the queue, a reject that says why."""
    (root,) = (folder.parent for folder in pages.rglob("_nuxt"))
    shutil.copytree(OURS, root, dirs_exist_ok=True)
    for index in root.rglob("*.html"):
        text = index.read_text(encoding="utf-8")
        ours = '<script src="/likeness.js"></script><link rel="stylesheet" href="/likeness.css">'
        index.write_text(text.replace("<head>", f"<head>{ours}", 1), encoding="utf-8")


def bring_database_up_to_date(home: Path) -> None:
    """Make the tables, or alter those of an older Argilla. Write-ahead logging lets the engine read while the server writes."""
    from alembic import command
    from alembic.config import Config
    from argilla_server.database import ALEMBIC_CONFIG_FILE

    connection = sqlite3.connect(home / "argilla.db", timeout=30)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    command.upgrade(Config(ALEMBIC_CONFIG_FILE), "head")


async def keep_user(credentials: dict[str, str]) -> None:
    """The one user and workspace. If the credentials file was lost and made again, the user gets its new contents."""
    from argilla_server.contexts import accounts
    from argilla_server.database import AsyncSessionLocal
    from argilla_server.models import User, UserRole, Workspace

    async with AsyncSessionLocal() as db:
        user = await accounts.get_user_by_username(db, credentials["username"])
        if user is None:
            workspace = await Workspace.get_by(db, name=WORKSPACE) or Workspace(name=WORKSPACE)
            await User.create(
                db,
                first_name=credentials["username"],
                username=credentials["username"],
                role=UserRole.owner,
                api_key=credentials["api_key"],
                password_hash=accounts.hash_password(credentials["password"]),
                workspaces=[workspace],
            )
        elif user.api_key != credentials["api_key"]:
            await user.update(db, api_key=credentials["api_key"], password_hash=accounts.hash_password(credentials["password"]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
