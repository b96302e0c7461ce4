"""Evidence: how well the reduced-order plant agrees with the reference plant, per station and parking.

    .venv/bin/python -m tests.evidence.agreement            # plays the reduced-order plant, stores, writes the tables
    .venv/bin/python -m tests.evidence.agreement --tables   # only writes the tables

The reference's rows are those of the campaigns (tests/evidence/campaign.py), whatever code played them. The
reduced-order plant plays all of their seeds anew, in half a minute, into tests/evidence/<station>_<parking>_rom.jsonl.
The tables stand in the README and in docs/agreement.md. `tests/evidence/test_agreement.py` holds the figures to their
targets.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from agents.agreement.lines import Line
from agents.agreement.markdown import markdown, verdict
from agents.agreement.run import Agreement, agreement_of, reduced_rows
from agents.swap_rows import SwapRow, read_rows, write_rows
from tests.evidence.campaign import CELLS, HERE, setup_of, stored_rows
from tests.evidence.markers import replace

ROOT = Path(__file__).parents[2]
README, DOCUMENT = ROOT / "README.md", ROOT / "docs" / "agreement.md"
PARKINGS = ("guided", "unguided")
CASES = tuple((station, parking) for station in CELLS for parking in PARKINGS)
SECTION = "agreement"


def path_of(station: str, parking: str) -> Path:
    """Where the reduced-order plant's rows are."""
    return HERE / f"{station}_{parking}_rom.jsonl"


def seeds_of(station: str, parking: str) -> list[int]:
    """The seeds that the reference has played."""
    return [row.seed for row in stored_rows(station, parking)]


def rom_rows(station: str, parking: str) -> list[SwapRow]:
    """The stored rows of the reduced-order plant."""
    return read_rows(path_of(station, parking))


def play(station: str, parking: str) -> None:
    """Play and store all seeds of the reference on the reduced-order plant."""
    rows = reduced_rows(setup_of(station, parking), seeds_of(station, parking))
    write_rows(path_of(station, parking), rows)


def stored(station: str, parking: str) -> Agreement:
    """The table of what is stored."""
    rows = [*stored_rows(station, parking), *rom_rows(station, parking)]
    return agreement_of(setup_of(station, parking), rows, seeds_of(station, parking))


# --------------------------------------------------------------------------------------------------------------- tables


def summary() -> str:
    """Markdown for the README: a row a line of the table, a column a station and parking."""
    of = [stored(station, parking) for station, parking in CASES]
    rows = [
        f"| | {' | '.join(f'{station}, {parking}' for station, parking in CASES)} |",
        f"|---|{'---|' * len(CASES)}",
        _row("seeds (completed on both plants)", [f"{len(one.pairs)} ({one.completed})" for one in of]),
        _row("phases within their target", [_phases(one) for one in of]),
    ]
    for k, line in enumerate(of[0].lines[1]):
        target = f", {line.target}" if line.target else ""
        rows.append(_row(f"{line.name}{target}", [_cell(one.lines[1][k]) for one in of]))
    if earlier := sum(one.earlier for one in of):
        rows += ["", f"{earlier} of the {sum(len(one.pairs) for one in of)} reference swaps are of earlier code."]
    return "\n".join(rows) + "\n"


def _row(name: str, cells: list[str]) -> str:
    return f"| {name} | {' | '.join(cells)} |"


def _cell(line: Line) -> str:
    return f"{line.short}: {verdict(line)}" if line.target else line.short


def _phases(one: Agreement) -> str:
    phases = one.lines[0]
    failed = [f"{line.name} {line.short}" for line in phases if line.failed]
    met = f"{len(phases) - len(failed)} of {len(phases)}"
    return f"{met}; **not met**: {', '.join(failed)}" if failed else f"{met}: met"


def sections() -> str:
    """Markdown for docs/agreement.md: the whole table of each station and parking."""
    parts = [f"## {station}, {parking} parking\n\n{markdown(stored(station, parking))}" for station, parking in CASES]
    return "\n".join(parts)


TABLES = ((README, summary), (DOCUMENT, sections))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", action="store_true", help="only write the tables")
    if not parser.parse_args().tables:
        for station, parking in CASES:
            play(station, parking)
            print(f"{station} {parking}: {len(rom_rows(station, parking))} swaps", file=sys.stderr)
    for path, section in TABLES:
        replace(path, SECTION, section())
    return 0


if __name__ == "__main__":
    sys.exit(main())
