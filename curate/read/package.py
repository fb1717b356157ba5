"""Open ZIP files that hold a document (DOCX, PPTX, EPUB) within limits: the size of a part is checked before it is unpacked."""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from lxml import etree

from curate.read.reading import Unreadable

LARGEST_PART = 64_000_000
LARGEST_WHOLE = 256_000_000
"""Most bytes that all parts that are read may have together, unpacked."""
MOST_PARTS = 50_000
STEEPEST = 400
"""Highest compression ratio of a large part. Prose reaches about 3, a ZIP bomb about 1,000."""
OLE = b"\xd0\xcf\x11\xe0"
STRICT = (
    (b"http://purl.oclc.org/ooxml/wordprocessingml/main", b"http://schemas.openxmlformats.org/wordprocessingml/2006/main"),
    (b"http://purl.oclc.org/ooxml/drawingml/main", b"http://schemas.openxmlformats.org/drawingml/2006/main"),
    (b"http://purl.oclc.org/ooxml/presentationml/main", b"http://schemas.openxmlformats.org/presentationml/2006/main"),
    (b"http://purl.oclc.org/ooxml/officeDocument/", b"http://schemas.openxmlformats.org/officeDocument/2006/"),
)
"""Namespaces of strict Office Open XML, and the usual (transitional) ones."""


class Package:
    """The parts of a ZIP file."""

    def __init__(self, path: Path, kind: str) -> None:
        """Open a package.

        Args:
            path: the file.
            kind: the expected format ("DOCX"), for messages.

        Raises:
            Unreadable: it is not a ZIP file, is encrypted, or would be too large unpacked.
        """
        self.kind = kind
        with path.open("rb") as file:
            start = file.read(4)
        if start == OLE:
            raise Unreadable(
                f"is no {kind} file but an older or encrypted one of Office; save a copy as {kind} without its password"
            )
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, EOFError, ValueError) as error:
            raise self._broken(str(error)) from None
        parts = self._zip.infolist()
        if len(parts) > MOST_PARTS:
            raise Unreadable(f"contains {len(parts):,} parts, more than any {kind} that a person wrote")
        self.parts = {part.filename.replace("\\", "/").lstrip("/"): part for part in parts}
        self._read = 0

    def __enter__(self) -> Package:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def _broken(self, why: str) -> Unreadable:
        return Unreadable(f"cannot be read as {self.kind} ({why[:160]}); open it in its program and save it again")

    def read(self, name: str) -> bytes:
        """The bytes of one part, b"" if it is missing.

        Raises:
            Unreadable: it is damaged, encrypted or too large.
        """
        part = self.parts.get(name)
        if part is None:
            return b""
        if part.flag_bits & 1:
            raise Unreadable("is encrypted; save a copy without its password")
        self._read += part.file_size
        if part.file_size > LARGEST_PART or self._read > LARGEST_WHOLE:
            raise Unreadable(f"unpacks to more than {LARGEST_PART // 1_000_000} MB of text; split it by chapter")
        if part.file_size > 1_000_000 and part.file_size > STEEPEST * max(part.compress_size, 1):
            raise Unreadable(f"unpacks to {part.file_size // max(part.compress_size, 1)} times its size, which no text does")
        try:
            return self._zip.read(part)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
            raise self._broken(str(error)) from None

    def xml(self, name: str) -> Any:
        """The root element of one part, None if it is missing.

        Raises:
            Unreadable: it is not XML, or defines entities.
        """
        data = self.read(name)
        return parse_xml(data, self._broken) if data else None

    def required(self, name: str) -> Any:
        """Like `xml`, but the part must exist."""
        root = self.xml(name)
        if root is None:
            raise self._broken(f"it contains no {name}, so it is some other ZIP file")
        return root

    def links(self, name: str) -> dict[str, tuple[str, str]]:
        """The relationships of a part of Office Open XML: by id, the last word of the type and the name of the target."""
        folder, base = posixpath.split(name)
        root = self.xml(posixpath.join(folder, "_rels", f"{base}.rels"))
        found = {}
        for each in root if root is not None else ():
            if isinstance(each.tag, str) and each.get("TargetMode") != "External":
                kind = (each.get("Type") or "").rpartition("/")[2]
                found[each.get("Id") or ""] = (kind, resolved(folder, each.get("Target") or ""))
        return found


def resolved(folder: str, target: str) -> str:
    """The name of the part to which an address in a part of `folder` refers."""
    path = unquote(target.partition("#")[0])
    return posixpath.normpath(path.lstrip("/") if path.startswith("/") else posixpath.join(folder, path))


def parse_xml(data: bytes, broken: Any) -> Any:
    """Parse XML and return the root element. Entities are not resolved, and nothing is fetched.

    Args:
        data: the XML.
        broken: makes the exception to raise from a reason.
    """
    for strict, usual in STRICT:
        if strict in data:
            data = data.replace(strict, usual)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise broken(str(error)) from None
    entities = root.getroottree().docinfo.internalDTD
    if entities is not None and any(True for _ in entities.iterentities()):
        raise broken("it defines entities, which no program writes and which are not safe to read")
    return root
