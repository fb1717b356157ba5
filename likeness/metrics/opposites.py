"""Words of which not both are true of one thing, in four languages."""

from __future__ import annotations

import re

OPPOSITES: list[tuple[re.Pattern[str], re.Pattern[str]]] = [
    (re.compile(rf"\b(?:{one})\b"), re.compile(rf"\b(?:{other})\b"))
    for one, other in (
        (r"open(?:ed|s)?|offen|geöffnet|ouverte?s?|abiert[oa]s?", r"closed?s?|shut|geschlossen|zu|fermée?s?|cerrad[oa]s?"),
        (
            (
                r"(?:turned|switched|leave it|keep it|is|are|it) on|enabled|eingeschaltet|aktiviert|allumée?s?"
                r"|activée?s?|encendid[oa]s?|activad[oa]s?"
            ),
            r"off|disabled|ausgeschaltet|deaktiviert|éteinte?s?|désactivée?s?|apagad[oa]s?|desactivad[oa]s?",
        ),
        (r"always|immer|toujours|siempre", r"never|nie|niemals|jamais|nunca|jamás"),
        (r"before|vor|bevor|avant|antes", r"after|nach|nachdem|après|después"),
        (
            r"allowed|permitted|welcome|erlaubt|gestattet|willkommen|autorisée?s?|permise?s?|permitid[oa]s?|bienvenid[oa]s?",
            r"forbidden|prohibited|banned|verboten|untersagt|interdite?s?|prohibid[oa]s?",
        ),
        (
            r"safe|harmless|sicher|harmlos|ungefährlich|sûre?s?|segur[oa]s?|inofensiv[oa]s?",
            r"dangerous|unsafe|risky|gefährlich|unsicher|dangereu(?:x|se)s?|peligros[oa]s?",
        ),
        (
            r"required|mandatory|compulsory|necessary|pflicht|nötig|notwendig|erforderlich|obligatoires?"
            r"|nécessaires?|obligatori[oa]s?|necesari[oa]s?",
            r"optional|voluntary|unnecessary|freiwillig|unnötig|überflüssig|facultatifs?|facultatives?|inutiles?"
            r"|opcional(?:es)?|voluntari[oa]s?|innecesari[oa]s?",
        ),
        (r"free|kostenlos|gratis|umsonst|gratuite?s?|gratuit[oa]s?", r"paid|kostenpflichtig|payante?s?|de pago|costs? money"),
        (r"alive|living|lebt|vivante?s?|viv[oa]s?", r"dead|died|tot|gestorben|morte?s?|muert[oa]s?|murió"),
        (r"hot|heiß|chaude?s?|calientes?", r"cold|kalt|froide?s?|frí[oa]s?"),
        (r"left|links|gauche|izquierda", r"right|rechts|droite|derecha"),
        (r"north|norden|nord|norte", r"south|süden|sud|sur"),
        (r"east|osten|est|este", r"west|westen|ouest|oeste"),
        (r"morning|mornings|morgens|matin|mañana", r"evening|evenings|abends|abend|soir|noche|tarde"),
        (r"inside|indoors|drinnen|innen|dedans|intérieur|dentro", r"outside|outdoors|draußen|außen|dehors|extérieur|fuera"),
        (r"full|voll|pleine?s?|llen[oa]s?", r"empty|leer|vides?|vací[oa]s?"),
        (r"summer|sommer|été|verano", r"winter|hiver|invierno"),
        (r"wet|nass|feucht|mouillée?s?|humides?|mojad[oa]s?", r"dry|trocken|sèche?s?|sec|sec[oa]s?"),
        (r"faster|quicker|schneller|plus rapide|más rápid[oa]", r"slower|langsamer|plus lente?|más lent[oa]"),
        (r"cheaper|billiger|günstiger|moins cher|más barat[oa]", r"dearer|more expensive|teurer|plus cher|más car[oa]"),
        (r"public|öffentlich|publique?s?|públic[oa]s?", r"private|privat|privée?s?|privad[oa]s?"),
        (r"stable|stabil|estables?", r"unstable|instabil|instables?|inestables?"),
        (r"works?|funktioniert|fonctionne|funciona", r"broken|kaputt|en panne|cassée?s?|rot[oa]s?|averiad[oa]s?"),
        (r"true|wahr|richtig|vraie?s?|verdader[oa]s?", r"false|falsch|fausse?s?|faux|fals[oa]s?"),
        (r"everybody|everyone|alle|jeder|tout le monde|todos", r"nobody|no one|niemand|keiner|personne|nadie"),
        (
            r"loved?|enjoy(?:ed)?|liebe|liebte|mochte|aimais?|adorais?|encantaba|encantó|gustaba",
            r"hated?|loathed?|detested?|hasse|hasste|détestais?|haïssais?|odiaba|odié|detestaba",
        ),
        (
            r"running|laufen(?: lassen)?|en marche|en marcha",
            r"(?:switch|turn)(?:ed)? [^.!?;,]{0,20}?off|stopp?(?:ed)?|aus(?:schalten|geschaltet|machen)?|arrêt\w*"
            r"|éteindre|apagar|apagad[oa]",
        ),
        (r"raw|roh|crue?s?|crud[oa]s?", r"cooked|gekocht|cuite?s?|cocid[oa]s?"),
        (
            r"manual(?:ly)?|by hand|manuell|von hand|à la main|a mano",
            r"automatic(?:ally)?|automatisch|automatiquement|automáticamente",
        ),
        (
            r"included|inbegriffen|enthalten|comprise?s?|inclus(?:e|es)?|incluid[oa]s?",
            r"excluded|extra|separately|separat|en sus|en plus|aparte",
        ),
        (
            r"increased?|rose|gestiegen|steigt|augment\w+|sub(?:ió|e|ieron)",
            r"decreased?|fell|dropped|gesunken|sinkt|baiss\w+|diminu\w+|baj(?:ó|a|aron)",
        ),
        (r"early|früh|tôt|temprano", r"late|spät|tard"),
        (
            r"accepted|approved|angenommen|genehmigt|acceptée?s?|aceptad[oa]s?|aprobad[oa]s?",
            r"rejected|refused|declined|abgelehnt|refusée?s?|rechazad[oa]s?",
        ),
        (r"won|gewonnen|gewann|gagné|ganó|ganamos", r"lost|verloren|verlor|perdue?|perdió|perdimos"),
        (
            r"happy|glücklich|froh|heureu(?:x|se)|contente?s?|feliz|content[oa]s?",
            r"unhappy|sad|miserable|unglücklich|traurig|malheureu(?:x|se)|triste",
        ),
        (r"easy|leicht|einfach|facile|fácil", r"hard|difficult|schwer|schwierig|difficile|difícil"),
        (r"plenty|a great deal|viel|beaucoup|much[oa]s?", r"nothing|little|nichts|wenig|rien|nada|poc[oa]s?"),
    )
]
"""Words of which not both are true of one thing; in four languages."""
