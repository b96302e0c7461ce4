"""Long dialects: tag, time, value, quality; a line only where something changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.twin.log_import.dialects import WINTER_NS, corners
from tests.twin.log_import.historian import Log, Tag, mapping
from tests.twin.log_import.truth import Truth, truth_of

Line = tuple[int, str, str, str]
"""Time in ns, tag, value, quality."""


def changes(truth: Truth, tag: Tag, good: str, t0_ns: int, offset_s: float = 0.0) -> list[Line]:
    """The lines of a tag that says only what changed by its deadband."""
    raw, text = tag.raw(truth), tag.text(truth)
    if tag.unit:
        rows, last = [], np.inf
        for k, value in enumerate(raw.tolist()):
            if abs(value - last) >= tag.deadband:
                rows.append(k)
                last = value
    else:
        rows = [0, *(np.flatnonzero(raw[1:] != raw[:-1]) + 1).tolist()]
    t_ns = t0_ns + np.round((truth.t_s - offset_s) * 1e9).astype(np.int64)
    return [(int(t_ns[k]), tag.tag, str(text[k]), good) for k in rows]


def code_changes(truth: Truth, tag: str, codes: Sequence[str], good: str, t0_ns: int) -> list[Line]:
    rows = [k for k in range(len(codes)) if k == 0 or codes[k] != codes[k - 1]]
    return [(t0_ns + round(float(truth.t_s[k]) * 1e9), tag, codes[k], good) for k in rows]


def events(folder: Path) -> Log:
    """Sorted by time, epoch in ms, a deadband of half a millimetre, OPC quality codes, tags that nobody mapped, an
    outage that only the heartbeat tells, lines that come late and twice; two robots, and a device 0.35 s behind."""
    truth = truth_of("chassis")
    tags = []
    for r in range(truth.robots):
        stem = f"RGV{r + 1}"
        tags += [Tag(f"{stem}.{a}", f"robot{r}/{a}/position_m", "mm", 2, deadband=0.5) for a in "xyz"]
        turn = Tag(f"{stem}.yaw", f"robot{r}/yaw/position_rad", "deg", 4, {"clock_offset_s": 0.35}, deadband=0.004)
        tags += [turn, Tag(f"{stem}.load", f"robot{r}/load_cell_n", "kg", 1, deadband=5.0)]
        tags += corners(stem + ".grip{}.closed", f"robot{r}/grip", "closed")
        tags += corners(stem + ".grip{}.open", f"robot{r}/grip", "open")
    for k in range(truth.seats):
        tags += corners(f"TRUCK{k + 1}.lock" + "{}.open", f"truck{k + 1}/lock", "open")
        tags += corners(f"TRUCK{k + 1}.lock" + "{}.closed", f"truck{k + 1}/lock", "closed")
    found: list[Line] = []
    for tag in tags:
        found += changes(truth, tag, "192", WINTER_NS, tag.spec.get("clock_offset_s", 0.0))
    for r in range(truth.robots):
        found += code_changes(truth, f"RGV{r + 1}.step", [str(n) for n in truth.step(r)], "192", WINTER_NS)
    for k in range(2):
        found += code_changes(truth, f"ALARM{k + 1}", [str(n) for n in truth.alarm(k)], "192", WINTER_NS)
    end_s = float(truth.t_s[-1])
    found += [(WINTER_NS + round(s * 1e9), "PLC.heartbeat", "1", "192") for s in np.arange(0.0, end_s, 0.5)]
    out_ns = [WINTER_NS + round(s * 1e9) for s in (22.0, 26.2)]
    found = sorted(line for line in found if not out_ns[0] < line[0] < out_ns[1])
    damages = Counter({"gap": 1})
    # a sensor that fails, and says so
    moving = [k for k, line in enumerate(found) if line[1] == "RGV1.load"]
    for k in moving[300:310]:
        found[k] = (*found[k][:2], "-32768", "0")
        damages["bad quality"] += 1
    x = [k for k, line in enumerate(found) if line[1] == "RGV1.x"]
    found.insert(x[200], found[x[200]])
    found.insert(x[300], (*found[x[300]][:2], "99999.0", "192"))
    late = x[400]
    found.insert(late + 30, found.pop(late))
    damages += Counter({"line of the same time": 1, "contradicting line": 1, "line out of order": 1})
    reported = {tag.tag for tag in tags} | {f"RGV{r + 1}.step" for r in range(truth.robots)} | {"ALARM1", "ALARM2"}
    last_s = max(line[0] - WINTER_NS for line in found if line[1] in reported) * 1e-9
    body = ["ts|tag|value|quality", *(f"{t // 10**6}|{tag}|{value}|{q}" for t, tag, value, q in found)]
    path = folder / "events.csv"
    path.write_text("\n".join(body) + "\n")
    names = {str(k + 1): name for k, name in enumerate(truth.phase_names)}
    at = mapping(
        folder / "events.yaml", "chassis", tags, file={"table": "long", "delimiter": "|"},
        time={"column": "ts", "format": "epoch_ms"},
        steps=[(f"RGV{r + 1}.step", r, {"0": "idle", **names}) for r in range(truth.robots)],
        alarms=["ALARM1", "ALARM2"],
        more={
            "long": {"tag": "tag", "value": "value", "quality": "quality"},
            "cleaning": {"good": ["192"], "gap_s": 4},
        },
    )  # fmt: skip
    return Log(path, at, truth, WINTER_NS, damages, end_s=last_s)


def by_tag(folder: Path) -> Log:
    """Sorted by tag, seconds since 1970 with a decimal comma, quality in words; a clock of one tag that jumps."""
    truth = truth_of("top_lift")
    tags = [Tag(f"Gantry {a}", f"robot0/{a}/position_m", "m", 5, deadband=0.0005) for a in "xyz"]
    tags += [Tag("Spreader angle", "robot0/yaw/position_rad", "mrad", 3, deadband=0.05)]
    tags += [Tag("Load", "robot0/load_cell_n", "kN", 4, deadband=0.05)]
    for stem, signal in (("grip", "robot0/grip"), ("lock", "truck1/lock")):
        tags += corners(stem + " {} closed", signal, "closed", ("no", "yes"))
        tags += corners(stem + " {} open", signal, "open", ("no", "yes"))
    found: list[Line] = []
    for tag in tags:
        found += changes(truth, tag, "Good", WINTER_NS)
    names = np.array(["none", *truth.phase_names])
    found += code_changes(truth, "Sequence", names[truth.step(0)].tolist(), "Good", WINTER_NS)
    for k in range(2):
        found += code_changes(truth, f"Alarm {k + 1}", [str(n) for n in truth.alarm(k)], "Good", WINTER_NS)
    found.sort(key=lambda line: (line[1], line[0]))
    x = [k for k, line in enumerate(found) if line[1] == "Gantry x"]
    back = [k for k in x if found[k][0] > WINTER_NS + 80 * 10**9]
    for k in back[:200]:
        found[k] = (found[k][0] + 600 * 10**9, *found[k][1:])
    number = [k for k, line in enumerate(found) if line[1] == "Load"]
    found[number[50]] = (*found[number[50]][:3], "Bad")
    damages = Counter({"clock ahead": 1, "bad quality": 1})
    body = ["Name;Value;Quality;Seconds"]
    for t, tag, value, quality in found:
        body.append(f"{tag};{value.replace('.', ',')};{quality};{t // 10**9},{t % 10**9 // 1000:06d}")
    path = folder / "by_tag.csv"
    path.write_bytes(("\r\n".join(body) + "\r\n").encode("utf-16"))
    at = mapping(
        folder / "by_tag.yaml", "top_lift", tags,
        file={"table": "long", "delimiter": ";", "decimal": ",", "encoding": "utf-16"},
        time={"column": "Seconds", "format": "epoch_s"},
        steps=[("Sequence", 0, {"none": "idle", **{name: name for name in truth.phase_names}})],
        alarms=["Alarm 1", "Alarm 2"], more={"long": {"tag": "Name", "value": "Value", "quality": "Quality"}},
    )  # fmt: skip
    return Log(path, at, truth, WINTER_NS, damages)
