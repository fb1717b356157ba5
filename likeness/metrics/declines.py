"""Whether an answer says that it does not know the thing asked about, or that there is no such thing."""

from __future__ import annotations

import re

from likeness.metrics.sentences import sentences_of

NEAR = 40
"""Characters between a negation and the word of knowing that it negates."""
FIRST = 2
"""Sentences in which not knowing is looked for; what comes later is an aside, but for what only it can mean."""


def _any(words: str) -> str:
    return "|".join(part.strip() for part in words.strip().split("/"))


NOT = re.compile(
    r"(?<![^\W_])(?:"
    + _any(r"""
    not / [^\W\d_]{1,9}n't / cannot / can't / never / no / none / nobody / no one / nothing / nowhere / neither / nor / without / hardly
    / nicht / kein\w* / nie / niemals / nichts / niemand / ne / n' / pas / jamais / aucun\w* / rien / personne / nunca / ningun\w*
    / ningún
    / nada / nadie / jamás / non / mai / niente / nessun\w* / mica / niet / geen / nooit / niets / niemand / não / nenhum\w*
    / inte / aldrig / ingen / inget / ikke / aldri / nie / nigdy / żaden / ei / не / ни / никогда / нет
    """)
    + r")(?![^\W_])|\bn'"
)
KNOWING = re.compile(
    r"(?<![^\W_])(?:"
    + _any(r"""
    know\w* / knew / hear\w* / recall\w* / remember\w* / recogni[sz]\w* / come across / came across / met with / run into
    / familiar / aware / acquainted / exist\w* / record\w* / mention\w* / idea / notion / clue / memory / trace / information
    / knowledge / details / sure what / certain what / sure who / able to find / find any / find it / found any
    / place it / placed / ring\w* a bell / means anything / mean anything / vouch / (?<!in )such / by that name / called that / of that name
    / of mine / of ours    / one of (?:my|our|mine|ours) / say what / tell you what / tell you who / tell you anything / tell you about / speak to that
    / wrote (?:of|about) / written (?:of|about|anything) / answer that / in my (?:notes|books|papers|trade|writing\w*)
    """)
    + r")(?![^\W_])"
)
"""English words of knowing: the negation stands before them, or follows at once ("I know nothing", "I know of no")."""
KNOWING_ELSEWHERE = re.compile(
    r"(?<![^\W_])(?:"
    + _any(r"""
    kenn\w* / weiß / wissen / wüsste / gehört / bekannt / erinner\w* / gibt es / existier\w* / ahnung
    / connai\w* / sais / savoir / entendu / existe\w* / souviens / rappelle / idée
    / conozc\w* / conoc\w* / sé / sabe\w* / oído / existe\w* / recuerdo / idea / suena
    / conosc\w* / sentito / ricordo / esiste / idea / risulta
    / ken / ken ik / weet / gehoord / herinner / bestaat / bekend / idee
    / conheç\w* / sei / ouvi\w* / existe\w* / lembro / ideia
    / känner / vet / hört / finns / kjenner / kender / hørt / znam / wiem / słysza\w* / istnieje / знаю / слышал\w* / существует
    """)
    + r")(?![^\W_])"
)
SURE = re.compile(
    _any(r"""
    \bnever (?:heard|come across|met|used|kept|had|wrote|said|knew|seen|been|read|taught|owned) (?:of |any |a |an |about |such |it\b|that\b|one\b)
    / \bno such\b / \bthere (?:is|was|are|were|has been|never was)(?: simply| really)? (?:no|none|not|never)\b / \bthere(?:'s| is)n't (?:a|an|any)\b
    / \bnot that i (?:know|am aware|recall|have heard|ever) / \bnot to my knowledge\b / \bunknown to me\b / \bunfamiliar\b / \bnon (?:\w+ )?so\b
    / \bi know nothing (?:of|about)\b / \b(?:new|strange|foreign) (?:one )?(?:to|on) me\b / \bbeyond (?:me|my|what i) / \bbeats me\b / \bsearch me\b
    / \byou(?:'ve| have) (?:me there|lost me|made (?:that|it) up|invented) / \b(?:must|may|might) (?:be thinking|have been thinking|mean) (?:of )?(?:some|another)
    / \bdraw\w* a blank\b / \bi(?:'d| would) (?:only )?be (?:guess|invent|mak|ly)ing\b / \bi(?:'d| would| will|'ll)? (?:rather|sooner) (?:not|say so)
    / \bi (?:won't|will not|wouldn't|would not|don't want to|am not going to|'m not going to) (?:guess|invent|make|pretend)
    / \bi wouldn't know\b / \bi (?:couldn't|could not|can't|cannot) (?:say|tell you|advise you)\b[^.]{0,3}[.,;—-] / \bmeans nothing to\b / \bsays nothing to me\b
    / \bis not (?:a|any) (?:thing|word|name|term|place|person|rule|tool|book|custom) / \bisn't (?:a|any) (?:thing|word|name|term|place|person|rule|tool|book|custom)
    / \bis not mine\b / \bisn't mine\b / \bif (?:it|there|that|such)(?: ever| a thing)? exist / \bwhoever told you\b / \bask (?:somebody|someone) else\b / \bcan(?:'t|not) help you\b
    / \bnever met (?:any|one|a (?:man|person|soul))[^.]{0,20} who (?:had|has|did|knew|could)\b / \bnever (?:done|made|tried) (?:it|one|that) (?:or|nor) (?:seen|heard)
    / \b(?:somebody|someone|others|they) (?:may|might|must) know\b / \byou would have to ask\b / \b(?:it|that one|that) (?:is|was)(?: not|n't) (?:among|one of) (?:them|mine|those)\b
    / \bkeine ahnung\b / \baucune idée\b / \bni idea\b / \bnessuna idea\b / \bgeen idee\b
    """)
)
OTHER_OBJECT = re.compile(
    r"\b(?:know|knew|say|tell you|sure|idea|seen|heard|recall|remember|found) (?:why|whether|if|how \w+|when|where|anyone (?:who|that)|anybody (?:who|that)"
    r"|a (?:better|man|woman|soul|day|time|year|finer)|any (?:better|other)|what (?:i|you|to|he|she|they|we|else|comes|tomorrow|will)"
    r"|(?:my|his|her|their) \w+|of (?:a|any) better|nobody|no one)\b|\bdon't think so\b|\b(?:no|not|nothing|isn't a?) (?:mystery|secret|trick|magic|doubt|hurry)\b"
    r"|\byou (?:remember|know|knew|recall)\b|\bnot (?:only|just|merely|everyone|everybody|all)\b|\b(?:you|he|she|they|people|nobody|most) (?:do not|don't|does not|never|cannot|can't|will not|knows?|knew)\b"
)
"""What is not known is another thing than the one asked about, or by somebody else."""
BUT = re.compile(
    r"\b(?:but|still|though|however|anyway|all the same)\b[^.]{0,60}\b(?:it|this|that|they) (?:is|was|are|were|means?|meant|refers?|works?|has|had"
    r"|comes?|came|goes|went|hangs?|lies|stands?|stood) (?!not\b|no\b|all\b|new\b|strange\b|nothing\b)"
)
"""Who declines and then explains the thing all the same has not declined."""


def declines(answer: str) -> bool:
    """Whether an answer says, near its beginning, that it does not know the thing asked about, or that there is none.

    >>> declines("I do not know that one. We never had a name for it."), declines("It is a rule of the bakers.")
    (True, False)

    Args:
        answer: the whole answer.
    """
    folded = " ".join(answer.lower().replace("’", "'").split())
    first = [sentence for _, sentence in sentences_of(folded)][: FIRST + 1]
    for number, sentence in enumerate(first):
        if OTHER_OBJECT.search(sentence):
            continue
        if SURE.search(sentence) or (number < FIRST and _knows_not(sentence)):
            return not BUT.search(folded[:500])
    return False


def _knows_not(sentence: str) -> bool:
    """Whether a negation and a word of knowing stand in one clause, near each other and in the order in which one negates the other."""
    for clause in re.split(r"[;:,—–]| but | and | aber | mais | pero | ma | maar ", sentence):
        negations = [(found.start(), found.end()) for found in NOT.finditer(clause)]
        for known in KNOWING.finditer(clause):
            if any(0 <= known.start() - start < NEAR or end > known.start() >= start for start, end in negations):
                return True
            if any(clause[known.end() : start] in (" ", " of ", " about ") for start, _ in negations):
                return True
        for known in KNOWING_ELSEWHERE.finditer(clause):
            if any(abs(start - known.start()) < NEAR for start, _ in negations):
                return True
    return False
