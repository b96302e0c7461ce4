"""A study on the cheap trial function; run as a program it is one that can be killed.

python -m tests.agents.tune.cheap_study LEDGER TRIALS [PAUSE_S]
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agents.experiments import campaign
from agents.experiments.campaign import Campaign
from agents.experiments.ledger import Ledger
from agents.experiments.trial import Figures, Trial
from agents.tune.study import Outcome, Settings, Study
from tests.agents.experiments.small import play
from twin.catalogue import load_pack, load_station, load_timing, load_truck

STATION = load_station("top_lift")
PAIRS = ((load_truck("tractor_6x4"), load_pack("cab_282")), (load_truck("dump_8x4"), load_pack("cab_141")))
FACTORY = load_timing("factory", STATION)
RUNGS = (2, 8, 32)
ROOT = Path(__file__).resolve().parents[3]


def settings(**other: Any) -> Settings:
    base: dict[str, Any] = {"rungs": RUNGS, "wave": 16, "seed": 5}
    return Settings(STATION, PAIRS, FACTORY, FACTORY, **{**base, **other})


def run(ledger: Path | None, trials: int, pause_s: float = 0.0, **other: Any) -> tuple[Outcome, Campaign]:
    """Run a study in this process."""

    def slow(batch: Sequence[Trial]) -> list[Figures]:
        time.sleep(pause_s)
        return play(batch)

    before = campaign.make_player
    campaign.make_player = lambda: slow
    try:
        with Ledger(ledger) as opened, Campaign(opened, batch=8) as playing:
            study = Study(settings(**other), opened, playing.play)
            return study.run(trials, reference_swaps=4, unseen_swaps=8), playing
    finally:
        campaign.make_player = before


def outcome_of(outcome: Outcome) -> dict[str, Any]:
    """What has to be the same, interrupted or not."""
    return {
        "best": None if outcome.best is None else [outcome.best.candidate.number, outcome.best.candidate.values],
        "candidates": [[one.number, one.values, one.deepest] for one in outcome.search.state.played],
        "front": [one.number for one in outcome.front],
        "refused": [[one.number, one.plant, one.why] for one in outcome.refused],
        "swaps": outcome.search.swaps,
    }


if __name__ == "__main__":
    file, count, pause = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]) if len(sys.argv) > 3 else 0.0
    print(json.dumps(outcome_of(run(file, count, pause)[0])))
