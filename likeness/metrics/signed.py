"""A logistic regression over named features, each of which may speak only for or only against."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

STRENGTH = 0.0005
"""Weight of the squared coefficients in the loss, by row."""


@dataclass(frozen=True, slots=True)
class Signed:
    """Weights by feature; what is missing weighs nothing."""

    weights: Mapping[str, float]
    bias: float

    @classmethod
    def load(cls, path: Path) -> Signed:
        """What `fit` made, as JSON."""
        read = json.loads(path.read_text(encoding="utf-8"))
        return cls(read["weights"], read["bias"])

    def probability(self, features: Mapping[str, float]) -> float:
        """How likely the features are those of what is looked for, in [0, 1]."""
        total = self.bias + sum(self.weights.get(name, 0.0) * value for name, value in features.items())
        return 1 / (1 + math.exp(-max(-40.0, min(40.0, total))))

    def most(self, features: Mapping[str, float]) -> float:
        """The highest probability that features can reach of which only these are known; each is at most 1."""
        total = self.bias + sum(max(0.0, weight) for name, weight in self.weights.items() if name not in features)
        total += sum(self.weights.get(name, 0.0) * value for name, value in features.items())
        return 1 / (1 + math.exp(-max(-40.0, min(40.0, total))))


def fit(
    rows: Sequence[Mapping[str, float]], labels: Sequence[bool], shares: Sequence[float], signs: Mapping[str, int]
) -> dict[str, object]:
    """The weights that fit labelled rows best, none against its sign; as JSON, and the same for the same rows.

    Signs keep a small set from teaching nonsense: that what shares more words asks less the same, because near misses were
    written to share many.

    Args:
        rows: features by name.
        labels: whether each is one of those to find.
        shares: how much each row counts.
        signs: of each feature, 1 where it may only speak for, -1 where only against.
    """
    import numpy as np
    from scipy.optimize import minimize

    names = sorted(signs)
    x = np.array([[row.get(name, 0.0) for name in names] for row in rows])
    y, share = np.where(labels, 1.0, -1.0), np.array(shares) / sum(shares)

    def loss(weights: np.typing.NDArray[np.float64]) -> tuple[float, np.typing.NDArray[np.float64]]:
        margins = y * (x @ weights[:-1] + weights[-1])
        miss = share * y / (1 + np.exp(np.clip(margins, -40, 40)))
        slope = np.append(-(x.T @ miss) + 2 * STRENGTH * weights[:-1], -miss.sum())
        return float(share @ np.logaddexp(0, -margins) + STRENGTH * (weights[:-1] ** 2).sum()), slope

    bounds = [(0, None) if signs[name] > 0 else (None, 0) for name in names] + [(None, None)]
    fitted = minimize(loss, np.zeros(len(names) + 1), jac=True, bounds=bounds, method="L-BFGS-B", options={"maxiter": 2000})
    weights = {name: round(float(weight), 3) for name, weight in zip(names, fitted.x, strict=False) if abs(weight) >= 0.001}
    return {"bias": round(float(fitted.x[-1]), 3), "weights": weights}
