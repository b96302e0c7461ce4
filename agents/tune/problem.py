"""What a search asks: figures of timing sets on its scenarios, beside factory's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from agents.experiments.trial import REDUCED, Figures, Trial
from agents.tune.scenarios import Pairs, Scenario, scenario
from agents.tune.score import Limits, Score, score
from agents.tune.space import Space
from twin.catalogue import Station, TimingSet
from twin.errors import InputError

Play = Callable[[Sequence[Trial]], list[Figures]]
"""Plays trials, each at most once; the same trials have the same figures."""
UNSEEN = 1_000_000
"""Number of the first scenario that no search uses: those of the final checks begin here."""
MAX_PARKINGS = 50
"""Most parkings tried until the truck of a scenario stands inside the station's gate."""
REPARK = "repark_required"


@dataclass
class Problem:
    """A station, its trucks and packs, and the sets' scores. `play` has all the work."""

    station: Station
    pairs: Pairs
    factory: TimingSet
    space: Space
    seed: int
    play: Play
    _scenarios: dict[int, Scenario] = field(default_factory=dict)
    _reference: dict[tuple[str, int], Figures] = field(default_factory=dict)

    @property
    def limits(self) -> Limits:
        return Limits.of(self.station)

    def scenarios(self, numbers: Sequence[int]) -> list[Scenario]:
        """Return scenarios whose trucks stand inside the gate: one that has to park again says nothing of timing.

        Raises:
            InputError: no truck parks inside this station's gate.
        """
        missing = [number for number in numbers if number not in self._scenarios]
        for attempt in range(MAX_PARKINGS):
            if not missing:
                return [self._scenarios[number] for number in numbers]
            drawn = [scenario(self.station, self.pairs, self.seed, number, attempt) for number in missing]
            figures = self.play([self._trial(self.factory, one, REDUCED) for one in drawn])
            for number, one, of in zip(missing, drawn, figures, strict=True):
                if of.outcome != REPARK:
                    self._scenarios[number], self._reference[REDUCED, number] = one, of
            missing = [number for number in missing if number not in self._scenarios]
        raise InputError(f"no truck parks inside the gate of station {self.station.name}", key="parking")

    def _trial(self, timing: TimingSet, of: Scenario, plant: str) -> Trial:
        return Trial(self.station, of.truck, of.pack, timing, of.seed, plant, of.parking, of.variation)

    def figures(self, sets: Sequence[TimingSet], numbers: Sequence[int], plant: str = REDUCED) -> list[list[Figures]]:
        """Return the figures of each set on the scenarios of these numbers."""
        scenarios = self.scenarios(numbers)
        found = self.play([self._trial(timing, one, plant) for timing in sets for one in scenarios])
        n = len(numbers)
        return [found[i * n : (i + 1) * n] for i in range(len(sets))]

    def reference(self, numbers: Sequence[int], plant: str = REDUCED) -> list[Figures]:
        """Return factory's figures on the scenarios of these numbers."""
        if any((plant, number) not in self._reference for number in numbers):
            for number, of in zip(numbers, self.figures([self.factory], numbers, plant)[0], strict=True):
                self._reference[plant, number] = of
        return [self._reference[plant, number] for number in numbers]

    def score(
        self, own: Sequence[Figures], numbers: Sequence[int], plant: str = REDUCED, force_margin: float = 1.0
    ) -> Score:
        """Score figures on the scenarios of these numbers."""
        return score(own, self.reference(numbers, plant), self.limits, force_margin=force_margin)
