"""The README's table of swaps from the stored campaigns."""

from __future__ import annotations

from pathlib import Path

from tests.evidence.campaign import SETS, read, summary, table_of
from tests.evidence.part import HERE, ROOT, about_lines

README = ROOT / "README.md"
SECTION = "swaps"


def table(folder: Path = HERE) -> str:
    """Markdown, a row per station and parking."""
    lines = [
        "| station, parking | swaps | completed | seated at first attempt | violations "
        "| mechanical time, s: median (range) | over kinematic bound | over procedure bound |",
        "|---|---:|---:|---:|---:|---|---:|---:|",
    ]
    others = []
    for station, parking in SETS:
        s = summary(read(station, parking, folder))
        low, high = (100.0 * share for share in s["first_attempt_ci95"])
        time, times = s["mechanical_time_s"], "- | - | -"
        if s["completed"]:
            times = f"{time['median']:.1f} ({time['min']:.1f} to {time['max']:.1f})"
            times += f" | {s['ratio_kinematic_median']:.2f} | {s['ratio_procedure_median']:.2f}"
        lines.append(
            f"| {station}, {parking} | {s['seeds']} | {s['completed']} | {s['first_attempt']} "
            f"({low:.0f} to {high:.0f} %) | {s['violations']} | {times} |"
        )
        found = {name: n for name, n in s["outcomes"].items() if name != "completed"}
        others += [f"{n} x `{name}` ({station}, {parking})" for name, n in sorted(found.items())]
    lines += ["", f"Not completed: {'; '.join(others) if others else 'none'}. In brackets: 95 % Wilson intervals."]
    return "\n".join(lines) + "\n" + about_lines([table_of(*which) for which in SETS], folder)
