"""A GGUF model in a process of its own: requests on standard input, answers on standard output, one JSON object a line.

A file that crashes llama.cpp takes this process down and nothing else, and Ctrl-C need not wait for an answer to end: the
asking process (`curate.llm.llama_cpp`) kills this one. It ends by itself, too, when whoever asks is gone.
"""

from __future__ import annotations

import json
import os
import queue
import re
import sys
import threading
from typing import Any

import llama_cpp
from llama_cpp.llama_chat_format import Jinja2ChatFormatter
from llama_cpp.llama_grammar import json_schema_to_gbnf

SEED = 17
"""The same for every request, so that the same request has the same answer."""
TEMPERATURE = 0.7
CHARACTER = r'char ::= [^"\\\x7F\x00-\x1F] | "\\" ["\\/bfnrt]'
"""No raw line breaks in a string (RFC 8259, section 7), and no `\\u`, which could name half a character."""


class Model:
    """A loaded model that answers in JSON of a given schema.

    Args:
        file: a GGUF file.
        context: most tokens of prompt and answer together; a model that was trained on fewer takes fewer.
        threads: threads to compute with.
    """

    def __init__(self, file: str, context: int, threads: int) -> None:
        self._llama = llama_cpp.Llama(
            file, n_ctx=context, n_threads=threads, n_threads_batch=threads, n_gpu_layers=-1, verbose=False
        )
        self.context = min(context, self._llama._model.n_ctx_train())
        template = self._llama.metadata.get("tokenizer.chat_template")
        if not template:
            raise ValueError("it has no chat template: it is a base model, and an instruct model is needed")
        self._vocabulary = self._llama._model.vocab
        bos, eos = (self._text(token) for token in (self._llama.token_bos(), self._llama.token_eos()))
        self._format = Jinja2ChatFormatter(template, eos_token=eos, bos_token=bos)
        marks = filter(None, map(self._text, filter(self._is_mark, range(self._llama.n_vocab()))))
        self._marks = re.compile("|".join(map(re.escape, sorted(marks, key=len, reverse=True))) or "(?!)")

    def answer(self, system: str, user: str, schema: dict[str, Any], max_tokens: int) -> dict[str, Any]:
        """The answer, and how it ended; only `input_tokens` where the prompt leaves no room for one.

        Args:
            system: the system prompt.
            user: the question.
            schema: the JSON Schema that binds the answer.
            max_tokens: most tokens of the answer.
        """
        prompt = self._llama.tokenize(self._rendered(system, user).encode(), add_bos=False, special=True)
        room = min(max_tokens, self.context - len(prompt))
        if room <= 0:
            return {"input_tokens": len(prompt)}
        grammar = llama_cpp.LlamaGrammar.from_string(grammar_of(schema))
        self._llama.reset()  # an answer must not depend on what was computed for the one before
        self._llama.set_seed(SEED)
        reply: list[int] = []
        stop_reason = "max_tokens"
        for token in self._llama.generate(prompt, temp=TEMPERATURE, grammar=grammar):
            if llama_cpp.llama_vocab_is_eog(self._vocabulary, token):
                stop_reason = "end_turn"
                break
            reply.append(token)
            if len(reply) == room:
                break
        return {
            "text": self._llama.detokenize(reply, prev_tokens=prompt, special=True).decode("utf-8", "ignore"),
            "stop_reason": stop_reason,
            "input_tokens": len(prompt),
            "output_tokens": len(reply),
        }

    def _rendered(self, system: str, user: str) -> str:
        """The prompt in the model's own template; a template that knows no system turn gets one turn."""
        system, user = self._as_data(system), self._as_data(user)
        messages: list[Any] = [{"role": "system", "content": system}, {"role": "user", "content": user}]
        try:
            return str(self._format(messages=messages).prompt)
        except ValueError:  # how a template refuses
            return str(self._format(messages=[{"role": "user", "content": f"{system}\n\n{user}"}]).prompt)

    def _as_data(self, text: str) -> str:
        """Text in which no mark of the template's is: a document must not end its own turn and begin another's."""
        return self._marks.sub(lambda mark: f"{mark[0][0]} {mark[0][1:]}", text)

    def _is_mark(self, token: int) -> bool:
        return bool(llama_cpp.llama_vocab_is_control(self._vocabulary, token))

    def _text(self, token: int) -> str:
        return str(self._llama._model.token_get_text(token)) if token >= 0 else ""


def grammar_of(schema: dict[str, Any]) -> str:
    """A JSON Schema as llama.cpp's grammar (GBNF). The library's own rule lets strings hold what JSON forbids in them."""
    grammar, replaced = re.subn(
        r"^char ::= .*$", lambda _: CHARACTER, json_schema_to_gbnf(json.dumps(schema)), flags=re.MULTILINE
    )
    assert replaced == 1
    return grammar


def main() -> None:
    """Load the file that the arguments name, then answer requests until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what llama.cpp prints must not come between the answers

    def tell(answer: dict[str, Any]) -> None:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    file, context, threads = sys.argv[1:]
    try:
        model = Model(file, int(context), int(threads))
    except Exception as error:  # the asking process decides what it means
        tell({"error": str(error)})
        return
    tell({"context": model.context})
    requests: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()
    while True:
        try:
            tell(model.answer(**json.loads(requests.get())))
        except Exception as error:
            tell({"error": str(error)})


def _listen(requests: queue.SimpleQueue[str]) -> None:
    """Pass requests on; when there is nobody left to answer, end at once, whatever is being computed."""
    for line in sys.stdin:
        requests.put(line)
    os._exit(0)


if __name__ == "__main__":
    main()
