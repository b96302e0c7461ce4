"""Play many trials: those in the ledger are looked up, the others are played in processes and stored as they come."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from agents.experiments.ledger import Ledger
from agents.experiments.trial import Figures, Trial, grouped
from agents.pool import Pool

BATCH = 64
"""Largest batch of swaps in one kernel: enough that the sequence's own work is a few per cent of the kernel's."""


@dataclass
class Counts:
    """Swaps asked for, found in the ledger and played so far, and seconds spent on playing."""

    asked: int = 0
    found: int = 0
    played: int = 0
    playing_s: float = 0.0
    errors: list[str] = field(default_factory=list)


class Players(Protocol):
    """Plays batches somewhere."""

    def answers(self, items: Iterable[Any], /) -> Iterator[tuple[Any, Any]]:
        """Yield (batch, figures) as they come, in any order."""

    def close(self) -> None:
        """End what plays."""


class Campaign:
    """Plays trials with `workers` processes and one ledger. Use it as a context manager.

    >>> with Campaign(ledger, workers=2) as campaign:
    ...     figures = campaign.play(trials)
    """

    def __init__(
        self,
        ledger: Ledger,
        workers: int = 1,
        on_played: Callable[[int], None] | None = None,
        batch: int = BATCH,
        players: Players | None = None,
    ) -> None:
        """
        Args:
            on_played: called with the number of swaps of each batch that has been played.
            players: who plays batches, such as a cluster, closed with the campaign; None: `workers` processes.
        """
        self.ledger, self.workers, self.batch = ledger, workers, batch
        self.counts = Counts()
        self.on_played = on_played
        self._players = players

    def __enter__(self) -> Campaign:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def play(self, trials: Sequence[Trial]) -> list[Figures]:
        """Return the figures of the trials, in their order; each is played at most once."""
        keys = [trial.key for trial in trials]
        known = self.ledger.figures(list(dict.fromkeys(keys)))
        missing = {key: trial for key, trial in zip(keys, trials, strict=True) if key not in known}
        self.counts.asked += len(trials)
        self.counts.found += len(trials) - len(missing)
        if missing:
            began_s = time.monotonic()
            size = max(1, min(self.batch, -(-len(missing) // self.workers)))
            # the longest batches first, so that no process is left alone with one at the end
            batches = sorted(grouped(missing.values(), size), key=len, reverse=True)
            for batch, figures in self._answers(batches):
                self.ledger.put(zip(batch, figures, strict=True))
                known |= {trial.key: one for trial, one in zip(batch, figures, strict=True)}
                self.counts.played += len(batch)
                self.counts.errors += [one.error for one in figures if one.error]
                if self.on_played is not None:
                    self.on_played(len(batch))
            self.counts.playing_s += time.monotonic() - began_s
        return [known[key] for key in keys]

    def _answers(self, batches: list[list[Trial]]) -> Any:
        if self._players is None and self.workers <= 1:
            player = make_player()
            return ((batch, player(batch)) for batch in batches)
        if self._players is None:
            self._players = Pool(self.workers, make_player)
        return self._players.answers(batches)

    def close(self) -> None:
        """End the processes."""
        if self._players is not None:
            self._players.close()
            self._players = None


def make_player() -> Callable[[Sequence[Trial]], list[Figures]]:
    """Return `play`, for a process of its own: its kernels use one thread, for every process has one core."""
    import numba

    from agents.experiments.trial import play

    numba.set_num_threads(1)
    return play


def core_count() -> int:
    """Number of cores that this process may use."""
    return len(os.sched_getaffinity(0))
