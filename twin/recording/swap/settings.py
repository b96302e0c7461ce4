"""Settings with which a swap continues from a recorded moment: as data, for its recording's header and its result."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twin.catalogue import TimingSet
from twin.catalogue.plain import model_from_plain
from twin.errors import InputError
from twin.faults import Fault, parse_fault
from twin.recording.swap.start import Start

DECIDED = ("timing", "align")
"""Decisions that a policy may make in a swap."""


@dataclass(frozen=True)
class Settings:
    """Settings of a swap from `at_s`, a PLC scan's time, on; `faults` are added then, earlier ones stay."""

    at_s: float
    timing: TimingSet
    policies: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()

    def as_plain(self) -> dict[str, Any]:
        """Plain data for a recording's header, with the whole timing set."""
        return {**self.as_json(), "timing": self.timing.model_dump()}

    def as_json(self) -> dict[str, Any]:
        """Plain data with the names only."""
        return {
            "at_s": self.at_s,
            "timing": self.timing.name,
            "policies": dict(self.policies),
            "faults": [fault.text for fault in self.faults],
        }

    @property
    def words(self) -> str:
        """Text for the terminal."""
        timing = () if "timing" in self.policies else (f"timing {self.timing.name}",)
        policies = (f"{what} by {name}" for what, name in self.policies.items())
        return ", ".join([*timing, *policies, *(fault.text for fault in self.faults)])


@dataclass(frozen=True)
class Origin:
    """The recorded moment that a swap continued from: its file's name and SHA-256, and the PLC scan's time."""

    file: str
    sha256: str
    at_s: float

    def as_plain(self) -> dict[str, Any]:
        """Plain data for header and result."""
        return {"from": self.file, "sha256": self.sha256, "at_s": self.at_s}


@dataclass(frozen=True)
class Branch:
    """Origin of a swap and all settings that change while it runs, in time order.

    A branch of a branch has several settings; `earlier` then has the previous origins, oldest first.
    """

    origin: Origin
    settings: tuple[Settings, ...]
    earlier: tuple[Origin, ...] = ()
    start: Start | None = None
    """For a swap that began at a moment estimated from a log: the first settings hold from there."""

    @property
    def begin_s(self) -> float:
        """Start of the swap's own clock."""
        return 0.0 if self.start is None else self.settings[0].at_s

    @property
    def added_faults(self) -> tuple[tuple[float, Fault], ...]:
        """(start time in s, fault) of all added faults."""
        return tuple((one.at_s, fault) for one in self.settings for fault in one.faults)

    def as_plain(self) -> dict[str, Any]:
        """Plain data for a recording's header."""
        start = {} if self.start is None else {"start": self.start.as_plain()}
        return {**self._with([one.as_plain() for one in self.settings]), **start}

    def as_json(self) -> dict[str, Any]:
        """Plain data with names of timing sets, for a swap's result."""
        return self._with([one.as_json() for one in self.settings])

    def _with(self, settings: list[dict[str, Any]]) -> dict[str, Any]:
        earlier = {"earlier": [one.as_plain() for one in self.earlier]} if self.earlier else {}
        estimated: dict[str, Any] = {}
        if self.start is not None:
            estimated = {"estimated": True, "what_is_estimated": list(self.start.estimated)}
        return {**self.origin.as_plain(), **estimated, "settings": settings, **earlier}

    @classmethod
    def from_plain(cls, data: object, file: str | Path) -> Branch:
        """Parse the output of `as_plain`; raises InputError, which names the file, for anything else."""
        try:
            if not isinstance(data, dict):
                raise TypeError("no object")
            settings = tuple(_settings(one, file) for one in data["settings"])
            earlier = tuple(_origin(one) for one in data.get("earlier", []))
            start = Start.from_plain(data["start"]) if "start" in data else None
            branch = cls(_origin(data), settings, earlier, start)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError("damaged configuration", file=file, key="branch", value=data) from None
        times_s = [one.at_s for one in settings]
        if not times_s or times_s != sorted(times_s) or times_s[0] < 0.0 or not math.isfinite(times_s[-1]):
            raise InputError("damaged configuration", file=file, key="branch.settings.at_s", value=times_s)
        return branch


def settings_at(settings: Sequence[Settings], at_s: float) -> Settings:
    """The last of `settings`, which are in time order, that holds at `at_s`."""
    return [one for one in settings if one.at_s <= at_s][-1]


def _settings(data: Mapping[str, Any], file: str | Path) -> Settings:
    timing = model_from_plain(TimingSet, data["timing"], "branch.timing", file, "its configuration is refused")
    policies = data["policies"]
    if not all(what in DECIDED and isinstance(name, str) for what, name in policies.items()):
        raise ValueError(policies)
    try:
        faults = tuple(parse_fault(text) for text in data["faults"])
    except InputError as error:
        raise InputError(f"its configuration is refused: {error}", file=file) from None
    return Settings(float(data["at_s"]), timing, policies, faults)


def _origin(data: Mapping[str, Any]) -> Origin:
    return Origin(str(data["from"]), str(data["sha256"]), float(data["at_s"]))
