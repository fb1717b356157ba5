"""What a person may rely on with `mode: batch`: half the price, nothing handed over twice, whatever is killed or lost."""

import json
import os
import random
import signal
import subprocess
import time

import pytest

from curate.generate.generate import generate_pairs
from curate.generate.providers import make_provider
from curate.llm import batches, live
from curate.model import Stage
from likeness.errors import GateError, MachineError
from likeness.recipe.schema import Generate
from tests.make import CURATE, LIVE, environment, rows, write_corpus

from .test_generate import ledger, requests  # noqa: F401 - fixtures

pytestmark = pytest.mark.slow

KINDS = [{"kind": "essay", "per_document": 1}]


@pytest.fixture
def ask(ledger, claude, monkeypatch):  # noqa: F811
    """Ask in batches and wait for them: `ask(requests)` gives pairs, usage and stage."""
    for name, value in claude.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(batches, "backoff", lambda attempt: 0.05)
    monkeypatch.setattr(live, "backoff", lambda attempt: 0.05)

    def run(asked, wait: bool = True, **settings):
        generate = Generate(provider="anthropic", kinds=KINDS, **({"mode": "batch", "model": "claude-haiku-5-5"} | settings))
        stage = Stage("generate")
        made = generate_pairs(asked, make_provider(generate), ledger, generate, stage, lambda *_: None, wait=wait)
        return made.pairs, made.usage, stage

    return run


def handed_over(claude) -> list[dict]:
    return [entry["body"] for entry in claude.requests() if entry["route"] == "batches.create"]


def test_a_batch_brings_the_same_pairs_for_half_the_money(requests, ask, claude, ledger):  # noqa: F811
    pairs, usage, stage = ask(requests)
    assert len(pairs) == len(requests) == usage.requests
    assert stage.reasons == {}
    (sent,) = handed_over(claude)
    assert len(sent["requests"]) == len(requests)
    log = claude.log()
    tokens = log["usage"]
    live_price = (
        tokens["input_tokens"] * 0.10
        + tokens["output_tokens"] * 0.50
        + tokens["cache_creation_input_tokens"] * 0.125
        + tokens["cache_read_input_tokens"] * 0.01
    ) / 1e6
    assert usage.usd == pytest.approx(live_price / 2)
    assert ledger.unaccounted() == 0
    again, usage, _ = ask(requests, mode="live")  # the answers are the same request's, however they were asked for
    assert again == pairs
    assert usage.requests == 0
    assert claude.log()["paid"] == log["paid"]


def test_one_may_come_back_later(requests, ask, claude, ledger):  # noqa: F811
    claude.control({"reset": True, "batches": {"delay": 1.0}})
    with pytest.raises(GateError, match=r"requests are with Claude in 1 batch since .*: msgbatch_") as waiting:
        ask(requests, wait=False)
    assert waiting.value.exit_code == 1
    assert "--wait" in str(waiting.value)
    with pytest.raises(GateError, match=f"{len(requests)} requests are with Claude"):  # not asked live beside it either
        ask(requests, wait=False, mode="live")
    time.sleep(1.2)
    pairs, usage, _ = ask(requests, wait=False)
    assert len(pairs) == usage.requests == len(requests)
    assert len(handed_over(claude)) == 1
    assert claude.log()["paid_twice"] == []


def test_a_batch_that_is_no_longer_wanted_is_still_fetched(requests, ask, claude, ledger):  # noqa: F811
    claude.control({"reset": True, "batches": {"delay": 0.3}})
    with pytest.raises(GateError):
        ask(requests[:4], wait=False)
    time.sleep(0.6)
    ask(requests[4:6])
    assert ledger.spent().requests == 6
    assert ledger.open_batches() == []


def test_batches_keep_within_the_limits_of_the_api(requests, ask, claude, monkeypatch):  # noqa: F811
    monkeypatch.setattr(batches, "MOST_REQUESTS", 3)
    claude.control({"reset": True, "batches": {"max_requests": 3}})
    pairs, _, _ = ask(requests)
    assert len(pairs) == len(requests)
    assert [len(body["requests"]) for body in handed_over(claude)] == [3] * (len(requests) // 3) + (
        [len(requests) % 3] if len(requests) % 3 else []
    )


def test_batches_are_split_by_their_bytes(requests, ask, claude, monkeypatch):  # noqa: F811
    monkeypatch.setattr(batches, "MOST_BYTES", 12_000)
    ask(requests)
    sizes = [len(json.dumps(body, ensure_ascii=False).encode()) for body in handed_over(claude)]
    assert len(sizes) > 1
    assert max(sizes) <= 12_000


@pytest.mark.parametrize("fault", ["expired", "canceled", "overloaded", "api_error", "max_tokens", "wrong_schema", "cut_json"])
def test_what_a_batch_did_not_bring_is_handed_over_again(requests, ask, claude, fault):  # noqa: F811
    claude.control(
        {
            "reset": True,
            "seed": 3,
            "batches": {"delay": 0, "faults": [{"kind": fault, "probability": 0.5}], "attempts_until_ok": 2},
        }
    )
    pairs, _, stage = ask(requests)
    assert len(pairs) == len(requests)
    assert stage.reasons == {}
    first, *later = handed_over(claude)
    assert 0 < len(later[0]["requests"]) < len(first["requests"])
    names = [entry["custom_id"] for body in (first, *later) for entry in body["requests"]]
    assert len(set(names)) == len(names)


def test_a_refusal_in_a_batch_is_recorded_and_not_asked_again(requests, ask, claude):  # noqa: F811
    claude.control({"reset": True, "batches": {"delay": 0, "attempts": ["refusal"]}})
    pairs, _, stage = ask(requests[:3])
    assert (pairs, stage.reasons) == ([], {"refused": 3})
    ask(requests[:3])
    assert len(handed_over(claude)) == 1


@pytest.mark.parametrize(("fault", "rounds"), [("expired", batches.TRIES), ("invalid_request", 1)])
def test_what_never_comes_is_told_and_given_up(requests, ask, claude, fault, rounds):  # noqa: F811
    claude.control({"reset": True, "batches": {"delay": 0, "faults": [{"kind": fault, "probability": 1.0}]}})
    with pytest.raises(MachineError, match=r"2 of 2 requests got no answer in batches; the last failure: ") as told:
        ask(requests[:2])
    assert "`mode: live` asks for the rest" in str(told.value)
    assert len(handed_over(claude)) == rounds
    pairs, _, _ = ask(requests[:2], mode="live")
    assert len(pairs) == 2


@pytest.mark.parametrize("fault", ["overloaded", "drop_before", "drop_after", "rate_limited"])
@pytest.mark.parametrize("route", ["batches.create", "batches.retrieve", "batches.results"])
def test_no_fault_of_an_endpoint_loses_or_repeats_a_batch(requests, ask, claude, ledger, route, fault):  # noqa: F811
    """`drop_after`: the batch was taken in, and its name never reached us."""
    claude.control(
        {
            "reset": True,
            "batches": {"delay": 0.2},
            "routes": {route: [{"kind": fault, "retry_after": 0.1} if fault == "rate_limited" else fault] * 2},
        }
    )
    pairs, _, _ = ask(requests)
    assert len(pairs) == len(requests)
    log = claude.log()
    assert log["paid_twice"] == []
    assert ledger.unaccounted() == 0


def wait_and_lose(ask, claude, requests, how: str) -> None:  # noqa: F811
    """Hand over, wait until it has ended, and let the provider archive its results or somebody delete it."""
    import anthropic

    claude.control({"reset": True, "batches": {"delay": 0}})
    with pytest.raises(GateError):
        ask(requests, wait=False)
    client = anthropic.Anthropic(**claude.client)
    batch = next(iter(client.messages.batches.list(limit=1)))
    while client.messages.batches.retrieve(batch.id).processing_status != "ended":
        time.sleep(0.02)
    if how == "archived":
        claude.control({"batches": {"delay": 0, "archive": True}})
        assert client.messages.batches.retrieve(batch.id).results_url is None
    else:
        client.messages.batches.delete(batch.id)


@pytest.mark.parametrize("mode", ["batch", "live"])
@pytest.mark.parametrize("how", ["archived", "deleted"])
def test_requests_whose_results_are_gone_are_asked_again(requests, ask, claude, ledger, how, mode):  # noqa: F811
    wait_and_lose(ask, claude, requests[:3], how)
    pairs, usage, _ = ask(requests[:3], mode=mode)
    assert len(pairs) == usage.requests == 3
    assert len(handed_over(claude)) == (2 if mode == "batch" else 1)
    assert ledger.open_batches() == []
    assert ledger.lost() > 0  # it was billed, and nobody knows how much


@pytest.mark.parametrize("mode", ["batch", "live"])
@pytest.mark.parametrize("route", ["batches.create", "batches.retrieve", "batches.results"])
def test_a_passing_404_is_tried_again(requests, ask, claude, ledger, route, mode):  # noqa: F811
    claude.control({"reset": True, "batches": {"delay": 0}, "routes": {route: ["not_found"] * 3}})
    with pytest.raises(GateError):
        ask(requests[:3], wait=False)
    time.sleep(0.2)
    pairs, _, _ = ask(requests[:3], mode=mode)
    assert len(pairs) == 3
    assert len(handed_over(claude)) == 1
    assert (claude.log()["paid_twice"], ledger.lost()) == ([], 0)


@pytest.mark.parametrize("route", ["batches.create", "batches.retrieve"])
def test_a_lasting_404_does_not_blame_the_model(requests, ask, claude, ledger, route):  # noqa: F811
    """As long as the provider's list has the batch, or does not answer, it is not asked again."""
    faults = {route: ["not_found"] * 30, "batches.list": ["not_found"] * 30}
    claude.control({"reset": True, "batches": {"delay": 0}, "routes": faults})
    with pytest.raises(MachineError, match=r"does not find its batches|did not take the batch") as told:
        ask(requests[:3])
    assert "model" not in str(told.value)
    if route == "batches.retrieve":
        claude.control({"batches": {"delay": 0}, "routes": {route: ["not_found"] * 7}})
        with pytest.raises(MachineError, match="does not find its batches"):
            ask(requests[:3])
    claude.control({"batches": {"delay": 0}})
    assert len(ask(requests[:3])[0]) == 3
    assert claude.log()["paid_twice"] == []


def test_a_batch_whose_name_was_lost_is_known_again_among_others(requests, ask, claude, ledger):  # noqa: F811
    """Somebody else's batch of the same size ends at the same time; its results are not ours."""
    import anthropic

    client = anthropic.Anthropic(**claude.client)
    strange = [
        {"model": "claude-haiku-5-5", "max_tokens": 50, "messages": [{"role": "user", "content": f"{n}?"}]} for n in range(3)
    ]
    client.messages.batches.create(requests=[{"custom_id": f"theirs-{n}", "params": params} for n, params in enumerate(strange)])
    claude.control({"batches": {"delay": 0}, "routes": {"batches.create": ["drop_after"]}})
    time.sleep(0.3)
    pairs, _, _ = ask(requests[:3])
    assert len(pairs) == 3
    assert len([body for body in handed_over(claude) if not body["requests"][0]["custom_id"].startswith("theirs")]) == 1
    assert claude.log()["paid_twice"] == []


def test_a_budget_holds_for_batches_too(requests, ask, claude, ledger):  # noqa: F811
    worst = [
        make_provider(Generate(provider="anthropic", model="claude-haiku-5-5", kinds=KINDS)).worst_cost(r, r.longest_answer) / 2
        for r in requests
    ]
    claude.control({"reset": True, "batches": {"delay": 0}})
    with pytest.raises(GateError, match="are with Claude in 1 batch"):
        ask(requests, wait=False, budget_usd=sum(worst[:3]) * 1.0001)
    assert [len(body["requests"]) for body in handed_over(claude)] == [3]
    time.sleep(0.2)
    ask(requests[:3])
    budget = max(worst) + 1.2 * ledger.spent().usd  # room for some more, and not for all
    with pytest.raises(GateError, match=r"the budget of .* is reached"):
        ask(requests, budget_usd=budget)
    assert 3 <= ledger.spent().requests < len(requests)
    assert ledger.spent().usd <= budget
    pairs, _, _ = ask(requests, budget_usd=budget + 100)
    assert len(pairs) == len(requests)
    assert claude.log()["paid_twice"] == []


@pytest.mark.slow
def test_kill_9_at_any_moment_hands_nothing_over_twice(tmp_path, claude):
    """Killed again and again while it hands over, waits and fetches; the server's answers are slow, so that every step is hit."""
    write_corpus(tmp_path, LIVE.replace("provider: anthropic", "provider: anthropic\n  mode: batch"))
    claude.control({"reset": True, "batches": {"delay": 0.5}})
    draw = random.Random(5)
    for _ in range(6):
        process = subprocess.Popen(
            [CURATE, "build", "recipe.yaml", "--wait"],
            cwd=tmp_path,
            env=environment(**claude.environment),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + 20
        while process.poll() is None and claude.log()["attempts"] == 0 and not handed_over(claude) and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(draw.uniform(0, 0.8))
        process.send_signal(signal.SIGKILL)
        process.wait()
    done = subprocess.run(
        [CURATE, "build", "recipe.yaml", "--wait", "--json"],
        cwd=tmp_path,
        env=environment(**claude.environment),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert claude.log()["paid_twice"] == []
    ledger_file = tmp_path / "build/village/ledger.db"
    assert rows(ledger_file, "select count(*) from responses") == rows(ledger_file, "select count(*) from requests")
    assert os.path.exists(json.loads(done.stdout)["dataset"])
