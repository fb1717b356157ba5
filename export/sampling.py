"""How answers are drawn: settings that a model carries in its `generation_config.json`, and what each app calls them.

transformers, vLLM and their like read that file; llama.cpp reads the same from the GGUF file; Ollama reads its Modelfile.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gguf import GGUFWriter

from likeness.files import write_atomic

FILE = "generation_config.json"


@dataclass(frozen=True, slots=True)
class Sampling:
    """Settings that every app knows.

    Args:
        temperature: 0 takes the likeliest token each time.
        min_p: tokens less likely than this share of the likeliest are never drawn (arXiv 2407.01082).
        repeat_penalty: what the logit of a token that was said lately is divided by, or multiplied where negative; 1 is none.
    """

    temperature: float
    min_p: float
    repeat_penalty: float

    def for_transformers(self) -> dict[str, Any]:
        """As `generate` and generation_config.json call them. top_k and top_p are switched off: apps have their own defaults."""
        if self.temperature == 0:
            return {"do_sample": False, "repetition_penalty": self.repeat_penalty}
        return {
            "do_sample": True,
            "temperature": self.temperature,
            "min_p": self.min_p,
            "repetition_penalty": self.repeat_penalty,
            "top_k": 0,
            "top_p": 1.0,
        }

    def for_ollama(self) -> dict[str, float]:
        """As Ollama's Modelfile calls them."""
        own = {"temperature": self.temperature, "min_p": self.min_p, "repeat_penalty": self.repeat_penalty}
        return own | {"top_k": 0, "top_p": 1.0}

    def write(self, folder: Path) -> None:
        """Put them into the folder's generation_config.json, beside what stands there."""
        file = folder / FILE
        settings = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        settings = {key: value for key, value in settings.items() if key not in ("temperature", "min_p", "top_k", "top_p")}
        write_atomic(file, json.dumps(settings | self.for_transformers(), indent=2) + "\n")

    def write_keys(self, writer: GGUFWriter) -> None:
        """Put them into a GGUF file (`general.sampling.*`), where llama.cpp's chat and server look."""
        writer.add_sampling_temp(self.temperature)
        writer.add_sampling_min_p(self.min_p)
        writer.add_sampling_penalty_repeat(self.repeat_penalty)
        writer.add_sampling_top_k(0)
        writer.add_sampling_top_p(1.0)

    def __str__(self) -> str:
        return f"temperature {self.temperature:g}, min-p {self.min_p:g}, repetition penalty {self.repeat_penalty:g}"


def read_sampling(folder: Path) -> Sampling | None:
    """What a model's folder says of them; None where it says nothing of a temperature."""
    file = folder / FILE
    settings: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    temperature = 0.0 if settings.get("do_sample") is False else settings.get("temperature")
    if temperature is None:
        return None
    return Sampling(float(temperature), float(settings.get("min_p") or 0.0), float(settings.get("repetition_penalty") or 1.0))
