"""The only module that talks to Argilla: it pushes records to a dataset and pulls the responses.

Settings use Argilla's own client. Records and responses are sent as plain JSON over the client's connection, because making a
client's object for each record takes longer than sending it. Only the recipe's own datasets are changed.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from curate.decisions.queue import review_of
from curate.model import content_hash
from curate.review.local.home import base_name, home_of
from curate.review.local.server import status as local_server
from likeness.errors import CallError, LikenessError, MachineError
from likeness.recipe.schema import Recipe, Review

RECORDS_AT_ONCE = 250
RESPONSES_AT_ONCE = 1000
SECONDS_TO_WAIT = 120
MAKING = timedelta(minutes=2)
"""Age up to which another process may still be creating a draft dataset."""


class NotRunning(MachineError):
    """The local server does not run."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One person's response to one record."""

    pair: str
    reviewer: str
    status: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RemoteRecord:
    """A record on the server."""

    pair: str
    record: str
    """The id that the server gave it."""
    is_pending: bool
    """Whether it still needs an answer."""
    answers: tuple[Answered, ...]

    @property
    def is_begun(self) -> bool:
        """Whether somebody has saved a draft."""
        return any(answer.status == "draft" for answer in self.answers)


def connect(review: Review, home: Path | None = None) -> Any:
    """Connect to the server that a recipe names.

    Args:
        review: the recipe's review settings.
        home: the folder of the local server.

    Raises:
        NotRunning: the local server does not run.
        CallError: the key is missing or wrong, or no Argilla answers at that address.
        MachineError: the server cannot be reached.
    """
    is_local = review.argilla == "local"
    if is_local:
        server = local_server(home) if home else None
        if server is None:
            raise NotRunning("Argilla does not run here", fix="`curate review RECIPE` starts it.")
        url, key = server.url, server.api_key
    else:
        url, key = review.argilla, os.environ.get("ARGILLA_API_KEY", "").strip()
        if not key:
            raise CallError("ARGILLA_API_KEY is not set", where=url, fix="Set it to your key: in Argilla, My Settings shows it.")
    import argilla

    with _errors_told(url):
        try:
            # A proxy cannot reach the loopback interface.
            return argilla.Argilla(api_url=url, api_key=key, timeout=SECONDS_TO_WAIT, trust_env=not is_local)
        except Exception as error:
            # The client asks for its user. A web page is not JSON (ValueError); another program's JSON is not a user (TypeError).
            if isinstance(error, (ValueError, TypeError)) or _status_of(error) in (301, 302, 303, 307, 308, 404, 405):
                fix = "Correct `argilla` in the recipe's `review`: the address that a browser shows for it, without /dataset/…"
                raise CallError("what answers there is no Argilla", where=url, fix=fix) from None
            raise


def connect_for(recipe: Recipe) -> tuple[Any, str]:
    """Connect to a recipe's server, which for a local one is found by the recipe; see `connect`.

    Returns:
        The client, and the name of the recipe's datasets there.
    """
    review = review_of(recipe)
    if review.argilla != "local":
        return connect(review), recipe.name
    home = home_of(recipe)
    return connect(review, home), base_name(recipe, home)


class ReviewDataset:
    """A dataset in Argilla, created when it is first opened.

    Reading needs only the dataset's questions, so these are checked when it is opened. `push` checks everything else.

    Args:
        client: from `connect`.
        workspace: where the dataset is.
        name: its name.
        settings: the result of `page.settings_of`.
        min_submitted: number of reviewers that each record needs.
        is_local: whether it is the local server, to which nobody else pushes.

    Raises:
        CallError: it lacks questions of ours, or the key lacks the permission.
        MachineError: the server failed, or another process is creating the dataset.
    """

    def __init__(
        self,
        client: Any,
        workspace: str,
        name: str,
        settings: Mapping[str, Any],
        min_submitted: int,
        *,
        is_local: bool = False,
    ) -> None:
        self._client = client
        self._is_local = is_local
        self.url = str(client.api_url).rstrip("/")
        self.name = name
        self._settings = settings
        with _errors_told(self.url):
            self._dataset = self._existing(workspace) or self._made(workspace, min_submitted)
            self._check("questions")
            self._keep_current(min_submitted)
            self._questions = {question.name: str(question.id) for question in self._dataset.settings.questions}
            self._path = f"/api/v1/datasets/{self._dataset.id}/records"

    @property
    def page(self) -> str:
        """The address of the page on which reviewers work."""
        return f"{self.url}/dataset/{self._dataset.id}/annotation-mode"

    def push(
        self, records: Sequence[Mapping[str, Any]], vectors: Sequence[Sequence[float]], vector: str, done: Callable[[int], None]
    ) -> None:
        """Push records in order. A record that exists already is replaced, and its responses are kept.

        Args:
            records: see `page.record_of`.
            vectors: one for each record.
            vector: the vector's name.
            done: called after each request with the number of records pushed so far.

        Raises:
            CallError: the dataset lacks fields of ours; nothing is sent.
        """
        with _errors_told(self.url):
            self._check("fields")
            self._put_back()
        items = [
            {
                "external_id": record["external_id"],
                "fields": record["fields"],
                "metadata": record["metadata"],
                "vectors": {vector: list(values)},
                "suggestions": [
                    {"question_id": self._questions[each["question"]], "type": "model"}
                    | {name: each[name] for name in ("value", "score", "agent")}
                    for each in record["suggestions"]
                    if each["question"] in self._questions
                ],
            }
            for record, values in zip(records, vectors, strict=True)
        ]
        for start in range(0, len(items), RECORDS_AT_ONCE):
            chunk = items[start : start + RECORDS_AT_ONCE]
            with _errors_told(self.url):
                # The server returns all records; compressing them would be an eighth of its work.
                plain = {"Accept-Encoding": "identity"}
                self._client.api.http_client.put(f"{self._path}/bulk", json={"items": chunk}, headers=plain).raise_for_status()
            done(start + len(chunk))

    def records(self) -> Iterator[RemoteRecord]:
        """All records with their responses."""
        with _errors_told(self.url):
            names = self._names()
        offset = 0
        while True:
            with _errors_told(self.url):
                query = {"include": "responses", "limit": RESPONSES_AT_ONCE, "offset": offset}
                found = self._client.api.http_client.get(self._path, params=query).raise_for_status().json()["items"]
            for record in found:
                pair = record["external_id"]
                answers = tuple(
                    Answered(pair, names.get(each["user_id"], each["user_id"]), each["status"], each["values"] or {})
                    for each in record["responses"] or ()
                )
                yield RemoteRecord(pair, record["id"], record["status"] == "pending", answers)
            if len(found) < RESPONSES_AT_ONCE:
                return
            offset += len(found)

    def _names(self) -> dict[str, str]:
        """User names by id. Only an owner may list all users of a server; an admin may list those of the workspace."""
        me = self._client.me
        users = self._client.users if me.role == "owner" else [me, *self._client.workspaces(self._dataset.workspace.name).users]
        return {str(user.id): user.username for user in users}

    def remove_records(self, record_ids: Sequence[str]) -> None:
        """Delete records by the server's ids."""
        for start in range(0, len(record_ids), 100):
            with _errors_told(self.url):
                ids = ",".join(record_ids[start : start + 100])
                self._client.api.http_client.delete(self._path, params={"ids": ids}).raise_for_status()

    def _existing(self, workspace: str) -> Any:
        with warnings.catch_warnings():  # the client warns if it finds nothing
            warnings.simplefilter("ignore")
            if self._client.workspaces(workspace) is None:
                return None
            dataset = self._client.datasets(self.name, workspace)
        if dataset is not None and str(dataset._model.status) == "draft":  # empty: its maker was killed or is at work
            if self._may_be_in_the_making(dataset):
                what = f"somebody is making the dataset {self.name!r} just now"
                raise MachineError(what, where=self.url, fix="Call this again in two minutes.")
            dataset.delete()
            return None
        return dataset

    def _may_be_in_the_making(self, dataset: Any) -> bool:
        """Whether another process may still be creating a draft dataset: it is less than `MAKING` old by the server's clock.

        On the local server nobody can be, because one sync waits for the other.
        """
        if self._is_local:
            return False
        answer = self._client.api.http_client.get(f"/api/v1/datasets/{dataset.id}").raise_for_status()
        made = datetime.fromisoformat(answer.json()["inserted_at"]).replace(tzinfo=UTC)
        return parsedate_to_datetime(answer.headers["date"]) - made < MAKING

    def _made(self, workspace: str, min_submitted: int) -> Any:
        import argilla as rg

        settings, client = self._settings, self._client  # passed each time: the library's default is the client made first
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if client.workspaces(workspace) is None:
                rg.Workspace(name=workspace, client=client).create()
            made = rg.Settings(
                fields=[rg.TextField(**field, client=client) for field in settings["fields"]],
                questions=[_question(question, client) for question in settings["questions"]],
                metadata=_metadata(settings, client),
                vectors=_vectors(settings, client),
                guidelines=_sealed(settings["guidelines"]),
                distribution=rg.TaskDistribution(min_submitted=min_submitted),
            )
            return rg.Dataset(self.name, workspace=workspace, settings=made, client=client).create()

    def _check(self, what: str) -> None:
        """Raise an error if fields or questions of ours are missing. Nobody can remove them, so then the dataset is not ours.

        `newer_questions` may be missing: a dataset of an earlier version lacks them, and what they show cannot be edited there.
        """
        newer = self._settings.get("newer_questions", ())
        names = [each["name"] for each in self._settings[what] if each["name"] not in newer]
        missing = [name for name in names if getattr(self._dataset.settings, what)[name] is None]
        if missing:
            raise CallError(
                f"the dataset {self.name!r} is not set up as ours: it lacks the {what} {', '.join(missing)}",
                where=self.url,
                fix="Name another `workspace` in the recipe's `review`: a new one is set up there, this one stays as it is.",
            )

    def _put_back(self) -> None:
        """Create the metadata properties and vectors again that somebody removed."""
        there = self._dataset.settings
        for ours, theirs in (
            (_metadata(self._settings, self._client), there.metadata),
            (_vectors(self._settings, self._client), there.vectors),
        ):
            for missing in [each for each in ours if theirs[each.name] is None]:
                missing.dataset = self._dataset
                theirs.add(missing.create())

    def _keep_current(self, min_submitted: int) -> None:
        """Update the number of reviewers and the guidelines to those of the recipe.

        Guidelines that somebody edited on the server are kept.
        """
        there, guidelines = self._dataset.settings, _sealed(self._settings["guidelines"])
        wanted: dict[str, Any] = {}
        if there.distribution.min_submitted != min_submitted:
            wanted["distribution"] = {"strategy": "overlap", "min_submitted": min_submitted}
        if there.guidelines != guidelines and _is_sealed(there.guidelines or ""):
            wanted["guidelines"] = guidelines
        if wanted:
            self._client.api.http_client.patch(f"/api/v1/datasets/{self._dataset.id}", json=wanted).raise_for_status()


def _sealed(guidelines: str) -> str:
    """Add a hidden hash to guidelines, by which unedited guidelines of an earlier recipe are recognised.

    (A dataset's metadata would be a better place, but Argilla 2.8 keeps only the first metadata that it gets.)
    """
    return f"{guidelines}\n\n<!-- {content_hash('guidelines', guidelines)} -->"


def _is_sealed(text: str) -> bool:
    """Whether guidelines are unedited."""
    return text == _sealed(text.rpartition("\n\n<!-- ")[0])


def _metadata(settings: Mapping[str, Any], client: Any) -> list[Any]:
    import argilla as rg

    kinds = {
        "terms": rg.TermsMetadataProperty,
        "integers": rg.IntegerMetadataProperty,
        "floats": rg.FloatMetadataProperty,
    }
    return [kind(name, client=client) for which, kind in kinds.items() for name in settings[which]]


def _vectors(settings: Mapping[str, Any], client: Any) -> list[Any]:
    import argilla as rg

    return [rg.VectorField(name, dimensions=size, _client=client) for name, size in settings["vectors"].items()]


def _question(question: Mapping[str, Any], client: Any) -> Any:
    import argilla as rg

    common = {name: question[name] for name in ("name", "title", "required")} | {"client": client}
    match question["type"]:
        case "label":
            return rg.LabelQuestion(**common, labels=question["labels"])
        case "labels":
            return rg.MultiLabelQuestion(**common, labels=question["labels"], visible_labels=len(question["labels"]))
        case "ranking":
            return rg.RankingQuestion(**common, values=question["values"])
        case "rating":
            return rg.RatingQuestion(**common, values=question["values"])
        case _:
            return rg.TextQuestion(**common)


def _status_of(error: Exception) -> int | None:
    """The HTTP status of an error of Argilla's client or its connection; None if it has none."""
    return getattr(error, "status_code", None) or getattr(getattr(error, "response", None), "status_code", None)


class _errors_told:
    """Turns errors of Argilla and its connection into errors of likeness."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        if error is None or isinstance(error, LikenessError) or not isinstance(error, Exception):
            return
        raise self._meaning(error) from None

    def _meaning(self, error: Exception) -> Exception:
        status = _status_of(error)
        name = type(error).__name__
        kept = "Nothing is lost: what was answered is in Argilla, what was fetched is in the ledger."
        if status == 401 or name == "ArgillaCredentialsError":
            return CallError("Argilla does not accept the key", where=self._url, fix="Check ARGILLA_API_KEY.")
        if status == 403:
            fix = "Ask an owner of that server to make the workspace and to add you to it as an admin."
            return CallError("the key may not do this in Argilla", where=self._url, fix=fix)
        if status == 409:
            return MachineError("another process is pushing this dataset", where=self._url, fix="Try again when it has finished.")
        if status:
            shown = f"status {status}" if "<html" in str(error).lower() else str(error)  # a web page says nothing here
            return MachineError(f"Argilla failed: {shown}"[:500], where=self._url, fix=f"{kept} Call this again later.")
        if hasattr(error, "request") or name in (
            "ConnectError",
            "ReadTimeout",
            "ConnectTimeout",
            "RemoteProtocolError",
            "ReadError",
        ):
            return MachineError(f"Argilla cannot be reached: {error}", where=self._url, fix=f"{kept} Is it up?")
        return error
