"""llama.cpp in a process of its own: JSON requests on standard input, answers on standard output, one a line.

A file that crashes llama.cpp takes this process down and nothing else, and Ctrl-C need not wait for an answer to end: the
asking process (`likeness.llama.process`) kills this one. It ends by itself, too, when whoever asks is gone.

Requests are `{"do": <name of a method of Worker>, ...}`; an answer is `{"ok": ...}`, or `{"error": ..., "type": ...}` where
llama.cpp refused. A method that yields sends each piece before that, as `{"piece": ...}`. Logits, which are large, go through
a `.npy` file that the request names.
"""

from __future__ import annotations

import ctypes
import json
import os
import queue
import re
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Literal

import llama_cpp
import numpy as np
from llama_cpp.llama_chat_format import Jinja2ChatFormatter
from llama_cpp.llama_grammar import json_schema_to_gbnf
from safetensors.numpy import load_file

from likeness.llama.process import STOP
from likeness.llama.together import go_on

SEED = 17
"""Of what is answered without a seed in the request, so that the same request has the same answer."""
LIKELIEST = 200
"""Tokens among which the next one of a given reply is looked for."""
TEMPERATURE = 0.7
"""Of answers that a schema binds."""
CHARACTER = r'char ::= [^"\\\x7F\x00-\x1F] | "\\" ["\\/bfnrt]'
"""No raw line breaks in a string (RFC 8259, section 7), and no `\\u`, which could name half a character."""
FILE_TYPES = {
    "f32": llama_cpp.LLAMA_FTYPE_ALL_F32,
    "q8_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q8_0,
    "q6_k": llama_cpp.LLAMA_FTYPE_MOSTLY_Q6_K,
    "q5_k_m": llama_cpp.LLAMA_FTYPE_MOSTLY_Q5_K_M,
    "q5_k_s": llama_cpp.LLAMA_FTYPE_MOSTLY_Q5_K_S,
    "q4_k_m": llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_K_M,
    "q4_k_s": llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_K_S,
    "q3_k_m": llama_cpp.LLAMA_FTYPE_MOSTLY_Q3_K_M,
    "iq4_xs": llama_cpp.LLAMA_FTYPE_MOSTLY_IQ4_XS,
    "iq4_nl": llama_cpp.LLAMA_FTYPE_MOSTLY_IQ4_NL,
    "iq3_m": llama_cpp.LLAMA_FTYPE_MOSTLY_IQ3_M,
}


class Worker:
    """The loaded model, and what can be asked of it."""

    def __init__(self) -> None:
        self.model: Any = None
        self.context = 0
        self._turns: Turns | None = None

    def load(self, file: str, use: Literal["checking", "vocabulary", "answering"], context: int, threads: int) -> dict[str, Any]:
        """Load a GGUF file; answers with its architecture, special ids, context, and the text of its chat template, if any.

        Args:
            file: the GGUF file.
            use: `checking`: tensor data are validated, and the logits of every position kept; `vocabulary`: the same, but no
                weights are loaded; `answering`: as an app loads it, and on a GPU where there is one.
            context: most tokens of prompt and answer together; 0 for as many as it was trained on.
            threads: threads to compute with.
        """
        self.unload()
        settings: dict[str, Any] = {"n_ctx": context, "n_threads": threads, "n_threads_batch": threads}
        if use == "answering":
            settings |= {"n_gpu_layers": -1, "seed": SEED, "verbose": False}
        else:
            settings |= {"n_batch": context, "logits_all": True, "vocab_only": use == "vocabulary"}
        with nullcontext() if use == "answering" else careful_loading():
            self.model = llama_cpp.Llama(file, **settings)
        vocabulary, trained = self.model._model.vocab, int(self.model._model.n_ctx_train())
        self.context = min(context or trained, trained)
        return {
            "context": self.context,
            "architecture": self.model.metadata.get("general.architecture"),
            "bos": self.model.token_bos(),
            "eos": self.model.token_eos(),
            "adds_bos": llama_cpp.llama_vocab_get_add_bos(vocabulary),
            "adds_eos": llama_cpp.llama_vocab_get_add_eos(vocabulary),
            "template": self.model.metadata.get("tokenizer.chat_template"),
        }

    def unload(self) -> None:
        """Free the model."""
        if self.model is not None:
            self.model.close()
            self.model = self._turns = None

    def tokenize(self, texts: list[str]) -> list[list[int]]:
        """Ids of each text, special tokens recognised, nothing added."""
        return [self.model.tokenize(text.encode(), add_bos=False, special=True) if text else [] for text in texts]

    def prompts(self, texts: list[str]) -> list[list[int]]:
        """Ids of each rendered prompt as an app reads it: with the BOS and EOS that the file has added, and no second BOS."""
        adds_bos = llama_cpp.llama_vocab_get_add_bos(self.model._model.vocab)
        bos = text_of(self.model, self.model.token_bos()) if adds_bos else ""
        return [self.model.tokenize(text.removeprefix(bos).encode(), add_bos=True, special=True) for text in texts]

    def text(self, id: int) -> str:
        """How the vocabulary spells an id."""
        return text_of(self.model, id)

    def render(self, conversations: list[list[dict[str, str]]], generation_prompt: bool) -> list[str]:
        """Conversations through the embedded chat template."""
        formatter = formatter_of(self.model, generation_prompt)
        return [formatter(messages=messages).prompt for messages in conversations]

    def ends(self, ids: list[int]) -> list[bool]:
        """Whether each id ends a generation."""
        return [bool(llama_cpp.llama_vocab_is_eog(self.model._model.vocab, identifier)) for identifier in ids]

    def logits(self, ids: list[int], out: str) -> list[int]:
        """Save the logits after each of the ids: float32 of shape (ids, vocabulary)."""
        self.model.reset()
        self.model.eval(ids)
        scores = self.model.scores[: len(ids)]
        np.save(out, scores, allow_pickle=False)
        return list(scores.shape)

    def greedy(self, ids: list[int], tokens: int) -> list[int]:
        """The most probable continuation, at most `tokens` long, up to and with the id that ends it."""
        self.model.reset()
        self.model.eval(ids)
        reply: list[int] = []
        while len(reply) < tokens:
            reply.append(int(self.model.scores[self.model.n_tokens - 1].argmax()))
            if self.ends(reply[-1:]) == [True]:
                break
            self.model.eval(reply[-1:])
        return reply

    def follow(self, ids: list[int], text: str, tokens: int) -> float:
        """How far a reply is from the greedy one: the most that a token of it was less probable than the likeliest, in logits.

        It is infinite where the model would not write the text at all.

        Args:
            ids: the prompt's.
            text: the reply, blanks around it aside.
            tokens: most tokens to follow it.
        """
        self.model.reset()
        self.model.eval(ids)
        rest, worst = text.strip().encode(), 0.0
        for number in range(tokens):
            if not rest:
                break
            scores = self.model.scores[self.model.n_tokens - 1]
            for token in scores.argsort()[::-1][:LIKELIEST]:
                piece = self.model._model.detokenize([int(token)])
                piece = piece if number else piece.lstrip()
                if rest.startswith(piece) and (piece or not number) and not self.ends([int(token)])[0]:
                    break
            else:
                return float("inf")
            worst = max(worst, float(scores.max() - scores[token]))
            rest = rest.removeprefix(piece)
            self.model.eval([int(token)])
        return worst

    def replies(self, prompts: list[list[int]], tokens: list[int], how: dict[str, float], seed: int) -> list[dict[str, Any]]:
        """Answer prompts, each by itself; gives the texts, and whether each ended by itself.

        Args:
            prompts: the ids of each.
            tokens: most tokens of each answer.
            how: temperature, min_p, top_k, top_p and repeat_penalty; temperature 0 takes the likeliest token each time.
            seed: of the drawing.
        """
        self.model.set_seed(seed)
        drawn = {"temp" if name == "temperature" else name: value for name, value in how.items()}
        found = go_on(self.model, prompts, tokens, lambda: self.model._init_sampler(**drawn), lambda id: self.ends([id])[0])
        return [
            {"text": self.model.detokenize(ids, prev_tokens=prompt).decode("utf-8", "replace"), "stopped": stopped}
            for prompt, (ids, stopped) in zip(prompts, found, strict=True)
        ]

    def answer(self, system: str, user: str, schema: dict[str, Any], max_tokens: int) -> dict[str, Any]:
        """A JSON answer, and how it ended; only `input_tokens` where the prompt leaves no room for one.

        Args:
            system: the system prompt.
            user: the question.
            schema: the JSON Schema that binds the answer.
            max_tokens: most tokens of the answer.
        """
        self._turns = self._turns or Turns(self.model)
        (prompt,) = self.tokenize([self._turns.prompt(system, user)])
        room = min(max_tokens, self.context - len(prompt))
        if room <= 0:
            return {"input_tokens": len(prompt)}
        grammar = llama_cpp.LlamaGrammar.from_string(grammar_of(schema))
        self.model.reset()  # an answer must not depend on what was computed for the one before
        self.model.set_seed(SEED)
        reply: list[int] = []
        stop_reason = "max_tokens"
        for token in self.model.generate(prompt, temp=TEMPERATURE, grammar=grammar):
            if self.ends([token]) == [True]:
                stop_reason = "end_turn"
                break
            reply.append(token)
            if len(reply) == room:
                break
        return {
            "text": self.model.detokenize(reply, prev_tokens=prompt, special=True).decode("utf-8", "ignore"),
            "stop_reason": stop_reason,
            "input_tokens": len(prompt),
            "output_tokens": len(reply),
        }

    def chat(self, messages: list[dict[str, str]], tokens: int, how: dict[str, float]) -> Generator[str, None, dict[str, Any]]:
        """The next message of a conversation, piece by piece, as a chat app gets it from llama.cpp; then how it ended.

        Args:
            messages: the conversation so far.
            tokens: most tokens of the answer.
            how: as for `reply`.
        """
        said, ended = 0, "stop"
        for chunk in self.model.create_chat_completion(messages, stream=True, max_tokens=tokens, **how):
            choice = chunk["choices"][0]
            ended = choice["finish_reason"] or ended
            if piece := choice["delta"].get("content"):
                said += 1
                yield piece
        return {"ended": ended, "prompt_tokens": self.model.n_tokens - said, "completion_tokens": said}

    def quantize(self, source: str, target: str, kind: str, threads: int, importance: str | None = None) -> None:
        """Quantize a 16- or 32-bit GGUF file; to "f32", bring a quantized one back to full numbers.

        Args:
            source: the GGUF file to read.
            target: the file to write.
            kind: the quantization.
            threads: threads to compute with.
            importance: a safetensors file: for each matrix, by its name, a float32 vector that says how much each column matters.
        """
        settings = llama_cpp.llama_model_quantize_default_params()
        settings.ftype = FILE_TYPES[kind]
        settings.nthread = threads
        settings.allow_requantize = kind == "f32"
        vectors = load_file(importance) if importance else {}  # kept until the call below has read them
        if vectors:
            settings.imatrix = importance_matrix(vectors)
        status = llama_cpp.llama_model_quantize(os.fsencode(source), os.fsencode(target), ctypes.byref(settings))
        if status:
            raise RuntimeError(f"llama_model_quantize answered {status}")


def importance_matrix(vectors: dict[str, Any]) -> Any:
    """The vectors (float32, by the tensor's name) as llama.cpp's quantizer reads them: a list that ends with a nameless entry."""
    pointer = ctypes.POINTER(ctypes.c_float)
    entries = [(name.encode(), vector.ctypes.data_as(pointer), vector.size) for name, vector in vectors.items()]
    return (llama_cpp.llama_model_imatrix_data * (len(entries) + 1))(*entries)


class Turns:
    """A model's own chat template, filled with texts that may come from anybody.

    Args:
        model: a loaded model with a chat template.
    """

    def __init__(self, model: Any) -> None:
        vocabulary = model._model.vocab
        marks = (text_of(model, token) for token in range(model.n_vocab()) if llama_cpp.llama_vocab_is_control(vocabulary, token))
        longest_first = sorted(filter(None, marks), key=len, reverse=True)
        self._marks = re.compile("|".join(map(re.escape, longest_first)) or "(?!)")
        self._formatter = formatter_of(model, True)

    def prompt(self, system: str, user: str) -> str:
        """The prompt that asks for an answer; a template that knows no system turn gets one turn."""
        system, user = self._as_data(system), self._as_data(user)
        messages: list[Any] = [{"role": "system", "content": system}, {"role": "user", "content": user}]
        try:
            return str(self._formatter(messages=messages).prompt)
        except ValueError:  # how a template refuses
            return str(self._formatter(messages=[{"role": "user", "content": f"{system}\n\n{user}"}]).prompt)

    def _as_data(self, text: str) -> str:
        """Text in which no mark of the template's is: a document must not end its own turn and begin another's."""
        return self._marks.sub(lambda mark: f"{mark[0][0]} {mark[0][1:]}", text)


def formatter_of(model: Any, generation_prompt: bool) -> Any:
    """What fills the chat template that a model carries."""
    return Jinja2ChatFormatter(
        model.metadata["tokenizer.chat_template"],
        eos_token=text_of(model, model.token_eos()),
        bos_token=text_of(model, model.token_bos()),
        add_generation_prompt=generation_prompt,
    )


def text_of(model: Any, identifier: int) -> str:
    """How the vocabulary spells an id; nothing where the model has no such id."""
    return str(model._model.token_get_text(identifier)) if identifier >= 0 else ""


def grammar_of(schema: dict[str, Any]) -> str:
    """A JSON Schema as llama.cpp's grammar (GBNF). The library's own rule lets strings hold what JSON forbids in them."""
    grammar, replaced = re.subn(
        r"^char ::= .*$", lambda _: CHARACTER, json_schema_to_gbnf(json.dumps(schema)), flags=re.MULTILINE
    )
    assert replaced == 1
    return grammar


@contextmanager
def careful_loading() -> Iterator[None]:
    """Validate tensor data on loading, and keep off the repacked buffers, which crash in native builds for AMX.

    `Llama()` has no arguments for these two, so its defaults are replaced while it loads.
    """
    usual = llama_cpp.llama_model_default_params

    def careful() -> Any:
        settings = usual()
        settings.check_tensors = True
        settings.use_extra_bufts = False
        return settings

    modules = (llama_cpp, llama_cpp.llama_cpp)
    for module in modules:
        module.llama_model_default_params = careful
    try:
        yield
    finally:
        for module in modules:
            module.llama_model_default_params = usual


def main() -> None:
    """Answer requests until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what llama.cpp prints must not come between the answers
    worker = Worker()

    def tell(answer: dict[str, Any]) -> None:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    requests: queue.SimpleQueue[str] = queue.SimpleQueue()
    stopped = threading.Event()
    threading.Thread(target=_listen, args=(requests, stopped), daemon=True).start()
    while True:
        request = json.loads(requests.get())
        stopped.clear()
        try:
            answer = getattr(worker, request.pop("do"))(**request)
            if isinstance(answer, Generator):
                answer = _pass_on(answer, lambda piece: tell({"piece": piece}), stopped)
            tell({"ok": answer})
        except Exception as error:  # the asking process decides what a refusal means
            tell({"error": str(error), "type": type(error).__name__})


def _pass_on(pieces: Generator[Any, None, Any], tell: Callable[[Any], None], stopped: threading.Event) -> Any:
    """Tell the pieces of an answer until its end or until nobody wants more; gives what it returns at its end."""
    while not stopped.is_set():
        try:
            piece = next(pieces)
        except StopIteration as end:
            return end.value
        tell(piece)
    pieces.close()
    return None


def _listen(requests: queue.SimpleQueue[str], stopped: threading.Event) -> None:
    """Pass requests on; when there is nobody left to answer, end at once, whatever is being computed."""
    for line in sys.stdin:
        if line.strip() == STOP:
            stopped.set()
        else:
            requests.put(line)
    os._exit(0)


if __name__ == "__main__":
    main()
