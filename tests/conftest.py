"""What all tests share: threads that sleep while they wait, no network, and the fixtures of every room.

A room's makers are in modules that its fixtures import when they are asked for, so that a test of the reader loads no torch.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from likeness.command import settle_libraries

settle_libraries()  # before anything imports torch

import pytest  # noqa: E402

from tests import make  # noqa: E402

if TYPE_CHECKING:
    from curate.review.local.server import Server
    from tests.review.people import Person, Village

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["LIKENESS_EMBEDDING"] = "off"  # reading what is meant takes seconds: tests that look at it turn it on
os.environ["XDG_DATA_HOME"] = tempfile.mkdtemp(prefix="likeness-data-")  # no test starts the person's own review server
atexit.register(shutil.rmtree, os.environ["XDG_DATA_HOME"], ignore_errors=True)
os.environ["OMP_NUM_THREADS"] = "1"  # the models of tests are tiny: more threads wait for each other, above all on shared cores

SLOW_FIXTURES = {"curate", "house", "trained", "built", "argilla_server", "tiny", "tokenizers", "make_model"}
"""A test that calls commands, a server or a model takes seconds: it is slow, whether its file says so or not."""

LONGEST = 2.0
"""Seconds that a test may take, its fixtures included, without being marked slow."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if SLOW_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


# --- tests that should be marked slow are listed at the end ---

began = pytest.StashKey[float]()


def processor_seconds() -> float:
    """Of this process and of those that it has started and waited for: what a busy machine changes least."""
    return sum(os.times()[:4])


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    item.stash[began] = processor_seconds()
    yield


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    if call.when == "teardown" and not item.get_closest_marker("slow"):
        item.user_properties.append(("processor_seconds", processor_seconds() - item.stash[began]))
    yield


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Times(), "times")


class Times:
    """Collects, in the process that reports, how long the tests took that are not marked slow."""

    def __init__(self) -> None:
        self.found: dict[str, float] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """The report of a test's last part carries its time."""
        seconds = dict(report.user_properties).get("processor_seconds", 0.0) if report.when == "teardown" else 0.0
        if seconds > LONGEST:
            self.found[report.nodeid] = float(seconds)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Far over it fails the tests, on a busy machine too: `-m "not slow"` is to end within a minute."""
        if any(seconds > 2 * LONGEST for seconds in self.found.values()) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Name them."""
        if self.found:
            terminalreporter.section(f"took over {LONGEST:.0f} s of processor time without being marked slow")
            for name, seconds in sorted(self.found.items(), key=lambda each: -each[1]):
                terminalreporter.line(f"{seconds:6.1f} s  {name}")


# --- commands, and folders to call them in ---


@pytest.fixture(scope="session")
def curate() -> Callable[..., Any]:
    """Call `curate`: `curate(folder, "build", "recipe.yaml", env={…}, code=1)`; or, with `program`, another one."""
    return lambda folder, *arguments, program="curate", **more: make.call(program, folder, *arguments, **more)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """The recipe of a village with its documents and recorded answers."""
    return make.write_corpus(tmp_path)


@pytest.fixture(scope="session")
def server() -> Iterator[Any]:
    """A server that speaks the Messages API."""
    from tests.messages_server import running

    with running() as server:
        yield server


@pytest.fixture
def claude(server: Any) -> Any:
    """The Messages API server, without faults and with an empty log."""
    server.control({"reset": True})
    return server


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is the working folder of the test."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- review: a real Argilla server with nothing in it, one for each test process ---


@pytest.fixture(scope="session")
def argilla_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that runs as long as the tests do."""
    from curate.review.local import server

    home = tmp_path_factory.mktemp("argilla")
    yield server.up(home)
    server.down(home)


@pytest.fixture
def own_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The home of this test's own embedded server, which its commands find; it is stopped at the end."""
    from curate.review.local import server

    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    home = tmp_path / "data/likeness/argilla"
    yield home
    server.down(home)


@pytest.fixture
def argilla_client(argilla_server: Server) -> Any:
    """Argilla's own client, signed in."""
    import argilla

    return argilla.Argilla(api_url=argilla_server.url, api_key=argilla_server.api_key)


@pytest.fixture(scope="session")
def owner(argilla_server: Server) -> Person:
    """The owner of the server."""
    from tests.review.people import Person

    return Person(argilla_server.url, argilla_server.username, argilla_server.api_key)


@pytest.fixture
def page() -> Iterator[Any]:
    """A page of a real browser."""
    from tests.review.people import browser_page

    with browser_page() as page:
        yield page


@pytest.fixture
def village(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: Person) -> Callable[..., Village]:
    """Make the corpus under review: `village("pairs: all")`; the second argument is more of the recipe."""
    from tests.review.people import Village

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARGILLA_API_KEY", owner.api_key)
    return lambda review, more="": Village(tmp_path, owner, review, more)


# --- training ---


@pytest.fixture(scope="session")
def tiny() -> Path:
    """The folder of builtin:tiny, made once for each machine."""
    from train.tiny import tiny_folder

    return tiny_folder()


@pytest.fixture
def house(tmp_path: Path) -> make.House:
    """A folder with the starter recipe; nothing is built yet."""
    return make.make_house(tmp_path)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, tiny: Path) -> tuple[make.House, dict[str, Any]]:
    """A house in which the starter was built and trained, and what `train run --json` said."""
    house = make.make_house(tmp_path_factory.mktemp("house"))
    house.call("curate", "build", house.recipe)
    return house, house.json("train", "run", house.recipe)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, tiny: Path) -> make.House:
    """A house in which the starter was built and nothing trained; its run is short."""
    house = make.make_house(tmp_path_factory.mktemp("built"))
    make.change(house.folder / house.recipe, "evaluate: {samples: 0", "evaluate: {cells: shipped, samples: 0")
    house.call("curate", "build", house.recipe)
    return house


@pytest.fixture
def home(built: make.House, tmp_path: Path) -> make.House:
    """A copy of it."""
    shutil.copytree(built.folder, tmp_path / "house")
    return make.House(tmp_path / "house")


# --- export: tiny models and tokenizers, made in code ---


@pytest.fixture(scope="session")
def tokenizers() -> dict[str, Any]:
    """A small tokenizer of each kind."""
    from tests.export.tiny_models import byte_level, sentencepiece

    return {kind: byte_level(kind) for kind in ("gpt-2", "smollm", "qwen2", "llama-bpe")} | {"spm": sentencepiece()}


@pytest.fixture(scope="session")
def taught(tmp_path_factory: pytest.TempPathFactory, tokenizers: dict[str, Any]) -> Path:
    """A small Llama that was taught a few rows."""
    from tests.export import tiny_models

    return tiny_models.taught(tmp_path_factory.mktemp("taught") / "model", tokenizers["smollm"])


@pytest.fixture(scope="session")
def family(tmp_path_factory: pytest.TempPathFactory, tokenizers: dict[str, Any]) -> Callable[[str], Path]:
    """Makes the model of a family, with random weights."""
    from tests.export.tiny_models import of_family

    return lambda name: of_family(tmp_path_factory.mktemp("family") / "model", name, tokenizers)
