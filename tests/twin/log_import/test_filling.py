"""From lines to values at any time: order, filling, units; the same however the log is cut into pieces."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tiers import examples
from twin.log_import import ordered
from twin.log_import.clock import ClockWatch
from twin.log_import.ingest import WIDE, ingest
from twin.log_import.mapping import Mapped, Mapping, SignalSpec
from twin.log_import.mapping_checks import load_mapping
from twin.log_import.ordered import Ordered
from twin.log_import.spool import Spool
from twin.log_import.tracks import Fill, Stretch, Track
from twin.log_import.units import UNITS

S = 10**9
SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(40))


@pytest.fixture(scope="module")
def mapping(tmp_path_factory: pytest.TempPathFactory) -> Mapping:
    path = tmp_path_factory.mktemp("map") / "map.yaml"
    path.write_text(
        "station: top_lift\ntruck: tractor_6x4\npack: cab_282\ntime: {column: t, format: epoch_s}\n"
        "signals: {robot0/x/position_m: {tag: x, unit: mm}}\n"
    )
    return load_mapping(path)


def spooled(folder: Path, t_ns: np.ndarray, values: np.ndarray) -> Spool:
    spool = Spool(folder, "test", [f"c{k}" for k in range(values.shape[1])])
    spool.append(t_ns, values)
    return spool


def plan_of(t_ns: np.ndarray):  # type: ignore[no-untyped-def]
    watch = ClockWatch(2.0, 2.0)
    watch.feed(t_ns)
    return watch.plan()


@SHARED
@given(seed=st.integers(0, 10**6), chunk=st.integers(1, 400), late_s=st.floats(0.0, 1.9))
def test_lines_come_in_order_once(seed: int, chunk: int, late_s: float, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    t_ns = 20_000_000 * np.sort(rng.integers(0, 200, 300))
    values = np.where(rng.random((300, 2)) < 0.1, np.nan, rng.integers(0, 3, (300, 2)).astype(float))
    order = np.argsort(t_ns + rng.uniform(0.0, late_s * S, 300), kind="stable")
    said_t, said_v = t_ns[order], values[order]
    spool = spooled(tmp_path, said_t, said_v)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ordered, "CHUNK_ROWS", chunk)
        rows = Ordered(spool, plan_of(said_t), 2.0)
        pieces = list(rows.rows())
    spool.close()
    told_t, told_v = np.concatenate([t for t, _ in pieces]), np.concatenate([v for _, v in pieces])
    assert (told_t == np.unique(t_ns)).all()
    for t, v in zip(told_t, told_v, strict=True):  # the last that was said of each value stands
        for c in range(2):
            known = [x for x in said_v[said_t == t, c] if not np.isnan(x)]
            assert (np.isnan(v[c]) and not known) or v[c] == known[-1]
    assert rows.facts.too_late == 0
    assert rows.facts.same_time == 300 - len(told_t)
    assert rows.facts.disordered == (said_t < np.maximum.accumulate(said_t)).sum()


class Pieces:
    """What an `Ordered` gives."""

    def __init__(self, t_ns: np.ndarray, values: np.ndarray, size: int) -> None:
        self._t, self._v, self._size = t_ns, values, size

    def rows(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for begin in range(0, len(self._t), self._size):
            yield self._t[begin : begin + self._size], self._v[begin : begin + self._size]


@settings(max_examples=examples(40))
@given(
    seed=st.integers(0, 10**6),
    size=st.integers(1, 200),
    block=st.integers(1, 200),
    offset_s=st.floats(-3.0, 3.0),
    age_s=st.floats(0.1, 5.0),
)
def test_values_do_not_depend_on_pieces(seed: int, size: int, block: int, offset_s: float, age_s: float) -> None:
    rng = np.random.default_rng(seed)
    t_ns = np.cumsum(rng.integers(1, S // 5, 200))
    values = np.where(rng.random((200, 3)) < 0.3, np.nan, rng.normal(size=(200, 3)))
    fills = [Fill(S // 2, round(age_s * S), round(offset_s * S)), Fill(0), Fill(S // 10, S, 0)]
    frozen = [[Stretch(int(t_ns[50]), int(t_ns[70]), 0.0), Stretch(int(t_ns[150]), int(t_ns[160]), 0.0)], [], []]
    times = np.arange(int(t_ns[0]) - 4 * S, int(t_ns[-1]) + 4 * S, S // 20)
    whole = Track(Pieces(t_ns, values, 1000), fills, frozen).values(times)  # type: ignore[arg-type]
    track = Track(Pieces(t_ns, values, size), fills, frozen)  # type: ignore[arg-type]
    parts = np.concatenate([track.values(times[k : k + block]) for k in range(0, len(times), block)])
    assert np.array_equal(whole, parts, equal_nan=True)


def test_samples_are_joined_by_a_line_or_held() -> None:
    t_ns, values = np.array([0, S, 10 * S]), np.array([[0.0, 0.0], [1.0, 1.0], [4.0, 4.0]])
    times = np.array([0, S // 2, S, 2 * S, 9 * S, 10 * S, 12 * S])
    reported = Track(Pieces(t_ns, values, 1), [Fill(S, 3 * S), Fill()]).values(times)  # type: ignore[arg-type]
    assert np.array_equal(reported[:, 0], [0.0, 0.5, 1.0, 1.0, np.nan, 4.0, 4.0], equal_nan=True)
    assert reported[:, 1].tolist() == [0.0, 0.0, 1.0, 1.0, 1.0, 4.0, 4.0]


LENGTHS = sorted(UNITS["length"])


@SHARED
@given(
    raw=st.lists(st.floats(-1e5, 1e5), min_size=1, max_size=5),
    unit=st.sampled_from(LENGTHS),
    scale=st.floats(-50.0, 50.0).filter(lambda scale: abs(scale) > 1e-3),
    sign=st.sampled_from([1, -1]),
    zero=st.floats(-1e4, 1e4),
    decimal=st.sampled_from([".", ","]),
)
def test_a_value_is_unit_times_sign_times_scale_times_raw_less_zero(
    raw: list[float], unit: str, scale: float, sign: int, zero: float, decimal: str, mapping: Mapping, tmp_path: Path
) -> None:
    reported = mapping.signals[0]
    spec = SignalSpec(tag="x", unit=unit, scale=scale, sign=sign, zero=zero)  # type: ignore[arg-type]
    file = mapping.file.file.model_copy(update={"delimiter": ";", "decimal": decimal})
    changed = dataclasses.replace(
        mapping,
        file=mapping.file.model_copy(update={"file": file}),
        signals=(Mapped(reported.name, spec, reported.target, UNITS["length"][unit], False),),
    )
    log = tmp_path / "log.csv"
    lines = [f"{k},5;{value!r}\n".replace(",", ".").replace(".", decimal) for k, value in enumerate(raw)]
    log.write_text("t;x\n" + "".join(lines))
    read = ingest(log, changed, tmp_path)
    t_ns, values = read.spools[WIDE].read(0, 100)
    read.close()
    assert t_ns.tolist() == [k * S + S // 2 for k in range(len(raw))]
    expected = [UNITS["length"][unit] * sign * scale * (value - zero) for value in raw]
    assert values[:, 0] == pytest.approx(expected, rel=1e-12, abs=1e-12)
