"""Data of a log that the import would lose; more than the mapping allows is refused before the import.

Lost are logged data that the import drops: lines without a readable time, with a wrong number of fields, at stray
times, too late, or contradicted by others of the same time; and for a tag, unreadable values or unknown words. Values
of bad quality, empty cells and frozen stretches are not lost: the log itself does not have them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from twin.errors import InputError
from twin.log_import.ingest import WIDE, Ingested
from twin.log_import.mapping import Mapping
from twin.log_import.survey import Survey
from twin.log_import.values import ColumnFacts


@dataclass(frozen=True)
class Loss:
    """Lost lines or values, the reason, and the setting that helps."""

    lost: int
    of: int
    what: str
    why: str
    help: str

    @property
    def share(self) -> float:
        return self.lost / max(self.of, 1)


def check_losses(path: Path, log: Ingested, found: Survey, mapping: Mapping) -> None:
    """Raise InputError that names the setting if more than `cleaning.max_loss` is lost."""
    most = mapping.file.cleaning.max_loss
    over = [loss for loss in [_of_lines(log, found), *_of_tags(log, found, mapping)] if loss.share > most]
    if not over:
        return
    worst = max(over, key=lambda loss: loss.share)
    more = f" (and of {len(over) - 1} other tags)" if len(over) > 1 else ""
    raise InputError(
        f"{worst.lost} of {worst.of} {worst.what} would be lost{more}: {worst.why}",
        file=path,
        key="cleaning.max_loss",
        value=round(worst.share, 3),
        allowed=f"up to {most:g}; {worst.help}; or a larger cleaning.max_loss in the mapping accepts the loss",
    )


def _of_lines(log: Ingested, found: Survey) -> Loss:
    read = log.read
    stray = sum(j.rows for p in {id(p): p for p in log.plans.values()}.values() for j in p.jumps if j.kind == "stray")
    reasons = [
        (log.bad_stamps, "times that cannot be read", "time.format says how they are written"),
        (read.bad_rows, "wrong number of fields", "file.delimiter and file.quote say how they are diverged"),
        (stray, "stray times", "time.clock_steps: keep takes every line at its stamp"),
        (found.order.too_late, "lines too late", "a larger cleaning.reorder_s sorts them"),
        (found.order.contradicting, "lines of the same time that contradict each other", SAME_TIME),
    ]
    lost, why, how = max(reasons)
    total = sum(count for count, _, _ in reasons)
    words = ", ".join(f"{count} {name}" for count, name, _ in sorted(reasons, reverse=True) if count)
    return Loss(total, log.lines + read.bad_rows, "lines", words or why, how if lost else "")


SAME_TIME = "time.format and time.column with all of the stamp tell them apart"


def _of_tags(log: Ingested, found: Survey, mapping: Mapping) -> list[Loss]:
    losses = []
    for m in mapping.signals:
        facts = log.facts.get(m.name)
        if facts is not None:
            losses.append(_of_values(m.name, m.spec.tag, facts))
    for key, (lost, rows) in found.lost.items():
        if key != WIDE:
            reason = "lines too late, or that contradict others of their time"
            losses.append(Loss(lost, rows, f"values of {key}", reason, "a larger cleaning.reorder_s sorts late ones"))
    return losses


def _of_values(name: str, tag: str, facts: ColumnFacts) -> Loss:
    unmapped = sum(facts.unmapped.values())
    lost = facts.unreadable + unmapped
    if unmapped > facts.unreadable:
        word = max(facts.unmapped, key=lambda w: facts.unmapped[w])
        why, how = f"{word[:40]!r} means nothing", f"signals.{name}.values says what its words mean"
    else:
        line, text = facts.first_unreadable or (0, "")
        why = f"no number, first in line {line}: {text[:40]!r}"
        how = f"file.empty lists words for no value, signals.{name}.values what words mean"
    return Loss(lost, facts.values + lost, f"values of {tag}", why, how)
