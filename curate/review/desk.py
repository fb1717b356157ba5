"""The one place that speaks to Argilla: a dataset there, as a desk on which pairs are laid and from which responses are taken.

Settings go through Argilla's own client. Records and responses go through that client's connection as plain JSON: building the
client's objects around each record takes longer than sending it. Only what lies in the recipe's own dataset is ever touched.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curate.review.local.server import status as local_server
from recipes.errors import CallError, LikenessError, MachineError
from recipes.folders import argilla_home
from recipes.schema import Review

RECORDS_AT_ONCE = 250
RESPONSES_AT_ONCE = 1000
SECONDS_TO_WAIT = 120


class NotRunning(MachineError):
    """The local server does not run."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One person's response to one record, as Argilla has it."""

    pair: str
    reviewer: str
    status: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Laid:
    """A record as it lies on the desk."""

    pair: str
    record: str
    """The server's own id."""
    is_pending: bool
    """Whether it still needs somebody's answer."""
    answers: tuple[Answered, ...]

    @property
    def is_begun(self) -> bool:
        """Whether somebody has saved a draft."""
        return any(answer.status == "draft" for answer in self.answers)


def connect(review: Review) -> Any:
    """A client of the server that a recipe names.

    Raises:
        NotRunning: it is the local one, and it does not run.
        CallError: the key is missing or wrong.
        MachineError: the server cannot be reached.
    """
    is_local = review.argilla == "local"
    if is_local:
        server = local_server(argilla_home())
        if server is None:
            raise NotRunning("Argilla does not run here", mend="`curate review RECIPE` starts it.")
        url, key = server.url, server.api_key
    else:
        url, key = review.argilla, os.environ.get("ARGILLA_API_KEY", "").strip()
        if not key:
            raise CallError("ARGILLA_API_KEY is not set", where=url, mend="Set it to your key: in Argilla, My Settings shows it.")
    import argilla

    with _errors_told(url):
        # No proxy leads to the loopback interface.
        return argilla.Argilla(api_url=url, api_key=key, timeout=SECONDS_TO_WAIT, trust_env=not is_local)


class Desk:
    """A dataset of Argilla's, made when it is first opened.

    Args:
        client: from `connect`.
        workspace: where the dataset stands.
        name: its name.
        settings: what `page.settings_of` says.
        min_submitted: reviewers that each record needs.

    Raises:
        CallError: somebody changed its settings, or the key may not do this.
        MachineError: the server failed.
    """

    def __init__(self, client: Any, workspace: str, name: str, settings: Mapping[str, Any], min_submitted: int) -> None:
        self._client = client
        self.url = str(client.api_url).rstrip("/")
        self.name = name
        with _errors_told(self.url):
            self._dataset = self._existing(workspace) or self._made(workspace, settings, min_submitted)
            self._check(settings)
            self._need(min_submitted)
            self._questions = {question.name: str(question.id) for question in self._dataset.settings.questions}
            self._path = f"/api/v1/datasets/{self._dataset.id}/records"

    @property
    def page(self) -> str:
        """Where reviewers work on it."""
        return f"{self.url}/dataset/{self._dataset.id}/annotation-mode"

    def push(
        self, records: Sequence[Mapping[str, Any]], vectors: Sequence[Sequence[float]], vector: str, done: Callable[[int], None]
    ) -> None:
        """Lay records on the desk, in their order; one that lies there already is replaced, its responses stay.

        Args:
            records: see `page.record_of`.
            vectors: one for each record.
            vector: the vector's name.
            done: told how many are there, after each request.
        """
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
                ],
            }
            for record, values in zip(records, vectors, strict=True)
        ]
        for start in range(0, len(items), RECORDS_AT_ONCE):
            chunk = items[start : start + RECORDS_AT_ONCE]
            with _errors_told(self.url):
                # It answers with all that it was sent: compressing that would be an eighth of its work.
                plain = {"Accept-Encoding": "identity"}
                self._client.api.http_client.put(f"{self._path}/bulk", json={"items": chunk}, headers=plain).raise_for_status()
            done(start + len(chunk))

    def records(self) -> Iterator[Laid]:
        """Every record, with what people have answered."""
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
                yield Laid(pair, record["id"], record["status"] == "pending", answers)
            if len(found) < RESPONSES_AT_ONCE:
                return
            offset += len(found)

    def _names(self) -> dict[str, str]:
        """Users by id. Only an owner may ask for all of a server; an admin sees those of the workspace."""
        me = self._client.me
        users = self._client.users if me.role == "owner" else [me, *self._client.workspaces(self._dataset.workspace.name).users]
        return {str(user.id): user.username for user in users}

    def take_away(self, record_ids: Sequence[str]) -> None:
        """Delete records, by the server's own ids."""
        for start in range(0, len(record_ids), 100):
            with _errors_told(self.url):
                ids = ",".join(record_ids[start : start + 100])
                self._client.api.http_client.delete(self._path, params={"ids": ids}).raise_for_status()

    def _existing(self, workspace: str) -> Any:
        with warnings.catch_warnings():  # it warns of what it does not find
            warnings.simplefilter("ignore")
            if self._client.workspaces(workspace) is None:
                return None
            dataset = self._client.datasets(self.name, workspace)
        if dataset is not None and str(dataset._model.status) == "draft":  # somebody was killed while making it: it is empty
            dataset.delete()
            return None
        return dataset

    def _made(self, workspace: str, settings: Mapping[str, Any], min_submitted: int) -> Any:
        import argilla as rg

        client = self._client  # said each time: the library else takes whichever client was made first
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if self._client.workspaces(workspace) is None:
                rg.Workspace(name=workspace, client=self._client).create()
            made = rg.Settings(
                fields=[rg.TextField(**field, client=client) for field in settings["fields"]],
                questions=[_question(question, client) for question in settings["questions"]],
                metadata=[rg.TermsMetadataProperty(name, client=client) for name in settings["terms"]]
                + [rg.IntegerMetadataProperty(name, client=client) for name in settings["integers"]]
                + [rg.FloatMetadataProperty(name, client=client) for name in settings["floats"]],
                vectors=[rg.VectorField(name, dimensions=size, _client=client) for name, size in settings["vectors"].items()],
                guidelines=settings["guidelines"],
                distribution=rg.TaskDistribution(min_submitted=min_submitted),
            )
            return rg.Dataset(self.name, workspace=workspace, settings=made, client=self._client).create()

    def _check(self, settings: Mapping[str, Any]) -> None:
        """Whether all that we lay on the desk still has its place there."""
        there = self._dataset.settings
        wanted = {
            "field": ({field["name"] for field in settings["fields"]}, {field.name for field in there.fields}),
            "question": (
                {question["name"] for question in settings["questions"]},
                {question.name for question in there.questions},
            ),
            "metadata property": (
                {*settings["terms"], *settings["integers"], *settings["floats"]},
                {each.name for each in there.metadata},
            ),
            "vector": (set(settings["vectors"]), {vector.name for vector in there.vectors}),
        }
        missing = [f"{what} {name}" for what, (ours, theirs) in wanted.items() for name in sorted(ours - theirs)]
        if missing:
            raise CallError(
                f"somebody changed the settings of the dataset {self.name!r}: it lacks {', '.join(missing)}",
                where=self.url,
                mend="Put them back; or rename the dataset there and call this again, which lays out a new one. "
                "What was fetched is in the ledger, what was answered stays in Argilla.",
            )

    def _need(self, min_submitted: int) -> None:
        """Where the recipe asks for more or fewer reviewers than before, the server must count to that number, too."""
        if self._dataset.settings.distribution.min_submitted != min_submitted:
            wanted = {"distribution": {"strategy": "overlap", "min_submitted": min_submitted}}
            self._client.api.http_client.patch(f"/api/v1/datasets/{self._dataset.id}", json=wanted).raise_for_status()


def _question(question: Mapping[str, Any], client: Any) -> Any:
    import argilla as rg

    common = {name: question[name] for name in ("name", "title", "required")} | {"client": client}
    match question["type"]:
        case "label":
            return rg.LabelQuestion(**common, labels=question["labels"])
        case "labels":
            return rg.MultiLabelQuestion(**common, labels=question["labels"], visible_labels=len(question["labels"]))
        case "rating":
            return rg.RatingQuestion(**common, values=question["values"])
        case _:
            return rg.TextQuestion(**common)


class _errors_told:
    """Argilla's errors, and its connection's, as ours."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        if error is None or isinstance(error, LikenessError) or not isinstance(error, Exception):
            return
        raise self._meaning(error) from None

    def _meaning(self, error: Exception) -> Exception:
        status = getattr(error, "status_code", None) or getattr(getattr(error, "response", None), "status_code", None)
        name = type(error).__name__
        kept = "Nothing is lost: what was answered is in Argilla, what was fetched is in the ledger."
        if status == 401 or name == "ArgillaCredentialsError":
            return CallError("Argilla does not accept the key", where=self._url, mend="Check ARGILLA_API_KEY.")
        if status == 403:
            mend = "Ask an owner of that server to make the workspace and to add you to it as an admin."
            return CallError("the key may not do this in Argilla", where=self._url, mend=mend)
        if status:
            return MachineError(f"Argilla failed: {error}"[:500], where=self._url, mend=f"{kept} Call this again later.")
        if hasattr(error, "request") or name in (
            "ConnectError",
            "ReadTimeout",
            "ConnectTimeout",
            "RemoteProtocolError",
            "ReadError",
        ):
            return MachineError(f"Argilla cannot be reached: {error}", where=self._url, mend=f"{kept} Is it up?")
        return error
