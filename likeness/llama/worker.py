"""llama.cpp in a process of its own: JSON requests on standard input, answers on standard output, one a line.

A file that crashes llama.cpp takes this process down and nothing else; `likeness.llama.process` speaks to it. Requests are
`{"do": <name of a method of Worker>, ...}`; an answer is `{"ok": ...}`, or `{"error": ...}` where llama.cpp refused.
Logits, which are large, go through a `.npy` file that the request names.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from collections.abc import Callable
from typing import Any

import llama_cpp
import numpy as np
from llama_cpp.llama_chat_format import Jinja2ChatFormatter

FILE_TYPES = {
    "f32": llama_cpp.LLAMA_FTYPE_ALL_F32,
    "q8_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q8_0,
    "q6_k": llama_cpp.LLAMA_FTYPE_MOSTLY_Q6_K,
    "q5_k_m": llama_cpp.LLAMA_FTYPE_MOSTLY_Q5_K_M,
    "q5_k_s": llama_cpp.LLAMA_FTYPE_MOSTLY_Q5_K_S,
    "q4_k_m": llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_K_M,
    "q4_k_s": llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_K_S,
    "q3_k_m": llama_cpp.LLAMA_FTYPE_MOSTLY_Q3_K_M,
}


class Worker:
    """The loaded model, and what can be asked of it."""

    def __init__(self) -> None:
        self.model: Any = None

    def load(self, file: str, context: int, vocabulary_only: bool, threads: int) -> dict[str, Any]:
        """Load a GGUF file; answers with its architecture, special ids and the text of its chat template, if any.

        Args:
            file: the GGUF file.
            context: most tokens of prompt and answer together.
            vocabulary_only: load no weights.
            threads: threads to compute with.
        """
        self.unload()
        self.model = llama_cpp.Llama(
            file,
            vocab_only=vocabulary_only,
            n_ctx=context,
            n_batch=context,
            n_threads=threads,
            n_threads_batch=threads,
            logits_all=True,
            verbose=True,
        )
        vocabulary = self.model._model.vocab
        return {
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
            self.model = None

    def tokenize(self, texts: list[str]) -> list[list[int]]:
        """Ids of each text, special tokens recognised, nothing added."""
        return [self.model.tokenize(text.encode(), add_bos=False, special=True) if text else [] for text in texts]

    def render(self, conversations: list[list[dict[str, str]]], generation_prompt: bool) -> list[str]:
        """Conversations through the embedded chat template."""
        formatter = Jinja2ChatFormatter(
            self.model.metadata["tokenizer.chat_template"],
            eos_token=self._text(self.model.token_eos()),
            bos_token=self._text(self.model.token_bos()),
            add_generation_prompt=generation_prompt,
        )
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

    def reply(self, ids: list[int], tokens: int, how: dict[str, float], seed: int) -> dict[str, Any]:
        """Answer a prompt; gives the text, and whether it ended by itself.

        Args:
            ids: the prompt's.
            tokens: most tokens of the answer.
            how: temperature, min_p, top_k, top_p and repeat_penalty; temperature 0 takes the likeliest token each time.
            seed: of the drawing.
        """
        self.model.reset()
        self.model.set_seed(seed)
        reply: list[int] = []
        stopped = False
        drawn = {"temp" if name == "temperature" else name: value for name, value in how.items()}
        for token in self.model.generate(ids, **drawn):
            if stopped := self.ends([token]) == [True]:
                break
            reply.append(int(token))
            if len(reply) >= tokens:
                break
        return {"text": self.model.detokenize(reply, prev_tokens=ids).decode("utf-8", "replace"), "stopped": stopped}

    def quantize(self, source: str, target: str, kind: str, threads: int) -> None:
        """Quantize a 16- or 32-bit GGUF file; to "f32", bring a quantized one back to full numbers.

        Args:
            source: the GGUF file to read.
            target: the file to write.
            kind: the quantization.
            threads: threads to compute with.
        """
        settings = llama_cpp.llama_model_quantize_default_params()
        settings.ftype = FILE_TYPES[kind]
        settings.nthread = threads
        settings.allow_requantize = kind == "f32"
        status = llama_cpp.llama_model_quantize(os.fsencode(source), os.fsencode(target), ctypes.byref(settings))
        if status:
            raise RuntimeError(f"llama_model_quantize answered {status}")

    def _text(self, identifier: int) -> str:
        return str(self.model._model.token_get_text(identifier)) if identifier >= 0 else ""


def load_carefully() -> None:
    """Validate tensor data on loading, and keep off the repacked buffers, which crash in native builds for AMX.

    `Llama()` has no arguments for these two; in this process, which does nothing else, its defaults are replaced.
    """
    usual = llama_cpp.llama_model_default_params

    def careful() -> Any:
        settings = usual()
        settings.check_tensors = True
        settings.use_extra_bufts = False
        return settings

    llama_cpp.llama_model_default_params = careful
    llama_cpp.llama_cpp.llama_model_default_params = careful


def main() -> None:
    """Answer requests until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what llama.cpp prints must not come between the answers
    load_carefully()
    worker = Worker()
    for line in sys.stdin:
        request = json.loads(line)
        try:
            method: Callable[..., Any] = getattr(worker, request.pop("do"))
            answer = {"ok": method(**request)}
        except Exception as error:  # the asking process decides what a refusal means
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
