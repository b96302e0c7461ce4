"""Settings of an experiment: one dictionary of levels by factor a setting."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agents.experiments.spec import Level, Levels, Linked, Range, Spec
from twin import seeding

Setting = dict[str, Level]
STREAM = "experiment design"


def count(spec: Spec) -> int:
    """Number of settings, without making them; combinations that do not fit each other are still among them."""
    if spec.design.kind == "saltelli":
        return (spec.design.points or 0) * (len(spec.factors) + 2)
    if spec.design.kind != "full":
        return spec.design.points or len(spec.design.rows or ())
    return math.prod(len(levels) for levels in _listed(spec).values() if not isinstance(levels, Range))


def settings(spec: Spec, levels_of: Mapping[str, Sequence[Level]] | None = None) -> Iterator[Setting]:
    """Yield the settings in a fixed order.

    Args:
        levels_of: levels in place of the specification's, for `all`.

    A Latin hypercube and a Sobol sequence (scrambled after Owen 1998) are those of the first seed. A factor with levels
    takes the one whose part of the unit interval is hit. A block of `saltelli` is A, A with each factor in turn from
    B, and B: SALib's order.
    """
    factors: dict[str, Any] = {name: (levels_of or {}).get(name, levels) for name, levels in _listed(spec).items()}
    if spec.design.rows is not None:
        yield from (dict(row) for row in spec.design.rows)
        return
    if spec.design.kind == "full":
        for chosen in itertools.product(*factors.values()):
            yield dict(zip(factors, chosen, strict=True))
        return
    assert spec.design.points is not None
    for point in _unit_points(spec.design.kind, len(factors), spec.design.points, spec.first_seed):
        yield {name: _level(of, share) for (name, of), share in zip(factors.items(), point, strict=True)}


def _listed(spec: Spec) -> dict[str, Levels | Range]:
    """Levels or range of each factor."""
    return {name: of.levels if isinstance(of, Linked) else of for name, of in spec.factors.items()}


def _unit_points(kind: str, dimensions: int, n: int, seed: int) -> list[list[float]]:
    from scipy.stats import qmc

    random = seeding.stream(seed, STREAM)
    if dimensions == 0:
        return [[] for _ in range(n)]
    if kind == "lhs":
        found: list[list[float]] = qmc.LatinHypercube(dimensions, rng=random).random(n).tolist()
        return found
    sequence = qmc.Sobol(2 * dimensions if kind == "saltelli" else dimensions, scramble=True, rng=random)
    power = math.ceil(math.log2(n)) if n > 1 else 0
    points: list[list[float]] = sequence.random_base2(power)[:n].tolist()
    if kind == "saltelli":
        return [row for point in points for row in _block(point[:dimensions], point[dimensions:])]
    return points


def _block(a: list[float], b: list[float]) -> list[list[float]]:
    return [a, *([*a[:k], b[k], *a[k + 1 :]] for k in range(len(a))), b]


def _level(of: Levels | Range | Sequence[Level], share: float) -> Level:
    if isinstance(of, Range):
        if of.logarithmic:
            return float(of.low * (of.high / of.low) ** share)
        return of.low + share * (of.high - of.low)
    return of[min(int(share * len(of)), len(of) - 1)]
