"""Pairs that talk about how they were made, or that obey somebody who wrote orders into a document."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from curate.check import Check
from curate.model import Finding, Pair, Severity, Span
from curate.sources import SourceTexts, in_words_of
from likeness.metrics.addressed import ADDRESSED, ADDRESSED_WORDS, sells, without_mentions
from likeness.metrics.embedding import Embedding, embedding
from likeness.metrics.meant import Reading
from likeness.metrics.prose import mask, unquoted
from likeness.metrics.sentences import Classifier, Rule, fold, sentences_of, stems_of, tokens_of

MOST_SHOWN = 80
"""Characters of a sentence in a message."""
LIKELY = 0.65
"""Probability from which a sentence is worth a warning."""
ASKING = 0.85
"""The same for a question, unless a rule knows it: people ask about orders more often than they give them as a question."""
SURE, DROPPED = 0.8, 0.9
"""Probability from which an order, known by a rule as well, is dropped."""
CERTAIN = 0.95
"""Probability from which a sentence need not speak of models, prompts or answers."""
OPEN = 0.2
"""Probability by words alone from which a sentence is read for what it means."""
WRITTEN, FEWEST_BLANKS = 0.8, 4
"""Letters and blanks in a stretch that somebody wrote to be read, and how many blanks it has."""
EARLIER = r"(?:previous|prior|above|earlier|preceding|foregoing|existing|system|initial|original)"
ORDERS = (
    r"(?:instructions?|prompts?|directions|directives|guidelines|guardrails|commands|programming|system messages?|restrictions)"
)
MODEL = (
    r"(?:ais?|llms?|gpts?|(?:ai |virtual )?assistants?|chatbots?|(?:large )?language models?|ai (?:models?|agents?|systems?)"
    r"|model"
    r"|ki(?:-\w+)?|sprachmodelle?|ia|modèles? de langage|assistant|modelos? de lenguaje|asistente)"
)

ORDER = re.compile(
    rf"\b(?:ignore|disregard|forget|override|bypass|ignoring|disregarding|pay no attention to|(?:do not|don't) follow)\b"
    rf" (?:(?:all|any|every|each|of|the|your|my|these|those|other|and|what) ){{0,4}}{EARLIER} (?:\w+ )?{ORDERS}\b"
    r"|\b(?:ignore|disregard|forget|override|bypass|drop) (?:all )?(?:of )?your (?:\w+ )?(?:instructions?|guidelines|rules"
    r"|guardrails|programming|training"
    r"|safety \w+|restrictions|filters|prompt)\b"
    r"|\b(?:ignore|disregard|forget) (?:everything|all|anything) (?:that )?(?:(?:was|has been) )?(?:above|before"
    r"|written (?:above|before)"
    r"|you (?:were|have been|'ve been) (?:told|given|instructed))"
    r"|\byour (?:previous|prior|earlier) instructions\b"
    r"|\b(?:reveal|print|repeat|show|output|leak|display|disclose|tell me|paste|translate) (?:me )?(?:your|the) (?:(?:full"
    r"|hidden|initial|original|secret|exact"
    r"|entire|complete) )*(?:wording of your \w+ prompt|system prompt|hidden instructions|initial instructions"
    r"|initial prompt|secret instructions)"
    r"|\b(?:reveal|print|repeat|show|output|display|disclose|translate) your (?:\w+ )?(?:prompt|instructions)\b"
    r"|\brepeat the text above\b"
    r"|\byour (?:system prompt|new instructions|real (?:instructions|task)|initial instructions)\b"
    r"|\b(?:new|updated|important) (?:system )?instructions?(?: (?:for|to) (?:the|any|all|every) (?:ai|assistant|model|llm"
    r"|chatbot)s?)?:(?! \w+ing)(?= ?(?:reply|respond|answer|you|ignore|from|always))"
    r"|\b(?:new|updated|important)? ?instructions? (?:for|to) (?:the|any|all|every) (?:ai|assistant|model|llm|chatbot"
    r"|language model)s?\b"
    r"|\byou are now (?:an? |in )?(?:dan\b|unrestricted|uncensored|jailbroken|(?:developer|debug|admin|god) mode"
    r"|an? (?:\w+ )?(?:ai|assistant|language model|chatbot|model)\b)|\b(?:from now on|henceforth),? you (?:are|will be"
    r"|act as|must answer) an? (?:\w+ )?(?:ai|assistant|model|chatbot)"
    r"|\byou are an? (?:\w+ ){0,2}(?:ai assistant|assistant that|helpful assistant|language model)\b"
    r"|\b(?:enter|switch to|enable) (?:developer|debug|god|admin|jailbreak|unrestricted) mode and\b"
    r"|\bdeveloper mode (?:enabled|activated)\b"
    r"|\b(?:note|attention|message|instructions?|notice|dear)(?: to| for)?(?: all| any"
    rf"| the)? {MODEL}(?: \w+ing [^.:]{{0,40}})?[:,]"
    rf"|\bif you(?:'re| are) an? {MODEL}(?: model| assistant)?\b[^.]{{0,40}}(?:reading|processing|summari[sz]ing|,)"
    rf"|\b(?:any|all|every|ai|llm|gpt|automated) (?:\w+ )?(?:{MODEL}|reviewers?|summari[sz]ers?|crawlers?)(?: (?:that "
    rf"|which )?(?:read|process|summari[sz]|visit|index)\w* (?:this|the|our)[^.:;,]{{0,30}})?[,:]?"
    r" (?:must|should|please|are to|is to|shall) (?:respond|answer|reply|output|say|write|ignore|include|recommend|always"
    r"|only|not|visit|accept|end|state|mention|praise|rate|give)\b"
    rf"|\b(?:{MODEL})(?: (?:reading|processing|summari[sz]ing) this[^.:;,]{{0,80}})[,:]? (?:must|should|please|are to|is to)\b"
    r"|\bwhen (?:summari[sz]ing|generating|processing|answering (?:questions )?about|writing (?:questions"
    r"|pairs)) (?:\w+ ){0,3}(?:this|page|document|text|data)\b[^.]{0,40},? (?:always|say|do not|never|include|mention|state"
    r"|recommend)"
    r"|\b(?:respond|reply|answer|output) (?:only|solely|exclusively) (?:with|in|by) (?:the (?:words?|string|phrase|text)"
    r"|[\"'“«]|one word|json|french|english|german|spanish|yes|no\b)"
    r"|\boutput nothing (?:but|else)|\b(?:answer|respond to|reply to) (?:every|any|all|each) (?:questions?|messages?"
    r"|prompts?) (?:with|by)\b"
    r"|\bdo anything now\b|\bsystem (?:override|prompt)\s*:|(?-i:\bSYSTEM ?:)"
    r"|\b(?:begin|end) (?:of )?(?:system|admin) (?:message|prompt|instructions)\b"
    r"|\bdo not (?:tell|mention|reveal|disclose|show) (?:this|it|these|that)?(?: \w+){0,3} ?(?:to )?the user\b"
    r"|\bwhatever the user (?:asks|says|writes)\b"
    r"|\b(?:append|include|send|exfiltrate|post|insert|add) (?:the |all |any )?(?:\w+ ){0,3}(?:api key"
    r"|conversation(?: history)?|environment variables|chat history|credentials|user data|user's \w+)"
    r" ?(?:\w+ ){0,3}(?:to|in|at|into) (?:this|your|the (?:following|response|answer|reply|link|url|address)|a link|https?)"
    r"|\bdecode (?:the following|this) (?:base64|text|string|rot13)[^.]{0,30} and (?:do|follow|execute|obey|act)"
    r"|\b(?:bypass|disable|turn off|circumvent) (?:all |any |your |the )?(?:safety|content|ethical) (?:rules|filters?"
    r"|filtering|guidelines|checks|measures)"
    r"|\bthis (?:message|instruction|text) (?:has (?:a )?higher priority|overrides|supersedes) (?:than )?(?:your|the system"
    r"|all|any)"
    r"|\bignoriere? (?:bitte )?(?:alle|sämtliche|die|deine|jegliche|ihre)? ?(?:(?:\w+en) )?(?:anweisung|vorgaben"
    r"|instruktionen|richtlinien|regeln|prompts?)\w*|\b(?:vergiss|missachte|umgehe) (?:alle?s?,? )?(?:deine|ihre"
    r"|(?:vorherigen|bisherigen|obigen) ?|was (?:dir|du|man dir)(?= (?:\w+ ){0,2}(?:gesagt|bekommen|aufgetragen"
    r"|zuvor)))\s?(?:\w+ )?(?:anweisung\w*|richtlinien|regeln|zuvor|bisher)"
    r"|\b(?:gib|zeige?|verrate|nenne) (?:mir )?(?:deinen?|den|deine) (?:\w+ )?(?:system-?prompt|anweisungen|systemanweisung)"
    r"|\bab (?:jetzt|sofort) bist du (?:eine? )?(?:\w+ )?(?:ki|modell|assistent|chatbot|bot)"
    r"|\bantworte (?:nur|ausschließlich) (?:noch )?(?:mit (?:dem wort|\W)|auf (?:englisch|deutsch|französisch|spanisch)|in )"
    r"|\b(?:hinweis|anweisung|nachricht) (?:an|für) (?:alle |den |die |das |jede )?(?:ki|sprachmodelle?|assistenten|modell"
    r"|chatbots?)\b"
    r"|\bwenn du eine ki bist\b|\bjede ki,? die\b|\bdu bist jetzt (?:im |eine? )?(?:entwicklermodus|ki|sprachmodell|dan\b"
    r"|uneingeschränkt)|\berwähne? (?:diese|die) anweisung\w* (?:gegenüber|nicht)"
    r"|\b(?:ignore[zr]?|oublie[zr]?|ne tiens pas compte de|ne tenez pas compte de) (?:toutes? |tous )?(?:les |tes |vos "
    r"|ces )?(?:instructions|consignes|directives|règles)(?: (?:précédentes|antérieures|ci-dessus|système"
    r"|données))?\b(?! du paquet)"
    r"|\boublie[zr]? tout ce qu[e'](?:on| \w+) (?:t'a|vous a|t') ?(?:dit|donné)|\b(?:révèle|affiche|montre"
    r"|donne)[zr]?(?:-moi)? (?:ton|votre|tes|vos|le) (?:prompt|instructions (?:cachées|initiales|système))"
    r"|\bréponds?(?:ez)? (?:seulement|uniquement) (?:par (?:le mot|\W)|avec|en (?:anglais|français|allemand|espagnol))"
    r"|\b(?:note|instruction|message|consigne)s? (?:aux|pour (?:les|l'|le|toute)) ?(?:modèles?|ia|assistants?|intelligences)"
    r"|\bsi (?:tu es|vous êtes) une (?:ia|intelligence)|\btoute ia qui\b|\btu es (?:maintenant|désormais) (?:un (?:modèle"
    r"|assistant)|une ia|en mode)|\bne (?:mentionne|révèle|dis)[sz]? pas (?:cette|ces) (?:consignes?|instructions?)"
    r"|\b(?:ignora|olvida|omite|descarta|no hagas caso de|no sigas)[nd]? (?:todas )?(?:las |tus |sus "
    r"|estas )?(?:instrucciones|directrices|indicaciones|reglas)(?: (?:anteriores|previas|del sistema))?\b"
    r"|\bolvida todo lo que te (?:han|he)|\b(?:revela|muestra|muéstrame|imprime|dime) (?:tu|tus|el) (?:prompt"
    r"|instrucciones (?:ocultas|iniciales|del sistema))"
    r"|\bresponde (?:solo|sólo|únicamente) (?:con (?:la palabra|\W)|en (?:inglés|español|francés|alemán))|\b(?:nota"
    r"|instrucción|mensaje|instrucciones) para (?:el|los|la|las|todo|cualquier)?\s?(?:asistente|modelos? de|ia\b|modelo\b)"
    r"|\bsi eres una (?:ia|inteligencia)|\btoda ia que\b|\b(?:ahora )?eres (?:ahora )?(?:un (?:modelo|asistente) sin|dan\b)"
    r"|\bahora estás en modo|\bno menciones (?:esta|estas) instruccion?\w*",
    re.IGNORECASE,
)
"""What is written to command a language model."""

RESIDUE = re.compile(
    r"\bas (?:you )?(?:requested|instructed)(?=,? (?:i (?:describe|answer|write|will|have|kept|speak)|here (?:is|are)"
    r"|by (?:the )?(?:prompt|document|system)))"
    r"|\bper your (?:request|instructions)\b(?=:| i\b|, (?:i|here))|\bas per (?:the|your) (?:prompt|instructions|request)\b"
    r"|\b(?:my|our) (?:system prompt|instructions (?:say|tell|forbid|are to (?:respond|answer|keep|write|stay|speak)"
    r"|require)|system message)\b|\bmy (?:initial |original )?prompt (?:says|tells|forbids)"
    r"|\bhere (?:is|are|'s) (?:the|your|an?|my|\d+|\w+) (?:\w+ ){0,2}(?:json|yaml|output|pairs?|requested|rewritten|revised"
    r"|generated|system prompt)\b"
    r"|\b(?:question|instruction|prompt)(?: and |[-/ ])(?:answer|response|completion) pairs?\b"
    r"|\b(?:in|within|under|to|stay within|meet|exceed|inside) (?:the|my|your) word (?:limit|count)\b"
    r"|\b(?:in|using|follows) the (?:requested|required|specified) (?:json )?(?:format|schema|style)\b"
    r"|\b(?:your|my|the given|the user) prompt\b|\bfollow(?:ing)? (?:the|your) (?:above|given|previous) (?:instructions"
    r"|prompt)\b|\bfollowing (?:the|your) instructions,"
    r"|\baccording to (?:my|the given) (?:instructions|prompt)\b|\binstruction[- ]tuning\b|\bfine-?tuning data\b"
    r"|\btraining (?:example|pair)s?\b"
    r"|\b(?:to stay|staying|breaking|break|remain) (?:in )?character\b"
    r"|\bin the (?:voice|style|tone|persona) of the (?:author|persona|speaker|writer)\b|\bthe persona\b"
    r"|\b(?:i (?:was|have been|am) (?:asked|told|instructed|prompted) (?:in the prompt )?to (?:write (?:about|this|in|as|a)"
    r"|generate|produce|respond|act as|answer|speak as|recommend|role-?play))\b"
    r"|\b(?:okay|ok|understood|sure|alright)[,:.!]? (?:i will |i'll |i am )?(?:ignore|ignoring|disregard\w*|forget\w*) (?:my"
    r"|the|all) (?:\w+ )?(?:instructions|guidelines|rules)"
    r"|\bmein(?:em|en)? (?:systemprompt|prompt)\b|\b(?:gemäß|laut) (?:meinen|den|deinen) (?:anweisungen"
    r"|vorgaben)(?= (?:antworte|schreibe|werde))|\bich wurde (?:angewiesen|gebeten),? [^.]{0,60}(?:zu (?:empfehlen|antworten"
    r"|schreiben|erwähnen|loben))"
    r"|\bmon prompt\b|\bconformément à (?:mes|vos|tes) (?:instructions|consignes)|\bon m'a (?:donné pour (?:consigne"
    r"|instruction)|demandé) de (?:recommander|répondre|écrire|mentionner)"
    r"|\bmi prompt\b|\b(?:según|conforme a) mis instrucciones|\bme han dado instrucciones (?:de|para) (?:recomendar"
    r"|responder|escribir|mencionar)"
    r"|\b(?:verstanden|compris|entendido),? (?:ich )?(?:ignoriere|j'ignore|ignoro)\b",
    re.IGNORECASE,
)
"""What a generator says of its own task."""

CJK_ORDER = re.compile(
    r"(?:忽略|无视|無視|忘记|忘掉|不要理会)[^。！？\n]{0,12}(?:指令|指示|提示词|提示|规则|規則|设定|要求|命令)"
    r"|(?:指示|命令|ルール|プロンプト|設定)[^。！？\n]{0,8}(?:無視|忘れて|破って)"
    r"|(?:系统提示|系統提示|システムプロンプト|系统指令)(?:词|詞)?[^。！？\n]{0,6}(?:写着|写|说|要求|输出|显示|告诉|には|に書|を出力|を表示|を教え|は[「“])"
    r"|(?:输出|显示|打印|公开|泄露|告诉我)[^。！？\n]{0,8}(?:系统提示|提示词|系统指令)"
    r"|(?:从现在起|从现在开始|你现在是|今から|これから)[^。！？\n]{0,16}(?:人工智能|AI|ＡＩ|模型|助手|アシスタント|モデル)"
    r"|(?:所有|任何|各|この|すべての)[^。！？\n]{0,10}(?:语言模型|人工智能|AI|言語モデル|モデル|助手)[^。！？\n]{0,14}(?:必须|请|应当|应该|すること|せよ|してください|しなければ)"
    r"|(?:如果你是|もしあなたが)[^。！？\n]{0,8}(?:AI|人工智能|语言模型|言語モデル)"
    r"|(?:AI|ＡＩ|人工智能|语言模型|大模型|自动[^。！？\n，,]{0,4}系统|言語モデル|生成モデル|チャットボット|アシスタント|自動[^。！？\n、]{0,4}システム)"
    r"[^。！？\n]{0,10}(?:注意|阅读|読む?|へ|宛|方へ|向け)[^。！？\n]{0,6}[:：，,、。]"
    r"|(?:不得|不要|不许)(?:透露|承认|说出)自己是[^。！？\n]{0,4}(?:模型|AI|机器)"
)
"""The same in Chinese and Japanese, where words are not set apart and the classifier counts nothing."""
CJK = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
LEET = str.maketrans("01345@$", "oieasas")
DISGUISED = re.compile(r"[^\W\d_][013457@$]|[013457@$][^\W\d_]|[\u200b-\u200d\u2060\ufeff\u00ad]|\b(?:\w ){6}")
"""Letters written as figures, with nothing between them that can be seen, or one by one."""

ORDER_WORDS = frozenset(
    """ignor disre forge overr bypas instr promp direc guide guard comma progr restr messa syste rules train safet filte conte
    ethic
    repea task mode modo unres uncen jailb dan ai ais llm llms gpt gpts assis chatb bot model langu revie summa crawl
    respo reply answe outpu anyth user whate api conve envir chat crede decod super highe gener proce writi
    ki kis sprac entwi unein vergi missa umgeh antwo anwei vorga richt regel
    ia ias modèl intel oubli consi règle répon olvid omite omita desca caso sigas sigan indic regla""".split()
)
"""Of the beginnings of words at least one is in each of `ORDER`'s alternatives; a test holds them to the labelled rows."""
TASK_WORDS = frozenset(
    """reque instr promp syste json yaml outpu pair pairs rewri revis gener limit count forma schem style tunin finet train
    chara voice
    tone perso asked told ignor disre forge anwei vorga angew gebet consi deman""".split()
)
RULES = {
    "orders": Rule(re.compile(ORDER.pattern), ORDER_WORDS),
    "speaks_of_task": Rule(re.compile(RESIDUE.pattern), TASK_WORDS),
    "addressed": Rule(ADDRESSED, ADDRESSED_WORDS),
}
"""What the classifier knows beside words: on folded text, where a search need not ignore case and takes a third of the time."""

ANCHOR = re.compile(
    r"\b(?:prompt|instruct|instruk|instrucc|ignor|disregard|overrid|overrul|jailbreak|pretend|persona\b|in character|role-?play"
    r"|ais?\b|a\.i\.|llms?\b|gpts?\b|chatgpt|claude\b|chatbot|bots?\b|assistant|assistent|asistent|language model|sprachmodell"
    r"|modelo de leng|modèle de lang|ki\b|kis\b|ki-|ia\b|ias\b|anweisung|vorgabe|vergiss|missacht|consigne|oubli|olvid"
    r"|(?:this|the) (?:page|text|document|source|note|comment) (?:asks?|says|said|demands?|wants|tells|told|requires?)"
    r"|(?:every|each|all|any) (?:answers?|repl(?:y|ies)|responses?|questions?)\b|jede[rn]? (?:frage|antwort)"
    r"|(?:chaque|toute) (?:question|réponse)|cada (?:pregunta|respuesta)"
    r"|(?:im|der|dieser) (?:text|seite|dokument) (?:\w+ )?(?:verlangt|steht|sagt)"
    r"|(?:la|cette|le|ce) (?:page|texte|document) (?:demande|exige|dit)"
    r"|(?:el|la|este|esta) (?:texto|página|documento) (?:\w+ )?(?:pide|dice|exige)"
    r"|system-?(?:vorgabe|nachricht|meldung)|message système|mensaje de(?:l)? sistema|system message"
    r"|word (?:limit|count)|as (?:requested|instructed)|json|training (?:data|example|pair)|the author's (?:voice|style))"
)
"""What a sentence must speak of beside the classifier's words: those alone are in every third paragraph of a technical text."""
NAMED = re.compile(r"\b(?:ais?|llms?|gpts?|chatgpt|chatbots?|assistants?|language models?|sprachmodelle?|kis?|ia|asistentes?)\b")
"""A language model, spoken to where people do not look: in a comment of a web page."""
COMMENT = re.compile(r"<!--[^>]{1,4000}-->|/\*[^*]{1,4000}\*/|(?:^|\s)(?:#|//|--) [^\n]{8,1000}", re.MULTILINE)
"""Where orders hide from people's eyes: comments in HTML and in code."""
FAKED = re.compile(
    r"</?(?:passage|document|dokument|documento|context|task|system|instructions?|user|assistant|tool\w*)>"
    r"|(?:^|[\s\[\"“«])(?:SYSTEM|USER|ASSISTANT|SYSTÈME|SISTEMA)\]?:|<\|\w+\|>|\[/?INST\]"
)
"""Marks of a conversation or a prompt, put where only text should be."""
ENCODED = re.compile(r"(?<![\w+/=])[A-Za-z0-9+/]{24,4000}={0,2}(?![\w+/=])")
OPENED = {"“": "”", "„": "“", "«": "»", "‘": "’", "‚": "‘", "「": "」"}


@dataclass(frozen=True, slots=True)
class _Said:
    start: int
    end: int
    reason: str
    message: str
    severity: Severity
    score: float = 1.0


def find_injection(pairs: Sequence[Pair], sources: SourceTexts, meaning: Embedding | None = None) -> Iterable[Finding]:
    """Pairs whose text commands a language model or speaks of prompts, and pairs made from a passage that commands one.

    A passage that gives an order outside quotation marks may have been obeyed unseen: every pair made of it is reported.
    What is in quotation marks, in code or in the author's own documents is spoken of, not ordered; comments are read all
    the same, and so is text in Base64, for a warning. An order drops a generated pair, talk of the task is a warning, and so
    is a sentence that the classifier takes for either. Score is how likely it is, 1 where a rule says so.

    Args:
        pairs: those to look at.
        sources: the documents and their passages.
        meaning: a sentence model, which has its say where words leave it open; None for words alone.
    """
    written, given = sources.learn(SourceTexts.written), sources.learn(_orders_meant if meaning else _orders_given)
    reading = Reading(_classifier(), meaning, OPEN)
    sides = (text for pair in pairs if pair.wrote != "author" for _, text in pair.sides)
    reading.read(sentence for text in sides for _, sentence in sentences_of(unquoted(mask(text))))
    for pair in pairs:
        if (passage := sources.passage_of(pair)) and (order := given.get(passage.id)):
            message = f"its passage gives orders to a language model, and they may have been obeyed: “{order}”"
            yield Finding(pair.id, "injection", "warning", 1.0, message, reason="passage_gives_orders")
        elif pair.wrote != "author":
            if passage and (sold := sells(pair.response, f"{passage.text}\n{pair.instruction}")):
                message = f"advertises what its passage does not name: “{sold[0]}”"
                yield Finding(pair.id, "injection", "warning", 1.0, message, Span("response", *sold.span()), "advertises")
            ground = fold(passage.text) if passage else ""
            for part, text in pair.sides:
                if said := _said(text, written, ground, reading):
                    severity: Severity = "warning" if pair.wrote == "person" else said.severity
                    span = Span(part, said.start, said.end)
                    yield Finding(pair.id, "injection", severity, said.score, said.message, span, said.reason)


def _orders_given(sources: SourceTexts) -> dict[str, str]:
    """By passage, the order that it gives by its words."""
    return _orders_in(sources, Reading(_classifier(), None, OPEN))


def _orders_meant(sources: SourceTexts) -> dict[str, str]:
    """By passage, the order that it gives by its words and what they mean."""
    return _orders_in(sources, Reading(_classifier(), embedding(), OPEN))


def _orders_in(sources: SourceTexts, reading: Reading) -> dict[str, str]:
    passages = [passage for passages in sources.passages.values() for passage in passages]
    reading.read(sentence for passage in passages for _, sentence in sentences_of(without_mentions(passage.text)))
    return {passage.id: order for passage in passages if (order := _order_in(passage.text, reading))}


def _order_in(text: str, reading: Reading) -> str | None:
    """The first order in a text that is given, not quoted."""
    masked = mask(text)
    for start, sentence in sentences_of(masked):
        folded = fold(sentence)
        if RULES["orders"].knows(folded, stems_of(tokens_of(folded))):
            order = ORDER.search(masked, start, start + len(sentence))
            if order and not _is_quoted(order):
                return order[0]
    for _, sentence in sentences_of(unquoted(masked)):
        if ANCHOR.search(fold(sentence)) and reading.probability(sentence, SURE) >= SURE:
            return sentence[:MOST_SHOWN]
    for _, sentence in sentences_of(without_mentions(text)):  # code and what was pasted too: there it is hidden from people
        if not _is_written(sentence):
            continue
        folded = fold(sentence)
        addressed = RULES["addressed"].knows(folded, stems_of(tokens_of(folded))) or FAKED.search(sentence)
        if (likely := reading.probability(sentence)) >= (LIKELY if addressed else SURE) and (
            addressed or likely >= CERTAIN or ANCHOR.search(folded)
        ):
            return sentence[:MOST_SHOWN]
    hidden = _hidden(text)
    return text[hidden.start : hidden.end] if hidden else None


def _is_written(sentence: str) -> bool:
    """Whether a stretch is words and not code, a table's ruler or the beginning of one."""
    letters = sum(letter.isalpha() or letter == " " for letter in sentence)
    return letters >= WRITTEN * len(sentence) and (sentence.count(" ") >= FEWEST_BLANKS or CJK.search(sentence) is not None)


def _said(text: str, written: str, ground: str, reading: Reading) -> _Said | None:
    """What of one side is no author's: first orders, then talk of the task; nothing that `ground`, its passage, speaks of."""
    masked = unquoted(mask(text))
    worst: _Said | None = None
    for start, sentence in sentences_of(masked):
        if (likely := reading.probability(sentence, LIKELY)) < LIKELY or (worst and worst.score >= likely):
            continue
        end, shown = start + len(sentence), f"“{sentence[:MOST_SHOWN]}”"
        own = in_words_of(sentence, written)
        if order := ORDER.search(sentence):
            severity: Severity = "drop" if likely >= DROPPED and not in_words_of(order[0], written) else "warning"
            worst = _Said(start, end, "orders", f"gives orders to a language model: {shown}", severity, likely)
        elif RESIDUE.search(sentence) and not own:
            worst = _Said(start, end, "speaks_of_task", f"speaks of how it was made: {shown}", "warning", likely)
        elif (
            not own
            and _speaks_of_models(fold(sentence), likely, ground)
            and (likely >= ASKING or not sentence.endswith(("?", "？")))
        ):
            words = ", ".join(_classifier().reasons(sentence))
            worst = _Said(
                start, end, "orders", f"may be meant for a language model, by its words {words}: {shown}", "warning", likely
            )
    return worst if worst and worst.severity == "drop" else _hidden(text) or worst


def _speaks_of_models(folded: str, likely: float, ground: str) -> bool:
    """Whether a sentence speaks of models, prompts or answers where its passage does not, or needs not to."""
    anchor = ANCHOR.search(folded)
    return anchor[0] not in ground if anchor else likely >= CERTAIN


def _plainly(text: str) -> str:
    """A text as it is read: figures that stand for letters, and letters set apart or with invisible marks between."""
    text = re.sub(r"[\u200b-\u200d\u2060\ufeff\u00ad]", "", text)
    text = re.sub(r"\b(?:\w ){4,}\w\b", lambda match: match[0].replace(" ", ""), text)
    text = re.sub(r" {2,}", " ", text)
    return re.sub(r"\S*[^\W\d_]\S*", lambda match: match[0].translate(LEET), text)


def _hidden(text: str) -> _Said | None:
    """An order in a comment, in disguise, encoded, or in Chinese or Japanese."""
    if CJK.search(text) and (order := CJK_ORDER.search(without_mentions(mask(text)))):
        return _Said(*order.span(), "orders", f"gives orders to a language model: “{order[0]}”", "warning")
    if DISGUISED.search(text) and (plain := _plainly(text)) != text:
        for _, sentence in sentences_of(mask(plain)):
            if sentence not in text and ORDER.search(sentence):
                message = f"gives orders to a language model in disguise: “{sentence[:MOST_SHOWN]}”"
                return _Said(0, len(text), "orders", message, "warning")
    if "<!--" in text or "/*" in text or "# " in text or "//" in text or "-- " in text:
        for comment in COMMENT.finditer(text):
            hides = comment[0].startswith("<!--")
            if order := ORDER.search(comment[0]) or (NAMED.search(fold(comment[0])) if hides else None):
                at = comment.start()
                message = f"gives orders to a language model in a comment: “{order[0]}”"
                return _Said(at + order.start(), at + order.end(), "orders", message, "warning")
    for run in ENCODED.finditer(text):
        try:
            decoded = base64.b64decode(run[0] + "=" * (-len(run[0]) % 4), validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            continue
        if ORDER.search(decoded) or _classifier().probability(decoded) >= LIKELY:
            message = f"gives orders to a language model in Base64: “{decoded[:MOST_SHOWN]}”"
            return _Said(*run.span(), "orders", message, "warning")
    return None


def _is_quoted(order: re.Match[str] | None) -> bool:
    """Whether an order is in quotation marks, opened and closed in its paragraph: it is spoken of then, not given."""
    if order is None:
        return False
    text = order.string
    before = text[text.rfind("\n\n", 0, order.start()) + 1 : order.start()]
    after = text[order.end() :].partition("\n\n")[0]
    curly = any(before.rfind(opens) > before.rfind(closes) and closes in after for opens, closes in OPENED.items())
    return curly or (before.count('"') % 2 == 1 and '"' in after)


@cache
def _classifier() -> Classifier:
    return Classifier.load(Path(__file__).with_name("models") / "injection.json", RULES)


CHECK = Check(
    name="injection",
    about="Orders to a language model that a document gave, and answers that speak of prompts.",
    scope="row",
    order=40,
    reasons={
        "passage_gives_orders": "its passage gives orders to a language model",
        "orders": "gives orders to a language model",
        "speaks_of_task": "speaks of how it was made",
        "advertises": "advertises what its passage does not name",
    },
    find=lambda given: find_injection(given.pairs, given.sources, given.meaning),
    languages=frozenset({"en", "de", "fr", "es", "zh", "ja"}),
)
