"""Interprets the words and numbers of a quality column, once all of them are known.

The same number has different meanings: 0 is bad in OPC DA (where 192 is good) and good in OPC UA. So values are kept
with their quality until the whole column was read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from twin.log_import.reading.numbers import to_text
from twin.log_import.values import MAX_CODES, plain_code

READINGS = {
    "opc_da": "OPC DA: 192 to 255 are good",
    "opc_ua": "OPC UA: status codes below 0x40000000 are good",
    "profibus": "PROFIBUS: 128 to 255 are good",
    "percent": "per cent: 100 is good",
    "zero": "0 is good",
    "one": "1 is good",
    "words": "words that begin with good or ok, and G, are good",
}
"""Names that `cleaning.good` may have instead of a list, and their meanings."""
DEFAULT = ("Good", "GOOD", "good", "0", "192", "OK")
"""Good values if the numbers do not decide."""
_GOOD_WORD = re.compile(
    r"g$|good|ok\b|gut\b|valid\b|g\u00fcltig|true\b|\u597d|\u6709\u6548|\u826f\u597d", re.IGNORECASE
)
_GOOD_NAME = re.compile(r"good|valid|ok\b|gut\b|g\u00fcltig|\u6709\u6548", re.IGNORECASE)
_BAD_NAME = re.compile(r"bad|invalid|err|fault|fail|st\u00f6r|ung\u00fcltig|question|doubt|subst", re.IGNORECASE)
NAMED = re.compile(
    r"[\W_]*(?:opc[\W_]*)?(?:q|qc|qual|quality(?:[\W_]*code)?|qualit(?:ä|ae)t|质量码?)[\W_]*", re.IGNORECASE
)
"""Names of a long table's quality column."""
_NUMBER = re.compile(r"[+-]?\d+|0[xX][0-9a-fA-F]+")
_NUMBER_IN_WORD = re.compile(r".*[(\[]\s*(0[xX][0-9a-fA-F]+|\d+)\s*[)\]]")


@dataclass
class Quality:
    """Collects the contents of quality columns, then decides which of them are good.

    `good`: words or numbers of the mapping for good values, or a key of `READINGS`; None: to be decided.
    """

    good: Sequence[object] | str | None = None
    words: dict[str, int] = field(default_factory=dict)
    """Number of each word."""
    counts: dict[str, int] = field(default_factory=dict)
    """Count of each word."""

    def codes(self, column: pa.Array) -> np.ndarray:
        """Word numbers (K,) of a column; NaN for an empty cell."""
        codes, words = to_text(column)
        numbers = []
        often = np.bincount(codes[codes >= 0], minlength=len(words))
        for word, count in zip(map(plain_code, words), often.tolist(), strict=True):
            if len(self.words) < MAX_CODES:
                self.words.setdefault(word, len(self.words))
            numbers.append(float(self.words.get(word, -1)))
            if word in self.words:
                self.counts[word] = self.counts.get(word, 0) + count
        return np.array([*numbers, np.nan])[codes]

    @property
    def bad(self) -> bool:
        """True if any of the words is not good."""
        return not self.decided(())[0].all()

    def decided(self, names: Iterable[str]) -> tuple[np.ndarray, str]:
        """Good or not for each word, by its number (N,); and in words how columns of these names were read."""
        name = ", ".join(dict.fromkeys(names))
        if self.good is not None and not isinstance(self.good, str):
            listed = {plain_code(str(word)) for word in self.good}
            return np.array([word in listed for word in self.words], bool), f"{name}: good as the mapping lists it"
        reading = self.good or reading_of(self.counts, name)
        text = f"{name}: {READINGS[reading]}"
        if self.good is None and reading == "zero" and set(self.counts) <= {"0", ""}:
            text += " (it holds nothing else, so this is not certain: in OPC DA 0 is bad; cleaning.good tells)"
        return np.array([is_good(word, reading) for word in self.words], bool), text


def reading_of(counts: dict[str, int], name: str = "") -> str:
    """The key of `READINGS` that fits the words and numbers of a whole quality column and their counts."""
    often = {number: counts[word] for word in counts if (number := _number(word)) is not None}
    numbers = {number for number in often if often[number]}
    if not numbers:
        return "words"
    if any(number < 0 or number >= 0x40000000 for number in numbers):
        return "opc_ua"
    low = {number & 0xFF for number in numbers}  # OPC HDA and vendors have their own bits above
    if any(number >= 0xC0 for number in low):
        return "opc_da"
    if 0x80 in numbers:
        return "profibus"
    if 100 in numbers and max(numbers) == 100:
        return "percent"
    if any(number >= 0x40 for number in low) and all(number < 0x60 and number % 4 == 0 for number in low):
        return "opc_da"  # nothing but bad and uncertain
    if numbers <= {0, 1} and 1 in numbers:
        if _BAD_NAME.search(name):
            return "zero"
        return "one" if _GOOD_NAME.search(name) or often[1] > often.get(0, 0) else "zero"
    return "zero"


def is_good(word: str, reading: str) -> bool:
    """True if a word of a quality column means a good value. Words have the same meaning in any reading."""
    number = _number(word)
    if number is None:
        return _GOOD_WORD.match(word) is not None
    return {
        "opc_da": number & 0xC0 == 0xC0,
        "opc_ua": (number & 0xFFFFFFFF) >> 30 == 0,
        "profibus": number & 0x80 != 0,
        "percent": number == 100,
        "one": number == 1,
        "words": str(number) in DEFAULT,
        "zero": str(number) in DEFAULT,
    }[reading]


def _number(word: str) -> int | None:
    """Number of a word: 192, 0xC0, Good (192)."""
    found = _NUMBER_IN_WORD.fullmatch(word)
    text = found[1] if found else word
    if not _NUMBER.fullmatch(text):
        return None
    return int(text, 16) if text[:2] in ("0x", "0X") else int(text)
