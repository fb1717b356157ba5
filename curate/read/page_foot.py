"""Leave out the lines with which pages made by hand speak of themselves: counters, web rings, browsers, hosts, guest books.

They stand above and below the text. Within the text a line is only taken for one if it is a link.
"""

from __future__ import annotations

import re
from dataclasses import replace

from curate.read.markup import Part

FOOT = re.compile(
    r"©|\(c\)\s*(?:19|20)\d\d|copyright|all rights reserved|last (?:updated|modified|changed|revised)|webmaster|best viewed"
    r"|optimi[sz]ed for|visitors? (?:number|no\.|since)|(?:accessed|visited|viewed) [\d.,]{1,12} times|hits since"
    r"|valid (?:x?html|css)|this (?:page|site) (?:is|was) (?:hosted|maintained|created|made)|powered by|hosted (?:by|at|on)"
    r"|web ?ring|guest ?book|printer[- ]friendly|print(?:able)? version|(?:e-?)?mail me|back to (?:top|home|the (?:top|index))"
    r"|letzte (?:änderung|aktualisierung)|zuletzt (?:geändert|aktualisiert)|besucher(?: nr| seit|zähler)|druckversion"
    r"|seitenanfang|gästebuch|dernière (?:mise à jour|modification)|visiteurs? (?:depuis|n°)|version imprimable|haut de page"
    r"|livre d[’']or|última (?:actualización|modificación|atualização)|ultimo aggiornamento|visitante n|libro de visitas",
    re.IGNORECASE,
)
"""Signs of a footer, anywhere in it."""
_LEAD = (
    r"\W{0,6}(?:(?:this|the|these|my|our|it|please|also|and|don[’']t forget to|click here to|click to|come|diese[rs]?"
    r"|meine|unsere?|bitte|cette|ce|mon|merci de|questa?o?|il mio|esta|mi|minha|ta|moja|deze|web ?pages?|home ?pages?"
    r"|web ?sites?|pages?|sites?|(?:web|home)?seite|sito|página|pagina|strona|is|was|has been|are|ist|wurde|est|a été|è)"
    r"\W{1,3}){0,5}"
)
"""Words before what such a line is about."""
_ABOUT = "|".join((
    # how many have come
    r"(?:you(?:[’']re| are)|sie sind|du bist|vous êtes|sei|siete|eres|es usted|você é|jesteś)\W.{0,24}"
    r"\b(?:visitor|besucher|visiteur|visitator|visitante|gościem|odwiedzając\w+)",
    r"(?:visitors?|hits?|besucher\w{0,3}|visiteurs?|visitantes?|visitas|visitatori|odwiedzin|gości|посетител\w+)\b\W{0,3}"
    r"(?:number|no\b|nr|n°|seit|since|depuis|desde|dal\b|counter|so far|до|с\b|od\b|[:#\d])",
    r"\d[\d.,' ]{0,11} (?:visitors?|hits|besucher|visiteurs|visitas|visitantes|visitatori)\b",
    r"(?:accessed|visited|viewed|besucht|aufgerufen|visitée?|visitata|visitada)\W.{0,14}\b(?:times|mal|fois|volte|veces|vezes)",
    r"(?:hit|access|visitor|page) ?counter|besucherzähler|compteur|アクセスカウンタ|あなたは.{0,20}[人番]目|您是第.{0,12}[位个]",
    # rings
    r".{0,60}\bweb ?ring\b",
    r"(?:prev(?:ious)?|next|random|list sites|skip|join)(?:\W{1,5}(?:prev(?:ious)?|next(?: \d)?|random|list(?: sites| all)?"
    r"|skip(?: it)?|join|hub|home))+\W*$",
    # browsers, hosts and tools
    r"(?:best|am besten|mieux|meglio|mejor|najlepiej)\W.{0,16}\b(?:viewed|seen|experienced|with|mit|dargestellt|angesehen"
    r"|betrachtet|visible|vue?|visualizz\w+|vist[oa]|oglądać|w rozdzielczości)\b",
    r"looks? best",
    r"(?:optimi[sz]ed|optimiert|optimisée?|ottimizzat[oa]|optimizad[oa]|zoptymalizowan\w) (?:for|für|pour|per|para|dla|auf)\b",
    r"(?:proudly )?hosted (?:\w+ )?(?:by|at|on)\b|powered by\b|get your own (?:free )?(?:home|web|page|site)",
    r"(?:made|created|written|built|designed|maintained|erstellt|réalisée?|hecha|fatta)\W.{0,30}\b(?:notepad|vi|vim|emacs|frontpage"
    r"|netscape|composer|dreamweaver|homesite|hand-coded|html|css|mac|windows|linux|webmaster)\b",
    r"(?:valid|validated) (?:x?html|css)|under construction\W*$",
    # days and rights
    r"(?:(?:last|latest|most recent(?:ly)?)\s)?(?:updated?|modified|changed|revised|revision|edited|aktualisiert|geändert)\b"
    r"\W{0,3}(?:on |am |le |il |el )?.{0,14}\d",
    r"(?:letzte (?:änderung|aktualisierung|bearbeitung)|zuletzt (?:geändert|aktualisiert|bearbeitet)|stand:"
    r"|dernière (?:mise à jour|modification)|mise? à jour|última (?:actualización|modificación|atualização)|ultimo aggiornamento"
    r"|ostatnia (?:aktualizacja|zmiana|modyfikacja)|laatst (?:bijgewerkt|gewijzigd)|senast (?:uppdaterad|ändrad)|sidst opdateret"
    r"|последнее обновление|обновлен\w|最終更新|最后更新|更新日)",
    r"(?:©|\(c\) ?(?:19|20)\d\d|copyright\W{1,3}(?:©|\(c\)|(?:19|20)\d\d)|all rights reserved)",
    # letters to the author
    r"(?:sign|view|read|visit|see|leave)\W.{0,24}\bguest ?book|guest ?book\W*$|(?:ins |zum |mein )?gästebuch\b.{0,20}$"
    r"|.{0,24}(?:livre d[’']or|libro de visitas|libro degli ospiti|livro de visitas|księg\w+ gości|гостев\w+ книг\w)",
    r"(?:e-?)?mail\W{1,3}(?:me|us|the webmaster|an mich|moi)\b|send (?:me |us )?(?:an? )?(?:e-?)?mail\W|webmaster\b|e-?mail:",
    r"(?:any )?(?:questions|comments|suggestions|feedback|fragen|anregungen|questions)\b.{0,40}(?:mail|@|webmaster)",
    r"(?:back|return|go|zurück|retour|torna|volver) (?:to|zur?m?|à|alla?|a)\W.{0,12}\b(?:top|home|index|main|start|startseite"
    r"|accueil|inizio|inicio)\b.{0,16}$",
))  # fmt: skip
_LINE = re.compile(f"{_LEAD}(?:{_ABOUT})", re.IGNORECASE)
"""How a line begins that speaks of the page."""
_SENTENCE = re.compile(r"[^\d@©|\n]+[.!?…]", re.DOTALL)
"""Words that end as a sentence does, without a number, an address or a mark in them: they are the author's."""
MOST_WORDS = 16
LONG = 20
"""Words of a paragraph that is the page's text."""
_OF_LINES = ("prose", "verse", "table", "list", "heading")


def is_foot(part: Part) -> bool:
    """Whether a block at the end of a page is its footer."""
    signs = len({found.lower() for found in FOOT.findall(part.text)})
    if part.kind not in ("prose", "verse", "table") or not signs or len(part.text.split()) > (40 if signs == 1 else 90):
        return False
    return signs > 1 or part.linked > 0 or not _SENTENCE.fullmatch(part.text) or _is_about_the_page(part.text)


def without_lines_about_the_page(parts: list[Part]) -> list[Part]:
    """For a page without a marked post: leave out lines that speak of the page, above and below its text.

    Args:
        parts: the blocks of the page.
    """
    text = [number for number, part in enumerate(parts) if _is_text(part)]
    first, last = (text[0], text[-1]) if text else (len(parts), -1)
    out: list[Part] = []
    for number, part in enumerate(parts):
        if part.kind not in _OF_LINES or (first <= number <= last and part.linked < 0.8):
            out.append(part)
            continue
        lines = part.text.split("\n")
        gone = [line for line in lines if _is_about_the_page(line)]
        kept = [line for line in lines if line not in gone]
        if kept:
            out.append(replace(part, text="\n".join(kept)) if gone else part)
        if gone:
            out.append(Part(None, "\n".join(gone), "navigation"))
    return out


def _is_text(part: Part) -> bool:
    if part.kind in ("code", "quotation"):
        return True
    if part.kind not in ("prose", "verse", "list") or part.linked >= 0.8:
        return False
    return len(part.text.split()) >= LONG and not any(map(_is_about_the_page, part.text.split("\n"))) and not is_foot(part)


def _is_about_the_page(line: str) -> bool:
    bare = line.strip(" |#*-")
    return 0 < len(bare.split()) <= MOST_WORDS and _LINE.match(bare) is not None
