"""The README's table of swaps from the stored campaigns, between its markers.

.venv/bin/python -m tests.evidence.readme          # writes it
.venv/bin/python -m tests.evidence.readme --check  # exit code 1 where the README says something else
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.evidence.campaign import CELLS, read, summary
from tests.evidence.markers import between, replace

README = Path(__file__).parents[2] / "README.md"
SECTION = "swaps"


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


def main() -> int:
    if "--check" in sys.argv[1:]:
        return int(between(README, SECTION) != table())
    replace(README, SECTION, table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
