"""Swaps as rows: what one swap was made from and what it told, a line of JSON each, to be kept and compared later."""

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
"""Plants that run many swaps at once."""
TIME_DIGITS, KPI_DIGITS = 3, 7
"""Decimals that are kept: a millisecond, a tenth of a micrometre, of a microradian."""

Key = tuple[tuple[str, ...], int]
"""What a swap was made from by name, and its seed."""


class SwapRow(Strict):
    """One swap: what it was made from, and its key figures.

    `configuration` is `Setup.digest`, `version` this project's; None in rows from before rows noted them.
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
    insert_attempts: tuple[int, ...]
    """Insertions into the truck that were tried, by pack."""
    violations: tuple[int, ...]
    """Numbers of the safety invariants that were broken."""
    kpis: dict[str, float]
    phases_s: dict[str, float]
    """How long each phase took, over all packs."""
    end_state_sha256: str

    @model_validator(mode="before")
    @classmethod
    def _without_sources(cls, data: Any) -> Any:
        """Rows once held a hash of the sources in place of the version: they are of an unknown one."""
        if isinstance(data, dict) and "sources" in data:
            return {name: value for name, value in data.items() if name != "sources"}
        return data

    @property
    def key(self) -> Key:
        """What two rows of the same swap have in common."""
        by_name = (self.plant, self.station, self.truck, self.pack, self.timing, self.parking, self.conditions)
        return by_name, self.seed

    @property
    def completed(self) -> bool:
        return self.outcome == "completed"

    @property
    def tried(self) -> bool:
        """Whether it came as far as an insertion."""
        return any(self.insert_attempts)

    @property
    def first_attempt(self) -> bool:
        """Whether every pack was inserted once."""
        return bool(self.insert_attempts) and set(self.insert_attempts) == {1}

    def as_line(self) -> str:
        return json.dumps(self.model_dump()) + "\n"


@dataclass(frozen=True)
class Series:
    """What swaps are made from but for plant and seed; picklable."""

    station: Station
    truck: Truck
    pack: Pack
    timing: TimingSet
    parking: str
    variation: Variation = NOMINAL

    @classmethod
    def of(cls, setup: SwapSetup, timing: TimingSet) -> Series:
        """That of a setup."""
        return cls(setup.station, setup.truck, setup.pack, timing, setup.parking, setup.variation)

    def setup(self, seed: int) -> SwapSetup:
        return build_setup(
            self.station, self.truck, self.pack, seed=seed, parking=self.parking, variation=self.variation
        )  # fmt: skip

    @property
    def names(self) -> dict[str, str]:
        """As rows have them."""
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
        """Short hash of all that the names stand for: a file of the same name can hold other numbers."""
        parts = (self.station, self.truck, self.pack, self.timing, self.variation)
        text = json.dumps([plain(part.model_dump()) for part in parts], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def made(self, row: SwapRow) -> bool:
        """Whether a row is of a swap made from this; where a row says no more than names, these must do."""
        names = self.names
        same = all(getattr(row, name) == value for name, value in names.items())
        return same and row.configuration in (None, self.digest)


def version() -> str | None:
    """This project's version; None where it is not installed."""
    return current_versions().get("swaptwin")


def row_of(result: SwapResult, series: Series) -> SwapRow:
    """What is kept of a swap's result, rounded.

    Raises:
        ArithmeticError: a plant that has diverged.
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
        insert_attempts=result.insert_attempts,
        violations=tuple(violation["invariant"] for violation in result.violations),
        kpis={name: round(float(value), KPI_DIGITS) for name, value in result.kpis.items()},
        phases_s={name: round(value, TIME_DIGITS) for name, value in phases.items()},
        end_state_sha256=result.end_state_sha256,
    )


def play(series: Series, plant: str, seeds: Sequence[int]) -> list[SwapRow]:
    """One swap a seed, all at once where the plant can do that."""
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
    """The rows of a file, a line each, ascending; of rows of the same swap the last.

    A last line without its end is what a killed run leaves, and is passed over.

    Args:
        key: the option that the path comes from, for messages.

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
            raise InputError("is no JSON", file=path, key=f"line {number}") from None
        row = model_from_plain(SwapRow, data, f"line {number}", path, "not the row of a swap")
        found[row.key] = row
    return [found[each] for each in sorted(found)]


def write_rows(path: str | Path, rows: Iterable[SwapRow]) -> None:
    """The file, whole or not at all, its rows ascending."""
    with atomic_write(path) as file:
        file.writelines(row.as_line().encode() for row in sorted(rows, key=lambda row: row.key))


class Store:
    """Rows that are kept in a file as they come: a run that was ended at any moment goes on where it stopped."""

    def __init__(self, path: Path, rows: Iterable[SwapRow]) -> None:
        """`rows`: those that the file has already."""
        self.rows, self._is_new = {row.key: row for row in rows}, not path.exists()
        write_rows(path, self.rows.values())  # without half a line at its end
        self.path = path
        self._file = path.open("ab", buffering=0)

    def put(self, row: SwapRow) -> None:
        """Keep a row, in place of one of the same swap."""
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
        """The file ends sorted, with one row a swap; one that was not there and has got no row is gone again."""
        self._file.close()
        if self.rows or not self._is_new:
            write_rows(self.path, self.rows.values())
        else:
            self.path.unlink(missing_ok=True)


@contextmanager
def stored(path: Path, key: str | None = None) -> Iterator[Store]:
    """Rows kept in a file, which need not be there yet, for the time of the block; raises as `read_rows` does."""
    store = Store(path, read_rows(path, key) if path.exists() else ())
    try:
        yield store
    finally:
        store.close()
