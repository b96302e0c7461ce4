"""The ledger: whole batches or nothing, one writer, nothing twice, and no other file taken for one."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from agents.experiments import trial as trials
from agents.experiments.campaign import Campaign
from agents.experiments.ledger import Ledger
from agents.experiments.trial import Figures, Trial, grouped
from tests.agents.experiments.small import cheap
from twin.catalogue import load_pack, load_station, load_timing, load_truck, with_overrides
from twin.errors import InputError
from twin.setup.variation import Variation

STATION = load_station("top_lift")
TRUCK, PACK = load_truck("tractor_6x4"), load_pack("cab_282")
FACTORY = load_timing("factory", STATION)
ROOT = Path(__file__).resolve().parents[3]


def of(seed: int, **other: object) -> Trial:
    return Trial(**{"station": STATION, "truck": TRUCK, "pack": PACK, "timing": FACTORY, "seed": seed, **other})  # type: ignore[arg-type]


def test_the_key_is_of_everything_that_a_result_depends_on(monkeypatch: pytest.MonkeyPatch) -> None:
    other = [
        of(1),
        of(0, station=with_overrides(STATION, {"axes.z.velocity_mps": 0.2})),
        of(0, truck=with_overrides(TRUCK, {"tyre_friction": 0.6})),
        of(0, pack=with_overrides(PACK, {"mass_kg": 3001.0})),
        of(0, timing=with_overrides(FACTORY, {"phases.insert.creep_speed_mps": 0.03})),
        of(0, plant="bullet"),
        of(0, parking="unguided"),
        of(0, variation=Variation(rope_error=0.05)),
    ]
    keys = {one.key for one in other}
    assert len(keys) == len(other)
    assert of(0).key not in keys
    assert of(0).key == of(0, station=load_station("top_lift")).key
    before = of(0).key
    monkeypatch.setattr(trials, "program_version", lambda: "another")
    assert of(0).key != before


def test_the_name_of_a_timing_set_does_not_matter() -> None:
    renamed = FACTORY.model_copy(update={"name": "other", "title": "other"})
    spelled = with_overrides(FACTORY, {"phases.insert.creep_speed_mps": FACTORY.default.creep_speed_mps})
    assert {of(0, timing=renamed).key, of(0, timing=spelled).key} == {of(0).key}


def test_results_come_back_as_they_went_in(tmp_path: Path) -> None:
    figures = Figures(
        "completed", 1.25, 2.5, 0.1, None, 3.0, insert_attempts=(1,), violations=(6,), phases_s={"a": 1.0}
    )
    with Ledger(tmp_path / "a.sqlite") as ledger:
        ledger.put([(of(0), figures)])
        ledger.put([(of(0), Figures("jam"))])  # a key keeps its first result
    with Ledger(tmp_path / "a.sqlite") as ledger:
        assert ledger.figures([of(0).key, of(1).key]) == {of(0).key: figures}
        assert ledger.configurations()[0]["truck"] == "tractor_6x4"
    assert os.listdir(tmp_path) == ["a.sqlite"]


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    with Ledger(tmp_path / "a.sqlite"), pytest.raises(InputError, match="another process writes"):
        Ledger(tmp_path / "a.sqlite", "--study")
    Ledger(tmp_path / "a.sqlite").close()


def test_a_ledger_is_read_while_a_process_writes(tmp_path: Path) -> None:
    file = tmp_path / "a ledger?.sqlite"
    with Ledger(file) as writer:
        writer.put([(of(0), cheap(of(0)))])
        with Ledger(file, read_only=True) as reader:
            assert reader.in_use
            writer.put([(of(1), cheap(of(1)))])
            assert reader.figures([of(0).key, of(1).key]) == {of(n).key: cheap(of(n)) for n in (0, 1)}
            with pytest.raises(InputError, match="readonly"):
                reader.put([(of(2), cheap(of(2)))])
    with Ledger(file, read_only=True) as reader:
        assert not reader.in_use
        assert len(reader) == 2
    assert os.listdir(tmp_path) == [file.name]


def test_another_file_is_no_ledger(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("a study of tulips, " * 100)
    database = sqlite3.connect(tmp_path / "other")
    database.execute("CREATE TABLE tulips (colour TEXT)")
    database.commit()
    database.close()
    for name in ("text", "other"):
        before = (tmp_path / name).read_bytes()
        with pytest.raises(InputError, match="cannot be used as a ledger"):
            Ledger(tmp_path / name, "--study")
        with pytest.raises(InputError, match="cannot be used as a ledger"):
            Ledger(tmp_path / name, "LEDGER", read_only=True)
        assert (tmp_path / name).read_bytes() == before
    with pytest.raises(InputError, match="there is no folder"):
        Ledger(tmp_path / "none" / "a.sqlite", "--study")


def test_a_full_disk_is_no_mistake_of_the_users_and_what_was_stored_stays(tmp_path: Path) -> None:
    """SQLite ends the transaction itself where the disk is full."""
    path = tmp_path / "a.sqlite"
    with Ledger(path) as ledger:
        ledger.put_candidates("study", {0: {"a": 1.0}})
        ledger._db.execute("PRAGMA max_page_count=20")
        with pytest.raises(OSError, match="No space left on device") as caught:
            ledger.put_candidates("study", {k: {"a": "b" * 1000} for k in range(1, 500)})
        assert caught.value.filename == str(path)
        assert ledger.candidates("study") == {0: {"a": 1.0}}
    with Ledger(path) as ledger:
        assert ledger.candidates("study") == {0: {"a": 1.0}}


def test_a_campaign_plays_each_trial_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    played: list[int] = []

    def count(batch: list[Trial]) -> list[Figures]:
        played.extend(one.seed for one in batch)
        return [cheap(one) for one in batch]

    monkeypatch.setattr("agents.experiments.campaign.make_player", lambda: count)
    with Ledger(tmp_path / "a.sqlite") as ledger, Campaign(ledger) as campaign:
        first = campaign.play([of(2), of(0), of(2), of(1)])
        assert campaign.counts.asked == 4
    with Ledger(tmp_path / "a.sqlite") as ledger, Campaign(ledger) as campaign:
        again = campaign.play([of(1), of(2), of(3)])
        assert (campaign.counts.played, campaign.counts.found) == (1, 2)
    assert sorted(played) == [0, 1, 2, 3]
    assert first[0] == first[2] == again[1] == cheap(of(2))


def test_batches_hold_one_group_each() -> None:
    mixed = [of(n, pack=load_pack("cab_141") if n % 3 == 0 else PACK) for n in range(12)]
    batches = grouped(mixed, 5)
    assert sorted(len(batch) for batch in batches) == [4, 4, 4]
    assert all(len({one.group for one in batch}) == 1 for batch in batches)
    assert sorted(one.seed for batch in batches for one in batch) == list(range(12))
    assert [len(batch) for batch in grouped([of(n, plant="bullet") for n in range(3)], 5)] == [1, 1, 1]


WRITER = """
import sys, itertools
from tests.agents.experiments.test_ledger import of
from tests.agents.experiments.small import cheap
from agents.experiments.ledger import Ledger
with Ledger(sys.argv[1]) as ledger:
    print("ready", flush=True)
    for n in itertools.count():
        batch = [of(10 * n + k) for k in range(10)]
        ledger.put((one, cheap(one)) for one in batch)
        print(n, flush=True)
"""


def test_a_killed_writer_leaves_whole_batches(tmp_path: Path) -> None:
    file, script = tmp_path / "a.sqlite", tmp_path / "writer.py"
    script.write_text(textwrap.dedent(WRITER))
    process = subprocess.Popen(
        [sys.executable, str(script), str(file)],
        stdout=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdout is not None
    told = -1
    for line in process.stdout:
        if line.strip().isdigit():
            told = int(line)
        if told >= 3:
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    with Ledger(file) as ledger:
        assert len(ledger) % 10 == 0
        assert len(ledger) >= 40
        keys = [of(n).key for n in range(40)]
        assert [ledger.figures(keys)[key] for key in keys] == [cheap(of(n)) for n in range(40)]
