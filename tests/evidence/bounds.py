"""The tables of docs/bounds.md: both bounds of one swap of each station. No swap is played.

.venv/bin/python -m tests.evidence.bounds            # print them
.venv/bin/python -m tests.evidence.bounds --write    # into docs/bounds.md
"""

from __future__ import annotations

from tests.evidence.markers import replace
from tests.evidence.part import ROOT, OneLine
from twin.bounds import by_phase, kinematic_bound, procedure_bound
from twin.catalogue import load_pack, load_station, load_truck
from twin.setup.setup import build_setup

DOCUMENT = ROOT / "docs" / "bounds.md"
SHOWN = {"top_lift": ("tractor_6x4", "cab_282"), "chassis": ("chassis_tractor_3", "chassis_171")}
SEED = 1


def section(station: str) -> str:
    """Markdown of one station: both bounds by phase, then the items of each."""
    truck, pack = SHOWN[station]
    setup = build_setup(load_station(station), load_truck(truck), load_pack(pack), seed=SEED)
    kinematic, procedure = kinematic_bound(setup), procedure_bound(setup)
    parts = [
        f"By phase (`{truck}` with `{pack}`, seed {SEED}, guided parking):",
        by_phase(kinematic, procedure),
        "The procedure bound:",
        procedure.table(),
        "The kinematic bound:",
        kinematic.table(),
    ]
    return "\n\n".join(parts) + "\n"


def main() -> int:
    parser = OneLine(prog="python -m tests.evidence.bounds", description=__doc__)
    parser.add_argument("--write", action="store_true", help="put them into docs/bounds.md")
    write = parser.parse_args().write
    for station in SHOWN:
        if write:
            replace(DOCUMENT, station, section(station))
        else:
            print(f"## {station}\n\n{section(station)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
