"""Tables at any width: every word whole, nothing cut."""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Callable

import pytest
from rich.console import Console
from rich.table import Table

import swaptwin
from twin.tables import print_lines, print_table, share


def lines_of(width: int, table: Table) -> list[str]:
    text = io.StringIO()
    print_table(Console(file=text, width=width), table)
    return [line.rstrip() for line in text.getvalue().splitlines()]


def table() -> Table:
    made = Table("name", "what it says", "count")
    made.add_row("chassis_tractor_3", "a laden semi-trailer and three blocks under the frame", "3")
    made.add_row("[cab]", "short", "12345678")
    return made


@pytest.mark.parametrize("width", [10, 40, 47, 60, 80, 200])
def test_every_word_stays_whole(width: int) -> None:
    lines = lines_of(width, table())
    words = Counter(word for line in lines for word in line.split())
    assert words == Counter(word for line in lines_of(500, table()) for word in line.split())
    assert "semi-trailer" in words
    assert "[cab]" in words
    longest_words = 17 + 2 + 12 + 2 + 8
    assert max(map(len, lines)) <= max(width, longest_words)


def test_room_goes_to_whoever_needs_it() -> None:
    assert share([3, 4, 5], [3, 40, 5], 100) == [3, 40, 5]
    assert share([3, 4, 5], [30, 40, 5], 20) == [8, 7, 5]
    assert share([30, 40], [50, 50], 10) == [30, 40], "words first"


def test_running_text_is_indented_and_long_words_stay_whole() -> None:
    text = io.StringIO()
    print_lines(Console(file=text, width=30), "why /a/very/long/path/that/is/longer/than/the/line not [bold]", "    ")
    lines = text.getvalue().splitlines()
    assert all(line.startswith("    ") for line in lines)
    assert "    /a/very/long/path/that/is/longer/than/the/line" in lines
    assert "[bold]" in text.getvalue()


COMMANDS = (
    ("models", "list"),
    ("models", "show", "tractor_6x4"),
    ("models", "show", "top_lift"),
    ("models", "show", "factory", "--station", "chassis"),
    ("swap", "--plant", "rom", "--station", "chassis", "--fault", "lock_snag"),
)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def run(width: int, *arguments: str) -> str:
        monkeypatch.setitem(os.environ, "COLUMNS", str(width))
        assert swaptwin.run(arguments) in (0, 1)
        return capsys.readouterr().out

    return run


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_commands_break_no_word(arguments: tuple[str, ...], said: Callable[..., str]) -> None:
    """At 80 columns, the width of what is piped, everything fits as well."""
    whole = Counter(said(500, *arguments).split())
    for width in (60, 80, 200):
        reported = said(width, *arguments)
        assert Counter(reported.split()) == whole, width
        if width == 80:
            assert max(map(len, reported.splitlines())) <= 80
