"""`swaptwin swap`: run one swap and print its result."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twin import kernel_cache
from twin.catalogue.settings import HELP as SET_HELP
from twin.catalogue.settings import parse_setting, with_settings
from twin.commands.branch import given_options, run_from
from twin.commands.running import NOT_YET, deciders, show_progress
from twin.console import ProgressLine, as_typed, emit_json, progress
from twin.errors import InputError
from twin.finite import NOT_FINITE
from twin.runner.kinds import PLANTS, runner_maker
from twin.tables import print_lines, print_table

if TYPE_CHECKING:
    from rich.console import Console

    from twin.catalogue import Pack, Station, TimingSet, Truck
    from twin.faults import Fault
    from twin.result import SwapResult
    from twin.setup.setup import SwapSetup
    from twin.setup.variation import Variation

PREFERRED_TRUCK = {"top_lift": "tractor_6x4", "chassis": "chassis_tractor_3"}
"""Default truck by kind of station; another compatible one if it does not fit."""
VARIATION = "variation."
"""Begin of the paths that `--set` takes for the variation."""
NOT_KNOWN, NOT_COMPLETED = "-", "not completed"
"""Replacement of a figure that a failed swap does not have, and of its unit."""

KPI_ROWS: tuple[tuple[str, str, float, str], ...] = (
    # key, words, factor from SI to the displayed unit, unit
    ("peak_sway_m", "peak sway with a pack", 1e3, "mm"),
    ("peak_sway_rad", "", 180.0 / math.pi, "deg"),
    ("residual_sway_m", "residual sway after moves", 1e3, "mm"),
    ("residual_sway_rad", "", 180.0 / math.pi, "deg"),
    ("peak_lateral_force_n", "peak lateral guide force", 1e-3, "kN"),
    ("peak_axial_force_n", "peak axial guide force", 1e-3, "kN"),
    ("seat_error_m", "seat error", 1e3, "mm"),
    ("insert_attempts", "insertion attempts (most of a pack)", 1, ""),
    ("energy_j", "shaft work of the drives (motoring)", 1.0 / 3.6e6, "kWh"),
    ("electric_energy_j", "electric energy of the drives", 1.0 / 3.6e6, "kWh"),
    ("truck_displacement_m", "truck displacement", 1e3, "mm"),
)
MOTORS_ONLY = "electric_energy_j"
"""Key figure that a station without motor data does not have."""


def command(
    context: typer.Context,
    station: Annotated[str, typer.Option(help="Station: a name (see: swaptwin models list) or a file.")] = "top_lift",
    truck: Annotated[str | None, typer.Option(help="Truck: a name or a file. Default: one that fits.")] = None,
    pack: Annotated[str | None, typer.Option(help="Pack: a name or a file. Default: the truck's.")] = None,
    plant: Annotated[
        str,
        typer.Option(help="bullet: the reference; rom: the reduced-order model (agreement: docs/agreement.md)."),
    ] = "bullet",
    seed: Annotated[int, typer.Option(help="Seed of all random draws.")] = 0,
    parking: Annotated[
        str, typer.Option(help="guided, unguided, or driven: a simulated driver parks the truck.")
    ] = "guided",
    conditions: Annotated[str, typer.Option(help="Visibility: clear, night, rain or night+rain.")] = "clear",
    timing: Annotated[str, typer.Option(help="Timing set: a name or a file.")] = "factory",
    align_policy: Annotated[
        str | None, typer.Option(help="An Alignment policy that seats each pack: a name or a bundle's folder.")
    ] = None,
    timing_policy: Annotated[
        str | None,
        typer.Option(
            help="A Timing policy that sets the timing of each phase: a name or a bundle's folder. One of Timing-v1 "
            "changes the set that it was made for: give that as --timing too, which plans the jobs."
        ),
    ] = None,
    fault: Annotated[
        list[str] | None, typer.Option(help="A fault, KIND:name=value,...; may be repeated. Kinds: docs/faults.md.")
    ] = None,
    from_: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="What if: continue this recorded swap from the moment --at, with another --timing, other policies "
            "(none: no policy) or added faults (--fault); all else stays as recorded. From an imported log the state "
            "is estimated, and --plant and --seed may be given.",
        ),
    ] = None,
    at: Annotated[float | None, typer.Option(help="Time in --from, s; rounded up to the next PLC scan.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help=SET_HELP)] = None,
    record: Annotated[str | None, typer.Option(help="Write a recording (MCAP) to this file.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Run one swap: take the empty pack out of the truck, put a full one in.

    Exit code 0: completed without violations. 1: any other outcome. 2: bad input.
    """
    refuse_unknown(plant, align_policy, timing_policy)
    from twin.faults import parse_fault

    faults = [parse_fault(text) for text in fault or ()]
    given = {"align": align_policy, "timing": timing_policy}
    policies = {what: name for what, name in given.items() if name is not None}
    if from_ is not None or at is not None:
        result = run_from(from_, at, given_options(context), faults, policies, record)
    else:
        with progress("driving the truck in" if parking == "driven" else "setting up the swap") as line:
            setup, times = resolve(
                station, truck, pack, timing, seed=seed, parking=parking, conditions=conditions, changes=set_ or ()
            )
            line.update(kernel_cache.notice(plant, "setting up the swap"))
            result = run(setup, times, faults, record=record, line=line, policies=policies, plant=plant)
    if json:
        emit_json(result.as_json())
    else:
        from rich.console import Console

        print_result(Console(highlight=False), result, ghost=from_)
    if result.outcome != "completed" or result.violations:
        raise typer.Exit(1)


def refuse_unknown(plant: str, align_policy: str | None = None, timing_policy: str | None = None) -> None:
    """Raise InputError for an unknown plant, and for policies if none are available."""
    if plant not in PLANTS:
        raise InputError("unknown plant", key="--plant", value=plant, allowed=", ".join(PLANTS))
    for what, value in (("align", align_policy), ("timing", timing_policy)):
        if value is not None and what not in deciders:
            raise InputError(NOT_YET, key=f"--{what}-policy", value=value)


def resolve(
    station: str,
    truck: str | None,
    pack: str | None,
    timing: str,
    *,
    seed: int,
    parking: str,
    conditions: str = "clear",
    changes: Sequence[str] = (),
) -> tuple[SwapSetup, TimingSet]:
    """The checked swap setup and timing set of the options; `changes` are `--set`'s.

    A path `variation.NAME` is a field of the variation: weather, wear and load beyond the models.
    """
    from twin.catalogue import default_pack, load_pack, load_station, load_timing, load_truck
    from twin.conditions import canonical
    from twin.setup.setup import build_setup

    at = load_station(station)
    loaded = load_pack(pack) if pack is not None else None
    who = load_truck(truck) if truck is not None else default_truck(at, loaded)
    what = loaded if loaded is not None else default_pack(at, who)
    times = load_timing(timing, at)
    varied = [text for text in changes if text.strip().startswith(VARIATION)]
    rest = [text for text in changes if text not in varied]
    models = with_settings({"station": at, "truck": who, "pack": what, "timing": times}, rest)
    variation = _variation(canonical(conditions, "--conditions"), varied)
    at, who, what, times = (models[kind] for kind in ("station", "truck", "pack", "timing"))
    variation.check(at, what, parking)
    setup = build_setup(at, who, what, seed=seed, parking=parking, variation=variation, planning=times.planning)
    return setup, times


def _variation(conditions: str, texts: Sequence[str]) -> Variation:
    """The variation of `--set variation.NAME=VALUE`.

    Raises:
        InputError: no such field, one given twice, or a value out of range.
    """
    from twin.setup.variation import Variation

    allowed = [name for name in Variation.model_fields if name != "conditions"]
    values: dict[str, Any] = {}
    for text in texts:
        setting = parse_setting(text, (VARIATION.rstrip("."),))
        key = f"--set {VARIATION}{setting.path}"
        if setting.path not in allowed:
            raise InputError("no such field of the variation", key=key, allowed=", ".join(allowed))
        if setting.path in values:
            raise InputError("given twice", key=key, value=text)
        values[setting.path] = setting.value
    try:
        return Variation.of(conditions=conditions, **values)
    except InputError as error:
        raise InputError(error.problem, key=f"--set {VARIATION}{error.key}", value=error.value) from None


def default_truck(station: Station, pack: Pack | None) -> Truck:
    """The preferred truck of the station's kind if it fits, else the first by name that does."""
    from twin.catalogue import compatible, default_pack, load_pack, load_truck, names

    preferred, reason = PREFERRED_TRUCK.get(station.kind), ""
    for name in sorted(names("truck"), key=lambda n: (n != preferred, n)):
        truck = load_truck(name)
        if pack is not None:
            refused = compatible(station, truck, pack)
            if refused is None:
                return truck
        else:
            try:
                default_pack(station, truck)
            except InputError:
                usual = truck.default_pack
                refused = compatible(station, truck, load_pack(usual)) if usual is not None else None
            else:
                return truck
        if not reason and name == preferred and refused is not None:
            reason = f"; {name}: {refused}"
    carried = f" with pack {pack.name}" if pack is not None else ""
    raise InputError(f"no shipped truck fits station {station.name}{carried}{reason}", key="--truck")


def run(
    setup: SwapSetup,
    timing: TimingSet,
    faults: Sequence[Fault] = (),
    *,
    record: str | Path | None = None,
    line: ProgressLine | None = None,
    policies: Mapping[str, str] | None = None,
    plant: str = "bullet",
) -> SwapResult:
    """Run one swap with a progress line; the recording's path is checked first.

    `policies`: names of policies by what they decide, a key of `deciders` each.
    """
    from twin.recording import check_output_path

    if record is not None:
        check_output_path(record)
    if line is not None:
        return _run(setup, timing, faults, record, line, policies or {}, plant)
    with progress(kernel_cache.notice(plant, "setting up the swap")) as line:
        return _run(setup, timing, faults, record, line, policies or {}, plant)


def _run(
    setup: SwapSetup,
    timing: TimingSet,
    faults: Sequence[Fault],
    record: str | Path | None,
    line: ProgressLine,
    policies: Mapping[str, str],
    plant: str,
) -> SwapResult:
    from twin.recording.swap import SwapRecorder
    from twin.swap import SwapTwin

    arguments: dict[str, Any] = {}
    for what, name in policies.items():
        arguments |= deciders[what](name, setup)
    twin = SwapTwin(setup, timing, faults, make_runner=runner_maker(plant), policies=policies, **arguments)
    try:
        if record is None:
            show_progress(twin, line)
            result = twin.run()
            kernel_cache.mark_compiled(plant)
            return result
        with SwapRecorder(record, twin) as recorder:
            show_progress(twin, line)
            result = dataclasses.replace(twin.run(), recording=str(record))
            recorder.finish(result)
            kernel_cache.mark_compiled(plant)
            return result
    finally:
        twin.close()


def print_result(console: Console, result: SwapResult, *, ghost: str | None = None) -> None:
    """Print tables: phases, key figures, violations and the outcome; `ghost` is the recording to compare with."""
    from rich.table import Table

    setup = result.setup
    console.print(
        f"{setup.station.name}, truck {setup.truck.name}, pack {setup.pack.name}, seed {setup.seed}, "
        f"parking {setup.parking}, conditions {setup.variation.conditions}, "
        f"timing {result.timing}, plant {result.plant}",
        markup=False,
    )
    console.print()
    title = "Phases (bound: of the procedure; a blended move ends in the next phase)"
    phases = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    phases.add_column("phase")
    for column in ("start, s", "duration, s", "bound, s", "robot", "pack"):
        phases.add_column(column, justify="right")
    for row in phase_rows(result):
        phases.add_row(*row)
    print_table(console, phases)
    several = setup.station.robots.count > 1
    for k, job in enumerate(result.plan):
        out, back = (f" (robot {job[by] + 1})" if several else "" for by in ("out_by", "in_by"))
        text = f"pack {k + 1}: {job['seat']} to {job['out_to']}{out}, {job['in_from']} to {job['seat']}{back}"
        print_lines(console, text, "plan           " if k == 0 else " " * 15)
    console.print()
    figures = Table(title="Key figures", title_justify="left", box=None, pad_edge=False, show_header=False)
    figures.add_column()
    figures.add_column(justify="right")
    figures.add_column()
    for words, value, unit in figure_rows(result):
        figures.add_row(words, value, unit if value != NOT_KNOWN else NOT_COMPLETED)
    print_table(console, figures)
    console.print()
    if result.violations:
        for v in result.violations:
            console.print(
                f"violation of invariant {v['invariant']} from {v['t_s']:.2f} s in {v['scans']} scans: {v['message']}",
                style="red",
                markup=False,
            )
    else:
        console.print("violations     none")
    if setup.docking is not None:
        x, y, yaw = setup.docking.pose
        console.print(
            f"docking        {setup.docking.time_s:.1f} s; {x * 1e3:+.0f} mm along, {y * 1e3:+.0f} mm to the left, "
            f"{math.degrees(yaw):+.2f} deg; rail force up to {setup.docking.peak_rail_force_n / 1e3:.1f} kN",
            markup=False,
        )
    if result.policies:
        text = ", ".join(f"{what} by {name}" for what, name in result.policies.items())
        console.print(f"policies       {text}", markup=False)
    if result.faults:
        console.print(f"faults         {'; '.join(result.faults)}", markup=False)
    for fault in result.faults_not_acted:
        console.print(f"never acted    {fault}: the swap ended before it could", style="yellow", markup=False)
    if result.branch is not None:
        origin = result.branch.origin
        text = "; ".join(f"from {one.at_s:g} s on {one.words}" for one in result.branch.settings)
        console.print(f"branch         of {origin.file} at {origin.at_s:g} s; {text}", markup=False, soft_wrap=True)
        if result.branch.start is not None:
            text = f"the state at {result.branch.begin_s:g} s, from a log: {', '.join(result.branch.start.estimated)}"
            console.print(f"estimated      {text}; times count from there on", markup=False, soft_wrap=True)
        for event in result.events:
            if event["name"] == "policy_differs":
                console.print(f"note           {event['message']}", style="yellow", markup=False, soft_wrap=True)
    last = [e["message"] for e in result.events if e["name"] == "outcome"]
    said = last[-1] if last and last[-1] != result.outcome else result.outcome
    style = "green" if result.outcome == "completed" else "red"
    print_lines(console, said, "outcome        ", style=style)
    console.print(f"end state      {result.end_state_sha256}", markup=False, soft_wrap=True)
    if result.recording is not None:
        console.print(f"recording      {result.recording}", markup=False, soft_wrap=True)
        beside = () if ghost is None else ("--ghost", ghost)
        console.print(
            f"watch it       {as_typed('replay', str(result.recording), *beside)}", markup=False, soft_wrap=True
        )


def phase_rows(result: SwapResult) -> list[tuple[str, ...]]:
    """(phase, start, duration, procedure bound, robot, pack) in order of time; the bound stands at a first attempt."""
    from twin.bounds import played_bound

    bound = None if result.procedure_bound_s is None else played_bound(result.setup, result.procedure_bound_s)
    rows: list[tuple[str, ...]] = []
    seen: set[tuple[int, int, str]] = set()
    for span in sorted(result.phases, key=lambda s: (s.start_s, s.robot)):
        which = span.robot, span.job, span.name
        least_s = bound.of(*which) if bound is not None and which not in seen else 0.0
        seen.add(which)
        times = f"{span.start_s:.2f}", f"{span.end_s - span.start_s:.2f}", f"{least_s:.2f}" if least_s else ""
        rows.append((span.name, *times, str(span.robot + 1), str(span.job + 1)))
    return rows


def figure_rows(result: SwapResult) -> list[tuple[str, str, str]]:
    """(words, value, unit) of times and key figures, in displayed units; NOT_KNOWN for None."""
    figures = result.figures

    def shown(key: str, digits: int, factor: float = 1.0) -> str:
        value = figures[key]
        if value is None:
            return NOT_KNOWN
        if not math.isfinite(value):
            return NOT_FINITE
        return str(value) if isinstance(value, int) else f"{value * factor:.{digits}f}"

    rows = [("mechanical time", shown("mechanical_time_s", 1), "s"), ("cycle time", shown("cycle_time_s", 1), "s")]
    bounds = {"kinematic": result.lower_bound_s, "procedure": result.procedure_bound_s}
    rows[1:1] = [
        row
        for name, bound_s in bounds.items()
        if bound_s is not None
        for row in (
            (f"{name} bound", f"{bound_s:.1f}", "s"),
            (f"ratio to the {name} bound", shown(f"ratio_{name}", 2), ""),
        )
    ]
    known = [row for row in KPI_ROWS if row[0] in figures and (row[0] != MOTORS_ONLY or figures[row[0]] is not None)]
    rows += [(words, shown(key, 2, factor), unit) for key, words, factor, unit in known]
    return rows + drive_rows(result)


def drive_rows(result: SwapResult) -> list[tuple[str, str, str]]:
    """(words, value, unit) of the drives' loads as shares of their ratings, and of their motors."""
    rows = []
    for axis, load in result.drives.items():
        rating = "of the rating (estimate)" if load.motor is None else f"of {load.motor}"
        for name, said in (("peak_share", "peak, of the limit"), ("rms_share", f"RMS, {rating}")):
            share = getattr(load, name)
            value = f"{100.0 * share:.0f}" if math.isfinite(share) else NOT_FINITE
            rows.append((f"drive {axis}: {said}", value, "%"))
    return rows
