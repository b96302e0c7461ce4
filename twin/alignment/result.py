"""Result of an insertion."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from twin.alignment.hover import Hover
from twin.finite import with_nulls
from twin.sequence.program import PhaseSpan
from twin.setup.setup import SwapSetup


@dataclass(frozen=True)
class AlignmentResult:
    """Results of an insertion from hover, SI units; `as_json` gives them as plain data.

    Attributes:
        outcome: `seated`, or why it ended.
        time_s: from the first setpoint to the end.
        kpis: as a swap's, where one insertion has them.
        end_state_sha256: of the plant's physical state.
        policies: deciders of the setpoints, by decision: `{"align": "baseline"}`.
    """

    setup: SwapSetup
    hover: Hover
    plant: str
    outcome: str
    time_s: float
    phases: tuple[PhaseSpan, ...]
    kpis: dict[str, float | int]
    violations: tuple[dict[str, Any], ...]
    events: tuple[dict[str, Any], ...]
    end_state_sha256: str
    policies: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain data, in the form of a swap's; a number that is not finite is None, and named in `not_finite`."""
        setup = self.setup
        said = {
            "station": setup.station.name,
            "truck": setup.truck.name,
            "pack": setup.pack.name,
            "plant": self.plant,
            "seed": setup.seed,
            "parking": setup.parking,
            "conditions": setup.variation.conditions,
            "hover": self.hover.model_dump(),
            **{f"{what}_policy": name for what, name in self.policies.items()},
            "outcome": self.outcome,
            "time_s": self.time_s,
            "phases": [
                {"name": s.name, "start_s": s.start_s, "end_s": s.end_s, "robot": s.robot, "job": s.job}
                for s in self.phases
            ],
            "kpis": self.kpis,
            "violations": list(self.violations),
            "events": list(self.events),
            "end_state_sha256": self.end_state_sha256,
        }
        return with_nulls(said)
