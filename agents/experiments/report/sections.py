"""The sections of the report, from key figures to method; what factors do has a module of its own."""

from __future__ import annotations

from collections.abc import Sequence

from agents.experiments.report import estimates, phase_charts, setting_charts, time_charts
from agents.experiments.report.answer import Choice, level
from agents.experiments.report.data import Trials
from agents.experiments.report.document import Section, table_html
from agents.experiments.report.estimates import Estimate, rate
from agents.experiments.report.figure import cut, safe, told
from agents.experiments.report.metrics import CYCLE, FAILED, FORCE, KNOWN, RETRIES, TIME, Metric
from agents.experiments.report.naming import MAX_ROWS, MAX_TABLE, Names
from agents.experiments.report.rerun import command, worst


def key_figures(trials: Trials, choice: Choice, names: Names) -> Section | None:
    """Key figures of the two settings side by side."""
    if choice.best is None:
        return None
    found = Section("figures", "Key figures")
    decides = TIME.name if choice.metric.name == FAILED else choice.metric.name
    asked = [decides, TIME.name, CYCLE.name, FORCE.name, "peak_axial_force_n", "residual_sway_m",
             "electric_energy_j", "energy_j", RETRIES]  # fmt: skip
    present = [KNOWN.get(name, choice.metric) for name in dict.fromkeys(asked) if name in set(trials.metrics)]
    pair = [choice.best] if choice.rival is None else [choice.rival, choice.best]
    heads = ["mean of completed swaps", *(cut(names.short(k), 30) for k in pair)]
    if len(pair) > 1:
        heads.append("difference, paired")
        found.lines.append(
            f"<p>{safe(cut(names.short(pair[0]), 30))}: {safe(names.whole(pair[0]))} "
            f"({'baseline' if pair[0] == choice.baseline else 'second best'}). "
            f"{safe(cut(names.short(pair[1]), 30))}: {safe(names.whole(pair[1]))} (best).</p>"
            if names.short(pair[0]) != names.whole(pair[0])
            else f"<p>Baseline and best setting. Factors: {safe(', '.join(names.factors))}.</p>"
        )
    rows = []
    for one in present:
        grid = trials.grid(one.name)
        row = [f"{one.axis}", *(_cell(trials.mean(grid[k]), one) for k in pair)]
        if len(pair) > 1:
            row.append(_cell(trials.mean(grid[pair[1]] - grid[pair[0]]), one, sign=True))
        rows.append(row)
    shares_ = [told(rate(int(trials.done[k].sum()), int(trials.played[k].sum())), 1, 100.0) for k in pair]
    both = [f"{choice.won} only best, {choice.lost} only other"] if len(pair) > 1 else []
    rows.append(["completed, %", *shares_, *both])
    found.lines.append(table_html(heads, rows, 1, "Key figures"))
    figure = setting_charts.circumstances(trials, names, choice)
    if figure is not None:
        found.figures.append(figure)
    return found


def _cell(one: Estimate, metric: Metric, sign: bool = False) -> str:
    return told(one, metric.digits, metric.scale, sign)


def times(
    trials: Trials, choice: Choice, names: Names, numbers: Sequence[int], order: Sequence[tuple[int, Estimate]]
) -> Section | None:
    if choice.best is None:
        return None
    found = Section("times", "Times")
    metrics = list(dict.fromkeys([choice.metric.name, TIME.name, CYCLE.name]))
    pair = [k for k in (choice.rival, choice.best) if k is not None]
    repeated = len(trials.seeds) > 1
    for name in metrics:
        if name not in trials.metrics or name == FAILED:
            continue
        metric = KNOWN.get(name, choice.metric)
        if repeated:
            found.figures.append(time_charts.distribution(trials, names, numbers, metric))
    if len(trials.settings) > MAX_ROWS:
        found.figures.append(setting_charts.ranking(trials, names, choice, order))
    shown = TIME if choice.metric.name == FAILED else choice.metric
    picture = time_charts.histogram(trials, names, pair, shown)
    if picture is not None:
        found.figures.append(picture)
    return found


def seconds(trials: Trials, choice: Choice, names: Names, numbers: Sequence[int]) -> Section | None:
    found = Section("seconds", "Where the time is spent")
    for figure in (
        time_charts.bounds(trials, names, numbers),
        phase_charts.waterfall(trials, names, choice),
        phase_charts.gantt(trials, names, choice),
    ):
        if figure is not None:
            found.figures.append(figure)
    return found if found.figures else None


def front(trials: Trials, choice: Choice, names: Names) -> Section | None:
    figure = setting_charts.pareto(trials, names, choice) if choice.best is not None else None
    return None if figure is None else Section("force", "Time against force", figures=[figure])


def failed(trials: Trials, names: Names, numbers: Sequence[int]) -> Section:
    figure = setting_charts.failures(trials, names, numbers)
    violated = sum(bool(text) for text in trials.violations)
    n = len(trials)
    lines = [f"<p>Swaps with a violated safety invariant: {violated:,} of {n:,}, "
             f"{safe(told(rate(violated, n), 2, 100.0, unit='%'))}.</p>"]  # fmt: skip
    if figure is None:
        lines.insert(0, f"<p>All {n:,} swaps completed; with 95 % confidence at least "
                        f"{100.0 * (rate(n, n).low or 0.0):.1f} % do.</p>")  # fmt: skip
    return Section("failures", "Failures", lines, [figure] if figure is not None else [])


def worst_trials(trials: Trials, choice: Choice, names: Names) -> Section:
    items = []
    for index, why in worst(trials, choice.metric):
        number_, seed = int(trials.setting[index]), int(trials.seed[index])
        line = command(trials, index)
        error = f" <span>{safe(cut(trials.errors[index], 300))}</span>" if trials.errors[index] else ""
        code = f"<code>{safe(line)}</code>" if line is not None else ""
        items.append(f"<li><strong>{safe(why.replace('_', ' '))}</strong>, {safe(names.whole(number_))}, "
                     f"seed {seed}.{error}{code}</li>")  # fmt: skip
    lines = [f"<ol class='worst'>{''.join(items)}</ol>"]
    if trials.spec is None:
        lines.insert(0, "<p>A table does not hold the constants of its experiment: a report of the ledger gives the "
                        "command that plays each of these again.</p>")  # fmt: skip
    else:
        lines.insert(0, "<p>Violations first, then failures with each reason in turn, then the highest values. The "
                        "command plays the swap again and records it for <code>swaptwin replay</code>. It belongs to "
                        f"program version {safe(trials.version)}, run where the experiment was.</p>")  # fmt: skip
    return Section("worst", "The worst trials", lines)


def all_settings(
    trials: Trials, names: Names, order: Sequence[tuple[int, Estimate]], marked: dict[int | None, str], metric: Metric
) -> Section | None:
    if len(trials.settings) < 2:
        return None
    heads = ["setting", *names.factors, f"mean {metric.axis}", "completed, %"]
    rows = []
    for k, one in order[:MAX_TABLE]:
        name = f"{k} ({marked[k]})" if k in marked else str(k)
        done = rate(int(trials.done[k].sum()), int(trials.played[k].sum()))
        rows.append([name, *(level(trials.settings[k][factor]) for factor in names.factors),
                     _cell(one, metric), told(done, 0, 100.0)])  # fmt: skip
    table = table_html(heads, rows, 1 + len(names.factors), "All settings")
    more = len(order) - len(rows)
    rest = f"<p>{more:,} more are in the table of <code>experiment run --table</code>.</p>" if more > 0 else ""
    if len(rows) > 2 * MAX_ROWS:
        table = f"<details class='long'><summary>{len(rows)} settings</summary>{table}</details>"
    return Section("settings", "All settings", [f"<p>By their mean {safe(metric.words)}, each over its own completed "
                                                f"swaps.</p>{table}{rest}"])  # fmt: skip


def method(trials: Trials, choice: Choice) -> Section:
    spec = trials.spec
    parts = [
        ("Means and their differences", "Student's interval, 95 %. Differences are paired: same seed, hence the same "
         "truck position, masses and sensor noise, and both swaps completed."),
        ("Medians", "interpolated order statistics (Hettmansperger and Sheather 1986), 95 %; none below "
         f"{estimates.LEAST_FOR_MEDIAN} swaps."),
        *([("Circumstances", f"settings are compared over {len(trials.circumstances)} of them, the combinations of "
            f"{', '.join(trials.circumstances[0])}: each seed's mean over those that have a value. Intervals are over "
            "seeds.")] if trials.circumstances else []),
        ("Rates", "Wilson's interval, 95 %."),
        ("Beyond chance", "the best setting is the extreme of several. Its verdict takes the interval at "
         f"1 - 0.05 / {max(choice.comparisons, 1)} (Bonferroni)."),
        ("Which setting can be best", "one that completes no less than the most reliable one (sign test, 5 %)."),
        ("Failed swaps", "their times are not used, and no value is put in their place. Effects and indices use the "
         "seeds that all compared settings completed; what has none is left out and counted."),
        ("Levels", "all intervals but the verdict's, and those of interactions marked as such, hold one at a time."),
    ]  # fmt: skip
    if spec is not None:
        constants = ", ".join(f"{name} {level(value)}" for name, value in spec.constants.items()) or "none"
        kind = spec.design.kind + (f", {spec.design.points} points" if spec.design.points else "")
        size = f"{len(trials.settings):,} settings on {spec.swaps:,} seeds from {spec.first_seed}"
        parts.append(("Experiment", f"station {spec.station}, plant {spec.plant}, constants: {constants}; design "
                      f"{kind}; {size}; program version {trials.version}."))  # fmt: skip
    items = "".join(f"<dt>{safe(name)}</dt><dd>{safe(text)}</dd>" for name, text in parts)
    return Section("method", "How the numbers are made", [f"<dl>{items}</dl>"])
