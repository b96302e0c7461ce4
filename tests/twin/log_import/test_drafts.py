"""`--draft-map`: a first mapping of any dialect loads as it is, and knows axes by understandable tags."""

from __future__ import annotations

from pathlib import Path

import pytest

import swaptwin
from tests.twin.log_import.conftest import Written
from twin.errors import InputError
from twin.log_import.drafting import draft_map
from twin.log_import.importing import import_log
from twin.log_import.mapping import Mapping
from twin.log_import.mapping_checks import load_mapping

HERE = Path(__file__).parent


def tags_of(mapping: Mapping) -> dict[str, str]:
    return {m.name: m.spec.tag for m in mapping.signals}


@pytest.mark.parametrize(
    ("name", "axes"),
    [
        ("historian", "xyzw"),
        ("german", "xyw"),  # rope length for height
        ("chinese", "xyw"),  # depth for height
        ("dotnet", "xyzw"),
        ("parquet", "xyzw"),
        ("events", "xyzw"),
        ("by_tag", "xyz"),  # the spreader's angle is called so
    ],
)
def test_the_draft_of_a_dialect(name: str, axes: str, written: Written, tmp_path: Path) -> None:
    log = written(name)
    draft = tmp_path / "draft.yaml"
    draft.write_text(draft_map(log.path), encoding="utf-8")
    drafted, true = load_mapping(draft), load_mapping(log.map)
    found, meant = tags_of(drafted), tags_of(true)
    for letter in axes:
        signal = "robot0/yaw/position_rad" if letter == "w" else f"robot0/{letter}/position_m"
        assert found.get(signal) == meant[signal]
    said, wanted = drafted.file.file, true.file.file
    assert said.table == wanted.table
    if log.path.suffix != ".parquet":
        assert (said.delimiter, said.decimal) == (wanted.delimiter, wanted.decimal)
        assert (said.header_line, said.units_line) == (wanted.header_line, wanted.units_line)
    assert drafted.file.time.column == true.file.time.column
    if name in ("historian", "by_tag"):
        report = import_log(log.path, drafted, tmp_path / "draft.mcap")
        assert report.samples > 1000


def test_the_draft_of_the_incident_knows_nearly_everything(tmp_path: Path) -> None:
    draft = tmp_path / "draft.yaml"
    draft.write_text(draft_map(HERE / "data" / "inc1_sway_collision.csv.gz"), encoding="utf-8")
    found, meant = tags_of(load_mapping(draft)), tags_of(load_mapping(HERE / "station_a.yaml"))
    missing = {name for name in meant if found.get(name) != meant[name]}
    assert missing <= {"log/trim_pitch_rad"}


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,2\n3,4\n",  # nothing that is a time
        "2026-02-11T14:23:41Z,5\n2026-02-11T14:23:42Z,6\n2026-02-11T14:23:43Z,7\n",  # no header
        't,"x: {y}",#z\n2026-02-11T14:23:41Z,5,7\n2026-02-11T14:23:42Z,6,8\n',  # names that YAML would take as its own
        "t,lock 1 open,lock 1 closed\n" + "1770790000,open,OPEN\n1770790001,closed,CLOSED\n" * 20,
        "t;Schritt;Alarm\n1770790000;'10;x\n1770790001;nan: 5;-\n1770790002;nan: 5;x\n",
    ],
)
def test_whatever_the_columns_the_draft_loads(text: str, tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(text)
    (tmp_path / "draft.yaml").write_text(draft_map(tmp_path / "log.csv"), encoding="utf-8")
    load_mapping(tmp_path / "draft.yaml")


def test_a_draft_is_written_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "log.csv").write_text("t,x [mm]\n1770790000,5\n1770790001,6\n")
    arguments = ["import-log", str(tmp_path / "log.csv"), "--draft-map", str(tmp_path / "map.yaml")]
    assert swaptwin.run(arguments) == 0
    said = capsys.readouterr().out
    assert "when you have read it through" in said
    before = (tmp_path / "map.yaml").read_bytes()
    assert swaptwin.run(arguments) == 2
    assert "a mapping is not overwritten" in capsys.readouterr().err
    assert (tmp_path / "map.yaml").read_bytes() == before


def test_no_draft_of_what_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_bytes(b"\x00\x01" * 1000)
    with pytest.raises(InputError):
        draft_map(tmp_path / "log.csv")
