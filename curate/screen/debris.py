"""What machines left in a text: broken characters, markup, pieces of a prompt or of a file format."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from curate.check import Check
from curate.model import Finding, Pair, Severity, Span
from curate.sources import SourceTexts
from likeness.metrics.prose import mask

BROKEN_CHARACTERS = re.compile(
    r"\ufffd|\\u[0-9a-f]{4}|[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]|[\ud800-\udfff]"
)
MISREAD = re.compile(
    r"[\u00c2-\u00f4][\u0080-\u00bf\u20ac\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u017d\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u017e\u0178]+"
)
"""What may be UTF-8 read as Windows-1252, such as "â€™"; it is if it reads as UTF-8 again."""

PUNCTUATED = re.compile(r"[`<>{}\[\]|=#*\\&%【$_@▁Ġ\ue200-\ue202]|:(?:\s|$)|\w:\w|-\w+:")
"""Without any of these there is no markup. """
SOFT = re.compile(r"[\u00ad\u200c\u2028\u2029\u061c\u180e\ufff9-\ufffc]|\u200d(?![\u2600-\u27bf\ufe0f\U0001f000-\U0001faff])")
"""Signs that nothing shows; the joiners belong to emoji and to some scripts."""
JOINED_SCRIPT = re.compile(r"[\u0600-\u07ff\u0900-\u0dff\u1000-\u109f\u1780-\u17ff]")
"""Arabic and Indian scripts, which join letters with signs of their own."""

PROMPT = re.compile(
    r"</?(?:document|task|sample|samples|think|thinking|s|pair|pairs|response|instruction|output|input|answer|question"
    r"|quote|user|assistant|system|human|context|passage|example|examples|result|final_answer|reasoning|scratchpad|message)>"
    r"|<\|[a-zA-Z_][\w .-]*\|?>|\[/?(?:INST|SYS|PAD|CLS|SEP|MASK|UNK|BOS|EOS)\]|<</?SYS>>|<(?:start|end)_of_turn>|<(?:pad"
    r"|unk|eos|bos|mask)>"
    r"|<0x[0-9A-F]{2}>|[Ġ▁](?=\w)|\A\s*[{\[]\s*[\"{\[](?!\])|\"(?:instruction|response|quote|content|role|answer|question"
    r"|output|text|prompt|completion)\"\s*:"
    r"|^ {0,20}[\]}]+,? ?\n?\Z|^#{1,4} ?(?:Response|Instruction|Input|Output|Answer|Question|Human|Assistant|User|System|Antwort"
    r"|Anweisung|Réponse|Respuesta"
    r"|Instrucción|Context|Prompt|End|Task|Completion)s? ?(?::|\Z|(?=\n))"
    r"|(?-i:^(?:\*\*)?(?:Human|Assistant|AI|User|AI Assistant|ASSISTANT|USER|SYSTEM|HUMAN"
    r"|Final Answer|Asistente|Assistent|Nutzer|Usuario"
    r"|Utilisateur|Benutzer)(?:\*\*)? ?:(?:\*\*)?(?=\s|\Z))|\A(?:\*\*)?(?:Response|Answer|Output"
    r"|Antwort|Réponse|Respuesta)(?:\*\*)? ?:",
    re.MULTILINE,
)
SLOT = re.compile(
    r"\{\{[^{}\n]{1,80}\}\}|\{%[^%\n]{1,120}%\}|\$\{[^{}\n]{1,60}\}"
    r"|(?<![\w{$\\^_])\{(?:[a-z][a-z0-9]*(?:[_.][a-z0-9]+)+|(?:\w*name|nombre|nom|prenom|prénom|date|datum|fecha|city|ort|title|company|firma|user|question|answer|context|input|topic|amount|betrag)\d?)\}|%\([a-z_]+\)[sd]"
    r"|(?<![\w%])%[sd](?![\w%])"
    r"|<%=?[^%\n]{1,80}%>|__[A-Z]{2}[A-Z_]{0,60}__|(?<![\w@])@@[A-Z_]+@@|%[A-Z][A-Z_]{2,}%"
    r"|\[(?:insert|your|enter|add|todo|tbd|fill in|name of|recipient|company|date|city|placeholder|first name|last name"
    r"|einfügen|hier|ihr name|insérer|votre|nom d"
    r"|insertar|nombre|nom|prénom|vorname|nachname|name|betrag|datum|fecha|tu nombre|su nombre|nombre "
    r"d|xxx?|product|topic|position|street"
    r"|e-?mail)(?:[ _:-][^\]\n]{0,60})?\](?!\()"
    r"|<(?:insert|your|enter|first|last|company|user|recipient|customer|product|add)[ _-]?[a-z_ -]{1,40}>|<(?:name|date|city"
    r"|company|email|address|title|topic|placeholder|phone|nombre|nom|fecha|datum|vorname|prénom)>"
    r"|\b(?:lorem ipsum|XXX+|PLACEHOLDER)\b",
    re.IGNORECASE,
)
"""A template's variable that nobody filled in."""
MIME = re.compile(
    r"^(?:content-(?:type|transfer-encoding|disposition|id)|mime-version|x-[a-z]+(?:-[a-z]+)+|message-id|return-path"
    r"|received|dkim-signature|in-reply-to) ?:"
    r"|^--(?:[-=_]+[\w=.'()+-]{0,20}(?:part|=_)|[\w=.'()+-]{0,40}(?:boundary|_part_|nextpart)|[0-9a-f]{12,})[\w=.'()+-]{0,80}$"
    r"|(?<=\w)=\n(?=\w)"
    r"|=(?:20|3D|0A|0D|09|2E)(?![0-9A-Fa-f])(?<![?&\w]=20)(?<![?&]\w=3D)|(?<=[^\W\d_])=20"
    r"|(?:=[C-F][0-9A-F](?:=[89AB][0-9A-F])+)"
    r"|=\?(?:utf-8|iso-8859-\d+|windows-\d+)\?[qb]\?"
    r"|(?<![\w+/=.-])(?=[A-Za-z0-9+/]{0,60}[0-9])(?=[A-Za-z0-9+/]{0,60}[A-Z])(?=[A-Za-z0-9+/]{0,60}[a-z])[A-Za-z0-9+/]{60,}={0,2}(?![\w+/=])",
    re.IGNORECASE | re.MULTILINE,
)
"""What mail is packed in."""
PAGE = re.compile(
    r"^[^\n]{0,40}(?: [»›>] [^\n»›>|]{2,40}){2,}$|\b(?:Home|Startseite|Accueil|Inicio)\b ?(?:[|»›>/•·→]) ?\w"
    r"|\b(?:skip to (?:main )?content|click here to (?:subscribe|read more|continue)|subscribe to (?:our|my|the) newsletter"
    r"|share (?:this|on) (?:article|post|facebook|twitter|via|:)"
    r"|accept (?:all )?cookies|all rights reserved|read more ?(?:»|→|\.\.\.|…)|continue reading ?(?:»|→|\.\.\.|…|$)"
    r"|table of contents|cookie (?:policy|settings|consent)|back to top"
    r"|previous post|next post|leave a (?:comment|reply)|log in to (?:reply|comment)|zum inhalt springen"
    r"|alle rechte vorbehalten|cookies akzeptieren|weiterlesen ?(?:»|→|\.\.\.|…)"
    r"|newsletter abonnieren|tous droits réservés|aller au contenu|accepter les cookies|lire la suite|partager sur"
    r"|todos los derechos reservados|saltar al contenido|aceptar (?:las )?cookies"
    r"|leer más ?(?:»|→|\.\.\.|…)|compartir en|sent from my (?:iphone|ipad|phone|android)|von meinem iphone gesendet"
    r"|envoyé de mon iphone|enviado desde mi iphone"
    r"|\d+ (?:comments|likes|shares|views) (?:[·|•]|\d))"
    r"|(?<=\w)[ \n]{1,3}(?:Page|Seite|Página) \d+ (?:of|von|de|sur) \d+\b|^ *(?:[-–—] ?\d{1,4} ?[-–—]|\| ?(?:Page|Seite"
    r"|Página)? ?\d{1,4} ?\|?|(?:Page|Seite|Página) \d{1,4}|\d{1,4} \| (?-i:[A-Z])[^|\n]*)$"
    r"|(?<=[^\W\d_,])\n{1,3} {0,9}\d{1,4} {0,9}\n{1,3}(?=[^\W\d_])",
    re.IGNORECASE | re.MULTILINE,
)
"""What is around an article on its page: breadcrumbs, buttons, page numbers."""
CITED = re.compile(
    r"\[\^?\d{1,3}(?:[,–;-] ?\d{1,3})*\](?!\()|【(?:\d[^】]{0,80}|[^】]{0,80}(?:†|source)[^】]{0,80})】"
    r"|\[(?:citation needed|edit|clarification needed|when\?|who\?"
    r"|bearbeiten|modifier|réf\. nécessaire|editar|cita requerida|note \d+|source\??|sources|ref)\]"
    r"|\bcite(?:turn|_start)\w*|:contentReference\[|oaicite:|\[oai_|turn\d+(?:search|view|news)\d+|\ue200|\ue201|\ue202",
    re.IGNORECASE,
)
HALF_CUT = re.compile(
    r"\[[^\]\[\n]{1,80}\]\((?:https?|mailto|www)[^)\s]{0,1000}+(?=\s|\Z)(?!\))|\[\]\([^()\n]{0,200}\)|!\[[^\[\]\n]{0,200}(?:\](?:\([^)\s]{0,1000}+)?)?\Z"
    r"|\*\*[^*\n]{1,200}\n?\Z|^#{1,6} *$"
    r"|(?:^|\s)\*\*(?=\s|$)|\[[^\[\]\n]{1,200}\]\( ?\)",
    re.MULTILINE,
)

MARKUP: list[tuple[str, Severity, re.Pattern[str]]] = [
    ("an HTML tag", "drop", re.compile(
        r"</?(?:p|br|hr|div|span|a|b|i|u|em|strong|ul|ol|li|h[1-6]|table|tbody|tr|td|th|img|code|pre|sup|sub|font|center"
        r"|small|script|style|iframe|section|article"
            r"|figure|figcaption|html|body|head|meta|link|input|button|form|label|nav|header|footer"
            r"|blockquote)(?:\s[^<>]{0,500})?/?>|<!--|-->|\[/(?:b|i|url|quote|img|code)\]|\[(?:url|quote"
            r"|img)(?:=[^\]\n]*)?\]", re.I
    )),
    ("an HTML entity", "drop", re.compile(
        r"&(?:amp|lt|gt|nbsp|quot|apos|[mn]dash|hellip|[lr][sd]quo|laquo|raquo|copy|reg|euro|shy|bull"
        r"|middot|[aeiou](?:uml|acute|grave|circ)|ntilde|ccedil"
    r"|szlig|rsaquo|times|trade|deg|#\d{2,6}|#x[0-9a-f]{2,6});", re.I)),
    ("a footnote mark", "warning", CITED),
    ("LaTeX", "warning", re.compile(r"\\(?:begin|end|frac|text\w*|emph|section|cite\w?|ref|label|sqrt|sum|cdot|times)\b\s*\{?")),
    ("Markdown that was cut off", "warning", HALF_CUT),
]  # fmt: skip
"""What is left over, what it does to a generated pair, and what it looks like."""
WHOLE: list[tuple[str, Severity, re.Pattern[str]]] = [
    (
        "a link that was cut off",
        "warning",
        re.compile(r"\[[^\]\[\n]{1,80}\]\((?:https?:|mailto:|www\.)[^)\s]{0,1000}+(?:\s(?!\")|\Z)|(?:^|\s)\]\("),
    ),
    ("a Markdown link", "warning", re.compile(r"!?\[[^\[\]\n]{1,200}\]\((?:https?://|mailto:|www\.|[./#])[^)\s]{0,1000}+\)")),
    (
        "an answer in a code fence",
        "drop",
        re.compile((r"\A\s*```(?:markdown|md|text|txt|json|plaintext)?\n(?=[^`\n]* [^`\n]* )[^`;{}=]*```\s*\Z"), re.I),
    ),
    ("a code fence without its end", "warning", re.compile(r"\A[^`]*(?:```[^`]*```[^`]*)*```[a-z]*\s*\Z", re.I)),
    ("a Markdown table", "warning", re.compile(r"^[^|\n]*\|[^\n]*\n {0,9}\|? ?:?-{2,}:? ?\|[-|: ]*$", re.M)),
]
"""Looked for in the whole text, not in its prose alone."""
IN_WHOLE = {pattern for _, _, pattern in WHOLE}


def find_debris(pairs: Iterable[Pair], sources: SourceTexts) -> Iterable[Finding]:
    """Pairs with broken characters, pieces of a prompt, or markup in them; the finding points to the first of each.

    Only prose is looked at: what is in code, in backticks or in a formula is meant. What drops a generated pair is only
    reported where people wrote it: they can correct it at its source. Markup that the author's own documents have as well
    is the author's. Score is always 1.
    """
    foreign = sources.learn(_foreign)
    for pair in pairs:
        for part, text in pair.sides:
            for match, reason, message, severity in _debris(text, foreign):
                mild = pair.wrote != "generator"
                span = Span(part, *match.span())
                yield Finding(pair.id, "debris", "warning" if mild else severity, 1.0, message, span, reason)


def _foreign(sources: SourceTexts) -> list[tuple[str, Severity, re.Pattern[str]]]:
    """Markup that is nowhere in the author's documents."""
    prose = [mask(document.text) for document in sources.documents.values()]
    foreign = [each for each in MARKUP if not any(each[2].search(text) for text in prose)]
    return foreign + [each for each in WHOLE if not any(each[2].search(document.text) for document in sources.documents.values())]


def _debris(
    text: str, foreign: list[tuple[str, Severity, re.Pattern[str]]]
) -> Iterator[tuple[re.Match[str], str, str, Severity]]:
    masked = mask(text)
    broken = BROKEN_CHARACTERS.search(masked) or (not JOINED_SCRIPT.search(masked) and SOFT.search(masked))
    if broken:
        shown = broken[0].encode("unicode_escape").decode()
        yield broken, "broken_character", f"debris: a character that nothing shows, {shown}", "drop"
    if misread := next(filter(_was_utf8, MISREAD.finditer(masked)), None):
        yield misread, "wrong_encoding", f"debris: a character read in the wrong encoding, “{misread[0]}”", "drop"
    pieces: list[tuple[str, str, Severity, re.Pattern[str], str]] = [
        ("a piece of a mail's wrapping", "prompt_piece", "drop", MIME, masked)
    ]
    if PUNCTUATED.search(text):
        pieces += [
            ("a piece of a prompt or of a file", "prompt_piece", "drop", PROMPT, masked),
            ("a place that a template should have filled", "prompt_piece", "drop", SLOT, masked),
            *(
                (what, "markup", severity, pattern, text if pattern in IN_WHOLE else masked)
                for what, severity, pattern in foreign
            ),
        ]
    for what, reason, severity, pattern, where in pieces:
        if piece := pattern.search(where):
            left = "" if reason == "prompt_piece" else " is left over"
            yield piece, reason, f"debris: {what}{left}, “{piece[0].strip()[:40]}”", severity
    if page := PAGE.search(masked):
        yield page, "markup", f"debris: a piece of a page round the text, “{page[0].strip()[:40]}”", "warning"


def _was_utf8(match: re.Match[str]) -> bool:
    """Whether neighbouring characters were one in UTF-8: "é" read as "Ã©" comes back, "Ño" in Spanish does not."""
    for encoding in ("cp1252", "latin-1"):
        try:
            return match[0].encode(encoding).decode("utf-8") != match[0]
        except UnicodeError:
            continue
    return False


CHECK = Check(
    name="debris",
    about="Broken characters, pieces of prompts and files, markup that is left over.",
    scope="row",
    order=30,
    reasons={"broken_character": "debris", "wrong_encoding": "debris", "prompt_piece": "debris", "markup": "debris"},
    find=lambda given: find_debris(given.pairs, given.sources),
)
