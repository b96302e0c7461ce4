"""Read models/: a YAML file to a checked, frozen model and the provenance of its numbers.

A number is written bare (`mass_kg: 3000`) or with its provenance (`mass_kg: {value: 3000, estimate: "why"}`). The
models hold plain values; provenance is kept in a parallel mapping.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar, cast

from pydantic import BaseModel, ValidationError

from twin.catalogue.derived import UNITS
from twin.catalogue.explain import hint, to_input_error
from twin.catalogue.plain import tuples
from twin.catalogue.plausible import implausible
from twin.catalogue.safe_yaml import Lines, dotted, parse, read_bytes
from twin.catalogue.schema import Motor, Pack, Scenario, Site, Station, TimingSet, Truck
from twin.catalogue.schema.timing import WITH_OPTIONS
from twin.errors import InputError

Kind = Literal["station", "truck", "pack", "timing", "scenario", "motor", "site"]
KINDS: dict[str, type[BaseModel]] = {
    "station": Station,
    "truck": Truck,
    "pack": Pack,
    "timing": TimingSet,
    "scenario": Scenario,
    "motor": Motor,
    "site": Site,
}
MOTOR_KEY = re.compile(r"axes\.\w+(\.design)?\.motor")
DRIVE_KEY = re.compile(r"axes\.(?P<axis>\w+)\.(motor|gear|design)\b")
LIMIT_KEY = re.compile(
    r"axes\.(?P<axis>\w+)\.(velocity|acceleration|jerk|force_limit|torque_limit|stopping_distance)_(?!b)"
)
TAGS = ("sourced", "derived", "estimate", "measured", "chosen")

Model = TypeVar("Model", bound=BaseModel)


class Provenance(NamedTuple):
    """Provenance of a number: one of `TAGS` (or `unstated`) and the source or reason."""

    tag: str
    text: str


UNSTATED = Provenance("unstated", "")


def load_station(name_or_path: str | os.PathLike[str] | Station) -> Station:
    """Load a station by its name in models/stations or by the path of a YAML file; one that is loaded is returned."""
    if isinstance(name_or_path, Station):
        return name_or_path
    return cast(Station, load_with_provenance("station", name_or_path)[0])


def load_truck(name_or_path: str | os.PathLike[str] | Truck) -> Truck:
    """Load a truck by its name in models/trucks or by the path of a YAML file; one that is loaded is returned."""
    if isinstance(name_or_path, Truck):
        return name_or_path
    return cast(Truck, load_with_provenance("truck", name_or_path)[0])


def load_pack(name_or_path: str | os.PathLike[str] | Pack) -> Pack:
    """Load a pack by its name in models/packs or by the path of a YAML file; one that is loaded is returned."""
    if isinstance(name_or_path, Pack):
        return name_or_path
    return cast(Pack, load_with_provenance("pack", name_or_path)[0])


def load_scenario(name_or_path: str | os.PathLike[str] | Scenario) -> Scenario:
    """Load a docking scenario by its name in models/scenarios or by path; one that is loaded is returned."""
    if isinstance(name_or_path, Scenario):
        return name_or_path
    return cast(Scenario, load_with_provenance("scenario", name_or_path)[0])


def load_site(name_or_path: str | os.PathLike[str] | Site) -> Site:
    """Load a site by its name in models/sites or by the path of a YAML file; one that is loaded is returned."""
    if isinstance(name_or_path, Site):
        return name_or_path
    return cast(Site, load_with_provenance("site", name_or_path)[0])


def load_motor(name_or_path: str | os.PathLike[str] | Motor) -> Motor:
    """Load a motor by its name in models/motors or by path; one that is loaded is returned."""
    if isinstance(name_or_path, Motor):
        return name_or_path
    if is_path(name_or_path):
        return cast(Motor, load_with_provenance("motor", name_or_path)[0])
    return _shipped_motor(str(name_or_path))


@cache
def _shipped_motor(name: str) -> Motor:
    return cast(Motor, load_with_provenance("motor", name)[0])


def load_timing(name_or_path: str | os.PathLike[str], station: Station | str) -> TimingSet:
    """Load a timing set by name from models/timing/STATION (or else from that of the station's kind), or by path.

    A set made for another station is refused.
    """
    return cast(TimingSet, load_with_provenance("timing", name_or_path, station)[0])


def load_with_provenance(
    kind: str, name_or_path: str | os.PathLike[str], station: Station | str | None = None
) -> tuple[BaseModel, dict[str, Provenance]]:
    """The model, and the provenance of each of its numbers (`"axes.x.jerk_mps3"`, `"slots[2].x_m"`).

    A user's file that still has the name of a shipped model is reported under its file's name (`own_name`).
    """
    if kind not in KINDS:
        raise InputError("unknown kind", value=kind, allowed=", ".join(KINDS))
    if isinstance(station, str) and kind == "timing":
        station = load_station(station)
    path = _locate(kind, name_or_path, station if isinstance(station, Station) else None)
    raw, lines = parse(read_bytes(path), path)
    values, provenance = _strip(raw, path, lines)
    if kind == "station":
        values, of_motors = _with_motors(values, path, lines)
        provenance |= of_motors
    try:
        model = KINDS[kind].model_validate(values)
    except ValidationError as error:
        raise to_input_error(error, KINDS[kind], path, lines) from None
    for problem in implausible(model):
        raise InputError(problem.problem, file=path, key=problem.key, value=problem.value, allowed=problem.allowed)
    if isinstance(model, TimingSet) and isinstance(station, Station):
        _check_made_for(model, station, path)
    if isinstance(model, Station):
        provenance |= _of_fitted_drives(model, values)
    name = own_name(kind, path, model)
    return model if name is None else model.model_copy(update={"name": name}), provenance


def _of_fitted_drives(station: Station, stated: Mapping[str, Any]) -> dict[str, Provenance]:
    """Provenance of axis limits that are not the stated ones, because the drive is not the design drive."""
    found = {}
    for name in UNITS:
        axis = getattr(station.axes, name)
        for key, value in stated["axes"][name].items():
            if isinstance(value, int | float) and getattr(axis, key) != value:
                text = f"{value:g} is stated for the axis' design; with {axis.motor.name} it is this (docs/motors.md)"
                found[f"axes.{name}.{key}"] = Provenance("derived", text)
    return found


def own_name(kind: str, path: Path, model: BaseModel) -> str | None:
    """Another name for a user's file that has a shipped model's name; None if the name may stay.

    A copy is distinguished from its original by its file's name, or if that is the same too by its folder's name before
    it.
    """
    name = getattr(model, "name", None)
    if name is None or path.resolve().is_relative_to(models_folder().resolve()):
        return None
    shipped = {file.stem for folder in _folders(kind, None) if folder.is_dir() for file in folder.glob("*.yaml")}
    if name not in shipped:
        return None
    stem = as_name(path.stem)
    return stem if stem not in shipped else as_name(f"{path.resolve().parent.name}_{path.stem}")


def as_name(text: str) -> str:
    """Make a model name of a text: small letters, digits and underscores."""
    plain = re.sub("[^a-z0-9_]+", "_", text.lower()).lstrip("_")[:64]
    return plain or "own"


def names(kind: str, station: Station | str | None = None) -> list[str]:
    """Names in models/ of a kind; timing sets are those of a station and of its kind."""
    if kind not in KINDS:
        raise InputError("unknown kind", value=kind, allowed=", ".join(KINDS))
    if isinstance(station, str) and kind == "timing":
        station = load_station(station)
    found = {path.stem for folder in _folders(kind, station) if folder.is_dir() for path in folder.glob("*.yaml")}
    return sorted(found)


def with_overrides(model: Model, overrides: Mapping[str, object]) -> Model:
    """A re-checked copy with some values replaced by dotted key.

    A phase that a timing set leaves out starts as its default. A text such as `130 %` is that share of the number.

    A limit of an axis that is given beside its motor or gear stays as given: the motor is fitted first.

    >>> with_overrides(station, {"limits.rated_load_kg": 4200, "slots[2].filled": True})
    >>> with_overrides(timing, {"phases.insert.creep_speed_mps": 0.03})
    """
    later = _limits_beside_drives(overrides) if isinstance(model, Station) else {}
    if later:
        first = with_overrides(model, {key: value for key, value in overrides.items() if key not in later})
        return with_overrides(first, later)
    values: Any = model.model_dump(context=WITH_OPTIONS)
    for key in sorted(overrides, key=lambda one: len(parts_of(one))):  # a whole before its parts
        parts, value = parts_of(key), overrides[key]
        if isinstance(value, str) and isinstance(model, Station) and MOTOR_KEY.fullmatch(key):
            value = _motor_of(value, key)  # whose parts may be set beside it
        if (
            isinstance(model, TimingSet) and parts[0] == "phases" and len(parts) > 1
        ):  # a phase not named takes `default`
            values["phases"] = {str(parts[1]): values["default"], **values["phases"]}
        values = _replaced(values, parts, tuples(value), key)
    try:
        return type(model).model_validate(values)
    except ValidationError as error:
        file = f"{type(model).__name__.lower()} {getattr(model, 'name', '')} with overrides"
        raise to_input_error(error, type(model), file) from None


def _with_motors(values: dict[str, Any], path: Path, lines: Lines) -> tuple[dict[str, Any], dict[str, Provenance]]:
    """Plain values of a station with each motor's name or path replaced by its values, and their provenance."""
    provenance: dict[str, Provenance] = {}

    def found(node: Any, at: tuple[str, ...]) -> Any:
        if not isinstance(node, dict):
            return node
        named = {key: found(child, (*at, key)) for key, child in node.items()}
        if isinstance(named.get("motor"), str):
            where = (*at, "motor")
            line = f"line {lines[where]}: " if where in lines else ""
            name, key = named["motor"], dotted(where)
            named["motor"] = _motor_of(name, key, path, line)
            of_motor = load_with_provenance("motor", name)[1]
            provenance.update({f"{key}.{one}": source for one, source in of_motor.items()})
        return named

    return ({**values, "axes": found(values["axes"], ("axes",))} if "axes" in values else values), provenance


def _motor_of(name: str, key: str, file: Path | None = None, line: str = "") -> dict[str, Any]:
    """Plain values of a motor by name or path; an error names `key`."""
    try:
        return load_motor(name).model_dump()
    except InputError as error:
        if is_path(name):
            raise InputError(f"{line}{error}", file=file, key=key) from None
        raise InputError(line + error.problem, file=file, key=key, value=name, allowed=error.allowed) from None


def _limits_beside_drives(overrides: Mapping[str, object]) -> dict[str, object]:
    """Overrides of limits that follow from a motor or gear which is overridden too."""
    drives = {found["axis"] for key in overrides if (found := DRIVE_KEY.match(key))}
    return {
        key: value
        for key, value in overrides.items()
        if drives and (found := LIMIT_KEY.match(key)) and found["axis"] in drives
    }


def _check_made_for(timing: TimingSet, station: Station, path: Path) -> None:
    """Check that a set fits its station; one made for the plain station of a kind fits all of that kind."""
    problem = f"timing set is not for station {station.name}"
    if timing.kind != station.kind:
        raise InputError(problem, file=path, key="kind", value=timing.kind, allowed=station.kind)
    known = tuple(dict.fromkeys((station.name, station.kind)))
    if timing.station not in known:
        raise InputError(problem, file=path, key="station", value=timing.station, allowed=" or ".join(known))


PERCENT = re.compile(r"\s*\+?(\d+(?:\.\d+)?)\s*%\s*")
"""A share of a model's own number."""

# ------------------------------------------------------------------------------------------------------ where files are


def models_folder() -> Path:
    """The folder of the shipped models."""
    return Path(str(files("models")))


def _folders(kind: str, station: Station | str | None) -> list[Path]:
    root = models_folder()
    if kind != "timing":
        return [root / f"{kind}s"]
    if isinstance(station, Station):
        return [root / "timing" / name for name in dict.fromkeys((station.name, station.kind))]
    return sorted(path for path in (root / "timing").iterdir() if path.is_dir() and not path.name.startswith("_"))


def is_path(name_or_path: str | os.PathLike[str]) -> bool:
    """True if it counts as a path: it has a separator or ends in .yaml or .yml."""
    text = os.fspath(name_or_path)
    return not isinstance(name_or_path, str) or "/" in text or os.sep in text or text.endswith((".yaml", ".yml"))


def _locate(kind: str, name_or_path: str | os.PathLike[str], station: Station | None) -> Path:
    if is_path(name_or_path):
        return Path(name_or_path)
    name = str(name_or_path)
    known = names(kind, station)
    if name not in known:
        raise InputError(
            f"unknown {'timing set' if kind == 'timing' else kind}{hint(name, known)}",
            key=kind,
            value=name,
            allowed=f"{', '.join(sorted(known))}, or the path of a .yaml file",
        )
    return next(path for folder in _folders(kind, station) if (path := folder / f"{name}.yaml").is_file())


# ----------------------------------------------------------------------------------------------------------- provenance


def _strip(raw: dict[str, Any], file: Path, lines: Lines) -> tuple[dict[str, Any], dict[str, Provenance]]:
    """Plain values (lists as tuples) and the provenance of every number among them."""
    raw = dict(raw)
    provenance: dict[str, Provenance] = {}
    default = UNSTATED
    if "provenance" in raw:
        default = _provenance(raw.pop("provenance"), ("provenance",), file, lines)

    def plain(node: Any, path: tuple[str | int, ...], source: tuple[str | int, ...], here: Provenance) -> Any:
        if isinstance(node, dict):
            if "value" in node:  # no schema has a field of that name
                here = _provenance({k: v for k, v in node.items() if k != "value"}, source, file, lines)
                if isinstance(node["value"], dict):
                    raise InputError("value must be a number or a list, got a mapping", file=file, key=dotted(path))
                return plain(node["value"], path, (*source, "value"), here)
            if tag := next((tag for tag in TAGS if tag in node), None):
                raise InputError(f"has {tag} but no value", file=file, key=dotted(path), allowed=f"value and {tag}")
            return {key: plain(child, (*path, key), (*source, key), here) for key, child in node.items()}
        if isinstance(node, list):
            return tuple(plain(child, (*path, i), (*source, i), here) for i, child in enumerate(node))
        if isinstance(node, int | float) and not isinstance(node, bool):
            provenance[dotted(path)] = here
        return node

    return plain(raw, (), (), default), provenance


def _provenance(node: Any, path: tuple[str | int, ...], file: Path, lines: Lines) -> Provenance:
    """Provenance next to a value: exactly one of `TAGS`, with a text."""
    key, one_of = dotted(path), "one of " + ", ".join(TAGS)
    where = f"line {lines[path]}: " if path in lines else ""
    if not isinstance(node, dict) or not node:
        raise InputError(f"{where}a value needs its provenance beside it", file=file, key=key, allowed=one_of)
    for tag in node:
        if tag not in TAGS:
            problem = f"{where}unknown provenance tag{hint(tag, TAGS)}"
            raise InputError(problem, file=file, key=key, value=tag, allowed=one_of)
    if len(node) > 1:
        raise InputError(
            f"{where}more than one provenance tag", file=file, key=key, value=", ".join(node), allowed="one"
        )
    ((tag, text),) = node.items()
    if not isinstance(text, str) or not text.strip():
        problem = f"{where}provenance needs a text"
        raise InputError(problem, file=file, key=f"{key}.{tag}", value=text, allowed="the source or the reason")
    return Provenance(tag, text.strip())


# ------------------------------------------------------------------------------------------------------------ overrides


def parts_of(key: str) -> list[str | int]:
    """Keys and indices of a dotted path: `slots[3].filled` and `slots.3.filled` are one place."""
    parts: list[str | int] = []
    for piece in key.replace("[", ".").replace("]", "").split("."):
        parts.append(int(piece) if piece.isascii() and piece.isdigit() and len(piece) < 9 else piece)
    return parts


def _share(node: Any, value: object) -> object:
    """A value such as `130 %` in place of a number: that share of it."""
    found = PERCENT.fullmatch(value) if isinstance(value, str) and isinstance(node, int | float) else None
    return value if found is None or isinstance(node, bool) else float(found.group(1)) / 100.0 * node


def _replaced(node: Any, parts: list[str | int], value: object, key: str) -> Any:
    if not parts:
        return _share(node, value)
    head, rest = parts[0], parts[1:]
    if isinstance(node, dict):
        if head not in node:
            raise InputError(f"unknown key{hint(str(head), node)}", key=key, allowed=", ".join(node))
        return {**node, str(head): _replaced(node.get(head), rest, value, key)}
    if isinstance(node, tuple):
        if not isinstance(head, int) or head >= len(node):
            raise InputError("no such item", key=key, value=head, allowed=f"0 to {len(node) - 1}")
        return (*node[:head], _replaced(node[head], rest, value, key), *node[head + 1 :])
    raise InputError(f"{head!r} does not exist: its owner is a plain value", key=key)
