"""`import-log --compare`: the comparison as one object, and the part of it that is recorded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import numpy as np

from twin.catalogue import TimingSet
from twin.log_import.comparing.beside import Beside, compare, gather
from twin.log_import.comparing.own_swap import OwnSwap, own_swap
from twin.log_import.story import Story
from twin.log_import.stretch import Completer


class Comparison:
    """Comparison of the twin with a log (`twin.log_import.importing.Beside`); results are in `beside` and `own`."""

    def __init__(self, timing: TimingSet) -> None:
        """`timing`: the twin's own, for its anti-sway and its own swap."""
        self._timing = timing
        self.names: tuple[str, ...] = ()
        self.events: list[tuple[int, dict[str, Any]]] = []
        self.beside: Beside
        self.own: OwnSwap
        self._table = np.empty((0, 0))

    def look(
        self,
        completer: Completer,
        blocks: Iterable[tuple[np.ndarray, np.ndarray]],
        story: Story,
        start_ns: int,
        hz: float,
    ) -> None:
        """Gather the log, compare, run the twin's own swap.

        Raises:
            InputError: a log too long to be compared.
        """
        gathered = gather(completer, blocks, start_ns)
        self.beside = compare(gathered, completer, self._timing, story.phases, start_ns, hz)
        self.own = own_swap(completer.setup, self._timing, self.beside.phases)
        self.names = tuple(r.channel for r in self.beside.residuals)
        self._table = np.stack([r.values for r in self.beside.residuals], axis=1)
        for part in self.beside.divergences:
            event = {
                "name": "parts",
                "level": "warning",
                "message": f"{part.signal} leaves its band ({part.kind})",
                "signal": part.signal,
                "kind": part.kind,
            }
            self.events.append((start_ns + round(part.t_s * 1e9), event))

    def values(self, times_ns: np.ndarray) -> np.ndarray:
        """Residuals (K, R) at the recording's times (K,)."""
        return np.asarray(self._table[np.searchsorted(self.beside.times_ns, times_ns)])

    def as_json(self) -> dict[str, Any]:
        """For `--json`: divergences in time order, phases, the twin's own swap."""
        return {
            "divergences": [_finite(asdict(part)) for part in self.beside.divergences],
            "phases": [{**_finite(asdict(phase)), "difference_s": phase.difference_s} for phase in self.own.phases],
            "own_swap": {
                "timing": self.own.timing,
                "outcome": self.own.outcome,
                "mechanical_time_s": self.own.mechanical_time_s,
            },
        }


def _finite(values: dict[str, Any]) -> dict[str, Any]:
    return {k: None if isinstance(v, float) and not np.isfinite(v) else v for k, v in values.items()}
