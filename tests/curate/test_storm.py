"""What a person may rely on in any weather: every pair that can be had is there, and none was paid for twice."""

import asyncio
import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from curate.llm import live
from curate.llm import rate_limit as pace
from curate.llm.rate_limit import RateLimit
from tests.make import environment, rows

from .storm import ask_many, settings

ROOT = Path(__file__).resolve().parents[2]
WEATHER = [
    ("rate_limited", 0.05), ("overloaded", 0.04), ("api_error", 0.03), ("drop_before", 0.02), ("drop_after", 0.01),
    ("drop_midway", 0.01), ("cut_json", 0.02), ("wrong_schema", 0.02), ("max_tokens", 0.02), ("refusal", 0.01), ("slow", 0.02),
]  # fmt: skip


def weather(seed: int) -> dict:
    """A quarter of all attempts go wrong, in every way there is; the seventh attempt of a request goes well."""
    assert sum(probability for _, probability in WEATHER) == pytest.approx(0.25)
    more = {"rate_limited": {"retry_after": 0.171}, "slow": {"seconds": 0.2}}
    faults = [{"kind": kind, "probability": probability} | more.get(kind, {}) for kind, probability in WEATHER]
    return {"reset": True, "seed": seed, "faults": faults, "attempts_until_ok": 7}


@pytest.fixture
def quickly(claude, monkeypatch):
    """Back-off takes hundredths of seconds."""
    for name, value in claude.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(live, "backoff", lambda attempt: 0.02 * 2**attempt)
    return claude


@pytest.mark.slow
def test_two_thousand_requests_in_a_storm_are_paid_once(tmp_path, quickly):
    quickly.control(weather(seed=11))
    generated, stage = ask_many(tmp_path / "ledger.db", 2000, settings(64))
    log = quickly.log()
    assert log["attempts"] > 2400
    assert {kind for kind, _ in WEATHER} <= {outcome for entry in log["requests"] for outcome in entry["outcomes"]}
    assert set(stage.reasons) <= {"refused"}
    assert 0 < stage.reasons["refused"] < 60
    assert len(generated.pairs) == 2000 - stage.reasons["refused"]
    assert log["paid_twice"] == []
    assert generated.usage.requests == log["paid"]
    lost = rows(tmp_path / "ledger.db", "select count(*) from sent where outcome = 'lost'")[0][0]
    assert lost >= log["lost"] > 0  # what may have been billed without arriving is known

    again, stage = ask_many(tmp_path / "ledger.db", 2000, settings(64))
    assert (again.pairs, again.usage.requests) == (generated.pairs, 0)
    assert quickly.log()["attempts"] == log["attempts"]


@pytest.mark.slow
def test_after_twenty_kills_everything_is_there(tmp_path, claude):
    claude.control({"reset": True, "latency": 0.05})
    ledger, count, at_once = tmp_path / "ledger.db", 600, 4
    draw = random.Random(20)
    answered = 0
    for kill in range(20):
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.curate.storm", str(ledger), str(count), str(at_once)],
            cwd=ROOT,
            env=environment(**claude.environment),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + 20
        while process.poll() is None and answers(ledger) <= answered and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(draw.uniform(0, 0.3))
        assert process.poll() is None
        process.kill()
        process.wait()
        assert answers(ledger) >= answered  # nothing that had arrived is gone
        answered = answers(ledger)
        assert claude.log()["attempts"] <= answered + at_once * (kill + 1)
    assert 20 <= answered < count
    done = subprocess.run(
        [sys.executable, "-m", "tests.curate.storm", str(ledger), str(count), str(at_once)],
        cwd=ROOT,
        env=environment(**claude.environment),
        capture_output=True,
        text=True,
        timeout=120,
    )
    said = json.loads(done.stdout)
    assert (said["pairs"], said["requests"]) == (count, count - answered)
    assert rows(ledger, "select max(times) from (select count(*) as times from responses group by request)") == [(1,)]


def answers(ledger: Path) -> int:
    try:
        return rows(ledger, "select count(*) from responses")[0][0]
    except Exception:  # not made yet
        return 0


def test_the_longest_pause_is_honoured_to_the_second(monkeypatch):
    """171 seconds, on a clock that runs a thousand times as fast: nobody begins before they are over."""
    real = asyncio.sleep
    began_real = time.monotonic()
    monkeypatch.setattr(pace, "monotonic", lambda: (time.monotonic() - began_real) * 1000)
    monkeypatch.setattr(pace, "sleep", lambda seconds: real(seconds / 1000))

    async def run():
        paced = RateLimit(8)
        async with paced.slot() as began:
            paced.too_much(began, 171.0)
        told = pace.monotonic()

        async def one():
            async with paced.slot() as started:
                return started - told

        return await asyncio.gather(*(one() for _ in range(8)))

    waited = asyncio.run(run())
    assert min(waited) >= 170
    assert max(waited) < 400
