"""The Messages API server of the tests, driven by the real client: what the other tests stand on."""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Literal

import anthropic
import jsonschema
import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from tests.messages_server import Running, running

pytestmark = pytest.mark.slow

MODEL = "claude-haiku-5-5"
PASSAGE = """# The boat

The lake was still in the morning, and nobody had come down to it yet. My father kept the boat under the
willow tree, where the shade lasted longest. He used to say that patience is only attention with nothing to do.

I did not believe him until the second summer, when the engine failed far from the shore. We rowed for three hours
without a word. Afterwards I understood that silence can be a form of company, and perhaps the best of them."""
PAIRS = {
    "type": "object",
    "additionalProperties": False,
    "required": ["pairs"],
    "properties": {
        "pairs": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["instruction", "response", "quote"],
                "properties": {name: {"type": "string"} for name in ["instruction", "response", "quote"]},
            },
        }
    },
}


class Pair(BaseModel):
    model_config = ConfigDict(extra="forbid")
    instruction: str
    response: str
    quote: str


class Pairs(BaseModel):
    model_config = ConfigDict(extra="forbid")
    pairs: list[Pair]


def prompt(number: int = 0, count: int = 3, **more: object) -> dict:
    text = f'<document id="{number}">\n{PASSAGE}\n</document>\n<task kind="question_answer" count="{count}">Write.</task>'
    return {"model": MODEL, "max_tokens": 4000, "messages": [{"role": "user", "content": text}], **more}


def bound(number: int = 0, count: int = 3, **more: object) -> dict:
    return prompt(number, count, output_config={"format": {"type": "json_schema", "schema": PAIRS}}, **more)


@pytest.fixture(scope="module")
def shared():
    with running() as server:
        yield server


@pytest.fixture
def server(shared):
    shared.control({"reset": True})
    return shared


@pytest.fixture
def client(server):
    with anthropic.Anthropic(**server.client) as client:
        yield client


def ask(server: Running, plan: dict, **more: object) -> anthropic.types.Message:
    server.control(plan)
    with anthropic.Anthropic(**{**server.client, **more}) as client:
        return client.messages.create(**bound())


# --- answers ---


def test_plain_answer(client):
    raw = client.messages.with_raw_response.create(**prompt())
    message = raw.parse()
    assert message.stop_reason == "end_turn"
    assert 40 <= len(message.content[0].text.split()) <= 150
    assert message.usage.input_tokens > 100
    assert message.usage.output_tokens == -(-len(message.content[0].text) // 4)
    assert raw.headers["request-id"] == message._request_id
    for kind in ["requests", "input-tokens", "output-tokens"]:
        for what in ["limit", "remaining", "reset"]:
            assert raw.headers[f"anthropic-ratelimit-{kind}-{what}"]


def test_bound_answer(client, server):
    first = client.messages.create(**bound())
    answer = json.loads(first.content[0].text)
    jsonschema.validate(answer, PAIRS)
    assert len(answer["pairs"]) == 3
    assert len({pair["quote"] for pair in answer["pairs"]}) == 3
    assert len({pair["instruction"] for pair in answer["pairs"]}) == 3
    for pair in answer["pairs"]:
        assert pair["quote"] in PASSAGE
        assert pair["instruction"].endswith((".", "?"))
        assert 40 <= len(pair["response"].split()) <= 150
    again = client.messages.create(**bound())
    assert again.content == first.content
    assert again.id != first.id
    assert client.messages.create(**bound(1)).content != first.content
    log = server.log()
    assert (log["distinct"], log["attempts"], log["paid"], len(log["paid_twice"])) == (2, 3, 3, 1)
    assert server.requests()[0]["body"]["messages"][0]["content"].startswith("<document")


def test_parse(client):
    message = client.messages.parse(**prompt(count=2), output_format=Pairs)
    assert len(message.parsed_output.pairs) == 2


def test_asked_length(client):
    request = bound(count=1)
    request["messages"][0]["content"] = request["messages"][0]["content"].replace("<task", '<task words="350-900"')
    answer = json.loads(client.messages.create(**request).content[0].text)
    assert 350 <= len(answer["pairs"][0]["response"].split()) <= 900


def test_any_schema(client):
    class Inner(BaseModel):
        term: str
        note: str | None
        mark: int
        share: float
        kept: bool
        kind: Literal["a", "b"]

    class Outer(BaseModel):
        title: str
        sets: list[Inner]
        tags: list[str]
        inner: Inner

    message = client.messages.parse(**prompt(count=4), output_format=Outer)
    assert len(message.parsed_output.sets) == 4
    assert all(each.term for each in message.parsed_output.sets)


def test_stream(client):
    with client.messages.stream(**bound()) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    whole = client.messages.create(**bound())
    assert text == whole.content[0].text
    assert (final.stop_reason, final.usage.output_tokens) == (whole.stop_reason, whole.usage.output_tokens)


def test_too_few_tokens(client):
    message = client.messages.create(**bound(max_tokens=20))
    assert message.stop_reason == "max_tokens"
    assert message.usage.output_tokens == 20
    with pytest.raises(ValueError, match="Unterminated"):
        json.loads(message.content[0].text)


def test_stop_sequence(client):
    message = client.messages.create(**bound(stop_sequences=['"quote"']))
    assert (message.stop_reason, message.stop_sequence) == ("stop_sequence", '"quote"')


def test_count_tokens_agrees(client):
    request = bound()
    counted = client.messages.count_tokens(**{name: request[name] for name in request if name != "max_tokens"})
    assert counted.input_tokens == client.messages.create(**request).usage.input_tokens


def test_models(client):
    assert [model.id for model in client.models.list(limit=2)] == [
        "claude-opus-5-5",
        "claude-sonnet-5-5",
        "claude-haiku-5-5",
    ]
    assert client.models.retrieve(MODEL).capabilities.structured_outputs.supported
    with pytest.raises(anthropic.NotFoundError):
        client.models.retrieve("claude-none")


def test_prompt_cache(client):
    system = [{"type": "text", "text": "You write pairs. " * 200, "cache_control": {"type": "ephemeral"}}]
    first = client.messages.create(**bound(1, system=system)).usage
    second = client.messages.create(**bound(2, system=system)).usage
    assert (first.cache_creation_input_tokens, first.cache_read_input_tokens) == (850, 0)
    assert (second.cache_creation_input_tokens, second.cache_read_input_tokens) == (0, 850)
    assert first.cache_creation.ephemeral_5m_input_tokens == 850
    plain = client.messages.create(**bound(1, system="You write pairs. " * 200)).usage
    assert plain.input_tokens == first.input_tokens + 850


# --- mistakes of the caller ---


def test_wrong_key(server):
    other = anthropic.Anthropic(**{**server.client, "api_key": "other"})
    with other as client, pytest.raises(anthropic.AuthenticationError) as caught:
        client.messages.create(**prompt())
    assert caught.value.type == "authentication_error"
    assert caught.value.request_id == caught.value.body["request_id"]


def test_unknown_model(client):
    with pytest.raises(anthropic.NotFoundError) as caught:
        client.messages.create(**prompt() | {"model": "claude-haiku-1"})
    assert (caught.value.type, caught.value.api_message) == ("not_found_error", "model: claude-haiku-1")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"messages": []}, "at least one message"),
        ({"messages": [{"role": "user", "content": ""}]}, "non-empty"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "{"}]}, "prefill"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"max_tokens": 64_001}, "64000"),
        ({"extra_body": {"temperature": 1}}, "temperature: Extra inputs"),
        ({"system": [{"type": "text", "text": " "}]}, "system"),
        ({"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}}, "additionalProperties"),
        ({"messages": [{"role": "user", "content": "word " * 200_000}]}, "prompt is too long"),
    ],
)
def test_bad_request(client, change, says):
    with pytest.raises(anthropic.BadRequestError, match=says) as caught:
        client.messages.create(**prompt() | {"timeout": 30} | change)
    assert caught.value.type == "invalid_request_error"


def test_too_large(client):
    with pytest.raises(anthropic.ContentTooLargeError):
        client.messages.create(**prompt() | {"messages": [{"role": "user", "content": "x" * (33 * 1024 * 1024)}]})


# --- faults ---


@pytest.mark.parametrize(
    ("fault", "error", "kind"),
    [
        ({"kind": "rate_limited", "retry_after": 171}, anthropic.RateLimitError, "rate_limit_error"),
        ({"kind": "rate_limited", "retry_after": 0.25}, anthropic.RateLimitError, "rate_limit_error"),
        ("overloaded", anthropic.OverloadedError, "overloaded_error"),
        ("api_error", anthropic.InternalServerError, "api_error"),
        ("invalid_request", anthropic.BadRequestError, "invalid_request_error"),
    ],
)
def test_error(server, fault, error, kind):
    with pytest.raises(error) as caught:
        ask(server, {"attempts": [fault]})
    assert caught.value.type == kind
    if isinstance(fault, dict):
        assert float(caught.value.response.headers["retry-after"]) == fault["retry_after"]
    assert server.log()["paid"] == 0


@pytest.mark.parametrize(("drop", "lost"), [("drop_before", 0), ("drop_after", 1), ("drop_midway", 1)])
def test_drop(server, drop, lost):
    with pytest.raises(anthropic.APIConnectionError):
        ask(server, {"attempts": [drop]})
    log = server.log()
    assert (log["paid"], log["lost"]) == (0, lost)


def test_slow(server):
    with pytest.raises(anthropic.APITimeoutError):
        ask(server, {"attempts": [{"kind": "slow", "seconds": 5}]}, timeout=0.2)
    begun = time.monotonic()
    assert ask(server, {"attempts": [{"kind": "slow", "seconds": 0.2}]}).stop_reason == "end_turn"
    assert time.monotonic() - begun > 0.2


def test_cut_json(server):
    message = ask(server, {"attempts": ["cut_json"]})
    assert message.stop_reason == "end_turn"
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        json.loads(message.content[0].text)


def test_wrong_schema(server):
    message = ask(server, {"attempts": ["wrong_schema"]})
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(message.content[0].text), PAIRS)
    server.control({"attempts": ["wrong_schema"]})
    with anthropic.Anthropic(**server.client) as client, pytest.raises(ValidationError):
        client.messages.parse(**prompt(), output_format=Pairs)


def test_refusal(server):
    message = ask(server, {"attempts": ["refusal"]})
    assert (message.stop_reason, message.content) == ("refusal", [])
    assert message.stop_details.category == "general_harms"


def test_max_tokens(server):
    assert ask(server, {"attempts": ["max_tokens"]}).stop_reason == "max_tokens"


def test_sequence_is_by_arrival(server, client):
    server.control({"sequence": ["ok", "overloaded"]})
    client.messages.create(**bound(1))
    with pytest.raises(anthropic.OverloadedError):
        client.messages.create(**bound(2))
    client.messages.create(**bound(3))


def test_probabilities_are_by_seed_and_end(server, client):
    def outcomes(seed: int) -> list[str]:
        faults = [
            {"kind": "rate_limited", "probability": 0.3},
            {"kind": "overloaded", "probability": 0.3},
            {"kind": "api_error", "probability": 1.0, "contains": '<document id="7">'},
        ]
        server.control({"seed": seed, "faults": faults, "attempts_until_ok": 3, "reset": True})
        for number in range(20):
            for _ in range(3):
                try:
                    client.messages.create(**bound(number))
                    break
                except anthropic.APIStatusError:
                    continue
        log = server.log()
        assert (log["distinct"], log["good"], log["paid_twice"]) == (20, 20, [])
        return [outcome for request in log["requests"] for outcome in request["outcomes"]]

    assert outcomes(1) == outcomes(1) != outcomes(2)


def test_the_clients_own_retries(server):
    plan = {"attempts": ["overloaded", {"kind": "rate_limited", "retry_after": 0.1}]}
    assert ask(server, plan, max_retries=2).stop_reason == "end_turn"
    assert server.log()["requests"][0]["outcomes"] == ["overloaded", "rate_limited", "ok"]


def test_token_bucket(server, client):
    server.control({"limits": {"requests_per_minute": 600, "burst": 3}})
    waited = None
    for number in range(6):
        try:
            client.messages.create(**bound(number))
        except anthropic.RateLimitError as error:
            waited = float(error.response.headers["retry-after"])
            assert 0 < waited <= 0.1
            time.sleep(waited)
            raw = client.messages.with_raw_response.create(**bound(number))
            assert raw.headers["anthropic-ratelimit-requests-limit"] == "600"
            assert raw.headers["anthropic-ratelimit-requests-remaining"] == "0"
    assert waited


def test_token_limits(server, client):
    server.control({"limits": {"output_tokens_per_minute": 6000}})

    def spend() -> None:
        for number in range(100):
            client.messages.create(**bound(number, count=6))

    with pytest.raises(anthropic.RateLimitError, match="6000 output tokens") as caught:
        spend()
    assert 0 < float(caught.value.response.headers["retry-after"]) < 60


def test_wrong_plan(server):
    with pytest.raises(OSError, match="400"):
        server.control({"falts": []})
    with pytest.raises(OSError, match="400"):
        server.control({"attempts": ["explode"]})


# --- many at once ---


def test_many_at_once(server):
    faults = [{"kind": kind, "probability": 0.05} for kind in ["rate_limited", "overloaded", "drop_before"]]
    server.control({"faults": faults, "attempts_until_ok": 3, "latency": 0.05})

    async def all_of_them() -> list[anthropic.types.Message]:
        limits = anthropic.DefaultAsyncHttpxClient(timeout=20)
        async with anthropic.AsyncAnthropic(**server.client, http_client=limits) as client:

            async def one(number: int) -> anthropic.types.Message:
                for _ in range(2):
                    try:
                        return await client.messages.create(**bound(number))
                    except (anthropic.RateLimitError, anthropic.OverloadedError, anthropic.APIConnectionError):
                        continue
                return await client.messages.create(**bound(number))

            return await asyncio.gather(*[one(number) for number in range(128)])

    messages = asyncio.run(all_of_them())
    assert len({message.id for message in messages}) == 128
    log = server.log()
    assert (log["distinct"], log["paid"], log["paid_twice"]) == (128, 128, [])


# --- batches ---


def items(count: int, start: int = 0) -> list[dict]:
    return [{"custom_id": f"item-{number}", "params": bound(number)} for number in range(start, start + count)]


def ended(client: anthropic.Anthropic, batch_id: str) -> anthropic.types.messages.MessageBatch:
    for _ in range(500):
        batch = client.messages.batches.retrieve(batch_id)
        if batch.processing_status == "ended":
            return batch
        time.sleep(0.01)
    raise AssertionError("the batch did not end")


def test_batch(server, client):
    server.control({"batches": {"delay": 0.05, "sequence": ["overloaded", "expired", "canceled", "refusal"]}})
    requests = [*items(19), {"custom_id": "wrong", "params": {"model": MODEL}}]
    batch = client.messages.batches.create(requests=requests)
    assert (batch.processing_status, batch.request_counts.processing, batch.results_url) == ("in_progress", 20, None)
    with anthropic.Anthropic(**server.client) as another:
        batch = ended(another, batch.id)
        counts = batch.request_counts
        assert (counts.succeeded, counts.errored, counts.expired, counts.canceled) == (16, 2, 1, 1)
        results = list(another.messages.batches.results(batch.id))
    ids = [result.custom_id for result in results]
    assert sorted(ids) == sorted(request["custom_id"] for request in requests) != ids
    found = {result.custom_id: result.result for result in results}
    assert found["wrong"].error.error.type == "invalid_request_error"
    assert found["item-0"].error.error.type == "overloaded_error"
    assert found["item-3"].message.stop_reason == "refusal"
    jsonschema.validate(json.loads(found["item-5"].message.content[0].text), PAIRS)
    assert found["item-5"].message.usage.service_tier == "batch"
    assert found["item-5"].message.content == client.messages.create(**bound(5)).content
    assert len(server.log()["paid_twice"]) == 1  # item-5, in the batch and live


def test_batch_list_cancel_delete(server, client):
    server.control({"batches": {"delay": 30}})
    made = [client.messages.batches.create(requests=items(2)).id for _ in range(3)]
    listed = [batch.id for batch in client.messages.batches.list(limit=2)]
    assert listed[:3] == made[::-1]
    with pytest.raises(anthropic.BadRequestError, match="cancel it"):
        client.messages.batches.delete(made[0])
    canceling = client.messages.batches.cancel(made[0])
    assert canceling.processing_status == "canceling"
    assert canceling.cancel_initiated_at
    assert ended(client, made[0]).request_counts.canceled == 2
    assert {line.result.type for line in client.messages.batches.results(made[0])} == {"canceled"}
    assert client.messages.batches.delete(made[0]).type == "message_batch_deleted"
    with pytest.raises(anthropic.NotFoundError):
        client.messages.batches.retrieve(made[0])


def test_batch_limits(server, client):
    server.control({"batches": {"max_requests": 3, "max_bytes": 10_000}})
    with pytest.raises(anthropic.ContentTooLargeError, match="4 requests"):
        client.messages.batches.create(requests=items(4))
    with pytest.raises(anthropic.ContentTooLargeError, match="maximum size"):
        client.messages.batches.create(requests=items(100))
    with pytest.raises(anthropic.BadRequestError, match="not unique"):
        client.messages.batches.create(requests=[*items(1), *items(1)])
    with pytest.raises(anthropic.BadRequestError, match="pattern"):
        client.messages.batches.create(requests=[{"custom_id": "a b", "params": bound()}])


def test_batch_made_but_not_told(server, client):
    before = len(list(client.messages.batches.list()))
    server.control({"routes": {"batches.create": ["drop_after", "overloaded"], "batches.results": ["drop_midway"]}})
    with pytest.raises(anthropic.APIConnectionError):
        client.messages.batches.create(requests=items(1))
    with pytest.raises(anthropic.OverloadedError):
        client.messages.batches.create(requests=items(1))
    listed = list(client.messages.batches.list())
    assert len(listed) == before + 1
    ended(client, listed[0].id)
    with pytest.raises(Exception, match=r"peer closed|incomplete|Connection"):
        list(client.messages.batches.results(listed[0].id))
    assert len(list(client.messages.batches.results(listed[0].id))) == 1


# --- the process ---


def test_the_log_outlives_a_kill(tmp_path):
    log = tmp_path / "log.jsonl"
    with running(log=log) as server:
        with anthropic.Anthropic(**server.client) as client:
            client.messages.create(**bound())
        server.kill()
    with running(log=log, faults={"attempts": ["api_error"]}) as server:
        with anthropic.Anthropic(**server.client) as client, pytest.raises(anthropic.InternalServerError):
            client.messages.create(**bound())
        assert server.log()["requests"][0]["outcomes"] == ["ok", "api_error"]
    assert len(log.read_text().splitlines()) == 2


def test_as_a_module(tmp_path):
    plan = tmp_path / "plan.json"
    plan.write_text('{"attempts": ["overloaded"]}')
    command = [sys.executable, "-m", "tests.messages_server", "--port", "0", "--faults", str(plan)]
    root = Path(__file__).resolve().parents[1]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root) as process:
        ready = json.loads(process.stdout.readline())
        assert ready["pid"] == process.pid
        told = anthropic.Anthropic(base_url=ready["url"], api_key="test-key", max_retries=0)
        with told as client, pytest.raises(anthropic.OverloadedError):
            client.messages.create(**bound())
        process.terminate()
    assert process.returncode == 0
