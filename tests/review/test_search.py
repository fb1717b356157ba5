"""Search, filters, sorting, counts and similarity, asked of a running server as Argilla's clients and pages ask."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue

import pytest

RECORDS = [
    # id, instruction, response, kind, flags, echo, words, voice, then the suggestions: verdict, score, agent, topics with scores, rating
    ("a", "How is bread baked?", "Slowly, in the oven's heat.", "essay", ["echo"], 0.5, 10, [1, 0, 0],
     "keep", 0.9, "claude", (["craft", "food"], [0.2, 0.8]), 5),
    ("b", "Who ran the ferry?", "My uncle did; he didn't swim.", "essay", [], 0.25, 20, [0.9, 0.1, 0],
     "drop", 0.4, "claude", (["people"], [0.5]), 2),
    ("c", "Why prune in winter?", "A well-known rule: cut less than you want to.", "decision", ["length", "echo"], -1.5, 30, [0, 1, 0],
     "keep", 0.6, "checks", (["craft"], [0.9]), 4),
    ("d", "What of the café?", "It has a clock, and a bell. Version 3.14 of it.", "decision", ["length"], 2.0, 40, [-1, 0, 0],
     None, None, None, None, None),
    ("e", "时间是什么?", "The bell rings; bread waits. Bell, bell!", None, None, None, None, None,
     None, None, None, None, None),
]  # fmt: skip


@pytest.fixture(scope="module")
def dataset(argilla_server):
    """Five small records with everything on them, and two people's responses."""
    import argilla as rg

    api = rg.Argilla(api_url=argilla_server.url, api_key=argilla_server.api_key)
    settings = rg.Settings(
        fields=[
            rg.TextField("rank", client=api),  # names that SQLite keeps for itself
            rg.TextField("rowid", client=api),
            rg.ChatField("talk", required=False, _client=api),
            rg.CustomField("facts", template="<p></p>", required=False, _client=api),
        ],
        questions=[
            rg.LabelQuestion("verdict", labels=["keep", "drop"], client=api),
            rg.MultiLabelQuestion("topics", labels=["craft", "food", "people"], required=False, client=api),
            rg.RatingQuestion("rating", values=[1, 2, 3, 4, 5], required=False, client=api),
        ],
        metadata=[
            rg.TermsMetadataProperty("kind", client=api),
            rg.TermsMetadataProperty("flags", client=api),
            rg.FloatMetadataProperty("echo", client=api),
            rg.IntegerMetadataProperty("words", client=api),
        ],
        vectors=[rg.VectorField("voice", dimensions=3, _client=api)],
        distribution=rg.TaskDistribution(min_submitted=2),
    )
    dataset = rg.Dataset(name="everything", workspace="review", settings=settings, client=api)
    dataset.create()
    me = api.me
    other = rg.User(username="colleague", password="a-long-password", role="owner", client=api)
    other.create()
    responses = {
        "a": [rg.Response("verdict", "keep", me.id, "submitted"), rg.Response("rating", 5, me.id, "submitted"),
              rg.Response("verdict", "drop", other.id, "submitted"), rg.Response("rating", 2, other.id, "submitted")],
        "b": [rg.Response("verdict", "drop", me.id, "draft"), rg.Response("rating", 4, me.id, "draft")],
        "c": [rg.Response("verdict", "keep", other.id, "discarded")],
    }  # fmt: skip
    records = []
    for id_, instruction, response, kind, flags, echo, words, voice, verdict, score, agent, topics, rating in RECORDS:
        fields = {"rank": instruction, "rowid": response}
        if id_ == "d":
            fields |= {"talk": [{"role": "user", "content": "Is the harbour frozen?"}], "facts": {"built": "by masons"}}
        metadata = {"kind": kind, "flags": flags, "echo": echo, "words": words}
        suggestions = []
        if verdict:
            suggestions.append(rg.Suggestion("verdict", verdict, score=score, agent=agent, type="model"))
            suggestions.append(rg.Suggestion("topics", topics[0], score=topics[1], agent=agent, type="model"))
            suggestions.append(rg.Suggestion("rating", rating, agent=agent, type="human"))
        records.append(
            rg.Record(
                fields=fields,
                id=id_,
                metadata={key: value for key, value in metadata.items() if value is not None},
                vectors={"voice": voice} if voice else {},
                suggestions=suggestions,
                responses=responses.get(id_, []),
            )
        )
    dataset.records.log(records)
    yield dataset
    dataset.delete()
    other.delete()


@pytest.fixture(scope="module")
def ask(argilla_server, dataset):
    """Ids of the records that a search finds, in order: `ask(query=…, filters=[…], sort=[…])`; by the reviewer, or by all with `me=False`."""
    import httpx

    http = httpx.Client(base_url=argilla_server.url, headers={"X-Argilla-Api-Key": argilla_server.api_key}, trust_env=False)

    def ask(query=None, filters=(), sort=(), me=True, whole=False, status=200, **page):
        body = {}
        if query:
            body["query"] = query
        if filters:
            body["filters"] = {"and": list(filters)}
        if sort:
            body["sort"] = list(sort)
        answer = http.post(f"/api/v1/{'me/' if me else ''}datasets/{dataset.id}/records/search", json=body, params=page)
        assert answer.status_code == status, answer.text
        if status != 200:
            return str(answer.json())
        found = answer.json()
        return found if whole else "".join(item["record"]["external_id"] for item in found["items"])

    ask.http = http
    return ask


def terms(scope, *values):
    return {"type": "terms", "scope": scope, "values": list(values)}


def between(scope, ge=None, le=None):
    return {"type": "range", "scope": scope} | ({"ge": ge} if ge is not None else {}) | ({"le": le} if le is not None else {})


def by(scope, order="asc"):
    return {"scope": scope, "order": order}


def record(name):
    return {"entity": "record", "property": name}


def metadata(name):
    return {"entity": "metadata", "metadata_property": name}


def suggestion(question, name="value"):
    return {"entity": "suggestion", "question": question, "property": name}


def answered(question):
    return {"entity": "response", "question": question}


STATUS = {"entity": "response", "property": "status"}


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("bread", "ae"),
        ("BREAD", "ae"),
        ("bread slowly", "a"),  # pieces may stand in different fields …
        ("bread-slowly", ""),  # … the words of one piece may not
        ("slowly-heat", "a"),
        ("bread bell", "e"),
        ("bread | ferry", "abe"),
        ("bread + bell", "e"),
        ("bread -bell", "a"),
        ("-bread", "bcd"),
        ("-bread -ferry", "cd"),
        ("ferry | bread bell", "e"),  # from left to right
        ("ferry | (bread bell)", "be"),
        ('"bell rings"', "e"),
        ('"rings bell"', ""),
        ('"bell bread"~2', "e"),
        ("prun*", "c"),
        ("brxad~1", "ae"),
        ("brxad", ""),
        ("didn't", "b"),
        ("didn", ""),
        ("well-known", "c"),
        ("café", "d"),
        ("cafe", ""),  # accents count
        ("3.14", "d"),
        ("时", "e"),
        ("间是", "e"),
        ("harbour", "d"),  # in a chat
        ("masons", "d"),  # in a custom field
        ("user", ""),  # who speaks in a chat is no text
        ("*", "abcde"),
        ("(bread", "ae"),
        ('"bread', "ae"),
        ("bread )(", "ae"),
        ("!!!", ""),
        ("\\-bread", "ae"),
        ("bread*\u0000", "ae"),
    ],
)
def test_what_is_typed_finds_what_elasticsearch_would_find(ask, typed, found):
    assert "".join(sorted(ask({"text": {"q": typed}}))) == found


def test_a_text_query_can_be_held_to_one_field_and_the_best_match_comes_first(ask):
    assert ask({"text": {"q": "bread", "field": "rank"}}) == "a"
    assert ask({"text": {"q": "bread", "field": "rowid"}}) == "e"
    found = ask({"text": {"q": "bell"}}, whole=True)["items"]
    assert [item["record"]["external_id"] for item in found] == ["e", "d"]  # three bells before one
    assert found[0]["query_score"] > found[1]["query_score"] > 0
    assert "nowhere" in ask({"text": {"q": "bread", "field": "nowhere"}}, status=422)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ([terms(metadata("kind"), "essay")], "ab"),
        ([terms(metadata("kind"), "essay", "decision")], "abcd"),
        ([terms(metadata("flags"), "echo")], "ac"),
        ([terms(metadata("flags"), "echo"), terms(metadata("flags"), "length")], "c"),
        ([terms(metadata("words"), "10", "20.0")], "ab"),
        ([between(metadata("echo"), ge=0.25)], "abd"),
        ([between(metadata("echo"), le=0.25)], "bc"),
        ([between(metadata("echo"), 0.25, 0.5)], "ab"),
        ([between(metadata("words"), ge=40)], "d"),
        ([terms(suggestion("verdict"), "keep")], "ac"),
        ([terms(suggestion("topics"), "craft")], "ac"),
        ([terms(suggestion("topics"), "food", "people")], "ab"),
        ([terms(suggestion("rating"), "4", "5")], "ac"),
        ([between(suggestion("rating"), le=4)], "bc"),
        ([between(suggestion("verdict", "score"), ge=0.6)], "ac"),
        ([between(suggestion("topics", "score"), ge=0.85)], "c"),
        ([terms(suggestion("verdict", "agent"), "checks")], "c"),
        ([terms(suggestion("verdict", "type"), "human")], ""),
        ([terms(suggestion("rating", "type"), "human")], "abc"),
        ([terms(STATUS, "submitted")], "a"),
        ([terms(STATUS, "draft", "discarded")], "b"),
        ([terms(STATUS, "pending")], "cde"),
        ([terms(STATUS, "pending", "draft")], "bcde"),
        ([terms(answered("verdict"), "drop")], "b"),
        ([between(answered("rating"), ge=4)], "ab"),
        ([terms(record("external_id"), "b", "d")], "bd"),
        ([terms(record("status"), "completed")], "a"),
        ([terms(record("status"), "pending"), terms(metadata("kind"), "essay")], "b"),
    ],
)
def test_a_filter_keeps_what_it_names(ask, filters, found):
    assert ask(filters=filters) == found


def test_of_all_people_the_same_filters_ask_for_anybodys_response(ask):
    assert ask(filters=[terms(STATUS, "pending")], me=False) == "de"
    assert ask(filters=[terms(STATUS, "discarded")], me=False) == "c"
    assert ask(filters=[terms(answered("verdict"), "drop")], me=False) == "ab"


def test_records_are_found_by_when_they_came(ask):
    now = datetime.now(UTC)
    for name in ("inserted_at", "updated_at"):
        assert ask(filters=[between(record(name), ge=(now - timedelta(hours=1)).isoformat())]) == "abcde"
        assert ask(filters=[between(record(name), le=now.strftime("%Y-%m-%d"))]) == "abcde"  # to the end of the day
        assert ask(filters=[between(record(name), le="2020-01-01T00:00:00Z")]) == ""
        assert "not 'soon'" in ask(filters=[between(record(name), ge="soon")], status=422)


@pytest.mark.parametrize(
    ("sort", "found"),
    [
        ([by(metadata("echo"))], "cbade"),  # what has no value comes last, in either direction
        ([by(metadata("echo"), "desc")], "dabce"),
        ([by(metadata("kind")), by(metadata("words"), "desc")], "dcbae"),
        ([by(metadata("flags"))], "acdbe"),  # by the least of several
        ([by(metadata("flags"), "desc")], "cdabe"),  # by the greatest
        ([by(suggestion("verdict", "score"), "desc")], "acbde"),
        ([by(suggestion("topics", "score"), "desc")], "cabde"),
        ([by(suggestion("rating"))], "bcade"),
        ([by(suggestion("verdict", "agent")), by(record("external_id"), "desc")], "cbaed"),
        ([by(answered("rating"), "desc")], "abcde"),
        ([by(record("external_id"), "desc")], "edcba"),
        ([by(record("inserted_at"), "desc")], "edcba"),
        ([by(record("updated_at"))], "bcdea"),  # the first was completed since
        ([by(record("status")), by(record("external_id"), "desc")], "aedcb"),
    ],
)
def test_records_are_sorted(ask, sort, found):
    assert ask(sort=sort) == found


def test_without_a_sort_order_records_come_as_they_were_pushed_page_by_page(ask):
    assert ask() == "abcde"
    assert ask(limit=2) == "ab"
    page = ask(limit=2, offset=4, whole=True)
    assert ([item["record"]["external_id"] for item in page["items"]], page["total"]) == (["e"], 5)


def test_all_peoples_ratings_count_by_their_mean(ask):
    assert ask(sort=[by(answered("rating"), "desc")], me=False) == "bacde"  # 4 before the mean of 5 and 2


def test_query_filter_and_sort_go_together(ask):
    essay = [terms(metadata("kind"), "essay", "decision")]
    assert ask({"text": {"q": "the | bell | a"}}, essay, [by(metadata("words"), "desc")]) == "dcba"


def test_what_is_like_a_vector_or_a_record_comes_first(ask, dataset):
    assert ask({"vector": {"name": "voice", "value": [1, 0, 0]}}) == "abcd"
    assert ask({"vector": {"name": "voice", "value": [1, 0, 0], "order": "least_similar"}}) == "dcba"
    scores = [item["query_score"] for item in ask({"vector": {"name": "voice", "value": [2, 0, 0]}}, whole=True)["items"]]
    assert scores == pytest.approx([1.0, 0.99694, 0.5, 0.0], abs=1e-4)
    first = next(each for each in dataset.records if each.id == "a")
    assert ask({"vector": {"name": "voice", "record_id": str(first._server_id)}}) == "bcd"
    assert ask({"vector": {"name": "voice", "value": [1, 0, 0]}}, [terms(metadata("kind"), "decision")]) == "cd"
    assert ask({"vector": {"name": "voice", "value": [1, 0, 0]}, "text": {"q": "ferry"}}) == "b"
    assert ask({"vector": {"name": "voice", "value": [1, 0, 0]}}, limit=2) == "ab"
    without = next(each for each in dataset.records if each.id == "e")
    ask({"vector": {"name": "voice", "record_id": str(without._server_id)}}, status=422)
    assert "2 dimensions, not 3" in ask({"vector": {"name": "voice", "value": [1, 0]}}, status=422)


def test_metadata_knows_its_values_and_bounds(ask, dataset):
    listed = ask.http.get(f"/api/v1/me/datasets/{dataset.id}/metadata-properties").json()["items"]
    metrics = {each["name"]: ask.http.get(f"/api/v1/metadata-properties/{each['id']}/metrics").json() for each in listed}
    assert metrics["kind"]["values"] == [{"term": "decision", "count": 2}, {"term": "essay", "count": 2}]
    assert (metrics["flags"]["total"], metrics["flags"]["values"][0]) == (4, {"term": "echo", "count": 2})
    assert (metrics["echo"]["min"], metrics["echo"]["max"]) == (-1.5, 2.0)
    assert (metrics["words"]["min"], metrics["words"]["max"]) == (10, 40)


def test_progress_counts_the_records_and_each_persons_responses(ask, dataset):
    assert dataset.progress() == {"total": 5, "completed": 1, "pending": 4}
    mine = ask.http.get(f"/api/v1/me/datasets/{dataset.id}/metrics").json()
    assert mine["responses"] == {"total": 5, "submitted": 1, "draft": 1, "discarded": 0, "pending": 3}


def test_the_clients_own_queries_are_understood(dataset):
    import argilla as rg

    query = rg.Query(
        query="bread | ferry", filter=rg.Filter([("metadata.kind", "in", ["essay"]), ("response.status", "==", "draft")])
    )
    assert [each.id for each in dataset.records(query)] == ["b"]
    similar = rg.Query(similar=rg.Similar("voice", [0, 1, 0]))
    assert next(each.id for each, _ in dataset.records(similar)) == "c"


@pytest.fixture
def notes(argilla_client):
    """A dataset to change."""
    import argilla as rg

    dataset = rg.Dataset(
        name="notes",
        workspace="review",
        client=argilla_client,
        settings=rg.Settings(
            fields=[rg.TextField("text", client=argilla_client)],
            questions=[rg.TextQuestion("note", client=argilla_client)],
            metadata=[rg.FloatMetadataProperty("echo", client=argilla_client)],
            vectors=[rg.VectorField("voice", dimensions=2, _client=argilla_client)],
        ),
    )
    dataset.create()
    yield dataset
    dataset.delete()


def ids(dataset, query):
    return sorted(each.id for each in dataset.records(query))


def test_what_is_added_altered_or_taken_out_is_found_so_at_once(notes):
    import argilla as rg

    near = rg.Query(similar=rg.Similar("voice", [1.0, 0.0]))
    notes.records.log(
        [{"id": "1", "text": "first heron", "voice": [1.0, 0.0]}, {"id": "2", "text": "second heron", "voice": [0.0, 1.0]}]
    )
    assert (ids(notes, "heron"), next(iter(notes.records(near)))[0].id) == (["1", "2"], "1")
    notes.records.log([{"id": "1", "text": "a crane", "voice": [-1.0, 0.0]}, {"id": "3", "text": "third heron"}])
    assert (ids(notes, "heron"), ids(notes, "crane"), next(iter(notes.records(near)))[0].id) == (["2", "3"], ["1"], "2")
    notes.records.delete([each for each in notes.records if each.id == "2"])
    assert (ids(notes, "heron"), [each.id for each, _ in notes.records(near)]) == (["3"], ["1"])


def test_odd_texts_and_queries_do_no_harm(notes, ask):
    odd = ["\\u0000", '\\"; DROP TABLE records; --', "x" * 100_000, "\\u202e"]
    items = ",".join(f'{{"external_id": "{number}", "fields": {{"text": "odd {text}"}}}}' for number, text in enumerate(odd))
    pushed = ask.http.put(f"/api/v1/datasets/{notes.id}/records/bulk", content=f'{{"items": [{items}]}}')
    assert pushed.status_code == 200, pushed.text
    assert ids(notes, "odd") == ["0", "1", "2", "3"]
    assert ids(notes, "drop") == ["1"]
    queries = [
        '"; DROP TABLE',
        "'",
        "NEAR(a b)",
        "{words}:odd",
        "words:odd",
        "^odd",
        "odd AND OR NOT",
        "a~99999999",
        '""',
        '"*"',
        "**",
        "\\",
    ]
    for typed in [*queries, "(" * 400 + "odd" + ")" * 400, "odd | odd " * 90]:
        ids(notes, typed)
    assert ids(notes, "odd") == ["0", "1", "2", "3"]


def test_numbers_that_json_does_not_know_do_not_spoil_the_search_of_all_others(notes, ask):
    """Argilla answers that it refuses them, and has stored them by then."""
    rows = [("1", "1.0", "[0, 1]"), ("2", "Infinity", "[1, 0]"), ("3", "-1.0", "[1, NaN]"), ("4", "2.0", "[1, 1]")]
    items = ",".join(
        f'{{"external_id": "{n}", "fields": {{"text": "odd"}}, "metadata": {{"echo": {echo}}}, "vectors": {{"voice": {voice}}}}}'
        for n, echo, voice in rows
    )
    ask.http.put(f"/api/v1/datasets/{notes.id}/records/bulk", content=f'{{"items": [{items}]}}')
    assert notes.progress()["total"] == 4
    within = {"and": [between(metadata("echo"), ge=-1)]}
    for query, found in (
        ({"filters": within, "sort": [by(metadata("echo"))]}, "314"),
        ({"filters": within, "query": {"vector": {"name": "voice", "value": [1, 0]}}}, "41"),
    ):
        answer = ask.http.post(f"/api/v1/datasets/{notes.id}/records/search", json=query)
        assert answer.status_code == 200, answer.text
        assert "".join(each["record"]["external_id"] for each in answer.json()["items"]) == found


def test_a_webhook_is_told_of_records_by_the_queues_worker(notes, ask):
    """Argilla hands this to a worker through Redis; here both are in the server's own process."""
    told: Queue[dict] = Queue()

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self):
            told.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as listener:
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        hook = {"url": f"http://127.0.0.1:{listener.server_port}/", "events": ["record.created"], "description": "test"}
        made = ask.http.post("/api/v1/webhooks", json=hook)
        assert made.status_code == 201, made.text
        try:
            notes.records.log([{"id": "7", "text": "a heron"}])
            event = told.get(timeout=20)
        finally:
            ask.http.delete(f"/api/v1/webhooks/{made.json()['id']}")
            listener.shutdown()
    assert (event["type"], event["data"]["external_id"]) == ("record.created", "7")
