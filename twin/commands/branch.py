"""`swaptwin swap --from FILE --at SECONDS`: continue a recorded swap from a moment with other settings."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin import kernel_cache
from twin.commands.running import NOT_YET, deciders, show_progress
from twin.console import progress
from twin.errors import InputError, naming

if TYPE_CHECKING:
    import typer

    from twin.faults import Fault
    from twin.recording.resume.moment import Moment, ReadySwap
    from twin.recording.swap.settings import Branch
    from twin.result import SwapResult

NO_POLICY = "none"
"""Name for no policy from the moment on."""


def given_options(context: typer.Context) -> dict[str, Any]:
    """Options given on the command line, by parameter."""
    typed = {}
    for name, value in context.params.items():
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            typed[name] = value
    return typed


def run_from(
    path: str | None,
    at_s: float | None,
    typed: Mapping[str, Any],
    faults: Sequence[Fault],
    policies: Mapping[str, str],
    record: str | None,
) -> SwapResult:
    """Run one swap that continues from a recorded moment.

    Args:
        typed: given options by parameter: `timing`, and others that must agree with the recording.
        policies: names by what they decide; NO_POLICY for none from the moment on.

    Raises:
        InputError: not allowed by recording, moment or settings, or a first part unlike the recording.
    """
    from twin.catalogue import load_timing
    from twin.recording import check_output_path
    from twin.recording.resume.begin import begin_from
    from twin.recording.resume.moment import Change

    if path is None or at_s is None:
        there, missing = ("--at", "--from") if path is None else ("--from", "--at")
        raise InputError(f"is missing: {there} needs it", key=missing)
    if record is not None:
        check_output_path(record)
        if Path(record).exists() and os.path.samefile(record, path):
            raise InputError("is the recording given as --from", key="--record", value=record)
    with progress("reading the recording") as line:
        moment = begin_from(path, at_s, plant=typed.get("plant", "bullet"), seed=typed.get("seed", 0))
        try:
            check_same(moment, typed)
            timing = load_timing(typed["timing"], moment.setup.station) if "timing" in typed else None
            changed = {what: None if name == NO_POLICY else name for what, name in policies.items()}
            branch = moment.branch(Change(timing, changed, tuple(faults)))
            line.update(kernel_cache.notice(moment.plant, "setting up the swap"))
            return run_branch(moment, branch, record, line)
        finally:
            moment.close()


def check_same(moment: Moment, typed: Mapping[str, Any]) -> None:
    """Refuse options that contradict the recording."""
    from twin.catalogue import load_pack, load_station, load_truck

    setup = moment.setup
    for name, model, load in (
        ("station", setup.station, load_station),
        ("truck", setup.truck, load_truck),
        ("pack", setup.pack, load_pack),
    ):
        given = typed.get(name)
        if given is not None and given != model.name and load(given) != model:
            raise _contradiction(moment, name, given, model.name)
    values = {
        "seed": setup.seed,
        "parking": setup.parking,
        "conditions": setup.variation.conditions,
        "plant": moment.plant,
    }
    for name, value in values.items():
        if typed.get(name, value) != value:
            raise _contradiction(moment, name, typed[name], value)


def _contradiction(moment: Moment, name: str, given: object, recorded: object) -> InputError:
    return InputError(
        "differs from the recording and cannot be changed in a branch",
        file=moment.path,
        key=f"--{name}",
        value=given,
        allowed=str(recorded),
    )


def run_branch(moment: Moment, branch: Branch, record: str | None, line: Any) -> SwapResult:
    """Run a branch, and record it from its beginning."""
    branched = moment.begin(branch, lambda what, name: policy(what, name, moment))
    try:
        show_progress(branched.twin, line)
        return branched.run() if record is None else _recorded(branched, Path(record))
    finally:
        branched.close()


def policy(what: str, name: str, moment: Moment) -> Any:
    """Policy object for a policy's name: a TimingDecider or a MakeDecider."""
    if what not in deciders:
        raise InputError(NOT_YET, key=f"--{what}-policy", value=name)
    (decider,) = deciders[what](name, moment.setup).values()
    return decider


def _recorded(branched: ReadySwap, path: Path) -> SwapResult:
    """Run and record, under another name up to the moment: a refusal there leaves no file and keeps an existing one."""
    from twin.recording.swap import SwapRecorder

    part = path.with_name(f".{path.name}.part")
    branched.on_reached = lambda: os.replace(part, path)
    try:
        with naming(path), SwapRecorder(part, branched.twin) as recorder:
            result = dataclasses.replace(branched.run(), recording=str(path))
            recorder.finish(result)
            return result
    finally:
        part.unlink(missing_ok=True)
