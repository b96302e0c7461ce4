"""The trial function: resolved configuration and seed to the key figures of one swap, and nothing else."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import math
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from twin import kernel_cache
from twin.catalogue import Pack, Station, TimingSet, Truck
from twin.catalogue.schema import MECHANICAL
from twin.console import plain
from twin.runner.kinds import batch_maker, runner_maker
from twin.setup.setup import build_setup
from twin.setup.variation import NOMINAL, Variation

REDUCED, REFERENCE = "rom", "bullet"
BATCHED = (REDUCED,)
"""Plants that play many swaps in one kernel."""
COMPLETED = "completed"
OUTSIDE_MODEL = "outside_model"
RAISED = "error"
"""Outcome of a swap whose simulation raised an exception, a defect of the program."""
RESOLVING = ("setup", "catalogue", "faults", "bounds")
"""Folders of the twin that results depend on and that hold no kernels."""


@cache
def program_version() -> str:
    """Version of the program that made a result: its release, and a hash of all that results depend on."""
    root = Path(kernel_cache.__file__).resolve().parent
    digest = hashlib.sha256(kernel_cache.source_hash().encode())
    for folder in RESOLVING:
        for path in sorted((root / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    for name in ("numpy", "numba", "pybullet"):
        digest.update(importlib.metadata.version(name).encode())
    try:
        release = importlib.metadata.version("swaptwin")
    except importlib.metadata.PackageNotFoundError:
        release = "unreleased"
    return f"{release}+{digest.hexdigest()[:12]}"


@cache
def policy_digest(name: str) -> str:
    """Hash of all that a policy's actions depend on: the files of a bundle, the code of policies and environments."""
    from agents.policies import bundles_folder

    root = Path(kernel_cache.__file__).resolve().parent.parent
    found = hashlib.sha256(name.encode())
    files = [path for folder in ("agents", "envs") for path in (root / folder).rglob("*.py")]
    bundle = Path(name) if "/" in name else bundles_folder() / name
    files += [bundle] if bundle.is_file() else [path for path in bundle.rglob("*") if path.is_file()]
    for path in sorted(files):
        found.update(path.read_bytes())
    return found.hexdigest()


_DIGESTS: dict[int, tuple[Any, str]] = {}
"""Digest of a model by its identity; holds the model, so that no other takes its place."""
_TIMING_DIGESTS: dict[int, tuple[TimingSet, str]] = {}
MAX_DIGESTS = 1024


def digest(value: Any) -> str:
    """Hash of plain data as canonical JSON."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def canonical(value: Any) -> str:
    """Canonical JSON: sorted keys, no spaces, NaN refused."""
    return json.dumps(plain(value), sort_keys=True, separators=(",", ":"), allow_nan=False)


def _model_digest(model: Any) -> str:
    """Digest of a frozen model, cached."""
    found = _DIGESTS.get(id(model))
    if found is None:
        while len(_DIGESTS) >= MAX_DIGESTS:
            del _DIGESTS[next(iter(_DIGESTS))]
        found = _DIGESTS[id(model)] = (model, digest(model.model_dump()))
    return found[1]


def timing_digest(timing: TimingSet) -> str:
    """Digest of the numbers of every phase, whatever the set's name and default; cached."""
    found = _TIMING_DIGESTS.get(id(timing))
    if found is None:
        while len(_TIMING_DIGESTS) >= MAX_DIGESTS:
            del _TIMING_DIGESTS[next(iter(_TIMING_DIGESTS))]
        phases = {phase: timing.of(phase).model_dump() for phase in MECHANICAL[timing.kind]}
        found = _TIMING_DIGESTS[id(timing)] = (timing, digest({"planning": timing.planning, "phases": phases}))
    return found[1]


@dataclass(frozen=True)
class Trial:
    """Resolved inputs of one swap; picklable. Equal keys mean equal results.

    Attributes:
        faults: in the words of `swap --fault`.
        policies: (what it decides, name): `align` or `timing`.
    """

    station: Station
    truck: Truck
    pack: Pack
    timing: TimingSet
    seed: int
    plant: str = REDUCED
    parking: str = "guided"
    variation: Variation = NOMINAL
    faults: tuple[str, ...] = ()
    policies: tuple[tuple[str, str], ...] = ()

    @property
    def alone(self) -> bool:
        """True if it cannot be played in a batch: faults and policies act on single swaps."""
        return self.plant not in BATCHED or bool(self.faults or self.policies)

    @cached_property
    def key(self) -> str:
        """Hash of the resolved configuration, the seed and the program's version."""
        parts = {
            "station": _model_digest(self.station),
            "truck": _model_digest(self.truck),
            "pack": _model_digest(self.pack),
            "timing": timing_digest(self.timing),
            "plant": self.plant,
            "parking": self.parking,
            "variation": self.variation.model_dump(),
            "seed": self.seed,
            "version": program_version(),
        }
        if self.faults:
            parts["faults"] = self.faults
        if self.policies:
            parts["policies"] = [(what, name, policy_digest(name)) for what, name in self.policies]
        return digest(parts)

    @property
    def group(self) -> tuple[str, ...]:
        """Trials of the same group can share a batch."""
        models = (self.station, self.truck, self.pack)
        alone = "alone" if self.alone else ""
        return self.plant, alone, self.timing.planning, *(_model_digest(model) for model in models)

    def as_plain(self) -> dict[str, Any]:
        """Return names and settings for the ledger, which a person reads."""
        return {
            "station": self.station.name,
            "truck": self.truck.name,
            "pack": self.pack.name,
            "timing": self.timing.name,
            "plant": self.plant,
            "parking": self.parking,
            "variation": self.variation.model_dump(),
            "seed": self.seed,
            "version": program_version(),
            **({"faults": self.faults} if self.faults else {}),
            **({"policies": self.policies} if self.policies else {}),
        }


@dataclass(frozen=True)
class Figures:
    """Key figures of one swap. Times and peaks of a swap that did not complete are those until its end.

    Attributes:
        outcome: `completed`, or the named reason.
        lower_bound_s, procedure_bound_s: the two bounds of the plan that was played; None of a swap that has none.
        violations: numbers of the safety invariants that were broken; 0 stands for a state that is not finite.
        insert_attempts: attempted insertions into the truck, by pack.
        phase_spans: phase, robot, start and end in s of each phase, in the order of their starts:
            `lower 0 45 64.97; grip 0 64.97 68.94`.
        drive_peak_share, drive_rms_share: peak and RMS force of each axis' drive over its ratings, by axis.
        electric_energy_j, drive_cost_eur: of all drives; None of a station whose axes do not all have a motor.
        error: last lines of the exception of a swap that ended as `error`.
    """

    outcome: str
    mechanical_time_s: float = 0.0
    cycle_time_s: float = 0.0
    lower_bound_s: float | None = None
    procedure_bound_s: float | None = None
    peak_lateral_force_n: float = 0.0
    peak_axial_force_n: float = 0.0
    residual_sway_m: float = 0.0
    peak_sway_m: float = 0.0
    seat_error_m: float = 0.0
    energy_j: float = 0.0
    electric_energy_j: float | None = None
    drive_cost_eur: float | None = None
    truck_displacement_m: float = 0.0
    insert_attempts: tuple[int, ...] = ()
    violations: tuple[int, ...] = ()
    phases_s: dict[str, float] = field(default_factory=dict)
    drive_peak_share: dict[str, float] = field(default_factory=dict)
    drive_rms_share: dict[str, float] = field(default_factory=dict)
    phase_spans: str = ""
    error: str = ""

    @property
    def completed(self) -> bool:
        return self.outcome == COMPLETED

    @property
    def first_attempt(self) -> bool:
        """True if every pack was inserted exactly once, and the swap completed."""
        return self.completed and bool(self.insert_attempts) and set(self.insert_attempts) == {1}

    @property
    def ratio_kinematic(self) -> float | None:
        """Mechanical time over the kinematic bound."""
        return self.mechanical_time_s / self.lower_bound_s if self.lower_bound_s else None

    @property
    def ratio_procedure(self) -> float | None:
        """Mechanical time over the procedure bound."""
        return self.mechanical_time_s / self.procedure_bound_s if self.procedure_bound_s else None

    def as_plain(self) -> dict[str, Any]:
        """Return plain data for the ledger."""
        return asdict(self)

    @classmethod
    def from_plain(cls, data: dict[str, Any]) -> Figures:
        """Return the figures that `as_plain` was made from."""
        lists = {name: tuple(data[name]) for name in ("insert_attempts", "violations")}
        return cls(**{**data, **lists})


def play(trials: Sequence[Trial]) -> list[Figures]:
    """Play trials of one group, in one batch if the plant has batches; pure: the same trials give the same figures.

    A swap whose simulation raises an exception ends as `error`, with the exception's last lines.
    """
    if len(trials) > 1 and any(trial.alone for trial in trials):
        return [figures for trial in trials for figures in play([trial])]
    try:
        return _play(trials)
    except Exception:
        if len(trials) > 1:  # one by one, to find which of them it is
            return [figures for trial in trials for figures in play([trial])]
        lines = traceback.format_exc().strip().splitlines()
        return [Figures(RAISED, error="; ".join(lines[-3:]))]


def _play(trials: Sequence[Trial]) -> list[Figures]:
    import numpy as np

    from twin.faults import parse_fault
    from twin.sequence.timing import timing_table
    from twin.swap import SwapTwin

    if not trials:
        return []
    planning = trials[0].timing.planning
    setups = [
        build_setup(
            t.station, t.truck, t.pack, seed=t.seed, parking=t.parking, variation=t.variation, planning=planning
        )
        for t in trials
    ]
    first, kind = trials[0], trials[0].station.kind
    make = runner_maker(first.plant) if first.alone else batch_maker(setups)
    faults = [parse_fault(text) for text in first.faults]
    deciders = _deciders(first, setups[0])
    twin = SwapTwin(setups[0], first.timing, faults, make_runner=make, policies=dict(first.policies), **deciders)
    try:
        tables = {id(t.timing): timing_table(t.timing, kind) for t in trials}
        twin.program.timing[:] = np.stack([tables[id(t.timing)] for t in trials])[:, None, :]
        twin.program.run()
        return [figures_of(result) for result in twin.results()]
    finally:
        twin.close()


def _deciders(trial: Trial, setup: Any) -> dict[str, Any]:
    """Arguments of `SwapTwin` for a trial's policies."""
    if not trial.policies:
        return {}
    from agents import deciders

    makers = {"align": deciders.alignment, "timing": deciders.timing}
    return {key: made for what, name in trial.policies for key, made in makers[what](name, setup).items()}


def figures_of(result: Any) -> Figures:
    """Take the key figures from a `SwapResult`; a value that is not finite becomes 0 and breaks every invariant."""
    kpis = result.kpis
    violations = tuple(int(one["invariant"]) for one in result.violations)
    numbers = {
        "mechanical_time_s": result.mechanical_time_s,
        "cycle_time_s": result.cycle_time_s,
        "lower_bound_s": result.lower_bound_s,
        "procedure_bound_s": result.procedure_bound_s,
        "electric_energy_j": result.electric_energy_j,
        "drive_cost_eur": result.drive_cost_eur,
        **{name: kpis[name] for name in FROM_KPIS},
    }
    wild = [name for name, value in numbers.items() if value is not None and not math.isfinite(value)]
    numbers |= dict.fromkeys(wild, 0.0)
    phases: dict[str, float] = {}
    for span in result.phases:
        phases[span.name] = round(phases.get(span.name, 0.0) + span.end_s - span.start_s, 6)
    spans = sorted(result.phases, key=lambda span: (span.start_s, span.robot))
    return Figures(
        outcome=result.outcome,
        **{name: None if value is None else round(float(value), 9) for name, value in numbers.items()},  # type: ignore[arg-type]
        insert_attempts=tuple(int(n) for n in result.insert_attempts),
        violations=(0, *violations) if wild else violations,
        phases_s=phases,
        drive_peak_share=_shares(result.drives, "peak_share"),
        drive_rms_share=_shares(result.drives, "rms_share"),
        phase_spans="; ".join(f"{one.name} {one.robot} {one.start_s:.6g} {one.end_s:.6g}" for one in spans),
    )


def _shares(drives: Any, name: str) -> dict[str, float]:
    """One share of every axis' drive; 0 where the state was not finite, which is a violation of its own."""
    shares = {axis: float(getattr(load, name)) for axis, load in drives.items()}
    return {axis: round(share, 9) if math.isfinite(share) else 0.0 for axis, share in shares.items()}


FROM_KPIS = (
    "peak_lateral_force_n",
    "peak_axial_force_n",
    "residual_sway_m",
    "peak_sway_m",
    "seat_error_m",
    "energy_j",
    "truck_displacement_m",
)
"""Key figures that have the same names in a swap's result."""


def grouped(trials: Iterable[Trial], at_most: int) -> list[list[Trial]]:
    """Split trials into batches of one group each, of at most `at_most`; those that cannot share one, alone."""
    groups: dict[tuple[str, ...], list[Trial]] = {}
    for trial in trials:
        groups.setdefault(trial.group, []).append(trial)
    batches = []
    for group in groups.values():
        size = 1 if group[0].alone else at_most
        parts = -(-len(group) // size)
        step = -(-len(group) // parts)
        batches += [group[i : i + step] for i in range(0, len(group), step)]
    return batches
