"""What the Messages API says of requests, errors, models and tokens.

Specification: platform.claude.com/docs/en/api — "Messages", "Count Message tokens", "Models", "Errors", "Structured
outputs" (limits of a schema) and "Prompt caching". Field names and shapes are those of the `anthropic` client's types.
"""

import hashlib
import json
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

API_KEY = "test-key"
MEGABYTE = 1024 * 1024
MESSAGE_LIMIT = 32 * MEGABYTE
"""Largest body of a standard endpoint; batches have their own, larger one."""

ERROR_TYPES = {
    400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error",
    405: "invalid_request_error", 409: "conflict_error", 413: "request_too_large", 429: "rate_limit_error",
    500: "api_error", 529: "overloaded_error",
}  # fmt: skip


class ApiError(Exception):
    """A request that the API answers with an error."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers

    def body(self, request_id: str) -> dict[str, Any]:
        """The error object of the API: {"type": "error", "error": {"type", "message"}, "request_id"}."""
        return {
            "type": "error",
            "error": {"type": ERROR_TYPES[self.status], "message": self.message},
            "request_id": request_id,
        }


class Model(NamedTuple):
    """A model that this server knows; the sizes are of the right order, not the real models' own."""

    name: str
    line: str
    input_tokens: int
    output_tokens: int


MODELS = {
    "claude-opus-5-5": Model("Claude Opus 5.5", "opus", 1_000_000, 128_000),
    "claude-sonnet-5-5": Model("Claude Sonnet 5.5", "sonnet", 1_000_000, 128_000),
    "claude-haiku-5-5": Model("Claude Haiku 5.5", "haiku", 200_000, 64_000),
}


def model_info(model_id: str) -> dict[str, Any]:
    """The ModelInfo of GET /v1/models/{id}."""
    model = find_model(model_id)
    yes = {"supported": True}
    capabilities = {
        **dict.fromkeys(["batch", "citations", "code_execution", "image_input", "pdf_input", "structured_outputs"], yes),
        "context_management": yes,
        "effort": {**yes, "low": yes, "medium": yes, "high": yes, "xhigh": yes, "max": yes},
        "server_tools": {**yes, "code_execution": yes, "web_search": yes},
        "thinking": {**yes, "types": dict.fromkeys(["adaptive", "between_tools", "disabled", "enabled"], yes)},
    }
    return {
        "type": "model",
        "id": model_id,
        "display_name": model.name,
        "created_at": "2026-01-01T00:00:00Z",
        "lifecycle": "active",
        "deprecated_at": None,
        "retires_at": None,
        "line": model.line,
        "max_input_tokens": model.input_tokens,
        "max_tokens": model.output_tokens,
        "capabilities": capabilities,
    }


def find_model(model_id: str) -> Model:
    """The model, or the API's 404."""
    if model_id not in MODELS:
        raise ApiError(404, f"model: {model_id}")
    return MODELS[model_id]


def page(items: list[dict[str, Any]], query: dict[str, list[str]]) -> dict[str, Any]:
    """One page of a list endpoint: `limit`, `after_id`, `before_id`; has_more, first_id, last_id."""
    try:
        limit = int(query.get("limit", ["20"])[0])
    except ValueError:
        raise ApiError(400, "limit: Input should be a valid integer") from None
    if not 1 <= limit <= 1000:
        raise ApiError(400, "limit: Input should be between 1 and 1000")
    ids = [item["id"] for item in items]
    if "before_id" in query:
        end = ids.index(query["before_id"][0]) if query["before_id"][0] in ids else 0
        chosen, more = items[max(0, end - limit) : end], end > limit
    else:
        after = query.get("after_id", [""])[0]
        start = ids.index(after) + 1 if after in ids else len(ids) if after else 0
        chosen, more = items[start : start + limit], len(items) > start + limit
    first, last = (chosen[0]["id"], chosen[-1]["id"]) if chosen else (None, None)
    return {"data": chosen, "has_more": more, "first_id": first, "last_id": last}


# --- requests ---

COUNTED = {"model", "messages", "system", "tools", "tool_choice", "thinking", "output_config", "cache_control", "speed"}
CREATED = COUNTED | {
    "max_tokens", "stream", "stop_sequences", "metadata", "service_tier", "container", "diagnostics", "inference_geo",
    "user_profile_id",
}  # fmt: skip


def read_json(body: bytes) -> dict[str, Any]:
    """The body as a JSON object, or 400."""
    try:
        value = json.loads(body)
    except ValueError:
        raise ApiError(400, "The request body is not valid JSON") from None
    if not isinstance(value, dict):
        raise ApiError(400, "The request body should be a JSON object")
    return value


def check_message(body: Any, *, counting: bool = False) -> None:
    """The checks of POST /v1/messages (`counting`: of count_tokens); raises the API's 400 or 404."""
    if not isinstance(body, dict):
        raise ApiError(400, "params: Input should be an object")
    for name in ["model", "messages"] if counting else ["model", "max_tokens", "messages"]:
        if name not in body:
            raise ApiError(400, f"{name}: Field required")
    for name in body:
        if name not in (COUNTED if counting else CREATED):
            raise ApiError(400, f"{name}: Extra inputs are not permitted")
    if not isinstance(body["model"], str) or not body["model"]:
        raise ApiError(400, "model: Input should be a valid string")
    model = find_model(body["model"])
    _check_messages(body["messages"])
    _check_system(body.get("system"))
    if not counting:
        _check_max_tokens(body["max_tokens"], body["model"], model)
    if not isinstance(body.get("stop_sequences", []), list):
        raise ApiError(400, "stop_sequences: Input should be a valid list")
    config = body.get("output_config") or {}
    if not isinstance(config, dict):
        raise ApiError(400, "output_config: Input should be an object")
    if config.get("effort") not in {None, "low", "medium", "high", "xhigh", "max"}:
        raise ApiError(400, "output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'")
    form = config.get("format")
    if form is not None:
        if not isinstance(form, dict) or form.get("type") != "json_schema":
            raise ApiError(400, "output_config.format.type: Input should be 'json_schema'")
        if not isinstance(form.get("schema"), dict):
            raise ApiError(400, "output_config.format.schema: Field required")
        check_schema(form["schema"])
    if sum("cache_control" in block for _, block in blocks(body)) + ("cache_control" in body) > 4:
        raise ApiError(400, "A maximum of 4 blocks with cache_control may be provided.")


def _check_max_tokens(value: Any, model_id: str, model: Model) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ApiError(400, "max_tokens: Input should be a valid integer")
    if value < 0:
        raise ApiError(400, "max_tokens: Input should be greater than or equal to 0")
    if value > model.output_tokens:
        limit = f"the maximum allowed number of output tokens for {model_id}"
        raise ApiError(400, f"max_tokens: {value} > {model.output_tokens}, which is {limit}")


def _check_messages(messages: Any) -> None:
    if not isinstance(messages, list):
        raise ApiError(400, "messages: Input should be a valid list")
    if not messages:
        raise ApiError(400, "messages: at least one message is required")
    for at, message in enumerate(messages):
        if not isinstance(message, dict):
            raise ApiError(400, f"messages.{at}: Input should be an object")
        if message.get("role") not in {"user", "assistant", "system"}:
            raise ApiError(400, f"messages.{at}.role: Input should be 'user', 'assistant' or 'system'")
        if "content" not in message:
            raise ApiError(400, f"messages.{at}.content: Field required")
        content = message["content"]
        if isinstance(content, list):
            _check_blocks(content, f"messages.{at}.content")
        elif not isinstance(content, str):
            raise ApiError(400, f"messages.{at}.content: Input should be a valid string or list")
        if not content:
            raise ApiError(400, f"messages.{at}: {message['role']} messages must have non-empty content")
    if messages[-1]["role"] == "assistant":
        prefill = "This model does not support assistant message prefill."
        raise ApiError(400, f"{prefill} The conversation must end with a user message.")


def _check_system(system: Any) -> None:
    if isinstance(system, list):
        _check_blocks(system, "system")
        if any(block["type"] != "text" for block in system):
            raise ApiError(400, "system: Input should be a list of text blocks")
    elif not isinstance(system, str | None):
        raise ApiError(400, "system: Input should be a valid string or list")


def _check_blocks(content: list[Any], where: str) -> None:
    for at, block in enumerate(content):
        if not isinstance(block, dict) or not isinstance(block.get("type"), str):
            raise ApiError(400, f"{where}.{at}.type: Field required")
        if block["type"] == "text":
            if not isinstance(block.get("text"), str):
                raise ApiError(400, f"{where}.{at}.text.text: Field required")
            if not block["text"].strip():
                raise ApiError(400, f"{where}: text content blocks must contain non-whitespace text")
        control = block.get("cache_control")
        if control is not None and (control.get("type") != "ephemeral" or control.get("ttl", "5m") not in {"5m", "1h"}):
            raise ApiError(400, f"{where}.{at}.cache_control: Input should be ephemeral, of ttl '5m' or '1h'")


UNSUPPORTED = {
    "string": {"minLength", "maxLength"},
    "integer": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
    "number": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
    "array": {"maxItems", "uniqueItems"},
}


def check_schema(schema: Any, where: str = "output_config.format.schema") -> None:
    """The limits that "Structured outputs" sets on a schema: closed objects, no bounds on numbers, texts and lists."""
    if not isinstance(schema, dict):
        raise ApiError(400, f"{where}: Input should be an object")
    kind = schema.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    if "object" in kinds and schema.get("additionalProperties") is not False:
        raise ApiError(400, f"{where}: For 'object' type, 'additionalProperties' must be explicitly set to false")
    for each in kinds:
        if found := sorted(UNSUPPORTED.get(str(each), set()) & schema.keys()):
            raise ApiError(400, f"{where}: For '{each}' type, properties {', '.join(found)} are not supported")
    if "array" in kinds and schema.get("minItems", 0) not in {0, 1}:
        raise ApiError(400, f"{where}: For 'array' type, 'minItems' values other than 0 or 1 are not supported")
    for name in schema.get("required", []):
        if name not in schema.get("properties", {}):
            raise ApiError(400, f"{where}.required: '{name}' is not among the properties")
    for group in ["properties", "$defs", "definitions"]:
        for name, part in schema.get(group, {}).items():
            check_schema(part, f"{where}.{group}.{name}")
    for group in ["anyOf", "allOf", "oneOf"]:
        for at, part in enumerate(schema.get(group, [])):
            check_schema(part, f"{where}.{group}.{at}")
    if "items" in schema:
        check_schema(schema["items"], f"{where}.items")


def content_hash(body: dict[str, Any]) -> str:
    """What tells one request from another, live or in a batch: everything but `stream` and `metadata`."""
    kept = {name: value for name, value in body.items() if name not in {"stream", "metadata"}}
    canonical = json.dumps(kept, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.blake2b(canonical.encode("utf-8", "replace"), digest_size=16).hexdigest()


def same_question(body: dict[str, Any]) -> str:
    """What tells one question from another: asked again with more room for its answer, it is the same."""
    return content_hash(body | {"max_tokens": 0})


def as_blocks(content: Any) -> list[dict[str, Any]]:
    """A string is shorthand for a list of one text block."""
    return [{"type": "text", "text": content}] if isinstance(content, str) else content or []


def blocks(body: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(role, block) of a prompt in the order in which it is cached: tools, system, messages."""
    for tool in body.get("tools") or []:
        yield "tool", tool
    for block in as_blocks(body.get("system")):
        yield "system", block
    for message in body["messages"]:
        for block in as_blocks(message["content"]):
            yield message["role"], block


# --- tokens ---


def tokens(text: str) -> int:
    """An estimate: four characters a token."""
    return (len(text) + 3) // 4


def block_tokens(block: dict[str, Any]) -> int:
    """The tokens of one block, of its text or of its JSON."""
    return tokens(block["text"]) if block.get("type") == "text" else tokens(json.dumps(block))


def count_tokens(body: dict[str, Any]) -> int:
    """The `input_tokens` of count_tokens: tools, system, messages and the schema of the answer."""
    schema = ((body.get("output_config") or {}).get("format") or {}).get("schema")
    return sum(block_tokens(block) for _, block in blocks(body)) + (tokens(json.dumps(schema)) if schema else 0)


class PromptCache:
    """Prompt caching: a prefix marked with `cache_control` is written once, then read until its time is over."""

    def __init__(self) -> None:
        self.until: dict[bytes, float] = {}

    def usage(self, body: dict[str, Any], whole: int) -> dict[str, Any]:
        """The input side of usage, of `whole` tokens: the longest cached prefix is read, what follows is written."""
        read = written = 0
        lasting = "5m"
        breakpoints = list(self._breakpoints(body))
        now = time.monotonic()
        if breakpoints:
            reached = max(so_far for _, so_far, _ in breakpoints)
            read = max((so_far for key, so_far, _ in breakpoints if self.until.get(key, 0) > now), default=0)
            written = reached - read
            for key, _, ttl in breakpoints:
                self.until[key] = now + (3600 if ttl == "1h" else 300)
                lasting = ttl
        return {
            "input_tokens": whole - read - written,
            "cache_creation_input_tokens": written,
            "cache_read_input_tokens": read,
            "cache_creation": {
                "ephemeral_5m_input_tokens": written if lasting == "5m" else 0,
                "ephemeral_1h_input_tokens": written if lasting == "1h" else 0,
            },
        }

    @staticmethod
    def _breakpoints(body: dict[str, Any]) -> Iterator[tuple[bytes, int, str]]:
        marked = sum(block.get("cache_control") is not None for _, block in blocks(body))
        automatic = body.get("cache_control")
        prefix = hashlib.blake2b(body["model"].encode(), digest_size=16)
        so_far = 0
        for role, block in blocks(body):
            if not marked and not automatic:
                return
            so_far += block_tokens(block)
            plain = {name: value for name, value in block.items() if name != "cache_control"}
            prefix.update(json.dumps([role, plain], sort_keys=True).encode())
            if control := block.get("cache_control"):
                marked -= 1
                yield prefix.digest(), so_far, control.get("ttl", "5m")
        if automatic:
            yield prefix.digest(), so_far, automatic.get("ttl", "5m")
