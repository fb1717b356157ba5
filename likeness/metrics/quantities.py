"""Numbers with what they measure, in four languages, in one unit.

1.5 kg is 1500 g, half past three is 15:30, a dozen is 12.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from likeness.metrics.wording import NOT_NUMBERS, NUMBER_WORDS, Tongue

UNITS: dict[str, tuple[str, float]] = {
    unit: (dimension, factor)
    for dimension, factor, units in (
        ("mass", 0.001, "mg milligram milligrams milligramm"),
        ("mass", 1, "g gr gram grams gramme grammes gramm gramo gramos"),
        ("mass", 1000, "kg kilo kilos kilogram kilograms kilogramm kilogramme kilogrammes kilogramo kilogramos"),
        ("mass", 1e6, "tonne tonnes tonnen tonelada toneladas"),
        ("mass", 453.592, "lb lbs"),
        ("mass", 28.3495, "oz ounce ounces"),
        ("length", 0.001, "mm millimetre millimetres millimeter millimeters millimètre millimètres milímetro milímetros"),
        (
            "length",
            0.01,
            "cm centimetre centimetres centimeter centimeters zentimeter centimètre centimètres centímetro centímetros",
        ),
        ("length", 1, "m metre metres meter meters metern mètre mètres metro metros"),
        ("length", 1000, "km kilometre kilometres kilometer kilometers kilometern kilomètre kilomètres kilómetro kilómetros"),
        ("length", 1609.344, "mile miles meile meilen milla millas"),
        ("length", 0.3048, "ft foot feet"),
        ("length", 0.0254, "inch inches zoll"),
        ("volume", 0.001, "ml millilitre millilitres milliliter milliliters mililitro mililitros"),
        ("volume", 0.01, "cl"),
        ("volume", 1, "l litre litres liter liters litern litro litros"),
        ("duration", 0.001, "ms millisecond milliseconds millisekunde millisekunden milliseconde millisecondes milisegundos"),
        ("duration", 1, "s sec secs second seconds sekunde sekunden seconde secondes segundo segundos"),
        ("duration", 60, "min mins minute minutes minuten minuto minutos"),
        ("duration", 3600, "h hr hrs hour hours stunde stunden heure heures hora horas"),
        ("duration", 86400, "day days tag tage tagen jour jours día días dia dias"),
        ("duration", 604800, "week weeks woche wochen semaine semaines semana semanas"),
        ("duration", 2629800, "month months monat monate monaten mois mes meses"),
        ("duration", 31557600, "year years jahr jahre jahren an ans année années año años"),
        ("data", 1, "byte bytes"),
        ("data", 1e3, "kb kilobyte kilobytes"),
        ("data", 1e6, "mb megabyte megabytes"),
        ("data", 1e9, "gb gigabyte gigabytes gig gigs"),
        ("data", 1e12, "tb terabyte terabytes"),
        ("percent", 1, "% percent prozent"),
        ("degrees", 1, "° °c degrees degree grad degrés grados"),
        ("euro", 1, "€ eur euro euros"),
        ("euro", 0.01, "cent cents"),
        ("dollar", 1, "$ usd dollar dollars dólares"),
        ("pound", 1, "£ gbp pound pounds pfund livres"),
        ("franc", 1, "chf franken francs"),
    )
    for unit in units.split()
}

MONTHS = {
    name: number
    for number, names in enumerate(
        """january
        januar jänner janvier enero|february februar février febrero|march märz mars marzo|april avril abril|may mai mayo
        |june juni juin junio|july juli juillet julio|august août agosto|september septembre septiembre
        |october oktober octobre octubre
        |november novembre noviembre|december dezember décembre diciembre""".split("|"),
        1,
    )
    for name in names.split()
}
DAYS = {
    name: number
    for number, names in enumerate(
        """monday mondays montag montags lundi lunes|tuesday tuesdays dienstag dienstags mardi martes
        |wednesday wednesdays mittwoch mittwochs mercredi miércoles|thursday thursdays donnerstag donnerstags jeudi jueves
        |friday fridays freitag freitags vendredi viernes|saturday saturdays samstag samstags sonnabend samedi sábado sábados
        |sunday sundays sonntag sonntags dimanche domingo domingos""".split("|"),
        1,
    )
    for name in names.split()
}

DENIED = re.compile(r"\b(?:not|nobody|no one|never|nicht|niemand|nie|pas|personne|no|nadie|nunca)\b[^.,;]{0,25}$")
UPWARD = frozenset(
    ("at least", "more than", "over", "mindestens", "mehr als", "über", "au moins", "plus de", "al menos", "más de")
)
MIDNIGHT = frozenset("midnight mitternacht minuit medianoche".split())

PARTS = {
    "half past": 30,
    "quarter past": 15,
    "quarter to": -15,
    "halb": -30,
    "viertel nach": 15,
    "viertel vor": -15,
    "et demie": 30,
    "et quart": 15,
    "moins le quart": -15,
    "y media": 30,
    "y cuarto": 15,
    "menos cuarto": -15,
}
"""Minutes that a part of the hour adds to it."""

_WORDS = "|".join(sorted([*NUMBER_WORDS, "eineinhalb", "anderthalb"], key=len, reverse=True))
_GERMAN = (
    r"(?:ein|zwei|drei|vier|fünf|sechs|sieben|acht|neun)und(?:zwanzig|dreißig|vierzig|fünfzig|sechzig|siebzig|achtzig|neunzig)"
)
_ONES_DE = r"(?:ein|zwei|drei|vier|fünf|sechs|sieben|acht|neun)"
_GERMAN = rf"(?:{_GERMAN}|{_ONES_DE}(?:hundert|tausend)(?:{_GERMAN}|{_WORDS})?)"
_AROUND = (
    r"(?P<around>\b(?:about|around|roughly|approximately|nearly|almost|some|circa|ca\.?|etwa|ungefähr|rund|fast"
    r"|knapp|environ|presque|près de|vers|unos|unas|casi|alrededor de|aproximadamente)\s+|~\s*)?"
)
_BOUND = (
    r"(?P<bound>\b(?:at least|at most|up to|more than|over|under|less than|fewer than|no more than|mindestens"
    r"|höchstens|bis zu|mehr als|weniger als|über|unter|au moins|au plus|plus de|moins de|jusqu'à|al menos"
    r"|como máximo|más de|menos de|hasta)\s+)?"
)
_UNIT = "|".join(re.escape(unit) for unit in sorted(UNITS, key=len, reverse=True))
CLOCK = re.compile(
    r"\b(?P<h>[01]?\d|2[0-3])(?::|\s?h\s?|\.(?=\d\d\s*uhr))(?P<m>[0-5]\d)\b(?:\s*(?P<ap>[ap])\.?m\b)?"
    r"|\b(?P<h2>\d{1,2})\s*(?:(?P<ap2>[ap])\.?m\b|(?P<uhr>uhr\b|o'clock))"
    r"|\b(?:à|at|um|a las?)\s+(?P<h4>\d{1,2})\s?h\b(?!\s?[0-5]\d)"
    r"|\b(?P<part>half past|quarter past|quarter to|halb|viertel nach|viertel vor)\s+(?P<h3>\d{1,2}|" + _WORDS + r")\b"
    r"|\b(?P<h5>\d{1,2}|"
    + _WORDS
    + r")\s+(?:heures?\s+)?(?P<part2>et demie|et quart|moins le quart|y media|y cuarto|menos cuarto)\b"
    r"|\b(?P<past>(?:5|10|20|25|five|ten|twenty|twenty-five|fünf|zehn|zwanzig)) (?P<side>past|nach|vor) (?P<h7>\d{1,2}|"
    + _WORDS
    + r")\b"
    r"|\b(?P<h6>" + _WORDS + r")\s+(?:o'clock|uhr)\b"
    r"|\b(?P<named>noon|midday|mittags?|midi|mediodía|midnight|mitternacht|minuit|medianoche)\b"
)
_MONTHS = "|".join(MONTHS)
DATE = re.compile(
    r"\b(?P<y>\d{4})-(?P<mo>\d\d)-(?P<d>\d\d)\b"
    r"|\b(?P<d2>\d{1,2})(?:st|nd|rd|th|\.|er)?\s+(?:of\s+|de\s+)?(?P<mo2>" + _MONTHS + r")\b"
    r"|\b(?P<mo3>" + _MONTHS + r")\s+(?:the\s+)?(?P<d3>\d{1,2})(?:st|nd|rd|th)?\b(?!\d)"
)
VERSION = re.compile(r"\b(?:v|version\s+|versión\s+)(?P<v>\d+(?:\.\d+)*)\b|\b(?P<v2>\d+\.\d+\.\d+)\b")
NUMBER = re.compile(
    _AROUND + _BOUND + r"(?P<sign>[€$£]\s?)?(?P<n>(?<![\w.,])\d{1,3}(?:[,.'\u202f\u00a0 ]\d{3})+(?!\d)(?:[.,]\d{1,2}(?!\d))?"
    r"|(?<![\w.,])-?\d+(?:[.,]\d+)?"
    r"|\b" + _GERMAN + r"\b|\b(?:" + _WORDS + r")(?:(?:[\s-]+and\s+|[\s-]+)(?:" + _WORDS + r"))*\b"
    r"|\b(?:half an?|une demi|media|eine halbe)\b)"
    r"(?:\s*(?:-|–|to|bis|à|a|or)\s*(?P<to>\d+(?:[.,]\d+)?)(?![\w.]))?(?P<half>\s+and a half|\s+et demie?|\s+y medi[ao])?"
    r"(?:[\s-]?(?P<unit>" + _UNIT + r")(?![\w²]))?"
)


CENTS = re.compile(r" (?:and )?(\d\d|" + _WORDS + r")(?!\w)(?!\s+(?:" + _UNIT + r")\b)")
"""What follows an amount of money as it is spoken: "four pounds fifty"."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number where it is. `dimension` is what it measures ("mass", "clock", ...), or "count" of the thing that follows."""

    dimension: str
    low: float
    high: float
    start: int
    end: int
    shown: str

    def may_equal(self, other: Quantity) -> bool:
        """Whether both can be the same amount; roundings are."""
        slack = (
            0.006 * max(abs(self.high), abs(other.high))
            if self.dimension not in ("clock", "date", "year", "version", "day")
            else 0
        )
        return self.low <= other.high + slack and other.low <= self.high + slack


def quantities_in(text: str, tongue: Tongue) -> Iterator[Quantity]:
    """The quantities of a text, in order of their kinds."""
    lowered = text.lower() if len(text.lower()) == len(text) else text
    lowered = lowered.replace("’", "'")
    taken = bytearray(len(lowered))
    for pattern, read in ((VERSION, _version), (DATE, _date), (CLOCK, _clock)):
        for match in pattern.finditer(lowered):
            if not any(taken[match.start() : match.end()]) and (found := read(match)) is not None:
                taken[match.start() : match.end()] = b"\1" * (match.end() - match.start())
                yield Quantity(found[0], found[1], found[1], *match.span(), text[match.start() : match.end()].strip())
    for match in re.finditer(r"[^\W\d_]+", lowered):
        if day := DAYS.get(match[0]):
            yield Quantity("day", day, day, *match.span(), text[match.start() : match.end()])
    for match in NUMBER.finditer(lowered):
        if any(taken[match.start() : match.end()]):
            continue
        if (quantity := _number(match, tongue)) is not None:
            yield quantity


def _version(match: re.Match[str]) -> tuple[str, float] | None:
    parts = [int(part) for part in (match["v"] or match["v2"]).split(".")[:4]]
    return "version", float(sum(part * 1000.0**-place for place, part in enumerate(parts)))


def _date(match: re.Match[str]) -> tuple[str, float] | None:
    month = int(match["mo"]) if match["mo"] else MONTHS[match["mo2"] or match["mo3"]]
    day = int(match["d"] or match["d2"] or match["d3"])
    return ("date", float(month * 100 + day)) if 1 <= day <= 31 else None


def _clock(match: re.Match[str]) -> tuple[str, float] | None:
    if match["named"]:
        return "clock", 0.0 if match["named"] in MIDNIGHT else 720.0
    hour_text = next(match[g] for g in ("h", "h2", "h3", "h4", "h5", "h6", "h7") if match[g])
    hour = float(hour_text) if hour_text.isdigit() else float(NUMBER_WORDS.get(hour_text, 99))
    if hour > 24:
        return None
    minutes = float(match["m"] or 0)
    part = match["part"] or match["part2"]
    if part:
        minutes = PARTS[part]
    if match["past"]:
        minutes = sum(float(part) if part.isdigit() else NUMBER_WORDS[part] for part in match["past"].split("-"))
        minutes = -minutes if match["side"] == "vor" else minutes
    half_day = match["ap"] or match["ap2"]
    if half_day == "p" and hour < 12:
        hour += 12
    elif half_day == "a" and hour == 12:
        hour = 0
    return "clock", hour * 60 + minutes


def same_clock(one: float, other: float) -> bool:
    """Whether two times of day may be one: "half past three" is 3:30 and 15:30."""
    return one == other or (abs(one - other) == 720 and min(one, other) < 720)


def _number(match: re.Match[str], tongue: Tongue) -> Quantity | None:
    said = match["n"]
    value = _value(said, tongue)
    if value is None:
        return None
    if match["half"]:
        value += 0.5
    unit = match["unit"] or (match["sign"] or "").strip()
    if unit == "an" and tongue != "fr":
        unit = ""
    dimension, factor = UNITS.get(unit, ("count", 1.0))
    if said[0].isdigit() and dimension == "count" and re.fullmatch(r"1[5-9]\d\d|20\d\d", said):
        dimension = "year"
    end = match.end()
    if dimension in ("euro", "dollar", "pound", "franc") and (odd := CENTS.match(match.string, end)):
        cents = _value(odd[1], tongue)
        if cents is not None and 0 < cents < 100:
            value, end = value + cents / 100, odd.end()
    low = high = value * factor
    if match["to"] and (upper := _value(match["to"], tongue)) is not None and upper * factor > low:
        high = upper * factor
    start = match.start("n")
    if match["around"]:
        low, high = low * 0.85, high * 1.15
    if bound := (match["bound"] or "").strip():
        upward = bound in UPWARD
        if DENIED.search(match.string[max(0, start - 60) : match.start()]):
            upward = not upward
        if upward:
            high = float("inf")
        else:
            low = float("-inf")
    return Quantity(dimension, low, high, start, end, match.string[match.start() : end].strip())


def _value(said: str, tongue: Tongue) -> float | None:
    if said[0].isdigit() or said[0] == "-":
        plain = re.sub(r"['\u202f\u00a0 ]", "", said)
        comma_is_decimal = tongue != "en"
        if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", plain):
            if len(re.findall("[.,]", plain)) == 1 and ("." in plain) != comma_is_decimal and not plain.startswith("0"):
                return float(plain.replace(",", "."))
            return float(re.sub("[.,]", "", plain))
        if "," in plain and "." in plain:
            plain = plain.replace("," if plain.rfind(".") > plain.rfind(",") else ".", "")
        try:
            return float(plain.replace(",", "."))
        except ValueError:
            return None
    if said.startswith(("half a", "une demi", "media", "eine halbe")):
        return 0.5
    if said in ("eineinhalb", "anderthalb"):
        return 1.5
    if hundreds := re.fullmatch(r"(ein|zwei|drei|vier|fünf|sechs|sieben|acht|neun)(hundert|tausend)(\w*)", said):
        rest = _value(hundreds[3], tongue) if hundreds[3] else 0.0
        ones = 1 if hundreds[1] == "ein" else NUMBER_WORDS[hundreds[1]]
        return None if rest is None else ones * (100.0 if hundreds[2] == "hundert" else 1000.0) + rest
    if both := re.fullmatch(r"(\w+?)und(\w+zig|\w+ßig)", said):
        return float({"ein": 1}.get(both[1], NUMBER_WORDS.get(both[1], 0)) + NUMBER_WORDS.get(both[2], 0))
    total = part = 0
    for word in re.split(r"[\s-]+", said):
        if word == "and":
            continue
        if word in NOT_NUMBERS[tongue] or word == "both":
            return None
        number = NUMBER_WORDS[word]
        if number == 100 or (number == 12 and word in ("dozen", "dutzend", "douzaine", "docena", "docenas", "dozens")):
            part = (part or 1) * number
        elif number == 1000:
            total, part = total + (part or 1) * 1000, 0
        else:
            part += number
    return float(total + part)
