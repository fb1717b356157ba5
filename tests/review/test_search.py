"""Search, filters, sorting, counts and similarity, asked of a running server as Argilla's clients and pages ask."""

from __future__ import annotations

import json
import random
import threading
from datetime import UTC, datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue

import pytest

RECORDS = [
    # id, instruction, response, kind, flags, echo, words, voice, then the suggestions: verdict, score, agent, topics with scores, rating
    ("a", "How is bread baked?", "Slowly, in the oven's heat.", "essay", ["echo"], 0.5, 10, [1, 0, 0],
     "keep", 0.9, "claude", (["craft", "food"], [0.2, 0.8]), 5),
    ("b", "Who ran the ferry?", "My uncle did; he didn't swim.", "essay", [], 0.25, 20, [0.9, 0.1, 0],
     "drop", 0.4, "claude", (["people"], [0.5]), 2),
    ("c", "Why prune in winter?", "A well-known rule: prune less than you want to.", "decision", ["length", "echo"], -1.5, 30, [0, 1, 0],
     "keep", 0.6, "checks", (["craft"], [0.9]), 4),
    ("d", "What of the café?", "It has a clock, and a bell. Version 3.14, of 1999.Then one at 12:30.", "decision", ["length"], 2.0, 40, [-1, 0, 0],
     None, None, None, None, None),
    ("e", "时间是什么? Tシャツ 🫠", "The bell rings; bread waits. Bell, bell!", None, None, None, None, None,
     None, None, None, None, None),
]  # fmt: skip

JSON = {"Content-Type": "application/json"}
"""What a client says of the bodies that it writes itself."""


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
            rg.ImageField("picture", required=False, _client=api),
        ],
        questions=[
            rg.LabelQuestion("verdict", labels=["keep", "drop"], client=api),
            rg.MultiLabelQuestion("topics", labels=["craft", "food", "people"], required=False, client=api),
            rg.RatingQuestion("rating", values=[1, 2, 3, 4, 5], required=False, client=api),
            rg.TextQuestion("note", required=False, client=api),
            rg.RankingQuestion("order", values=["first", "second"], required=False, client=api),
            rg.SpanQuestion("marks", field="rank", labels=["term"], required=False, client=api),
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
              rg.Response("topics", ["craft", "food"], me.id, "submitted"),
              rg.Response("verdict", "drop", other.id, "submitted"), rg.Response("rating", 2, other.id, "submitted")],
        "b": [rg.Response("verdict", "drop", me.id, "draft"), rg.Response("rating", 4, me.id, "draft")],
        "c": [rg.Response("verdict", "keep", other.id, "discarded")],
    }  # fmt: skip
    records = []
    for id_, instruction, response, kind, flags, echo, words, voice, verdict, score, agent, topics, rating in RECORDS:
        fields = {"rank": instruction, "rowid": response}
        if id_ == "d":
            talk = [{"role": "user", "content": "Is the harbour frozen?"}, {"role": "pilot", "content": "Since Monday."}]
            fields |= {"talk": talk, "facts": {"built": "by masons"}, "picture": "https://example.org/lighthouse.png"}
        metadata = {"kind": kind, "flags": flags, "echo": echo, "words": words}
        suggestions = []
        if verdict:
            suggestions.append(rg.Suggestion("verdict", verdict, score=score, agent=agent, type="model"))
            suggestions.append(rg.Suggestion("topics", topics[0], score=topics[1], agent=agent, type="model"))
            suggestions.append(rg.Suggestion("rating", rating, agent=agent, type="human"))
        if id_ == "d":
            suggestions.append(rg.Suggestion("note", "as it stands", score=0.7, agent="claude"))
            suggestions.append(rg.Suggestion("order", ["second", "first"], agent="ranker"))
            suggestions.append(rg.Suggestion("marks", [{"start": 0, "end": 4, "label": "term"}], score=[0.75], agent="marker"))
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
        if query is not None:
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

    ask.http, ask.path = http, f"/api/v1/me/datasets/{dataset.id}/records/search"
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
        ("-(bread | ferry)", "cd"),
        ("--bread", "ae"),
        ("- bread", "ae"),  # a minus on its own means nothing, as does any other sign
        ("+ bread |", "ae"),
        ("-|bread", "ae"),
        ("ferry | bread bell", "e"),  # from left to right
        ("ferry | (bread bell)", "be"),
        ('"bell rings"', "e"),
        ('"rings bell"', ""),
        ('"bell bread"~2', "e"),
        ('"bell bread"~ waits', "e"),
        ('"bell bread"~0', ""),
        ('"bell bread"~none', ""),
        ('"the bell bread"~1', "e"),
        ('"bell bread bell"~1', ""),
        ('"bell bread bell"~2', "e"),
        ('"rings bell"~1', ""),
        ('"rings bell"~2', "e"),  # to change places takes two
        ("prun*", "c"),
        ("PRUN*", "c"),
        ("pr*ne", ""),
        ("brxad~1", "ae"),
        ("brxad~", "ae"),
        ("brxxd~1", ""),
        ("brxxd~2", "ae"),
        ("brxad~0", ""),
        ("brxad", ""),
        ("didn't", "b"),
        ("didn", ""),
        ("well-known", "c"),
        ("café", "d"),
        ("cafe", ""),  # accents count
        ("3.14", "d"),
        ("1999", "d"),
        ("then", "d"),
        ("12", "d"),
        ("时", "e"),
        ("间是", "e"),
        ("シャツ", "e"),
        ("🫠", "e"),
        ("harbour", "d"),  # in a chat
        ('"since monday"', "d"),
        ('"frozen since"', ""),  # no phrase goes from one message into the next
        ("masons", "d"),  # in a custom field
        ("built", "d"),
        ("user", ""),  # who speaks in a chat is no text
        ("lighthouse", ""),  # nor is a picture's address
        ("*", "abcde"),
        (" * ", "abcde"),
        ("ferry | *", "b"),
        ("-*", ""),
        ("(bread", "ae"),
        ('"bread', "ae"),
        ("bread )(", "ae"),
        ("() bread", "ae"),
        ('"" bell clock ""', "d"),
        ("!!!", ""),
        ("\\-bread", "ae"),
        ("bell\\|bread", "e"),
        ("prun\\*", ""),
        ("", ""),
        (10, ""),
        ("bread*\u0000", "ae"),
    ],
)
def test_what_is_typed_finds_what_elasticsearch_would_find(ask, typed, found):
    assert "".join(sorted(ask({"text": {"q": typed}}))) == found


def test_a_text_query_of_one_field_gives_the_best_match_first(ask):
    assert ask({"text": {"q": "bread", "field": "rank"}}) == "a"
    assert ask({"text": {"q": "bread", "field": "rowid"}}) == "e"
    assert ask({"text": {"q": "bread", "field": ""}}) == ask({"text": {"q": "bread"}})
    assert ask({"text": {"q": "-bread", "field": "rank"}}) == "bcde"
    assert ask({"text": {"q": "bread bell", "field": "rank"}}) == ""
    assert ask({"text": {"q": "harbour", "field": "talk"}}) == "d"
    assert ask({"text": {"q": "masons", "field": "facts"}}) == "d"
    assert ask({"text": {"q": "lighthouse", "field": "picture"}}) == ""
    found = ask({"text": {"q": "bell"}}, whole=True)["items"]
    assert [item["record"]["external_id"] for item in found] == ["e", "d"]  # three bells before one
    assert found[0]["query_score"] > found[1]["query_score"] > 0
    assert "nowhere" in ask({"text": {"q": "bread", "field": "nowhere"}}, status=422)


def test_what_is_found_in_two_fields_counts_twice(ask):
    def score(**query):
        (found,) = ask({"text": {"q": "prune", **query}}, whole=True)["items"]
        return found["query_score"]

    assert score() == pytest.approx(score(field="rank") + score(field="rowid"))


def test_without_a_query_every_record_scores_alike(ask):
    assert {each["query_score"] for each in ask(whole=True)["items"]} == {1.0}
    sorted_found = ask({"text": {"q": "bell"}}, sort=[by(record("id"))], whole=True)["items"]
    assert {each["query_score"] for each in sorted_found} == {None}
    assert ask({}) == "abcde"


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
        ([between(metadata("words"), ge="40")], "d"),
        ([between(metadata("words"), ge="many")], ""),  # no number reaches that
        ([terms(metadata("words"), "many", 10)], "a"),
        ([terms(metadata("words"), str(2**80), "1e999", "nan")], ""),
        ([between(metadata("kind"), "d", "e")], "cd"),  # texts are compared as texts
        ([between(metadata("kind"), ge="e")], "ab"),
        ([between(metadata("kind"), ge=5)], "abcd"),
        ([terms(metadata("kind"), "ESSAY", "ess", "")], ""),
        ([terms(suggestion("verdict"), "keep")], "ac"),
        ([terms(suggestion("topics"), "craft")], "ac"),
        ([terms(suggestion("topics"), "food", "people")], "ab"),
        ([terms(suggestion("rating"), "4", "5")], "ac"),
        ([between(suggestion("rating"), le=4)], "bc"),
        ([between(suggestion("verdict", "score"), ge=0.6)], "ac"),
        ([between(suggestion("topics", "score"), ge=0.85)], "c"),
        ([between(suggestion("verdict", "score"), "0.5", "0.7")], "c"),  # as Argilla's guide writes it
        ([terms(suggestion("verdict", "score"), "0.90")], "a"),
        ([terms(suggestion("topics", "score"), 0.5, 0.8)], "ab"),
        ([terms(suggestion("verdict", None), "keep")], "ac"),
        ([terms(suggestion("topics"), "craft"), terms(suggestion("topics"), "food")], "a"),
        ([between(suggestion("verdict"), ge="e")], "ac"),
        ([terms(suggestion("verdict", "agent"), "checks")], "c"),
        ([terms(suggestion("topics", "agent"), "claude")], "ab"),
        ([between(suggestion("verdict", "agent"), le="ci")], "c"),
        ([terms(suggestion("verdict", "type"), "human")], ""),
        ([terms(suggestion("verdict", "type"), "model")], "abc"),
        ([terms(suggestion("note", "agent"), "claude"), between(suggestion("note", "score"), le=0.7)], "d"),
        ([terms(suggestion("order", "agent"), "ranker"), between(suggestion("marks", "score"), ge=0.7)], "d"),
        ([terms(suggestion("note"), "as it stands")], "d"),
        ([terms(suggestion("order"), "first")], ""),  # what is within a ranking or a span cannot be asked for
        ([terms(suggestion("marks"), "term")], ""),
        ([terms(suggestion("rating", "type"), "human")], "abc"),
        ([terms(STATUS, "submitted")], "a"),
        ([terms(STATUS, "draft", "discarded")], "b"),
        ([terms(STATUS, "pending")], "cde"),
        ([terms(STATUS, "pending", "draft")], "bcde"),
        ([terms(STATUS, "submitted", "draft", "discarded", "pending")], "abcde"),
        ([terms(STATUS, "lost")], ""),
        ([terms(answered("verdict"), "drop")], "b"),
        ([terms(answered("verdict"), "keep", "drop")], "ab"),
        ([between(answered("rating"), ge=4)], "ab"),
        ([terms(answered("rating"), "4")], "b"),
        ([terms(answered("topics"), "craft", "people")], "a"),
        ([terms(answered("topics"), "craft"), terms(answered("topics"), "food")], "a"),
        ([terms(answered("topics"), "craft"), terms(answered("topics"), "people")], ""),
        ([terms(answered("note"), "anything")], ""),
        ([terms(record("external_id"), "b", "d")], "bd"),
        ([between(record("external_id"), "b", "c")], "bc"),
        ([terms(record("id"), "no-uuid")], ""),
        ([terms(record("status"), "completed")], "a"),
        ([between(record("status"), ge="d")], "bcde"),
        ([terms(record("status"), "pending"), terms(metadata("kind"), "essay")], "b"),
    ],
)
def test_a_filter_keeps_what_it_names(ask, filters, found):
    assert ask(filters=filters) == found


def test_of_all_people_the_same_filters_ask_for_anybodys_response(ask):
    assert ask(filters=[terms(STATUS, "pending")], me=False) == "de"
    assert ask(filters=[terms(STATUS, "discarded")], me=False) == "c"
    assert ask(filters=[terms(STATUS, "pending", "discarded")], me=False) == "cde"
    assert ask(filters=[terms(STATUS, "draft", "submitted")], me=False) == "ab"
    assert ask(filters=[terms(answered("verdict"), "drop")], me=False) == "ab"
    assert ask(filters=[terms(answered("verdict"), "drop"), between(answered("rating"), ge=5)], me=False) == "a"  # two people


def test_a_record_is_found_by_its_id_on_the_server(ask):
    ids = [each["record"]["id"] for each in ask(whole=True)["items"]]
    assert ask(filters=[terms(record("id"), ids[1], ids[3])]) == "bd"
    assert ask(filters=[between(record("id"), ids[2], ids[2])]) == "c"
    assert ask(sort=[by(record("id"))]) == "".join(letter for _, letter in sorted(zip(ids, "abcde", strict=True)))


def test_records_are_found_by_when_they_came(ask):
    hour = timedelta(hours=1)
    for name in ("inserted_at", "updated_at"):
        first = datetime.fromisoformat(ask(whole=True)["items"][0]["record"][name]).replace(tzinfo=UTC)
        assert ask(filters=[between(record(name), ge=(first - hour).isoformat())]) == "abcde"
        assert ask(filters=[between(record(name), ge=(first - hour).timestamp() * 1000)]) == "abcde"
        assert ask(filters=[between(record(name), ge=first.astimezone(timezone(9 * hour)).isoformat())])[0] == "a"
        assert ask(filters=[between(record(name), first.isoformat(), first.isoformat())])[0] == "a"
        assert ask(filters=[terms(record(name), first.isoformat(), "2020-01-01")])[0] == "a"
        for form in ("%Y", "%Y-%m", "%Y-%m-%d", "%Y-%m-%dT%H", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%SZ"):
            assert "a" in ask(filters=[between(record(name), le=first.strftime(form))])  # to the end of the day, the hour …
            assert "a" in ask(filters=[between(record(name), ge=first.strftime(form))])  # … and from where it begins
            assert "a" in ask(filters=[terms(record(name), first.strftime(form))])
        assert ask(filters=[between(record(name), le="2020-02")]) == ""
        for wrong in ("soon", "", "2026-13", "2026-02-30", "now-1d", "0001-01-01T00:00:00+14:00", 1e300):
            assert f"not {wrong!r}" in ask(filters=[between(record(name), ge=wrong)], status=422).replace("\\", "")


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
        ([by(suggestion("verdict"))], "bacde"),
        ([by(suggestion("topics")), by(record("external_id"), "desc")], "cabed"),
        ([by(suggestion("verdict", "type")), by(suggestion("rating", None), "desc")], "acbde"),
        ([by(suggestion("marks", "score"))], "dabce"),
        ([by(answered("rating"), "desc")], "abcde"),
        ([by(answered("verdict"))], "bacde"),
        ([by(answered("topics"), "desc")], "abcde"),
        ([by(STATUS)], "bacde"),
        ([by(record("external_id"), "desc")], "edcba"),
        ([by(record("inserted_at"), "desc")], "edcba"),
        ([by(record("updated_at"))], "bcdea"),  # the first was completed since
        ([by(record("status")), by(record("external_id"), "desc")], "aedcb"),
    ],
)
def test_records_are_sorted(ask, sort, found):
    assert ask(sort=sort) == found


def test_without_a_sort_order_the_most_doubtful_come_first(ask):
    assert ask() == "abcde"  # by their least scores: 0.2, 0.4, 0.6, 0.7, none
    assert ask(limit=2) == "ab"
    page = ask(limit=2, offset=4, whole=True)
    assert ([item["record"]["external_id"] for item in page["items"]], page["total"]) == (["e"], 5)
    assert ask({"text": {"q": "bread | bell"}}, sort=[by(record("external_id"))], limit=1, offset=1) == "d"
    for beyond in (5, 2**63, 10**30):
        assert ask(offset=beyond, whole=True) == {"items": [], "total": 5}
    for wrong in ({"limit": 0}, {"limit": 1001}, {"offset": -1}):
        ask(status=422, **wrong)


def test_all_peoples_ratings_count_by_their_mean(ask):
    assert ask(sort=[by(answered("rating"), "desc")], me=False) == "bacde"  # 4 before the mean of 5 and 2
    assert ask(sort=[by(answered("verdict"))], me=False) == "abcde"
    assert ask(sort=[by(STATUS, "desc")], me=False) == "abcde"


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
    assert ask({"vector": {"name": "voice", "record_id": str(first._server_id), "order": "least_similar"}}) == "dcb"
    assert ask({"vector": {"name": "voice", "record_id": str(first._server_id)}, "text": {"q": "bread | ferry"}}) == "b"
    assert ask({"vector": {"name": "voice", "value": [1, 0, 0]}}, [terms(STATUS, "pending")]) == "cd"
    assert (
        ask({"vector": {"name": "voice", "value": [1, 0, 0]}}, sort=[by(metadata("words"), "desc")]) == "abcd"
    )  # no order but its own
    assert ask({"vector": {"name": "voice", "value": [1e39, 0, 0]}}) == "abcd"
    assert ask({"vector": {"name": "voice", "value": [0, 0, 0]}}) == "abcd"  # like nothing: as they were pushed
    assert ask({"vector": {"name": "voice", "value": [1, 0, 0]}}, limit=2) == "ab"
    page = ask({"vector": {"name": "voice", "value": [1, 0, 0]}}, limit=2, offset=2, whole=True)
    assert ([item["record"]["external_id"] for item in page["items"]], page["total"]) == (["c", "d"], 4)
    assert ask({"vector": {"name": "voice", "value": [1, 0, 0]}}, offset=1000, whole=True) == {"items": [], "total": 0}
    without = next(each for each in dataset.records if each.id == "e")
    ask({"vector": {"name": "voice", "record_id": str(without._server_id)}}, status=422)
    assert "2 dimensions, not 3" in ask({"vector": {"name": "voice", "value": [1, 0]}}, status=422)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"filters": {"and": [terms(metadata("mood"), "x")]}}, "mood"),
        ({"filters": {"and": [terms(suggestion("mood"), "x")]}}, "mood"),
        ({"filters": {"and": [terms(answered("mood"), "x")]}}, "mood"),
        ({"filters": {"and": [terms(record("mood"), "x")]}}, "Input should be"),
        ({"filters": {"and": [terms(suggestion("verdict", "mood"), "x")]}}, "Input should be"),
        ({"filters": {"and": [terms({"entity": "mood"}, "x")]}}, "entity"),
        ({"filters": {"and": [terms({"entity": "response"}, "x")]}}, "either a question or the property"),
        ({"filters": {"and": [between(STATUS, ge="draft")]}}, "no range"),
        ({"filters": {"and": [terms(metadata("kind"))]}}, "at least 1 item"),
        ({"filters": {"and": [terms(metadata("kind"), *map(str, range(251)))]}}, "at most 250"),
        ({"filters": {"and": [terms(metadata("kind"), "x")] * 51}}, "at most 50"),
        ({"filters": {"and": [between(metadata("echo"))]}}, "At least one"),
        ({"filters": {"and": [between(metadata("echo"), ge=2, le=1)]}}, "less than or equal"),
        ({"filters": {"and": []}}, "at least 1 item"),
        ({"sort": []}, "at least 1 item"),
        ({"sort": [by(metadata("mood"))]}, "mood"),
        ({"sort": [by({"entity": "response"})]}, "either a question or the property"),
        ({"sort": [by(metadata("kind"), "up")]}, "Input should be"),
        ({"query": {"vector": {"name": "mood", "value": [1, 0, 0]}}}, "mood"),
        ({"query": {"vector": {"name": "voice"}}}, "Either"),
        ({"query": {"vector": {"name": "voice", "value": []}}}, "Either"),
        ({"query": {"vector": {"name": "voice", "record_id": "00000000-0000-0000-0000-000000000000"}}}, "not found"),
        ({"query": {"vector": {"name": "voice", "value": [1e308, 1e308, 0]}}}, "too large"),
        ({"query": {"vector": {"name": "voice", "value": [float("nan"), 0, 0]}}}, "no number"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_what_is_wrong_about_it(ask, dataset, body, says):
    for whose in ("me/datasets", "datasets"):
        answer = ask.http.post(f"/api/v1/{whose}/{dataset.id}/records/search", content=json.dumps(body), headers=JSON)
        assert answer.status_code == 422, answer.text
        assert says in answer.text
        assert "reviewer" not in answer.text  # nothing of who asks


def test_all_filters_that_argilla_allows_can_be_asked_at_once(ask):
    numbers = [terms(metadata("words"), 10, *range(1000, 1249))]
    scores = [terms(suggestion("verdict", "score"), 0.9, *range(249))]
    assert ask(filters=numbers * 25 + scores * 25, sort=[by(suggestion("topics", "score"))] * 10) == "a"


def test_the_page_is_understood_with_everything_switched_on(ask):
    """The body that the pages send: `max_results` is no part of Argilla's own query, and is passed over there."""
    like = ask(filters=[terms(record("external_id"), "d")], whole=True)["items"][0]["record"]["id"]
    vector = {"name": "voice", "record_id": like, "max_results": 50, "order": "most_similar"}
    pending = [terms(STATUS, "pending"), terms(record("status"), "pending")]
    parts = [
        between(metadata("words"), 20, 40),
        terms(metadata("kind"), "decision", "essay"),
        between(suggestion("verdict", "score"), 0, 1),
        between(suggestion("rating"), 1, 5),
        terms(suggestion("topics"), "craft", "food"),
        terms(suggestion("topics"), "craft"),
        terms(suggestion("verdict", "agent"), "checks"),
    ]
    sort = [by(metadata("words")), by(suggestion("verdict", "score"), "desc"), by(suggestion("rating")), by(answered("rating"))]
    sort += [by(record("inserted_at")), by(record("updated_at"))]
    page = {"include": ["responses", "suggestions"], "offset": 0, "limit": 10, "response_status": "pending"}
    assert ask({}, pending, sort, **page) == "cde"
    assert ask({"vector": vector, "text": {"q": "rule"}}, pending + parts, sort, **page) == "c"
    assert ask({"text": {"q": "rule", "field": "rowid"}}, pending + parts, sort, **page) == "c"
    rated = [between(answered("rating"), 1, 5), terms(answered("verdict"), "keep"), terms(answered("topics"), "food")]
    assert ask({}, [terms(STATUS, "submitted"), *rated], sort, **page | {"response_status": "submitted"}) == "a"


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
    (other,) = [each for each in ask.http.get("/api/v1/users").json()["items"] if each["username"] == "colleague"]
    theirs = ask.http.get(f"/api/v1/me/datasets/{dataset.id}/metrics", headers={"X-Argilla-Api-Key": other["api_key"]}).json()
    assert theirs["responses"] == {"total": 5, "submitted": 1, "draft": 0, "discarded": 1, "pending": 3}
    users = {each["username"]: each for each in ask.http.get(f"/api/v1/datasets/{dataset.id}/users/progress").json()["users"]}
    assert users["colleague"]["completed"]["submitted"] == users["colleague"]["pending"]["discarded"] == 1
    options = ask.http.get(f"/api/v1/datasets/{dataset.id}/records/search/suggestions/options").json()["items"]
    agents = {each["question"]["name"]: sorted(each["agents"]) for each in options}
    assert (agents["verdict"], agents["marks"]) == (["checks", "claude"], ["marker"])


def test_a_dataset_that_is_not_published_yet_has_nothing_to_find(ask, dataset):
    body = {"name": "draft", "workspace_id": str(dataset.workspace.id)}
    draft = ask.http.post("/api/v1/datasets", json=body).raise_for_status().json()["id"]
    kind = {"name": "kind", "title": "kind", "settings": {"type": "terms"}}
    kind = ask.http.post(f"/api/v1/datasets/{draft}/metadata-properties", json=kind).raise_for_status().json()["id"]
    try:
        for body in ({}, {"query": {"text": {"q": "bread"}}}, {"filters": {"and": [terms(metadata("kind"), "essay")]}}):
            found = ask.http.post(f"/api/v1/me/datasets/{draft}/records/search", json=body)
            assert (found.status_code, found.json()) == (200, {"items": [], "total": 0})
        assert ask.http.get(f"/api/v1/datasets/{draft}/progress").json()["total"] == 0
        assert ask.http.get(f"/api/v1/me/datasets/{draft}/metrics").json()["responses"]["pending"] == 0
        assert ask.http.get(f"/api/v1/metadata-properties/{kind}/metrics").json() == {"type": "terms", "total": 0, "values": []}
    finally:
        ask.http.delete(f"/api/v1/datasets/{draft}")


def test_the_clients_own_queries_are_understood(dataset):
    import argilla as rg

    query = rg.Query(
        query="bread | ferry", filter=rg.Filter([("metadata.kind", "in", ["essay"]), ("response.status", "==", "draft")])
    )
    assert [each.id for each in dataset.records(query)] == ["b"]
    similar = rg.Query(similar=rg.Similar("voice", [0, 1, 0]))
    assert next(each.id for each, _ in dataset.records(similar)) == "c"
    like = rg.Query(similar=rg.Similar("voice", next(each for each in dataset.records if each.id == "a"), most_similar=False))
    assert [each.id for each, _ in dataset.records(like)] == ["d", "c", "b"]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (("id", "==", "b"), "b"),
        (("id", "in", ["a", "e"]), "ae"),
        (("status", "==", "completed"), "a"),
        (("response.status", "in", ["draft", "discarded"]), "bc"),  # the client asks for everybody's
        (("verdict.response", "==", "drop"), "ab"),
        (("rating.response", ">=", 5), "a"),
        (("verdict", "==", "keep"), "ac"),
        (("verdict.suggestion", "in", ["drop"]), "b"),
        (("verdict.score", "<=", "0.6"), "bc"),
        (("verdict.agent", "<=", "ci"), "c"),
        (("rating.type", "==", "human"), "abc"),
        (("metadata.kind", "==", "essay"), "ab"),
        (("metadata.words", ">=", 30), "cd"),
        (("metadata.echo", "<=", 0.25), "bc"),
        (("inserted_at", ">=", "2020-10-10"), "abcde"),
        (("updated_at", "<=", datetime(2020, 10, 10, tzinfo=UTC)), ""),
    ],
)
def test_every_condition_of_the_clients_filters_is_understood(dataset, condition, found):
    import argilla as rg

    assert "".join(each.id for each in dataset.records(rg.Query(filter=rg.Filter(condition)))) == found


def test_whatever_is_asked_the_server_answers(ask):
    """Queries, filters and sort orders at random, from what people type and from what nobody should."""
    rng = random.Random(11)
    pieces = [
        "bread",
        "bell",
        "时间",
        "café",
        "12:30",
        *'"()|+-*~\\ \t',
        "~1",
        "~99",
        '"~2',
        "AND",
        "NEAR(",
        "\u0000",
        "🫠",
        "x" * 300,
    ]
    values = ["", "keep", "a", 0, -1.5, 10**25, "1e999", "nan", "\u0000", "2026", "2026-01-31T12:00:00Z", "'; --", "é" * 500]
    scopes = [STATUS, *map(record, ("id", "external_id", "status", "inserted_at", "updated_at"))]
    scopes += map(metadata, ("kind", "flags", "echo", "words"))
    for question in ("verdict", "topics", "rating", "note", "order", "marks"):
        scopes += [answered(question), *(suggestion(question, name) for name in ("value", "score", "agent", "type"))]
    orders = [by(scope, order) for scope in scopes for order in ("asc", "desc")]
    for _ in range(300):
        query = {"text": {"q": "".join(rng.choices(pieces, k=rng.randint(1, 12)))}}
        if rng.random() < 0.2:
            query["vector"] = {"name": "voice", "value": [rng.choice([0, 1, -1e30, 1e-30]) or 1 for _ in range(3)]}
        filters = [terms(rng.choice(scopes), *rng.choices(values, k=rng.randint(1, 3))) for _ in range(rng.randint(0, 2))]
        if rng.random() < 0.3:
            filters.append(between(rng.choice(scopes), ge=rng.choice(values)))
        body = {"query": query if rng.random() < 0.7 else {}, "sort": rng.sample(orders, rng.randint(1, 4))}
        body |= {"filters": {"and": filters}} if filters else {}
        answer = ask.http.post(ask.path, json=body)
        assert answer.status_code in (200, 422), (body, answer.text)
        if answer.status_code == 422:  # only a date that is none, or a range of what has none
            assert "takes a date" in answer.text or "no range" in answer.text, (body, answer.text)
        else:
            assert len(answer.json()["items"]) == answer.json()["total"]


@pytest.fixture
def notes(argilla_client):
    """A dataset to change."""
    import argilla as rg

    dataset = rg.Dataset(
        name="notes",
        workspace="review",
        client=argilla_client,
        settings=rg.Settings(
            fields=[
                rg.TextField("text", client=argilla_client),
                rg.TextField("marked", use_markdown=True, required=False, client=argilla_client),
            ],
            questions=[
                rg.TextQuestion("note", client=argilla_client),
                rg.MultiLabelQuestion("topics", labels=["boat", "bird"], required=False, client=argilla_client),
            ],
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


def test_markdown_is_searched_as_the_page_shows_it(notes):
    texts = {
        "1": "<p>The keeper <mark>of the</mark> lo<b>ck</b><br>slept;</p><ul><li>a heron</li><li>did not</li></ul>",
        "2": 'Two &lt;br&gt; in a caf&eacute;, AT&amp;T: <a\nhref="/p?a>b" title=\'li\'>rowing</a><img src="mark.png"/>boats',
        "3": "When p < q and q <r, 3<4 or <5>; write to <me@example.org>.",
        "4": '<a "' * 20_000 + "<br" * 20_000 + "<a href='" * 20_000 + "&lt" * 20_000 + " weir",
    }
    notes.records.log([{"id": n, "text": "plain <mark>tags</mark> &eacute;", "marked": text} for n, text in texts.items()])
    for typed, found in {
        '"keeper of the lock slept"': "1",
        '"heron did"': "1",
        '"slept a heron did not"': "1",
        "aheron | lockslept | ck": "",
        "p": "3",
        "ul | li": "",
        "br": "24",  # what stands there as text, and what is no whole tag
        "q": "3",
        '"r 3 4"': "3",
        "me example.org": "3",
        "café": "2",
        "amp": "",
        '"rowing boats"': "2",
        "title | src | png": "",
        "weir": "4",
    }.items():
        assert "".join(sorted({each.id for each in notes.records(typed)})) == found, typed
    assert ids(notes, "mark") == ids(notes, "eacute") == ["1", "2", "3", "4"], "the plain field is searched as it stands"


def test_what_is_pushed_later_and_more_doubtful_comes_before_what_waits(notes, argilla_client, ask):
    """A record's least score counts; those without any come last, as they were pushed."""
    import argilla as rg

    def push(**scores):
        notes.records.log(
            [
                rg.Record(
                    id=name,
                    fields={"text": "heron"},
                    suggestions=[rg.Suggestion("note", "n", score=note)] * (note != 0)
                    + [rg.Suggestion("topics", ["boat", "bird"], score=topics) for topics in lists],
                )
                for name, (note, *lists) in scores.items()
            ]
        )

    def waiting(**body):
        pending = {"filters": {"and": [terms(STATUS, "pending")]}}
        found = ask.http.post(f"/api/v1/me/datasets/{notes.id}/records/search", json=pending | body).raise_for_status()
        return "".join(each["record"]["external_id"] for each in found.json()["items"])

    push(a=(0,), b=(0.8,), c=(None,), d=(0.3, [0.9, 0.4]))
    assert waiting() == "dbac"
    push(e=(0.1,), f=(0.3,), g=(0.9, [0.7, 0.05]), h=(0,))
    assert waiting() == "gedfbach"
    push(b=(0.2,))
    assert waiting() == "gebdfach"
    (g,) = [each for each in notes.records if each.id == "g"]
    g.responses.add(rg.Response("note", "n", user_id=argilla_client.me.id, status="submitted"))
    notes.records.log([g])
    assert waiting() == "ebdfach"
    assert waiting(sort=[by(record("external_id"))]) == "abcdefh"


def test_a_misspelt_word_is_looked_up_among_the_words_of_its_own_dataset(notes, ask):
    """Another's, however many are nearer, do not crowd them out."""
    notes.records.log([{"id": letter, "text": f"b{letter}xad"} for letter in "abcdefghijklmnop"])
    assert len(ids(notes, "brxad~1")) == 10  # Argilla asks for ten spellings at most
    assert "".join(sorted(ask({"text": {"q": "brxad~1"}}))) == "ae"


def test_metadata_of_any_kind_is_counted_and_found(notes, ask):
    """True and false are terms, a term counts once for each record, and what came before its property was there may not fit it."""
    made = {}

    def add(name, kind):
        body = {"name": name, "title": name, "settings": {"type": kind}}
        made[name] = ask.http.post(f"/api/v1/datasets/{notes.id}/metadata-properties", json=body).raise_for_status().json()["id"]

    def find(**body):
        found = ask.http.post(f"/api/v1/datasets/{notes.id}/records/search", json=body).raise_for_status().json()
        return "".join(each["record"]["external_id"] for each in found["items"])

    ask.http.patch(f"/api/v1/datasets/{notes.id}", json={"allow_extra_metadata": True}).raise_for_status()
    add("tags", "terms")
    tags = {"1": True, "2": [False, "late", "late"], "3": 7, "4": None, "5": "late"}
    items = [{"external_id": n, "fields": {"text": "odd"}, "metadata": {"tags": tag, "size": tag}} for n, tag in tags.items()]
    items.append({"external_id": "6", "fields": {"text": "odd"}, "metadata": {"size": 2**53 + 1}})
    ask.http.post(f"/api/v1/datasets/{notes.id}/records/bulk", json={"items": items}).raise_for_status()
    add("size", "integer")
    metrics = {name: ask.http.get(f"/api/v1/metadata-properties/{id_}/metrics").json() for name, id_ in made.items()}
    counts = {each["term"]: each["count"] for each in metrics["tags"]["values"]}
    assert (counts, metrics["tags"]["total"]) == ({"late": 2, "7": 1, "false": 1, "true": 1}, 5)
    assert (metrics["size"]["min"], metrics["size"]["max"]) == (7, 2**53 + 1)
    assert find(filters={"and": [terms(metadata("tags"), "true", "7")]}) == "13"
    assert find(filters={"and": [terms(metadata("tags"), "false")]}) == "2"
    assert find(filters={"and": [terms(metadata("size"), 2**53 + 1)]}) == "6"  # to the last digit
    assert find(filters={"and": [terms(metadata("size"), 2**53)]}) == ""
    assert find(sort=[by(metadata("tags"))]) == "325146"


def test_odd_texts_and_queries_do_no_harm(notes, ask):
    odd = ["\\u0000", '\\"; DROP TABLE records; --', "x" * 100_000, "\\u202e"]
    items = ",".join(f'{{"external_id": "{number}", "fields": {{"text": "odd {text}"}}}}' for number, text in enumerate(odd))
    pushed = ask.http.put(f"/api/v1/datasets/{notes.id}/records/bulk", content=f'{{"items": [{items}]}}', headers=JSON)
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


def test_numbers_that_json_does_not_know_spoil_no_search(notes, ask):
    """Argilla answers that it refuses them, and has stored them by then."""
    rows = [("1", "1.0", "[0, 1]"), ("2", "Infinity", "[1, 0]"), ("3", "-1.0", "[1, NaN]"), ("4", "2.0", "[1, 1]")]
    items = ",".join(
        f'{{"external_id": "{n}", "fields": {{"text": "odd"}}, "metadata": {{"echo": {echo}}}, "vectors": {{"voice": {voice}}}}}'
        for n, echo, voice in rows
    )
    ask.http.put(f"/api/v1/datasets/{notes.id}/records/bulk", content=f'{{"items": [{items}]}}', headers=JSON)
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
