"""A station's recorder for tests: lines of a truth, in the words of a dialect, with damages that are counted."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tests.twin.log_import.truth import SETUPS, Truth
from twin.log_import.units import ALIASES, UNITS


@dataclass
class Tag:
    """A tag of a dialect, and the signal that it says; `decimals` of its numbers, `words` (off, on) of its switches."""

    tag: str
    signal: str
    unit: str = ""
    decimals: int = 1
    spec: dict[str, Any] = field(default_factory=dict)
    words: tuple[str, str] = ("0", "1")
    deadband: float = 0.0

    def raw(self, truth: Truth) -> np.ndarray:
        """(K,) what the log says, as numbers."""
        s, values = self.spec, truth.values[self.signal]
        if not self.unit:
            return values > 0.5
        unit = ALIASES.get(self.unit, self.unit)
        to_si = next(units[unit] for units in UNITS.values() if unit in units)
        return values / (to_si * s.get("sign", 1) * s.get("scale", 1.0)) + s.get("zero", 0.0)

    def text(self, truth: Truth) -> np.ndarray:
        """(K,) what the log says, as it is written with a decimal point."""
        if not self.unit:
            return np.array(self.words)[self.raw(truth).astype(int)]
        return np.char.mod(f"%.{self.decimals}f", self.raw(truth) + 0.0)

    @property
    def line(self) -> str:
        """Its line in the mapping."""
        unit = {"unit": self.unit} if self.unit else {}
        return f"  {self.signal}: {json.dumps({'tag': self.tag, **unit, **self.spec}, ensure_ascii=False)}"


@dataclass
class Lines:
    """The lines of a wide log, in the order in which they are written, and what was done to them.

    `true_s` (K,) is when each was taken, `t_ns` (K,) what the clock said, `setups` what its columns say.
    """

    true_s: np.ndarray
    t_ns: np.ndarray
    setups: dict[str, np.ndarray]
    damages: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, truth: Truth, tags: Sequence[Tag], t0_ns: int) -> Lines:
        """A log without a fault."""
        setups = {tag.tag: tag.text(truth).astype(object) for tag in tags}
        return cls(truth.t_s, t0_ns + np.round(truth.t_s * 1e9).astype(np.int64), setups)

    def row(self, at_s: float) -> int:
        """The line that was taken at a time."""
        return int(np.argmin(np.abs(self.true_s - at_s)))

    def take(self, rows: np.ndarray) -> None:
        """These lines in this order."""
        self.true_s, self.t_ns = self.true_s[rows], self.t_ns[rows]
        self.setups = {tag: column[rows] for tag, column in self.setups.items()}

    def between(self, start_s: float, end_s: float) -> np.ndarray:
        return (self.true_s > start_s - 1e-6) & (self.true_s < end_s - 1e-6)

    def gap(self, start_s: float, end_s: float) -> None:
        self.take(np.flatnonzero(~self.between(start_s, end_s)))
        self.damages["gap"] += 1

    def late(self, at_s: float, by: int) -> None:
        """A line is written after the `by` lines that follow it."""
        k = self.row(at_s)
        rows = np.arange(len(self.true_s))
        self.take(np.concatenate((rows[:k], rows[k + 1 : k + by + 1], [k], rows[k + by + 1 :])))
        self.damages["line out of order"] += 1

    def again(self, at_s: float) -> None:
        """A line is written twice."""
        self.take(np.insert(np.arange(len(self.true_s)), self.row(at_s), self.row(at_s)))
        self.damages["line of the same time"] += 1

    def contradict(self, at_s: float, tag: str, text: str) -> None:
        """The first of two lines of the same time says something else."""
        k = self.row(at_s)
        self.take(np.insert(np.arange(len(self.true_s)), k, k))
        self.setups[tag][k] = text
        self.damages["contradicting line"] += 1

    def ahead(self, start_s: float, end_s: float, by_s: float) -> None:
        self.t_ns[self.between(start_s, end_s)] += round(by_s * 1e9)
        self.damages["clock ahead"] += 1

    def back(self, start_s: float, end_s: float, by_s: float) -> None:
        self.t_ns[self.between(start_s, end_s)] -= round(by_s * 1e9)
        self.damages["clock set back"] += 1
        self.damages["clock put right"] += end_s < self.true_s[-1]

    def stray(self, at_s: float, count: int, t_ns: int) -> None:
        k = self.row(at_s)
        self.t_ns[k : k + count] = t_ns + np.arange(count) * 10**7
        self.damages["stray time"] += 1

    def freeze(self, tag: str, start_s: float, end_s: float) -> None:
        setups = self.setups[tag]
        setups[self.between(start_s, end_s)] = setups[self.row(start_s)]
        self.damages["frozen value"] += 1

    def write_over(self, tag: str, at_s: Sequence[float], text: str, damage: str) -> None:
        """Some setups hold this instead: nothing, or nonsense."""
        for s in at_s:
            self.setups[tag][self.row(s)] = text
            self.damages[damage] += 1

    def rows(self, columns: Sequence[Sequence[str]], delimiter: str) -> list[str]:
        """Its lines as text: the columns given, which are those of time, and its own."""
        return [delimiter.join(row) for row in zip(*columns, *self.setups.values(), strict=True)]


@dataclass(frozen=True)
class Log:
    """A log in a dialect, its mapping, and what its import must say."""

    path: Path
    map: Path
    truth: Truth
    t0_ns: int
    damages: Counter[str]
    frozen_s: float = 0.0
    "How long a frozen position is unknown."
    end_s: float = math.inf
    "When the last line of a mapped tag was written, where that is before the truth's last sample."


def phases_of(words: dict[str, str]) -> str:
    """The phases of a mapping's steps, by the station's words."""
    return "{" + ", ".join(f"{json.dumps(word, ensure_ascii=False)}: {phase}" for word, phase in words.items()) + "}"


def mapping(
    path: Path,
    station: str,
    tags: Sequence[Tag],
    *,
    file: dict[str, Any],
    time: dict[str, Any],
    steps: Sequence[tuple[str, int, dict[str, str]]],
    alarms: Sequence[str],
    more: dict[str, Any] | None = None,
) -> Path:
    """Write a mapping file: steps are (tag, robot, phases by word)."""
    truck, pack = SETUPS[station]
    lines = [f"station: {station}", f"truck: {truck}", f"pack: {pack}"]
    lines += [f"file: {_flow(file)}", f"time: {_flow(time)}"]
    lines += [f"{key}: {_flow(value)}" for key, value in (more or {}).items()]
    lines += ["signals:", *(tag.line for tag in tags)]
    reported = [f"{{tag: {_flow(tag)}, robot: {robot}, phases: {phases_of(words)}}}" for tag, robot, words in steps]
    lines.append(f"steps: {reported[0]}")
    if len(reported) > 1:
        lines += ["more_steps:", *(f"  - {steps}" for steps in reported[1:])]
    codes = "{2107: {name: sway_warning}, 2210: {name: lateral_warning}, 2211: {name: lateral_abort, level: error}}"
    lines.append(f"alarms: {{tags: {_flow(alarms)}, codes: {codes}}}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _flow(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def stamps(t_ns: np.ndarray, zone_h: float | np.ndarray, pattern: str, digits: int = 3) -> list[str]:
    """Times of day as text: `pattern` as strftime has it, with FRACTION for `digits` of the second."""
    local = t_ns + (np.asarray(zone_h) * 3.6e12).astype(np.int64)
    whole = local // 10**9
    rest = np.char.zfill(((local % 10**9) // 10 ** (9 - digits)).astype(str), digits)
    if digits > 9:
        raise ValueError(digits)
    known: dict[int, str] = {}
    out = []
    for second, fraction in zip(whole.tolist(), rest.tolist(), strict=True):
        if second not in known:
            known[second] = np.datetime64(second, "s").astype(object).strftime(pattern)
        out.append(known[second].replace("FRACTION", fraction))
    return out
