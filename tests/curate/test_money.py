"""What a person may rely on about money: a plan before, a ceiling during, an account after; and a pace the provider bears."""

import asyncio
import json
import signal
import subprocess
import time
from dataclasses import replace

import pytest

from curate.generate.generate import generate_pairs
from curate.generate.providers import make_provider
from curate.ledger.ledger import Ledger
from curate.llm.prices import price_of
from curate.llm.provider import Limit
from curate.llm.rate_limit import RateLimit
from curate.model import Stage
from likeness.errors import GateError
from likeness.recipe.schema import Generate
from tests.make import CURATE, LIVE, environment, json_of, rows, write_corpus

from .test_generate import ask, ledger, one_kind, requests  # noqa: F401 - fixtures

pytestmark = pytest.mark.slow

# --- the budget ---


def test_a_budget_is_hit_exactly(requests, ask, claude):  # noqa: F811
    """A ceiling of just what the next answer costs at worst lets it through; a hair less does not."""
    worst = make_provider(one_kind()).worst_cost(requests[0], requests[0].longest_answer)
    with pytest.raises(GateError, match=r"the budget of .* is reached"):
        ask(requests[:1], budget_usd=worst * (1 - 1e-9))
    assert claude.log()["attempts"] == 0
    pairs, usage, _ = ask(requests[:1], budget_usd=worst)
    assert len(pairs) == 1
    assert 0 < usage.usd <= worst


def test_an_answer_lost_on_its_way_counts_against_the_budget_at_its_worst(requests, ask, claude, ledger):  # noqa: F811
    """The provider may have billed it; nobody can know. So it counts, and the budget stays a ceiling."""
    claude.control({"reset": True, "attempts": ["drop_after"]})
    worst = make_provider(one_kind()).worst_cost(requests[0], requests[0].longest_answer)
    pairs, usage, _ = ask(requests[:1])
    assert (len(pairs), usage.requests) == (1, 1)
    assert ledger.unaccounted() == pytest.approx(worst)
    with pytest.raises(GateError, match=r"more at most for answers lost on their way") as stopped:
        ask(requests[1:3], budget_usd=worst + usage.usd)
    assert stopped.value.exit_code == 1
    assert claude.log()["attempts"] == 2


@pytest.mark.parametrize("fault", ["rate_limited", "overloaded", "api_error"])
def test_an_error_of_the_provider_costs_nothing(requests, ask, claude, ledger, fault):  # noqa: F811
    claude.control({"reset": True, "attempts": [{"kind": fault, "retry_after": 0.01}]})
    ask(requests[:3])
    assert ledger.unaccounted() == 0


@pytest.mark.slow
def test_what_was_under_way_at_a_kill_counts_against_the_budget(tmp_path, claude):
    write_corpus(tmp_path, LIVE)
    claude.control({"reset": True, "latency": 30})
    process = start(tmp_path, claude)
    wait_for(
        lambda: (
            (tmp_path / "build/village/ledger.db").exists() and rows(tmp_path / "build/village/ledger.db", "select 1 from sent")
        )
    )
    process.kill()
    process.wait()
    left = Ledger(tmp_path / "build/village/ledger.db")
    assert left.unaccounted() > 0
    left.close()


# --- Ctrl-C ---


def start(folder, claude):
    return subprocess.Popen(
        [CURATE, "build", "recipe.yaml"],
        cwd=folder,
        env=environment(**claude.environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(happens, seconds: float = 120):  # on a busy machine a build takes half a minute to begin
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if happens():
                return
        except Exception:  # a ledger that is just being made
            pass
        time.sleep(0.02)
    raise AssertionError("it did not happen")


@pytest.mark.slow
def test_ctrl_c_waits_for_the_answers_under_way_and_sends_no_more(tmp_path, claude):
    write_corpus(tmp_path, LIVE)
    claude.control({"reset": True, "latency": 1.5})
    process = start(tmp_path, claude)
    database = tmp_path / "build/village/ledger.db"
    wait_for(lambda: len(rows(database, "select 1 from sent")) == 2)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "stopping: waiting for 2 answers under way; Ctrl-C again leaves them" in told
    assert "the same command goes on from here" in told
    assert rows(database, "select outcome, count(*) from sent group by outcome") == [("answered", 2)]
    assert claude.log()["paid"] == 2


@pytest.mark.slow
def test_a_second_ctrl_c_leaves_at_once(tmp_path, claude):
    write_corpus(tmp_path, LIVE)
    claude.control({"reset": True, "latency": 60})
    process = start(tmp_path, claude)
    wait_for(lambda: rows(tmp_path / "build/village/ledger.db", "select 1 from sent"))
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert time.monotonic() - began < 10


# --- pace ---


def test_the_first_request_goes_alone_and_fills_the_prompt_cache(requests, ask, claude, ledger):  # noqa: F811
    claude.control({"reset": True, "latency": 0.1})
    requests = [replace(each, system=each.system + " Take your time." * 200) for each in requests]  # shorter ones are not cached
    ask(requests, concurrency=16)
    first, second = (row[0] for row in ledger._db.execute("select sent_at from sent order by sent_at limit 2"))
    ((arrived,),) = ledger._db.execute("select min(received_at) from responses").fetchall()
    assert first < arrived <= second
    usage = claude.log()["usage"]
    assert usage["cache_creation_input_tokens"] > 0  # the system prompt is written once, however many ask at once
    assert usage["cache_read_input_tokens"] == usage["cache_creation_input_tokens"] * (len(requests) - 1)


def test_the_limits_in_the_answers_are_kept_to(requests, ask, claude):  # noqa: F811
    """600 requests a minute in bursts of 4, sixteen at once: only those sent before the first answer are turned away."""
    claude.control({"reset": True, "limits": {"requests_per_minute": 600, "burst": 4}})
    asked = [replace(each, user=f"{each.user}\n{number}") for number in range(4) for each in requests]
    began = time.monotonic()
    _, usage, _ = ask(asked, concurrency=16)
    took = time.monotonic() - began
    assert usage.requests == len(asked) == 40
    assert claude.log()["statuses"].get("429", 0) < len(asked) / 2
    assert took < len(asked) / 10 + 3  # and no slower than the limit makes it


def test_limits_on_tokens_are_kept_to():
    """Of 6,000 a minute 100 are left: a request that needs 200 waits a second, and one beside it for what that one takes."""

    async def run():
        pace = RateLimit(8)
        pace.learn([Limit("output", 6000, 100)])
        began = time.monotonic()

        async def one():
            async with pace.slot(10, 200):
                return time.monotonic() - began

        return sorted(await asyncio.gather(one(), one()))

    first, second = asyncio.run(run())
    assert first == pytest.approx(1.0, abs=0.2)
    assert second == pytest.approx(3.0, abs=0.3)


def test_answers_under_way_are_counted_though_the_provider_does_not_yet():
    """It says that 300 are left, while an answer of 200 is on its way: what is left for others is 100."""

    async def run():
        pace = RateLimit(8)
        async with pace.slot(10, 200):
            pace.learn([Limit("output", 6000, 300)])
            began = time.monotonic()
            async with pace.slot(10, 200):
                return time.monotonic() - began

    assert asyncio.run(run()) == pytest.approx(1.0, abs=0.2)


# --- prices ---


def test_a_recipe_may_say_its_own_price(requests, claude, ledger, monkeypatch):  # noqa: F811
    for name, value in claude.environment.items():
        monkeypatch.setenv(name, value)
    kinds = [{"kind": "essay", "per_document": 1}]
    settings = Generate(provider="anthropic", model="claude-haiku-5-5", price={"input": 1000, "output": 3000}, kinds=kinds)
    usage = generate_pairs(requests[:1], make_provider(settings), ledger, settings, Stage("g"), lambda *_: None).usage
    tokens = claude.log()["usage"]
    assert usage.usd == pytest.approx(
        (tokens["input_tokens"] + 1.25 * tokens["cache_creation_input_tokens"]) / 1000 + tokens["output_tokens"] * 3 / 1000
    )


def test_an_unknown_model_counts_at_the_dearest_price_known():
    unknown = Generate(provider="anthropic", model="claude-next", kinds=[{"kind": "essay", "per_document": 1}])
    dearest = Generate(provider="anthropic", model="claude-opus-5-5", kinds=[{"kind": "essay", "per_document": 1}])
    assert price_of(unknown).cost(1e6, 1e6) == price_of(dearest).cost(1e6, 1e6)
    assert "claude-next is not in the list" in price_of(unknown).as_of


# --- the plan ---


def planned(curate, folder, **env):
    return json_of(curate(folder, "plan", "recipe.yaml", "--json", env=env))


def test_a_plan_needs_no_key_asks_nothing_and_foretells_the_bill(tmp_path, curate, claude):
    write_corpus(tmp_path, LIVE)
    before = planned(curate, tmp_path)
    assert claude.log()["attempts"] == 0
    assert before["answered_already"] == 0
    assert before["usd"]["batch"] == pytest.approx(before["usd"]["live"] / 2, rel=0.01)
    done = json_of(curate(tmp_path, "build", "recipe.yaml", "--json", env=claude.environment))
    assert done["usage"]["requests"] == before["requests"]
    assert done["stages"][2]["rows_out"] == before["pairs"]
    assert done["usage"]["usd"] / 3 < before["usd"]["live"] < done["usage"]["usd"] * 3  # by rules of thumb
    after = planned(curate, tmp_path)
    assert after["answered_already"] == after["requests"]
    assert (after["usd"]["live"], after["tokens"]) == (0, {"input": 0, "output": 0})


def test_a_plan_learns_from_the_answers_that_are_there(tmp_path, curate, claude):
    """Half of it is asked; what the plan says of the other half is nearer to the bill than rules of thumb are."""
    many = LIVE.replace("max_tokens: 100", "max_tokens: 50").replace(
        "per_passage: 1, words: [40, 150]", "per_passage: 2, words: [40, 150]"
    )
    write_corpus(tmp_path, many)
    for number in range(12):
        text = f"The bell rang at {number} and the ferry went over with {number * 7} people who had somewhere to be. " * 5
        (tmp_path / f"documents/more{number}.txt").write_text(text)
    before = planned(curate, tmp_path)
    assert "rules of thumb" in before["basis"]
    claude.control({"reset": True, "latency": 0.2})
    first = json_of(curate(tmp_path, "build", "recipe.yaml", "--sample", "20", "--json", env=claude.environment))
    after = planned(curate, tmp_path)
    assert after["basis"] == f"from {first['usage']['requests']} earlier answers"
    rest = json_of(curate(tmp_path, "build", "recipe.yaml", "--json", env=claude.environment))["usage"]
    assert rest["requests"] == after["requests"] - after["answered_already"]
    assert after["usd"]["live"] == pytest.approx(rest["usd"], rel=0.3)
    assert after["seconds"]["live"] == pytest.approx(0.2 * rest["requests"] / 2 + 0.2, rel=0.5)


def test_a_plan_says_what_binds_it(tmp_path, curate):
    write_corpus(tmp_path, LIVE.replace("concurrency: 2", "concurrency: 8\n  per_minute: {requests: 2, output_tokens: 100000}"))
    slow = planned(curate, tmp_path)
    assert slow["bound_by"] == "2 requests a minute"
    assert slow["seconds"]["live"] >= slow["requests"] / 2 * 60


def test_a_plan_says_whether_the_budget_will_do_and_the_smallest_that_does(tmp_path, curate, claude):
    write_corpus(tmp_path, LIVE.replace("concurrency: 2", "concurrency: 2\n  budget_usd: 0.01"))
    told = curate(tmp_path, "plan").stdout
    assert "budget: $0.01 lets nothing through" in told
    least = planned(curate, tmp_path)["smallest_budget_usd"]
    assert f"The smallest that is of use is ${least:.2f}" in told
    curate(tmp_path, "build", env=claude.environment, code=1)
    assert claude.log()["attempts"] == 0
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("budget_usd: 0.01", f"budget_usd: {least}"))
    assert "lets nothing through" not in curate(tmp_path, "plan").stdout
    curate(tmp_path, "build", env=claude.environment, code=None)
    assert claude.log()["paid"] >= 1


@pytest.mark.slow
def test_the_room_for_an_answer_is_near_what_is_asked(requests, ask, claude, ledger):  # noqa: F811
    """A model that thinks at length is given the room that it was seen to take, and the others no more than they need."""
    ask(requests[:2])
    assert all(entry["body"]["max_tokens"] <= 1_000 + 3 * requests[0].pairs * (150 + 80) for entry in claude.requests()[-2:])
    assert ledger.most_thought() == 0
    ledger.add_request("thinks", "question_answer", "a.md", None, {})
    text = "So it is. " * 50
    answer = {
        "provider": "anthropic",
        "model": "m",
        "text": text,
        "stop_reason": "end_turn",
        "input_tokens": 9,
        "output_tokens": 3_250,
    }
    ledger.add_response("thinks", answer | {"cache_write_tokens": 0, "cache_read_tokens": 0, "usd": 0.0})
    assert ledger.most_thought() == 3_000
    ask(requests[2:3])
    assert claude.requests()[-1]["body"]["max_tokens"] == requests[2].longest_answer + 6_000


@pytest.mark.slow
def test_a_plan_says_what_yield_to_expect_after_a_sample(tmp_path, curate, claude):
    write_corpus(tmp_path, LIVE)
    assert planned(curate, tmp_path)["yield"] is None
    curate(tmp_path, "build", "--sample", "2", env=claude.environment)
    found = planned(curate, tmp_path)["yield"]
    assert found["sample"] == 2
    assert 0 < found["kept"] <= found["asked"]
    assert found["expected"] == pytest.approx(planned(curate, tmp_path)["pairs"] * found["kept"] / found["asked"], abs=3)
    told = curate(tmp_path, "plan").stdout
    assert f"a sample of 2 passages kept {found['kept']} of {found['asked']} pairs asked for: expect about" in told
    assert f"at ${found['usd_per_kept']:.4f} a kept pair" in told


def test_a_batch_that_is_handed_over_is_no_error(tmp_path, curate, claude):
    write_corpus(tmp_path, LIVE.replace("concurrency: 2", "mode: batch"))
    claude.control({"reset": True, "batches": {"delay": 3600}})
    done = curate(tmp_path, "build", "--json", env=claude.environment, code=1)
    assert "requests are with Claude in 1 batch" in done.stderr
    assert "error:" not in done.stderr
    assert json.loads(done.stdout)["waiting"] is True


def test_a_plan_of_recordings_costs_nothing(corpus, curate):
    told = curate(corpus.parent, "plan", "recipe.yaml")
    assert "nothing is paid for" in told.stdout
    assert "$" not in told.stdout


@pytest.mark.parametrize(
    ("change", "criterion", "verdict"),
    [
        (("Dry and exact.", "Dry and exact."), "enough examples", "against"),  # a handful of pairs
        (("Dry and exact.", "Dry and exact."), "enough writing", "against"),  # four short documents
        (("Dry and exact.", "''"), "voice or form", "doubtful"),  # nothing is said of the voice
        (("per_passage: 1, words: [40, 150]", "per_passage: 9, words: [40, 150]"), "voice or form", "doubtful"),  # facts, mostly
        (("Dry and exact.", "Dry and exact."), "voice or form", "for"),
        (("Dry and exact.", "Dry and exact."), "a way to tell", "doubtful"),  # two controlled questions
    ],
)
def test_a_plan_says_whether_fine_tuning_is_the_right_tool(tmp_path, curate, change, criterion, verdict):
    write_corpus(tmp_path, LIVE.replace(*change))
    fit = {reason["criterion"]: reason for reason in planned(curate, tmp_path)["fit"]}
    assert fit[criterion]["verdict"] == verdict
    assert fit[criterion]["why"].endswith((".", "`control`."))


def test_ready_pairs_and_much_writing_speak_for_it(tmp_path, curate):
    write_corpus(tmp_path, LIVE)
    line = "The bell rang at {} and the ferry went over with {} people who had somewhere to be. "
    for number in range(12):
        text = "\n\n".join(" ".join(line.format(n, number) for n in range(m, m + 6)) for m in range(16))
        (tmp_path / f"documents/long{number}.md").write_text(text)
    (tmp_path / "control.yaml").write_text(
        "questions:\n" + "".join(f"  - {{id: q{n}, question: What of {n}?, about: voice}}\n" for n in range(12))
    )
    fit = {reason["criterion"]: reason["verdict"] for reason in planned(curate, tmp_path)["fit"]}
    assert fit["enough writing"] == "for"
    assert fit["a way to tell"] == "for"
    assert fit["enough examples"] in ("doubtful", "for")
