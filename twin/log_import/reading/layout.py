"""Layout of a table's file: format, encoding, special characters."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from twin.errors import InputError

FORMATS = ("auto", "csv", "parquet")
EMPTY = ("", "NaN", "nan", "null", "NULL", "N/A", "---", "Bad", "#N/A")
"""Default texts for an empty value."""

_ASCII = bytes(range(128))
_WIDE = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")
_NO_TEXT = ("unicode-escape", "raw-unicode-escape", "idna", "punycode", "utf-7")
_NO_MARK = "\r\n"
_IN_NUMBERS = "0123456789+-eE"


@dataclass(frozen=True)
class TableLayout:
    """Layout of a table's file.

    Raises:
        InputError: for a value that its key does not allow, or two equal special characters; without a file's name.
    """

    format: str = "auto"
    """`auto` (by content: Parquet's magic, else CSV), `csv` or `parquet`."""
    encoding: str = "utf-8"
    """A Python text codec that is ASCII-compatible, or utf-16 or utf-32. A byte order mark is removed."""
    delimiter: str = ","
    decimal: str = "."
    thousands: str = ""
    """One character between groups of three digits, or empty. A blank includes no-break blanks."""
    quote: str = '"'
    """One character, or empty if quotes have no meaning."""
    header_line: int = 1
    """Number, from 1, of the line with the column names; 0 if there is none. Lines before it are a preamble."""
    units_line: bool = False
    """True if one more line after the header has units, no data."""
    comment: str = ""
    """Lines that begin with it are skipped."""
    empty: tuple[str, ...] = EMPTY

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise InputError("unknown format", key="format", value=self.format, allowed=", ".join(FORMATS))
        codec(self.encoding)
        _one_sign("delimiter", self.delimiter, may_be_empty=False)
        _one_sign("quote", self.quote, may_be_empty=True)
        if self.decimal not in (".", ","):
            raise InputError("no decimal mark", key="decimal", value=self.decimal, allowed=". or ,")
        if self.thousands and (
            len(self.thousands) != 1 or self.thousands in _IN_NUMBERS or self.thousands == self.decimal
        ):
            raise InputError(
                "no separator of thousands",
                key="thousands",
                value=self.thousands,
                allowed="nothing, or one sign that is no digit and not the decimal mark",
            )
        if self.delimiter == self.quote:
            raise InputError("the same sign as the delimiter", key="quote", value=self.quote)
        whole = isinstance(self.header_line, int) and not isinstance(self.header_line, bool)
        if not whole or not 0 <= self.header_line <= MAX_HEADER_LINE:
            raise InputError(
                "no line number", key="header_line", value=self.header_line, allowed=f"0 to {MAX_HEADER_LINE}"
            )
        if any(sign in self.comment for sign in _NO_MARK):
            raise InputError("must not hold a line end", key="comment", value=self.comment)

    @property
    def codec_name(self) -> str:
        """Python's canonical name of the encoding."""
        return codec(self.encoding)


MAX_HEADER_LINE = 10_000


def codec(encoding: str) -> str:
    """Python's name of a text encoding that tables can have; InputError for any other."""
    allowed = "utf-8, utf-16, gbk, gb18030, cp1252, latin-1 and other encodings that hold ASCII as it is"
    try:
        info = codecs.lookup(encoding)
        name = info.name
        if name == "utf-8-sig":
            name = "utf-8"
        if name in _NO_TEXT:
            raise LookupError
        if name not in _WIDE and _ASCII.decode(name) != _ASCII.decode("ascii"):
            raise LookupError
        if info.incrementaldecoder is None:
            raise LookupError
    except (LookupError, ValueError, TypeError, AttributeError):
        raise InputError("unknown encoding", key="encoding", value=encoding, allowed=allowed) from None
    return name


def _one_sign(key: str, sign: str, *, may_be_empty: bool) -> None:
    if sign == "" and may_be_empty:
        return
    if len(sign) != 1 or not sign.isascii() or sign in _NO_MARK or sign == "\0":
        nothing = ", or nothing" if may_be_empty else ""
        raise InputError("must be one character", key=key, value=sign, allowed=f"one ASCII character{nothing}")
