"""What a swap was made of, as plain data in its recording's header, and back."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.catalogue import Pack, Station, TimingSet, Truck
from twin.catalogue.plain import model_from_plain
from twin.cell import Cell, build_cell
from twin.errors import InputError
from twin.faults import Fault, parse_fault
from twin.variation import NOMINAL, Variation

if TYPE_CHECKING:
    from twin.swap import SwapTwin

KIND = "swap"
"""Marks a recording as that of one swap: other episodes have other words."""


@dataclass(frozen=True)
class Configuration:
    """A swap's cell, timing set, plant and faults: enough to run it again."""

    cell: Cell
    timing: TimingSet
    plant: str = "bullet"
    faults: tuple[Fault, ...] = ()

    def as_plain(self) -> dict[str, Any]:
        """As the header keeps it; `jobs`, `seats` and `pack_masses_kg` follow from the rest, for those who read it."""
        cell = self.cell
        return {
            "kind": KIND,
            "plant": self.plant,
            "seed": cell.seed,
            "parking": cell.parking,
            "variation": cell.variation.model_dump(),
            "faults": [fault.text for fault in self.faults],
            "station": cell.station.model_dump(),
            "truck": cell.truck.model_dump(),
            "pack": cell.pack.model_dump(),
            "timing": self.timing.model_dump(),
            "jobs": [asdict(job) for job in cell.jobs],
            "seats": [asdict(seat) for seat in cell.seats],
            "pack_masses_kg": cell.params["pack_mass_kg"][0, : int(cell.params["packs"][0])].tolist(),
        }

    @classmethod
    def from_plain(cls, data: Mapping[str, Any], file: str | Path) -> Configuration:
        """The inverse of `as_plain`; raises InputError, which names the file, where it is not one."""
        if data.get("kind") != KIND:
            raise InputError("not the recording of a swap", file=file, key="kind", value=data.get("kind"), allowed=KIND)
        if data.get("plant") != "bullet":
            raise InputError("recorded on an unknown plant", file=file, key="plant", value=data.get("plant"))
        models: dict[str, Any] = {}
        for key, model in (("station", Station), ("truck", Truck), ("pack", Pack), ("timing", TimingSet)):
            models[key] = model_from_plain(model, data.get(key), key, file, "its configuration is refused")
        told, said = data.get("variation"), "its configuration is refused"
        variation = NOMINAL if told is None else model_from_plain(Variation, told, "variation", file, said)
        seed, parking, faults = data.get("seed"), data.get("parking"), data.get("faults", [])
        if type(seed) is not int or not isinstance(parking, str):
            raise InputError("damaged configuration", file=file, key="seed, parking", value=(seed, parking))
        if not isinstance(faults, list) or not all(isinstance(fault, str) for fault in faults):
            raise InputError("damaged configuration", file=file, key="faults", value=faults)
        try:
            parsed = tuple(parse_fault(fault) for fault in faults)
            at, truck, pack = models["station"], models["truck"], models["pack"]
            cell = build_cell(at, truck, pack, seed=seed, parking=parking, variation=variation)
        except InputError as error:
            raise InputError(f"its configuration is refused: {error}", file=file) from None
        return cls(cell, models["timing"], "bullet", parsed)

    def new_twin(self) -> SwapTwin:
        """The swap, ready to run from its beginning."""
        from twin.swap import SwapTwin

        return SwapTwin(self.cell, self.timing, self.faults)


def software_versions() -> dict[str, str]:
    """What the bits of a swap depend on: packages, the twin's own sources, processor type and C library."""
    from twin.recording.header import current_versions

    return {
        **current_versions(),
        "twin_sources": twin_sources(),
        "machine": platform.machine(),
        "libc": " ".join(platform.libc_ver()),
    }


def twin_sources() -> str:
    """Short hash of the sources that decide how a swap runs (not of recording, catalogue and commands)."""
    root = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for name in ("", "motion", "plants", "plants/bullet", "sequence", "faults"):
        for path in sorted((root / name).glob("*.py")):
            digest.update(path.name.encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
