"""Great Expectations' Data Docs, as one self-contained page.

As the library writes them they load styles, scripts and pictures from eight other hosts: without a network they are bare, and
with one those hosts' scripts run on a page that shows somebody's writing. Here all that goes, and a style of our own comes in.
"""

from __future__ import annotations

from bs4 import BeautifulSoup, Tag

NOT_SHOWN = ["script", "link", "style", "img", "footer", "nav"]
BESIDE_THE_POINT = "#section-1-content-block-3, .collapse, a[data-toggle], .card"
"""The library's version, load times, its code to look rows up with, and buttons for scripts that are gone."""

STYLE = """
  :root { color-scheme: light; }
  body { font: 16px/1.5 Georgia, "Times New Roman", serif; color: #1d2329; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
  h1, h2, h3, h4, h5, th, ol, .h6, .badge { font-family: system-ui, sans-serif; line-height: 1.3; }
  h5 { font-size: 1.15rem; margin: 2rem 0 .5rem; } h6, .h6 { font: 600 .85rem system-ui, sans-serif; color: #66707a; }
  a { color: #0b6e4f; } ol { display: flex; gap: 1rem; padding: 0; list-style: none; font-size: .9rem; }
  table { border-collapse: collapse; width: 100%; font-size: .95rem; }
  th, td { text-align: left; vertical-align: top; padding: .5rem .6rem; border-top: 1px solid #d9dee3; }
  th { font-size: .8rem; color: #66707a; }
  td table { margin: .6rem 0; font-size: .85rem; } td td, td th { padding: .15rem .6rem; }
  strong { display: block; margin-top: .4rem; font-weight: 600; } hr { border: 0; border-top: 1px solid #d9dee3; }
  .fas { font: 600 .85rem system-ui, sans-serif; white-space: nowrap; }
  .fa-check-circle::before { content: "✓ held"; color: #0b6e4f; } .fa-times::before { content: "✗ failed"; color: #c2571a; }
  .fa-exclamation-triangle::before { content: "! raised an error"; color: #c2571a; }
"""


def stand_alone(page: str) -> str:
    """The page of a validation's results, with nothing in it that comes from elsewhere or leads to another page."""
    soup = BeautifulSoup(page, "html.parser")
    for tag in [*soup.find_all(NOT_SHOWN), *soup.select(BESIDE_THE_POINT)]:
        tag.decompose()
    for link in soup.find_all("a"):
        if not str(link.get("href", "")).startswith("#"):
            link.unwrap()
    style = soup.new_tag("style")
    style.string = STYLE
    assert isinstance(soup.head, Tag)
    soup.head.append(style)
    return str(soup)
