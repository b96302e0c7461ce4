"""Swaps as the twin measured them, drawn whole: times, outcome, parking again and number of packs belong together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from agents.experiments.trial import COMPLETED, RAISED, Figures
from twin.catalogue.schema import MECHANICAL
from twin.errors import InputError

REPARK = "repark_required"
ENTER, BEFORE, AFTER, EXIT = "dock", ("identify", "scan"), "verify", "exit"
STORED = "store"
"""Phase at whose end the empty pack stands in its slot."""


@dataclass(frozen=True, slots=True)
class Swap:
    """One measured swap.

    Attributes:
        outcome: `completed`, or the named reason.
        packs: number of packs that are changed.
        enter_s: measured time to drive in and park; None: the station file's fixed one.
        before_s: identification and scan, without the robot.
        work_s: robot at work; of a swap that failed, until its end.
        after_s: verification, without the robot.
        stored_share: share of a pack's part of `work_s` after which its empty pack can be charged.
    """

    outcome: str
    packs: int
    enter_s: float | None
    before_s: float
    work_s: float
    after_s: float
    stored_share: float

    @property
    def repark(self) -> bool:
        return self.outcome == REPARK

    @property
    def completed(self) -> bool:
        return self.outcome == COMPLETED


class Swaps(Protocol):
    """A distribution of swaps."""

    @property
    def max_packs(self) -> int:
        """Largest number of packs of one swap."""

    def draw(self, u: float) -> Swap:
        """Return the swap of a number of [0, 1)."""


@dataclass(frozen=True)
class Sample:
    """Measured swaps, each as likely as any other: nothing is fitted."""

    swaps: tuple[Swap, ...]
    counts: Mapping[str, int] = field(default_factory=dict)
    """Number of swaps by outcome."""

    @property
    def max_packs(self) -> int:
        return max(swap.packs for swap in self.swaps)

    def draw(self, u: float) -> Swap:
        return self.swaps[int(u * len(self.swaps))]


def sample_of(figures: Iterable[Figures], kind: str, where: str = "swaps") -> Sample:
    """Make a sample of the figures of trials.

    A fixed time to drive in is left to the site's spread; driven ones are kept.

    Raises:
        InputError: no swap, one of another kind of station, one whose simulation raised an error, or none that a
            robot began.
    """
    known = {ENTER, *BEFORE, *MECHANICAL[kind], AFTER, EXIT}
    found: list[Swap] = []
    entering: set[float | None] = set()
    counts: dict[str, int] = {}
    for one in figures:
        if one.outcome == RAISED:
            raise InputError("a swap's simulation raised an error", key=where, value=RAISED)
        if strange := next((name for name in one.phases_s if name not in known), None):
            raise InputError(f"swaps of another kind of station than {kind}", key=where, value=strange)
        entering.add(one.phases_s.get(ENTER))
        counts[one.outcome] = counts.get(one.outcome, 0) + 1
        found.append(_swap(one, kind))
    if not found:
        raise InputError("has no swap", key=where)
    # a time to drive in that all have is the station file's fixed one
    swaps = tuple(found if len(entering) > 1 else (replace(swap, enter_s=None) for swap in found))
    if counts.get(REPARK, 0) == len(swaps):
        raise InputError("every truck has to park again, no swap was begun", key=where, value=REPARK)
    return Sample(swaps, counts)


def _swap(one: Figures, kind: str) -> Swap:
    phases = one.phases_s
    before_s = sum(phases.get(name, 0.0) for name in BEFORE)
    after_s, enter_s, leave_s = (phases.get(name, 0.0) for name in (AFTER, ENTER, EXIT))
    # phases of robots that work in parallel overlap: the work is what is left of the cycle, not their sum
    work_s = max(one.cycle_time_s - enter_s - before_s - after_s - leave_s, 0.0)
    order = list(MECHANICAL[kind])
    until = order[: order.index(STORED) + 1]
    total = sum(phases.get(name, 0.0) for name in order)
    share = sum(phases.get(name, 0.0) for name in until) / total if total > 0.0 else 1.0
    return Swap(one.outcome, max(len(one.insert_attempts), 1), enter_s, before_s, work_s, after_s,
                share if one.completed else 1.0)  # fmt: skip


def figures_of_rows(rows: Sequence[Mapping[str, Any]], file: str) -> list[Figures]:
    """Read what a day needs of the rows of a table that `experiment run --table` wrote.

    Raises:
        InputError: a column or number is missing.
    """
    found = []
    for number, row in enumerate(rows, start=2):
        try:
            phases = {
                name.removeprefix("phases_s."): float(value)
                for name, value in row.items()
                if name.startswith("phases_s.") and value not in ("", None)
            }
            attempts = tuple(int(one) for one in str(row["insert_attempts"]).split())
            cycle_s = float(row["cycle_time_s"])
            if not phases or not 0.0 <= cycle_s < 1e6 or not all(0.0 <= one < 1e6 for one in phases.values()):
                raise ValueError
            found.append(
                Figures(
                    str(row["outcome"]),
                    float(row["mechanical_time_s"]),
                    cycle_s,
                    insert_attempts=attempts,
                    phases_s=phases,
                )
            )
        except (KeyError, ValueError):
            words = "is no row of a table that experiment run --table wrote"
            raise InputError(words, file=file, key=f"row {number}") from None
    return found
