"""A study's outcome in words, as JSON, and in its files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from agents.experiments.campaign import Counts
from agents.experiments.trial import REFERENCE, Figures, program_version
from agents.statistics import median_interval, wilson
from agents.tune.files import as_yaml
from agents.tune.phases import PhaseTimes, phase_times
from agents.tune.picture import Front, Point, as_html, as_png, lowest
from agents.tune.problem import UNSEEN
from agents.tune.samplers.base import Candidate
from agents.tune.score import judged_force_n, summary
from agents.tune.search import STRICT_FROM
from agents.tune.study import Outcome, Settings
from twin.catalogue import TimingSet
from twin.console import atomic_write

SHOWN_OTHERS = 400
"""Most sets that the picture shows beside the front."""


def picture_paths(target: Path) -> tuple[Path, Path]:
    """Return the paths of the pictures beside a timing set's file: HTML and PNG."""
    return target.with_suffix(".html"), target.with_suffix(".png")


def set_summary(own: Sequence[Figures], factory: Sequence[Figures], seed: int) -> dict[str, Any]:
    """Return a set's summary, with intervals of its rates and the paired difference in time to factory."""
    found = judged_summary(own, factory)
    n = len(own)
    found["completed_ci95"] = [round(x, 4) for x in wilson(sum(one.completed for one in own), n)]
    found["first_attempt_ci95"] = [round(x, 4) for x in wilson(sum(one.first_attempt for one in own), n)]
    pairs = [a.mechanical_time_s - b.mechanical_time_s for a, b in zip(own, factory, strict=True)
             if a.completed and b.completed]  # fmt: skip
    if pairs:
        median, interval = median_interval(np.array(pairs), seed)
        found["less_than_factory_s"] = {
            "median": round(-median, 3),
            "ci95": [round(-interval[1], 3), round(-interval[0], 3)],
            "pairs": len(pairs),
        }
    return found


def judged_summary(own: Sequence[Figures], factory: Sequence[Figures]) -> dict[str, Any]:
    """Return a set's summary with the force that constraints are about."""
    return {**summary(own), "judged_force_p95_n": round(judged_force_n(own, factory), 3)}


def phases_of(outcome: Outcome, settings: Settings) -> tuple[int, list[PhaseTimes]]:
    """Return the number of scenarios, and factory's and the chosen set's mean times of each phase; none without one."""
    best = outcome.best
    if best is None or not any(one.phases_s for one in best.unseen):
        return 0, []
    scenarios = outcome.search.problem.scenarios(range(UNSEEN, UNSEEN + len(best.unseen)))
    return phase_times(settings.station, best.timing, scenarios, outcome.factory_unseen, best.unseen)


def as_json(outcome: Outcome, settings: Settings, counts: Counts, wall_s: float, files: list[str]) -> dict[str, Any]:
    """Return the command's JSON object; `files`: timing set, HTML and PNG, empty if nothing was written."""
    best = outcome.best
    found: dict[str, Any] = {
        "station": settings.station.name,
        "sampler": settings.sampler,
        "objectives": list(settings.objectives),
        "seed": settings.seed,
        "version": program_version(),
        "trials": outcome.search.candidate_count,
        "swaps": counts.asked,
        "played": counts.played,
        "wall_s": round(wall_s, 3),
        "swaps_per_s": round(counts.played / counts.playing_s, 2) if counts.playing_s > 0.0 else None,
        "best": None,
        "baseline": judged_summary(outcome.factory_unseen, outcome.factory_unseen),
        "reference": {"plant": REFERENCE, "seeds": len(outcome.factory_reference)},
        "pareto": [front_row(one, outcome.search.state.played[0]) for one in outcome.front],
        "phases": [
            {"phase": one.phase, "baseline_s": one.factory_s, "best_s": one.best_s, "procedure_bound_s": one.bound_s}
            for one in phases_of(outcome, settings)[1]
        ],
        "worth": [{"phase": one.phase, "s": one.s, "changed": one.changed} for one in outcome.worth],
        "refused": [{"candidate": one.number, "plant": one.plant, "why": one.why} for one in outcome.refused],
        "pictures": files[1:],
        "errors": len(counts.errors),
    }
    if best is not None:
        found["best"] = {
            "file": files[0],
            "candidate": best.candidate.number,
            **set_summary(best.unseen, outcome.factory_unseen, settings.seed),
        }
    if outcome.factory_reference:
        found["reference"]["baseline"] = judged_summary(outcome.factory_reference, outcome.factory_reference)
        if best is not None:
            found["reference"]["best"] = set_summary(best.reference, outcome.factory_reference, settings.seed)
    return found


def front_row(one: Candidate, start: Candidate) -> dict[str, Any]:
    """Return one set of the front, on the scenarios of the search, with the parameters that differ from the start's."""
    changed = {name: value for name, value in one.values.items() if value != start.values[name]}
    return {"candidate": one.number, **summary(one.figures), "changed": changed}


def final_set(outcome: Outcome, settings: Settings, name: str) -> TimingSet:
    """Return the chosen set under the name of its file."""
    assert outcome.best is not None
    title = f"Tuned for {' and '.join(settings.objectives)} from {settings.start.name}, by search"
    return outcome.best.timing.model_copy(update={"name": name, "title": title})


def text_of(outcome: Outcome, settings: Settings, counts: Counts, name: str, command: str) -> str:
    """Return the text of the timing set's file, its evidence in it; `command`: the line that made it."""
    best = outcome.best
    assert best is not None
    own = set_summary(best.unseen, outcome.factory_unseen, settings.seed)
    gain = own["less_than_factory_s"]
    low, high = gain["ci95"]
    comments = [
        f"Made by `{command}`",
        f"version {program_version()}, sampler {settings.sampler}, seed {settings.seed}: "
        f"{outcome.search.candidate_count} candidates, {counts.asked} swaps",
        f"reduced-order plant, {own['swaps']} scenarios that the search has not seen: {_words(own)}",
        f"  factory on the same: {_words(judged_summary(outcome.factory_unseen, outcome.factory_unseen))}",
        f"  less than factory, paired: {gain['median']:.2f} s (95 % interval {low:.2f} to {high:.2f})",
    ]
    if best.reference:
        comments += [
            f"reference plant, {len(best.reference)} of them: "
            f"{_words(set_summary(best.reference, outcome.factory_reference, settings.seed))}",
            f"  factory on the same: {_words(judged_summary(outcome.factory_reference, outcome.factory_reference))}",
        ]
    trucks = ", ".join(dict.fromkeys(f"{truck.name} with {pack.name}" for truck, pack in settings.pairs))
    comments.append(f"trucks and packs: {trucks}")
    evidence = (
        f"swaptwin tune, version {program_version()}, seed {settings.seed}, "
        f"{outcome.search.candidate_count} candidates, {counts.asked} swaps; "
        f"median {own['mechanical_time_s']['median']} s against factory's "
        f"{summary(outcome.factory_unseen)['mechanical_time_s']['median']} s on {own['swaps']} unseen scenarios, "
        f"checked on {len(best.reference)} swaps of the reference plant"
    )
    return as_yaml(final_set(outcome, settings, name), comments, evidence)


def _words(of: dict[str, Any]) -> str:
    time_s = of["mechanical_time_s"]
    if time_s["median"] is None:
        return f"none of {of['swaps']} completed"
    return (
        f"median {time_s['median']:.1f} s, p95 {time_s['p95']:.1f} s; completed {100 * of['completed']:.1f} %, "
        f"first attempt {100 * of['first_attempt']:.1f} %, violations {of['violations']}; lateral force where factory "
        f"completes p95 {of['judged_force_p95_n'] / 1e3:.2f} kN, of all up to {of['max_lateral_force_n'] / 1e3:.2f} kN"
    )


def front_of(outcome: Outcome, settings: Settings) -> Front:
    """Return what the picture shows; every set on the scenarios that it was played on."""
    played = [one for one in outcome.search.state.played if one.deepest >= STRICT_FROM and one.score.feasible]
    numbers = {one.number for one in outcome.front}
    abort_n = settings.station.limits.lateral_abort_n
    others = [_point(one, abort_n) for one in played if one.number not in numbers and one.number > 0]
    members = [_point(one, abort_n) for one in outcome.front]
    front = lowest(members)  # the others are on it for their sway
    best = outcome.best.candidate if outcome.best is not None else None
    return Front(
        title=f"{settings.station.name}: {outcome.search.candidate_count} candidates on scenarios of the search",
        front=front,
        others=[*others[-SHOWN_OTHERS:], *(one for one in members if one not in front)],
        start=_point(outcome.search.state.played[0], abort_n, settings.start.name),
        start_name=settings.start.name,
        best=_point(best, abort_n) if best is not None else None,
    )


def _point(one: Candidate, abort_n: float, name: str = "") -> Point:
    of = summary(one.figures)
    median = of["mechanical_time_s"]["median"]
    words = f"{name or f'candidate {one.number}'}, {of['swaps']} scenarios"
    return Point(0.0 if median is None else median, one.score.objectives["force"] * abort_n, words)


def write(target: Path, text: str | None, front: Front) -> list[str]:
    """Write the pictures, then the set; return the paths, the set's first."""
    html, png = picture_paths(target)
    contents = [(html, as_html(front)), (png, as_png(front))]
    if text is not None:
        contents.append((target, text.encode()))
    for path, data in contents:
        with atomic_write(path) as file:
            file.write(data)
    return [str(target), str(html), str(png)] if text is not None else []
