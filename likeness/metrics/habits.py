"""The habits of language models' prose, counted in a text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from likeness.metrics.text import count_words, windows_of
from likeness.metrics.wording import tongue_of

STOCK_WORDS = """
    authentic(?:ity|ally)? beacon bustling commendable crucial(?:ly)? delv(?:e|es|ed|ing) embark(?:s|ed|ing)?
    empower(?:s|ed|ing|ment)? foster(?:s|ed|ing)? garner(?:s|ed|ing)? holistic impactful insights? interplay intricac(?:y|ies)
    intricate invaluable journey landscape leverag(?:e|es|ed|ing) meaningful(?:ly)? meticulous(?:ly)? mindful(?:ness)?
    multifaceted myriad navigat(?:e|es|ing) nuanced? overwhelm(?:ed|ing)? pivotal profound(?:ly)? realms? resilien(?:ce|t)
    resonat(?:e|es|ed|ing) seamless(?:ly)? showcas(?:e|es|ed|ing) symphony tapestr(?:y|ies) testament transformative
    underscor(?:e|es|ed|ing) unwavering vibrant vulnerab(?:le|ility) whimsical
""".split()
"""Words that models favour far beyond people (Kobak et al. 2024, arXiv 2406.07016, count many of them)."""


def _any_of(alternatives: str) -> str:
    """A pattern of whole words, from alternatives that are one to a line or between ` / `."""
    return rf"\b(?:{'|'.join(part.strip() for line in alternatives.strip().splitlines() for part in line.split(' / '))})\b"


HABITS: dict[str, str] = {
    "set phrases": _any_of(r"""
        it(?:'s| is) (?:also )?(?:important|worth|crucial|essential|helpful) to (?:note|remember|recogni[sz]e|consider|understand)
        it(?:'s| is) worth (?:noting|remembering|mentioning)
        in conclusion / in summary / to sum up / at the end of the day / when it comes to / that being said / needless to say
        plays? an? (?:crucial|vital|key|pivotal|significant|important) role / a wide (?:range|variety) of
        in today's (?:\w+[ -]){0,2}world / i hope this helps / feel free to / as an ai / remember that / holds? space
        (?:serves?|stands?) as an? (?:\w+ )?(?:reminder|testament|metaphor|beacon)
        there(?:'s| is) something (?:deeply |quietly |profoundly )?\w+ about / give yourself permission
        (?:can|could) be (?:incredibly|deeply|truly|really) / (?:a|their|your|our) sense of
        deeper (?:level|understanding|connections?)
    """),
    "“not X but Y”": "|".join((
        r"\bnot (?:just|only|merely|simply)\b[^.!?;]{1,80}?(?:\bbut\b|[—–])",
        r"\b(?:is|was|are|were)(?:n't| not) (?:just |only |merely |simply |really )?(?:about )?[^.!?;,]{1,60}[,;.—–-]+ ?"
        r"(?:it|they|that|this)(?:'s|'re| is| was| are) ",
        r"\bless about\b[^.!?;]{1,60}\bmore about\b",
    )),
    "hedges": _any_of(r"""
        may / might / perhaps / possibly / potentially / often / generally / typically / usually / arguably / tends? to
        in many cases / in some cases / to some extent / it could be said / can (?:also |sometimes |often )?be
    """),
    "threes (“x, y, and z”)": r"(?<=\w), [\w'-]+(?: [\w'-]+){0,2},? (?:and|or) [\w'-]+",
    "dashes": r"—| [–-]{1,2} ",
    "exclamation marks": r"!+",
    "assistant openers": r"\A\W*" + _any_of(r"""
        absolutely / certainly / of course / sure / great (?:question|point) / what an? (?:\w+ )?question / thank you for
        that's an? (?:\w+ )?question / i'm (?:so )?glad / i understand / i hear you
    """) + "|" + _any_of("here(?:'s| is) the (?:thing|kicker|truth) / let(?:'s| us) (?:dive|delve|explore|unpack|break)"),
    "questions answered at once": r"\bthe (?:result|answer|catch|twist|best part|bottom line|takeaway|lesson|truth)\? ",
    "connectives": r"(?:\A|(?<=[.!?] )|(?<=\n))" + _any_of(r"""
        however / moreover / furthermore / additionally / therefore / consequently / ultimately / overall / similarly / likewise
        firstly / secondly / first / second / third / finally / in addition / as a result / for (?:example|instance) / instead
        importantly / notably
    """) + ", ",
    "trailing participles (“…, making it …”)": r", (?:thus |thereby |ultimately )?" + _any_of(r"""
        allowing / causing / contributing / creating / emphasi[sz]ing / enabling / encouraging / ensuring / fostering / giving
        helping / highlighting / inviting / leading / leaving / making / offering / promoting / providing / reducing
        reflecting / reinforcing / reminding / resulting / revealing / showing / strengthening / transforming / turning
        underscoring
    """),
}  # fmt: skip
"""Habits by what a reviewer calls them. Grammar that models overuse: Reinhart et al. 2025, arXiv 2410.16107."""

MORE_HABITS: dict[str, dict[str, str]] = {
    "en": {
        "phrases of assistants": _any_of(r"""
            ever-(?:changing|evolving|growing) / fast-paced / game[- ]changer / (?:rich|intricate) tapestry
            (?:a|the) delicate balance
            strik(?:e|es|ing) (?:a|the|that) balance
            (?:the|a) (?:true|real|quiet|subtle|hidden|profound|sheer) (?:power|beauty|magic|art|value) of
            (?:powerful|gentle|quiet|constant|stark|poignant|humbling) (?:reminder|testament|lesson) / reminds? us that
            teach(?:es)? us that
            that's where .{1,40} comes? in / the key (?:is|lies|here is) / whether you're / it's (?:all )?about / in the realm of
            embrac(?:e|es|ing) / unlock(?:s|ing)? / elevat(?:e|es|ing) / harness(?:es|ing)? / cherish(?:es|ed|ing)?
            (?:truly|deeply) \w+
            ensur(?:e|es|ing) that / robust / comprehensive / streamlin(?:e|es|ed|ing) / best practices / actionable
            key (?:takeaways?|factors?|aspects?|considerations?)
            first and foremost / last but not least / that said / with that in mind / by doing so / in other words / rest assured
            it's (?:important|worth|crucial|essential|vital) / it is (?:important|worth|crucial|essential|vital)
            a (?:journey|process) of
        """),
        "offers and well-wishing": _any_of(r"""
            let me know (?:if|how|what|whether) / (?:i'm |always |i'd be )?happy to (?:help|assist|walk|discuss|elaborate)
            if you(?:'d| would)? (?:like|have any|need any)(?: more| other| further)? \w+ / would you like (?:me )?to
            (?:please )?(?:don't|do not) hesitate to / feel free to / (?:i )?hope (?:this|that) (?:helps|clarifies|finds)
            here to (?:help|support) / good luck / best of luck / happy \w+ing
        """),
        "connectives": r"(?:\A|(?<=[.!?] )|(?<=\n))" + _any_of(r"""
            in short / in essence / at its core / all in all / in the end / put simply / simply put / in many ways
            at the same time / on the other hand / to be clear / of course / interestingly / naturally / that said / still
        """) + ",",
        "wisdom": _any_of(r"""
            what (?:truly |really )?matters / the real question
            (?:and )?that's (?:okay|ok|enough|the point|where|the beauty|what makes|why) / perhaps the (?:most|real|greatest)
            small (?:moments|acts|steps|gestures|wins) / one step at a time / step by step
            whether it's / (?:lean|leaning) into / show(?:s|ing)? up / hold(?:s|ing)? (?:onto|space) / linger(?:s|ed|ing)?
            whisper(?:s|ed|ing)? / unspoken / bittersweet / a kind of / a form of / a way of / the art of / the act of
            becomes? an? / turns? into an?
        """),
        "“not X but Y” in one sentence or two": "|".join((
            r"\bnot (?:a|an|the|about|to|in|from|for|with|because)\b[^.!?;,—–]{1,50}, but\b",
            r"\b(?:isn't|wasn't|aren't|is not|was not) (?:just |only |merely |simply |really |about )?"
            r"[^.!?;,—–]{1,60}(?:[.;,—–]|\s-)\s?(?:it's|it is|it was|they're|they are|that's)\b",
            r"\bn(?:ot|ever) [^.!?;,]{1,40}[.] (?:just|but|only) ",
        )),
    },
    "de": {
        "phrases of assistants": _any_of(r"""
            (?:in|at) (?:its|their) (?:core|essence|heart) / in essence / more than just / not just about / speaks? volumes
            sheds? light on
            (?:es|sie) (?:ist|sei) (?:wichtig|entscheidend|hilfreich|erwähnenswert|unerlässlich|ratsam)(?:,| zu)?
            dabei ist es (?:wichtig|entscheidend) / wichtig zu (?:beachten|betonen|verstehen|wissen|erwähnen)
            in der heutigen (?:\w+ ){0,2}(?:welt|zeit|gesellschaft) / in einer (?:welt|zeit), in der / eine vielzahl (?:von|an)
            spielt? (?:hier |dabei )?eine (?:\w+ )?rolle
            zusammenfassend / letztendlich / letzten endes / nicht zuletzt / im kern / im herzen
            ein (?:zeugnis|beweis|spiegel) (?:für|der|des|von) / erinnert uns(?: daran)? / lehrt uns
            von (?:entscheidender|zentraler|großer|unschätzbarem?) (?:bedeutung|wert) / auf (?:einer )?tiefere[nr]? ebene
            es lohnt sich / (?:wahre|echte|stille|tiefe) (?:kraft|schönheit|magie|verbundenheit|verbindung)
            eine? (?:gefühl|sinn) (?:von|der|des)
        """),
        "offers and well-wishing": _any_of(r"""
            lass(?:en sie|t)? (?:es )?mich (?:gern |gerne )?wissen / bei (?:weiteren )?fragen
            (?:gern|gerne|jederzeit) zur verfügung / ich hoffe,? (?:das|dies|dass) / zögern? sie nicht / zögere nicht
            melden sie sich (?:gern|gerne|jederzeit) / meld(?:e)? dich (?:gern|gerne|jederzeit) / viel erfolg
            helfe ich (?:gern|gerne|dir|ihnen)
        """),
        "connectives": r"(?:\A|(?<=[.!?] )|(?<=\n))" + _any_of(r"""
            darüber hinaus / zudem / ferner / folglich / letztendlich / letztlich / insgesamt / infolgedessen / nichtsdestotrotz
            zusammenfassend / gleichzeitig / schließlich / außerdem / kurz gesagt / am ende des tages / alles in allem / erstens
            zweitens
        """),
        "openers": r"\A\W*" + _any_of(r"""
            (?:das ist )?(?:eine )?(?:sehr |wirklich )?(?:gute|tolle|spannende|interessante|berechtigte|wunderbare|schöne) frage
            natürlich! / selbstverständlich / gerne! / absolut / auf jeden fall / sicher! / vielen dank für (?:ihre|deine|die)
            ich verstehe / klar!
        """),
        "stock words": _any_of(r"""
            entscheidend\w* / wesentlich\w* / vielfältig\w* / ganzheitlich\w* / nahtlos\w* / facettenreich\w* / facetten
            tiefgreifend\w* / maßgeblich\w* / bereicher\w+ / inspirier\w+ / resilienz / achtsam\w* / unverzichtbar\w*
            unabdingbar\w* / unerlässlich\w* / transform\w+ / beleuchte\w* / eintauchen / geflecht / förder(?:t|n|nd)
            wertvoll\w*
            nachhaltig\w* / authentisch\w* / dynamik / herausforderung(?:en)? / optimal\w* / zielführend\w* / effizient\w*
            gewährleiste\w* / ermöglich\w+
        """),
        "trailing clauses": r", " + _any_of(r"""
            was (?:zeigt|unterstreicht|ermöglicht|verdeutlicht|dazu führt|bedeutet|hilft) / wodurch / um so / und so / und damit
        """),
        "wisdom": _any_of(r"""
            was (?:wirklich|am ende) zählt / (?:das ist )?(?:völlig|ganz|absolut) in ordnung / und das ist
            genau (?:das|darin|hier) / kleine[nr]? (?:momente|schritte|gesten|dinge) / schritt für schritt
            eine (?:art|form|weise) (?:von|der|des) / die kunst / wird zu(?:m|r| einem| einer) / mehr als (?:nur|bloß) / egal,? ob
        """),
        "“not X but Y” in one sentence or two": "|".join((
            r"\bnicht (?:nur|bloß|allein|einfach|lediglich|so sehr|um|die|der|das|ein\w*)\b[^.!?;]{1,90}?[,–—-] ?sondern\b",
            r"\b(?:ist|sind|war|geht es|heißt|bedeutet)\b[^.!?;,]{0,20} nicht\b"
            r"[^.!?;,]{1,60}[,;.–—-] ?(?:es|sie|er|das) (?:ist|sind|war|geht)\b",
            r"\bweniger\b[^.!?;]{1,50}\bals (?:vielmehr|um)\b",
        )),
        "threes": r"(?<=\w), (?:[\w'’-]+ ){0,3}[\w'’-]+,? (?:und|oder|sowie) [\w'’-]+",
    },
    "fr": {
        "phrases of assistants": _any_of(r"""
            il (?:est|est donc|est aussi) (?:important|essentiel|crucial|utile|primordial|intéressant) (?:de|d')
            il convient (?:de|d') / dans (?:un|le) monde (?:où|d'aujourd'hui|en \w+|actuel|moderne)
            en conclusion / en résumé / en somme / en définitive / en fin de compte / joue(?:nt)? un rôle \w+ / une multitude de
            un large éventail / au cœur d(?:e|u|es) / témoigne(?:nt)? (?:de|d'|du) / un véritable / une véritable
            nous (?:rappelle|enseigne|invite|apprend) / rappell?e que / bien plus qu(?:e|'un) / force est de constater / à l'ère
            permet(?:tent)? (?:ainsi )?(?:de|d') / un sentiment (?:de|d') / prendre le temps
        """),
        "offers and well-wishing": _any_of(r"""
            n'hésite[zs]? pas / si (?:vous avez|tu as|vous souhaitez|tu souhaites) (?:d'autres|des|plus|besoin|que)
            reste à (?:votre|ta) disposition / j'espère que (?:cela|ça|ces?) / bonne chance
            je (?:suis|serai) (?:là|ravie?|heureu(?:x|se)) (?:pour|de)
        """),
        "connectives": r"(?:\A|(?<=[.!?] )|(?<=\n))" + _any_of(r"""
            de plus / en outre / par ailleurs / ainsi / en effet / toutefois / néanmoins / par conséquent / enfin / finalement
            en somme / en fin de compte / au final / en définitive / cependant / premièrement / deuxièmement / bref
        """),
        "openers": r"\A\W*" + _any_of(r"""
            (?:c'est une |quelle )?(?:très )?(?:excellente|bonne|belle|intéressante) question / bien sûr / absolument
            certainement
            tout à fait / avec plaisir / merci (?:pour|de) (?:votre|ta|cette) / je comprends
        """),
        "stock words": _any_of(r"""
            crucial\w* / essentiel\w* / incontournable\w* / précieu(?:x|ses?) / enrichi\w+ / fascinant\w* / profondément
            épanou\w+
            bienveillan\w+ / résilien\w+ / tiss(?:er|e|ent|ant) / symphonie / favoris\w+ / nuancée?s? / holistique\w* / tapisserie
            vibrant\w* / authenti\w+ / inestimable\w* / primordial\w* / fondamenta\w+ / optimal\w* / harmonieu\w+ / sublim\w+
            délicat équilibre / défis? / sérénité / garantir
        """),
        "trailing clauses": r", (?:ainsi )?" + _any_of(r"""
            permettant / offrant / créant / soulignant / rendant / favorisant / témoignant / garantissant / transformant
            renforçant / assurant / reflétant / invitant / rappelant
        """),
        "wisdom": _any_of(r"""
            ce qui (?:compte|importe) (?:vraiment|le plus)? / pas à pas / étape par étape / petits? (?:gestes?|moments?|pas)
            une (?:forme|manière|façon) de / l'art d(?:e|u) / devien(?:t|nent) une?
            et c'est (?:là|précisément|justement|ce|bien)
            c'est (?:là|précisément|justement) / que ce soit / plus qu'une?
        """),
        "“not X but Y” in one sentence or two": "|".join((
            r"\b(?:pas|non) (?:seulement|uniquement|simplement|juste|tant)\b[^.!?;]{1,90}?\b(?:mais|que|c'est)\b",
            r"\b(?:n'est|ne sont|n'était|il ne s'agit|ne s'agit) pas (?:seulement |simplement )?"
            r"[^.!?;]{1,70}?[,;.–—-] ?(?:mais |c'est|ce sont|c'était|il s'agit)",
        )),
        "threes": r"(?<=\w), (?:[\w'’-]+ ){0,3}[\w'’-]+,? (?:et|ou) [\w'’-]+",
    },
    "es": {
        "phrases of assistants": _any_of(r"""
            es (?:importante|fundamental|esencial|crucial|clave|vital) (?:\w+ )?(?:destacar|señalar|recordar|tener|comprender)
            es (?:importante|fundamental|esencial) (?:mencionar|considerar)
            cabe (?:destacar|señalar|mencionar|recordar|resaltar) / vale la pena (?:señalar|mencionar|destacar|recordar)
            en (?:el|un) mundo (?:actual|moderno|de hoy|donde|en el que|cada vez) / hoy en día / en conclusión / en resumen
            en definitiva / en última instancia / juega(?:n)? un papel \w+ / desempeña(?:n)? un papel \w+
            una amplia (?:gama|variedad)
            en el corazón de / un (?:verdadero )?(?:testimonio|reflejo|recordatorio) de / nos (?:recuerda|enseña|invita|conecta)
            mucho más que / un sentido de / una sensación de / no es casualidad
        """),
        "offers and well-wishing": _any_of(r"""
            no dud(?:es|e|en|éis) en / si (?:tienes|tiene|necesitas|necesita|quieres|deseas) (?:más|alguna|otra|cualquier|que)
            (?:quedo|estoy) a (?:su|tu) (?:entera )?disposición / espero que (?:esto|te|le|os|haya) / mucha suerte
            (?:estaré|estoy) encantad[oa] / avísame si
        """),
        "connectives": r"(?:\A|(?<=[.!?] )|(?<=\n))" + _any_of(r"""
            además / asimismo / por otro lado / sin embargo / no obstante / en definitiva / por lo tanto / por ende
            en última instancia / finalmente / en resumen / en conclusión / de este modo / de esta manera / en pocas palabras
            primero / segundo / por último
        """),
        "openers": r"\A\W*" + _any_of(r"""
            (?:es una |qué )?(?:muy )?(?:excelente|buena|gran|interesante) pregunta / claro que sí / por supuesto / desde luego
            absolutamente / ¡?claro! / con gusto / gracias por (?:tu|su|la|esta) / entiendo / qué buena
        """),
        "stock words": _any_of(r"""
            crucial(?:es)? / fundamental(?:es)? / esencial(?:es)? / valios[oa]s? / enriquec\w+ / holístic\w+ / resilien\w+
            foment\w+ / potenci(?:a|ar|ando) / empoder\w+ / vibrante\w* / tapiz / testimonio / sinfonía / matices / profundamente
            transform\w+ / imprescindible\w* / inestimable\w* / auténtic\w+ / armon\w+ / desafíos? / optimiz\w+ / garantizar
            propici\w+ / íntimamente / entrelaz\w+
        """),
        "trailing clauses": r", (?:así )?" + _any_of(r"""
            permitiendo / creando / ofreciendo / fomentando / reflejando / convirtiendo / haciendo / asegurando / transformando
            garantizando / recordando / invitando / generando / fortaleciendo / logrando
        """),
        "wisdom": _any_of(r"""
            lo que (?:realmente|de verdad|verdaderamente) importa / paso a paso / pequeñ[oa]s (?:gestos|momentos|pasos|cosas)
            una (?:forma|manera) de / el arte de / se conviert(?:e|en) en / y (?:eso|ahí) (?:es|está) / más que una? / ya sea
        """),
        "“not X but Y” in one sentence or two": "|".join((
            r"\bno (?:s[oó]lo|solamente|únicamente|simplemente|tanto)\b[^.!?;]{1,90}?\b(?:sino|también)\b",
            r"\bno (?:se trata|es|son|era|consiste)\b[^.!?;]{1,70}?(?:[,;.–—-] ?(?:es|son|era|se trata)\b|\bsino\b)",
        )),
        "threes": r"(?<=\w), (?:[\w'’-]+ ){0,3}[\w'’-]+,? (?:y|e|o) [\w'’-]+",
    },
    "any": {
        "threes without and": r"(?<=\w), (?:[\w'’-]+ ){1,4}[\w'’-]+, (?:[\w'’-]+ ){1,4}[\w'’-]+[.!]",
        "questions put and answered": r"(?:\A|[.!?:—–] |\n)[^.!?:\n—–]{2,40}\?['\"”»]?\s+(?=[^\W\d_])",
        "sentences that begin alike": r"(?:\A|(?<=[.!?] ))(\w{2,} )[^.!?\n]{1,80}[.!?] (?=\1)",
        "headings, bold words and lists": (
            r"(?m)^#{1,6} \S|\*\*[^*\n]{1,80}\*\*|^[^\S\n]*(?:[-*•]|\d{1,2}[.)]) \S"
            r"|^[^\n:]{2,40}:$"
        ),
        "a colon before the point": (
            r"\b(?:one thing|a simple \w+|this|something \w+|a truth|the same thing"
            r"|eines|etwas \w+|ceci|une chose|une vérité|una cosa|algo \w+|una verdad): "
        ),
    },
}  # fmt: skip
"""Habits that are counted beside `HABITS`: in English and the author's language, and in any. Kept apart, because stored profiles
of style count `HABITS` alone."""

TELLING = frozenset({"offers and well-wishing"})
"""Habits of which one hit counts for two: nobody else ends so."""

WINDOW = 120
"""Words of the windows in which the author's densest use of a habit is looked for."""

SURE = 0.05
"""A habit counts against a response when the author would have it that often in at most so many such windows."""


@dataclass(frozen=True, slots=True)
class Habit:
    """A mannerism, and how often the author has it."""

    name: str
    pattern: re.Pattern[str]
    hits: int
    """In the author's own words."""
    words: int
    """Of the author, that were searched."""
    burst: float
    """Hits per word in the author's own densest window."""


def habits_of(texts: Sequence[str]) -> list[Habit]:
    """Every habit with the author's own count of it. Stock words that the author uses are the author's, and no habit."""
    text = plain("\n\n".join(texts))
    words = count_words(text)
    foreign = [stock for stock in STOCK_WORDS if not re.search(rf"\b{stock}\b", text)]
    patterns = {"stock words": rf"\b(?:{'|'.join(foreign)})\b"} if foreign else {}
    windows = [plain(window) for window in windows_of(texts, WINDOW)] or [""]
    habits = []
    tongue = tongue_of(text)
    more = [MORE_HABITS[each] for each in dict.fromkeys(("en", tongue, "any"))]
    for name, pattern in [*(patterns | HABITS).items(), *(each for some in more for each in some.items())]:
        found = re.compile(pattern)
        burst = max(len(found.findall(window)) for window in windows) / WINDOW
        habits.append(Habit(name, found, len(found.findall(text)), words, burst))
    return habits


def surprises(counts: np.ndarray[Any, Any], lengths: np.ndarray[Any, Any], habits: Sequence[Habit]) -> np.ndarray[Any, Any]:
    """-log10 of the probability of as many hits, or 0 where they are nothing unusual. Shapes: (texts, habits), (texts,).

    Args:
        counts: hits, shape (texts, habits).
        lengths: words, shape (texts,).
        habits: the habits.
    """
    from scipy.stats import nbinom

    hits = np.array([habit.hits for habit in habits])
    words = habits[0].words
    chance = nbinom.sf(counts - 1, hits + 0.5, (words / (words + np.maximum(lengths, 1)))[:, None])
    bursts = np.array([habit.burst for habit in habits]) * np.maximum(lengths, WINDOW)[:, None]
    return np.where((chance < SURE) & (counts > bursts), -np.log10(np.maximum(chance, 1e-30)), 0.0)


def plain(text: str) -> str:
    """Lower case and straight apostrophes, at the same offsets."""
    lowered = text.lower()
    return (lowered if len(lowered) == len(text) else text).replace("’", "'")
