"""`swaptwin throughput`: a day of the station, from arrivals to the connection to the grid."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agents.commands.limits import EXIT_FAILED, MAX_WORKERS, at_most
from twin import kernel_cache
from twin.catalogue import Provenance, Site
from twin.commands.branch import given_options
from twin.commands.models import flat
from twin.console import as_typed, emit_json, progress, write_target
from twin.errors import InputError

if TYPE_CHECKING:
    from agents.throughput.arrivals import Arrivals
    from agents.throughput.limits import Answer, Point
    from agents.throughput.source import Source

MAX_DAYS = 10_000
MAX_SWAPS = 100_000
MAX_TRUCKS = 20_000
SATURATED = "saturated"
PLAYED = ("play", "timing", "parking", "conditions", "ledger")
"""Options of swaps that are played now."""
SET_HELP = (
    "A value of the site, PATH=VALUE, such as site.packs=9 or charging.site_power_limit_w=1.25e6, or of station, "
    "truck, pack or timing set; again for more."
)


def command(
    context: typer.Context,
    station: Annotated[str, typer.Option(help="Station: a name (see: swaptwin models list) or a file.")] = "top_lift",
    site: Annotated[
        str | None, typer.Option(help="Packs, chargers, grid, demand: a name or a file. Default: KIND_site.")
    ] = None,
    swaps: Annotated[
        str | None, typer.Option(help="Measured swaps: a ledger or table of experiment run. Default: play them now.")
    ] = None,
    where: Annotated[list[str] | None, typer.Option(help="FACTOR=LEVEL that swaps of --swaps must have.")] = None,
    play: Annotated[int, typer.Option(help="Swaps to play now, on the reduced-order model.")] = 200,
    truck: Annotated[str | None, typer.Option(help="Truck of the swaps played now: a name or a file.")] = None,
    pack: Annotated[str | None, typer.Option(help="Pack: a name or a file. Default: the truck's.")] = None,
    timing: Annotated[str, typer.Option(help="Timing set of the swaps played now: a name or a file.")] = "factory",
    parking: Annotated[str, typer.Option(help="guided, unguided or driven, of the swaps played now.")] = "guided",
    conditions: Annotated[str, typer.Option(help="clear, night, rain or night+rain, likewise.")] = "clear",
    ledger: Annotated[str | None, typer.Option(help="Ledger (SQLite) that keeps the swaps played now.")] = None,
    arrivals: Annotated[
        str | None,
        typer.Option(help="CSV file with a day's times, or saturated. Default: Poisson, as the site says."),
    ] = None,
    trucks_per_day: Annotated[float | None, typer.Option(help="Expected trucks a day, in place of the site's.")] = None,
    days: Annotated[int, typer.Option(help="Days to simulate, each with its own random numbers.")] = 20,
    seed: Annotated[int, typer.Option(help="Day i has seed SEED + i.")] = 0,
    set_: Annotated[list[str] | None, typer.Option("--set", help=SET_HELP)] = None,
    sensitivity: Annotated[
        bool | None,
        typer.Option("--sensitivity/--no-sensitivity", help="Other numbers of packs and chargers. Default: with -o."),
    ] = None,
    out: Annotated[
        str | None, typer.Option("-o", "--out", help="Write a page (.html), with the Gantt of a day.")
    ] = None,
    events: Annotated[str | None, typer.Option(help="Write what happened on the first day: .csv or .json.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes. Default: as many as there are cores.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """How many swaps a day, how long trucks wait, and what limits: robot, packs, chargers, grid or demand.

    Swap times, failures and re-parks are drawn whole from swaps that the twin played; docs/throughput.md has the model.
    Exit code 0: done. 1: a worker died. 2: bad input.
    """
    from agents.experiments.campaign import core_count
    from agents.pool import WorkerDiedError
    from agents.throughput import events as written
    from agents.throughput.day import simulate
    from agents.throughput.estimates import Simulator
    from agents.throughput.limits import answer, cases, sensitivity_cases
    from agents.throughput.limits import sensitivity as points_of
    from agents.throughput.records import Inputs, Recorder

    processes = at_most("--workers", core_count() if workers is None else workers, 1, MAX_WORKERS)
    at_most("--days", days, 1, MAX_DAYS)
    at_most("--seed", seed, 0, 2**63 - 1 - days)
    at_most("--play", play, 1, MAX_SWAPS)
    if swaps is not None and (unused := next((name for name in PLAYED if name in given_options(context)), None)):
        problem = "is of swaps played now, and --swaps takes measured ones"
        raise InputError(problem, key=f"--{unused}", value=context.params[unused])
    page = _target(out, "--out", (".html",))
    table = _target(events, "--events", written.SUFFIXES)
    options = {"truck": truck, "pack": pack, "timing": timing, "parking": parking, "conditions": conditions}
    chosen, source_of = _resolved(station, site, swaps, where or (), set_ or (), options)
    if trucks_per_day is not None:
        if not 0.0 <= trucks_per_day <= MAX_TRUCKS:
            allowed = f"0 to {MAX_TRUCKS:,}"
            raise InputError("out of range", key="--trucks-per-day", value=trucks_per_day, allowed=allowed)
        chosen = chosen.with_trucks(trucks_per_day)
    coming = _arrivals(arrivals, chosen.site, trucks_per_day)
    began_s = time.monotonic()
    try:
        with progress(kernel_cache.start_notice(f"{play} swaps") if swaps is None else "reading swaps") as line:
            source: Source = source_of(play, ledger, processes)
            _fits(source, chosen.site)
            inputs = Inputs(chosen.site, source.pack_energy_j, source.sample, coming)
            with_points = sensitivity if sensitivity is not None else page is not None
            seeds = range(seed, seed + days)
            more = sum(2 * len(points) for points in sensitivity_cases(inputs).values()) if with_points else 0
            total = days * (cases(inputs, True) + more)
            done = 0

            def shown(n: int) -> None:
                nonlocal done
                done += n
                line.update("simulated days", completed=float(done), total=float(total))

            with Simulator(processes if total > processes * 40 else 1) as simulator:
                found = answer(simulator, inputs, seeds, on_day=shown)
                points = points_of(simulator, inputs, seeds, shown) if with_points else {}
        if page is not None or table is not None:
            recorder = Recorder()
            first = simulate(inputs, seed, recorder)
            if table is not None:
                written.write_events(recorder, inputs, table)
            if page is not None:
                from agents.throughput.page import Content, write_page

                made_by = as_typed(*sys.argv[1:])
                content = Content(station, source, found, points, recorder, first, seeds, chosen.provenance,
                                  chosen.changed, made_by)  # fmt: skip
                write_page(page, content)
    except WorkerDiedError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(EXIT_FAILED) from None
    result = {
        "station": station,
        "site": chosen.site.name,
        "days": days,
        "seed": seed,
        "arrivals": arrivals if arrivals is not None else "poisson",
        "swaps": {"source": source.words, "count": len(source.sample.swaps), "outcomes": dict(source.sample.counts)},
        **as_plain(found, points),
        "page": str(page) if page is not None else None,
        "events": str(table) if table is not None else None,
        "wall_s": round(time.monotonic() - began_s, 3),
    }
    if json:
        emit_json(result)
    else:
        print_answer(result, chosen.site, found, points)


def as_plain(found: Answer, points: dict[str, list[Point]]) -> dict[str, Any]:
    """Return the figures, the capacity, what limits and the sensitivity, for JSON."""
    capacity = found.capacity.estimate("swaps_per_day")
    return {
        "figures": {name: of.as_plain() for name, of in found.days.figures().items()},
        "capacity_per_day": capacity.as_plain() if capacity is not None else None,
        "limits": found.limits.as_plain() if found.limits is not None else None,
        "sensitivity": {name: [point.as_plain() for point in of] for name, of in points.items()} or None,
    }


def _target(path: str | None, key: str, suffixes: Sequence[str]) -> Path | None:
    if path is None:
        return None
    if Path(path).suffix not in suffixes:
        raise InputError("unknown kind of file", key=key, value=path, allowed=f"a name in {' or '.join(suffixes)}")
    return write_target(path, key=key)


@dataclass(frozen=True)
class Chosen:
    """The site of this run, where its numbers come from, and which of them the user changed."""

    site: Site
    provenance: Mapping[str, Provenance]
    changed: frozenset[str]

    def with_trucks(self, per_day: float) -> Chosen:
        """Return the same site with another expected number of trucks."""
        demand = self.site.demand.model_copy(update={"trucks_per_day": per_day})
        changed = self.changed | {"demand.trucks_per_day"}
        return replace(self, site=self.site.model_copy(update={"demand": demand}), changed=changed)


def _resolved(
    station: str,
    site: str | None,
    swaps: str | None,
    where: Sequence[str],
    changes: Sequence[str],
    options: dict[str, str | None],
) -> tuple[Chosen, Callable[[int, str | None, int], Source]]:
    """The site, and a function of (number of swaps, ledger, processes) that returns the source of the swaps."""
    from agents.experiments.resolving import DoNotFitError, Resolved, resolve
    from agents.throughput.source import from_file, played
    from twin.catalogue import load_station, load_with_provenance
    from twin.catalogue.settings import with_settings

    if where and swaps is None:
        raise InputError("goes with --swaps", key="--where", value=", ".join(where))
    loaded = load_station(station)
    around, provenance = load_with_provenance("site", site if site is not None else f"{loaded.kind}_site")
    values = {"station": station, "plant": "rom"} | {name: of for name, of in options.items() if of is not None}
    try:
        of = resolve({}, values, {})
    except DoNotFitError as error:
        raise InputError(str(error)) from None
    models: dict[str, Any] = {"site": around}
    if swaps is None:
        models |= {"station": of.station, "truck": of.truck, "pack": of.pack, "timing": of.timing}
    final = with_settings(models, changes)
    before, after = dict(flat(around.model_dump())), dict(flat(final["site"].model_dump()))
    changed = frozenset(key for key, value in after.items() if before.get(key) != value)
    chosen = Chosen(final["site"], provenance, changed)
    if swaps is not None:
        return chosen, lambda *_: from_file(swaps, where, loaded.kind, lambda: of.pack)
    setting = Resolved({}, final["station"], final["truck"], final["pack"], final["timing"], of.plant, of.parking,
                       of.variation)  # fmt: skip
    return chosen, lambda n, ledger, processes: played(setting, n, ledger, processes)


def _arrivals(given: str | None, site: Site, trucks_per_day: float | None) -> Arrivals:
    from agents.throughput.arrivals import Saturated, load_arrivals

    if given is None:
        return site.demand
    if trucks_per_day is not None:
        raise InputError("goes with Poisson arrivals alone", key="--trucks-per-day", value=trucks_per_day)
    return Saturated() if given == SATURATED else load_arrivals(given)


def _fits(source: Source, site: Site) -> None:
    """Raise InputError for swaps of another kind of station, or of more packs than the site has."""
    if source.kind != site.kind:
        raise InputError("is for another kind of station", key="site", value=site.kind, allowed=source.kind)
    if source.sample.max_packs > site.packs:
        allowed = f"at least {source.sample.max_packs}, which one truck takes"
        raise InputError("too few packs", key="site.packs", value=site.packs, allowed=allowed)


def _number(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def print_answer(result: dict[str, Any], site: Site, found: Answer, points: dict[str, list[Point]]) -> None:
    """Print what the JSON object says, for people."""
    from rich.console import Console
    from rich.table import Table

    from agents.throughput.figures import EQUIPMENT, TRUCKS
    from agents.throughput.words import in_words
    from twin.tables import print_table

    console, figures, limits = Console(highlight=False), found.days.figures(), found.limits
    outcomes = ", ".join(f"{n} {of}" for of, n in sorted(result["swaps"]["outcomes"].items(), key=lambda it: -it[1]))
    print(f"{result['swaps']['source']}: {outcomes}")
    charging, days = site.charging, result["days"]
    print(
        f"{site.name}: {_number(site.bays, 'bay')}, {_number(site.robots, 'robot')}, {_number(site.packs, 'pack')}, "
        f"{_number(charging.chargers, 'charger')}, {charging.site_power_limit_w / 1e6:g} MW; "
        + (f"{days} days, 95 % intervals in brackets" if days > 1 else "1 day: no interval")
    )
    print()
    table = Table()
    for column in ("", "mean of days"):
        table.add_column(column)
    for words, name, scale, digits in (*TRUCKS, *EQUIPMENT):
        if name in figures:
            table.add_row(words, in_words(figures[name], scale, digits))
    table.add_row("swaps a day if trucks always wait", in_words(found.capacity.estimate("swaps_per_day")))
    print_table(console, table)
    if limits is not None:
        print()
        today, at_capacity = (of or "nothing that was tried" for of in (limits.today, limits.at_capacity))
        print(f"limits today: {today}; limits if trucks always wait: {at_capacity}; "
              f"trucks wait most for: {limits.waiting or 'nothing'}")  # fmt: skip
        table = Table()
        for column in ("with", "swaps a day", "mean wait, min", "swaps, always waiting"):
            table.add_column(column)
        for gain in limits.gains.values():
            table.add_row(gain.words, in_words(gain.swaps), in_words(gain.wait_s, 1 / 60, 0), in_words(gain.capacity))
        print_table(console, table)
        waits = [f"{cause} {100 * of.mean:.1f} %" for cause, of in limits.waiting_share.items() if of.mean >= 0.0005]
        print(f"share of the day in which a truck waits for: {', '.join(waits) or 'nothing'}")
    for name, some in points.items():
        print()
        table = Table()
        for column in (name, "swaps a day", "mean wait, min", "swaps, always waiting"):
            table.add_column(column)
        for point in some:
            table.add_row(str(point.count), in_words(point.days.estimate("swaps_per_day")),
                          in_words(point.days.estimate("wait_mean_s"), 1 / 60),
                          in_words(point.capacity.estimate("swaps_per_day")))  # fmt: skip
        print_table(console, table)
    for key in ("page", "events"):
        if result[key]:
            print(f"{key:<15}{result[key]}")
