"""Leave out what is at the ends of a post and is not its text: links, the footer, the byline, calls to share it."""

from __future__ import annotations

import re

from curate.read.markup import Part, plain
from curate.read.page_foot import is_foot

_OF_THE_TEXT = {"verse", "quotation", "code"}
"""Kinds of block that are not above the title of a page."""
_OF_OTHERS = {
    "comments": re.compile(
        r"(?:\d{1,4}|one|no) (?:comments?|repl(?:y|ies)|responses?|thoughts?|gedanken?|kommentare?|antworten|commentaires?"
        r"|réponses?|réflexions?|pensées?|comentarios?|respuestas?|pensamientos?|commenti|pensieri|comentários?|respostas?|reacties"
        r"|komentarz\w{0,3}|комментари\w{0,3})(?: (?:on|to|zu|auf|sur|sobre|en|su|op|do) .{1,200})?"
        r"|leave a (?:reply|comment)|(?:schreibe einen )?kommentar (?:hinterlassen|schreiben|verfassen)|laisser un commentaire"
        r"|deja (?:un comentario|una respuesta)|lascia un commento|deixe um comentário",
        re.IGNORECASE,
    ),
    "related_posts": re.compile(
        r"you (?:may|might) also (?:like|enjoy)|(?:related|recent|popular|latest|similar|more) (?:posts?|articles?|stories)"
        r"|more from .{1,60}|read (?:next|more)|keep reading|recommended(?: for you)?|das könnte (?:dich|sie) auch .{1,40}"
        r"|(?:ähnliche|weitere|mehr|neueste) (?:beiträge|artikel|texte)|mehr (?:von|aus) .{1,60}|(?:articles|billets) similaires"
        r"|à lire aussi|vous aimerez aussi|(?:entradas|artículos) (?:relacionad[oa]s|recientes)|también te puede .{1,30}"
        r"|te puede interesar|articoli (?:correlati|recenti)|potrebbe interessarti|posts relacionados|veja também|lees ook"
        r"|関連記事|相关文章|相關文章",
        re.IGNORECASE,
    ),
}
"""Headings of what follows a post and is not its text."""
_COMMENTS = re.compile(
    r"(?:comments|kommentare|commentaires|comentarios|commenti|comentários|reacties|komentarze|комментарии|コメント|评论|評論|댓글)"
    r"(?: \(\d{1,4}\))?",
    re.IGNORECASE,
)
"""Such a heading, or the author's own if the page marks where the post is."""
FEWEST_WORDS_BEFORE = 20
FIRST_PARTS = 3
LONGEST_BYLINE = 14
_BYLINE = re.compile(
    r"(?:published|posted|updated|last (?:updated|modified)|written|veröffentlicht|publié|publicad[oa]"
    r"|pubblicato)\b[^.!?]{0,60}\b(?:19|20)\d\d\b",
    re.IGNORECASE,
)
_BY = {"by", "von", "par", "por", "di", "door", "av", "af"}
_STAMP = re.compile(
    r"(?:\d{1,2}(?:st|nd|rd|th|\.)?\s(?:of\s|de\s)?[^\W\d]{3,10}\.?,?\s(?:de\s)?(?:19|20)\d\d"
    r"|[^\W\d]{3,10}\.?\s\d{1,2}(?:st|nd|rd|th)?,?\s(?:19|20)\d\d|(?:19|20)\d\d[-./]\d{1,2}[-./]\d{1,2}"
    r"|\d{1,2}[./]\d{1,2}[./](?:19|20)\d\d|(?:19|20)\d\d年\d{1,2}月\d{1,2}日"
    r"|\d{1,3}[\s-]?min(?:ute)?s?\.?\s(?:read|reading|lesezeit|de lec?tur[ae]|di lettura|de leitura|leestijd))",
    re.IGNORECASE,
)
"""A date with its year, or how long a text takes to read."""
_BEFORE_STAMP = re.compile(r"(?:.{0,80}[·•|/–—-])?\s*|(?:by|von|par|por|di)\s.{1,60}\s", re.IGNORECASE)
_AFTER_STAMP = re.compile(r"\s*(?:[·•|/,–—-].{0,80}|(?:by|von|par|por|di|in|en|dans)\s.{1,60})?", re.IGNORECASE)
_ABOUT_THE_PAGE = re.compile(
    r"(?:filed under|posted in|tag(?:s|ged)?\b|categor(?:y|ies)|edit this page|view (?:the )?source|permalink|back to"
    r"|older|newer|previous|next"
    r"|[←→⟵]|kategorien?|schlagw|abgelegt|étiquettes?|catégories?|categorías?|etiquetas?|categorie)(?=[\s:])[^.!?]{0,200}\Z",
    re.IGNORECASE,
)
"""A line below a post: its tags, or links to its neighbours."""
_SEE_ALSO = re.compile(
    r"(?:related|read (?:also|more|next)|also read|see also|you (?:may|might) also (?:like|enjoy)|up next|lesen sie auch"
    r"|lies auch|siehe auch|(?:à )?lire aussi|voir aussi|lee también|ver también|leggi anche|leia também|lees ook)\b.{0,40}[:：]",
    re.IGNORECASE,
)
"""A line within a post that names other posts."""
LAST_PARTS = 4
LONGEST_CALL = 45
_CALL = re.compile(
    r"\b(?:subscri|sign up|newsletter|mailing list|follow (?:me|us|along)|share (?:this|it)|comment|buy me a coffee|ko-?fi"
    r"|patreon"
    r"|support my|tip jar|rss|discuss|abonnier|teilt?\b|folgt? mir|kommentar|suscr[ií]b|s[ií]gue(?:me|nos)|comparte|comentario"
    r"|abonne"
    r"|suivez|partage|commentaire|iscriviti|seguimi|condividi|inscreva|assine|siga-me|compartilhe|subskrybuj|подпи[сш]|поделит)",
    re.IGNORECASE,
)
_CALLS = re.compile(
    r"(?:(?:please|and|also)\W+)?(?:if you (?:liked|enjoyed|found)|(?:did you )?enjoy(?:ed)? this"
    r"|(?:thanks|thank you) for reading"
    r"|share this|subscribe|follow me|sign up for|leave a comment|like this\?|discuss this|want more)\b",
    re.IGNORECASE,
)
"""How paragraphs begin that ask the readers for something."""


def without_links_at_the_ends(parts: list[Part]) -> list[Part]:
    """For a page without a marked post: leave out blocks of links and the footer at both ends, and rows of such blocks."""
    kept = [number for number, part in enumerate(parts) if part.kind]
    rows: set[int] = set()
    for three in zip(kept, kept[1:], kept[2:], strict=False):
        if all(_is_links(parts[number]) for number in three):
            rows.update(three)
    if sum(len(parts[number].text.split()) for number in kept if number not in rows) >= 50:
        parts = [Part(None, part.text, "navigation") if number in rows else part for number, part in enumerate(parts)]
    first, last = 0, len(parts)
    while first < last and (parts[first].kind is None or _is_links(parts[first])):
        first += 1
    while last > first and (parts[last - 1].kind is None or _is_links(parts[last - 1]) or is_foot(parts[last - 1])):
        last -= 1
    if first == last:
        return parts
    ends = [*range(first), *range(last, len(parts))]
    return [
        Part(None, part.text, part.reason or "navigation")
        if number in ends or (part.kind and (_is_bar(part) or _is_column(part)))
        else part
        for number, part in enumerate(parts)
    ]


def _is_bar(part: Part) -> bool:
    """Whether a block is a row of links with separators."""
    return _is_links(part) and bool(re.search(r"\S\s*[|·•]\s*\S|\]\s*\[", part.text))


def _is_column(part: Part) -> bool:
    """Whether a block is three or more lines, and nearly all of them are links."""
    return part.kind in ("verse", "prose") and part.linked >= 0.9 and part.text.count("\n") > 1


def without_head(parts: list[Part], named: str) -> list[Part]:
    """For a page without a marked post: leave out short lines above the heading that is the page's title."""
    in_title = [number for number, part in enumerate(parts) if part.kind == "heading" and plain(part.text) in named]
    begins = [number for number in in_title if named.startswith(plain(parts[number].text))]
    title = next(iter([*begins, *in_title]), 0)
    if any(part.kind and (len(part.text.split()) >= 25 or part.kind in _OF_THE_TEXT) for part in parts[:title]):
        return parts
    return [Part(None, part.text, part.reason or "page_around") if number < title else part for number, part in enumerate(parts)]


def without_sections_of_others(parts: list[Part], *, marked: bool) -> list[Part]:
    """Leave out comments and related posts that only a heading shows, up to another heading of its level.

    Args:
        parts: of the page, in order.
        marked: whether the page marks where the post is.
    """
    words = level = 0
    reason = ""
    out = []
    for part in parts:
        if part.kind == "heading":
            said = part.text.lstrip("# ").rstrip(" :…»")
            found = next((each for each, pattern in _OF_OTHERS.items() if pattern.fullmatch(said)), "")
            found = found or ("comments" if not marked and _COMMENTS.fullmatch(said) else "")
            if found and words >= FEWEST_WORDS_BEFORE and part.level > 1:
                reason, level = found, part.level
            elif part.level <= level:
                reason = ""
        words += len(part.text.split()) if part.kind else 0
        gone = bool(reason and part.kind)
        out.append(Part(None, part.text.lstrip("# ") if part.kind == "heading" else part.text, reason) if gone else part)
    return out


def without_calls(parts: list[Part]) -> list[Part]:
    """Leave out the byline, and short paragraphs at the end of a post about its page or that ask its readers to share it."""
    for part in parts:
        if part.kind == "prose" and part.linked >= 0.5 and _SEE_ALSO.match(part.text):
            part.kind, part.reason = None, "related_posts"
    kept = [number for number, part in enumerate(parts) if part.kind]
    for number in kept[:FIRST_PARTS] if len(kept) > LAST_PARTS else ():
        if parts[number].kind == "prose" and _is_byline(parts[number].text):
            parts[number] = Part(None, parts[number].text, "byline")
    for number in kept[-LAST_PARTS:]:
        part = parts[number]
        if len(kept) > LAST_PARTS and part.kind == "prose" and part.linked > 0 and _ABOUT_THE_PAGE.match(part.text):
            parts[number] = Part(None, part.text, "navigation")
            continue
        words = len(part.text.split())
        if part.kind != "prose" or words > LONGEST_CALL or len(kept) <= LAST_PARTS:
            continue
        if (part.linked > 0 and _CALL.search(part.text)) or (words <= LONGEST_CALL // 2 and _CALLS.match(part.text)):
            parts[number] = Part(None, part.text, "share")
    return parts


def _is_byline(text: str) -> bool:
    """Whether a line only has a date or the time to read, an author and the like."""
    words = text.split()
    if len(words) > LONGEST_BYLINE or len(text) > 200:
        return False
    if _BYLINE.match(text) or (1 < len(words) <= 5 and words[0].lower() in _BY and words[1].istitle() and text[-1:].isalpha()):
        return True
    before, *after = _STAMP.split(text)
    return (
        bool(after)
        and text[-1:] not in ".!?"
        and bool(_BEFORE_STAMP.fullmatch(before))
        and all(map(_AFTER_STAMP.fullmatch, after))
    )


def _is_links(part: Part) -> bool:
    return part.kind in ("prose", "list", "table", "verse") and part.linked >= 0.8 and len(part.text) < 600


def with_title(parts: list[Part], named: str) -> list[Part]:
    """Make a heading of the first block's first line if it is the page's title; short lines below it are the byline."""
    first = next((number for number, part in enumerate(parts) if part.kind), None)
    if (
        first is None
        or parts[first].kind not in ("prose", "verse")
        or any(part.kind == "heading" and part.level == 1 for part in parts)
    ):
        return parts
    title, *below = [line.strip() for line in parts[first].text.split("\n")]
    if not 0 < len(plain(title)) <= 120 or plain(title) not in named or len(below) > 2 or any(len(line) > 60 for line in below):
        return parts
    rest = [Part(None, line, "byline") for line in below]
    return [*parts[:first], Part("heading", f"# {title}", level=1), *rest, *parts[first + 1 :]]
