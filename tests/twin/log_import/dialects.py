"""Wide dialects: logs of the twin's own swaps as stations of several makes would write them."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.twin.log_import.historian import Lines, Log, Tag, mapping, stamps
from tests.twin.log_import.truth import truth_of

WINTER_NS = 1_770_790_000_000_000_000
"""2026-02-11T06:06:40Z"""
SUMMER_END_NS = 1_792_889_910_000_000_000
"""2026-10-25T00:58:30Z: an hour before three in the morning becomes two in Berlin, less 90 s."""


def corners(stem: str, signal: str, word: str, said: tuple[str, str] = ("0", "1")) -> list[Tag]:
    """Four switches."""
    return [Tag(stem.format(i + 1), f"{signal}{i + 1}_{word}", words=said) for i in range(4)]


def codes_of(lines: Lines, truth_codes: dict[str, np.ndarray]) -> None:
    """Add columns of codes."""
    lines.setups |= {tag: values.astype(str).astype(object) for tag, values in truth_codes.items()}


def historian(folder: Path) -> Log:
    """UTF-8 with a mark, a preamble, comments, ISO stamps with their zone; lines out of order, double, missing, cut."""
    truth = truth_of("top_lift")
    tags = [Tag(f"GANTRY.{a.upper()}.ActPos[mm]", f"robot0/{a}/position_m", "mm") for a in "xyz"]
    tags += [Tag(f"GANTRY.{a.upper()}.ActVel[mm/s]", f"robot0/{a}/velocity_mps", "mm/s") for a in "xyz"]
    tags += [Tag("SPR.YAW.ActPos[deg]", "robot0/yaw/position_rad", "deg", 3)]
    tags += [Tag("HOIST.LoadCell[kg]", "robot0/load_cell_n", "kg", 0)]
    true_false = ("FALSE", "TRUE")
    tags += corners("SPR.GRIP{}.Closed", "robot0/grip", "closed", true_false)
    tags += corners("SPR.GRIP{}.Open", "robot0/grip", "open", true_false)
    tags += corners("TRUCK.LOCK{}.Open", "truck1/lock", "open", true_false)
    tags += corners("TRUCK.LOCK{}.Closed", "truck1/lock", "closed", true_false)
    lines = Lines.of(truth, tags, WINTER_NS)
    codes_of(lines, {"SEQ.Step": 10 * truth.step(0), "ALM.Code1": truth.alarm(0), "ALM.Code2": truth.alarm(1)})
    lines.gap(60.0, 63.0)
    for at_s, by in ((20.0, 3), (30.0, 40), (131.5, 99)):
        lines.late(at_s, by)
    lines.again(40.0)
    lines.again(42.0)
    lines.contradict(44.0, "GANTRY.X.ActPos[mm]", "-1234.5")
    lines.write_over("GANTRY.Y.ActPos[mm]", (50.0, 50.02, 105.0), "", "empty cell")
    lines.write_over("HOIST.LoadCell[kg]", (51.0,), "####", "unreadable value")
    text = lines.rows([stamps(lines.t_ns, 8.0, "%Y-%m-%dT%H:%M:%S.FRACTION+08:00")], ",")
    header = ",".join(["Timestamp", *lines.setups])
    body = ["Recorder R3 export", "station;A", "", header, *text[:4000], "# restart of the recorder", "", *text[4000:]]
    body.insert(5000, "2026-02-11T14:08:00.000+08:00,17")
    lines.damages.update({"comment": 1, "blank line": 1, "wrong number of fields": 1, "cut last line": 1})
    whole = "\r\n".join(body)
    path = folder / "historian.csv"
    path.write_bytes("﻿".encode() + whole[:-7].encode())
    file = {"encoding": "utf-8", "header_line": 4, "comment": "#", "delimiter": ","}
    names = {str(10 * k + 10): name for k, name in enumerate(truth.phase_names)}
    steps = [("SEQ.Step", 0, {"0": "idle", **names})]
    at = mapping(
        folder / "historian.yaml", "top_lift", tags, file=file, time={"column": "Timestamp"}, steps=steps,
        alarms=["ALM.Code1", "ALM.Code2"],
    )  # fmt: skip
    return Log(path, at, truth, WINTER_NS, lines.damages)


def german(folder: Path) -> Log:
    """Windows-1252, semicolons, decimal commas, thousands, a line of units, delimiters at the end, date and time in two
    columns, the hour that daylight saving repeats, rope length for height, speeds in m/min, a frozen encoder beside its
    setpoint.
    """
    truth = truth_of("top_lift")
    drives = {"x": "Kranfahrwerk", "y": "Katzfahrwerk"}
    tags = [Tag(f"{name} Istwert", f"robot0/{a}/position_m", "mm", 2) for a, name in drives.items()]
    tags += [Tag(f"{name} Sollwert", f"robot0/{a}/reference_m", "mm", 2) for a, name in drives.items()]
    tags += [Tag(f"{name} Geschw", f"robot0/{a}/velocity_mps", "m/min", 3) for a, name in drives.items()]
    tags += [Tag("Seillänge", "robot0/z/position_m", "mm", 1, {"sign": -1, "zero": 6000.0})]
    tags += [Tag("Drehwerk", "robot0/yaw/position_rad", "°", 3)]
    tags += [Tag("Last", "robot0/load_cell_n", "t", 3)]
    tags += corners("Greifer {} zu", "robot0/grip", "closed", ("AUS", "EIN"))
    tags += corners("Greifer {} auf", "robot0/grip", "open", ("AUS", "EIN"))
    tags += corners("Riegel {} auf", "truck1/lock", "open", ("0", "-1"))
    tags += corners("Riegel {} zu", "truck1/lock", "closed", ("0", "-1"))
    for tag in tags[-8:]:
        tag.spec["values"] = {"-1": True, "0": False}
    lines = Lines.of(truth, tags, SUMMER_END_NS)
    for tag in tags:
        if tag.unit:
            lines.setups[tag.tag] = np.array([german_number(text) for text in lines.setups[tag.tag]], object)
    codes_of(lines, {"Schritt": 10 * truth.step(0), "Störung 1": truth.alarm(0), "Störung 2": truth.alarm(1)})
    # the gantry travels at full speed here
    lines.freeze("Kranfahrwerk Istwert", 48.0, 50.5)
    lines.damages["clock set back"] += 1  # by the hour
    zone_h = np.where(lines.t_ns < 1_792_890_000_000_000_000, 2.0, 1.0)
    date = stamps(lines.t_ns, zone_h, "%d.%m.%Y")
    time = stamps(lines.t_ns, zone_h, "%H:%M:%S,FRACTION")
    units = ["", "", *(tag.unit for tag in tags), "", "", ""]
    body = [";".join(["Datum", "Uhrzeit", *lines.setups]) + ";", ";".join(units) + ";"]
    body += [line + ";" for line in lines.rows([date, time], ";")]
    path = folder / "german.csv"
    path.write_bytes(("\r\n".join(body) + "\r\n").encode("cp1252"))
    file = {"encoding": "cp1252", "delimiter": ";", "decimal": ",", "thousands": ".", "units_line": True}
    when = {"column": ["Datum", "Uhrzeit"], "format": "%d.%m.%Y %H:%M:%S,%f", "zone": "Europe/Berlin"}
    names = {str(10 * k + 10): name for k, name in enumerate(truth.phase_names)}
    at = mapping(
        folder / "german.yaml", "top_lift", tags, file=file, time=when, steps=[("Schritt", 0, {"0": "idle", **names})],
        alarms=["Störung 1", "Störung 2"],
    )  # fmt: skip
    return Log(path, at, truth, SUMMER_END_NS, lines.damages, 2.5)


def german_number(text: str) -> str:
    """1.234,56 for 1234.56"""
    return f"{float(text):,.{len(text.partition('.')[2])}f}".replace(",", "~").replace(".", ",").replace("~", ".")


def chinese(folder: Path) -> Log:
    """GBK in gzip, tabs, twelve hours, Chinese tags and steps; two robots under the truck, bits of status words,
    switches turned round, depth for height; a clock that is set back and put right."""
    truth = truth_of("chassis")
    axes = {"x": "大车位置", "y": "横移位置"}
    tags, words = [], {}
    for r in range(truth.robots):
        n = r + 1
        tags += [Tag(f"{n}号{name}(mm)", f"robot{r}/{a}/position_m", "mm") for a, name in axes.items()]
        tags += [Tag(f"{n}号台面深度(cm)", f"robot{r}/z/position_m", "cm", 2, {"sign": -1, "zero": 12.5})]
        tags += [Tag(f"{n}号回转(度)", f"robot{r}/yaw/position_rad", "0.01deg", 0)]
        tags += [Tag(f"{n}号称重(t)", f"robot{r}/load_cell_n", "t", 3)]
        words[f"{n}号抓手状态"] = [f"robot{r}/grip{i + 1}_closed" for i in range(4)]
        words[f"{n}号抓手状态"] += [f"robot{r}/grip{i + 1}_open" for i in range(4)]
    for k in range(truth.seats):
        words[f"锁状态{k + 1}"] = [f"truck{k + 1}/lock{i + 1}_{w}" for w in ("open", "closed") for i in range(4)]
    lines = Lines.of(truth, tags, WINTER_NS)
    switches = []
    for word, signals in words.items():
        turned = word.startswith("锁")
        bits = [((truth.values[s] > 0.5) ^ turned).astype(int) << (i + 3) for i, s in enumerate(signals)]
        lines.setups[word] = (np.sum(bits, axis=0) + 1).astype(str).astype(object)
        for i, signal in enumerate(signals):
            switches.append(Tag(word, signal, spec={"bit": i + 3, **({"invert": True} if turned else {})}))
    said = {name: f"步骤{k + 1}" for k, name in enumerate(truth.phase_names)}
    by_number = np.array(["待机", *said.values()], object)
    for r in range(truth.robots):
        lines.setups[f"{r + 1}号步骤"] = by_number[truth.step(r)]
    codes_of(lines, {"报警1": truth.alarm(0), "报警2": truth.alarm(1)})
    lines.back(72.0, 110.0, 75.0)
    text = lines.rows([stamps(lines.t_ns, 8.0, "%Y/%m/%d %I:%M:%S.FRACTION %p")], "\t")
    path = folder / "chinese.txt.gz"
    path.write_bytes(gzip.compress(("\n".join(["\t".join(["时间", *lines.setups]), *text]) + "\n").encode("gbk"), 1))
    phases = {"待机": "idle", **{word: name for name, word in said.items()}}
    at = mapping(
        folder / "chinese.yaml", "chassis", [*tags, *switches], file={"encoding": "gbk", "delimiter": "tab"},
        time={"column": "时间", "format": "%Y/%m/%d %I:%M:%S.%f %p", "zone": "Asia/Shanghai"},
        steps=[(f"{r + 1}号步骤", r, phases) for r in range(truth.robots)], alarms=["报警1", "报警2"],
    )  # fmt: skip
    return Log(path, at, truth, WINTER_NS, lines.damages)


def dotnet(folder: Path) -> Log:
    """Seven digits of the second, everything quoted, a device 0.35 s behind, quality beside the values, a frozen
    encoder among noise, a clock that ran ahead, stray and unreadable stamps."""
    truth = truth_of("top_lift")
    noise = np.random.default_rng(5)
    tags = [Tag(f"Axis{a.upper()}.Position", f"robot0/{a}/position_m", "m", 5) for a in "xyz"]
    tags += [Tag("Rotator.Angle", "robot0/yaw/position_rad", "mrad", 2, {"clock_offset_s": 0.35})]
    tags += [Tag("Load", "robot0/load_cell_n", "kN", 3, {"quality": "Load.Quality"})]
    tags += corners("Grip{}", "robot0/grip", "closed", ("False", "True"))
    tags += corners("GripOpen{}", "robot0/grip", "open", ("False", "True"))
    tags += corners("LockOpen{}", "truck1/lock", "open", ("off", "on"))
    tags += corners("LockClosed{}", "truck1/lock", "closed", ("off", "on"))
    lines = Lines.of(truth, tags, WINTER_NS)
    # the encoder of x sees the steel shake; that of yaw is read 0.35 s late
    shaky = truth.values["robot0/x/position_m"] + noise.normal(0.0, 5e-5, len(truth.t_s))
    lines.setups["AxisX.Position"] = np.char.mod("%.5f", shaky).astype(object)
    yaw = 1e3 * truth.at("robot0/yaw/position_rad", truth.t_s + 0.35)
    lines.setups["Rotator.Angle"] = np.char.mod("%.2f", yaw).astype(object)
    lines.setups["Load.Quality"] = np.full(len(truth.t_s), "Good", object)
    codes_of(lines, {"State": truth.step(0), "Alarm.A": truth.alarm(0), "Alarm.B": truth.alarm(1)})
    lines.freeze("AxisX.Position", 30.0, 33.0)
    lines.write_over("Load.Quality", (70.0, 70.02, 70.04, 71.0), "Uncertain", "bad quality")
    lines.ahead(85.0, 92.0, 300.0)
    lines.stray(100.0, 3, 946_684_800_000_000_000)
    lines.stray(120.0, 1, WINTER_NS + 10**13)
    lines.stray(0.0, 2, 0)
    said = stamps(lines.t_ns, 8.0, "%Y-%m-%dT%H:%M:%S.FRACTION+08:00", 7)
    for at_s in (110.0, 110.02, 140.0):
        said[lines.row(at_s)] = "0001-01-01T00:00:00.0000000" if at_s < 120.0 else "not yet set"
    # the first of the three is a time, if a strange one
    lines.damages["unreadable time"] += 3
    text = [f'"{row}"' for row in lines.rows([said], '","')]
    head = '"' + '","'.join(["Time", *lines.setups]) + '"'
    path = folder / "dotnet.csv"
    path.write_text("\n".join([head, *text]) + "\n")
    names = {str(k + 1): name for k, name in enumerate(truth.phase_names)}
    at = mapping(
        folder / "dotnet.yaml", "top_lift", tags, file={}, time={"column": "Time"},
        steps=[("State", 0, {"0": "idle", **names})], alarms=["Alarm.A", "Alarm.B"],
    )  # fmt: skip
    return Log(path, at, truth, WINTER_NS, lines.damages, 3.0)


def parquet(folder: Path) -> Log:
    """Typed columns: whole tenths of a millimetre, booleans, words in a dictionary, nanoseconds since 1970."""
    truth = truth_of("top_lift")
    tags = [Tag(f"{a}_pos", f"robot0/{a}/position_m", "mm", spec={"scale": 0.1}) for a in "xyz"]
    tags += [Tag("yaw", "robot0/yaw/position_rad", "rad")]
    tags += [Tag("load", "robot0/load_cell_n", "N")]
    for stem, signal in (("grip", "robot0/grip"), ("lock", "truck1/lock")):
        tags += corners(stem + "{}_closed", signal, "closed") + corners(stem + "{}_open", signal, "open")
    columns: dict[str, pa.Array] = {"t": pa.array(WINTER_NS + np.round(truth.t_s * 1e9).astype(np.int64))}
    for tag in tags:
        raw = tag.raw(truth)
        columns[tag.tag] = pa.array(np.round(raw).astype(np.int32) if tag.unit == "mm" else raw)
    names = np.array(["-", *truth.phase_names])
    columns["phase"] = pa.array(names[truth.step(0)]).dictionary_encode()
    columns |= {f"alarm{k}": pa.array(truth.alarm(k).astype(np.int16)) for k in range(2)}
    path = folder / "station.parquet"
    pq.write_table(pa.table(columns), path, row_group_size=3000)
    steps = [("phase", 0, {"-": "idle", **{name: name for name in truth.phase_names}})]
    at = mapping(
        folder / "parquet.yaml", "top_lift", tags, file={"format": "parquet"},
        time={"column": "t", "format": "epoch_ns"}, steps=steps, alarms=["alarm0", "alarm1"],
    )  # fmt: skip
    return Log(path, at, truth, WINTER_NS, Lines.of(truth, [], 0).damages)
