"""YAML 1.2 to plain data, for files that may come from anyone.

Only mappings, lists, strings, numbers, booleans and null come out. Tags, anchors, aliases, merge keys, directives,
further documents, duplicate keys, NaN, infinities, deep nesting and large files are refused, each with one line.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

from twin.errors import InputError

MAX_BYTES = 1 << 20
MAX_DEPTH = 16
MAX_NODES = 20_000
MAX_INTEGER = 10**15

Lines = dict[tuple[str | int, ...], int]
"""Line number, from 1, of each key or list item, by its path."""

_NULL = {"", "~", "null", "Null", "NULL"}
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)\Z|\.(nan|NaN|NAN)\Z")


def read_bytes(path: Path) -> bytes:
    """The file's bytes, at most `MAX_BYTES`; not a directory, a device or a pipe."""
    try:
        if not path.exists():
            raise InputError("no such file", file=path)
        if not path.is_file():
            raise InputError("is not a regular file", file=path)
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"cannot be read: {getattr(error, 'strerror', None) or error}", file=repr(str(path))) from None
    if len(data) > MAX_BYTES:
        raise InputError("file is too large", file=path, allowed=f"up to {MAX_BYTES} bytes")
    return data


def parse(data: bytes, file: str | Path) -> tuple[dict[str, Any], Lines]:
    """The root mapping and the line of every key in it."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8 text: byte {error.start} is 0x{data[error.start]:02x}", file=file) from None

    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    reader = _Reader(file)
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            reader.take(event)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark is not None else ""
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
        raise InputError(f"{where}not valid YAML: {' '.join(str(problem).split())}", file=file) from None
    except (ValueError, IndexError, AttributeError, AssertionError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"not valid YAML: {' '.join(str(error).split())}", file=file) from None
    if not isinstance(reader.root, dict):
        found = "nothing" if reader.root is None else "a list" if isinstance(reader.root, list) else repr(reader.root)
        raise InputError(f"must hold a mapping (key: value lines), has {found[:60]}", file=file)
    return reader.root, reader.lines


def dotted(path: tuple[str | int, ...]) -> str:
    """`("slots", 3, "x_m")` as `slots[3].x_m`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


class _Reader:
    """Builds plain data from parser events, refusing everything else."""

    def __init__(self, file: str | Path) -> None:
        self.file = file
        self.root: Any = None
        self.lines: Lines = {}
        self._stack: list[dict[str, Any] | list[Any]] = []
        self._keys: list[str | None] = []
        self._path: list[str | int] = []
        self._documents = 0
        self._nodes = 0

    def take(self, event: Any) -> None:
        kind = type(event).__name__
        if kind == "DocumentStartEvent":
            self._documents += 1
            if self._documents > 1:
                self._refuse(event, "has more than one YAML document")
            if event.version or event.tags:
                self._refuse(event, "YAML directives (%) are not allowed")
        elif kind in ("MappingStartEvent", "SequenceStartEvent", "ScalarEvent", "AliasEvent"):
            self._node(event, kind)
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            self._stack.pop()
            self._keys.pop()
            if self._path:
                self._path.pop()

    def _node(self, event: Any, kind: str) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            self._refuse(event, f"has too many values, at most {MAX_NODES} are read")
        if kind == "AliasEvent" or event.anchor is not None:
            self._refuse(event, "YAML anchors and aliases are not allowed")
        tag = getattr(event, "ctag", None) or getattr(event, "tag", None)
        if tag:
            self._refuse(event, f"YAML tags are not allowed, found {str(tag)[:40]!r}")
        in_mapping = bool(self._stack) and isinstance(self._stack[-1], dict)
        if in_mapping and self._keys[-1] is None:
            self._key(event, kind)
            return
        value: Any = {} if kind == "MappingStartEvent" else [] if kind == "SequenceStartEvent" else None
        part: str | int | None = None
        if self._stack:
            top = self._stack[-1]
            part = self._keys[-1] if isinstance(top, dict) else len(top)
            assert part is not None
            self.lines.setdefault((*self._path, part), event.start_mark.line + 1)
        if kind == "ScalarEvent":
            value = self._scalar(event, part)
        if not self._stack:
            self.root = value
        elif isinstance(self._stack[-1], dict):
            self._stack[-1][str(part)] = value
            self._keys[-1] = None
        else:
            self._stack[-1].append(value)
        if kind != "ScalarEvent":
            if len(self._stack) >= MAX_DEPTH:
                self._refuse(event, f"is nested too deeply, at most {MAX_DEPTH} levels are read")
            if part is not None:
                self._path.append(part)
            self._stack.append(value)
            self._keys.append(None)

    def _key(self, event: Any, kind: str) -> None:
        if kind != "ScalarEvent":
            self._refuse(event, "a key must be plain text")
        if event.implicit[0] and event.value == "<<":
            self._refuse(event, "YAML merge keys (<<) are not allowed")
        top = self._stack[-1]
        if event.value in top:
            raise InputError(
                f"line {event.start_mark.line + 1}: key given twice",
                file=self.file,
                key=dotted((*self._path, event.value)),
            )
        self._keys[-1] = event.value
        self.lines[(*self._path, event.value)] = event.start_mark.line + 1

    def _scalar(self, event: Any, part: str | int | None) -> Any:
        text = event.value
        if not event.implicit[0]:
            return text
        if text in _NULL:
            return None
        if text in _BOOL:
            return _BOOL[text]
        key = dotted((*self._path, part)) if part is not None else None
        if _NOT_FINITE.match(text):
            raise InputError("must be a finite number", file=self.file, key=key, value=text)
        if _INT.match(text):
            if len(text) > 17 or abs(int(text)) > MAX_INTEGER:
                raise InputError("number is too large", file=self.file, key=key, value=text, allowed="up to 1e15")
            return int(text)
        if _FLOAT.match(text):
            number = float(text)
            if not math.isfinite(number) or abs(number) > MAX_INTEGER:
                raise InputError("number is too large", file=self.file, key=key, value=text, allowed="up to 1e15")
            return number
        return text

    def _refuse(self, event: Any, problem: str) -> None:
        mark = event.start_mark
        where = f"line {mark.line + 1}: " if mark is not None else ""
        path = dotted(tuple(self._path)) if self._path else None
        raise InputError(f"{where}{problem}", file=self.file, key=path)
