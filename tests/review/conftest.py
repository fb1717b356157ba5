"""A real Argilla server with nothing in it, one for each test process, and a real browser that notes where it asks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from curate.review.local import server
from curate.review.local.server import Server

CURATE = str(Path(sys.executable).with_name("curate"))
CHROMIUM = "/usr/bin/chromium"
QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync"
).split()


@pytest.fixture(scope="session")
def argilla_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that runs as long as the tests do."""
    home = tmp_path_factory.mktemp("argilla")
    yield server.up(home)
    server.down(home)


@pytest.fixture
def argilla_client(argilla_server: Server) -> Any:
    """Argilla's own client, signed in."""
    import argilla

    return argilla.Argilla(api_url=argilla_server.url, api_key=argilla_server.api_key)


@pytest.fixture
def curate() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `curate` in a folder: `curate(folder, "review", "up", "recipe.yaml")`. No display: no browser is opened."""
    kept = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}

    def run(folder: Path, *arguments: str, code: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [CURATE, *arguments], cwd=folder, env=kept | environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == code, f"{arguments} left with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done

    return run


@pytest.fixture
def page() -> Iterator[Any]:
    """A page of a fresh browser. It fails the test if anything was asked for beyond this machine, or a script broke."""
    from playwright.sync_api import sync_playwright

    asked: set[str] = set()
    broken: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=QUIET)
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.set_default_timeout(20_000)
        page.on("request", lambda request: asked.add(request.url))
        page.on("websocket", lambda socket: asked.add(socket.url))
        page.on("pageerror", lambda error: broken.append(str(error)))
        yield page
        browser.close()
    assert asked, "the browser asked for nothing at all"
    assert {url for url in asked if urlsplit(url).scheme not in ("data", "blob")} == {
        url for url in asked if urlsplit(url).hostname == "127.0.0.1"
    }
    assert broken == []
