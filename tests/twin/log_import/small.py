"""Small logs of a top-lift station, written as text and imported in the process of the test."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from twin.log_import.importing import import_log
from twin.log_import.mapping_checks import load_mapping
from twin.log_import.report import ImportReport
from twin.recording import open_recording

AXES = "".join(f"  robot0/{a}/position_m: {{tag: {a}, unit: mm}}\n" for a in "xy")


class Station:
    """A folder with a log, its mapping and the recording made of them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.log = folder, folder / "log.csv"

    def map(self, time: str, signals: str = AXES, more: str = "") -> Path:
        """Write the mapping: `time` as YAML, lines of `signals`, and further sections."""
        path = self.folder / "map.yaml"
        path.write_text(
            f"station: top_lift\ntruck: tractor_6x4\npack: cab_282\n{more}time: {time}\nsignals:\n{signals}",
            encoding="utf-8",
        )
        return path

    def imported(self, lines: Sequence[str], time: str, signals: str = AXES, more: str = "") -> ImportReport:
        """Import these lines; raises what the import raises."""
        self.log.write_text("\n".join(lines) + "\n", encoding="utf-8")
        at = self.map(time, signals, more)
        return import_log(self.log, load_mapping(at), self.folder / "log.mcap")

    def at(self, signal: str, *times_s: float) -> list[float]:
        """What the recording says of a signal at these times, NaN where it is unknown."""
        with open_recording(self.folder / "log.mcap") as recording:
            read = recording.states if signal in recording.channel_names else recording.sensors
            t_s, values = read(names=[signal])
            return [float(values[np.argmin(np.abs(t_s - at)), 0]) for at in times_s]

    @property
    def t0_ns(self) -> int:
        """When the recording begins, ns since 1970; 0 where it tells no date."""
        with open_recording(self.folder / "log.mcap") as recording:
            return recording.header.t0_ns


def kinds(report: ImportReport) -> dict[str, int]:
    """How often each kind of finding was counted."""
    return {finding.kind: finding.count for finding in report.findings}
