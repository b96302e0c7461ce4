"""Tables of the stored policy evidence, for docs/evaluate.md and the README."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agents.statistics import wilson
from envs.alignment_case import AlignmentChoice
from envs.swap_case import SwapChoice, outside_gate
from envs.timing import STILL_S
from tests.evidence import docking_laws
from tests.evidence.part import HERE, about_lines
from tests.evidence.policies import BY_NAME, CASES, Case, evaluation, read
from twin.catalogue import load_station, with_overrides

AGAINST = "factory"
"""What timing policies are compared with, seed by seed."""


def _tables(task: str) -> list[str]:
    """Stored tables of a task, without the trained policy's."""
    return [f"policies/{case.name}" for case in CASES if case.name.startswith(task)]


def interval(low_high: list[float]) -> str:
    low, high = (100.0 * value for value in low_high)
    return f"{low:.1f} to {high:.1f} %"


def pair(values: dict[str, float | None], factor: float = 1.0) -> str:
    """The median and the highest percentile."""
    first, *_, last = values.values()
    return ", ".join("-" if value is None else f"{factor * value:.1f}" for value in (first, last))


def where(case: Case) -> str:
    return ", ".join(case.options.values())


def rows_of(case: Case, folder: Path) -> list[dict[str, Any]]:
    """One row of `evaluate --json` for each policy of the case that has stored episodes, each on all of its own."""
    known = {policy for policy, _ in read(case, folder)}
    found = []
    for policy in case.policies:
        if policy in known:
            reported = evaluation(case, (policy,), folder).as_json()
            found.append({**reported["policies"][0], "episodes": reported["episodes"]})
    return found


def others(row: dict[str, Any], success: str) -> str:
    return ", ".join(f"{name} {n}" for name, n in row["reasons"].items() if name != success) or "-"


def alignment_table(folder: Path = HERE) -> str:
    """Markdown, a row per case and policy."""
    lines = [
        "| station, parking | policy | episodes | seated | at the first attempt | 95 % interval "
        "| time, s: median, p95 | force, kN: median, p99 | violations | other ends |",
        "|---|---|---:|---:|---:|---|---|---|---:|---|",
    ]
    for case in CASES:
        if not case.name.startswith("alignment"):
            continue
        for row in rows_of(case, folder):
            first = row["rates"]["first_attempt"]
            lines.append(
                f"| {where(case)} | {row['name']} | {row['episodes']} | {100 * row['success_rate']:.1f} % "
                f"| {100 * first['rate']:.1f} % | {interval(first['ci95'])} | {pair(row['time_s'])} "
                f"| {pair(row['peak_lateral_force_n'], 1e-3)} | {row['violations']} | {others(row, 'seated')} |"
            )
    return "\n".join([*lines, "", about_lines(_tables("alignment"), folder)])


def difference(case: Case, policy: str, folder: Path, against: str = AGAINST, digits: int = 1) -> str:
    """Time less that of another policy on the same seeds, where both succeeded, with its interval."""
    known = {name for name, _ in read(case, folder)}
    if policy == against or not {policy, against} <= known:
        return "-"
    for row in evaluation(case, (against, policy), folder).as_json()["paired"]:
        if row["metric"] == "time_s":
            low, high = row["ci95"]
            median = f"{row['median_difference']:+.{digits}f} s"
            return f"{median} ({low:+.{digits}f} to {high:+.{digits}f}; {row['pairs']})"
    return "-"


def trained_table(folder: Path = HERE) -> str:
    """Markdown: a training run's start and its result."""
    case = BY_NAME["trained-alignment"]
    lines = [
        "| policy | episodes | seated | 95 % interval | at the first attempt | time, s: median, p95 "
        "| less untrained, paired: median (95 % interval; pairs) | force, kN: median, p99 | violations | other ends |",
        "|---|---:|---:|---|---:|---|---|---|---:|---|",
    ]
    for row in rows_of(case, folder):
        first = row["rates"]["first_attempt"]
        lines.append(
            f"| {row['name']} | {row['episodes']} | {100 * row['success_rate']:.1f} % "
            f"| {interval(row['success_ci95'])} | {100 * first['rate']:.1f} % | {pair(row['time_s'])} "
            f"| {difference(case, row['name'], folder, 'untrained', 2)} "
            f"| {pair(row['peak_lateral_force_n'], 1e-3)} | {row['violations']} | {others(row, 'seated')} |"
        )
    return "\n".join([*lines, "", about_lines(["policies/trained-alignment"], folder)])


def timing_table(folder: Path = HERE) -> str:
    """Markdown, a row per station and policy."""
    lines = [
        "| station | policy | episodes | completed | 95 % interval | mechanical time, s: median, p95 "
        "| less factory's, paired: median (95 % interval; pairs) | force, kN: median, p99 | violations | other ends |",
        "|---|---|---:|---:|---|---|---|---|---:|---|",
    ]
    for case in CASES:
        if case.task != "timing_v0":
            continue
        for row in rows_of(case, folder):
            lines.append(
                f"| {where(case)} | {row['name']} | {row['episodes']} | {100 * row['success_rate']:.1f} % "
                f"| {interval(row['success_ci95'])} | {pair(row['time_s'])} | {difference(case, row['name'], folder)} "
                f"| {pair(row['peak_lateral_force_n'], 1e-3)} | {row['violations']} | {others(row, 'completed')} |"
            )
    return "\n".join([*lines, "", about_lines(_tables("timing"), folder)])


def outside_gate_first(case: Case, seeds: list[int]) -> list[int]:
    """Those of the seeds whose truck, as first drawn, stands outside the station's gate and parks again."""
    station, parking = load_station(case.options["station"]), case.options.get("parking")
    if case.task == "timing_v0":
        choice = SwapChoice(with_overrides(station, STILL_S), parking=parking)
        return [seed for seed in seeds if outside_gate(choice.draw(seed))]
    alignment = AlignmentChoice(SwapChoice(station, parking=parking))
    return [seed for seed in seeds if alignment.draw(seed).swap.reparked]


def gate_table(folder: Path = HERE) -> str:
    """Markdown: how many of the trucks of each case would have been sent back, and what is left of the successes."""
    lines = [
        "| task | episodes | stood outside the gate at first | policy | success, after parking again "
        "| success at the first parking (95 % interval) |",
        "|---|---:|---:|---|---:|---|",
    ]
    for case in CASES:
        if case.task not in ("timing_v0", "alignment") or case.name == "trained-alignment":
            continue
        policy = "zvd" if case.task == "timing_v0" else "baseline"
        episodes = {seed: episode for (name, seed), episode in read(case, folder).items() if name == policy}
        outside = set(outside_gate_first(case, sorted(episodes)))
        n, done = len(episodes), sum(episode.success for episode in episodes.values())
        first = sum(episode.success and seed not in outside for seed, episode in episodes.items())
        lines.append(
            f"| {case.task.removesuffix('_v0')}, {where(case)} | {n} | {len(outside)} | {policy} "
            f"| {100 * done / n:.1f} % "
            f"| {100 * first / n:.1f} % ({interval(list(wilson(first, n)))}) |"
        )
    return "\n".join([*lines, "", about_lines([*_tables("timing"), *_tables("alignment")], folder)])


def policies_table(folder: Path = HERE) -> str:
    """The yardsticks of docking in a few rows, for the README; alignment and timing have tables of their own."""
    lines = [
        "| task | policy | episodes | success (95 % interval) | time, s: median, p95 | violations |",
        "|---|---|---:|---|---|---:|",
    ]
    for row in docking_laws.read(folder):
        law = next(iter(docking_laws.LAWS[row["direction"]]))
        if (row["conditions"], row["law"]) == (docking_laws.CONDITIONS[-1], law):
            lines.append(docking_laws.short_row(row))
    return "\n".join([*lines, "", about_lines([docking_laws.TABLE], folder)])
