"""Drafts a mapping file from a log's columns: what can be guessed is filled in, the rest is left to choose."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path

from twin.log_import.naming import state_of, suggest, words_of
from twin.log_import.quality import READINGS, reading_of
from twin.log_import.reading.guess_columns import ColumnGuess
from twin.log_import.reading.guess_stamps import is_time_of_day
from twin.log_import.reading.sniff import Guess, sniff
from twin.log_import.signals import dimension_of
from twin.log_import.units import ALIASES, dimensions_of
from twin.log_import.values import FALSE_WORDS, TRUE_WORDS

DEFAULT_UNITS = {"length": "mm", "angle": "deg", "speed": "mm/s", "rate": "deg/s", "force": "kg", "time": "s"}
"""Most common unit at stations, if the log does not say."""
ON_WORDS = ("on", "true", "yes", "t", "y", "1", "ein", "ja", "wahr", "是", "开")
QUALITY_WORDS = re.compile(
    r"[\W_]*(?:quality|qual|qc|q|quality ?code|status|status ?code|state|valid|is ?valid|good|is ?good|bad"
    r"|qualit(?:ä|ae)t|质量|质量码|状态)[\W_]*",
    re.IGNORECASE,
)
"""Suffix of the name of a wide table's quality column, after its tag's name."""
CERTAIN = ("opc_da", "opc_ua", "profibus", "percent")
"""Readings of quality that hold for any later content of the log."""
CHASSIS_WORDS = ("rgv", "table", "chassis", "底盘")


def draft_map(path: str | Path) -> str:
    """Text of a mapping file for this log; it loads as it is and marks what has to be checked.

    Raises:
        InputError: if the log is no table.
    """
    guess = sniff(path)
    chosen, alarms, others = _sorted(guess)
    step = chosen.pop("step", None)
    chassis = any(word in c.name.lower() for c in guess.columns for word in CHASSIS_WORDS)
    station, truck, pack = (
        ("chassis", "chassis_tractor_3", "chassis_171") if chassis else ("top_lift", "tractor_6x4", "cab_282")
    )
    lines = [
        f"# A first mapping of {Path(path).name}, drafted from its columns. Every line wants reading beside the",
        "# station's tag notes: names say little of signs, zeros and units. All keys: docs/import_log.md",
        'title: ""',
        f"station: {station}  # swaptwin models list; or a .yaml file beside this one",
        f"truck: {truck}",
        f"pack: {pack}",
        "",
        f"file: {_file(guess)}",
        f"time: {_time(guess, Path(path))}",
    ]
    lines += [f"# {note}" for note in guess.notes]
    if guess.table == "long":
        quality = f", quality: {_quoted(guess.quality_column)}" if guess.quality_column else ""
        lines.append(f"long: {{tag: {_quoted(guess.tag_column)}, value: {_quoted(guess.value_column)}{quality}}}")
        if guess.quality_column:
            lines.append(_quality(guess))
    lines += ["", "# value = sign x scale x (what the log says - zero), in this unit", "signals:"]
    for signal, column in chosen.items():
        lines.append(f"  {signal}: {_signal(signal, column, _beside(guess, column))}  {_remark(column)}")
    if not any("/position_" in signal for signal in chosen):
        lines += [
            "  # no column looks like an axis position: at least one is needed",
            '  robot0/x/position_m: {tag: "?", unit: mm}',
        ]
    if others:
        lines += ["  # not recognised; to record one, take its # away and give it the name of a signal, or log/NAME:"]
        lines += [f"  #log/{_plain(c.name)}: {_signal('log/', c, _beside(guess, c))}  {_remark(c)}" for c in others]
    lines += _steps(step, guess)
    lines += _alarms(alarms)
    return _printable("\n".join(lines) + "\n")


def _printable(text: str) -> str:
    """Text with characters that YAML refuses escaped as in its quoted strings."""

    def escaped(sign: str) -> str:
        return f"\\U{ord(sign):08x}" if sign > "\uffff" else f"\\u{ord(sign):04x}"

    return "".join(sign if sign.isprintable() or sign == "\n" else escaped(sign) for sign in text)


def _sorted(guess: Guess) -> tuple[dict[str, ColumnGuess], list[ColumnGuess], list[ColumnGuess]]:
    """The column of each recognised signal, the first if there are several; those of alarms; and the others."""
    chosen: dict[str, ColumnGuess] = {}
    alarms: list[ColumnGuess] = []
    others: list[ColumnGuess] = []
    for column in guess.columns:
        signal = suggest(column)
        if signal == "alarm":
            alarms.append(column)
        elif signal is None or signal in chosen:
            others.append(column)
        else:
            chosen[signal] = column
    return chosen, alarms, others


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _file(guess: Guess) -> str:
    at = guess.layout
    fields = [f"format: {at.format}", f"table: {guess.table}"]
    if at.format != "parquet":
        fields.append(f"encoding: {at.encoding}")
        fields.append(f"delimiter: {'tab' if at.delimiter == chr(9) else _quoted(at.delimiter)}")
        fields.append(f"decimal: {_quoted(at.decimal)}")
        if at.thousands:
            fields.append(f"thousands: {_quoted(at.thousands)}")
        if at.header_line != 1:
            fields.append(f"header_line: {at.header_line}")
        if at.units_line:
            fields.append("units_line: true")
        if at.comment:
            fields.append(f"comment: {_quoted(at.comment)}")
    return "{" + ", ".join(fields) + "}"


def _quality(guess: Guess) -> str:
    """Reading of a long table's quality column."""
    reading = reading_of(guess.quality_words, guess.quality_column)
    words = ", ".join(sorted(guess.quality_words)[:8])
    reading_text = f"{guess.quality_column} holds {words or 'nothing'}: {READINGS[reading]}, the rest is unknown"
    if reading in CERTAIN:
        return f"cleaning: {{good: {reading}}}  # {reading_text}"
    return f"# cleaning: {{good: {reading}}}  # {reading_text}; left out, the import decides by the whole column"


def _beside(guess: Guess, column: ColumnGuess) -> list[str]:
    """A column's own time and quality, if a wide table has them."""
    if guess.table == "long":
        return []
    found = []
    if time := guess.own_times.get(column.name):
        found.append(f"time: {_quoted(time)}")
    for other in guess.columns:
        if other.name.startswith(column.name) and QUALITY_WORDS.fullmatch(other.name[len(column.name) :]):
            found.append(f"quality: {_quoted(other.name)}")
            break
    return found


def _time(guess: Guess, path: Path) -> str:
    column = guess.time_column
    name = _quoted(column or "?") if isinstance(column, str) else "[" + ", ".join(map(_quoted, column)) + "]"
    fields = [f"column: {name}", f"format: {_quoted(guess.stamp_format or 'iso')}"]
    note = ""
    if is_time_of_day(guess.stamp_format):
        fields += [f"date: {datetime.fromtimestamp(path.stat().st_mtime).date()}", 'zone: "UTC"']
        note = "its stamps tell no day: give that of the first line (here that of the file's last change) and the zone"
    elif guess.stamp_format.startswith("relative_"):
        note = "its stamps count from a start or a trigger: check the unit"
    elif guess.zone_needed:
        fields.append('zone: "UTC"')
        note = "its stamps carry no zone: give the station's, such as Asia/Shanghai"
    return "{" + ", ".join(fields) + "}" + (f"  # {note}" if note else "")


def _signal(signal: str, column: ColumnGuess, more: list[str]) -> str:
    fields = [f"tag: {_quoted(column.name)}"]
    unit = ALIASES.get(column.unit, column.unit)
    if column.kind != "bool" and unit and dimensions_of(unit):
        fields.append(f"unit: {_unit(unit)}")
    elif not signal.startswith("log/") and (dimension := dimension_of(signal)) in DEFAULT_UNITS:
        fields.append(f"unit: {DEFAULT_UNITS[dimension]}")
    words = {word.lower(): word for word in column.words}
    if column.kind == "bool" and not words.keys() <= TRUE_WORDS | FALSE_WORDS:
        fields.append(f"values: {_meanings(words, signal, state_of(words_of(column.name)) is not None)}")
    if column.kind == "bool" and signal.startswith("log/"):
        fields.append("unit: bool")
    fields += more
    return "{" + ", ".join(fields) + "}"


def _meanings(words: dict[str, str], signal: str, is_named: bool) -> str:
    """Meanings of a switch's words: whether it is made, if they name the state that its signal is named after.

    `is_named`: the tag's own name contains the state, so that words for on and off only mean made or not.
    """
    state = signal.rpartition("_")[2]
    states = {word: state_of([word]) for word in words}
    if None in states.values() or (is_named and words.keys() <= {"开", "关"}):  # on and off
        on = next((word for word in words if word in ON_WORDS), next(iter(words), ""))
    else:
        on = next((word for word, of in states.items() if of == state), "")
    return "{" + ", ".join(f"{_quoted(text)}: {str(word == on).lower()}" for word, text in words.items()) + "}"


def _unit(unit: str) -> str:
    return _quoted(unit) if unit[0] in "01%" else unit


def _remark(column: ColumnGuess) -> str:
    notes = []
    if column.minimum is not None and column.maximum is not None and column.kind != "bool":
        notes.append(f"{column.minimum:g} to {column.maximum:g}")
    elif column.words:
        notes.append(" ".join(" ".join(column.words[:4]).split()))
    if column.share_empty > 0.0:
        notes.append(f"{column.share_empty * 100:.2g} % empty")
    unit = ALIASES.get(column.unit, column.unit)
    if column.kind in ("number", "integer code") and not (unit and dimensions_of(unit)):
        notes.append("unit unknown: check it")
    return "# " + ", ".join(notes) if notes else ""


def _plain(name: str) -> str:
    kept = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in name.lower())
    return "_".join(part for part in kept.split("_") if part) or "unnamed"


def _steps(column: ColumnGuess | None, guess: Guess) -> list[str]:
    if column is None:
        return ["", "# steps: {tag: TAG, phases: {30: scan, 40: lower}}"]
    lines = [
        "",
        "# which phase each step is part of: dock identify scan lower grip unlock lift_out traverse_to_slot",
        "# store traverse_to_full pick traverse_to_truck rescan align insert lock pull_test release clear verify",
        "# exit; fault and idle for what is no part of a swap",
        "steps:",
        f"  tag: {_quoted(column.name)}",
        *[f"  {line}" for line in _beside(guess, column) if line.startswith("time")],
        "  phases:",
    ]
    lines += [f"    {_quoted(word) if not word.isdigit() else word}: idle  # ?" for word in column.words if word]
    return lines


def _alarms(columns: list[ColumnGuess]) -> list[str]:
    if not columns:
        return [
            "",
            '# alarms: {tags: [TAG], none: [0], codes: {2107: {name: sway_warning, level: warning, message: ""}}}',
        ]
    tags = ", ".join(_quoted(c.name) for c in columns)
    codes = dict.fromkeys(word for c in columns for word in c.words if word not in ("0", ""))
    lines = ["", "alarms:", f"  tags: [{tags}]", "  none: [0]", "  codes:" + ("" if codes else " {}")]
    names = ((word if word.isdigit() else _quoted(word), _plain(word)) for word in codes)
    lines += [f'    {word}: {{name: alarm_{name}, level: warning, message: ""}}' for word, name in names]
    return lines
