"""A dataset folder carries the author's style as numbers, and their passages only where the recipe lets them travel."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from curate.build import build
from likeness.metrics.likeness import LikenessProfile
from likeness.progress import Silent
from likeness.recipe.folders import AUTHOR, DOCUMENTS
from tests.make import write_corpus

pytestmark = pytest.mark.slow


def test_the_author_travels_as_numbers_and_passages_only_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    recipe = write_corpus(tmp_path)
    made = build(recipe, Silent())
    dataset = made.folder.datasets / made.version
    text = (dataset / AUTHOR).read_text(encoding="utf-8")
    profile = LikenessProfile.from_json(text)
    assert profile.words > 100 and len(set(profile.documents.tolist())) >= 1
    for word in ("woodpecker", "orchard", "mayor", "wedding"):
        assert word not in text
    assert not (dataset / DOCUMENTS).exists()

    recipe.write_text(recipe.read_text(encoding="utf-8") + "\nexport: {knowledge: true}\n", encoding="utf-8")
    again = build(recipe, Silent())
    assert again.version == made.version, "passages beside the rows make no other dataset"
    passages = pq.read_table(dataset / DOCUMENTS).to_pylist()
    assert any("woodpecker" in passage["text"] for passage in passages)
    assert {"id", "document", "start", "heading", "text"} == set(passages[0])

    recipe.write_text(recipe.read_text(encoding="utf-8").replace("knowledge: true", "knowledge: false"), encoding="utf-8")
    build(recipe, Silent())
    assert not (dataset / DOCUMENTS).exists(), "taken back"
    assert json.loads((dataset / "manifest.json").read_text())["version"] == made.version
