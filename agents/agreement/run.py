"""Run the same seeds on both plants; stored rows of the reference plant are used, the others are played."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from agents.agreement.lines import Line, Pair, all_lines, completed_pairs, equal_pairs, inside_pairs
from agents.pool import Pool
from agents.swap_rows import REDUCED, REFERENCE, Series, SwapRow, play

BATCH = 25
"""Swaps that the reduced-order plant runs in parallel: enough for speed, few enough for visible progress."""


@dataclass(frozen=True)
class Agreement:
    """Pairs of swaps by seed, and their table."""

    names: dict[str, str]
    kind: str
    asked: int
    seed: int
    pairs: tuple[Pair, ...]

    @cached_property
    def lines(self) -> tuple[list[Line], list[Line]]:
        """(one line per phase, the other lines)"""
        return all_lines(self.pairs, self.kind, self.seed)

    @property
    def met(self) -> bool:
        """True if every line with a target is met."""
        phases, others = self.lines
        return not any(line.failed for line in (*phases, *others))

    @property
    def earlier(self) -> int:
        """Pairs whose reference swap has another version than the reduced-order one, or an unknown one."""
        return sum(reference.version != reduced.version for reference, reduced in self.pairs)

    @property
    def completed(self) -> int:
        return len(completed_pairs(self.pairs))

    @property
    def equal(self) -> int:
        """Pairs completed with as many insertions of each pack on both plants."""
        return len(equal_pairs(self.pairs))

    def as_json(self) -> dict[str, Any]:
        """Return the result for `swaptwin agree --json` (docs/agreement.md)."""
        phases, others = self.lines
        outcomes = [dict(sorted(Counter(pair[k].outcome for pair in self.pairs).items())) for k in (0, 1)]
        return {
            **self.names,
            "reference": REFERENCE,
            "reduced": REDUCED,
            "seed": self.seed,
            "seeds": len(self.pairs),
            "seeds_asked": self.asked,
            "of_earlier_code": self.earlier,
            "outside_model": len(self.pairs) - len(inside_pairs(self.pairs)),
            "completed": self.completed,
            "completed_with_equal_attempts": self.equal,
            "outcomes": {"reference": outcomes[0], "reduced": outcomes[1]},
            "met": self.met,
            "phases": [line.as_json() for line in phases],
            "lines": [line.as_json() for line in others],
        }


def agreement_of(series: Series, rows: Iterable[SwapRow], seeds: Sequence[int]) -> Agreement:
    """Make the table of the seeds with rows of both plants made from `setup`."""
    found: dict[tuple[str, int], SwapRow] = {(row.plant, row.seed): row for row in rows if series.made(row)}
    pairs = [
        (found[REFERENCE, seed], found[REDUCED, seed])
        for seed in seeds
        if (REFERENCE, seed) in found and (REDUCED, seed) in found
    ]
    return Agreement(series.names, series.station.kind, len(seeds), min(seeds), tuple(pairs))


def agree(
    series: Series,
    seeds: Sequence[int],
    *,
    workers: int,
    reference: Iterable[SwapRow] = (),
    on_row: Callable[[SwapRow], None] | None = None,
) -> tuple[Agreement, bool]:
    """Run the reduced-order plant on all seeds, and the reference plant on those without a stored row.

    Args:
        workers: processes for the reference plant; 1 runs it in this process.
        reference: rows of earlier runs; later ones take precedence, those of other plants or setups are ignored.
        on_row: called with each row that is used, stored reference rows first.

    Returns:
        The agreement, and whether it was interrupted (Ctrl-C): then it covers the seeds done by then.
    """
    known = {row.seed: row for row in usable(series, seeds, reference)}
    rows = list(known.values())
    interrupted = False
    try:
        if on_row is not None:
            for row in rows:
                on_row(row)
        for row in _played(series, seeds, [seed for seed in seeds if seed not in known], workers):
            rows.append(row)
            if on_row is not None:
                on_row(row)
    except KeyboardInterrupt:
        interrupted = True
    return agreement_of(series, rows, seeds), interrupted


def usable(series: Series, seeds: Sequence[int], rows: Iterable[SwapRow]) -> list[SwapRow]:
    """Select the rows of the reference plant with this setup and one of these seeds."""
    wanted = set(seeds)
    return [row for row in rows if row.plant == REFERENCE and row.seed in wanted and series.made(row)]


def reduced_rows(series: Series, seeds: Sequence[int]) -> Iterator[SwapRow]:
    """Run the seeds on the reduced-order plant, batch by batch."""
    for start in range(0, len(seeds), BATCH):
        yield from play(series, REDUCED, seeds[start : start + BATCH])


def _played(series: Series, seeds: Sequence[int], missing: Sequence[int], workers: int) -> Iterator[SwapRow]:
    yield from reduced_rows(series, seeds)
    if min(workers, len(missing)) <= 1:
        for seed in missing:
            yield from play(series, REFERENCE, [seed])
        return
    with Pool(min(workers, len(missing)), ReferencePlayer, series) as pool:
        for _, row in pool.answers(missing):
            yield row


class ReferencePlayer:
    """Play seeds on the reference plant in a worker process."""

    def __init__(self, series: Series) -> None:
        self.series = series

    def __call__(self, seed: int) -> SwapRow:
        return play(self.series, REFERENCE, [seed])[0]
