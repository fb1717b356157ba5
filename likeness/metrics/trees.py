"""Boosted decision trees over named features, as plain JSON that needs nothing but Python to be applied."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NUMBER, DEPTH, RATE, ROWS_SEEN, FEATURES_SEEN, SEED = 300, 4, 0.05, 0.6, 0.4, 17
"""How many trees, their splits from root to leaf, how much each counts, the part of rows and features that each is shown."""


@dataclass(frozen=True, slots=True)
class Trees:
    """Each tree is a leaf, which is what it adds to the log-odds, or `[feature, threshold, at most, more]`."""

    features: Sequence[str]
    bias: float
    trees: Sequence[Any]

    @classmethod
    def load(cls, path: Path) -> Trees:
        """What `fit` made, as JSON."""
        read = json.loads(path.read_text(encoding="utf-8"))
        return cls(read["features"], read["bias"], read["trees"])

    def probability(self, features: Mapping[str, float]) -> float:
        """How likely the features are those of what is looked for, in [0, 1]."""
        values = [features.get(name, 0.0) for name in self.features]
        total = self.bias
        for tree in self.trees:
            node = tree
            while type(node) is list:
                node = node[2] if values[node[0]] <= node[1] else node[3]
            total += node
        return 1 / (1 + math.exp(-total))


def fit(rows: Sequence[Mapping[str, float]], labels: Sequence[bool], shares: Sequence[float]) -> dict[str, object]:
    """The trees that tell labelled rows apart, as JSON; the same for the same rows.

    Args:
        rows: features by name.
        labels: whether each is one of those to find.
        shares: how much each row counts.
    """
    import numpy as np
    from sklearn.ensemble import GradientBoostingClassifier

    names = sorted({name for row in rows for name in row})
    table = np.array([[row.get(name, 0.0) for name in names] for row in rows], dtype=np.float32)
    boosted = GradientBoostingClassifier(
        n_estimators=NUMBER, max_depth=DEPTH, learning_rate=RATE, subsample=ROWS_SEEN, max_features=FEATURES_SEEN,
        min_samples_leaf=5, random_state=SEED,
    )  # fmt: skip
    boosted.fit(table, labels, sample_weight=shares)
    share = float(np.average(labels, weights=shares))
    trees = [_as_list(each[0].tree_, 0) for each in boosted.estimators_]
    return {"features": names, "bias": round(math.log(share / (1 - share)), 4), "trees": trees}


def _as_list(tree: Any, node: int) -> Any:
    if tree.children_left[node] < 0:
        return round(RATE * float(tree.value[node][0][0]), 4)
    sides = (_as_list(tree, child[node]) for child in (tree.children_left, tree.children_right))
    return [int(tree.feature[node]), round(float(tree.threshold[node]), 5), *sides]
