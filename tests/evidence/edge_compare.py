"""The same drawn swaps on both plants, compared: outcome class, outcome, peak forces, violations."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agents.statistics import wilson
from tests.evidence.edge_rows import PEAKS, Row
from twin.runner.kinds import PLANTS

FORCE_FACTOR = 2.0
"""Peak forces of the plants may differ by this factor [the project's target]."""
FORCE_FROM_N = 2000.0
"""Below it on both plants no force is compared [the project's target]."""
CLASS_TARGET, OUTSIDE_TARGET = 0.95, 0.05
REFERENCE, REDUCED = "bullet", "rom"


@dataclass(frozen=True)
class Pair:
    """One case on both plants."""

    reference: Row
    reduced: Row

    @property
    def identifier(self) -> str:
        return str(self.reference["id"])

    @property
    def outside(self) -> bool:
        """Whether the reduced-order plant says that it left its domain."""
        return bool(self.reduced["class"] == "outside_model")

    @property
    def same_class(self) -> bool:
        return bool(self.reference["class"] == self.reduced["class"])

    @property
    def same_outcome(self) -> bool:
        return bool(self.reference["outcome"] == self.reduced["outcome"])

    @property
    def only_reduced_completed(self) -> bool:
        """The worst kind of difference: a search would take it for a find."""
        return bool(self.reduced["class"] == "completed" and self.reference["class"] != "completed")

    @property
    def forces_apart(self) -> list[tuple[str, float, float]]:
        """(key figure, reference, reduced) of peak forces that differ by more than `FORCE_FACTOR`, in N."""
        found = []
        for name in PEAKS:
            one, other = (float(row.get("kpis", {}).get(name) or 0.0) for row in (self.reference, self.reduced))
            least, most = sorted((one, other))
            if most > FORCE_FROM_N and most > FORCE_FACTOR * least:
                found.append((name, one, other))
        return found


def pairs_of(reference: Mapping[str, Row], reduced: Mapping[str, Row], wanted: Iterable[str]) -> list[Pair]:
    """Cases that both plants have played."""
    return [Pair(reference[i], reduced[i]) for i in wanted if i in reference and i in reduced]


def _share(name: str, k: int, n: int, target: str = "") -> str:
    low, high = wilson(k, n)
    share = f"{100 * k / n:.1f} %" if n else "-"
    return f"| {name} | {k} of {n} | {share} | {100 * low:.1f} to {100 * high:.1f} % | {target} |"


def table(station: str, pairs: list[Pair]) -> str:
    """Markdown: how the plants agree over these cases, with 95 % Wilson intervals."""
    inside = [pair for pair in pairs if not pair.outside]
    alike = [pair for pair in inside if pair.same_class]
    named = [pair for pair in inside if pair.same_outcome]
    apart_s = sorted(abs(p.reference["ended_s"] - p.reduced["ended_s"]) for p in named if "ended_s" in p.reference)
    lines = [
        f"### {station}, {len(pairs)} swaps on both plants",
        "",
        "| | swaps | share | 95 % interval | target |",
        "|---|---|---|---|---|",
        _share("outside_model on the ROM", sum(p.outside for p in pairs), len(pairs), "under 5 %"),
        _share("same outcome class", len(alike), len(inside), "at least 95 %"),
        _share("same outcome", len(named), len(inside)),
        _share("completed only on the ROM", sum(p.only_reduced_completed for p in inside), len(inside), "none"),
        _share("a peak force apart", sum(bool(p.forces_apart) for p in alike), len(alike), "none"),
    ]
    for plant in PLANTS:
        rows = [p.reference if plant == REFERENCE else p.reduced for p in pairs]
        lines.append(_share(f"violations on {plant}", sum(bool(r.get("violations")) for r in rows), len(rows)))
    if apart_s:
        p95 = apart_s[min(len(apart_s) - 1, int(0.95 * len(apart_s)))]
        lines += [
            "",
            f"Ends with the same outcome are {statistics.median(apart_s):.2f} s apart (median), {p95:.2f} s (p95).",
        ]
    crossed = Counter((p.reference["class"], p.reduced["class"]) for p in pairs)
    lines += ["", "| reference | ROM | swaps |", "|---|---|---|"]
    lines += [f"| {a} | {b} | {n} |" for (a, b), n in sorted(crossed.items())]
    return "\n".join(lines) + "\n"


def worth_a_look(pair: Pair) -> list[str]:
    """What is wrong with a pair, in words; nothing where the plants agree and no invariant is broken."""
    wrong = []
    if pair.only_reduced_completed:
        wrong.append("COMPLETED ONLY ON THE ROM")
    elif not pair.outside and not pair.same_class:
        wrong.append("other class")
    elif not pair.outside and not pair.same_outcome:
        wrong.append("other outcome, same class")
    if pair.outside:
        wrong.append("outside_model")
    if not pair.outside and pair.same_class:
        wrong += [f"{name} {one:.0f} against {other:.0f} N" for name, one, other in pair.forces_apart]
    for row in (pair.reference, pair.reduced):
        if row.get("violations"):
            numbers = sorted({violation["invariant"] for violation in row["violations"]})
            wrong.append(f"violation of {numbers} on {row['plant']}")
    return wrong


def differing(pairs: list[Pair]) -> str:
    """Markdown: each pair that is worth a look, how it ended on either plant."""
    lines = ["| swap | what differs | reference | ROM |", "|---|---|---|---|"]
    for pair in pairs:
        wrong = worth_a_look(pair)
        if wrong:
            ends = (f"{row['outcome']} at {row.get('ended_s', '-')} s" for row in (pair.reference, pair.reduced))
            lines.append(f"| {pair.identifier} | {'; '.join(wrong)} | {' | '.join(ends)} |")
    return "\n".join(lines) + "\n"


def met(pairs: list[Pair]) -> bool:
    """Whether every target of the table is met.

    Violations are listed and no target here: there are faults that no control software prevents (docs/faults.md).
    """
    inside = [pair for pair in pairs if not pair.outside]
    alike = [pair for pair in inside if pair.same_class]
    return (
        len(alike) >= CLASS_TARGET * len(inside)
        and len(pairs) - len(inside) < OUTSIDE_TARGET * len(pairs)
        and not any(pair.only_reduced_completed or pair.forces_apart for pair in alike)
        and not any(pair.only_reduced_completed for pair in inside)
    )
