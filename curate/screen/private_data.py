"""Private data: addresses, numbers and keys that a model would repeat to anybody, and people that the recipe names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address

from curate.check import Check
from curate.model import Finding, Pair, Severity, Span, Turn
from curate.screen.settings.private_data import PrivateDataSettings
from likeness.metrics.prose import mask
from likeness.recipe.screen import Screen


@dataclass(frozen=True, slots=True)
class Private:
    """A piece of private data and where it is."""

    what: str
    start: int
    end: int


def find_private_data(pairs: Iterable[Pair], settings: PrivateDataSettings) -> Iterable[Finding]:
    """Private data in any message of a pair. The message says what it is and never repeats it; score is always 1.

    With `action: redact` the pairs that `redact_private_data` changes are reported, and not dropped; no span is given, because
    the text that it would point into is gone.
    """
    severity: Severity = "drop" if settings.action == "drop" else "warning"
    for pair in pairs:
        for where, span, private in _of_pair(pair, settings.names):
            message = f"private data: {private.what} in the {where}"
            if settings.action == "redact":
                yield Finding(pair.id, "private_data", severity, 1.0, f"{message} was taken out", reason="private")
            else:
                yield Finding(pair.id, "private_data", severity, 1.0, message, span, "private")


def redact_private_data(pairs: Sequence[Pair], settings: PrivateDataSettings) -> list[Pair]:
    """The pairs with every piece of private data replaced by what it was, in brackets: "[an e-mail address]".

    Ids stay, and so do the offsets of the evidence: they say where the quote is in the document, which nobody changes.
    The quote's own text is published, and is redacted as well.
    """

    names = settings.names
    return [
        replace(
            pair,
            prompt=tuple(Turn(turn.role, redacted(turn.content, names)) for turn in pair.prompt),
            response=redacted(pair.response, names),
            context=redacted(pair.context, names),
            evidence=pair.evidence and replace(pair.evidence, quote=redacted(pair.evidence.quote, names)),
        )
        for pair in pairs
    ]


def redacted(text: str, names: Sequence[str] = ()) -> str:
    """A text with every piece of private data replaced by what it was, in brackets."""
    for private in reversed(list(private_data_in(text, names))):
        text = f"{text[: private.start]}[{private.what}]{text[private.end :]}"
    return text


def private_data_in(text: str, names: Sequence[str] = ()) -> Iterator[Private]:
    """What is private in a text, in order; where two overlap the earlier and longer one counts.

    Numbers in code, hashes and tables are no telephone numbers; keys and passwords are looked for there as well.
    """
    prose = mask(text)
    found = []
    lowered = text.lower()  # several times as fast as a search that ignores case
    has = {sign: gate.search(lowered) is not None for sign, gate in GATES.items()}
    for what, pattern, holds in PATTERNS:
        if not has[SIGNS.get(what, "digit")]:
            continue
        for match in pattern.finditer(text):
            start, end = match.span("value") if "value" in pattern.groupindex else match.span()
            in_code = prose[start:end].isspace() and not text[text.rfind("\n", 0, start) + 1 :].lstrip().startswith(">")
            if (holds is None or holds(match)) and (what in EVERYWHERE or not in_code):
                found.append(Private(what, start, end))
    if names:
        listed = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, names))})(?!\w)", re.IGNORECASE)
        found += [Private("a person's name", *match.span()) for match in listed.finditer(text)]
    end = 0
    for private in sorted(found, key=lambda each: (each.start, -each.end)):
        if private.start >= end:
            yield private
            end = private.end


def _of_pair(pair: Pair, names: Sequence[str]) -> Iterator[tuple[str, Span | None, Private]]:
    """Where private data is, in words and as a span, and what it is."""
    for turn in pair.prompt[:-1]:
        yield from (("conversation before", None, private) for private in private_data_in(turn.content, names))
    yield from (("passage that it is given", None, private) for private in private_data_in(pair.context, names))
    for part, text in pair.sides:
        yield from ((part, Span(part, private.start, private.end), private) for private in private_data_in(text, names))


# what a candidate must be beyond its looks


def _is_card(match: re.Match[str]) -> bool:
    """The Luhn sum (ISO/IEC 7812-1, annex B), over the lengths and first digits that card numbers have."""
    digits = [int(digit) for digit in match[0] if digit.isdigit()]
    if "".join(map(str, digits)) in TEST_CARDS:
        return False
    doubled = [2 * digit - 9 * (digit > 4) for digit in digits[-2::-2]]
    return len(set(digits)) > 1 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_iban(match: re.Match[str]) -> bool:
    """ISO 13616: country and check digits moved to the end, letters as 10 to 35, the remainder by 97 is 1."""
    letters = match[0].replace(" ", "").upper()
    return 15 <= len(letters) <= 34 and int("".join(str(int(letter, 36)) for letter in letters[4:] + letters[:4])) % 97 == 1


def _is_phone(match: re.Match[str]) -> bool:
    """Seven to fifteen digits (ITU-T E.164 allows fifteen), written as a telephone number is, or said to be one."""
    number, digits = match[0], re.sub(r"\D", "", match[0])
    before = match.string[max(0, match.start() - 60) : match.start()]
    after = match.string[match.end() : match.end() + 12]
    if (
        not 7 <= len(digits) <= 15
        or OTHER_NUMBER.fullmatch(number)
        or NO_PHONE.search(before)
        or FREE.match(number)
        or "123456789" in digits
    ):
        return False
    if re.match(r"\s?(?:[€$£%]|euros?|dollars?|people|inhabitants|Einwohner|habitant|[kMG]?B\b)", after):
        return False
    if PHONE_CUE.search(before):
        return True
    sizes = [len(group) for group in re.findall(r"\d+", number)]
    return (
        number[0] == "+"
        or (digits.startswith("00") and len(digits) >= 10)
        or (number[0] == "(" and len(digits) >= 9)
        or sizes in ([3, 3, 4], [1, 3, 3, 4], [3, 2, 2, 2])
        or (sizes == [3, 3, 3] and digits[0] in "67")
        or (digits[0] == "0" and 2 <= len(sizes) <= 5 and 9 <= len(digits) <= 12 and "." not in number.strip("."))
        or (digits[0] == "0" and sizes == [2, 2, 2, 2, 2])
        or (sizes in ([11], [3, 4, 4]) and re.match(r"1[3-9]", digits) is not None and bool(HAN.search(match.string)))
    )


HAN = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
FREE = re.compile(r"(?:\+?1[ .-]?)?\(?8(?:00|33|44|55|66|77|88)\)?[ .-]|0800|0180|0900|\+?44 ?\(?0?\)?800|00800|900 ")
"""Numbers that companies publish: nobody's own."""
OTHER_NUMBER = re.compile(
    r"(?:1\d|20)\d\d *[-–] *(?:1\d|20)\d\d|\d{4}[-./]\d\d?[-./]\d\d?(?:[ T]\d\d?)?|\d{1,2}[./-]\d{1,2}[./-]\d{4}|\d{1,3}(?:\.\d{1,3}){3}"
    r"|\d{1,3}(?:[ .]\d{3}){2,3}(?<=000)|\d{1,3}(?:\.\d{3})+|97[89][- ]?[\d -]{9,}"
)
"""Two years, a date, an address of a machine, a round or grouped amount, a book."""
PHONE_CUE = re.compile(
    r"(?:\b(?:phone|telephone|tel|mobile|cell|fax|call|ring|dial|text|whatsapp|signal|reach (?:me|him|her|us|them)|landline"
    r"|handy(?:nummer)?|telefon(?:nummer)?|mobil(?:nummer)?|erreichbar|anrufen|ruf\w*|durchwahl|festnetz|rückruf"
    r"|téléphone|portable|appel\w*|joindre|joignable|fixe|teléfono|móvil|celular|llam\w+|fijo)\b|电话|手机|携帯|電話)[^.!?\d]{0,30}\Z"
    r"|\b(?:number|nummer|numéro|número)(?:'s| is| ist| lautet| est| es|:) *\Z",
    re.IGNORECASE,
)
NO_PHONE = re.compile(
    r"(?:\b(?:isbn|issn|doi|page|pages|pp?\.|no\.|nr\.|order|invoice|lot|serial|model|version|patent|ticket|part|article|case|issue|build"
    r"|bestell\w*|rechnung\w*|artikel\w*|serien\w*|vorgang\w*|commande|facture|série|dossier|pedido|factura|serie|expediente"
    r"|tracking|sendung\w*|colis|envío|ean|sku|id|timestamp|port|offset|hash)(?: (?:number|nummer|no|code|id|numéro|número|de))?)[-:#=\s\d]*\Z",
    re.IGNORECASE,
)


def _is_secret(match: re.Match[str]) -> bool:
    """Letters and digits, or letters and signs, and not a placeholder: a made key, not a word."""
    value = match["value"].rstrip(".,;:!?)»”\"'`")
    if PLACEHOLDER.search(value) or len(value) < 6 or value.startswith(("$", "<", "{", "%", "os.", "process.", "http")):
        return False
    kinds = [bool(re.search(kind, value)) for kind in (r"[^\W\d_]", r"\d", r"[^\w\s]|_")]
    if kinds[0] and kinds[2] and not kinds[1]:
        return bool(re.search(r"[!@#$%&*+?^]", value[:-1])) and "(" not in value and "." not in value
    return kinds[0] and kinds[1] and len(set(value)) >= 5 and "(" not in value


PLACEHOLDER = re.compile(
    r"(?i)x{3,}|\*{3,}|\.{3}|…|your|example|placeholder|changeme|beispiel|exemple|ejemplo|redacted|<|>|\A(?:sha|md)\d"
)


def _is_own_address(match: re.Match[str]) -> bool:
    """An address of somebody: not of an example, a role, a machine or a repository."""
    name, _, domain = match[0].casefold().rpartition("@")
    if name == "git" or (match.string[match.end() : match.end() + 1] == ":" and "/" in match.string[match.end() :][:60]):
        return False
    if re.search(
        r"(?:^|\.)(?:example|beispiel|exemple|ejemplo|test|domain|yourdomain|email)\.(?:com|org|net|edu|de|fr|es|eu|io|co\.uk)$|\.(?:test|invalid|localhost)$",
        domain,
    ):
        return False
    return not re.fullmatch(ROLES, re.split(r"[+.]", name)[0])


ROLES = (
    r"(?:info|support|help|helpdesk|sales|press|presse|contact|kontakt|contacto|hello|hallo|office|buero|no-?reply|donotreply|postmaster"
    r"|webmaster|admin|abuse|security|privacy|jobs|team|service|kundenservice|newsletter|billing|news|editor|redaktion|service-client)"
)


def _is_public_address(match: re.Match[str]) -> bool:
    before = match.string[max(0, match.start() - 24) : match.start()]
    if match[0] in ("8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9") or re.search(
        r"(?i)(?:version|release|v|firmware|§) ?\Z", before
    ):
        return False
    try:
        return ip_address(match[0]).is_global
    except ValueError:
        return False


def _is_home(match: re.Match[str]) -> bool:
    """A street address that no shop, office or sight has."""
    around = match.string[max(0, match.start() - 70) : match.end() + 30]
    return not PUBLIC_PLACE.search(around) and not FAMOUS.search(match[0])


PUBLIC_PLACE = re.compile(
    r"\b(?:museum|musée|museo|library|bibliothek|bibliothèque|biblioteca|town hall|city hall|rathaus|mairie|ayuntamiento|hotel|hôtel"
    r"|restaurant\w*|restaurante|café|pub|shop|store|laden|geschäft|boutique|tienda|bakery|bäckerei|boulangerie|panadería|station|bahnhof"
    r"|gare|estación|church|kirche|église|iglesia|theatre|theater|théâtre|teatro|university|universität|université|universidad|headquarters"
    r"|head office|branch|filiale|showroom|warehouse|hospital|klinik|krankenhaus|gallery|galerie|cinema|kino|embassy|botschaft|novel|roman"
    r"|detective|film|demonstration|demo|manif\w*|bus stop|haltestelle|tram|metro|métro|parade|festival|market hall|bookshop|buchhandlung|librairie)\b",
    re.IGNORECASE,
)
FAMOUS = re.compile(
    r"Downing|Baker Street|Pennsylvania Ave|Wall Street|Abbey Road|Elm Street|Sesame|Unter den Linden|Champs", re.IGNORECASE
)


def _letter(digits: str) -> str:
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(digits) % 23]


def _is_dni(match: re.Match[str]) -> bool:
    """Spain's DNI and NIE: the letter is the number's remainder by 23 (Real Decreto 1553/2005)."""
    digits = re.sub(r"\W", "", match[0]).upper()
    return _letter(digits[:-1].translate(str.maketrans("XYZ", "012"))) == digits[-1]


def _is_nir(match: re.Match[str]) -> bool:
    """France's NIR: the key is 97 less the remainder of the thirteen digits by 97."""
    digits = re.sub(r"\W", "", match[0]).upper().replace("2A", "19").replace("2B", "18")
    return len(digits) == 15 and 97 - int(digits[:13]) % 97 == int(digits[13:])


def _is_steuer_id(match: re.Match[str]) -> bool:
    """Germany's tax number: eleven digits with the check digit of ISO 7064, MOD 11,10."""
    digits = [int(digit) for digit in match[0] if digit.isdigit()]
    product = 10
    for digit in digits[:-1]:
        product = ((digit + product) % 10 or 10) * 2 % 11
    return len(digits) == 11 and digits[0] != 0 and (11 - product) % 10 == digits[-1]


def _is_chinese_id(match: re.Match[str]) -> bool:
    """China's resident number: weighted sum, MOD 11-2 (GB 11643-1999)."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(match[0][:17], weights, strict=True))
    return "10X98765432"[total % 11] == match[0][17].upper()


def _is_nhs(match: re.Match[str]) -> bool:
    """Britain's NHS number: weighted sum, modulus 11."""
    digits = [int(digit) for digit in match[0] if digit.isdigit()]
    rest = (11 - sum(digit * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False)) % 11) % 11
    return rest == digits[-1] and bool(re.search(r"(?i)nhs|patient", match.string[max(0, match.start() - 60) : match.start()]))


def _is_person(match: re.Match[str]) -> bool:
    """A full name that is no place, month or history."""
    words = set(re.findall(r"\w+", match["name"].casefold()))
    return not words & NO_PERSON and not re.search(
        r"\b1[0-9]\d\d\b|century|Jahrhundert|siècle|siglo|\b(?:king|queen|könig\w*|roi|reine|rey|reina|composer|painter|poet)\b",
        match.string,
        re.I,
    )


NO_PERSON = frozenset(
    """the new york san los las saint st south north east west united great national health service world red cross der die das
    monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september october
    november december montag dienstag mittwoch donnerstag freitag samstag sonntag hospital clinic doctor type why how what who does
    did is are my our when if this that one our wie was warum mein meine unser qué cómo por mi cuando comment pourquoi mon ma
    park lake mount street university foundation institute society""".split()
)

STREETS = (
    "Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Close|Court|Ct|Crescent|Terrace|Boulevard|Blvd|Way|Place|Pl|Square"
    "|Gardens|Grove|Row|Mews|Hill|Rise|Walk|Park|Circle|Cir|Parkway|Pkwy|Trail"
)
CAPITAL = "[A-ZÀ-ÖØ-Þ]"
DAY = (
    r"(?:\d{1,2}(?:\.|st|nd|rd|th|er)?[ ./-](?:of |de )?(?:\d{1,2}|[^\W\d_]{3,10})\.?[ ./-](?:de |del )?(?:19[2-9]\d|20[0-2]\d)"
    r"|(?:19[2-9]\d|20[0-2]\d)-\d\d-\d\d|[A-Z][a-z]{2,8} \d{1,2}(?:st|nd|rd|th)?,? (?:19[2-9]\d|20[0-2]\d))"
)
FULL_NAME = rf"(?<![^\W_])(?P<name>{CAPITAL}[\w'’-]{{1,40}} (?:(?:de|la|del|van|von|der|du) ){{0,4}}{CAPITAL}[\w'’-]{{1,40}})"
ILLNESS = (
    r"(?:diagnos\w+|cancer|tumou?r|leuk[ae]+mia|diabet\w+|hiv\b|aids\b|depressi\w+|bipolar|schizophren\w+|epilep\w+|dementia|alzheimer\w*|parkinson\w*"
    r"|multiple sclerosis|chemo\w*|miscarriage|pregnan\w+|rehab|burnout|panic attacks|antidepress\w+|anorexi\w+|bulimi\w+|asthma|hepatitis|krebs\w*|krank\w*"
    r"|schwanger\w*|fehlgeburt|entzug\w*|sucht\w*|demenz|zuckerkrank\w*|herzinfarkt|schlaganfall|stroke|heart attack|cancers?|dépress\w+|diabète|sida|séropositi\w+"
    r"|épilep\w+|enceinte|fausse couche|sclérose|démence|infarctus|avc|cáncer|depresión|vih\b|seropositiv\w+|embarazad\w+|aborto|esclerosis|demencia"
    r"|infarto|ictus|quimio\w*|chimio\w*|psychiatr\w+|psiqui\w+|therap\w+|dialys\w+|diálisis|migr[aä]\w+|crohn\w*|lupus|endometrios\w+|adhd|adhs|tdah|autis\w+)"
)
CUED = (
    r"(?:passport|pass(?:nummer)?|reisepass|personalausweis|ausweis|passeport|carte d'identité|pasaporte|identity card|id card|driving licence|driver'?s license"
    r"|führerschein\w*|permis de conduire|permiso de conducir|versicherten\w*|versicherungsnummer|krankenkasse\w*|insurance|member(?:ship)?|patient(?:en)?|mutuelle|afiliad\w+"
    r"|seguridad social|sécurité sociale|sozialversicherung\w*|social security|steuer\w*|tax|fiscal|national insurance|account|konto\w*|compte|cuenta|sort code"
    r"|routing|bankleitzahl|blz|licen[cs]e plate|number plate|plate|kennzeichen|immatricul\w+|matrícula|imei|dob|護照|护照|身份证|マイナンバー)"
)
PATTERNS: list[tuple[str, re.Pattern[str], Callable[[re.Match[str]], bool] | None]] = [
    ("an e-mail address", re.compile(r"(?<![\w.+/-])[\w.+-]*[^\W_]@(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W\d_]{2,}"), _is_own_address),
    (
        "an e-mail address",
        re.compile(
            r"(?<![\w.+-])[\w.+-]{2,40} ?[\[({] ?(?:at|ät|arroba|arobase|chez)[\])}]? ?[\])}] ?[\w-]+(?: ?[\[({]? ?(?:dot|punkt|point|punto|\.) ?[\])}]? ?[a-z]{2,12})+"
            r"|(?<![\w.+-])[\w.+-]{2,40} (?:at|arroba|arobase) [\w-]+ (?:dot|punkt|point|punto) [a-z]{2,6}\b",
            re.IGNORECASE,
        ),
        None,
    ),
    (
        "a private key",
        re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
        None,
    ),
    (
        "an access key",
        re.compile(
            r"\b(?:sk-(?:[a-z]+-)*[\w-]{20,}|(?:AKIA|ASIA)[A-Z0-9]{16}|gh[pousr]_\w{30,}|github_pat_\w{22,}|glpat-[\w-]{20,}"
            r"|hf_[A-Za-z0-9]{30,}|xox[abprs]-[\w-]{10,}|AIza[\w-]{35}|(?:sk|rk|pk)_(?:live|test)_\w{16,}|npm_\w{30,}|pypi-\w{30,}"
            r"|SG\.[\w-]{16,}\.[\w-]{16,}|dop_v1_\w{40,}|eyJ[\w-]{10,1000}+\.eyJ[\w-]{10,}\.[\w-]{10,}|\d{8,10}:AA[\w-]{30,}|SK[0-9a-f]{32}"
            r"|hooks\.slack\.com/services/[\w/]{20,}|discord(?:app)?\.com/api/webhooks/\d+/[\w-]{20,})"
        ),
        lambda match: not re.search(r"(?i)x{5,}|\*{3,}|example\Z", match[0]),
    ),
    (
        "an access key",
        re.compile(
            r"(?:\bBearer +|\b(?:Account|SharedAccess)Key=|\baws_(?:secret_access_key|session_token)[\"']?\s?[=:]\s?[\"']?)(?P<value>[\w+/=.~-]{20,})",
            re.IGNORECASE,
        ),
        lambda m: not PLACEHOLDER.search(m["value"]),
    ),
    (
        "a wallet's words",
        re.compile(
            r"\b(?:seed|recovery|mnemonic|backup|secret) (?:phrase|words)\b[^.!?\n]{0,20}?(?: is| are|:|=) ?(?P<value>(?:[a-z]{3,8}[ ,]{1,2}){11,23}[a-z]{3,8})\b"
        ),
        None,
    ),
    (
        "a passport's number",
        re.compile(
            r"\b(?:passport|reisepass|passeport|pasaporte)\b(?: (?:no|nr|n)\b[.º°]?)?[^.!?\d\n]{0,20}?(?P<value>\b(?=[A-Z]{0,3}\d)[A-Z0-9]{0,3}\d{6,8}[A-Z0-9]{0,2})\b",
            re.IGNORECASE,
        ),
        None,
    ),
    (
        "an access key",
        re.compile(r"(?<=://)[\w.-]{2,40}:(?P<value>[^\s@/:]{4,60})@(?=[\w.-]+)"),
        lambda m: not PLACEHOLDER.search(m["value"]),
    ),
    (
        "a password or key",
        re.compile(
            r"\b(?:pass(?:word|wd|phrase|code)s?|pwd|secret|token|api[_ -]?key|access[_ -]?key|passwort|kennwort|zugangscode|mot de passe|mdp|contraseña|clave"
            r"|wi-?fi(?: key)?|wlan(?:-schlüssel)?|login|credentials|zugangsdaten|identifiants|credenciales)\b[\"']?(?: [^\W\d]{2,12}){0,4}?"
            r"(?: is| was| ist| lautet| est| es| now| jetzt|:|=|\s)+ ?[\"'`“„«]?\s?(?P<value>[^\s\"'`,;“”„«»]{6,})",
            re.IGNORECASE,
        ),
        _is_secret,
    ),
    (
        "a code",
        re.compile(
            r"(?:\b(?:(?:door|gate|alarm|safe|entry|lock|garage|card) (?:code|pin)|pin(?: code)?|pin-?nummer|türcode|torcode|alarmcode|digicode|code (?:de la porte|de l'immeuble|d'entrée"
            r"|du portail|de l'alarme|to the \w+|for the \w+)|código (?:de la puerta|del portal|de la alarma|de entrada)|cvv|cvc|tan)\b|密码|暗証番号)[^.!?\d\n]{0,25}(?P<value>\b\d{3,8}[#*A-Z]{0,2})(?![\d.,]*\d)",
            re.IGNORECASE,
        ),
        lambda match: not re.search(r"(?i)\b(?:gpio|bytes?|header|board)\b", match.string),
    ),
    ("an account number (IBAN)", re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b"), _is_iban),
    ("a card number", re.compile(r"(?<![\d-])[3-6]\d{3}(?:[ -]?\d){8,15}(?![\d-])"), _is_card),
    ("a social security number", re.compile(r"(?<![\d-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])"), None),
    ("a social security number", re.compile(r"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]\b"), None),
    (
        "a social security number",
        re.compile(r"(?<!\d)[12] ?\d\d ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d\d|2[AB]) ?\d{3} ?\d{3} ?\d\d(?!\d)"),
        _is_nir,
    ),
    ("a social security number", re.compile(r"(?<!\d)\d\d ?[0-3]\d[01]\d\d\d ?[A-Z] ?\d{3}(?!\d)"), None),
    ("an identity number", re.compile(r"(?<![\w.])(?:\d{8}|\d{2}\.\d{3}\.\d{3}|[XYZ]-?\d{7})[- ]?[A-Z](?!\w)"), _is_dni),
    ("an identity number", re.compile(r"(?<!\d)[1-9]\d{5}(?:19|20)\d{2}[01]\d[0-3]\d\d{3}[\dXx](?!\w)"), _is_chinese_id),
    ("a tax number", re.compile(r"(?<![\d.])[1-9]\d ?\d{3} ?\d{3} ?\d{3}(?![\d.])"), _is_steuer_id),
    ("a patient's number", re.compile(r"(?<!\d)\d{3} ?\d{3} ?\d{4}(?!\d)"), _is_nhs),
    (
        "an official number",
        re.compile(
            rf"\b{CUED}\b[^.!?\n\d]{{0,24}}?(?:is|ist|est|es|no\.?|nr\.?|n[º°o]|number|nummer|numéro|número|:|#| )\s?:?\s?"
            r"(?P<value>(?=[A-ZÄÖÜ\d/. -]{0,9}\d)(?:[A-ZÄÖÜ]{1,3}[- ]?)?[A-Z\d](?:[ ./-]?[A-Z\d]){4,16})(?!\w)"
            r"|(?:护照|身份证|マイナンバー|健康保険)[^\d]{0,12}(?:[A-Z]?\d[\d -]{6,18})",
        ),
        lambda match: len(re.sub(r"\D", "", match[0])) >= 4 and not re.search(r"(?:19|20)\d\d\Z", match[0]),
    ),
    ("a telephone number", re.compile(r"(?<![\w.+/-])(?:\+|\()?\d(?:[ ().–/-]{0,2}\d){6,14}(?![\w-]|[.,]\d)"), _is_phone),
    (
        "a street address",
        re.compile(
            rf"\b\d{{1,5}}[A-Za-z]?,? (?:{CAPITAL}[\w'’.-]{{1,40}} ){{1,3}}(?:{STREETS})\b\.?(?:,? (?:Apt|Flat|Unit|Suite|#)\.? ?\w+)?"
            r"|\b(?:Flat|Apartment|Apt|Unit) \d+\w?,? [^.\n]{3,40}?\d{1,4}\b"
            rf"|\b(?:{CAPITAL}[\wäöüß-]{{0,40}}(?:straße|strasse|str\.|gasse|weg|platz|allee|damm|ufer|ring)|(?:{CAPITAL}[\wäöüß.-]{{1,40}} )(?:Straße|Str\.|Weg|Allee|Platz|Gasse|Ring)"
            r"|(?:Am|An der|Im|Auf dem|Auf der|Zum|Zur|Unter den) [A-ZÄÖÜ][\wäöüß-]{1,40}(?: [A-ZÄÖÜ][\wäöüß-]{1,40})?),? \d{1,3} ?[a-h]?\b(?!\s?(?:Uhr|Euro|€|%|\.\d|km|m\b|Jahre|Minuten))"
            r"|\b\d{1,4}(?: (?:bis|ter))?,? (?:rue|avenue|av\.|boulevard|bd|place|chemin|impasse|allée|quai|cours|square|route|passage|villa) (?:de |du |des |la |le |l'|d'){0,4}[^\W\d_][\w'’-]{1,40}(?: [A-Z][\w-]{1,40}){0,6}"
            r"|\b(?i:calle|c/|avenida|avda\.?|plaza|paseo|camino|carrer|travesía|ronda|via|viale)\s?(?:de |del |la |las |los |el |della ){0,4}[A-ZÁÉÍÓÚÑ][\w'’-]{1,40}(?: (?:de |del |la ){0,4}[A-ZÁÉÍÓÚÑ][\w-]{1,40}){0,6},? ?(?:n\.?º ?|núm\.? ?|número )?\d{1,4}\b(?!\s?(?:euros|€|%|km))"
            r"|\b(?:GIR ?0AA|[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2})\b|\bP\.? ?O\.? Box \d+|[\u4e00-\u9fff]{2,10}[路街巷]\d+[号號]|\d{1,4}丁目\d+"
        ),
        _is_home,
    ),
    (
        "a date of birth",
        re.compile(
            rf"(?i:\b(?:born(?: on)?|date of birth|dob|birthday|geboren(?: am)?|geburtsdatum|geburtstag|née? le|date de naissance|nacid[oa](?: el)?|nac(?:ió|í) el|fecha de nacimiento)\b)[^.!?\d]{{0,20}}(?P<value>{DAY})"
            r"|出生[^\d]{0,4}(?:19|20)\d\d年\d+月\d+日"
        ),
        None,
    ),
    ("a named person's health", re.compile(rf"{FULL_NAME}[^.!?\n]{{0,90}}?\b(?i:{ILLNESS})"), _is_person),
    ("a named person's health", re.compile(rf"(?i:\b{ILLNESS})[^.!?\n]{{0,50}}?\b{FULL_NAME}"), _is_person),
    (
        "a named person's pay",
        re.compile(
            rf"{FULL_NAME}(?:'s|’s)?[^.!?\n]{{0,60}}?\b(?i:earns|salary|is paid|makes|verdient|gehalt|gagne|salaire|cobra|gana|sueldo|salario)\b"
            r"[^.!?\n]{0,30}\d[\d.,]{3,}"
        ),
        _is_person,
    ),
    (
        "a position",
        re.compile(r"(?<![\d.])-?\d{1,2}\.\d{4,8}°? ?[NS]?, ?-?\d{1,3}\.\d{4,8}°? ?[EWO]?(?![\d.])"),
        lambda match: bool(
            re.search(
                r"(?i)\b(?:home|house|live[sd]?|cabin|cottage|mine|wohn\w*|haus|zuhause|maison|habit\w+|chez|casa|viv\w+|hide\w*)\b",
                match.string,
            )
        ),
    ),
    (
        "an account",
        re.compile(
            r"(?i:\b(?:skype|telegram|discord|instagram|insta|snapchat|signal|wechat|微信|steam|twitter|venmo|paypal)\b)[^.!?\n]{0,16}?(?:@(?P<value>[\w.]{3,30})|(?::| is| ist| est| es| id|号) ?(?=[\w.]*[\d_.#])(?:[\w.]{4,30}(?:#\d{4})?))"
        ),
        None,
    ),
    ("a wallet", re.compile(r"\b(?:0x[0-9a-fA-F]{40}|bc1[a-z0-9]{25,60})\b"), None),
    ("a machine's address", re.compile(r"(?<![\w:-])(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}(?![\w:-])"), None),
    (
        "an internet address",
        re.compile(r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|(?:[0-9a-f]{1,4}:){3,7}:?[0-9a-f]{1,4})(?![\w.:])", re.IGNORECASE),
        _is_public_address,
    ),
]
"""What it is called, what it looks like, and what it must hold beside. Regular expressions after the published formats."""
EVERYWHERE = frozenset(
    {"a private key", "an access key", "a password or key", "an e-mail address", "a wallet's words", "a passport's number"}
)
"""Looked for in code as well."""
GATES = {
    "digit": re.compile(r"\d"),
    "at": re.compile(r"@|[\[({] ?(?:at|ät|arroba|arobase|chez)|(?:at|arroba|arobase) [\w-]+ (?:dot|punkt|point|punto) "),
    "secret": re.compile(
        r"pass|pwd|secret|token|api|access|kennwort|zugang|mot de|mdp|contraseña|clave|wi-?fi|wlan|login|credenti|identifiant|credencial"
        r"|sk-|akia|asia|gh[pousr]_|github_pat|glpat|hf_|xox|aiza|[srp]k_|npm_|pypi-|sg\.|dop_|eyj|://|bearer|accountkey|hooks\.|:aa|\bsk[0-9a-f]"
    ),
    "key": re.compile(r"private key"),
    "account": re.compile(r"skype|telegram|discord|insta|snapchat|signal|wechat|微信|steam|twitter|venmo|paypal"),
    "wallet": re.compile(r"0x|bc1"),
    "words": re.compile(r"phrase|words"),
    "passport": re.compile(r"passport|reisepass|passeport|pasaporte"),
    "health": re.compile(rf"\b{ILLNESS}"),
    "pay": re.compile(r"earns|salary|is paid|makes|verdient|gehalt|gagne|salaire|cobra|gana|sueldo|salario"),
}
"""A sign without which a pattern need not be looked for."""
SIGNS = {
    "an e-mail address": "at",
    "a private key": "key",
    "an access key": "secret",
    "a password or key": "secret",
    "an account": "account",
    "a wallet": "wallet",
    "a wallet's words": "words",
    "a passport's number": "passport",
    "a named person's health": "health",
    "a named person's pay": "pay",
}
TEST_CARDS = frozenset(
    """4242424242424242 4111111111111111 4012888888881881 4000056655665556 4000000000000002 5555555555554444 5105105105105100
    378282246310005 371449635398431 6011111111111117 30569309025904 3530111333300000""".split()
)
"""Published by payment providers for tests."""


def _redact(pairs: Sequence[Pair], settings: Screen) -> tuple[list[Pair], list[Finding]] | None:
    """The redacted pairs and what was taken out, where the recipe asks for it."""
    private = settings[PrivateDataSettings]
    if private.action != "redact":
        return None
    return redact_private_data(pairs, private), list(find_private_data(pairs, private))


CHECK = Check(
    name="private_data",
    about="Addresses, telephone numbers, cards, accounts, keys; names where the recipe gives them.",
    scope="row",
    order=50,
    reasons={"private": "private data"},
    find=lambda given: find_private_data(given.pairs, given.settings[PrivateDataSettings]),
    settings=PrivateDataSettings,
    cure="`screen: {private_data: {action: redact}}` keeps them without what is private",
    private=True,
    redact=_redact,
)
