"""Swaps as rows: inputs and results of one swap per line of JSON, stored for later comparison."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import model_validator

from twin.catalogue import Pack, Station, TimingSet, Truck
from twin.catalogue.plain import model_from_plain
from twin.catalogue.schema.base import Strict
from twin.console import atomic_write, plain, reason
from twin.errors import InputError, naming
from twin.recording.mcap.header import current_versions
from twin.runner.kinds import batch_maker, runner_maker
from twin.setup.setup import SwapSetup, build_setup
from twin.setup.variation import NOMINAL, Variation

if TYPE_CHECKING:
    from twin.result import SwapResult

REFERENCE, REDUCED = "bullet", "rom"
BATCHED = (REDUCED,)
"""Plants that run many swaps in parallel."""
TIME_DIGITS, KPI_DIGITS = 3, 7
"""Stored decimals: a millisecond; a tenth of a micrometre or microradian."""

Key = tuple[tuple[str, ...], int]
"""Names of a swap's inputs, and its seed."""


class SwapRow(Strict):
    """Inputs and key figures of one swap.

    `configuration` is `Series.digest`, `version` this project's; None in older rows without them.
    """

    plant: str
    station: str
    truck: str
    pack: str
    timing: str
    parking: str
    conditions: str
    seed: int
    configuration: str | None
    version: str | None = None
    outcome: str
    mechanical_time_s: float
    cycle_time_s: float
    lower_bound_s: float
    procedure_bound_s: float | None = None
    """None in rows of versions before it."""
    insert_attempts: tuple[int, ...]
    """Number of tried insertions into the truck, by pack."""
    violations: tuple[int, ...]
    """Numbers of the safety invariants that were broken."""
    kpis: dict[str, float]
    phases_s: dict[str, float]
    """Duration of each phase, summed over packs."""
    end_state_sha256: str

    @model_validator(mode="before")
    @classmethod
    def _without_sources(cls, data: Any) -> Any:
        """Take the version of earlier rows, which hold a hash of the sources instead, as unknown."""
        if isinstance(data, dict) and "sources" in data:
            return {name: value for name, value in data.items() if name != "sources"}
        return data

    @property
    def key(self) -> Key:
        """Key that two rows of the same swap share."""
        by_name = (self.plant, self.station, self.truck, self.pack, self.timing, self.parking, self.conditions)
        return by_name, self.seed

    @property
    def completed(self) -> bool:
        return self.outcome == "completed"

    @property
    def tried(self) -> bool:
        """True if the swap reached an insertion."""
        return any(self.insert_attempts)

    @property
    def first_attempt(self) -> bool:
        """True if every pack was inserted exactly once."""
        return bool(self.insert_attempts) and set(self.insert_attempts) == {1}

    def as_line(self) -> str:
        return json.dumps(self.model_dump()) + "\n"


@dataclass(frozen=True)
class Series:
    """Inputs of swaps except plant and seed; picklable."""

    station: Station
    truck: Truck
    pack: Pack
    timing: TimingSet
    parking: str
    variation: Variation = NOMINAL

    @classmethod
    def of(cls, setup: SwapSetup, timing: TimingSet) -> Series:
        """Take the inputs of a setup."""
        return cls(setup.station, setup.truck, setup.pack, timing, setup.parking, setup.variation)

    def setup(self, seed: int) -> SwapSetup:
        return build_setup(
            self.station,
            self.truck,
            self.pack,
            seed=seed,
            parking=self.parking,
            variation=self.variation,
            planning=self.timing.planning,
        )

    @property
    def names(self) -> dict[str, str]:
        """Names of the inputs as in rows."""
        return {
            "station": self.station.name,
            "truck": self.truck.name,
            "pack": self.pack.name,
            "timing": self.timing.name,
            "parking": self.parking,
            "conditions": self.variation.conditions,
        }

    @cached_property
    def digest(self) -> str:
        """Short hash of the inputs' values: files of the same name can hold other numbers."""
        parts = (self.station, self.truck, self.pack, self.timing, self.variation)
        text = json.dumps([plain(part.model_dump()) for part in parts], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def made(self, row: SwapRow) -> bool:
        """True if a row is of a swap with these inputs; rows without a hash are compared by names."""
        names = self.names
        same = all(getattr(row, name) == value for name, value in names.items())
        return same and row.configuration in (None, self.digest)


def version() -> str | None:
    """This project's version; None if it is not installed."""
    return current_versions().get("swaptwin")


def row_of(result: SwapResult, series: Series) -> SwapRow:
    """Make a row of a swap's result, rounded.

    Raises:
        ArithmeticError: the plant has diverged.
    """
    wild = [name for name, value in result.kpis.items() if not math.isfinite(value)]
    if wild:
        raise ArithmeticError(f"plant {result.plant} has diverged on seed {result.setup.seed}: {', '.join(wild)}")
    phases: dict[str, float] = {}
    for span in result.phases:
        phases[span.name] = phases.get(span.name, 0.0) + span.end_s - span.start_s
    return SwapRow(
        plant=result.plant,
        **series.names,
        seed=result.setup.seed,
        configuration=series.digest,
        version=version(),
        outcome=result.outcome,
        mechanical_time_s=round(result.mechanical_time_s, TIME_DIGITS),
        cycle_time_s=round(result.cycle_time_s, TIME_DIGITS),
        lower_bound_s=round(result.lower_bound_s or math.nan, TIME_DIGITS),
        procedure_bound_s=None if (least := result.procedure_bound_s) is None else round(least, TIME_DIGITS),
        insert_attempts=result.insert_attempts,
        violations=tuple(violation["invariant"] for violation in result.violations),
        kpis={name: round(float(value), KPI_DIGITS) for name, value in result.kpis.items()},
        phases_s={name: round(value, TIME_DIGITS) for name, value in phases.items()},
        end_state_sha256=result.end_state_sha256,
    )


def play(series: Series, plant: str, seeds: Sequence[int]) -> list[SwapRow]:
    """Run one swap per seed, in parallel if the plant can."""
    from twin.swap import SwapTwin

    setups = [series.setup(seed) for seed in seeds]
    rows = []
    for batch in [setups] if plant in BATCHED else [[setup] for setup in setups]:
        make = batch_maker(batch) if plant in BATCHED else runner_maker(plant)
        twin = SwapTwin(batch[0], series.timing, make_runner=make)
        try:
            twin.program.run()
            rows += [row_of(result, series) for result in twin.results()]
        finally:
            twin.close()
    return rows


# ------------------------------------------------------------------------------------------------------------- in files


def read_rows(path: str | Path, key: str | None = None) -> list[SwapRow]:
    """Read the rows of a file, one per line, sorted; the last row of the same swap counts.

    An incomplete last line, left by a killed run, is ignored.

    Args:
        key: the path's option, for messages.

    Raises:
        InputError: no such file, or a line that is no row.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        why = reason(error) if isinstance(error, OSError) else "it is no text"
        raise InputError(f"cannot be read: {why}", key=key, value=str(path)) from None
    found: dict[Key, SwapRow] = {}
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        if not line.endswith("\n"):
            break
        try:
            data = json.loads(line)
        except ValueError:
            raise InputError("is not valid JSON", file=path, key=f"line {number}") from None
        row = model_from_plain(SwapRow, data, f"line {number}", path, "not the row of a swap")
        found[row.key] = row
    return [found[each] for each in sorted(found)]


def write_rows(path: str | Path, rows: Iterable[SwapRow]) -> None:
    """Write the file with sorted rows, whole or not at all."""
    with atomic_write(path) as file:
        file.writelines(row.as_line().encode() for row in sorted(rows, key=lambda row: row.key))


class Store:
    """Rows appended to a file as they come: a run that was killed resumes where it stopped."""

    def __init__(self, path: Path, rows: Iterable[SwapRow]) -> None:
        """`rows`: the file's existing rows."""
        self.rows, self._is_new = {row.key: row for row in rows}, not path.exists()
        write_rows(path, self.rows.values())  # drops an incomplete last line
        self.path = path
        self._file = path.open("ab", buffering=0)

    def put(self, row: SwapRow) -> None:
        """Store a row; it replaces one of the same swap."""
        if self.rows.get(row.key) != row:
            whole = os.fstat(self._file.fileno()).st_size
            try:
                with naming(self.path):
                    rest = memoryview(row.as_line().encode())
                    while rest:
                        rest = rest[self._file.write(rest) :]
            except OSError:
                self._file.truncate(whole)
                raise
            self.rows[row.key] = row

    def close(self) -> None:
        """Sort the file, with one row per swap; remove a new file without rows."""
        self._file.close()
        if self.rows or not self._is_new:
            write_rows(self.path, self.rows.values())
        else:
            self.path.unlink(missing_ok=True)


@contextmanager
def stored(path: Path, key: str | None = None) -> Iterator[Store]:
    """Keep rows in a file, new or existing, for the duration of the block; raises as `read_rows` does."""
    store = Store(path, read_rows(path, key) if path.exists() else ())
    try:
        yield store
    finally:
        store.close()
