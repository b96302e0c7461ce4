"""The mapping file: the format of a station's log, and which of its tags is which signal.

The reference with a worked example is docs/import_log.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, ValidationError

from twin.catalogue import Pack, Station, Truck, load_pack, load_station, load_truck, resolve, with_overrides
from twin.catalogue.explain import hint, nearest, to_input_error
from twin.catalogue.safe_yaml import Lines, parse, read_bytes
from twin.catalogue.schema.base import Strict
from twin.errors import InputError
from twin.log_import.signals import EXTRA, Target, targets
from twin.log_import.units import ALIASES, allowed, dimensions_of, factor

Model = TypeVar("Model")
Text = Annotated[str, Field(min_length=1, max_length=200)]
Scalar = str | float | int | bool
Positive = Annotated[float, Field(gt=0.0)]
Slots = Annotated[int, Field(ge=1, le=200)]


class FileSpec(Strict):
    """Format of the file."""

    format: Literal["auto", "csv", "parquet"] = "auto"
    table: Literal["wide", "long"] = "wide"
    encoding: Text = "utf-8"
    delimiter: Annotated[str, Field(min_length=1, max_length=3)] = ","
    decimal: Literal[".", ","] = "."
    thousands: Annotated[str, Field(max_length=1)] = ""
    quote: Annotated[str, Field(max_length=1)] = '"'
    header_line: Annotated[int, Field(ge=0, le=10_000)] = 1
    units_line: bool = False
    comment: Annotated[str, Field(max_length=8)] = ""
    empty: tuple[str, ...] | None = None


class TimeSpec(Strict):
    """Time column, its format, the handling of clock steps; `date`: the first line's, if needed."""

    column: Text | tuple[Text, ...]
    format: Text = "iso"
    zone: Text | None = None
    clock_steps: Literal["auto", "keep", "remove"] = "auto"
    date: Text | None = None


class LongSpec(Strict):
    """Columns of a table with one value per line."""

    tag: Text
    value: Text
    quality: Text | None = None


class CleaningSpec(Strict):
    """Limits of disorder, gap, clock jump and frozen value.

    Attributes:
        reorder_s: lines may be this much out of order; a later one is dropped.
        gap_s: a longer time without a line is a gap, in which nothing is recorded; default 0.5, and 30 for a long
            table, which may contain changes only.
        jump_s: a clock that goes back by more than reorder_s, or ahead by more than this, has jumped or stopped.
        frozen_s: a noisy signal with exactly the same value for this long is frozen; 0 disables the check.
        good: words or numbers of the quality column for good values, or the reading of its numbers (a key of
            `quality.READINGS`); by default decided from the whole column.
        max_loss: a log that would lose more than this share of its lines, or of a tag's values, is refused.
    """

    reorder_s: Positive = 2.0
    gap_s: Positive | None = None
    jump_s: Positive = 2.0
    frozen_s: Annotated[float, Field(ge=0.0)] = 1.0
    good: tuple[Scalar, ...] | Literal["opc_da", "opc_ua", "profibus", "percent", "zero", "one", "words"] | None = None
    max_loss: Annotated[float, Field(ge=0.0, le=1.0)] = 0.05


class SignalSpec(Strict):
    """One tag and its conversion to a signal: value = unit(sign x scale x (raw - zero)).

    Attributes:
        tag: the column, or in a long table the tag.
        unit: that of the log, after scale.
        scale, sign, zero: raw is the number in the log; zero is raw where the signal is 0.
        clock_offset_s: added to the times of this tag.
        fill: hold keeps a value until the next, interpolate is linear; the default depends on the signal.
        max_age_s: a value is valid no longer than this; default: `cleaning.gap_s` if interpolated, unlimited if held.
        bit: the bit (from 0) of a status word; invert negates a switch.
        values: words or numbers of the log and their meanings, as numbers in `unit` or true and false.
        quality: column of a wide table with this tag's quality.
        time: column of a wide table with this tag's own times; default: `time.column`, or one like it before the tag.
        frozen_s: instead of `cleaning.frozen_s`.
        optional: a log without this tag is accepted.
    """

    tag: Text
    unit: Text | None = None
    scale: float = 1.0
    sign: Literal[1, -1] = 1
    zero: float = 0.0
    clock_offset_s: Annotated[float, Field(ge=-86400.0, le=86400.0)] = 0.0
    fill: Literal["hold", "interpolate"] | None = None
    max_age_s: Positive | None = None
    bit: Annotated[int, Field(ge=0, le=62)] | None = None
    invert: bool = False
    values: dict[str, bool | float | int] | None = None
    quality: Text | None = None
    time: Text | None = None
    frozen_s: Annotated[float, Field(ge=0.0)] | None = None
    optional: bool = False


class StepsSpec(Strict):
    """Step numbers (or words) of the station's sequence, and the phase of each."""

    tag: Text
    robot: Annotated[int, Field(ge=0, le=7)] = 0
    phases: dict[str, Text]
    clock_offset_s: float = 0.0
    time: Text | None = None


class AlarmCode(Strict):
    """Name of an alarm."""

    name: Text
    level: Literal["info", "warning", "error"] = "warning"
    message: str = ""


class AlarmsSpec(Strict):
    """Registers with alarm codes; an alarm is on while its code is in any of them."""

    tags: Annotated[tuple[Text, ...], Field(min_length=1)]
    none: tuple[Scalar, ...] = ("0", "")
    codes: dict[str, AlarmCode] = {}
    clock_offset_s: float = 0.0
    time: Text | None = None


class EventSpec(Strict):
    """An event that occurs when a signal crosses a value and stays beyond it for `for_s`."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]{0,63}$")]
    signal: Text
    above: float | None = None
    below: float | None = None
    unit: Text | None = None
    for_s: Annotated[float, Field(ge=0.0, le=60.0)] = 0.0
    level: Literal["info", "warning", "error"] = "info"
    message: str = ""


class SwapSpec(Strict):
    """Known data of the swap; fields left out are found from the log.

    Attributes:
        put_slot, take_slot: slots, numbered from 1, of the empty pack and of the full one.
        old_pack_kg, new_pack_kg: masses.
        truck_x_m, truck_y_m, truck_yaw_rad: pose of the truck.
    """

    put_slot: Slots | None = None
    take_slot: Slots | None = None
    old_pack_kg: Positive | None = None
    new_pack_kg: Positive | None = None
    truck_x_m: Annotated[float, Field(ge=-2.0, le=2.0)] | None = None
    truck_y_m: Annotated[float, Field(ge=-2.0, le=2.0)] | None = None
    truck_yaw_rad: Annotated[float, Field(ge=-0.3, le=0.3)] | None = None


class MappingFile(Strict):
    """The whole file; `more_steps`: for the station's other robots, if each has its own sequence."""

    title: str = ""
    station: Text
    truck: Text
    pack: Text
    overrides: dict[str, Any] = {}
    file: FileSpec = FileSpec()
    time: TimeSpec
    long: LongSpec | None = None
    cleaning: CleaningSpec = CleaningSpec()
    swap: SwapSpec = SwapSpec()
    signals: dict[str, SignalSpec]
    steps: StepsSpec | None = None
    more_steps: tuple[StepsSpec, ...] = ()
    alarms: AlarmsSpec | None = None
    events: tuple[EventSpec, ...] = ()


@dataclass(frozen=True)
class Mapped:
    """A signal and its source: `dimension` of its unit, `to_si` its factor, `holds` its fill."""

    name: str
    spec: SignalSpec
    target: Target
    to_si: float
    holds: bool


@dataclass(frozen=True)
class Mapping:
    """A mapping file, checked against the station, truck and pack that it names."""

    path: Path
    file: MappingFile
    station: Station
    truck: Truck
    pack: Pack
    signals: tuple[Mapped, ...]
    lines: Lines = field(repr=False)

    def line(self, *path: str | int) -> str:
        """`line 12: ` of a key, or nothing if it is not in the file."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return f"line {self.lines[path[:length]]}: "
        return ""

    def refuse(self, problem: str, *path: str | int, value: object = None, allowed: str | None = None) -> InputError:
        """The error for a value of this file."""
        key = ".".join(str(part) for part in path)
        return InputError(self.line(*path) + problem, file=self.path, key=key, value=value, allowed=allowed)

    @property
    def tags(self) -> dict[str, tuple[str | int, ...]]:
        """Every tag that the log must have or may have, and its key in the mapping."""
        found: dict[str, tuple[str | int, ...]] = {}
        for mapped in self.signals:
            found.setdefault(mapped.spec.tag, ("signals", mapped.name, "tag"))
        for steps, where in self.steps:
            found.setdefault(steps.tag, (*where, "tag"))
        if self.file.alarms is not None:
            for k, tag in enumerate(self.file.alarms.tags):
                found.setdefault(tag, ("alarms", "tags", k))
        return found

    @property
    def steps(self) -> list[tuple[StepsSpec, tuple[str | int, ...]]]:
        """The sequences' step numbers, and the key of each in the file."""
        file = self.file
        first: list[tuple[StepsSpec, tuple[str | int, ...]]] = [(file.steps, ("steps",))] if file.steps else []
        return first + [(steps, ("more_steps", k)) for k, steps in enumerate(file.more_steps)]

    @property
    def optional_tags(self) -> set[str]:
        """Tags that the log may lack."""
        needed = {m.spec.tag for m in self.signals if not m.spec.optional}
        return {m.spec.tag for m in self.signals if m.spec.optional} - needed


def _tupled(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _tupled(value) for key, value in node.items()}
    return tuple(_tupled(item) for item in node) if isinstance(node, list) else node


def _resolved(path: Path, spec: MappingFile, lines: Lines) -> Mapping:
    def beside(name: str) -> str | Path:
        """Path of a model file relative to the mapping, or a name in the catalogue."""
        return path.parent / name if name.endswith((".yaml", ".yml")) else name

    bare = Mapping(path, spec, None, None, None, (), lines)  # type: ignore[arg-type]

    def checked(key: str, load: Callable[[], Model]) -> Model:
        try:
            return load()
        except InputError as error:
            if error.file is not None or error.key not in (None, key):  # the fault is in the model file
                raise bare.refuse(str(error), key) from None
            raise bare.refuse(error.problem, key, value=error.value, allowed=error.allowed) from None

    station = checked("station", lambda: load_station(beside(spec.station)))
    truck, pack = (
        checked("truck", lambda: load_truck(beside(spec.truck))),
        checked("pack", lambda: load_pack(beside(spec.pack))),
    )
    if spec.overrides:
        plain = station
        station = checked("overrides", lambda: with_overrides(plain, spec.overrides))
    checked("pack", lambda: resolve(station, truck, pack))
    known = targets(station, truck)
    mapped = tuple(_mapped(bare, name, signal, known) for name, signal in spec.signals.items())
    if not any(m.target.name.endswith(("/position_m", "/position_rad")) for m in mapped):
        raise bare.refuse("names no axis position: nothing would move", "signals", allowed=_some(known, "position"))
    if spec.file.table == "long" and spec.long is None:
        problem = "a long table needs the columns of tag and value"
        raise bare.refuse(problem, "file", "table", value="long", allowed="with a section long: {tag, value, quality}")
    if spec.file.table == "wide" and spec.long is not None:
        raise bare.refuse("is for long tables only", "long", allowed="file.table: long")
    return Mapping(path, spec, station, truck, pack, mapped, lines)


def _some(known: dict[str, Target], part: str) -> str:
    return ", ".join([name for name in known if part in name][:8])


def _mapped(mapping: Mapping, name: str, spec: SignalSpec, known: dict[str, Target]) -> Mapped:
    where = ("signals", name)
    target = known.get(name)
    if target is None and name.startswith(EXTRA) and len(name) > len(EXTRA):
        dimension = dimensions_of(spec.unit)[0] if spec.unit and dimensions_of(spec.unit) else "number"
        target = Target(name, dimension, dimension == "switch")
    if target is None:
        some = ", ".join(nearest(name, known)[:4])
        raise mapping.refuse(f"unknown signal{hint(name, known)}", *where, allowed=f"{some}, ..., or {EXTRA}NAME")
    if spec.quality is not None and mapping.file.file.table == "long":
        raise mapping.refuse("a long table has one quality column: long.quality", *where, "quality")
    if spec.time is not None and mapping.file.file.table == "long":
        raise mapping.refuse("a long table has one time column: time.column", *where, "time")
    if target.dimension == "switch":
        if spec.unit is not None and ALIASES.get(spec.unit, spec.unit) != "bool":
            raise mapping.refuse("a switch has no unit", *where, "unit", value=spec.unit, allowed="bool, or nothing")
        to_si = 1.0
    else:
        if spec.bit is not None or spec.invert:
            raise mapping.refuse("is for switches", *where, "bit" if spec.bit is not None else "invert")
        if spec.unit is None and target.dimension != "number":
            raise mapping.refuse("needs its unit", *where, "unit", allowed=allowed(target.dimension))
        found = factor(spec.unit, target.dimension) if spec.unit is not None else 1.0
        if found is None:
            other = dimensions_of(spec.unit or "")
            problem = f"{other[0]}, where {target.dimension} is expected" if other else "unknown unit"
            raise mapping.refuse(problem, *where, "unit", value=spec.unit, allowed=allowed(target.dimension))
        to_si = found
    if spec.scale == 0.0:
        raise mapping.refuse("makes everything 0", *where, "scale", value=0)
    holds = target.holds if spec.fill is None else spec.fill == "hold"
    if target.dimension == "switch" and not holds:
        raise mapping.refuse("a switch cannot be interpolated", *where, "fill", value=spec.fill, allowed="hold")
    return Mapped(name, spec, target, to_si, holds)


def read_mapping(path: str | Path) -> Mapping:
    """Read a mapping file.

    Raises:
        InputError: one line with file, line, key, value and what is allowed.
    """
    file = Path(path)
    raw, lines = parse(read_bytes(file), file)
    try:
        # tuples for YAML's lists; nothing else is converted
        spec = MappingFile.model_validate(_tupled(raw))
    except ValidationError as error:
        raise to_input_error(error, MappingFile, file, lines) from None
    return _resolved(file, spec, lines)
