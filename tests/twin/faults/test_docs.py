"""docs/faults.md says what the code does: kinds, settings, outcomes, examples, refusals and rates."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.twin.faults.setups import setup_of
from twin.errors import InputError
from twin.faults import KINDS, RATES_PER_1000, faulty_setup, parse_fault
from twin.faults.kinds import FOREVER, ONE_OF, WHEN, Option
from twin.sequence.program import OUTCOMES

DOCS = Path(__file__).resolve().parents[3] / "docs" / "faults.md"
SETTING = re.compile(r"`(\w+)` ([^;(]+) \(([^)]+)\)")
"""A setting in the docs' tables: name, what is allowed, and its default or that it is needed."""


def rows(first: str) -> dict[str, list[str]]:
    """Rows of the docs' table whose head begins with `first`, by the name in their first column."""
    lines = DOCS.read_text().split(f"\n| {first} |", 1)[1].splitlines()[2:]
    found = {}
    for line in lines:
        if not line.startswith("|"):
            break
        name, *setups = (setup.strip() for setup in line.strip("| ").split(" | "))
        found[name.strip("`")] = setups
    return found


def said_of(setup: str) -> dict[str, tuple[str, str]]:
    return {name: (allowed, default) for name, allowed, default in SETTING.findall(setup)}


def expected(name: str, option: Option, needs: tuple[str, ...]) -> tuple[str, str]:
    """What the docs have to say of a setting; where its default is no number, in words of their own."""
    needed = name in needs or any(name in ONE_OF.get(need, ()) for need in needs)
    default = option.default
    if needed:
        said = "one of them needed" if name not in needs else "needed"
    elif default is None or default == FOREVER:
        said = ""
    else:
        said = default if isinstance(default, str) else f"{default:g}"
    return ("name" if option.kind == "name" else option.allowed), said


def agrees(name: str, option: Option, needs: tuple[str, ...], said: dict[str, tuple[str, str]]) -> None:
    allowed, default = expected(name, option, needs)
    assert name in said
    assert said[name][0] == allowed, name
    if default:
        assert said[name][1] == default, name
    else:
        assert re.search("[a-z]", said[name][1]), name


def test_docs_have_every_kind_with_every_setting() -> None:
    table = rows("kind")
    assert list(table) == list(KINDS)
    for kind_name, kind in KINDS.items():
        said = said_of(table[kind_name][0])
        timed = set(WHEN) <= set(kind.options)
        own = {name: option for name, option in kind.options.items() if not timed or WHEN.get(name) is not option}
        assert set(said) == set(own), kind_name
        for name, option in own.items():
            agrees(name, option, kind.needs, said)
        assert ("*when*" in table[kind_name][0]) == timed, kind_name
        assert ("*when* (needed)" in table[kind_name][0]) == ("when" in kind.needs), kind_name


def test_docs_have_every_setting_of_when() -> None:
    table = rows("setting")
    assert list(table) == list(WHEN)
    for name, option in WHEN.items():
        agrees(name, option, (), {name: (table[name][0], table[name][1])})


def test_docs_name_real_outcomes() -> None:
    for name, setups in rows("kind").items():
        outcomes = set(re.findall(r"`(\w+)`", setups[2]))
        assert outcomes <= set(OUTCOMES), name
        assert outcomes, name


def test_docs_examples_can_be_parsed() -> None:
    examples = re.findall(r"--fault ([a-z]\S*)", DOCS.read_text().split("## What is refused")[0])
    assert len(examples) >= 5
    for text in examples:
        parse_fault(text)


def test_docs_errors_are_what_is_answered() -> None:
    """Every `error:` line of the docs stands under the option that it answers."""
    answers = re.findall(r"--fault '?([^'\n]+)'?\nerror: (.+)", DOCS.read_text())
    assert len(answers) >= 6
    for text, said in answers:
        with pytest.raises(InputError) as error:
            faulty_setup(setup_of("top_lift"), [parse_fault(text)])
        whole = str(error.value)
        assert said == whole or (said.endswith(" ...") and whole.startswith(said.removesuffix(" ..."))), whole


def test_the_example_in_python_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)
    exec(code, {})
    assert capsys.readouterr().out.startswith("('lock_snag:lock=2',) overload at")


def test_docs_and_code_name_the_same_rates() -> None:
    table = rows("drawn kind")
    assert {name: float(setups[0]) for name, setups in table.items()} == RATES_PER_1000
