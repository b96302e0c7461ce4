"""The kinds of faults and their notation: `KIND` or `KIND:name=value,name=value`.

A fault is data: it has an effect and a time, and is the same for every plant. See docs/faults.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twin.errors import InputError

FOREVER = math.inf
Value = float | int | str


@dataclass(frozen=True)
class Option:
    """One setting of a fault.

    Args:
        help: its meaning, in words.
        kind: `number`, `whole`, `word` or `name` (of a seat or phase, known only with a setup).
        low, high: the allowed range of a number.
        words: allowed words; for a whole number, words allowed besides.
        default: its value when it is not given.
    """

    help: str
    kind: str = "number"
    low: float = 0.0
    high: float = 1e9
    words: tuple[str, ...] = ()
    default: Value | None = None

    @property
    def allowed(self) -> str:
        """The allowed values, in words."""
        if self.kind == "name":
            return self.help
        numbers = [] if self.kind == "word" else [f"{self.low:g} to {self.high:g}"]
        return " or ".join([*numbers, ", ".join(self.words)] if self.words else numbers)

    def read(self, text: str, where: str) -> Value:
        """The value that `text` spells.

        Raises:
            InputError: it spells none, or one outside the range.
        """
        if text in self.words:
            return text
        value: Value
        try:
            if self.kind == "name" and text:
                return text
            value = int(text) if self.kind == "whole" else float(text)
        except ValueError:
            raise InputError("cannot be read", key=where, value=text, allowed=self.allowed) from None
        if self.kind in ("word", "name") or not self.low <= value <= self.high:
            raise InputError("out of range", key=where, value=text, allowed=self.allowed)
        return value


AT = Option("clock of the swap in s", high=86400.0)
PHASE = Option("the name of a phase of this station's swap", "name")
AFTER = Option("seconds after the phase began", high=3600.0, default=0.0)
FOR = Option("seconds that it lasts; without it for ever", low=0.01, high=86400.0, default=FOREVER)
ROBOT = Option("robot", "whole", 1, 2)
WHEN = {"at_s": AT, "phase": PHASE, "after_s": AFTER, "robot": ROBOT, "for_s": FOR}
SEAT = Option("a seat of this swap, such as truck1", "name")
LOCK = Option("lock of the seat", "whole", 1, 4, ("all",), default=1)
TRIES = Option("how often it fails before it works; without it always", "whole", 1, 1000, default=FOREVER)
FACTOR = Option("times what it is", low=0.0, high=1000.0)
LIGHTEST_KG = 50.0
"""Lightest pack that still rests on its seat's contact springs within a physics step of 2 ms: k dt^2 < m."""
STIFFEST = 10.0
"""Largest coupler force factor. A coupler holds by a damper, which is stable in a step of 2 ms up to c dt < 2 m; at ten
times the mating force both stations end as with steps of a half and a quarter [measured: reduced-order plant, seed 7,
factors 3, 5 and 10]."""
ONE_OF: dict[str, tuple[str, ...]] = {"when": ("at_s", "phase"), "mass": ("kg", "factor")}
"""Settings with two alternatives: a kind that needs it must be given one of them, and none can be given both."""


@dataclass(frozen=True)
class Kind:
    """A kind of fault: its effect, its settings, the required ones among them, and the expected outcome of the swap."""

    summary: str
    options: Mapping[str, Option]
    needs: tuple[str, ...] = ()
    outcome: str = ""


KINDS: dict[str, Kind] = {
    "lock_wont_open": Kind(
        "a lock stays closed when commanded to open",
        {"seat": SEAT, "lock": LOCK, "tries": TRIES},
        outcome="lock_stuck; completed where it works within the station's lock_tries",
    ),
    "lock_wont_close": Kind(
        "a lock stays open when commanded to close",
        {"seat": SEAT, "lock": LOCK, "tries": TRIES},
        outcome="lock_stuck; completed where it works within the station's lock_tries",
    ),
    "lock_snag": Kind(
        "a lock stays closed and reports open: the pack is caught when the robot moves out",
        {"seat": SEAT, "lock": LOCK},
        outcome="overload",
    ),
    "lock_false_closed": Kind(
        "locks stay open and report closed",
        {"seat": SEAT, "lock": Option(LOCK.help, "whole", 1, 4, ("all",), default="all")},
        outcome="lock_stuck when all four lie: pull test, or load left on the table; fewer only the monitor sees",
    ),
    "grip_wont_close": Kind(
        "a grip stays open when commanded to close",
        {"robot": ROBOT, "grip": Option("grip", "whole", 1, 4, ("all",), default=1), "tries": TRIES},
        outcome="grip_failed; completed where it works within the station's lock_tries",
    ),
    "grip_wont_open": Kind(
        "a grip stays closed when commanded to open",
        {"robot": ROBOT, "grip": Option("grip", "whole", 1, 4, ("all",), default=1), "tries": TRIES},
        outcome="grip_failed",
    ),
    "scanner_blind": Kind(
        "the pose scanner sees nothing", WHEN, outcome="scan_failed; completed where it sees again in time"
    ),
    "scanner_dropout": Kind(
        "the pose scanner loses a share of its frames",
        {"share": Option("share of the frames that are lost", high=1.0), **WHEN},
        needs=("share",),
        outcome="completed, later; scan_failed where too few are left",
    ),
    "scanner_noise": Kind(
        "the pose scanner's noise is multiplied",
        {"factor": FACTOR, **WHEN},
        needs=("factor",),
        outcome="completed; repark_required where it reads so; jam, lock_stuck or refused where the pack finds no pins",
    ),
    "load_cell_offset": Kind(
        "the load cell reads so much more",
        {"offset_n": Option("newton", low=-1e6, high=1e6), **WHEN},
        needs=("offset_n",),
        outcome="completed within the zero-setting window; load_implausible beyond it, or where it comes later",
    ),
    "load_cell_frozen": Kind(
        "the load cell keeps its reading", WHEN, outcome="load_implausible: a live signal has noise"
    ),
    "sway_offset": Kind(
        "the sway sensor reads so much more along x",
        {"offset_mm": Option("millimetres", low=-1000.0, high=1000.0), **WHEN},
        needs=("offset_mm",),
        outcome="sway_limit",
    ),
    "axis_drag": Kind(
        "an axis' dry friction is multiplied",
        {"axis": Option("axis", "word", words=("x", "y", "z", "yaw")), "factor": FACTOR, **WHEN},
        needs=("axis", "factor"),
        outcome="following_error where the drive cannot overcome it",
    ),
    "estop": Kind("the emergency stop is pressed", WHEN, needs=("when",), outcome="estop"),
    "power_loss": Kind("the power fails: drives off, brakes on", WHEN, needs=("when",), outcome="power_loss"),
    "truck_shove": Kind(
        "something pushes the truck's body",
        {
            "force_n": Option("newton", high=1e7),
            "direction_deg": Option("0 forward, 90 left", low=-360.0, high=360.0, default=0.0),
            **WHEN,
            "for_s": Option("seconds that it lasts", low=0.01, high=86400.0, default=0.2),
        },
        needs=("force_n", "when"),
        outcome="truck_moved where the tyres slip; jam or lateral_force where a pack is between its guides",
    ),
    "brakes_released": Kind(
        "the truck's parking brake is released on a slope",
        {"grade_percent": Option("slope of the lane, downhill forward", low=-20.0, high=20.0, default=2.0), **WHEN},
        needs=("when",),
        outcome="truck_moved",
    ),
    "wrong_pack": Kind(
        "a pack of another mass than declared to the station",
        {
            "pack": Option("which one of the job", "word", words=("old", "new"), default="new"),
            "job": Option("number of the job", "whole", 1, 3, default=1),
            "kg": Option("its mass", low=LIGHTEST_KG, high=20000.0),
            "factor": Option("its mass as a multiple of the declared one", low=0.05, high=100.0),
        },
        needs=("mass",),
        outcome="overload above the rated load",
    ),
    "guide_friction": Kind(
        "the guides rub: their friction is multiplied",
        {"factor": Option("times what it is", low=0.0, high=100.0)},
        needs=("factor",),
        outcome="completed; jam where the packs stick, overload where one does not come out",
    ),
    "coupler_stiff": Kind(
        "bent or dirty couplers: their mating force is multiplied",
        {"factor": Option("times what it is", low=0.0, high=STIFFEST), **WHEN},
        needs=("factor",),
        outcome="jam where a pack does not go home; overload where it does not come out",
    ),
}
"""Every kind of fault by name."""


@dataclass(frozen=True)
class Fault:
    """One fault of a swap: its kind and the settings that were given, in the order of the kind's options."""

    kind: str
    settings: tuple[tuple[str, Value], ...] = ()

    def __getitem__(self, name: str) -> Any:
        """Value of a setting, or its default; None if it has none."""
        return dict(self.settings).get(name, KINDS[self.kind].options[name].default)

    @property
    def text(self) -> str:
        """Notation of the fault, which `parse_fault` reads back."""
        if not self.settings:
            return self.kind
        return f"{self.kind}:" + ",".join(f"{name}={_spell(value)}" for name, value in self.settings)

    def to_dict(self) -> dict[str, Value]:
        """Plain data, for a recording's metadata or an experiment's file."""
        return {"kind": self.kind, **dict(self.settings)}

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> Fault:
        """The fault from `to_dict`; checked like typed input."""
        settings = {name: _spell(value) for name, value in data.items() if name != "kind"}
        return _checked(str(data.get("kind", "")), settings, str(dict(data)))


def parse_fault(text: str) -> Fault:
    """Parse a fault such as `lock_wont_open:seat=truck1,lock=2,tries=1`.

    Raises:
        InputError: an unknown kind or setting, a value out of range, one that is missing or given twice.
    """
    kind, _, rest = text.strip().partition(":")
    settings: dict[str, str] = {}
    for part in rest.split(",") if rest.strip() else []:
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not name:
            raise InputError(
                "not in the form name=value", key="--fault", value=part, allowed="KIND:name=value,name=value"
            )
        if name in settings:
            raise InputError("given twice", key="--fault", value=name)
        settings[name] = value
    return _checked(kind.strip(), settings, text)


def _spell(value: Value) -> str:
    return value if isinstance(value, str) else repr(value)


def _checked(name: str, settings: Mapping[str, str], text: str) -> Fault:
    kind = KINDS.get(name)
    if kind is None:
        raise InputError("unknown fault", key="--fault", value=name, allowed=", ".join(KINDS))
    unknown = [key for key in settings if key not in kind.options]
    if unknown:
        raise InputError("unknown setting", key=f"--fault {name}", value=unknown[0], allowed=", ".join(kind.options))
    for names in ONE_OF.values():
        if all(key in settings for key in names):
            raise InputError(f"{' and '.join(names)} cannot be combined", key=f"--fault {name}", value=text)
    if "after_s" in settings and "phase" not in settings:
        raise InputError("after_s needs a phase", key=f"--fault {name}", value=text)
    for need in kind.needs:
        names = ONE_OF.get(need, (need,))
        if not any(key in settings for key in names):
            wanted = f"one of {' and '.join(names)}" if len(names) > 1 else need
            raise InputError(f"{wanted} is missing", key=f"--fault {name}", value=text)
    given = [(key, option) for key, option in kind.options.items() if key in settings]
    return Fault(name, tuple((key, option.read(settings[key], f"--fault {name}: {key}")) for key, option in given))
