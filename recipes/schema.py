"""What a recipe may say. Every key here does something; a key that is not here is refused."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from recipes.expectations import KNOWN_EXPECTATIONS

KindName = Literal["question_answer", "own_words", "essay", "reflection", "decision", "dialogue", "grounded"]

ReadyKind = Literal["conversation", "pair"]
"""Kinds of pairs that no generator wrote."""

DEFAULT_WORDS: dict[str, tuple[int, int]] = {
    "question_answer": (40, 180),
    "own_words": (40, 400),
    "essay": (350, 900),
    "reflection": (150, 450),
    "decision": (120, 400),
    "dialogue": (25, 120),
    "grounded": (30, 180),
}
"""Words of a response, by kind, where the recipe does not say. Concise pairs make concise models."""


class Section(BaseModel):
    """A part of a recipe: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Persona(Section):
    """Whose voice the model is to have."""

    name: str = Field(min_length=1)
    description: str = Field("", description="What the generator is told of the voice.")
    system_prompt: str = Field(min_length=1, description="Trained with, evaluated with, exported with.")


class Source(Section):
    """Files to learn from."""

    path: str = Field(
        description="A file or a glob such as documents/**/*.md, relative to the recipe's file. For conversations it may be the "
        "folder of an unpacked Slack export, for pairs a Hugging Face dataset's folder (saved to disk, or as on the hub)."
    )
    as_: Literal["documents", "conversations", "pairs"] = Field(
        "documents",
        alias="as",
        description="documents: text to ask about. conversations: mail (.mbox) and chats (Slack, Telegram, Discord, Messenger "
        "and Instagram as .json, WhatsApp as .txt, others as .csv): what the author answered is the response. pairs: rows that "
        "are pairs already (.jsonl, .json, .csv, .tsv, .parquet) as OpenAI chat, ShareGPT, Alpaca, instruction and response.",
    )
    author: str | None = Field(
        None, description="For conversations: the name, address or user id of the one whose answers are the responses."
    )
    rights: Literal["own", "licensed", "public-domain"] = Field(description="On what ground these texts may be used.")
    exclude: list[str] = Field(default_factory=list, description="Globs, matched like `path`, that are left out.")

    @model_validator(mode="after")
    def _conversations_have_an_author(self) -> Self:
        if self.as_ == "conversations" and not self.author:
            raise ValueError("a conversations source needs `author`: the name, address or id whose answers are to be learnt")
        return self


class Passages(Section):
    """How documents are cut."""

    max_tokens: int = Field(700, ge=50, le=8000, description="Longest passage; a word or a mark counts as one.")


class Kind(Section):
    """A shape of pair that the model is to learn, and how many of it."""

    kind: KindName
    per_passage: int | None = Field(None, ge=1, le=20)
    per_document: int | None = Field(None, ge=1, le=50)
    words: tuple[int, int] | None = Field(None, description="Fewest and most words of a response; of a dialogue, of each answer.")
    prompt: str | None = Field(None, description="A Jinja2 file that asks for this kind in place of ours.")

    @model_validator(mode="after")
    def _counts(self) -> Self:
        if (self.per_passage is None) == (self.per_document is None):
            raise ValueError("say either `per_passage` or `per_document`")
        if self.kind == "own_words" and self.per_document is not None:
            raise ValueError("own_words takes `per_passage`: its response is a stretch of the passage")
        if self.kind == "grounded" and self.per_document is not None:
            raise ValueError("grounded takes `per_passage`: the passage stands in its prompt")
        if self.words and not 0 < self.words[0] < self.words[1]:
            raise ValueError("`words` takes [fewest, most] with 0 < fewest < most")
        return self

    @property
    def word_range(self) -> tuple[int, int]:
        """Fewest and most words of a response."""
        return self.words or DEFAULT_WORDS[self.kind]


class Price(Section):
    """US dollars per million tokens."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cache_write: float | None = Field(None, ge=0, description="1.25 times `input` where it is not said.")
    cache_read: float | None = Field(None, ge=0, description="A tenth of `input` where it is not said.")


class RateLimits(Section):
    """What the provider lets through in a minute, for `curate plan`. A build learns its limits from the answers themselves."""

    requests: int | None = Field(None, ge=1)
    input_tokens: int | None = Field(None, ge=1)
    output_tokens: int | None = Field(None, ge=1)


class Generate(Section):
    """Who writes the pairs, and which."""

    provider: Literal["anthropic", "llama-cpp", "recorded"]
    model: str = Field(
        "claude-sonnet-5-5",
        min_length=1,
        description="Claude's name; for `llama-cpp` a .gguf file, relative to the recipe's file.",
    )
    context: int | None = Field(
        None, ge=512, description="For `llama-cpp`: most tokens of prompt and answer together (8192). More takes more memory."
    )
    recordings: str | None = Field(None, description="For `recorded`: a glob of JSONL files to replay.")
    mode: Literal["live", "batch"] = Field("live", description="batch: half the price, and up to a day to wait.")
    concurrency: int = Field(16, ge=1, le=256, description="Most requests under way at once.")
    per_minute: RateLimits = RateLimits()
    price: Price | None = Field(None, description="What the model costs, where it is not what our list of prices says.")
    budget_usd: float | None = Field(None, gt=0, description="Most that all builds of this recipe may spend together.")
    kinds: list[Kind] = Field(min_length=1)

    @model_validator(mode="after")
    def _recorded_needs_recordings(self) -> Self:
        if self.provider == "recorded" and not self.recordings:
            raise ValueError("provider `recorded` needs `recordings`: a glob of JSONL files to replay")
        if self.provider != "recorded" and self.recordings:
            raise ValueError("`recordings` belongs to provider `recorded`; with another provider it does nothing")
        if self.provider == "llama-cpp" and not self.model.endswith(".gguf"):
            raise ValueError("provider `llama-cpp` needs `model`: the path of a .gguf file")
        if self.provider != "llama-cpp" and self.context:
            raise ValueError("`context` belongs to provider `llama-cpp`; with another provider it does nothing")
        names = [kind.kind for kind in self.kinds]
        if len(set(names)) < len(names):
            raise ValueError("each kind may stand once under `kinds`")
        return self


class Duplicates(Section):
    """When two pairs count as the same."""

    near: float = Field(0.7, gt=0.3, le=1.0, description="Jaccard similarity of word triples from which two are one.")
    reworded: Literal["flag", "drop"] = Field(
        "flag", description="What is done with a pair that says in other words what a better one says."
    )


class Length(Section):
    """How far from the kind's word range a response may lie before its pair is dropped."""

    slack: float = Field(0.5, ge=0.0, le=1.0, description="0.5 lets [40, 180] run from 20 to 270 words.")


class PrivateData(Section):
    """What is done about e-mail addresses, telephone numbers, keys and the like."""

    action: Literal["flag", "redact", "drop"] = Field(
        "flag",
        description="flag: a reviewer is told; redact: it is replaced by what it was, in brackets; drop: the pair is left out.",
    )
    names: list[Annotated[str, Field(min_length=2)]] = Field(
        default_factory=list, description="People whose names are private data as well, as they are written in the texts."
    )


class Voice(Section):
    """When a response is too far from the author's writing."""

    farther_than: float = Field(
        0.99, gt=0.5, lt=1.0, description="Share of the author's own stretches that lie nearer to their style than the response."
    )


class Mannerisms(Section):
    """When a response has too much of the generator's own habits."""

    surprise: float = Field(3.0, gt=0, description="3: the author would write so in one of a thousand such stretches.")


class Echo(Section):
    """When the data says a phrase too often."""

    max_share: float = Field(0.15, gt=0.0, le=1.0, description="Most responses that may hold one term of two words and more.")
    times: float = Field(3.0, ge=1.0, description="Times the author's own share that any phrase may have.")


class Judge(Section):
    """Claude is shown a pair with its passage, and says which claims the passage does not bear out. It costs money."""

    model: str = Field("claude-haiku-5-5", min_length=1)
    pairs: Literal["all", "flagged"] = Field("flagged", description="flagged: those of which another check says something.")


class Screen(Section):
    """The checks on pairs. Those that need no choice of anybody's have no key here: they always run."""

    duplicates: Duplicates = Duplicates()
    length: Length = Length()
    private_data: PrivateData = PrivateData()
    voice: Voice = Voice()
    mannerisms: Mannerisms = Mannerisms()
    echo: Echo = Echo()
    judge: Judge | None = None


class Review(Section):
    """Where people review the pairs."""

    argilla: str = Field(
        "local",
        pattern=r"^(local|https?://\S+)$",
        description="`local`, a server of your own, or the address of an Argilla server (its key: ARGILLA_API_KEY).",
    )
    workspace: str = Field("review", pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_-]*$", description="Where its dataset stands there.")
    pairs: Literal["all", "flagged", "none"] | Annotated[float, Field(gt=0, le=1)] = Field(
        "flagged", description="Which pairs a person sees: all, those a check has something to say of, or a share such as 0.2."
    )
    awaiting: Literal["leave_out", "keep", "hold"] = Field(
        "leave_out", description="What becomes of a pair nobody has decided yet: out of the dataset, in it, or no dataset at all."
    )
    min_submitted: int = Field(1, ge=1, le=10, description="Reviewers that each pair needs.")


class Balance(Section):
    """What a dataset may have too much of: what is over a cap is left out, the best are kept.

    Approved by a reviewer is better than not, fewer findings are better than more; of equals chance decides, the same each time.
    """

    per_document: int | None = Field(None, ge=1, description="Most pairs of one document, or of one conversation.")
    per_kind: dict[KindName | ReadyKind, Annotated[int, Field(ge=1)]] = Field(
        default_factory=dict, description="Most pairs of a kind, such as {question_answer: 200}."
    )
    terms: dict[str, Annotated[float, Field(gt=0, lt=1)]] = Field(
        default_factory=dict,
        description="Largest share of responses that may hold a phrase, such as {slack water: 0.1}; `auto` stands for every "
        "phrase that the check on echoes finds at that share.",
    )

    @field_validator("terms")
    @classmethod
    def _terms_have_words(cls, terms: dict[str, float]) -> dict[str, float]:
        if wordless := [term for term in terms if not any(map(str.isalpha, term))]:
            raise ValueError(f"a term has at least one word; these have none: {', '.join(map(repr, wordless))}")
        return terms


class Split(Section):
    """What is held out of training to watch the loss on."""

    validation: float = Field(0.1, ge=0.0, lt=0.5)
    by: Literal["document", "pair"] = Field("document", description="`document`: no document stands on both sides.")
    seed: int = Field(17, ge=0, description="Another seed holds out others.")


class Lora(Section):
    """The adapter's shape."""

    r: int = Field(16, ge=1, le=512)
    alpha: int = Field(32, ge=1)
    dropout: float = Field(0.0, ge=0.0, lt=1.0)
    target_modules: str | list[str] = "all-linear"


class Sft(Section):
    """Supervised fine-tuning."""

    epochs: float = Field(3, gt=0, le=100)
    learning_rate: float = Field(2.0e-4, gt=0, lt=1)
    batch_size: int = Field(8, ge=1, description="Rows per optimizer step: the effective batch.")
    micro_batch_size: int | None = Field(None, ge=1, description="Rows per forward pass; less needs less memory.")
    max_length: int = Field(2048, ge=64, description="Tokens; longer rows are left out and counted.")
    warmup: float = Field(0.05, ge=0.0, lt=1.0, description="Share of the steps in which the rate rises.")
    evaluations_per_epoch: int = Field(2, ge=1, le=20)
    patience: int = Field(2, ge=1, description="Evaluations without a better held-out loss before it stops.")

    @model_validator(mode="after")
    def _batches_divide(self) -> Self:
        if self.micro_batch_size and self.batch_size % self.micro_batch_size:
            raise ValueError("`batch_size` must be a multiple of `micro_batch_size`")
        return self


class Train(Section):
    """What is trained, and how."""

    base_model: str = Field(min_length=1, description="Hub id, local folder, or builtin:tiny.")
    method: Literal["lora", "qlora"] = "lora"
    lora: Lora = Lora()
    sft: Sft = Sft()
    seed: int = Field(17, ge=0)


Quant = Literal["q8_0", "q6_k", "q5_k_m", "q4_k_m", "q3_k_m"]


class Export(Section):
    """What leaves the house."""

    publisher: str = Field("me", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    gguf: list[Quant] = Field(["q8_0", "q4_k_m"], min_length=1)


Expectation = Annotated[dict[str, dict[str, Any]], Field(min_length=1, max_length=1)]


class Recipe(Section):
    """One YAML file that says everything about a dataset and the model trained on it."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", description="Results go to build/<name>/.")
    extends: str | None = Field(None, description="A recipe beneath this one; mappings merge, all else replaces.")
    persona: Persona
    sources: list[Source] = Field(min_length=1)
    passages: Passages = Passages()
    generate: Generate | None = None
    screen: Screen = Screen()
    review: Review | None = None
    expect: list[Expectation] = Field(default_factory=list, description="Great Expectations, by snake-case name.")
    balance: Balance | None = None
    split: Split = Split()
    control: str | None = Field(None, description="Controlled questions: never trained on, asked of every run.")
    train: Train | None = None
    export: Export = Export()

    @field_validator("name")
    @classmethod
    def _name_is_free(cls, name: str) -> str:
        if name == "argilla":
            raise ValueError("build/argilla/ is where the review server lives; give the recipe another name")
        return name

    @field_validator("expect")
    @classmethod
    def _known_expectations(cls, expect: list[Expectation]) -> list[Expectation]:
        for entry in expect:
            (name,) = entry
            if name not in KNOWN_EXPECTATIONS:
                raise ValueError(f"unknown expectation {name!r}")
        return expect

    @model_validator(mode="after")
    def _documents_are_used(self) -> Self:
        if self.generate is None and any(source.as_ == "documents" for source in self.sources):
            raise ValueError("documents are turned into pairs by `generate`, which this recipe lacks")
        if self.screen.judge and self.generate is None:
            raise ValueError("`screen.judge` reads pairs against their passages, and a recipe without `generate` has none")
        if self.generate is not None and all(source.as_ != "documents" for source in self.sources):
            raise ValueError("`generate` needs a source of documents, and this recipe has none")
        return self


class ControlQuestion(Section):
    """A question asked of every run, never trained on."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    question: str = Field(min_length=1)
    about: Literal["voice", "facts", "unknown", "general"] = Field(
        description="voice: does it sound right; facts: does it know the sources; unknown: does it admit that it does "
        "not know; general: has it forgotten what the base model knew."
    )


class Control(Section):
    """The controlled questions of a recipe."""

    questions: list[ControlQuestion] = Field(min_length=1)

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        ids = [question.id for question in self.questions]
        if repeated := sorted({i for i in ids if ids.count(i) > 1}):
            raise ValueError(f"ids must differ; repeated: {', '.join(repeated)}")
        return self
