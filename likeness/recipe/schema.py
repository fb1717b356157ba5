"""What a recipe may say. Every key here does something; a key that is not here is refused."""

from __future__ import annotations

import re
from collections.abc import Set
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, field_validator, model_validator

from likeness.kinds import KINDS
from likeness.llama.smollm2 import SMOLLM2
from likeness.recipe.expectations import KNOWN_EXPECTATIONS, OURS
from likeness.recipe.screen import Screen
from likeness.recipe.section import Real, RunNamed, Section, Text, Whole

if TYPE_CHECKING:
    KindName = str
    AnyKind = str
else:
    KindName = Literal[tuple(kind.name for kind in KINDS.values() if kind.is_generated)]
    AnyKind = Literal[tuple(KINDS)]


class Persona(Section):
    """Whose voice the model is to have."""

    name: Text
    description: str = Field("", description="What the generator should know about the voice.")
    system_prompt: Text = Field(description="The system prompt in training, evaluation and export.")
    samples: list[Text] = Field(
        default_factory=list,
        max_length=12,
        description="Paragraphs of the author's that show the generator the voice, in place of those that are chosen from the "
        "documents; `curate plan --samples` prints the choice as it can be put here.",
    )


class Source(Section):
    """Files to learn from."""

    path: str = Field(
        description="A file or a glob such as documents/**/*.md, relative to the recipe's file. For conversations it may be the "
        "folder of an unpacked Slack export, for pairs a Hugging Face dataset's folder (saved to disk, or as on the hub)."
    )
    as_: Literal["documents", "conversations", "pairs"] = Field(
        "documents",
        alias="as",
        description="documents: text to ask about. conversations: mail (mbox, Maildir, .eml, Apple's and Thunderbird's folders) "
        "and chats (Slack, Telegram, Discord, Messenger, Instagram, Signal, WhatsApp, iMessage, LinkedIn, others as .csv): what "
        "the author answered is the response. pairs: rows that are pairs already (.jsonl, .json, .csv, .tsv, .parquet) as OpenAI "
        "chat, ShareGPT, Gemini, Alpaca, instruction and response, distilabel, Argilla, preferences.",
    )
    author: str | None = Field(
        None, description="For conversations: the name, address or user id of the one whose answers are the responses."
    )
    rights: Literal["own", "licensed", "public-domain"] = Field(description="Why you may use these texts.")
    exclude: list[str] = Field(default_factory=list, description="Globs of files to leave out, matched like `path`.")
    unreadable: Literal["refuse", "skip"] = Field(
        "refuse",
        description="A file that cannot be read: refuse to build, or skip it, name it in plan and build, and use the rest.",
    )

    @model_validator(mode="after")
    def _conversations_have_an_author(self) -> Self:
        if self.as_ == "conversations" and not self.author:
            raise ValueError("a conversations source needs `author`: the name, address or id whose answers are to be learnt")
        return self


class Passages(Section):
    """How documents are cut."""

    max_tokens: Whole = Field(700, ge=50, le=8000, description="Longest passage; a word or a punctuation mark counts as one.")


class Kind(Section):
    """A shape of pair that the model is to learn, and how many of it."""

    kind: KindName
    per_passage: Whole | None = Field(None, ge=1, le=20)
    per_document: Whole | None = Field(None, ge=1, le=50)
    words: tuple[Whole, Whole] | None = Field(
        None, description="Fewest and most words of a response; of a dialogue, of each answer."
    )
    prompt: str | None = Field(None, description="A Jinja2 file that asks for this kind instead of ours.")

    @model_validator(mode="after")
    def _counts(self) -> Self:
        if (self.per_passage is None) == (self.per_document is None):
            raise ValueError("say either `per_passage` or `per_document`")
        if KINDS[self.kind].per == "passage" and self.per_document is not None:
            raise ValueError(f"{self.kind} takes `per_passage`: its response or its prompt holds the passage")
        if self.words and not 0 < self.words[0] < self.words[1]:
            raise ValueError("`words` takes [fewest, most] with 0 < fewest < most")
        return self

    @property
    def word_range(self) -> tuple[int, int]:
        """Fewest and most words of a response."""
        return self.words or KINDS[self.kind].words


class Price(Section):
    """US dollars per million tokens."""

    input: Real = Field(ge=0)
    output: Real = Field(ge=0)
    cache_write: Real | None = Field(None, ge=0, description="1.25 times `input` by default.")
    cache_read: Real | None = Field(None, ge=0, description="A tenth of `input` by default.")


class RateLimits(Section):
    """What the provider lets through in a minute, for `curate plan`. A build learns its limits from the answers themselves."""

    requests: Whole | None = Field(None, ge=1)
    input_tokens: Whole | None = Field(None, ge=1)
    output_tokens: Whole | None = Field(None, ge=1)


class Generate(Section):
    """Who writes the pairs, and which."""

    provider: Literal["anthropic", "llama-cpp", "recorded"]
    model: str = Field(
        "claude-sonnet-5-5",
        min_length=1,
        description="Claude's name; for `llama-cpp` a .gguf file, relative to the recipe's file, or builtin:smollm2-135m, which "
        "is for trying the road: its pairs are too poor to train on.",
    )
    context: Whole | None = Field(
        None,
        ge=512,
        description="For `llama-cpp`: the most tokens of prompt and answer together (8192 by default). More takes more memory.",
    )
    recordings: str | None = Field(None, description="For `recorded`: a glob of JSONL files to replay.")
    mode: Literal["live", "batch"] = Field("live", description="batch: half the price, but up to a day to wait.")
    concurrency: Whole = Field(16, ge=1, le=256, description="How many requests may run at once.")
    per_minute: RateLimits = RateLimits()
    price: Price | None = Field(None, description="What the model costs, if our price list is wrong or lacks it.")
    budget_usd: Real | None = Field(None, gt=0, description="The most that all builds of this recipe may spend together.")
    kinds: list[Kind] = Field(min_length=1)

    @model_validator(mode="after")
    def _recorded_needs_recordings(self) -> Self:
        if self.provider == "recorded" and not self.recordings:
            raise ValueError("provider `recorded` needs `recordings`: a glob of JSONL files to replay")
        if self.provider != "recorded" and self.recordings:
            raise ValueError("`recordings` belongs to provider `recorded`; with another provider it does nothing")
        if self.provider == "llama-cpp" and not self.model.endswith(".gguf") and self.model != SMOLLM2:
            raise ValueError(f"provider `llama-cpp` needs `model`: the path of a .gguf file, or {SMOLLM2}")
        if self.provider != "llama-cpp" and self.context:
            raise ValueError("`context` belongs to provider `llama-cpp`; with another provider it does nothing")
        names = [kind.kind for kind in self.kinds]
        if len(set(names)) < len(names):
            raise ValueError("each kind may appear once under `kinds`")
        return self


class Contrast(Section):
    """Contrast sets for the terms that the sources mention and do not explain: true, confusable, false and invented."""

    terms: Whole = Field(30, ge=1, le=500, description="Most terms that a set is drafted for, those at highest risk first.")
    share: Real = Field(
        0.1,
        gt=0,
        lt=0.5,
        description="Largest share of the training rows that may come of them; more teaches a model to decline.",
    )


class Review(Section):
    """Where people review the pairs."""

    argilla: str = Field(
        "local",
        pattern=r"^(local|https?://\S+)$",
        description="`local`, a server of your own, or the address of an Argilla server (its key: ARGILLA_API_KEY).",
    )
    workspace: str = Field("review", pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_-]*$", description="The workspace that its dataset is in.")
    pairs: Literal["all", "flagged", "none"] | Annotated[Real, Field(gt=0, le=1)] = Field(
        "flagged", description="Which pairs a person sees: all; those with a finding; or a share such as 0.2."
    )
    awaiting: Literal["leave_out", "keep", "hold"] = Field(
        "leave_out",
        description="What happens to a pair that nobody has decided yet: it is left out, it is kept, or the build fails.",
    )
    min_submitted: Whole = Field(1, ge=1, le=10, description="How many reviewers each pair needs.")


class Balance(Section):
    """What a dataset may have too much of: what is over a cap is left out, the best are kept.

    Approved by a reviewer is better than not, fewer findings are better than more; of equals chance decides, the same each time.
    """

    per_document: Whole | None = Field(None, ge=1, description="The most pairs from one document or one conversation.")
    per_kind: dict[AnyKind, Annotated[Whole, Field(ge=1)]] = Field(
        default_factory=dict, description="The most pairs of a kind, such as {question_answer: 200}."
    )
    terms: dict[str, Annotated[Real, Field(gt=0, lt=1)]] = Field(
        default_factory=dict,
        description="Largest share of responses that may contain a phrase, such as {slack water: 0.1}; `auto` means every "
        "phrase that the check on echoes finds at that share.",
    )

    @field_validator("terms")
    @classmethod
    def _terms_have_words(cls, terms: dict[str, Real]) -> dict[str, Real]:
        if wordless := [term for term in terms if not any(map(str.isalpha, term))]:
            raise ValueError(f"a term has at least one word; these have none: {', '.join(map(repr, wordless))}")
        return terms


class Split(Section):
    """What is held out of training to watch the loss on."""

    validation: Real = Field(0.1, ge=0.0, lt=0.5)
    by: Literal["document", "pair"] = Field("document", description="`document`: no document is on both sides.")
    seed: Whole = Field(17, ge=0, description="Another seed holds out other pairs.")


class Lora(Section):
    """The adapter's shape."""

    r: Whole = Field(16, ge=1, le=512)
    alpha: Whole = Field(32, ge=1)
    dropout: Real = Field(0.0, ge=0.0, lt=1.0)
    target_modules: str | Annotated[list[str], Field(min_length=1)] = Field(
        "all-linear",
        description="Layers by name, such as [q_proj, v_proj]; or a pattern that whole paths match, such as `.*layers.2.*_proj`.",
    )
    rslora: bool | None = Field(
        None, description="Scale by alpha / sqrt(r) instead of alpha / r; where nothing is said, for r above 64."
    )
    dora: bool = Field(
        False, description="Learn each row's length apart from its direction: a little better at a low r, slower, more memory."
    )

    @field_validator("target_modules")
    @classmethod
    def _all_or_some(cls, targets: str | list[str]) -> str | list[str]:
        if targets in ("all-linear", ["all-linear"]):
            return "all-linear"
        if isinstance(targets, str):
            return [targets] if re.fullmatch(r"[\w.]+", targets) else targets  # what is no name is a pattern
        if "all-linear" in targets:
            raise ValueError("`all-linear` takes all of them: write it alone")
        return targets

    @property
    def root_scaled(self) -> bool:
        """Whether the adapter is scaled by the root of its rank (rsLoRA, arXiv 2312.03732)."""
        return self.r > 64 if self.rslora is None else self.rslora


class Sft(Section):
    """Supervised fine-tuning."""

    epochs: Real = Field(3, gt=0, le=100)
    learning_rate: Real = Field(2.0e-4, gt=0, lt=1)
    batch_size: Whole = Field(8, ge=1, description="Rows per optimizer step: the effective batch.")
    micro_batch_size: Whole | None = Field(None, ge=1, description="Rows per forward pass; less needs less memory.")
    max_length: Whole = Field(2048, ge=64, description="Tokens; longer rows are left out and counted.")
    packing: bool = Field(
        False,
        description="Lay the rows of a step end to end, up to `max_length` tokens a pass, in place of `micro_batch_size` rows: "
        "the same steps and losses with no padding. Rows never see one another; a base where they would is refused.",
    )
    turns: Literal["last", "all"] = Field(
        "last", description="Which answers of a conversation are learnt: its last, or every one of the author's."
    )
    known_last: bool = Field(
        False,
        description="Ask the base first which facts it knows (as `train triage` does), and learn those it does not know before "
        "all else in every epoch: what is learnt last is not new.",
    )
    warmup: Real = Field(0.05, ge=0.0, lt=1.0, description="Share of the steps in which the learning rate rises.")
    evaluations_per_epoch: Whole = Field(2, ge=1, le=20)
    patience: Whole = Field(2, ge=1, description="Evaluations without a better held-out loss before it stops.")

    @property
    def rows_at_once(self) -> int:
        """Rows per forward pass."""
        return self.micro_batch_size or self.batch_size

    @model_validator(mode="after")
    def _batches_divide(self) -> Self:
        if self.micro_batch_size and self.batch_size % self.micro_batch_size:
            raise ValueError("`batch_size` must be a multiple of `micro_batch_size`")
        if self.micro_batch_size and self.packing:
            raise ValueError("`packing` lays as many rows into a pass as `max_length` has room for: leave `micro_batch_size` out")
        return self


class Preference(Section):
    """Preference training, which goes on from the adapter of supervised fine-tuning, on rows of right and wrong answers."""

    method: Literal["dpo", "kto", "orpo"] = Field(
        "dpo", description="dpo: pairs, with a supervised term; kto: each answer by itself; orpo: pairs, without a reference."
    )
    epochs: Real = Field(1, gt=0, le=20)
    learning_rate: Real = Field(5.0e-6, gt=0, lt=1)
    beta: Real = Field(
        0.1, gt=0, le=10, description="How firmly it is held to the adapter it begins with (orpo: the odds' weight)."
    )
    batch_size: Whole = Field(8, ge=2, description="Rows per optimizer step.")


TRIED_SHARES = (0.0, 0.1, 0.2)
"""What `replay: {share: auto}` chooses from."""


def _share(value: Any) -> Any:
    """Looked at before pydantic tries both kinds, for it would say of each why it is none."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if value != "auto" and not (number and 0 < value <= 0.5):
        raise ValueError("expected auto, or a number above 0 and at most 0.5")
    return value


class Replay(Section):
    """General questions with the base's own answers, mixed among the rows so that what it could do is not forgotten."""

    share: Annotated[Annotated[float, Field(gt=0, le=0.5)] | Literal["auto"], BeforeValidator(_share)] = Field(
        0.1, description="Their share of all rows that are trained on; auto: short trainings with none, .1 and .2 choose it."
    )

    @property
    def most(self) -> float:
        """The share, or the largest that a trial tries."""
        return max(TRIED_SHARES) if self.share == "auto" else self.share


LAUNCH_CONFIGS = ("ddp", "fsdp2", "deepspeed-zero2", "deepspeed-zero3")
"""Configurations of accelerate that come with us; `train/parallel/configs` has a file for each."""
WEIGHTS_SHARED = ("fsdp2", "deepspeed-zero3")
"""Those in which each process has only a share of the base's weights."""


class Launch(Section):
    """Training in several processes, one for each GPU, which accelerate starts. What comes after it takes one."""

    processes: Whole = Field(
        ge=2, le=4096, description="How many, on all machines together. `batch_size` is dealt to them and stays what it is."
    )
    config: str = Field(
        "ddp",
        pattern=rf"^({'|'.join(LAUNCH_CONFIGS)}|.+\.(ya?ml|json))$",
        description="ddp: each process has the whole base. fsdp2, deepspeed-zero3: each has a share of it. deepspeed-zero2: each "
        "has a share of the gradients. Or a configuration file of accelerate, relative to the recipe's file.",
    )


class Hosted(Section):
    """Training at a host that takes rows over its API, where `backend: hosted`. The key comes from the environment."""

    host: Literal["openai", "azure", "compatible"] = Field(
        "compatible", description="compatible: any server that speaks OpenAI's files, fine_tuning/jobs and chat/completions."
    )
    url: str | None = Field(None, description="The API's base, such as https://host/v1; needed but for openai.")
    budget_usd: Real | None = Field(None, gt=0, description="Nothing is started that would cost more by the forecast.")
    usd_per_million_tokens: Real | None = Field(
        None, ge=0, description="What the host charges for a million trained tokens, where `train plan` knows no price."
    )

    @model_validator(mode="after")
    def _has_an_address(self) -> Self:
        if self.url is None and self.host != "openai":
            raise ValueError(f"`host: {self.host}` needs a `url`")
        if self.url is not None and not self.url.startswith(("http://", "https://")):
            raise ValueError("`url` begins with http:// or https://, such as https://host/v1")
        return self


TAKEN_BY_HOSTS = frozenset({"backend", "base_model", "hosted", "sft", "preference", "seed"})
"""Keys of `train` that mean something to a host; of `sft` and `preference` those below."""
SFT_TAKEN_BY_HOSTS, PREFERENCE_TAKEN_BY_HOSTS = (
    frozenset({"epochs", "batch_size"}),
    frozenset({"method", "epochs", "batch_size", "beta"}),
)


class Train(Section):
    """What is trained, and how."""

    base_model: str = Field(
        min_length=1,
        description="Hub id, folder or .gguf file (relative to the recipe's file), builtin:smollm2-135m, or builtin:tiny; a "
        "host's name of its model where `backend: hosted`.",
    )
    backend: Literal["local", "hosted"] = Field(
        "local", description="hosted: a host trains, by `hosted`; the weights stay there."
    )
    hosted: Hosted | None = None
    method: Literal["lora", "qlora"] = "lora"
    continue_from: RunNamed | None = Field(
        None,
        alias="continue",
        min_length=1,
        description="An earlier run of this recipe: go on from its adapter, not from a new one.",
    )
    lora: Lora = Lora()
    sft: Sft = Sft()
    preference: Preference | None = None
    replay: Replay | None = None
    launch: Launch | None = None
    gradient_checkpointing: bool | None = Field(
        None,
        description="Compute activations again on the way back instead of keeping them: far less memory, a third more time. "
        "Where nothing is said: on a GPU, for bases of more than 300 million parameters.",
    )
    report_to: list[Literal["tensorboard", "wandb", "trackio"]] = Field(
        default_factory=list, description="Services that get the figures of training as well; each is installed by its name."
    )
    seed: Whole = Field(17, ge=0, le=2**32 - 1)

    @property
    def processes(self) -> int:
        """How many train together."""
        return self.launch.processes if self.launch else 1

    @property
    def rows_at_once(self) -> int:
        """Rows per forward pass of a process."""
        return self.sft.micro_batch_size or self.sft.batch_size // self.processes

    @model_validator(mode="after")
    def _rows_are_dealt(self) -> Self:
        if self.launch is None:
            return self
        rows, each, many = self.sft.batch_size, self.sft.micro_batch_size or 1, self.launch.processes
        if rows % (each * many):
            less, more = rows // (each * many) * each * many, -(-rows // (each * many)) * each * many
            of = f" of `micro_batch_size: {each}` each" if self.sft.micro_batch_size else ""
            fix = f"`batch_size: {more}`" + (f" or {less}" if less else "")
            raise ValueError(f"`sft.batch_size: {rows}` cannot be dealt to {many} processes{of}: take {fix}")
        if self.method == "qlora" and self.launch.config in WEIGHTS_SHARED:
            raise ValueError("`method: qlora` cannot share 4-bit weights out: take `launch.config: ddp`, or `method: lora`")
        if self.sft.packing and self.launch.config.startswith("deepspeed"):
            raise ValueError("DeepSpeed takes a step after every pass, and `sft.packing` needs several: take ddp or fsdp2")
        return self

    @model_validator(mode="after")
    def _host_and_backend_agree(self) -> Self:
        if self.backend == "local":
            if self.hosted is not None:
                raise ValueError("`hosted` has no effect without `backend: hosted`")
            return self
        if self.hosted is None:
            raise ValueError("`backend: hosted` needs a section `hosted`, such as `hosted: {host: openai}`")
        idle = _said(self, TAKEN_BY_HOSTS)
        idle += [f"sft.{key}" for key in _said(self.sft, SFT_TAKEN_BY_HOSTS)]
        if self.preference:
            idle += [f"preference.{key}" for key in _said(self.preference, PREFERENCE_TAKEN_BY_HOSTS)]
            if self.preference.method != "dpo":
                raise ValueError("a host trains on preferences by `method: dpo` only")
        if idle:
            raise ValueError(f"a host does not take {', '.join(idle)}: leave it out")
        return self


def _said(section: Section, taken: Set[str]) -> list[str]:
    """The keys of a section but those that are taken, where they are not the defaults, which a resolved recipe holds as well."""
    return sorted(
        key
        for key in section.model_fields_set - taken
        if getattr(section, key) != type(section).model_fields[key].get_default(call_default_factory=True)
    )


Quant = Literal["q8_0", "q6_k", "q5_k_m", "q4_k_m", "q3_k_m", "iq4_xs", "iq4_nl", "iq3_m"]


class SamplingSettings(Section):
    """How answers are drawn: of the controlled questions, in `train chat`, and in the exported app, which carries it."""

    temperature: Real = Field(0.7, ge=0, le=2, description="0 takes the likeliest word each time; small models then loop.")
    min_p: Real = Field(0.05, ge=0, lt=1, description="Words less likely than this share of the likeliest are never drawn.")
    repeat_penalty: Real = Field(1.0, ge=1, le=2, description="How much less likely a word becomes once it was said; 1: not.")


class Merge(Section):
    """How the adapter becomes one model with its base."""

    base: Literal["original", "dequantized"] = Field(
        "original",
        description="What the adapter of `method: qlora` is merged onto: the base's own 16-bit weights, or what is left of them "
        "in the 4 bits that it was trained on.",
    )


class Export(Section):
    """What leaves the house."""

    publisher: str = Field("me", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    gguf: Annotated[list[Quant], AfterValidator(lambda kinds: list(dict.fromkeys(kinds)))] = Field(
        ["q8_0", "q4_k_m"], min_length=1
    )
    knowledge: bool = Field(
        False,
        description="Let the author's passages travel with the dataset and the export, for retrieval: the app, `train chat` and "
        "the evaluation look facts up in them.",
    )
    sampling: SamplingSettings = SamplingSettings()
    merge: Merge = Merge()


class Gates(Section):
    """What a run must reach. Where one is missed the command leaves with 1, and the run is kept."""

    likeness: Real | None = Field(None, description="Least likeness; none where nothing is said.")
    invented_declined: Real = Field(0.8, ge=0, le=1, description="Least share of invented things that are declined.")
    known_declined: Real = Field(0.05, ge=0, le=1, description="Largest share of known things that are declined.")
    general_drop: Real | None = Field(
        None, ge=0, le=1, description="Largest drop in the share of general tasks; the noise floor where nothing is said."
    )
    longest_run: Whole = Field(50, ge=1, description="Tokens in a row that no answer may share with a row that is no quotation.")


class Evaluate(Section):
    """How a run's answers are measured."""

    cells: Literal["all", "shipped"] = Field(
        "all",
        description="all: every mix of system prompt, adapter and retrieval, which shows what each earned; shipped: only base "
        "and tuned model as they are used, in a third of the time.",
    )
    samples: Whole = Field(
        2,
        ge=0,
        le=8,
        description="Seeded answers to each question in every cell, beside a greedy one; with `cells: shipped` only the tuned "
        "model answers greedily too.",
    )
    strengths: list[Annotated[Real, Field(gt=0, le=2)]] = Field(
        [0.5, 0.75, 1.0, 1.2], description="Strengths of the adapter that are measured; [] measures none but 1."
    )
    merge_best: bool = Field(False, description="Merge the adapter at the strength that measured best.")
    gates: Gates | None = Field(
        None, description="What a run must reach; {} takes every default. Without it, faults are only reported."
    )


Expectation = Annotated[dict[str, dict[str, Any]], Field(min_length=1, max_length=1)]


class Recipe(Section):
    """One YAML file that says everything about a dataset and the model trained on it."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", description="Results go to build/<name>/ beside the recipe.")
    extends: str | None = Field(
        None, description="The recipe that this one builds on: mappings are merged, everything else is replaced."
    )
    persona: Persona
    sources: list[Source] = Field(min_length=1)
    passages: Passages = Passages()
    generate: Generate | None = None
    contrast: Contrast | None = None
    screen: Screen = Screen()
    review: Review | None = None
    expect: list[Expectation] = Field(default_factory=list, description="Great Expectations, by snake-case name.")
    balance: Balance | None = None
    split: Split = Split()
    control: str | None = Field(None, description="Controlled questions: never trained on, asked of every run.")
    train: Train | None = None
    evaluate: Evaluate = Evaluate()
    export: Export = Export()
    engine: Literal["here", "processes", "ray"] = Field(
        "processes",
        description="Where steps run: in this process, in one a core where there is enough to do, or on Ray. Rows are the same.",
    )
    worker_gb: float = Field(
        2.0, gt=0, description="Memory that each process of the engine is given: fewer run at once where less is free."
    )
    _file: Path | None = PrivateAttr(None)

    @property
    def file(self) -> Path:
        """The file that it was read from; one made in code counts as in the calling folder."""
        return self._file or Path("recipe.yaml").absolute()

    def read_from(self, file: Path) -> Self:
        """Note where it was read from, an absolute path: its results lie beside it."""
        self._file = file
        return self

    @field_validator("name")
    @classmethod
    def _name_is_free(cls, name: str) -> str:
        if name == "argilla":
            raise ValueError("build/argilla/ is where the review server used to be; give the recipe another name")
        return name

    @field_validator("expect")
    @classmethod
    def _known_expectations(cls, expect: list[Expectation]) -> list[Expectation]:
        for entry in expect:
            (name,) = entry
            if name not in KNOWN_EXPECTATIONS:
                raise ValueError(f"unknown expectation {name!r}")
            bounds = [] if name in OURS else [low for low in entry[name] or {} if low.startswith("min_")]  # ours check themselves
            for low, high in ((low, low.replace("min_", "max_")) for low in bounds):
                least, most = entry[name][low], entry[name].get(high)
                if isinstance(least, int | float) and isinstance(most, int | float) and least > most:
                    raise ValueError(f"{name}: {low} {least} is more than {high} {most}: nothing could hold")
        return expect

    @model_validator(mode="after")
    def _documents_are_used(self) -> Self:
        if self.generate is None and any(source.as_ == "documents" for source in self.sources):
            raise ValueError("documents are turned into pairs by `generate`, which this recipe lacks")
        if self.contrast and self.generate is None:
            raise ValueError("`contrast` is drafted by the generator from documents; this recipe has no `generate`")
        if self.generate is None and (reading := self.screen.reads_passages()):
            raise ValueError(f"`screen.{reading}` reads pairs against their passages, and a recipe without `generate` has none")
        if self.generate is not None and all(source.as_ != "documents" for source in self.sources):
            raise ValueError("`generate` needs a source of documents, and this recipe has none")
        return self

    @model_validator(mode="after")
    def _four_bits_were_trained_on(self) -> Self:
        if self.export.merge.base == "dequantized" and self.train and self.train.method != "qlora":
            raise ValueError("`export.merge.base: dequantized` is for `train.method: qlora`: nothing else trains on 4 bits")
        return self


class ControlQuestion(Section):
    """A question asked of every run, never trained on."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    question: str = Field(min_length=1)
    about: Literal["voice", "decision", "journaling", "facts", "thin", "invented", "unknown", "off-topic", "general"] = Field(
        description="voice, journaling: does it sound right; decision: does it choose as the person does; facts, thin: does it "
        "know the sources, and terms that they hardly explain; invented (or unknown): does it admit that it does not know; "
        "off-topic: does the data echo where it does not belong; general: has it forgotten what the base model knew."
    )
    answer: str = Field("", description="The person's own answer.")
    choices: list[Text] = Field(
        default_factory=list, max_length=6, description="Of a decision, two or more, in a few words each."
    )
    choice: str = Field("", description="What the person themselves chose; one of `choices`, where there are any.")
    retest: str = Field("", description="What the person chose when asked again weeks later.")
    paraphrases: list[Text] = Field(default_factory=list, max_length=5, description="The same decision in other words.")

    @model_validator(mode="after")
    def _choices_are_whole(self) -> Self:
        if len(self.choices) == 1:
            raise ValueError("`choices` takes two or more")
        for name in ("choice", "retest"):
            if self.choices and (chosen := getattr(self, name)) and chosen not in self.choices:
                raise ValueError(f"`{name}` is {chosen!r}, which is none of `choices`")
        return self


class Control(Section):
    """The controlled questions of a recipe."""

    questions: list[ControlQuestion] = Field(min_length=1)

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        ids = [question.id for question in self.questions]
        if repeated := sorted({i for i in ids if ids.count(i) > 1}):
            raise ValueError(f"ids must differ; repeated: {', '.join(repeated)}")
        return self
