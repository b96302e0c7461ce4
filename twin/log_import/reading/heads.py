"""Repeated headers within a file, where a recorder was restarted or files were concatenated."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from twin.log_import.reading.table import unique_names

_MARK = "\ufeff"
_WITH_NUMBER = re.compile(r"\s*[+-]?[.,]?\d")


@dataclass(frozen=True)
class Head:
    """Columns of the rows that follow a header."""

    names: tuple[str, ...]
    """Column names made unique."""
    headers: tuple[str, ...]
    """Names as in the file, without surrounding blanks."""
    field_count: int
    """Fields of a row; a row may have one more delimiter at its end."""
    units: tuple[str, ...] = ()

    def again(self, fields: Sequence[str], comment: str) -> Head:
        """The columns after another header of these fields, with the same trailing delimiter."""
        headers = [cleaned(field, comment) for field in fields]
        if len(headers) > 1 and not headers[-1] and self.headers[-1]:
            headers = headers[:-1]  # it ends with a delimiter
        more = self.field_count - len(self.names)
        return Head(unique_names(headers), tuple(headers), len(headers) + more)

    def is_again(self, fields: Sequence[str], comment: str) -> bool:
        """True if a row is a repeated header: at least half of it are names of columns, and no field is a number."""
        words = [word for field in fields if (word := cleaned(field, comment))]
        known = sum(word in self.headers for word in words)
        return known >= min(2, len(self.names)) and 2 * known >= len(words) and not self._has_values(words)

    def _has_values(self, words: Sequence[str]) -> bool:
        return any(_WITH_NUMBER.match(word) and word not in self.headers for word in words)

    def is_units(self, fields: Sequence[str]) -> bool:
        """True if a row after a header is a repeated line of units."""
        return not any(_WITH_NUMBER.match(field) for field in fields)

    def words(self, comment: str) -> frozenset[str]:
        """Possible first fields of such a header."""
        signs = {"", _MARK, comment, f"{comment} " if comment else ""}
        return frozenset(sign + name for name in self.headers if name for sign in signs)

    def change(self, other: Head, columns: Sequence[str]) -> str:
        """Differences of another header in words: of the columns in use, and its new ones."""
        missing = [name for name in columns if name in self.names and name not in other.names]
        moved = [
            name
            for name in columns
            if name in self.names and name in other.names and self.names.index(name) != other.names.index(name)
        ]
        new = [name for name in other.names if name not in self.names]
        parts = [f"{what} {_few(names)}" for what, names in (("moved", moved), ("new", new)) if names]
        return ", ".join([*parts, *([f"without {_few(missing)}: unknown from there on"] if missing else [])])


def cleaned(field: str, comment: str) -> str:
    """A header field without blanks, quotes, byte order mark or comment sign."""
    return field.strip().removeprefix(_MARK).strip('"').removeprefix(comment).strip().strip('"')


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
