"""What was read: documents, passages, and the voice samples that prompts carry.

The newest is what was written last, not what has the latest time: clocks go back.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence

from curate.ledger.database import Database
from curate.ledger.rows import KnownDocument, PassageRow, document_row, reading_json
from curate.model import Document, Passage, VoiceSample

MOST_VARIABLES = 500
"""Of one statement."""


class Documents(Database):
    """What was read: documents, passages, and the voice samples that prompts carry."""

    def document_of_file(self, path: str, file_sha256: str) -> Document | None:
        """The document read from this very file before."""
        row = self._db.execute(
            "select * from documents where path = ? and file_sha256 = ? order by rowid desc", (path, file_sha256)
        ).fetchone()
        return document_row(row) if row else None

    def has_document(self, path: str, file_sha256: str) -> bool:
        """Whether this very file was read before."""
        found = self._db.execute("select 1 from documents where path = ? and file_sha256 = ?", (path, file_sha256))
        return found.fetchone() is not None

    def known_document(self, path: str, file_sha256: str) -> KnownDocument | None:
        """What is known of the document read from this very file before, without its text."""
        row = self._db.execute(
            "select id, json_extract(reading, '$.notes'), rowid = (select max(rowid) from documents where path = d.path)"
            " from documents d where path = ? and file_sha256 = ? order by rowid desc",
            (path, file_sha256),
        ).fetchone()
        return KnownDocument(row[0], tuple(json.loads(row[1] or "[]")), bool(row[2])) if row else None

    def documents(self, ids: Sequence[str]) -> list[Document]:
        """Documents by id, in the order of the ids."""
        found: dict[str, Document] = {}
        for start in range(0, len(ids), MOST_VARIABLES):
            some = ids[start : start + MOST_VARIABLES]
            query = f"select * from documents where id in ({', '.join('?' * len(some))})"  # noqa: S608
            found |= {row["id"]: document_row(row) for row in self._db.execute(query, some)}
        return [found[each] for each in ids]

    def add_document(self, document: Document, file_sha256: str) -> None:
        """Keep a document as it was read."""
        self._write("delete from plans where document = ?", (document.id,))  # its title or blocks may be others
        self._write(
            "insert or replace into documents values (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                document.id,
                document.path,
                file_sha256,
                document.title,
                document.text,
                document.rights,
                time.time(),
                reading_json(document),
            ),
        )

    def add_passages(self, document: str, passages: Iterable[Passage]) -> None:
        """Keep how a document was cut.

        Args:
            document: its id.
            passages: of it.
        """
        self._db.executemany(
            "insert or replace into passages values (?, ?, ?, ?, ?)",
            [(p.id, document, p.start, p.end, p.heading) for p in passages],
        )

    def newest_document(self, path: str) -> Document | None:
        """The last reading of the document at `path`."""
        row = self._db.execute("select * from documents where path = ? order by rowid desc", (path,)).fetchone()
        return document_row(row) if row else None

    def documents_called(self, name: str) -> list[Document]:
        """The last reading of each document at `name`, or whose path ends with it from a slash on."""
        rows = self._db.execute(
            "select *, max(read_at) from documents where path = ? or substr(path, -length(?) - 1) = '/' || ? group by path",
            (name, name, name),
        )
        return [document_row(row) for row in rows]

    def passage(self, passage: str) -> PassageRow | None:
        """The passage with this id, of the newest document that has it."""
        row = self._db.execute(
            "select d.path, p.start, p.end, substr(d.text, p.start + 1, p.end - p.start) as text from passages p"
            " join documents d on d.id = p.document where p.id = ? order by d.rowid desc",
            (passage,),
        ).fetchone()
        return PassageRow(*row) if row else None

    def voice_samples(self) -> list[VoiceSample] | None:
        """The newest choice. Kept, so that the provider's prompt cache stays good."""
        row = self._db.execute("select samples from voice_samples order by id desc").fetchone()
        return [VoiceSample(path, text) for path, text in json.loads(row[0])] if row else None

    def all_voice_samples(self) -> list[list[str]]:
        """The texts of every choice, newest first."""
        rows = self._db.execute("select samples from voice_samples order by id desc")
        return [[text for _, text in json.loads(row[0])] for row in rows]

    def add_voice_samples(self, samples: Iterable[VoiceSample]) -> None:
        """Keep a choice."""
        self._write(
            "insert into voice_samples (chosen_at, samples) values (?, ?)",
            (time.time(), json.dumps([[sample.document, sample.text] for sample in samples], ensure_ascii=False)),
        )
