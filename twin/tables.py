"""Tables for people: without broken words or cut text, whatever the width of the terminal."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

GAP = 2
"""Blanks between two columns."""


def print_table(console: Console, table: Table) -> None:
    """Print a table without a frame, its columns as wide as their words need and as the console allows.

    If even the longest words do not fit beside each other, the lines become longer than the console.
    """
    from rich.text import Text

    columns = table.columns
    least, most = [], []
    for column in columns:
        # text as it is: rich would read the step [cab] of a log as markup, and drop it
        column._cells = [Text(cell) if isinstance(cell, str) else cell for cell in column.cells]
        cells = [str(column.header), *(_plain(cell) for cell in column.cells)]
        lines = [line for cell in cells for line in cell.splitlines()] or [""]
        most.append(max(map(len, lines)))
        words = lines if column.no_wrap else [word for line in lines for word in line.split()]
        least.append(max(map(len, words), default=0))
    room = console.width - GAP * (len(columns) - 1)
    for column, width in zip(columns, share(least, most, room), strict=True):
        column.width, column.no_wrap = width, False
    table.box, table.pad_edge, table.padding = None, False, (0, 1)
    if table.title:
        console.print(str(table.title), style="bold", markup=False)
        table.title = None
    whole = sum(column.width or 0 for column in columns) + GAP * (len(columns) - 1)
    width = console.width
    console.width = max(width, whole)  # rich would cut what is wider than the console
    try:
        console.print(table, crop=False)
    finally:
        console.width = width


def print_lines(console: Console, text: str, head: str = "", style: str | None = None) -> None:
    """Print running text in lines as wide as the console, the first after `head`, the others indented equally.

    A long word stays whole.
    """
    width = max(console.width, len(head) + 20)
    lines = textwrap.wrap(
        text,
        width,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )
    console.print("\n".join(lines), style=style, markup=False, soft_wrap=True)


def share(least: list[int], most: list[int], room: int) -> list[int]:
    """Widths of columns within `room`: each between its minimum and maximum; the narrowest are filled first."""
    widths = list(least)
    left = room - sum(widths)
    while left > 0 and (short := [k for k, width in enumerate(widths) if width < most[k]]):
        lowest = min(short, key=lambda k: widths[k])
        widths[lowest] += 1
        left -= 1
    return widths


def _plain(cell: object) -> str:
    return str(getattr(cell, "plain", cell))
