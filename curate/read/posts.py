"""Read what a person posted, as programs hand it out on request: all of it their own words, without what others said before.

Mastodon's `outbox.json`, X's `tweets.js`, the messages of Discord's data package, and tables of reviews (Goodreads, Letterboxd).
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from curate.read.markdown import read_markdown
from curate.read.markup import Part, parse, put_in
from curate.read.message import without_quotes
from curate.read.reading import Reading, Unreadable
from curate.read.rows import csv_rows
from curate.read.web import fragment_parts

TWEETS = re.compile(rb"\s*window\.YTD\.(?:tweets?|note_tweet)\.part\d{1,4}\s*=\s*\[")
"""How the files of an archive of X begin that hold what its owner wrote."""
REPOST = re.compile(r"RT @\w{1,30}: ")
ANSWERED = re.compile(r"\A(?:@\w{1,30} )+")
"""Whom a reply is addressed to: the program writes it in front."""
REVIEWS = ("my review", "review")
TITLES = ("title", "name", "movie", "book", "product")
MENTION = re.compile(r"<@[!&]?\d{1,25}>|<#\d{1,25}>")
EMOJI = re.compile(r"<a?(:\w{1,40}:)\d{1,25}>")


def posts_in(whole: Any) -> Iterator[list[Part] | str] | None:
    """The posts in a JSON file of Mastodon (as parts) or Discord (as Markdown), oldest first; None where it is other JSON."""
    if isinstance(whole, dict) and isinstance(items := whole.get("orderedItems"), list):
        return _notes(items)
    if isinstance(whole, list) and whole and all(isinstance(row, dict) and {"ID", "Contents"} <= row.keys() for row in whole):
        rows = sorted(whole, key=lambda row: str(row.get("Timestamp") or ""))
        return (_of_discord(str(row["Contents"] or "")) for row in rows)
    return None


def read_posts(posts: Iterable[list[Part] | str]) -> Reading:
    """Posts, in order.

    Raises:
        Unreadable: none has words.
    """
    reading = Reading()
    for post in posts:
        if isinstance(post, str):
            reading.append(read_markdown(post))
        else:
            put_in(reading, post)
    if not reading.blocks:
        raise Unreadable("is an archive without a post of your own; leave it out with `exclude`")
    return reading


def is_archive_of_x(path: Path) -> bool:
    """Whether a script holds what a person wrote on X."""
    with path.open("rb") as file:
        return TWEETS.match(file.read(200)) is not None


def read_tweets(path: Path) -> Reading:
    """The posts in a file of X's archive, oldest first; reposts are left out.

    Raises:
        Unreadable: it is another script, or damaged.
    """
    data = path.read_bytes()
    if not (found := TWEETS.match(data)):
        raise Unreadable(
            "is a program, not a file of posts (X's archive has them in `data/tweets.js`); leave it out with `exclude`"
        )
    try:
        rows = json.loads(data[found.end() - 1 :].decode("utf-8-sig").rstrip(" ;\r\n\t"))
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"is an archive of X that cannot be read ({str(error)[:100]}); unpack it again") from None
    said: dict[str, list[Part]] = {}
    for row in rows:
        tweet = (row.get("tweet") or row.get("noteTweet")) if isinstance(row, dict) else None
        if not isinstance(tweet, dict):
            continue
        core = tweet.get("core")
        text = str(core.get("text") if isinstance(core, dict) else tweet.get("full_text") or tweet.get("text") or "")
        number = str(tweet.get("id_str") or tweet.get("noteTweetId") or len(said))
        if text and not REPOST.match(text):
            said[number.zfill(25)] = _of_x(text, tweet)
    return read_posts(said[number] for number in sorted(said))


def read_reviews(path: Path) -> Reading:
    """The reviews in a table, each below what it is about.

    Raises:
        Unreadable: it has no column of reviews, or is damaged.
    """
    reading = Reading(path.stem)
    rows = list(csv_rows(path))
    column = next((name for name in REVIEWS if rows and name in rows[0]), "")
    if not column:
        raise Unreadable(
            "is a table without a column `Review`; questions and answers are read with `as: pairs`, messages with "
            "`as: conversations`"
        )
    for row in rows:
        paragraphs = re.split(r"\n[ \t]*\n|(?:<br ?/?>\s*){2,}", row[column].replace("\r\n", "\n"))
        parts = fragment_parts(parse("".join(f"<p>{each}</p>" for each in paragraphs if each.strip())))
        if any(part.kind for part in parts):
            title = next((row[name] for name in TITLES if row.get(name)), "")
            put_in(reading, [Part("heading", f"# {title}" if title else "", level=1), *parts])
    return reading


def _notes(items: list[Any]) -> Iterator[list[Part]]:
    """What was written (ActivityStreams: `Create`), and not of what was passed on (`Announce`)."""
    made = [item for item in items if isinstance(item, dict) and item.get("type") == "Create"]
    for item in sorted(made, key=lambda item: str(item.get("published") or "")):
        note = item.get("object")
        if isinstance(note, dict) and note.get("content"):
            yield fragment_parts(parse(f"<div>{note['content']}</div>"), names=True)


def _of_discord(text: str) -> str:
    """A message, without the lines that it quotes, and with emoji as they are called."""
    return without_quotes(MENTION.sub("", EMOJI.sub(r"\1", text)))


def _of_x(text: str, tweet: dict[str, Any]) -> list[Part]:
    """A post as it is shown: without those whom it answers, and with the addresses that its short links stand for."""
    entities = tweet.get("entities")
    urls = entities.get("urls") if isinstance(entities, dict) else None
    for url in urls if isinstance(urls, list) else ():
        if isinstance(url, dict) and url.get("url"):
            text = text.replace(str(url["url"]), str(url.get("expanded_url") or ""))
    text = re.sub(r"https://t\.co/\w{1,20}", "", html.unescape(text))
    lines = html.escape(ANSWERED.sub("", text).strip(), quote=False).split("\n")
    return fragment_parts(parse(f"<p>{'<br>'.join(lines)}</p>"))
