"""Small files of the kinds that are read, made as their programs make them."""

import io
import math
import zipfile
from pathlib import Path

from curate.model import Document
from curate.read.documents import read_document

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
MORE = (
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:v="urn:schemas-microsoft-com:vml" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
)
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STYLES = {
    "Heading1": ("heading 1", ""),
    "Heading2": ("heading 2", ""),
    "Titel": ("Title", ""),
    "Zitat": ("Quote", ""),
    "Quelltext": ("Source Code", '<w:rPr><w:rFonts w:ascii="Consolas"/></w:rPr>'),
    "Verzeichnis1": ("toc 1", ""),
    "Beschriftung": ("caption", ""),
    "Unsichtbar": ("Unseen", "<w:rPr><w:vanish/></w:rPr>"),
}
NUMBERING = (
    '<w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="bullet"/><w:lvlText w:val="•"/></w:lvl>'
    '<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%2)"/></w:lvl></w:abstractNum>'
    '<w:abstractNum w:abstractNumId="2"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>'
    '</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="1"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="2"/></w:num>'
)


def zipped(parts: dict[str, str | bytes]) -> bytes:
    """A ZIP file of these parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), part, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def read_made(folder: Path, name: str, data: str | bytes) -> Document:
    """The document that is read from a file with this content."""
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return read_document(path, name, "own")


def relations(*links: tuple[str, str, str]) -> str:
    """A part of relationships: id, type, target."""
    inner = "".join(f'<Relationship Id="{key}" Type="{RELATION}/{kind}" Target="{target}"/>' for key, kind, target in links)
    return f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{inner}</Relationships>'


def run(text: str, properties: str = "") -> str:
    """A run of a Word document."""
    return f'<w:r>{f"<w:rPr>{properties}</w:rPr>" if properties else ""}<w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(content: str, style: str = "", more: str = "") -> str:
    """A paragraph of a Word document; plain text becomes a run."""
    content = content if content.startswith("<") or not content else run(content)
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    return f"<w:p><w:pPr>{named}{more}</w:pPr>{content}</w:p>"


def word(body: str, **parts: str) -> bytes:
    """A DOCX file with this body; `footnotes`, `comments`, `header` and others are parts of their own."""
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="{key}"><w:name w:val="{name}"/>{more}</w:style>'
        for key, (name, more) in STYLES.items()
    )
    links = [("s", "styles", "styles.xml"), ("n", "numbering", "numbering.xml")]
    files: dict[str, str | bytes] = {
        "_rels/.rels": relations(("d", "officeDocument", "word/document.xml")),
        "word/document.xml": f"<w:document {W} {MORE}><w:body>{body}</w:body></w:document>",
        "word/styles.xml": f"<w:styles {W}>{styles}</w:styles>",
        "word/numbering.xml": f"<w:numbering {W}>{NUMBERING}</w:numbering>",
    }
    for number, (kind, content) in enumerate(parts.items()):
        links.append((f"x{number}", kind, f"{kind}.xml"))
        files[f"word/{kind}.xml"] = f"<w:{kind} {W}>{content}</w:{kind}>"
    files["word/_rels/document.xml.rels"] = relations(*links)
    return zipped(files)


def epub(
    chapters: dict[str, str], *, title: str = "The Orchard", extra: str = "", spine: str = "", nav: str = "", guide: str = ""
) -> bytes:
    """An EPUB file: file names to bodies (or whole pages), in the order of its spine."""
    items = "".join(f'<item id="i{n}" href="{name}" media-type="application/xhtml+xml"/>' for n, name in enumerate(chapters))
    refs = spine or "".join(f'<itemref idref="i{n}"/>' for n in range(len(chapters)))
    files: dict[str, str | bytes] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>'
        '<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>',
        "OEBPS/book.opf": '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{title}</dc:title></metadata>'
        f"<manifest>{items}{extra}</manifest><spine>{refs}</spine>{guide}</package>",
    }
    for name, body in chapters.items():
        page = body
        if not body.startswith(("<?xml", "<html")):
            page = (
                '<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml" '
                f'xmlns:epub="http://www.idpf.org/2007/ops"><head><title>x</title></head>{body if body.startswith("<body") else f"<body>{body}</body>"}</html>'
            )
        files[f"OEBPS/{name}"] = page
    if nav:
        files["OEBPS/nav.xhtml"] = nav
    return zipped(files)


Place = tuple[float, float, float, str, str]
"""x, y from the top, size, font (T Times, B Times bold, C Courier; `T@90` for text turned to the left by 90 degrees), text."""


def pdf(
    pages: list[list[Place]],
    *,
    width: float = 420,
    height: float = 595,
    images: bool = False,
    encoding: str = "",
    rotate: int = 0,
) -> bytes:
    """A PDF file with text where it is put, in the fonts that every program has; its pages are shown turned by `rotate`."""
    fonts = {"T": "Times-Roman", "B": "Times-Bold", "C": "Courier"}
    encoding = encoding or "/Encoding << /Type /Encoding /BaseEncoding /WinAnsiEncoding /Differences [1 /fi /fl /ff /ffi] >>"
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b""]
    names = {}
    for key, name in fonts.items():
        objects.append(f"<< /Type /Font /Subtype /Type1 /BaseFont /{name} {encoding} >>".encode())
        names[key] = len(objects)
    picture = 0
    if images:
        objects.append(
            b"<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8 /Length 1 >>"
            b"\nstream\n\x80\nendstream"
        )
        picture = len(objects)
    kids = []
    for places in pages:
        content = b"".join(
            b"BT /%s %g Tf %s %g %g Tm (%s) Tj ET\n" % (font[0].encode(), size, _turned(font[2:]), x, height - y, _escaped(text))
            for x, y, size, font, text in places
        )
        if images:
            content += b"q 400 0 0 500 10 50 cm /I Do Q\n"
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
        used = " ".join(f"/{key} {number} 0 R" for key, number in names.items())
        resources = f"<< /Font << {used} >>" + (f" /XObject << /I {picture} 0 R >>" if images else "") + " >>"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /Rotate {rotate} /MediaBox [0 0 {width} {height}] /Resources {resources} /Contents {len(objects)} 0 R >>".encode()
        )
        kids.append(len(objects))
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(f'{kid} 0 R' for kid in kids)}] /Count {len(kids)} >>".encode()
    out = io.BytesIO(b"%PDF-1.4\n")
    out.seek(0, io.SEEK_END)
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    table = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.write(b"".join(b"%010d 00000 n \n" % offset for offset in offsets))
    out.write(b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table))
    return out.getvalue()


def _turned(degrees: str) -> bytes:
    """The matrix of text that is turned to the left."""
    angle = math.radians(float(degrees or 0))
    return b"%.4f %.4f %.4f %.4f" % (math.cos(angle), math.sin(angle), -math.sin(angle), math.cos(angle))


def _escaped(text: str) -> bytes:
    text = text.replace("ﬃ", "\x04").replace("ﬁ", "\x01").replace("ﬂ", "\x02").replace("ﬀ", "\x03")
    return text.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


WIDTHS = {letter: width for width, letters in (
    (250, " ,."), (278, "ijlt/:;"), (333, "f-r()I!'"), (389, "sJ"), (444, "acezy?"), (722, "mwACDGHKNOQRUVXY"), (889, "MW")
) for letter in letters}  # fmt: skip


def wide(text: str, size: float) -> float:
    """About how wide a text is in Times."""
    return sum(WIDTHS.get(letter, 500) for letter in text) * size / 1000


def wrapped(text: str, width: float, size: float = 10) -> list[str]:
    """The lines of a paragraph of this width."""
    lines, line = [], ""
    for word_ in text.split():
        if line and wide(f"{line} {word_}", size) > width:
            lines.append(line)
            line = word_
        else:
            line = f"{line} {word_}".strip()
    return [*lines, line]


def presentation(slides: list[str], notes: dict[int, str] | None = None) -> bytes:
    """A PPTX file whose slides have these shapes."""
    a = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    p = f'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" {a} xmlns:r="{RELATION}"'
    ids = "".join(f'<p:sldId id="{256 + n}" r:id="s{n}"/>' for n in range(len(slides)))
    files: dict[str, str | bytes] = {
        "_rels/.rels": relations(("d", "officeDocument", "ppt/presentation.xml")),
        "ppt/presentation.xml": f"<p:presentation {p}><p:sldIdLst>{ids}</p:sldIdLst></p:presentation>",
        "ppt/_rels/presentation.xml.rels": relations(
            *((f"s{n}", "slide", f"slides/slide{9 - n}.xml") for n in range(len(slides)))
        ),
    }
    for n, shapes in enumerate(slides):
        show, _, shapes = shapes.partition("|") if shapes.startswith("hidden|") else ("", "", shapes)
        files[f"ppt/slides/slide{9 - n}.xml"] = (
            f"<p:sld {p}{' show=' + chr(34) + '0' + chr(34) if show else ''}><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld></p:sld>"
        )
        if text := (notes or {}).get(n):
            files[f"ppt/slides/_rels/slide{9 - n}.xml.rels"] = relations(("n", "notesSlide", f"../notesSlides/notes{n}.xml"))
            files[f"ppt/notesSlides/notes{n}.xml"] = (
                f"<p:notes {p}><p:cSld><p:spTree>{shape(text, 'body')}{shape(str(n), 'sldNum')}</p:spTree></p:cSld></p:notes>"
            )
    return zipped(files)


def shape(text: str, kind: str = "", level: int = 0) -> str:
    """A shape of a slide, a paragraph for each line."""
    holder = f'<p:nvSpPr><p:nvPr><p:ph type="{kind}"/></p:nvPr></p:nvSpPr>' if kind else "<p:nvSpPr><p:nvPr/></p:nvSpPr>"
    lines = "".join(f'<a:p><a:pPr lvl="{level}"/><a:r><a:t>{line}</a:t></a:r></a:p>' for line in text.split("\n"))
    return f"<p:sp>{holder}<p:txBody>{lines}</p:txBody></p:sp>"
