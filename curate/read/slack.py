"""Read Slack's export: one JSON list for each channel and day. People have ids; users.json has their names (slack.com/help)."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from curate.read.documents import Unreadable
from curate.read.message import Message, names, without_quotes
from curate.read.rows import json_value
from curate.read.times import epoch

Row = dict[str, Any]

SAID = (None, "me_message", "thread_broadcast", "file_share", "bot_message", "tombstone")
"""Subtypes of messages that a person sent; Slack itself writes all others."""

EMOJI = {
    "smile": "😄", "slightly_smiling_face": "🙂", "grin": "😁", "grinning": "😀", "joy": "😂",
    "rolling_on_the_floor_laughing": "🤣", "laughing": "😆", "sweat_smile": "😅", "wink": "😉", "blush": "😊",
    "heart_eyes": "😍", "thinking_face": "🤔", "neutral_face": "😐", "upside_down_face": "🙃",
    "disappointed": "😞", "cry": "😢", "sob": "😭", "angry": "😠", "scream": "😱", "sunglasses": "😎",
    "shrug": "🤷", "facepalm": "🤦", "eyes": "👀", "+1": "👍", "thumbsup": "👍", "-1": "👎", "thumbsdown": "👎",
    "clap": "👏", "wave": "👋", "pray": "🙏", "raised_hands": "🙌", "muscle": "💪", "ok_hand": "👌",
    "heart": "❤️", "fire": "🔥", "tada": "🎉", "rocket": "🚀", "100": "💯", "white_check_mark": "✅",
    "heavy_check_mark": "✔️", "x": "❌", "warning": "⚠️", "bulb": "💡", "star": "⭐", "sparkles": "✨",
    "coffee": "☕", "bread": "🍞", "see_no_evil": "🙈", "bow": "🙇", "face_with_rolling_eyes": "🙄",
    "hugging_face": "🤗", "party": "🎉",
}  # fmt: skip
"""The usual emoji by their codes; newer exports give the character of each emoji."""
CODE = re.compile(r"(```.*?```|`[^`\n]+`)", re.DOTALL)
MARKED = re.compile(r"(?<![\w*_~])([*_~])(?=\S)([^*_~\n]+)(?<=\S)\1(?![\w*_~])")
EMOJI_CODE = re.compile(r"(?<![\w:]):([a-z+\-][a-z0-9_+'-]{0,60}|100):(?:skin-tone-\d:)?(?![\w:])")


def slack_folder(folder: Path) -> Iterator[Message]:
    """The messages of an unpacked export.

    Raises:
        Unreadable: the folder is not an export, or a file in it is damaged.
    """
    people = people_of(folder)
    days = sorted(folder.glob("*/*.json"))
    if not people or not days:
        raise Unreadable("is a folder, but not a Slack export, which has users.json, and a folder of JSON files for each channel")
    for day in days:
        try:
            rows = json_value(day)
            if not isinstance(rows, list):
                raise Unreadable("is not a list of messages")
            yield from slack_day(rows, day.parent.name, people)
        except Unreadable as error:
            raise Unreadable(f"holds {day.relative_to(folder)}, which {error}") from None


def people_of(*folders: Path) -> dict[str, Row]:
    """Everybody in users.json, by id."""
    for folder in folders:
        if (users := folder / "users.json").is_file():
            listed = json_value(users)
            return {str(user.get("id")): user for user in listed if isinstance(user, dict)} if isinstance(listed, list) else {}
    return {}


def slack_day(rows: Sequence[Any], channel: str, people: Mapping[str, Row]) -> Iterator[Message]:
    """The messages of one channel on one day.

    Args:
        rows: the day's file.
        channel: its name.
        people: by user id.
    """
    for row in rows:
        if not isinstance(row, dict) or row.get("subtype") not in SAID or (time := epoch(row.get("ts"))) is None:
            continue
        user = str(row.get("user", row.get("username", "")))
        known = people.get(user, {})
        profile = known.get("profile") or row.get("user_profile") or {}
        by_bot = bool(row.get("bot_id") or known.get("is_bot") or user == "USLACKBOT" or row.get("subtype") == "bot_message")
        wordless = by_bot or row.get("subtype") == "tombstone" or row.get("hidden")
        thread = str(row.get("thread_ts", ""))
        text = "" if wordless else _rich_text(row.get("blocks"), people) or _marked_text(str(row.get("text") or ""), people)
        yield Message(
            id=f"{channel}/{row['ts']}",
            time=time,
            sender=names(*_names(known, profile), user),
            text=without_quotes(text),
            thread=f"{channel}/{thread}" if thread else channel,
            deleted=row.get("subtype") == "tombstone",
            pictured=bool(row.get("files")),
        )


def _names(user: Row, profile: Any) -> list[Any]:
    profile = profile if isinstance(profile, dict) else {}
    return [
        profile.get("display_name"), user.get("real_name"), profile.get("real_name"), user.get("name"), profile.get("name"),
        profile.get("email"),
    ]  # fmt: skip


def _called(user: str, people: Mapping[str, Row], label: str = "") -> str:
    known = people.get(user, {})
    return "@" + next(iter(names(label, *_names(known, known.get("profile")))), "somebody")


def _parts(element: Any) -> list[Row]:
    found = element.get("elements") if isinstance(element, dict) else None
    return [part for part in found if isinstance(part, dict)] if isinstance(found, list) else []


def _rich_text(blocks: Any, people: Mapping[str, Row]) -> str:
    """The text of rich text blocks (docs.slack.dev) without quotes; "" if there are none."""
    lines: list[str] = []
    for block in blocks if isinstance(blocks, list) else []:
        if not isinstance(block, dict) or block.get("type") != "rich_text":
            return ""
        for number, part in enumerate(_parts(block)):
            text = "".join(_rich_part(each, people) for each in _parts(part))
            match part.get("type"):
                case "rich_text_quote":
                    lines.append("")
                case "rich_text_preformatted":
                    lines.append(f"```\n{text}\n```")
                case "rich_text_list":
                    lines += _rich_list(part, people)
                case _:
                    lines.append(text.removeprefix("\n") if number else text)
    return "\n".join(line.rstrip("\n") for line in lines).strip()


def _rich_list(part: Row, people: Mapping[str, Row]) -> list[str]:
    indent = "  " * part["indent"] if isinstance(part.get("indent"), int) and 0 <= part["indent"] < 10 else ""
    items = ["".join(_rich_part(each, people) for each in _parts(item)) for item in _parts(part)]
    numbered = part.get("style") == "ordered"
    return [f"{indent}{f'{number}.' if numbered else '-'} {item}" for number, item in enumerate(items, 1)]


def _rich_part(part: Row, people: Mapping[str, Row]) -> str:
    style = part.get("style")
    text = part.get("text")
    match part.get("type"):
        case "text":
            written = text if isinstance(text, str) else ""
            return f"`{written}`" if isinstance(style, dict) and style.get("code") else written
        case "link":
            return text if isinstance(text, str) and text else str(part.get("url") or "")
        case "emoji":
            try:
                return "".join(chr(int(code, 16)) for code in str(part.get("unicode") or "").split("-")) or EMOJI.get(
                    str(part.get("name")), ""
                )
            except (ValueError, OverflowError):
                return ""
        case "user":
            return _called(str(part.get("user_id")), people)
        case "channel" | "usergroup" | "broadcast":
            return "#channel" if part["type"] == "channel" else f"@{part.get('range') or 'all'}"
        case _:
            return str(part.get("fallback") or "")


def _marked_text(text: str, people: Mapping[str, Row]) -> str:
    """Slack's marks (`<@U1>`, `<https://…|label>`, `*bold*`, `:wink:`, `&amp;`) as a reader sees them (docs.slack.dev)."""

    def shown(mark: re.Match[str]) -> str:
        target, _, label = mark[1].partition("|")
        if target.startswith("@"):
            return _called(target[1:], people, label)
        if target[:1] in "#!":
            return "#" + (label or target[1:]) if target.startswith("#") else label or "@" + target[1:].split("^")[0]
        return label or target.removeprefix("mailto:")

    pieces = CODE.split(re.sub(r"<([^<>\n]+)>", shown, text))
    for at in range(0, len(pieces), 2):
        plain = MARKED.sub(r"\2", MARKED.sub(r"\2", pieces[at]))
        pieces[at] = EMOJI_CODE.sub(lambda code: EMOJI.get(code[1], ""), plain)
    return html.unescape("".join(pieces))
