"""`swaptwin models list|check|show`: the content of the catalogue, checks of files, and the provenance of numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel

from twin.catalogue import Motor, Pack, Provenance, Station, TimingSet, Truck, compatible, default_pack
from twin.catalogue.derived import stale
from twin.catalogue.explain import hint
from twin.catalogue.fit import held_by_no_pack
from twin.catalogue.load import KINDS, UNSTATED, is_path, load_with_provenance, models_folder, names
from twin.catalogue.safe_yaml import dotted, parse, read_bytes
from twin.console import emit_json, progress
from twin.errors import InputError
from twin.tables import print_lines, print_table

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="List, check and show stations, trucks, packs, timing sets and motors.",
    context_settings={"help_option_names": ["-h", "--help"]},
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

NO_MODELS = ("policies", "experiments")
"""Folders of models/ whose files describe no machine, site or ground."""
UNITS = {
    "per_s": "1/s",
    "per_rad": "1/rad",
    "rad_per_s": "rad/s",
    "m_per_m": "m/m",
    "rad_per_m": "rad/m",
    "m_per_rad": "m/rad",
    "rad_per_rad": "rad/rad",
    "rpm": "1/min",
    "eur": "EUR",
    "n_per_m": "N/m",
    "nm_per_rad": "Nm/rad",
    "n_per_mps": "N/(m/s)",
    "nm_per_radps": "Nm/(rad/s)",
    "ns_per_m": "Ns/m",
    "m": "m",
    "mps": "m/s",
    "mps2": "m/s2",
    "mps3": "m/s3",
    "rad": "rad",
    "radps": "rad/s",
    "radps2": "rad/s2",
    "radps3": "rad/s3",
    "s": "s",
    "hz": "Hz",
    "kg": "kg",
    "kgm2": "kg m2",
    "n": "N",
    "nm": "Nm",
    "kwh": "kWh",
    "w": "W",
}
"""Unit by the ending of a field's name; the longest matching ending is used."""


@app.command("list")
def list_models(json: Json = False) -> None:
    """List all models, and the compatible combinations of station, truck and pack."""
    stations = [_shipped("station", name) for name in names("station")]
    trucks = [_shipped("truck", name) for name in names("truck")]
    packs = [_shipped("pack", name) for name in names("pack")]
    timing = [_shipped("timing", path) for path in _timing_files()]
    motors = sorted((_shipped("motor", name) for name in names("motor")), key=lambda m: (m.rated_power_w, m.name))
    pairs = [_pair(s, t, packs) for s in stations for t in trucks]
    if json:
        emit_json(
            {
                "stations": [
                    {"name": s.name, "title": s.title, "kind": s.kind, "slots": len(s.slots)} for s in stations
                ],
                "trucks": [
                    {"name": t.name, "title": t.title, "mount": t.mount, "seats": len(t.seats_xyz_m)} for t in trucks
                ],
                "packs": [
                    {
                        "name": p.name,
                        "title": p.title,
                        "interface": p.interface,
                        "energy_kwh": p.energy_kwh,
                        "mass_kg": p.mass_kg,
                    }
                    for p in packs
                ],
                "timing": [{"name": t.name, "title": t.title, "station": t.station} for t in timing],
                "motors": [
                    {"name": m.name, "title": m.title, "rated_power_w": m.rated_power_w, "price_eur": m.price_eur}
                    for m in motors
                ],
                "compatibility": pairs,
            }
        )
        return
    _print_list(stations, trucks, packs, timing, motors, pairs)


@app.command("check")
def check_models(
    paths: Annotated[list[str] | None, typer.Argument(help="Files to check; all shipped ones by default.")] = None,
    json: Json = False,
) -> None:
    """Check files: one line for each invalid one, exit code 2 if there is any."""
    files = [Path(path) for path in paths] if paths else _shipped_files()
    problems: list[str] = []
    good: list[dict[str, str]] = []
    with progress("checking files", total=len(files)) as line:
        for done, path in enumerate(files):
            line.update(completed=done)
            try:
                kind = kind_of(path)
                model, provenance = load_with_provenance(kind, path)
                if isinstance(model, Station) and (outdated := list(stale(model, provenance))):
                    problems += [
                        str(InputError(one.problem, file=path, key=one.key, value=one.value, allowed=one.allowed))
                        for one in outdated
                    ]
                    continue
                if isinstance(model, Station) and (reason := held_by_no_pack(model)) is not None:
                    raise InputError(f"no pack fits this station: {reason}", file=path)
                good.append({"file": str(path), "kind": kind, "name": str(getattr(model, "name", ""))})
            except InputError as error:
                problems.append(str(error))
    if json:
        emit_json({"checked": len(files), "good": good, "problems": problems})
    else:
        for item in good:
            print(f"ok  {item['kind']:<8} {item['name']:<20} {item['file']}")
    if problems:
        for problem in problems[:-1]:
            typer.echo(f"error: {_printable(problem)}", err=True)
        raise InputError(problems[-1])


@app.command("show")
def show_model(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="[KIND] NAME",
            help=f"A name from `models list`, or the path of a .yaml file. KIND ({', '.join(KINDS)}) is needed "
            "where several kinds have that name.",
        ),
    ],
    station: Annotated[str | None, typer.Option(help="Station of the timing set.")] = None,
    json: Json = False,
) -> None:
    """Show every value of one model with unit and provenance."""
    kind, name = what_is_meant(what)
    if kind == "timing" and station is None and name in names("timing"):
        holders = [p.parent.name for p in _timing_files() if p.stem == name]
        if len(holders) > 1:
            raise InputError("several stations have this timing set", key="--station", allowed=", ".join(holders))
    model, provenance = load_with_provenance(kind, name, station)
    rows = [
        {"key": key, "value": value, "unit": unit_of(key), **_source(provenance.get(key, None), value)}
        for key, value in flat(model.model_dump(exclude_unset=True))
    ]
    if json:
        emit_json({"kind": kind, "name": getattr(model, "name", name), "values": rows})
        return
    _print_values(f"{kind} {getattr(model, 'name', '')}", model, provenance)


def what_is_meant(what: Sequence[str]) -> tuple[str, str]:
    """(kind, name) from a name alone or both.

    Raises:
        InputError: too many words, or a name that no kind or several kinds have.
    """
    if len(what) > 2:
        raise InputError("one model at a time", value=" ".join(what), allowed="[KIND] NAME")
    if len(what) == 2:
        return what[0], what[1]
    (name,) = what
    if is_path(name):
        return kind_of(Path(name)), name
    kinds = [kind for kind in KINDS if name in names(kind)]
    if len(kinds) > 1:
        raise InputError("several kinds have this name", value=name, allowed=", ".join(f"{k} {name}" for k in kinds))
    if not kinds:
        known = sorted({known for kind in KINDS for known in names(kind)})
        raise InputError(f"no model has this name{hint(name, known)}", value=name, allowed=", ".join(known))
    return kinds[0], name


def kind_of(path: Path) -> str:
    """Kind of a file, by the keys that only one kind has."""
    raw, _ = parse(read_bytes(path), path)
    marks = {
        "timing": {"default", "phases"},
        "station": {"axes", "slots", "reeving"},
        "truck": {"mount", "seats_xyz_m"},
        "scenario": {"grade", "camber", "friction_factor"},
        "motor": {"rated_power_w", "rated_torque_nm", "rotor_inertia_kgm2"},
        "site": {"charging", "handling", "demand"},
    }
    marks["pack"] = {"energy_kwh", "guides", "coupler"}
    best = max(marks, key=lambda kind: len(marks[kind] & set(raw)))
    if not marks[best] & set(raw):
        problem = "is neither a station, a truck, a pack, a timing set, a scenario, a motor nor a site"
        raise InputError(problem, file=path, allowed=", ".join(marks))
    return best


def flat(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str, Any]]:
    """Every leaf of nested data with its dotted key."""
    if isinstance(value, dict):
        return [leaf for key, item in value.items() for leaf in flat(item, (*path, key))]
    if isinstance(value, list | tuple):
        return [leaf for index, item in enumerate(value) for leaf in flat(item, (*path, index))]
    return [(dotted(path), value)]


def unit_of(key: str) -> str:
    """The unit in a key's name: `axes.x.jerk_mps3` is in m/s3."""
    name = re.sub(r"(\[\d+\])+$", "", key).rpartition(".")[2]
    endings = [ending for ending in UNITS if name.endswith(f"_{ending}")]
    return UNITS[max(endings, key=len)] if endings else ""


def _source(found: Any, value: object) -> dict[str, str]:
    if isinstance(value, bool | str) or value is None:
        return {"tag": "", "text": ""}
    tag, text = found or UNSTATED
    return {"tag": tag, "text": text}


def _shipped(kind: str, name: str | Path) -> Any:
    return load_with_provenance(kind, name)[0]


def _timing_files() -> list[Path]:
    return sorted((models_folder() / "timing").glob("*/*.yaml"))


def _shipped_files() -> list[Path]:
    root = models_folder()
    return sorted(path for path in root.rglob("*.yaml") if path.relative_to(root).parts[0] not in NO_MODELS)


def _pair(station: Station, truck: Truck, packs: list[Pack]) -> dict[str, Any]:
    reasons = {pack.name: compatible(station, truck, pack) for pack in packs}
    fitting = [name for name, reason in reasons.items() if reason is None]
    return {
        "station": station.name,
        "truck": truck.name,
        "packs": fitting,
        "default_pack": default_pack(station, truck).name if fitting else None,
        "refused": {name: reason for name, reason in reasons.items() if reason},
    }


def _print_list(
    stations: list[Station],
    trucks: list[Truck],
    packs: list[Pack],
    timing: list[TimingSet],
    motors: list[Motor],
    pairs: list[dict[str, Any]],
) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)

    def table(title: str, columns: list[str], rows: list[list[str]]) -> None:
        result = Table(title=title, title_justify="left", box=None, pad_edge=False, title_style="bold")
        for column in columns:
            result.add_column(column, no_wrap=column != "what")
        for row in rows:
            result.add_row(*row)
        print_table(console, result)
        console.print()

    def filled(station: Station) -> str:
        return f"{sum(slot.filled for slot in station.slots)} of {len(station.slots)}"

    def fitting(truck: Truck, station: Station) -> str:
        pair = next(p for p in pairs if p["truck"] == truck.name and p["station"] == station.name)
        return "\n".join(pair["packs"]) or "-"

    table(
        "Stations", ["name", "kind", "slots filled", "what"], [[s.name, s.kind, filled(s), s.title] for s in stations]
    )
    table(
        "Trucks",
        ["name", "packs", "seats", "what"],
        [[t.name, t.mount, str(len(t.seats_xyz_m)), t.title] for t in trucks],
    )
    table(
        "Packs",
        ["name", "interface", "kWh", "kg", "what"],
        [[p.name, p.interface, f"{p.energy_kwh:g}", f"{p.mass_kg:g}", p.title] for p in packs],
    )
    table("Timing sets", ["station", "name", "what"], [[t.station, t.name, t.title] for t in timing])
    table(
        "Motors",
        ["name", "kW", "Nm", "peak Nm", "EUR", "what"],
        [
            [m.name, f"{m.rated_power_w / 1e3:g}", f"{m.rated_torque_nm:g}", f"{m.peak_torque_nm:g}",
             f"{m.price_eur:g}", m.title]
            for m in motors
        ],
    )  # fmt: skip
    table(
        "Which packs a station changes on a truck",
        ["truck", *(s.name for s in stations)],
        [[t.name, *(fitting(t, s) for s in stations)] for t in trucks],
    )
    print("Why not")
    for reason, who in _reasons(pairs, len(packs)).items():
        print_lines(console, f"{reason}:", "  ")
        for line in who:
            print_lines(console, line, "    ")


def _reasons(pairs: list[dict[str, Any]], packs: int) -> dict[str, list[str]]:
    """Each reason once, with the combinations it holds for."""
    found: dict[str, dict[tuple[str, str], list[str]]] = {}
    for pair in pairs:
        by_reason: dict[str, list[str]] = {}
        for pack, reason in pair["refused"].items():
            by_reason.setdefault(reason, []).append(pack)
        for reason, refused in by_reason.items():
            which = "any pack" if len(refused) == packs else ", ".join(refused)
            found.setdefault(reason, {}).setdefault((pair["station"], which), []).append(pair["truck"])
    return {
        reason: [f"{station} with {', '.join(trucks)} and {which}" for (station, which), trucks in who.items()]
        for reason, who in found.items()
    }


def _print_values(title: str, model: BaseModel, provenance: Mapping[str, Provenance]) -> None:
    """Print a block per section, a row per value; plain lists are one row, a repeated text is shown once."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    console.print(Text(_printable(title), style="bold"))
    table = Table(box=None, pad_edge=False)
    table.add_column("key", no_wrap=True)
    table.add_column("value")
    table.add_column("where it comes from")
    section, last, cites = "", "", False
    for key, value in _rows(model.model_dump(exclude_unset=True)):
        head, _, name = key.rpartition(".")
        if head != section:
            table.add_row()
            table.add_row(Text(_printable(head), style="bold"))
            section = head
        leaves = flat(value, (key,)) or [(key, "")]
        source = _source(provenance.get(leaves[0][0]), leaves[0][1])
        words = ": ".join(word for word in source.values() if word)
        cites |= "domain " in words
        cells = (f"  {name}" if head else name, f"{_shown(value)} {unit_of(key)}".rstrip())
        table.add_row(
            *(Text(_printable(cell)) for cell in (*cells, "(as above)" if words and words == last else words))
        )
        last = words
    print_table(console, table)
    if cites:
        console.print("\ndomain N: section N of the public facts that this project was built from (docs/catalogue.md)")


def _rows(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str, Any]]:
    """Like `flat`, but a list without mappings is one value."""
    if isinstance(value, dict):
        return [row for key, item in value.items() for row in _rows(item, (*path, key))]
    if isinstance(value, list | tuple) and any(isinstance(item, dict) for item in value):
        return [row for index, item in enumerate(value) for row in _rows(item, (*path, index))]
    return [(dotted(path), value)]


def _shown(value: object) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_shown(item) for item in value) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _printable(text: str) -> str:
    """Escape control characters: a file's keys and texts can contain anything."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)
