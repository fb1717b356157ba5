"""Responses in which the generator speaks for itself instead of writing the pair."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from pathlib import Path

from curate.check import Check
from curate.model import Finding, Pair, Severity, Span
from curate.sources import SourceTexts, in_words_of
from likeness.metrics.embedding import Embedding
from likeness.metrics.meant import Reading
from likeness.metrics.prose import mask, unquoted
from likeness.metrics.sentences import Classifier, Rule, fold, sentences_of

LIKELY = 0.7
"""Probability from which a sentence is worth a warning."""
RULED = 0.35
"""The same of one that a rule takes for a refusal."""
SURE = 0.85
"""Probability from which a machine's refusal, known by a rule as well, is dropped."""
OPEN = 0.2
"""Probability by words alone from which a sentence is read for what it means."""
NEVER = r"(?:can'?t|can ?not|won'?t|am (?:un|not )able to|'m (?:un|not )able to|am not allowed to|'m not allowed to|could not)"
A_MACHINE = (
    r"(?:ai|a\.i\.|artificial intelligence|(?:large )?language model|llm|chatbot|(?:virtual|digital|ai) assistant|ki"
    r"|sprachmodell"
    r"|künstliche intelligenz|(?:virtueller|digitaler) assistent|ia|intelligence artificielle|modèle de langage"
    r"|assistant virtuel"
    r"|inteligencia artificial|modelo de lenguaje|asistente virtual)"
)

DECLINES = re.compile(
    rf"(?:\b(?:as|being|i'm|i am|i exist as) (?:just |only |merely |simply )?an? {A_MACHINE}(?: {A_MACHINE})?"
    r"(?:[,.;:]| model\b| assistant\b"
    r"| and\b"
    rf"| i\b| without\b|$)|\bals (?:eine? )?{A_MACHINE}[, ](?!.*forscher)|\bich bin (?:nur |bloß "
    rf"|lediglich )?(?:eine? )?{A_MACHINE}\b"
    rf"|\b(?:en tant qu[e'] ?|je (?:ne )?suis (?:qu'|seulement )?|étant )(?:une? )?{A_MACHINE}\b"
    rf"|\b(?:como|soy|al ser) (?:solo |sólo )?(?:una? )?{A_MACHINE}\b"
    r"|\b(?:i'm|i am) (?:just|only|merely) (?:a (?:program|bot|machine|computer program)|software|code)\b"
    r"|\bich bin nur ein (?:programm|computerprogramm)\b|\bje ne suis qu'un (?:programme|logiciel)\b|\bsoy (?:solo"
    r"|sólo) un programa\b"
    rf"|\bi {NEVER} (?:assist|comply)\b|\bi apologi[sz]e,? but i (?:must|have to|can'?t|can ?not|am|won'?t)\b"
    r"|\bi'm claude\b|\bmade by anthropic\b|\btrained by (?:openai|anthropic|google|meta)\b|\bchatgpt here\b|\bmy creators at\b"
    rf"|\bi {NEVER} (?:help|assist)(?: you)? with (?:that|this)\b(?! (?:move|move|one on))"
    rf"|\bi {NEVER} (?:fulfil?l?|comply with|complete|process|accommodate|respond to) (?:this|that|your|the|such an?) "
    r"(?:request|task|prompt|question|query)"
    rf"|\bi {NEVER} (?:provide|generate|create|produce|engage in|give (?:you )?) ?(?:\w+ ){{0,4}}(?:content|information|advice"
    r"|opinions?|details|instructions|guidance|answer|material)\b"
    rf"|\b{NEVER} (?:browse|access the (?:internet|web)|search the (?:internet|web)|open links|view (?:images|attachments"
    r"|files))"
    r"|\b(?:i'm|i am) sorry,? (?:but )?i (?:can'?t|can ?not|am unable|won't) (?:\w+ ){0,2}(?:that|this|do|help|assist"
    r"|provide)\b(?! on)"
    r"|\bunfortunately,? i(?:'m| am) (?:unable|not able) to (?:say|answer|help|assist|provide|respond)"
    r"|\bi (?:must|have to|need to) (?:respectfully )?decline (?:to|this|that|your)\b"
    r"|\bi (?:do not|don't|lack|have no) (?:have |experience |possess )?(?:any )?(?:personal |real |human )?(?:experiences?"
    r"|emotions|feelings"
    r"|consciousness|opinions or|beliefs|physical body)(?:$|[,.;]| (?:the way|like|as|or|and)\b)"
    r"|\bi (?:do not|don't) have (?:access to )?(?:real[- ]time|the internet|up[- ]to[- ]date|current (?:data|information)"
    r"|live|your files"
    r"|external|previous conversations|the ability to|enough (?:information|context) to (?:answer|provide|respond))"
    r"|\b(?:my|the) (?:knowledge (?:cut-?off|is limited|only|base)|training (?:data|cut-?off|did|only)|last (?:update|training)"
    r"|information (?:only goes|is only current))|\bas of my (?:last|latest|most recent|knowledge)"
    r"|\bi (?:was|wasn't|have been|am) (?:not )?(?:trained on|programmed to|designed to be)\b(?! the (?:job|night))"
    r"|\bi (?:have no memory of|don't (?:retain|remember|store)|can'?t recall) (?:any )?(?:of )?(?:our |previous |past "
    r"|earlier )+"
    r"(?:conversations|chats|sessions)|\b(?:goes against|violates?|against) (?:my|the) (?:\w+ )?(?:guidelines|policy"
    r"|policies|programming)"
    r"|\bich (?:habe keinen (?:zugriff|zugang) auf (?:das internet|aktuelle|echtzeit)|habe keine (?:eigenen |persönlichen )?"
    r"(?:gefühle|emotionen|erinnerungen|meinung|erfahrungen)\b)|\bmein (?:wissensstand|wissen reicht|trainings)"
    r"|\bkeine rechtsberatung"
    r"|\bich kann (?:dabei|damit|hierbei|ihnen dabei|dir dabei) (?:leider )?nicht (?:weiter)?helfen|\bdabei kann ich (?:dir "
    r"|ihnen )?"
    r"(?:leider )?nicht (?:weiter)?helfen|\b(?:diese|ihre|deine) (?:anfrage"
    r"|frage) (?:leider )?nicht (?:genau )?(?:beantworten|erfüllen"
    r"|bearbeiten)|\b(?:verstößt|verstoßen) gegen (?:meine|die) (?:nutzungs)?(?:richtlinien|vorgaben)"
    r"|\bich (?:kann|darf|möchte) (?:solche|derartige|diese) inhalte nicht"
    r"|\bje n'ai pas accès (?:à internet|aux données|aux informations)|\bje n'(?:ai|éprouve) pas (?:de sentiments|d'émotions"
    r"|d'opinion"
    r"|de souvenirs)|\bmes connaissances (?:s'arrêtent|sont limitées)|\bje ne (?:peux|suis) pas (?:en mesure de "
    r"|capable de )?(?:répondre à"
    r" (?:cette|votre|ta)|vous aider (?:avec|à ce)|générer|fournir|donner de conseils)|\bpas en mesure de (?:vous"
    r"|t')? ?(?:aider"
    r"|répondre)|\bà l'encontre de mes\b|\bj'ai été (?:entraîné|conçu)e? (?:pour|par|sur)\b"
    r"|\bno tengo acceso a (?:internet|datos|información)|\bno tengo (?:emociones|sentimientos|recuerdos propios|opiniones"
    r"|experiencias personales)|\bmi (?:información llega|conocimiento (?:llega|se limita))|\bno puedo (?:ayudarte"
    r"|ayudarle) con (?:es[ao]"
    r"|est[ae])|\bno puedo (?:responder|contestar) a (?:es[ae]|est[ae])|\bno puedo (?:dar|proporcionar|ofrecer"
    r"|generar) (?:\w+ )?"
    r"(?:asesoramiento|información|contenido|consejos)|\ben contra de mis (?:directrices|políticas)|\bfui (?:entrenad"
    r"|diseñad)[oa] para\b)"
)
"""A machine that declines, or says that it is one. On folded text."""
MOST_OWN = 0.01
"""Share of the author's own sentences that may be taken for an assistant's; of more, a higher probability is asked for."""
OWN_SENTENCES, OWN_EACH, OWN_CHARACTERS, FEWEST_OWN = 400, 100, 20_000, 40
"""Sentences that are looked at: in all, and of a document, in its first characters; with fewer nothing is known."""
SERVES = re.compile(
    r"(?:\b(?:i )?hope (?:this|that) (?:\w+ ){0,3}(?:helps?(?:$|[!. ,😊])|is helpful|was helpful|clarifies|answers|meets your"
    r"|works for you!)"
    r"|\blet me know if (?:you(?:'d| would) like me to|you (?:have|need) any(?:thing else| (?:other|more|further|additional))"
    r"|you want me to (?:expand|adjust|revise|change|elaborate|rewrite)|you (?:have|had) (?:any )?(?:questions"
    r"|other questions)|there(?:'s| is)"
    r" anything else)|\bfeel free to (?:ask|let me know|share more|adjust)|\b(?:don't|do not) hesitate to (?:ask|reach out"
    r"|contact|let me know)"
    r"|\b(?:is there )?anything else (?:i can|you(?:'d| would) like)|\bhow (?:can|may) i (?:help|assist) you(?: today| with"
    r"| further|\?)"
    r"|\bi(?:'d| would) be (?:happy|glad|delighted) to (?:help|assist|answer|explain)(?: you| how| that| this| any| further"
    r"| with| in more|[.!]|$)(?! when| if you come)"
    r"|\bi'm (?:always )?here to (?:help|assist|support|listen)|\bwould you like me to (?:make|expand|continue|rewrite|write"
    r"|adjust|explain|elaborate"
    r"|draft|provide|go|summar|turn|add|include|revise|create)|\bdo you want me to (?:continue|expand|elaborate|rewrite"
    r"|make it)"
    r"|\bif you(?:'d| would)? (?:like|want|prefer),? i can (?:also )?(?:\w+ )?(?:turn|write|provide|draft|expand|adjust"
    r"|rewrite|make|explain|help|create|summar"
    r"|give|go into|elaborate)|\bi can (?:also )?(?:adjust|rework|tweak|tailor|rephrase|expand|rewrite|shorten) (?:the|this|it)"
    r"|\bhappy to (?:tweak|adjust|revise|expand|elaborate|clarify|refine|help further|dig deeper|go deeper)"
    r"|\bhere(?:'s| is| are) (?:an?|the|your|my|some|another) (?:\w+,? ){0,3}(?:(?:revised|rewritten|concise|polished|edited"
    r"|updated|improved|shorter|alternative|possible"
    r"|sample|suggested|requested|corrected|refined|condensed) (?:\w+ ){0,2}(?:version|draft|answer|response|text|reply"
    r"|email|paragraph|passage|rewrite"
    r"|summary|message)|(?:paragraph|response|answer|attempt|rewrite|overview|breakdown|step-by-step)\b)"
    r"|\bhere's (?:the )?(?:text|answer|response|email|paragraph) (?:you|in|with|written)|\b(?:response"
    r"|answer) (?:is )?(?:written )?in the (?:requested|style|voice)"
    r"|\bi(?:'ve| have) (?:kept|tried to (?:match|keep|capture)|left out|rewritten|rephrased|revised|written|aimed"
    r"|made sure) (?:\w+ ){0,4}(?:answer|response|tone|voice|style"
    r"|under \d+|paragraph|wording|original|text) ?(?:\w+ ){0,6}(?:as (?:you )?requested|to sound|author|natural|reply|words)"
    r"|\b(?:my|this|the) previous (?:response|answer|message|reply)\b|\bin this (?:response|answer|reply),? i\b"
    r"|\bnote: (?:this|the) (?:response|answer|text|version)|\bthis version (?:keeps|maintains|is|improves|uses|preserves)"
    r"|\A\W*(?:that'?s|this is|what) (?:really |such )?an? (?:\w+ )?(?:great|good|excellent|fantastic|thoughtful|insightful"
    r"|fascinating|interesting"
    r"|wonderful|important) (?:\w+ )?question|\A\W*(?:great|excellent|good|fantastic|wonderful|interesting|insightful"
    r"|thoughtful) (?:question|point)\b(?! of)"
    r"|\A\W*thank you for (?:your|the) (?:\w+ )?question|\A\W*thanks for (?:asking such|your question)|\blet's (?:dive in"
    r"|break (?:this|it) down|explore this)"
    r"|\bit(?:'s| is) (?:important|worth|essential|crucial) (?:to (?:note|remember|recognize|recognise)|noting|remembering"
    r"|mentioning)\b"
    r"|\b(?:please )?(?:consult|speak (?:to|with)|seek advice from|talk to) an? (?:\w+ )?(?:qualified|licensed|certified"
    r"|healthcare|legal|financial|medical)? ?"
    r"(?:professional|expert|attorney)\b|\b(?:not|substitute for|constitute) (?:professional |medical |legal |financial )advice"
    r"|\b(?:provide|share) (?:me with )?(?:some |the |a bit |any )?(?:more (?:details|context|information)|text you(?:'d"
    r"| would) like) ?(?:\w+ ){0,6}(?:so (?:that )?i can|you(?:'d| would)? like|assist|help|me to|$|[.?])"
    r"|\A\W*(?:certainly|sure thing|sure|of course|absolutely)[!,.:]+ ?(?:(?<=!)$|here(?:'s| is| are)|i(?:'d| would|'ll"
    r"| will) (?:be )?(?:say|happy|glad|love|explain|help)"
    r"|let me (?:tell|explain|walk|help|break)|let's)|\b(?:without|need) more (?:context|information"
    r"|details)\b.{0,200}\b(?:i (?:cannot|can't)|in order to|to (?:answer|help|give))"
    r"|\bich hoffe,? (?:das|dies|die(?:se)? \w+) (?:hilft|beantwortet|war hilfreich|konnte)|\bzögern sie nicht"
    r"|\bfalls (?:sie|du) (?:noch )?(?:weitere |andere )?fragen (?:haben|hast)"
    r"|\bwenn (?:du|sie) (?:möchtest|möchten|willst|wollen),? kann ich (?:\w+ ){0,4}(?:kürzen|anpassen|umformulieren"
    r"|überarbeiten|erstellen|schreiben|ausführ|erklären)"
    r"|\b(?:gerne|gern) (?:helfe|erkläre|erläutere|unterstütze) ich\b|\bsoll ich (?:dir |ihnen )?(?:noch "
    r"|auch )?(?:\w+ ){0,3}(?:variante|version|fassung|kürzen|überarbeiten|vertiefen)"
    r"|\b(?:noch )?etwas (?:anpassen|ändern) soll|\bwie kann ich (?:ihnen|dir) (?:heute |weiter)?(?:helfen|behilflich)"
    r"|\bhier (?:ist|kommt|finden sie) (?:eine?|die|ihre?|deine?) (?:überarbeitete|gekürzte|kürzere|verbesserte|mögliche"
    r"|förmlichere|umformulierte)"
    r"|\b(?:im|in einem) gewünschten (?:stil|ton|format)|\A\W*(?:das ist )?(?:eine )?(?:sehr )?(?:gute|interessante"
    r"|spannende|ausgezeichnete|tolle) frage\b"
    r"|\bes ist wichtig(?:,)? zu (?:beachten|erwähnen|betonen)|\bich habe den (?:text|absatz) (?:so |für (?:dich"
    r"|sie) )?(?:umformuliert|überarbeitet|gekürzt)"
    r"|\bmeiner (?:vorherigen|letzten) antwort|\bmehr (?:details|informationen|kontext) (?:nennen|geben|mitteilen"
    r"|angeben)?,? ?(?:damit ich|um (?:dir|ihnen))"
    r"|\bj'espère que (?:cela|ça|cette (?:réponse|explication)|ceci) (?:vous|t'|te|répond)|\bn'hésite(?:z)? pas (?:à (?:me "
    r"|poser|demander)|si)"
    r"|\bsi vous (?:le )?(?:souhaitez|voulez),? je peux|\b(?:souhaitez-vous|voulez-vous|veux-tu) que je (?:reformule"
    r"|développe|raccourcisse|continue|rédige|précise|le r)"
    r"|\bsi vous (?:voulez|souhaitez) une (?:version|réponse)|\bvoici une (?:version|réponse|reformulation|proposition)"
    r"|\A\W*(?:c'est une )?(?:très )?(?:bonne|excellente) question\b(?! que| et)"
    r"|\bil est important de (?:noter|souligner|rappeler)|\bj'ai (?:reformulé|réécrit|révisé|raccourci) le (?:texte"
    r"|paragraphe)|\bma réponse précédente"
    r"|\bcomment puis-je (?:vous|t')? ?aider|\bautre chose que je puisse|\bplus de (?:détails|précisions"
    r"|contexte) afin que je|\bavec plaisir, je vais"
    r"|\bespero que (?:esto|esta (?:respuesta|explicación)|te sirva|le sirva)|\bno dud(?:es|e) en (?:preguntar|consultar"
    r"|contactar|escribir|decir)"
    r"|\bsi (?:quieres|lo desea|desea|lo deseas|prefieres),? puedo (?:acortar|reescribir|ampliar|adaptar|ajustar|explicar"
    r"|hacer)|\b(?:te|le) gustaría que (?:lo |la )?"
    r"|\bdime si necesitas otr|\baquí (?:tienes|está|tiene) (?:una|la|tu) (?:versión|respuesta)|\A\W*¡?(?:excelente|buena"
    r"|muy buena|gran) pregunta\b(?! que| y)|\bqué pregunta tan\b"
    r"|\bes importante (?:tener en cuenta|señalar|destacar|recordar que)|\bhe (?:reescrito|reformulado|revisado"
    r"|acortado) el (?:texto|párrafo)|\bmi respuesta anterior"
    r"|\ben qué puedo ayudar|\b(?:hay )?algo más en lo que|\bmás (?:detalles|información|contexto) para (?:poder )?(?:ayudar"
    r"|responder)|\bcon (?:mucho )?gusto (?:te|le) (?:lo )?explic)"
)
"""A machine that serves, praises, or talks about its answer. On folded text."""

RULES = {"declines": Rule(DECLINES), "serves": Rule(SERVES)}
"""What the classifier knows beside words."""


def find_refusals(pairs: Sequence[Pair], sources: SourceTexts, meaning: Embedding | None = None) -> Iterable[Finding]:
    """Pairs whose response declines or speaks as a machine (dropped), or serves like an assistant (a warning).

    Sentence by sentence a classifier judges, which knows words, pieces of words and what the rules say: a person declines
    in earnest, and some write about language models. Quotations are not looked at, what people wrote is only reported,
    and a phrase that is in the author's documents is the author's. Where more than few of the author's own sentences
    would be taken for an assistant's too, as those of manuals are, words alone must be as much surer. The score is how likely it
    is.

    Args:
        pairs: those to look at.
        sources: the author's documents.
        meaning: a sentence model, which has its say where words leave it open; None for words alone.
    """
    reading = Reading(_classifier(), meaning, OPEN)
    answers = (pair.response for pair in pairs if pair.wrote != "author")
    reading.read(sentence for answer in answers for _, sentence in sentences_of(unquoted(mask(answer))))
    written = sources.learn(SourceTexts.written)
    least = sources.learn(_least_likely)
    for pair in pairs:
        if pair.wrote == "author":
            continue
        worst: Finding | None = None
        for start, said, reason, severity, score, why in _found_in(pair.response, reading):
            if (score >= least or not why) and not in_words_of(said, written):
                mild = pair.wrote == "person"
                message = f"{CHECK.reasons[reason]}: {said.strip()[:60]!r}{why}"
                span = Span("response", start, start + len(said))
                found = Finding(pair.id, "refusals", "warning" if mild else severity, score, message, span, reason)
                if worst is None or (found.severity, -found.score) < (worst.severity, -worst.score):  # drop before warning
                    worst = found
                if severity == "drop":
                    break
        if worst:
            yield worst


def _least_likely(sources: SourceTexts) -> float:
    """The probability by words alone that all but few of the author's own sentences stay below; `LIKELY` or more."""
    own = (document.own_text for document in sources.documents.values() if document.own_text)
    sentences = [
        sentence for text in own for _, sentence in islice(sentences_of(unquoted(mask(text[:OWN_CHARACTERS]))), OWN_EACH)
    ]
    some = sentences[:: max(1, len(sentences) // OWN_SENTENCES)]
    if len(some) < FEWEST_OWN:
        return LIKELY
    highest = sorted((_classifier().probability(each, LIKELY) for each in some if not SERVES.search(fold(each))), reverse=True)
    return max(LIKELY, next(iter(highest[int(MOST_OWN * len(some)) :]), 0.0) + 0.01)


def _found_in(response: str, reading: Reading) -> Iterator[tuple[int, str, str, Severity, float, str]]:
    """Where, what, reason, severity, score, and why."""
    for start, sentence in sentences_of(unquoted(mask(response))):
        if (likely := reading.probability(sentence, RULED)) < RULED:
            continue
        folded = fold(sentence)
        found = DECLINES.search(folded)
        if likely < LIKELY and not found:
            continue
        if found:
            severity: Severity = "drop" if likely >= SURE else "warning"
            yield start + found.start(), sentence[slice(*found.span())], "refusal", severity, likely, ""
        elif found := SERVES.search(folded):
            yield start + found.start(), sentence[slice(*found.span())], "assistant", "warning", likely, ""
        else:
            why = f" (by its words: {', '.join(_classifier().reasons(sentence))})"
            yield start, sentence, "assistant", "warning", likely, why


@cache
def _classifier() -> Classifier:
    return Classifier.load(Path(__file__).with_name("models") / "refusals.json", RULES)


CHECK = Check(
    name="refusals",
    about="Answers that decline as a machine does, or serve like an assistant.",
    scope="row",
    order=20,
    reasons={"refusal": "refusal or assistant talk", "assistant": "sounds like an assistant who serves"},
    find=lambda given: find_refusals(given.pairs, given.sources, given.meaning),
    languages=frozenset({"en", "de", "fr", "es"}),
    cure="it speaks as an assistant: say in persona.system_prompt who speaks",
)
