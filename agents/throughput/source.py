"""Where a day's swaps come from: played now, a ledger, or a table of an experiment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.experiments.campaign import Campaign
from agents.experiments.ledger import Ledger
from agents.experiments.resolving import Resolved, resolve
from agents.experiments.results import results_of
from agents.experiments.tables import ENDINGS, OUTCOME, read_rows
from agents.throughput.swaps import Sample, figures_of_rows, sample_of
from twin.catalogue import Pack
from twin.catalogue.explain import hint
from twin.errors import InputError

J_PER_KWH = 3.6e6
MIXED = ("truck",)
"""Factors whose levels may be mixed in one day: what the trucks bring. All others describe the station."""
BEFORE_OUTCOME = ("setting", "seed")


@dataclass(frozen=True)
class Source:
    """Measured swaps, the kind of station they were measured on, and the pack that they change."""

    sample: Sample
    kind: str
    pack: Pack
    words: str

    @property
    def pack_energy_j(self) -> float:
        return self.pack.energy_kwh * J_PER_KWH


def played(
    resolved: Resolved, swaps: int, ledger: str | None, workers: int, on_played: Callable[[int], None] | None = None
) -> Source:
    """Play swaps of one setting on the seeds from 0; those that the ledger has are not played again."""
    with Ledger(ledger, "--ledger") as opened, Campaign(opened, workers, on_played) as campaign:
        figures = campaign.play([resolved.trial(seed) for seed in range(swaps)])
    words = f"{swaps} swaps of {resolved.station.name} with {resolved.truck.name}, {resolved.timing.name}, " \
            f"{resolved.parking}, {resolved.variation.conditions}, {resolved.plant}"  # fmt: skip
    return Source(sample_of(figures, resolved.station.kind), resolved.station.kind, resolved.pack, words)


def from_file(path: str, where: Sequence[str], kind: str, pack: Callable[[], Pack], key: str = "--swaps") -> Source:
    """Take the swaps of a ledger with one experiment, or of a table (CSV, Parquet).

    Args:
        where: `factor=level` that a swap must have.
        kind, pack: of the station and pack of a table, which tells neither; a ledger tells both.

    Raises:
        InputError: the file is missing or is neither; no swap is left; levels that are no mixture of trucks are left.
    """
    file = Path(path)
    if not file.is_file():
        raise InputError("no such file", key=key, value=path)
    wanted = _levels(where)
    if file.suffix in ENDINGS:
        rows = read_rows(file, key)
        kept = _kept([({name: row.get(name, "") for name in _factors(row)}, row) for row in rows], wanted, path)
        sample = sample_of(figures_of_rows(kept, path), kind, path)
        return Source(sample, kind, pack(), f"{len(kept)} swaps of {path}")
    return _from_ledger(file, wanted, key)


def _from_ledger(file: Path, wanted: Mapping[str, str], key: str) -> Source:
    with Ledger(file, key, read_only=True) as ledger:
        results = results_of(ledger)
        settings = [(setting, number) for number, setting in enumerate(results.settings)]
        kept = _kept(settings, wanted, str(file))
        spec, cache = results.spec, {}  # type: ignore[var-annotated]
        settings_kept = (results.settings[number] for number in kept)
        resolved = [resolve(setting, spec.values(setting), cache, spec.throughput) for setting in settings_kept]
        packs = {one.pack.name: one.pack for one in resolved}
        if len(packs) > 1:
            raise InputError("swaps of several packs; a day has one", file=file, key=key, value=", ".join(packs),
                             allowed="--where pack=NAME")  # fmt: skip
        kind = resolved[0].station.kind
        sample = sample_of((one for number in kept for _, one in results.figures(number)), kind, str(file))
    return Source(sample, kind, next(iter(packs.values())), f"{len(sample.swaps)} swaps of {file}")


def _levels(where: Sequence[str]) -> dict[str, str]:
    wanted: dict[str, str] = {}
    for text in where:
        name, equals, level = text.partition("=")
        if not equals or not name.strip() or not level.strip():
            raise InputError("no FACTOR=LEVEL", key="--where", value=text, allowed="such as timing=tuned")
        if name.strip() in wanted:
            raise InputError("given twice", key="--where", value=text)
        wanted[name.strip()] = level.strip()
    return wanted


def _kept(found: Iterable[tuple[Mapping[str, Any], Any]], wanted: Mapping[str, str], file: str) -> list[Any]:
    """What has the wanted levels; refuse levels that are no mixture of trucks."""
    pairs = list(found)
    names = list(dict.fromkeys(name for levels, _ in pairs for name in levels))
    for name in wanted:
        if name not in names:
            allowed = ", ".join(names) or "no factor"
            raise InputError(
                f"no such factor{hint(name, names)}", file=file, key="--where", value=name, allowed=allowed
            )
    kept = [(levels, one) for levels, one in pairs if all(_same(levels[k], level) for k, level in wanted.items())]
    if not kept:
        problem = "no swap has these levels" if wanted else "has no swap"
        raise InputError(problem, file=file, key="--where" if wanted else None)
    for name in names:
        several = list(dict.fromkeys(str(levels[name]) for levels, _ in kept))
        if len(several) > 1 and name not in MIXED:
            allowed = f"--where {name}={several[0]}, or another one"
            raise InputError(
                f"swaps with several levels of {name}", file=file, value=", ".join(several), allowed=allowed
            )
    return [one for _, one in kept]


def _same(level: object, wanted: str) -> bool:
    try:
        return float(str(level)) == float(wanted)
    except ValueError:
        return str(level) == wanted


def _factors(row: Mapping[str, Any]) -> list[str]:
    names = list(row)
    return [name for name in names[: names.index(OUTCOME)] if name not in BEFORE_OUTCOME] if OUTCOME in row else []
