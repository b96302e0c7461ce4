"""The README's table of swaps from the stored campaigns, between its markers.

.venv/bin/python -m tests.evidence.readme          # writes it
.venv/bin/python -m tests.evidence.readme --check  # exit code 1 where the README says something else
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.evidence.campaign import CELLS, read, summary

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- swaps: begin -->\n", "<!-- swaps: end -->\n"


def table() -> str:
    """Markdown, a row per station and parking."""
    lines = [
        "| station, parking | swaps | completed | seated at first attempt | violations "
        "| mechanical time, s: median (range) | over lower bound |",
        "|---|---:|---:|---:|---:|---|---:|",
    ]
    for station in CELLS:
        for parking in ("guided", "unguided"):
            s = summary(read(station, parking))
            low, high = (100.0 * share for share in s["first_attempt_ci95"])
            time = s["mechanical_time_s"]
            lines.append(
                f"| {station}, {parking} | {s['seeds']} | {s['completed']} | {s['first_attempt']} "
                f"({low:.0f} to {high:.0f} %) | {s['violations']} | {time['median']:.1f} ({time['min']:.1f} to "
                f"{time['max']:.1f}) | {s['ratio_median']:.2f} |"
            )
    others = []
    for station in CELLS:
        for parking in ("guided", "unguided"):
            found = {k: n for k, n in summary(read(station, parking))["outcomes"].items() if k != "completed"}
            others += [f"{n} x `{name}` ({station}, {parking})" for name, n in sorted(found.items())]
    lines += ["", f"Not completed: {'; '.join(others) if others else 'none'}. In brackets: 95 % Wilson intervals."]
    return "\n".join(lines) + "\n"


def with_table(text: str) -> str:
    """README's text with the table as it is now."""
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise SystemExit(f"{README}: no markers {BEGIN.strip()} and {END.strip()}")
    return before + BEGIN + table() + END + after


def main() -> int:
    text = README.read_text()
    wanted = with_table(text)
    if "--check" in sys.argv[1:]:
        return int(wanted != text)
    README.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
