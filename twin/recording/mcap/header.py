"""Header of a recording, written at its very start so that a truncated file still has it."""

from __future__ import annotations

import importlib.metadata
import platform
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

FORMAT_VERSION = 1
PROVENANCES = ("simulated", "measured", "estimated")
ROOT_FRAME = "world"
DOCKING = "docking"
"""Kind of a recording of a drive into the bay."""

METADATA_NAME = "swaptwin"
END_METADATA_NAME = "swaptwin_end"
CONFIGURATION_NAME = "configuration.json"

_MAX_NAMES = 10_000  # of frames, channels and sensors each: keeps one sample well under a chunk's size limit
_MAX_TIME_NS = 2**63 - 1
_JSON = orjson.OPT_SERIALIZE_NUMPY


@dataclass(frozen=True)
class Frame:
    """A named coordinate frame; its recorded poses are those in `parent` (X_parent_name)."""

    name: str
    parent: str = ROOT_FRAME


def current_versions() -> dict[str, str]:
    """Versions of the installed packages that a recording depends on."""
    versions = {"python": platform.python_version()}
    for name in ("swaptwin", "pybullet", "numpy", "numba"):
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


@dataclass(frozen=True)
class Header:
    """Constant data of a whole recording.

    Args:
        frames: order of the rows of `Recorder.state(frames=...)`.
        channels: names with unit, in the order of `Recorder.state(channels=...)`.
        sensors: names with unit, in the order of `Recorder.sensors(values)`.
        configuration: the resolved configuration, serializable as JSON.
        seed: the run's seed; None for imported logs.
        source: "twin" for the twin's own, "imported" for a station's log, or another word.
        provenance: name of a channel, sensor or frame -> one of PROVENANCES. A name left out is "simulated", which only
            the source "twin" may claim: every other source must state it for each name.
        versions: of the software that wrote the recording.
        tick_hz: physics ticks per second, so that tick = round(t_s * tick_hz).
        t0_ns: wall clock (UTC, ns since 1970) at t_s = 0; 0 by default, so that the same swap gives the same bytes.
        format_version: of this file format.
        lacking: names whose values can be missing (not finite, null in the file); of any other source than "twin" all
            can. The channels' schemas say it; it is not read back.
    """

    frames: tuple[Frame, ...] = ()
    channels: tuple[str, ...] = ()
    sensors: tuple[str, ...] = ()
    configuration: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    source: str = "twin"
    provenance: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=current_versions)
    tick_hz: float = 500.0
    t0_ns: int = 0
    format_version: int = FORMAT_VERSION
    lacking: frozenset[str] = field(default=frozenset(), compare=False)

    def __post_init__(self) -> None:
        frame_names = tuple(frame.name for frame in self.frames)
        for kind, names in (("frame", frame_names), ("channel", self.channels), ("sensor", self.sensors)):
            if len(names) > _MAX_NAMES:
                raise ValueError(f"{len(names)} {kind}s, at most {_MAX_NAMES} fit a recording")
            if not all(isinstance(name, str) and name for name in names):
                raise ValueError(f"{kind} names must be non-empty strings")
            if len(set(names)) != len(names):
                raise ValueError(f"{kind} names must differ: {sorted({n for n in names if names.count(n) > 1})}")
        if ROOT_FRAME in frame_names or any(frame.name == frame.parent for frame in self.frames):
            raise ValueError(f"a frame may be neither {ROOT_FRAME!r}, which is the root, nor its own parent")
        known = {*frame_names, *self.channels, *self.sensors}
        if unknown := set(self.provenance) - known:
            raise ValueError(f"provenance of unknown names: {sorted(unknown)[:5]}")
        if wrong := set(self.provenance.values()) - set(PROVENANCES):
            raise ValueError(f"provenance must be one of {PROVENANCES}, got {sorted(wrong)[:5]}")
        if self.source != "twin" and (missing := known - set(self.provenance)):
            raise ValueError(f"source {self.source!r} must state the provenance of {sorted(missing)[:5]}")
        if not 0 <= self.t0_ns < _MAX_TIME_NS or not 0 < self.tick_hz < float("inf"):
            raise ValueError(f"t0_ns {self.t0_ns} or tick_hz {self.tick_hz} out of range")

    @property
    def frame_names(self) -> tuple[str, ...]:
        return tuple(frame.name for frame in self.frames)

    def provenance_of(self, name: str) -> str:
        """`simulated`, `measured` or `estimated`, for a channel, a sensor or a frame."""
        return self.provenance.get(name, "simulated")

    def may_lack(self, name: str) -> bool:
        """True if values of a channel or sensor can be missing."""
        return self.source != "twin" or name in self.lacking

    def to_metadata(self) -> dict[str, str]:
        """The MCAP metadata record `swaptwin`: strings only, JSON for other values."""
        data = {
            "format_version": str(self.format_version),
            "source": self.source,
            "seed": _dumps(self.seed),
            "tick_hz": _dumps(self.tick_hz),
            "t0_ns": str(self.t0_ns),
            "versions": _dumps(dict(self.versions)),
            "frames": _dumps([[frame.name, frame.parent] for frame in self.frames]),
            "channels": _dumps(list(self.channels)),
            "sensors": _dumps(list(self.sensors)),
            "provenance": _dumps(dict(self.provenance)),
        }
        return with_checksum(data)

    def configuration_json(self) -> bytes:
        """The MCAP attachment `configuration.json`."""
        return orjson.dumps(dict(self.configuration), option=_JSON | orjson.OPT_INDENT_2)

    @classmethod
    def from_metadata(cls, data: Mapping[str, str], configuration: bytes) -> Header:
        """Parse the output of `to_metadata`; raises ValueError, KeyError or TypeError for anything else."""
        keys = ("seed", "tick_hz", "versions", "frames", "channels", "sensors")
        loaded = {key: orjson.loads(data[key]) for key in keys}
        return cls(
            frames=tuple(Frame(str(name), str(parent)) for name, parent in loaded["frames"]),
            channels=tuple(loaded["channels"]),
            sensors=tuple(loaded["sensors"]),
            configuration=_object(orjson.loads(configuration)),
            seed=None if loaded["seed"] is None else int(loaded["seed"]),
            source=data["source"],
            provenance=_object(orjson.loads(data["provenance"])),
            versions=_object(loaded["versions"]),
            tick_hz=float(loaded["tick_hz"]),
            t0_ns=int(data["t0_ns"]),
            format_version=int(data["format_version"]),
        )


def with_checksum(data: dict[str, str]) -> dict[str, str]:
    """Add a checksum entry: MCAP has checksums of chunks and attachments, but not of metadata."""
    return {**data, "crc32": str(_checksum(data))}


def metadata_is_whole(data: Mapping[str, str]) -> bool:
    """True if the checksum of `with_checksum` matches."""
    return data.get("crc32") == str(_checksum({key: value for key, value in data.items() if key != "crc32"}))


def _checksum(data: Mapping[str, str]) -> int:
    return zlib.crc32(orjson.dumps(data, option=orjson.OPT_SORT_KEYS))


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{type(value).__name__} where an object belongs")
    return value


def _dumps(value: object) -> str:
    return orjson.dumps(value, option=_JSON).decode()
