"""Estimates in words."""

from __future__ import annotations

from agents.throughput.estimates import Estimate


def in_words(of: Estimate | None, scale: float = 1.0, digits: int = 1, minus: str = "-") -> str:
    """Mean and 95 % interval, times `scale`."""
    if of is None:
        return "-"
    mean = _number(of.mean * scale, digits, minus)
    if of.ci95 is None:
        return mean
    return f"{mean} ({_number(of.ci95[0] * scale, digits, minus)} to {_number(of.ci95[1] * scale, digits, minus)})"


def _number(value: float, digits: int, minus: str) -> str:
    text = f"{value:,.{digits}f}"
    return text.removeprefix("-") if float(text.replace(",", "")) == 0.0 else text.replace("-", minus)
