"""Scenarios that every candidate is played on: trucks, packs, parking, conditions and errors of the machine.

Common random numbers: scenario i is the same for all candidates of a search, so their differences carry no noise from
the draw. Any first n scenarios are a mixture of all kinds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from twin import seeding
from twin.catalogue import Pack, Station, Truck, compatible, load_pack, load_truck, names, resolve
from twin.errors import InputError
from twin.setup.errors import NOMINAL, error_of, errors_at
from twin.setup.variation import Variation

UNGUIDED_SHARE = 0.25
CONDITIONS = {"clear": 0.4, "night": 0.2, "rain": 0.2, "night+rain": 0.2}
"""Conditions and their shares."""
Pairs = tuple[tuple[Truck, Pack], ...]


@dataclass(frozen=True)
class Scenario:
    """Inputs of a swap besides station and timing set."""

    truck: Truck
    pack: Pack
    parking: str
    error: str
    variation: Variation
    seed: int

    def as_plain(self) -> dict[str, Any]:
        """Return names and settings."""
        return {
            "truck": self.truck.name,
            "pack": self.pack.name,
            "parking": self.parking,
            "conditions": self.variation.conditions,
            "error": self.error,
            "seed": self.seed,
        }


def fitting_pairs(station: Station, truck: Truck | None, pack: Pack | None) -> Pairs:
    """Return the trucks and packs that go with a station, or with the given truck or pack too.

    Raises:
        InputError: the given models do not fit together, or none fits them.
    """
    if truck is not None and pack is not None:
        resolve(station, truck, pack)
    trucks = [truck] if truck is not None else [load_truck(name) for name in names("truck")]
    packs = [pack] if pack is not None else [load_pack(name) for name in names("pack")]
    pairs = tuple((t, p) for t in trucks for p in packs if compatible(station, t, p) is None)
    if not pairs:
        given = [f"{kind} {model.name}" for kind, model in (("truck", truck), ("pack", pack)) if model is not None]
        raise InputError(f"nothing goes with station {station.name} and {' and '.join(given) or 'any truck'}")
    return pairs


def scenario(station: Station, pairs: Pairs, seed: int, number: int, attempt: int = 0) -> Scenario:
    """Draw scenario `number` of a search with this seed; `attempt` counts the trucks that had to park again."""
    errors = errors_at(station)
    turn = number // 2
    error = errors[turn % len(errors)] if number % 2 else NOMINAL
    # every error meets every pair: the pairs' turn moves on by one more after each round of errors
    truck, pack = pairs[(turn + turn // len(errors) + number % 2) % len(pairs)]
    draw = seeding.stream(seed, f"tune scenario/{number}")
    parking = "unguided" if draw.uniform() < UNGUIDED_SHARE else "guided"
    conditions = str(draw.choice(list(CONDITIONS), p=list(CONDITIONS.values())))
    swap_seed = int(seeding.key(seed, f"tune swap/{number}/{attempt}") >> 1)
    variation = Variation.of(conditions=conditions, **error_of(error, pack))
    return Scenario(truck, pack, parking, error, variation, swap_seed)
