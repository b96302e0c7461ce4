"""An agreement as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from agents.agreement.lines import Line, percent
from agents.agreement.run import Agreement


def verdict(line: Line) -> str:
    """State whether the line's target is met; a dash without a target."""
    if line.target is None:
        return "-"
    if line.met is None:
        return "**not judged**"
    return "met" if line.met else "**not met**"


def markdown(agreement: Agreement) -> str:
    """Write the whole table: its setup, a row per line of the swaps, the seeds that differ, a row per phase."""
    phases, others = agreement.lines
    names = agreement.names
    earlier = f" {agreement.earlier} of the reference's rows are of another version." if agreement.earlier else ""
    made_from = f"{names['truck']} with {names['pack']}, {names['timing']} timing, {names['conditions']}"
    head = (
        f"{made_from}: {len(agreement.pairs)} seeds, {agreement.completed} completed on both plants, "
        f"{agreement.equal} of these with as many insertions.{earlier}"
    )
    return "\n".join([head, "", *line_table(others), *different(others), "", *phase_table(phases)]) + "\n"


def phase_table(lines: Sequence[Line]) -> list[str]:
    """Write one row per phase."""
    rows = [
        "| phase | reference, s: median | swaps | difference: median | worst | seed | worst, whatever the insertions "
        f"| {lines[0].target} |",
        "|---|---:|---:|---:|---:|---:|---:|---|",
    ]
    for line in lines:
        v, everyone = line.values, line.values["all"]
        of_all = _difference(everyone, "worst") if everyone["n"] else "-"
        if line.n:
            seed = str(v["worst_seed"]) if v["worst_difference_s"] else "-"
            median, worst = _difference(v, "median"), _difference(v, "worst")
            cells = f"{v['reference_median_s']:.2f} | {line.n} | {median} | {worst} | {seed}"
        else:
            cells = "- | 0 | - | - | -"
        rows.append(f"| {line.name} | {cells} | {of_all} | {verdict(line)} |")
    return rows


def _difference(values: dict[str, float], which: str) -> str:
    return f"{values[f'{which}_difference_s']:+.3f} s, {percent(values[f'{which}_difference'], 1, '+')}"


def line_table(lines: Sequence[Line]) -> list[str]:
    """Write one row for each of the other lines."""
    rows = ["| | figure | swaps | target | |", "|---|---|---:|---|---|"]
    rows += [f"| {x.name} | {x.figure} | {x.n} | {x.target or '-'} | {verdict(x)} |" for x in lines]
    return rows


def different(lines: Sequence[Line]) -> list[str]:
    """Name the seeds that ended, or were seated, differently."""
    sentences = []
    for line in lines:
        seeds = [
            f"{one['seed']} ({_words(one['reference'])} on the reference, {_words(one['reduced'])} here)"
            for one in line.values.get("different", ())
        ]
        if seeds:
            sentences += ["", f"Not the {line.name}: seeds {', '.join(seeds)}."]
    return sentences


def _words(value: str | list[int]) -> str:
    return f"`{value}`" if isinstance(value, str) else "/".join(map(str, value)) + " attempts"
