"""Whatever stands in the column of times: a recording, or one clear line; never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.tiers import examples
from twin.errors import InputError
from twin.log_import import importing
from twin.log_import.drafting import draft_map
from twin.log_import.importing import import_log
from twin.log_import.mapping_checks import load_mapping
from twin.log_import.reading.stamps import COUNTS
from twin.recording import open_recording

FORMATS = [*COUNTS, "iso", "%H:%M:%S.%f", "%d.%m.%Y %H:%M:%S", "%y%j %I:%M %p", "%Y-%m-%d %H:%M:%S%z"]
STRANGE = [
    "", " ", "-", "0", "-0", "1", "-1", "nan", "NaN", "inf", "-inf",
    "1e308", "-1e308", "1e-308", "9" * 19, "-" + "9" * 19,
    "9" * 40, "9223372036", "-9223372036", "9223372036854775807", "-9223372036854775808", "0000-01-01 00:00:00",
    "0001-01-01T00:00:00Z", "9999-12-31 23:59:59.999999999", "1677-09-21 00:12:43Z", "2262-04-11 23:47:16Z",
    "2262-04-12T00:00:00Z", "1969-12-31 23:59:59", "2026-02-30 00:00:00", "2026-02-11 24:00:00", "2026-02-11 14:23:60",
    "2026-02-11T14:23:41+99:99", "23:59:59.9", "00:00:00.1", "24:00:00.0", "12:60:00.0", "01.01.0001 00:00:00",
    "31.12.9999 23:59:59", "99366 12:00 PM", "00001 12:00 AM", "\ufeff1", "１２３", "1_000", "0x10", "1,5",
    "1.5.2", "−5", "\x00",
    "2026-02-11 14:23:41", "1770790000", "1770790000.02", "1770790000000", "134152646212000000", "46064.5",
    "-5.000", "14.98",
]  # fmt: skip
STAMPS = st.one_of(
    st.sampled_from(STRANGE),
    st.text(max_size=12),
    st.integers(-(10**20), 10**20).map(str),
    st.floats(allow_nan=True).map(repr),
    st.datetimes().map(str),
)


def mapping_of(folder: Path, time: str) -> Path:
    path = folder / "map.yaml"
    path.write_text(
        "station: top_lift\ntruck: tractor_6x4\npack: cab_282\nfile: {delimiter: '|'}\n"
        f"time: {time}\nsignals:\n  robot0/x/position_m: {{tag: x, unit: mm}}\n",
        encoding="utf-8",
    )
    return path


@settings(max_examples=examples(30), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    stamps=st.lists(STAMPS, min_size=1, max_size=8),
    text=st.sampled_from(FORMATS),
    zone=st.sampled_from(["", ", zone: Europe/Berlin", ', zone: "-11:00"']),
)
@example(stamps=["-9223372036.8", "9223372036.8"], text="epoch_s", zone="")
@example(stamps=["-9212508036", "9212508000"], text="epoch_s", zone="")
@example(stamps=["-5.000", "14.980"], text="epoch_s", zone="")
@example(stamps=["1969-12-31 23:59:50Z", "1970-01-01 00:00:10Z"], text="iso", zone="")
@example(stamps=["0001-01-01 00:00:00", "9999-12-31 23:59:59"], text="iso", zone=", zone: Europe/Berlin")
@example(stamps=["1677-09-22 00:00:00", "2262-04-01 00:00:00"], text="iso", zone=", zone: Europe/Berlin")
def test_strange_stamps_are_read_or_refused(
    stamps: list[str], text: str, zone: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = ", date: 2026-02-11" if text == "%H:%M:%S.%f" else ""
    at = mapping_of(tmp_path, f'{{column: t, format: "{text}"{zone}{day}}}')
    lines = [f"{stamp}|{k}" for k, stamp in enumerate(stamps) for _ in range(2)]
    (tmp_path / "log.csv").write_text("t|x\n" + "\n".join(lines) + "\n", encoding="utf-8", errors="replace")
    target = tmp_path / "log.mcap"
    target.unlink(missing_ok=True)
    monkeypatch.setattr(importing, "MAX_SAMPLES", 500)
    refused = ""
    try:
        report = import_log(tmp_path / "log.csv", load_mapping(at), target)
    except InputError as error:
        refused = str(error)
    assert target.exists() == (not refused)
    assert "\n" not in refused.strip()
    if not refused:
        with open_recording(target) as recording:
            assert len(recording.states()[0]) == report.samples >= 1
    try:
        (tmp_path / "draft.yaml").write_text(draft_map(tmp_path / "log.csv"), encoding="utf-8")
    except InputError:
        return
    load_mapping(tmp_path / "draft.yaml")


@pytest.mark.parametrize("year", [1900, 1969, 2150])
def test_dates_that_no_log_has_are_reported(year: int, tmp_path: Path) -> None:
    at = mapping_of(tmp_path, "{column: t, format: iso}")
    (tmp_path / "log.csv").write_text(
        "t|x\n" + "".join(f"{year}-12-31T23:59:{50 + k / 50:06.3f}Z|{k}\n" for k in range(100))
    )
    report = import_log(tmp_path / "log.csv", load_mapping(at), tmp_path / "log.mcap")
    assert [f.kind for f in report.findings] == ["doubtful date"]
    assert report.start.startswith(f"{year}-12-31")
    with open_recording(tmp_path / "log.mcap") as recording:
        t_s, x = recording.states(names=["robot0/x/position_m"])
        assert (t_s[0], t_s[-1], x[0, 0], x[-1, 0]) == pytest.approx((0.0, 1.98, 0.0, 0.099))
        assert recording.header.t0_ns == 0


def test_years_of_samples_are_refused(tmp_path: Path) -> None:
    """A line a month: no gap by itself, and nobody wants to wait for it."""
    at = mapping_of(tmp_path, "{column: t, format: iso}")
    (tmp_path / "log.csv").write_text("t|x\n" + "".join(f"2026-{k:02d}-01T00:00:00Z|{k}\n" for k in range(1, 13)))
    with pytest.raises(InputError, match=r"would be recorded for 334 days .* cleaning\.gap_s"):
        import_log(tmp_path / "log.csv", load_mapping(at), tmp_path / "log.mcap")


def test_counts_of_another_epoch_are_a_doubtful_date(tmp_path: Path) -> None:
    """Seconds since 2001 as those since 1970: 31 years off."""
    at = mapping_of(tmp_path, "{column: t, format: epoch_s}")
    since_2001 = 1_770_790_000 - 978_307_200
    (tmp_path / "log.csv").write_text("t|x\n" + "".join(f"{since_2001 + k / 50:.2f}|{k}\n" for k in range(100)))
    report = import_log(tmp_path / "log.csv", load_mapping(at), tmp_path / "log.mcap")
    assert [f.kind for f in report.findings] == ["doubtful date"]
