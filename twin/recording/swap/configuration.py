"""Configuration of a swap, or of an insertion from hover, to and from the plain data in its recording's header."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.alignment.hover import Hover
from twin.catalogue import Pack, Station, TimingSet, Truck
from twin.catalogue.plain import model_from_plain
from twin.errors import InputError
from twin.faults import Fault, parse_fault
from twin.recording.mcap.header import DOCKING
from twin.recording.swap.settings import Branch
from twin.runner.kinds import PLANTS, runner_maker
from twin.setup.setup import SwapSetup, build_setup
from twin.setup.variation import NOMINAL, Variation

if TYPE_CHECKING:
    from twin.alignment.episode import AlignmentTwin
    from twin.swap import SwapTwin

    Twin = SwapTwin | AlignmentTwin

SWAP, ALIGNMENT = "swap", "alignment"
KINDS = (SWAP, ALIGNMENT)
"""Kinds with this configuration: a swap, or an insertion from hover. A drive into the bay has
`DockingConfiguration`."""


@dataclass(frozen=True)
class Configuration:
    """Everything needed to rerun a swap, or an insertion from `hover`: setup, timing set, plant and faults.

    `policies` has the name of each policy by what it decides; its decisions are among the recorded commands and events.
    """

    setup: SwapSetup
    timing: TimingSet
    plant: str = "bullet"
    faults: tuple[Fault, ...] = ()
    hover: Hover | None = None
    policies: Mapping[str, str] = field(default_factory=dict)
    branch: Branch | None = None
    """For a swap that continued from a recorded moment; the other fields are then of its beginning."""

    @classmethod
    def of(cls, twin: Twin) -> Configuration:
        """The configuration of a twin, of a swap or an insertion."""
        plant = twin.runner.name
        hover = getattr(twin, "hover", None)
        branch = getattr(twin, "branch", None)
        return cls(twin.setup, twin.timing, plant, tuple(twin.faults), hover, twin.policies, branch)

    def as_plain(self) -> dict[str, Any]:
        """Plain data for the header; `jobs`, `seats` and `pack_masses_kg` are derived, for readers."""
        setup = self.setup
        return {
            "kind": SWAP if self.hover is None else ALIGNMENT,
            "plant": self.plant,
            "seed": setup.seed,
            "parking": setup.parking,
            "variation": setup.variation.model_dump(),
            "faults": [fault.text for fault in self.faults],
            **({} if self.hover is None else {"hover": self.hover.model_dump()}),
            **({"policies": dict(self.policies)} if self.policies else {}),
            **({"branch": self.branch.as_plain()} if self.branch is not None else {}),
            "station": setup.station.model_dump(),
            "truck": setup.truck.model_dump(),
            "pack": setup.pack.model_dump(),
            "timing": self.timing.model_dump(),
            "jobs": [asdict(job) for job in setup.jobs],
            "seats": [asdict(seat) for seat in setup.seats],
            "pack_masses_kg": setup.params["pack_mass_kg"][0, : int(setup.params["packs"][0])].tolist(),
        }

    @classmethod
    def from_plain(cls, data: Mapping[str, Any], file: str | Path) -> Configuration:
        """Parse the output of `as_plain`; raises InputError, which names the file, for anything else."""
        kind = data.get("kind")
        if kind not in KINDS:
            raise InputError(
                "not the recording of a swap, an alignment or a docking",
                file=file,
                key="kind",
                value=kind,
                allowed=", ".join((*KINDS, DOCKING)),
            )
        plant = data.get("plant")
        if plant not in PLANTS:
            raise InputError("recorded on an unknown plant", file=file, key="plant", value=plant)
        models: dict[str, Any] = {}
        for key, model in (("station", Station), ("truck", Truck), ("pack", Pack), ("timing", TimingSet)):
            models[key] = model_from_plain(model, data.get(key), key, file, "its configuration is refused")
        drawn, problem = data.get("variation"), "its configuration is refused"
        variation = NOMINAL if drawn is None else model_from_plain(Variation, drawn, "variation", file, problem)
        hover = model_from_plain(Hover, data.get("hover"), "hover", file, problem) if kind == ALIGNMENT else None
        seed, parking, faults = data.get("seed"), data.get("parking"), data.get("faults", [])
        if type(seed) is not int or not isinstance(parking, str):
            raise InputError("damaged configuration", file=file, key="seed, parking", value=(seed, parking))
        if not isinstance(faults, list) or not all(isinstance(fault, str) for fault in faults):
            raise InputError("damaged configuration", file=file, key="faults", value=faults)
        policies = data.get("policies", {})
        if not isinstance(policies, dict) or not all(isinstance(name, str) for name in policies.values()):
            raise InputError("damaged configuration", file=file, key="policies", value=policies)
        branch = Branch.from_plain(data["branch"], file) if kind == SWAP and "branch" in data else None
        try:
            parsed = tuple(parse_fault(fault) for fault in faults)
            at, truck, pack = models["station"], models["truck"], models["pack"]
            if branch is not None and branch.start is not None:
                setup = branch.start.setup.build(at, truck, pack, seed, variation)
            else:
                planning = models["timing"].planning
                setup = build_setup(at, truck, pack, seed=seed, parking=parking, variation=variation, planning=planning)
        except InputError as error:
            raise InputError(f"its configuration is refused: {error}", file=file) from None
        except ValueError as error:
            raise InputError("damaged configuration", file=file, key="branch.start", value=str(error)) from None
        if hover is not None and (hover.job >= len(setup.jobs) or parsed):
            key, value = ("hover.job", hover.job) if not parsed else ("faults", faults)
            raise InputError("damaged configuration", file=file, key=key, value=value)
        return cls(setup, models["timing"], str(plant), parsed, hover, policies, branch)

    def new_twin(self) -> Twin:
        """The swap or insertion, ready to run from its beginning, without its policies."""
        from twin.alignment.episode import AlignmentTwin
        from twin.swap import SwapTwin

        if self.hover is not None:
            return AlignmentTwin(self.setup, self.hover, make_runner=runner_maker(self.plant, seat=True))
        return SwapTwin(
            self.setup, self.timing, self.faults, make_runner=runner_maker(self.plant), branch=self.branch
        )  # fmt: skip
