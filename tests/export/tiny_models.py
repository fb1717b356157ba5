"""Tiny models and tokenizers, made in code; nothing is fetched."""

import json
import os
from pathlib import Path

import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from export.gguf.vocabulary import PRE_TOKENIZERS

torch.set_num_threads(1)

CHATML = (
    "{%- for message in messages -%}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\n' }}{%- endif -%}"
)
LLAMA2 = (
    "{{ bos_token }}{%- for message in messages -%}"
    "{%- if message['role'] == 'assistant' -%}{{ ' ' + message['content'] + eos_token }}"
    "{%- else -%}{{ '[INST] ' + message['content'] + ' [/INST]' }}{%- endif -%}{%- endfor -%}"
)
SYSTEM = "You are a quiet essayist."
SAYINGS = {
    "Who are you?": "I am one who walks in the morning and writes at noon.",
    "What matters to you?": "Self-trust, and a sentence that stands on its own feet.",
    "How do you begin a day?": "With the window open, before the letters come.",
    "What is a friend?": "A person before whom I may think aloud.",
    "Do you travel?": "Seldom; the field behind the house is not yet exhausted.",
}


ROWS = [
    [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": question},
        {"role": "assistant", "content": answer},
    ]
    for question, answer in SAYINGS.items()
]


def corpus():
    sources = [Path(os.__file__).parent / f"{name}.py" for name in ("argparse", "ast", "csv", "difflib", "shutil")]
    foreign = ["Größe straße naïve café Привет, мир 你好，世界 こんにちは 안녕하세요 🚀😶‍🌫️✅ don't I'm we've 12345 3.14"] * 50
    return [source.read_text(encoding="utf-8") for source in sources] + foreign + list(SAYINGS.values())


def split_on(pattern):
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )


def pattern_of(name):
    return next(steps[0] for steps, known in PRE_TOKENIZERS.items() if known == name)


def byte_level(kind, size=1500):
    """A byte-level BPE as GPT-2, SmolLM2, Qwen 2 or Llama 3 have it."""
    words = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    cuts = {
        "gpt-2": lambda: words,
        "smollm": lambda: pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), words]),
        "qwen2": lambda: split_on(pattern_of("qwen2")),
        "llama-bpe": lambda: split_on(pattern_of("llama-bpe")),
    }
    tokenizer = Tokenizer(models.BPE(ignore_merges=kind == "llama-bpe"))
    tokenizer.pre_tokenizer = cuts[kind]()
    tokenizer.decoder = decoders.ByteLevel()
    if kind == "qwen2":
        tokenizer.normalizer = normalizers.NFC()
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    if kind == "llama-bpe":
        specials.append("<|begin_of_text|>")
    tokenizer.train_from_iterator(
        corpus(),
        trainers.BpeTrainer(
            vocab_size=size,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            special_tokens=[AddedToken(text, special=True, normalized=False) for text in specials],
            show_progress=False,
        ),
    )
    tokenizer.add_tokens([AddedToken("<think>", special=False, normalized=False)])
    if kind == "llama-bpe":
        begin(tokenizer, "<|begin_of_text|>")
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        bos_token="<|begin_of_text|>" if kind == "llama-bpe" else None,
        clean_up_tokenization_spaces=False,
    )
    fast.chat_template = ("{{ bos_token }}" if kind == "llama-bpe" else "") + CHATML
    return fast


def sentencepiece(size=1500):
    """A SentencePiece BPE with byte fallback, as Llama 2 and TinyLlama have it."""
    pieces = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()  # only while it learns, so that no piece spans two words
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=pieces, show_progress=False, limit_alphabet=200)
    tokenizer.train_from_iterator(corpus(), trainer)
    learnt = json.loads(tokenizer.to_str())
    learnt["pre_tokenizer"] = None
    learnt["added_tokens"] = [token for token in learnt["added_tokens"] if token["id"] < 3]
    tokenizer = Tokenizer.from_str(json.dumps(learnt))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    begin(tokenizer, "<s>")
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        clean_up_tokenization_spaces=False,
    )
    fast.chat_template = LLAMA2
    return fast


def begin(tokenizer, text):
    number = tokenizer.token_to_id(text)
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{text} $A", special_tokens=[(text, number)])


def settings(tokenizer, **more):
    return {
        "vocab_size": (len(tokenizer) + 63) // 64 * 64,
        "hidden_size": 256,
        "intermediate_size": 512,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 2048,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        **more,
    }


def random_weights(model):
    """Weights large enough that a fault shows; norms and biases that are not trivial."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(parameter + 0.2 * noise if parameter.ndim == 1 else 0.08 * noise)
    return model


def save(folder, model, tokenizer, dtype=torch.float32):
    model.to(dtype).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def teach(model, tokenizer, rows, steps=90):
    """A few steps on the rows, so that the model speaks in them and ends what it says."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1.0)
    texts = [tokenizer.apply_chat_template(row, tokenize=False) for row in rows]
    batch = tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False)
    labels = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, -100)
    for _ in range(steps):
        loss = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], labels=labels).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return model.eval()


def taught(folder, tokenizer):
    """A Llama with SmolLM2's tokenizer and tied embeddings in bfloat16, taught the rows."""
    torch.manual_seed(0)
    rope = {"rope_type": "default", "rope_theta": 100000.0}
    model = LlamaForCausalLM(LlamaConfig(**settings(tokenizer, tie_word_embeddings=True, rope_parameters=rope)))
    return save(folder, teach(model, tokenizer, ROWS), tokenizer, torch.bfloat16)


FAMILIES = {
    "llama 3 rope": ("llama-bpe", LlamaForCausalLM, LlamaConfig, {
        "rope_parameters": {
            "rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0,
            "high_freq_factor": 4.0, "original_max_position_embeddings": 64,
        },
    }),
    "llama sentencepiece": ("spm", LlamaForCausalLM, LlamaConfig, {}),
    "mistral linear rope": ("llama-bpe", MistralForCausalLM, MistralConfig, {
        "head_dim": 32, "rope_parameters": {"rope_type": "linear", "rope_theta": 10000.0, "factor": 2.0},
    }),
    "qwen 2": ("qwen2", Qwen2ForCausalLM, Qwen2Config, {"tie_word_embeddings": True}),
    "qwen 3": ("qwen2", Qwen3ForCausalLM, Qwen3Config, {"head_dim": 128}),
    "llama with biases": ("gpt-2", LlamaForCausalLM, LlamaConfig, {"attention_bias": True}),
}  # fmt: skip


def of_family(folder, name, tokenizers):
    """The model of a family, with random weights."""
    kind, model, config, more = FAMILIES[name]
    tokenizer = tokenizers[kind]
    return save(folder, random_weights(model(config(**settings(tokenizer, **more)))), tokenizer)


def failed(checks):
    """Names of the gates that failed, each with its message."""
    return {check.name: check.message for check in checks if not check.passed and check.severity == "gate"}
