"""`swaptwin export`: timing sets and policies for use outside."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agents.commands.given_files import refuse_given
from agents.commands.limits import at_most
from twin.commands.branch import given_options
from twin.console import atomic_write, emit_json, progress, write_target
from twin.errors import InputError

if TYPE_CHECKING:
    from twin.catalogue import TimingSet

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Write timing sets and policies for use outside.")
MAX_SEEDS = 1000
MAX_VECTORS = 1000


@app.callback()
def group() -> None:
    """Write timing sets and policies for use outside."""


OF_ZIP = ("task", "station", "action_mode", "trust_pickle")
OF_FORMATS = {"precision": ("onnx",), "vectors": ("st", "plcopen"), "seed": ("st", "plcopen")}
"""Options of `export policy` that only some formats have."""


def refuse_without_effect(given: Mapping[str, Any], policy: str, format: str) -> None:
    """Refuse options that were given and change nothing.

    Raises:
        InputError: one of a .zip, for a bundle; one that the format does not have.
    """
    for name, value in given.items():
        key = f"--{name.replace('_', '-')}"
        if name in OF_ZIP and not policy.endswith(".zip"):
            raise InputError("a bundle has its own", key=key, value=value, allowed="with a .zip alone")
        formats = OF_FORMATS.get(name, (format,))
        if format not in formats:
            allowed = " or ".join(f"--format {one}" for one in formats)
            raise InputError(f"format {format} has none", key=key, value=value, allowed=allowed)


@app.command("policy")
def policy_command(
    policy: Annotated[str, typer.Argument(help="Policy: a shipped bundle's name, a bundle's folder, or a .zip.")],
    format: Annotated[
        str,
        typer.Option(
            help="onnx: a model in SI units; st: IEC 61131-3 function block and its test; plcopen: both as PLCopen XML."
        ),
    ] = "st",
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="File to write. Default: standard output, without --json.")
    ] = None,
    precision: Annotated[str, typer.Option(help="onnx: single or double.")] = "single",
    vectors: Annotated[int, typer.Option(help="st, plcopen: number of test vectors.")] = 16,
    seed: Annotated[int, typer.Option(help="st, plcopen: seed of the test vectors.")] = 0,
    task: Annotated[str | None, typer.Option(help="Of a .zip: docking, alignment or timing.")] = None,
    station: Annotated[str | None, typer.Option(help="Of a .zip: station of its environment.")] = None,
    action_mode: Annotated[str, typer.Option(help="Of a .zip for alignment: direct or residual.")] = "direct",
    trust_pickle: Annotated[
        bool, typer.Option("--trust-pickle", help="Load stable-baselines3's own .zip, which can run any code.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")] = False,
    context: typer.Context = None,  # type: ignore[assignment]  # None: called as a function
) -> None:
    """Write a policy for a controller outside: quantities in SI units in, setpoints and an out-of-range flag out."""
    from agents.policy_export.load import load_exported
    from agents.policy_export.onnx_model import PRECISIONS, as_onnx
    from agents.policy_export.plcopen import as_plcopen
    from agents.policy_export.structured_text import as_structured_text
    from agents.policy_export.vectors import vectors_of
    from twin.extras import require
    from twin.recording.mcap.header import current_versions

    at_most("--seed", seed, 0, 2**63 - 1)
    for key, value, allowed in (
        ("--format", format, ("st", "plcopen", "onnx")),
        ("--precision", precision, tuple(PRECISIONS)),
    ):
        if value not in allowed:
            raise InputError("unknown", key=key, value=value, allowed=", ".join(allowed))
    if context is not None:
        refuse_without_effect(given_options(context), policy, format)
    if not 1 <= vectors <= MAX_VECTORS:
        raise InputError("out of range", key="--vectors", value=vectors, allowed=f"1 to {MAX_VECTORS}")
    if format == "onnx" and output is None:
        raise InputError("an ONNX model is no text; name a file", key="--output")
    require("onnx", "onnxruntime")
    target = write_target(output, key="--output") if output is not None else None
    given = load_exported(policy, task=task, station=station, action_mode=action_mode, trust_pickle=trust_pickle)
    version = current_versions().get("swaptwin") or "unreleased"
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    stamp = f"SwapTwin {version}, {now.date()}, network {given.facts['policy_sha256'][:16]}"
    if format == "onnx":
        data = as_onnx(given, stamp, precision)
    elif format == "st":
        data = as_structured_text(given, vectors_of(given, vectors, seed), stamp).encode()
    else:
        date = now.strftime("%Y-%m-%dT%H:%M:%S")
        data = as_plcopen(given, vectors_of(given, vectors, seed), stamp, version, date).encode()
    if target is not None:
        with atomic_write(target) as file:
            file.write(data)
    if json:
        emit_json(
            {
                "policy": given.name,
                "environment": given.facts["environment"],
                "format": format,
                "file": output,
                "bytes": len(data),
                "residual": given.residual,
                "weights": given.network.weights,
                "inputs": [{"name": one.name, "unit": one.unit} for one in given.inputs],
                "outputs": [{"name": one.name, "unit": one.unit} for one in given.outputs],
                "policy_sha256": given.facts["policy_sha256"],
            }
        )
    elif output is None:
        typer.echo(data.decode(), nl=False)
    else:
        sizes = f"{len(given.inputs)} quantities, {len(given.outputs)} setpoints, {given.network.weights} weights"
        typer.echo(f"{output}: {given.name}, {sizes}", err=True)


@app.command("card")
def card_command(
    policy: Annotated[str, typer.Argument(help="A bundle's folder, or a shipped bundle by name.")],
    evaluation: Annotated[
        list[str] | None, typer.Option(help="File of swaptwin evaluate --json; may be repeated. Replaces the results.")
    ] = None,
    judged_by: Annotated[list[str] | None, typer.Option(help="Command of that evaluation, in the same order.")] = None,
    made_by: Annotated[str | None, typer.Option(help="Command that makes the policy.")] = None,
    title: Annotated[str | None, typer.Option(help="Title of the card. Default: the folder's name.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")] = False,
) -> None:
    """Write a bundle's card and results anew: how it was made, what it was judged on, what it is valid for."""
    from pathlib import Path

    from agents.card import rewrite_card
    from agents.policies import bundle_names, bundles_folder

    folder = bundles_folder() / policy if policy in bundle_names() else Path(policy)
    if len(judged_by or ()) > len(evaluation or ()):
        raise InputError("more commands than evaluations", key="--judged-by", value=len(judged_by or ()))
    contract = rewrite_card(
        folder,
        evaluations=[Path(file) for file in evaluation or ()],
        judged_by=judged_by or (),
        command=made_by,
        title=title,
    )
    if json:
        emit_json({"folder": str(folder), "measured": len(contract.measured), "command": contract.made.command})
    else:
        typer.echo(f"{folder}: {len(contract.measured)} results", err=True)


@app.command("timing")
def timing_command(
    timing: Annotated[str, typer.Argument(help="Timing set: a name or a file.")],
    format: Annotated[
        str | None,
        typer.Option(
            help="csv: a parameter table; st: IEC 61131-3 structures; plcopen: PLCopen XML 2.01. "
            "Default: by the ending of --output (.st, .xml), else csv."
        ),
    ] = None,
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="File to write. Default: standard output, without --json.")
    ] = None,
    steps_to: Annotated[
        str | None,
        typer.Option("--steps", help="Folder for the steps of the ramp-in list: each as a timing set and in --format."),
    ] = None,
    station: Annotated[str, typer.Option(help="Station: a name or a file.")] = "top_lift",
    truck: Annotated[str | None, typer.Option(help="Truck of the predictions: a name or a file.")] = None,
    pack: Annotated[str | None, typer.Option(help="Pack of the predictions: a name or a file.")] = None,
    parking: Annotated[str, typer.Option(help="Parking of the predictions: guided or unguided.")] = "guided",
    seeds: Annotated[int, typer.Option(help="Swaps per step of the ramp-in list; 0: no list.")] = 40,
    seed: Annotated[int, typer.Option(help="Swap i runs on seed SEED + i.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")] = False,
) -> None:
    """Write a timing set's parameters in SI units, and the steps from factory to it with predicted times and forces.

    Predictions are of the reduced-order plant.
    """
    from pathlib import Path

    from agents.recordings import folder_for
    from agents.timing_export.formats import ENDINGS, FORMATS, text_of
    from agents.timing_export.parameters import rows_of
    from agents.timing_export.ramp_in import ramp_in
    from agents.timing_export.steps import write_steps
    from twin.catalogue import default_pack, load_pack, load_station, load_timing, load_truck
    from twin.commands.swap import default_truck
    from twin.recording.mcap.header import current_versions

    if format is None:
        format = ENDINGS.get(Path(output or "").suffix.lower(), "csv")
    if format not in FORMATS:
        raise InputError("unknown format", key="--format", value=format, allowed=", ".join(FORMATS))
    at_most("--seeds", seeds, 0, MAX_SEEDS)
    at_most("--seed", seed, 0, 2**63 - MAX_SEEDS)
    if parking not in ("guided", "unguided"):
        raise InputError("unknown parking", key="--parking", value=parking, allowed="guided, unguided")
    if steps_to is not None and not seeds:
        raise InputError("needs the ramp-in list, which --seeds 0 leaves out", key="--steps", value=steps_to)
    target = write_target(output, key="--output") if output is not None else None
    given_files = {"TIMING": timing, "--station": station, "--truck": truck, "--pack": pack}
    refuse_given("--output", [target] if target is not None else [], given_files)
    at = load_station(station)
    given, factory = load_timing(timing, at), load_timing("factory", at)
    loaded = load_pack(pack) if pack is not None else None
    who = load_truck(truck) if truck is not None else default_truck(at, loaded)
    what = loaded if loaded is not None else default_pack(at, who)
    version = current_versions().get("swaptwin") or "unreleased"
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)

    def written(one: TimingSet) -> str:
        return text_of(format, one, at, factory, version, now)

    with folder_for(steps_to, "--steps") if steps_to is not None else nullcontext() as folder:
        steps = []
        if seeds:
            with progress("ramp-in list") as line:
                played = range(seed, seed + seeds)
                steps = ramp_in(given, factory, at, who, what, played, parking=parking, progress=line.update)
        text = written(given)
        made = write_steps(folder, steps, given, written, format) if folder is not None else []
        if target is not None:
            with atomic_write(target) as file:
                file.write(text.encode())
    rows, before = rows_of(given, at), rows_of(factory, at)
    changed = sum(a.value != b.value for a, b in zip(rows, before, strict=True))
    if json:
        emit_json(
            {
                "timing": given.name,
                "station": at.name,
                "truck": who.name,
                "pack": what.name,
                "format": format,
                "file": output,
                "parameters": len(rows),
                "changed": changed,
                "planning": {"factory": factory.planning, "timing": given.planning},
                "steps": [
                    {
                        "step": i,
                        "what": step.what,
                        "changed": step.changed,
                        **step.prediction.as_plain(),
                        **({"files": [str(path) for path in made[i]]} if made else {}),
                    }
                    for i, step in enumerate(steps)
                ],
            }
        )
        return
    if output is None:
        typer.echo(text, nl=False)
    _print_steps(steps, err=output is None)
    if output is not None:
        words = f"{format}, {len(rows)} parameters, {changed} of them not factory's"
        typer.echo(f"{output}: {given.name} at {at.name}, {words}", err=True)
    if folder is not None:
        typer.echo(f"{folder}: {len(made)} steps, each as {format} and as a timing set (YAML)", err=True)


def _print_steps(steps: list[Any], *, err: bool) -> None:
    """The ramp-in list; on standard error where the parameters stand on standard output."""
    if not steps:
        return
    from rich.console import Console
    from rich.table import Table

    from twin.tables import print_table

    table = Table(title="Ramp-in, each step played on the reduced-order plant: time in s, lateral force in kN")
    head = ("step", "what changes", "values", "done", "viol.", "s", "s, 95 %", "kN", "kN, 95 %")
    for i, name in enumerate(head):
        table.add_column(name, justify="left" if i == 1 else "right")
    for i, step in enumerate(steps):
        of = step.prediction
        table.add_row(
            str(i),
            step.what,
            str(step.changed),
            f"{of.completed}/{of.swaps}",
            str(of.violations),
            _shown(of.time_median_s, 1),
            _shown(of.time_p95_s, 1),
            _shown(1e-3 * of.force_median_n, 2),
            _shown(1e-3 * of.force_p95_n, 2),
        )
    print_table(Console(stderr=err, highlight=False), table)


def _shown(value: float, decimals: int) -> str:
    """A number, or a dash where no swap of the step completed."""
    return "-" if math.isnan(value) else f"{value:.{decimals}f}"
