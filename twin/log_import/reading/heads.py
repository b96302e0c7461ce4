"""Headers that come again in the middle of a file, where a recorder was started anew or files were put together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from twin.log_import.reading.table import unique_names

_MARK = "\ufeff"
_WITH_NUMBER = re.compile(r"\s*[+-]?[.,]?\d")


@dataclass(frozen=True)
class Head:
    """The columns of the rows that follow."""

    names: tuple[str, ...]
    """Each different, as the user can tell them apart."""
    headers: tuple[str, ...]
    """As the file says them, without blanks around them."""
    field_count: int
    """Fields of a row; a row may end with one more delimiter."""
    units: tuple[str, ...] = ()

    def again(self, fields: Sequence[str], comment: str) -> Head:
        """The columns after another header of these fields, which ends as this one does."""
        headers = [cleaned(field, comment) for field in fields]
        if len(headers) > 1 and not headers[-1] and self.headers[-1]:
            headers = headers[:-1]  # it ends with a delimiter
        more = self.field_count - len(self.names)
        return Head(unique_names(headers), tuple(headers), len(headers) + more)

    def is_again(self, fields: Sequence[str], comment: str) -> bool:
        """Whether a row is a header once more: at least half of it are names of columns, and nothing is a number."""
        said = [word for field in fields if (word := cleaned(field, comment))]
        known = sum(word in self.headers for word in said)
        return known >= min(2, len(self.names)) and 2 * known >= len(said) and not self._has_values(said)

    def _has_values(self, said: Sequence[str]) -> bool:
        return any(_WITH_NUMBER.match(word) and word not in self.headers for word in said)

    def is_units(self, fields: Sequence[str]) -> bool:
        """Whether a row after a header is its line of units once more."""
        return not any(_WITH_NUMBER.match(field) for field in fields)

    def words(self, comment: str) -> pa.Array:
        """What the first field of such a header may be."""
        names = [name for name in self.headers if name]
        return pa.array([sign + name for name in names for sign in ("", _MARK, *_signs(comment))], pa.string())

    def change(self, other: Head, columns: Sequence[str]) -> str:
        """What is different in another header, in words: of the columns that are read, and what is new in it."""
        missing = [name for name in columns if name in self.names and name not in other.names]
        moved = [
            name
            for name in columns
            if name in self.names and name in other.names and self.names.index(name) != other.names.index(name)
        ]
        new = [name for name in other.names if name not in self.names]
        told = [f"{what} {_few(names)}" for what, names in (("moved", moved), ("new", new)) if names]
        return ", ".join([*told, *([f"without {_few(missing)}: unknown from there on"] if missing else [])])


def cleaned(field: str, comment: str) -> str:
    """A field of a header without blanks, quotes, a byte order mark or the sign of a comment."""
    return field.strip().removeprefix(_MARK).strip('"').removeprefix(comment).strip().strip('"')


def _signs(comment: str) -> list[str]:
    return [comment, f"{comment} "] if comment else []


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
