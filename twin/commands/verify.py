"""`swaptwin verify`: rerun a recording's commands and compare every state bit for bit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from twin.console import emit_json, progress

if TYPE_CHECKING:
    from twin.recording.verify import Verification


def command(
    recording: Annotated[str, typer.Argument(help="A recording of a swap, an insertion or a drive into the bay.")],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Re-run a recording's commands and compare every recorded state bit for bit.

    Exit code 0: the same to the last bit. 1: a difference, or a recorded value that is not finite. 2: no recording that
    this version can run.
    """
    from twin.recording.verify import verify

    with progress("reading the recording", total=1.0) as line:

        def show(t_s: float, end_s: float) -> None:
            line.update(f"running again, {t_s:.0f} of {end_s:.0f} s", completed=t_s, total=end_s)

        report = verify(recording, on_progress=show)
    if json:
        emit_json(report.as_json())
    else:
        print_report(report)
    if not report.verified:
        raise typer.Exit(1)


def print_report(report: Verification) -> None:
    """Print the comparison and its result."""
    from rich.console import Console

    console = Console(highlight=False)
    for warning in report.warnings:
        console.print(f"warning: {warning}", style="yellow", markup=False, soft_wrap=True)
    whole = "" if report.complete else ", cut off before its end"
    console.print(f"recording      {report.recording}", markup=False, soft_wrap=True)
    console.print(f"outcome        {report.outcome}{whole}", markup=False)
    console.print(
        f"compared       {report.samples} samples, {report.values} values, {report.commands} commands, "
        f"to {report.duration_s:.2f} s",
        markup=False,
    )
    wrong, difference = report.not_finite, report.first_difference
    if wrong is not None:
        where = f"{wrong.field} of {wrong.topic} at {wrong.t_s:.3f} s"
        text = f"result         not a finite number: {where}; nothing was run again"
        console.print(text, style="red", markup=False, soft_wrap=True)
        return
    if difference is None:
        end = "end state too" if report.rerun_sha256 else "it has no end state"
        console.print(f"result         the same to the last bit; {end}", style="green", markup=False)
        return
    console.print(f"result         differs from {difference.t_s:.3f} s on", style="red", markup=False)
    console.print(f"channel        {difference.channel}", markup=False, soft_wrap=True)
    console.print(f"recorded       {difference.recorded!r}", markup=False, soft_wrap=True)
    console.print(f"re-run         {difference.rerun!r}", markup=False, soft_wrap=True)
