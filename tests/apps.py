"""Ollama and LM Studio as loopback servers that speak their public APIs over the real llama.cpp, each with faults that people meet.

Ollama: github.com/ollama/ollama, docs/api.md, docs/modelfile.mdx, and for what `ollama create` does with templates server/create.go
and template/template.go. LM Studio: lmstudio.ai/docs/developer (REST API v0, OpenAI's completions).
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from likeness.files import sha256
from likeness.llama.process import Llama

Messages = list[dict[str, str]]

AUTODETECTED = """\
{{- range .Messages }}<|im_start|>{{ .Role }}
{{ .Content }}<|im_end|>
{{ end }}<|im_start|>assistant
"""
"""Ollama's own `chatml`, which it takes for every template that is spelled much like ChatML's."""

RENDERED_OTHERWISE = (
    "{{ range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}\n<|im_end|>\n{{ end }}<|im_start|>assistant\n<think>\n"
)
"""What a RENDERER makes in place of the TEMPLATE."""


def go_template(text: str, system: str, messages: Messages) -> str:
    """Fill a template as Ollama does, as far as ours and `chatml` use Go's language (pkg.go.dev/text/template)."""
    text = re.sub(r"\s*\{\{-", "{{", re.sub(r"-\}\}\s*", "}}", text))
    pieces = re.split(r"(\{\{.*?\}\}(?!\"))", text, flags=re.DOTALL)
    actions = [(piece[2:-2].strip(), True) if piece.startswith("{{") else (piece, False) for piece in pieces]

    def block(at: int, dot: dict[str, str] | None, number: int, write: bool) -> tuple[str, int]:
        """The text up to an `end` or `else`, and where that is."""
        out = ""
        while at < len(actions):
            said, is_action = actions[at]
            if not is_action:
                out += said if write else ""
            elif said == "end" or said.startswith("else"):
                return out, at
            elif said.startswith("range"):
                after = at
                for index, message in enumerate(messages):
                    part, after = block(at + 1, message, index, write)
                    out += part
                at = after
            elif said.startswith("if "):
                part, at = branches(at, dot, number, write)
                out += part
            elif write:
                out += json.loads(said) if said.startswith('"') else (dot or {})[said.removeprefix(".").lower()]
            at += 1
        return out, at

    def branches(at: int, dot: dict[str, str] | None, number: int, write: bool) -> tuple[str, int]:
        out, met = "", False
        condition = actions[at][0]
        while True:
            holds = not met and (condition == "else" or true(condition.removeprefix("else "), dot, number))
            part, at = block(at + 1, dot, number, write and holds)
            out, met = out + part, met or holds
            condition = actions[at][0]
            if condition == "end":
                return out, at

    def true(condition: str, dot: dict[str, str] | None, number: int) -> bool:
        if condition == "if .System":
            return bool(system)
        if condition == "if eq (len (slice $.Messages $number)) 1":
            return len(messages) - number == 1
        role = re.fullmatch(r'if eq \.Role "(\w+)"', condition)
        assert role and dot, condition
        return dot["role"] == role[1]

    return block(0, None, 0, True)[0]


class Standin:
    """What both apps share: a file in the real llama.cpp, asked greedily.

    Args:
        file: the GGUF file that it has loaded.
        fault: what is wrong with it: "template", "system", "stop" or "bos"; "" for nothing.
    """

    def __init__(self, file: Path, fault: str = "") -> None:
        self.file, self.fault = file, fault
        self.asked: list[tuple[str, Any]] = []
        self.lock, self.llama = threading.Lock(), Llama()
        self.found = self.llama.load(file, context=1024)

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        raise NotImplementedError

    def own_template(self, messages: Messages) -> str:
        """A conversation in the file's own template."""
        (text,) = self.llama.ask("render", conversations=[messages], generation_prompt=True)
        return str(text)

    def complete(self, prompt: str, how: dict[str, Any], tokens: int) -> tuple[str, bool, int]:
        """The text, whether it ended by itself, and the prompt's number of tokens."""
        (ids,) = self.llama.ask("tokenize", texts=[prompt])
        if self.found["adds_bos"] or self.fault == "bos":
            ids = [self.found["bos"], *ids]
        said = self.llama.ask("replies", prompts=[ids], tokens=[tokens], how=how, seed=0)[0]
        text = said["text"]
        if self.fault == "stop" and said["stopped"]:  # it does not know the end for one, and writes on
            (more,) = self.llama.ask("tokenize", texts=[prompt + text + self.llama.ask("text", id=self.found["eos"]) + "\n"])
            text += "\n" + (self.llama.ask("replies", prompts=[more], tokens=[24], how=how, seed=0)[0]["text"] or "user")
            return text, False, len(ids)
        return text, said["stopped"], len(ids)


class OllamaStandin(Standin):
    """Ollama 0.21, with one model in it, created from a Modelfile.

    Args:
        file: the GGUF file that `FROM` names.
        modelfile: the Modelfile.
        fault: also "renderer", that of a model whose name `FROM` says.
    """

    def __init__(self, file: Path, modelfile: str, fault: str = "") -> None:
        super().__init__(file, fault)
        self.name = file.stem.rpartition("-")[0]
        template = re.search(r'^TEMPLATE """(.*?)"""$', modelfile, re.MULTILINE | re.DOTALL)
        system = re.search(r'^SYSTEM """(.*?)"""$', modelfile, re.MULTILINE | re.DOTALL)
        self.template = template[1] if template and fault != "template" else AUTODETECTED
        self.system = "You are a helpful assistant." if fault == "system" else system[1] if system else ""
        self.parameters = re.findall(r"^PARAMETER (\S+) (.+)$", modelfile, re.MULTILINE)
        self.renderer = "qwen3.5" if fault == "renderer" else ""

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if path == "/api/version":
            return 200, {"version": "0.21.2"}
        if body["model"] not in (self.name, f"{self.name}:latest"):
            return 404, {"error": f"model '{body['model']}' not found"}
        if path == "/api/show":
            return 200, self.show()
        how = {"temp": body["options"]["temperature"], "repeat_penalty": body["options"]["repeat_penalty"]}
        if path == "/api/generate":
            assert body["raw"]
            text, ended, read = self.complete(body["prompt"], how, body["options"]["num_predict"])
            return 200, {"response": text, "done": True, "done_reason": "stop" if ended else "length", "prompt_eval_count": read}
        assert path == "/api/chat"
        prompt = self.render(body["messages"])
        if body.get("_debug_render_only"):
            return 200, {"model": self.name, "_debug_info": {"rendered_template": prompt}}
        text, ended, read = self.complete(prompt, how, body["options"]["num_predict"])
        said = {"message": {"role": "assistant", "content": text}, "done": True, "done_reason": "stop" if ended else "length"}
        return 200, said | {"prompt_eval_count": read}

    def render(self, messages: Messages) -> str:
        if self.system and messages[0]["role"] != "system":
            messages = [{"role": "system", "content": self.system}, *messages]
        system = "\n\n".join(message["content"] for message in messages if message["role"] == "system")
        return go_template(RENDERED_OTHERWISE if self.renderer else self.template, system, messages)

    def show(self) -> dict[str, Any]:
        """As `ollama show` puts it together; the renderer is in the Modelfile alone."""
        lines = ['# Modelfile generated by "ollama show"', f"FROM /blobs/sha256-{sha256(self.file)}"]
        lines += [f"TEMPLATE {json.dumps(self.template)}", f"SYSTEM {self.system}"]
        lines += [f"RENDERER {self.renderer}", f"PARSER {self.renderer}"] if self.renderer else []
        shown = [f"{name:<30} {value}" for name, value in self.parameters if self.fault != "stop" or name != "stop"]
        return {"modelfile": "\n".join(lines), "template": self.template, "system": self.system, "parameters": "\n".join(shown)}


class LmStudioStandin(Standin):
    """LM Studio 0.3, with one model in it."""

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        name, kind = self.file.stem.rsplit("-", 1)
        if path == "/api/v0/models":
            model = {"id": name, "object": "model", "type": "llm", "publisher": "me", "arch": self.found["architecture"]}
            other = {"id": "text-embedding-nomic", "object": "model", "type": "embeddings", "state": "not-loaded"}
            shown = {"compatibility_type": "gguf", "quantization": kind.upper(), "state": "loaded", "max_context_length": 1024}
            return 200, {"object": "list", "data": [other, model | shown]}
        if body["model"] != name:
            return 404, {"error": {"message": f"Model {body['model']!r} not found"}}
        how = {"temp": body["temperature"], "repeat_penalty": body["repeat_penalty"]}
        if path == "/v1/completions":
            text, ended, read = self.complete(body["prompt"], how, body["max_tokens"])
            choice: dict[str, Any] = {"index": 0, "text": text, "finish_reason": "stop" if ended else "length"}
        else:
            assert path == "/v1/chat/completions"
            text, ended, read = self.complete(self.render(body["messages"]), how, body["max_tokens"])
            message = {"role": "assistant", "content": text}
            choice = {"index": 0, "message": message, "finish_reason": "stop" if ended else "length"}
        return 200, {"object": "chat.completion", "choices": [choice], "usage": {"prompt_tokens": read}}

    def render(self, messages: Messages) -> str:
        if self.fault == "template":
            return go_template(RENDERED_OTHERWISE, "", messages)
        if self.fault == "system":  # of the app's own, put before
            first, *rest = messages
            messages = [{"role": "system", "content": f"Today is a good day. {first['content']}"}, *rest]
        return self.own_template(messages)


@contextmanager
def running(app: Standin) -> Iterator[str]:
    """The app's address, while it runs."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *arguments: Any) -> None:
            pass

        def do_GET(self) -> None:
            self.reply({})

        def do_POST(self) -> None:
            self.reply(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def reply(self, body: dict[str, Any]) -> None:
            with app.lock:
                app.asked.append((self.path, body))
                status, said = app.answer(self.path, body)
            data = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            app.llama.close()
