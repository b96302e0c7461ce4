"""What a swap goes on with from a recorded moment: as data, in its recording's header and in its result."""

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
"""What a policy may decide in a swap."""


@dataclass(frozen=True)
class Settings:
    """What holds in a swap from `at_s` on, a PLC scan's time; `faults` join then, those before stay."""

    at_s: float
    timing: TimingSet
    policies: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()

    def as_plain(self) -> dict[str, Any]:
        """As a recording's header keeps it, the whole timing set included."""
        return {**self.as_json(), "timing": self.timing.model_dump()}

    def as_json(self) -> dict[str, Any]:
        """The same in names."""
        return {
            "at_s": self.at_s,
            "timing": self.timing.name,
            "policies": dict(self.policies),
            "faults": [fault.text for fault in self.faults],
        }

    @property
    def words(self) -> str:
        """For a person."""
        timing = () if "timing" in self.policies else (f"timing {self.timing.name}",)
        policies = (f"{what} by {name}" for what, name in self.policies.items())
        return ", ".join([*timing, *policies, *(fault.text for fault in self.faults)])


@dataclass(frozen=True)
class Origin:
    """The recorded moment that a swap went on from: its file's name and SHA-256, and the PLC scan's time."""

    file: str
    sha256: str
    at_s: float

    def as_plain(self) -> dict[str, Any]:
        """As header and result have it."""
        return {"from": self.file, "sha256": self.sha256, "at_s": self.at_s}


@dataclass(frozen=True)
class Branch:
    """Where a swap went on from, and all settings that are exchanged while it runs, in order of time.

    There are several settings where a branch was branched; `earlier` then has what that one came from, oldest first.
    """

    origin: Origin
    settings: tuple[Settings, ...]
    earlier: tuple[Origin, ...] = ()
    start: Start | None = None
    """Of a swap that began at a moment estimated from a log: there the settings' first hold from its beginning."""

    @property
    def begin_s(self) -> float:
        """When the swap's own clock begins."""
        return 0.0 if self.start is None else self.settings[0].at_s

    @property
    def added_faults(self) -> tuple[tuple[float, Fault], ...]:
        """(from when on in s, fault) of all faults that join."""
        return tuple((one.at_s, fault) for one in self.settings for fault in one.faults)

    def as_plain(self) -> dict[str, Any]:
        """As a recording's header keeps it."""
        start = {} if self.start is None else {"start": self.start.as_plain()}
        return {**self._with([one.as_plain() for one in self.settings]), **start}

    def as_json(self) -> dict[str, Any]:
        """The same with names of timing sets, for a swap's result."""
        return self._with([one.as_json() for one in self.settings])

    def _with(self, settings: list[dict[str, Any]]) -> dict[str, Any]:
        earlier = {"earlier": [one.as_plain() for one in self.earlier]} if self.earlier else {}
        estimated: dict[str, Any] = {}
        if self.start is not None:
            estimated = {"estimated": True, "what_is_estimated": list(self.start.estimated)}
        return {**self.origin.as_plain(), **estimated, "settings": settings, **earlier}

    @classmethod
    def from_plain(cls, data: object, file: str | Path) -> Branch:
        """The inverse of `as_plain`; raises InputError, which names the file, where it is not one."""
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


def in_force(settings: Sequence[Settings], at_s: float) -> Settings:
    """The last of `settings`, which are in order of time, that holds at `at_s`."""
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
