"""How faults are written: what is read as meant, and what is refused in one clear line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import swaptwin
from tests.twin.faults.setups import SETUPS, setup_of
from twin.errors import InputError
from twin.faults import KINDS, Fault, FaultPlayer, faulty_setup, parse_fault
from twin.faults.kinds import FOREVER, ONE_OF
from twin.faults.player import SETUP_FAULTS
from twin.sequence.program import OUTCOMES
from twin.swap import SwapTwin


def one_line(error: pytest.ExceptionInfo[InputError]) -> str:
    """What the error says, which is one line without control characters and names the option."""
    said = str(error.value)
    assert said.isprintable()
    assert said.startswith("--fault")
    return said


WRITTEN = [
    ("estop:at_s=12.5", "estop", {"at_s": 12.5}),
    (" estop : phase = grip , after_s = 2 ", "estop", {"phase": "grip", "after_s": 2.0}),
    ("scanner_blind", "scanner_blind", {}),
    ("scanner_blind:", "scanner_blind", {}),
    ("lock_wont_open:seat=truck1,lock=2,tries=1", "lock_wont_open", {"seat": "truck1", "lock": 2, "tries": 1}),
    ("lock_snag:lock=all", "lock_snag", {"lock": "all"}),
    ("axis_drag:axis=yaw,factor=20", "axis_drag", {"axis": "yaw", "factor": 20.0}),
    ("load_cell_offset:offset_n=-2e3", "load_cell_offset", {"offset_n": -2000.0}),
]


@pytest.mark.parametrize(("text", "kind", "settings"), WRITTEN)
def test_what_is_written_is_what_is_meant(text: str, kind: str, settings: dict[str, Any]) -> None:
    fault = parse_fault(text)
    assert fault.kind == kind
    assert dict(fault.settings) == settings
    for name, value in settings.items():
        assert fault[name] == value


@pytest.mark.parametrize("text", [text for text, _, _ in WRITTEN])
def test_text_and_dict_give_the_same_fault_back(text: str) -> None:
    fault = parse_fault(text)
    assert parse_fault(fault.text) == fault
    assert Fault.from_dict(fault.to_dict()) == fault
    assert hash(Fault.from_dict(fault.to_dict())) == hash(fault)


def test_the_order_of_the_settings_does_not_matter() -> None:
    assert parse_fault("lock_snag:lock=3,seat=truck1") == parse_fault("lock_snag:seat=truck1,lock=3")


def test_defaults() -> None:
    fault = parse_fault("truck_shove:force_n=1e5,at_s=3")
    assert (fault["direction_deg"], fault["for_s"], fault["robot"]) == (0.0, 0.2, None)
    assert parse_fault("estop:at_s=1")["for_s"] == FOREVER
    assert parse_fault("lock_wont_open")["tries"] == FOREVER


BAD = [
    ("", "unknown fault"),
    ("meteor", "unknown fault"),
    ("estop", "one of at_s and phase is missing"),
    ("estop:at_s=1,phase=grip", "at_s and phase cannot be combined"),
    ("scanner_blind:at_s=1,phase=grip", "at_s and phase cannot be combined"),
    ("estop:at_s", "name=value"),
    ("estop:at_s=1,", "name=value"),
    ("estop:at_s=", "at_s"),
    ("estop:=1", "name=value"),
    ("estop:phase=", "cannot be read"),
    ("estop:at_s=soon", "at_s"),
    ("estop:at_s=-1", "0 to 86400"),
    ("estop:at_s=nan", "0 to 86400"),
    ("estop:at_s=inf", "0 to 86400"),
    ("estop:at_s=1e400", "0 to 86400"),
    (f"estop:at_s={'9' * 5000}", "0 to 86400"),
    (f"lock_snag:lock={'9' * 5000}", "1 to 4 or all"),
    ("estop:at_s=1,for_s=inf", "0.01 to 86400"),
    ("estop:at_s=1,at_s=2", "twice"),
    ("estop:a\rt=1,a\rt=2", "twice"),
    ("estop:at_s=1,after_s=2", "after_s needs a phase"),
    ("scanner_blind:after_s=2", "after_s needs a phase"),
    ("estop:at_s=1,lock=2", "unknown setting"),
    ("lock_snag:lock=5", "1 to 4 or all"),
    ("lock_snag:lock=1.5", "1 to 4 or all"),
    ("lock_snag:lock=some", "1 to 4 or all"),
    ("lock_wont_open:tries=0", "1 to 1000"),
    ("axis_drag:axis=w,factor=2", "x, y, z, yaw"),
    ("axis_drag:axis=x", "factor is missing"),
    ("scanner_dropout:share=1.1", "0 to 1"),
    ("wrong_pack", "one of kg and factor is missing"),
    ("wrong_pack:kg=3000,factor=2", "kg and factor cannot be combined"),
    ("wrong_pack:kg=0", "50 to 20000"),
    ("truck_shove:force_n=1e5", "one of at_s and phase is missing"),
]


@pytest.mark.parametrize(("text", "says"), BAD, ids=[repr(text)[:40] for text, _ in BAD])
def test_bad_specs_are_refused_in_one_clear_line(text: str, says: str) -> None:
    with pytest.raises(InputError) as error:
        parse_fault(text)
    assert says in one_line(error)


@pytest.mark.parametrize("data", [{}, {"kind": "estop"}, {"kind": "estop", "at_s": "x"}, {"at_s": 1.0}])
def test_bad_dicts_are_refused_too(data: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        Fault.from_dict(data)


SETTINGS = sorted({name for kind in KINDS.values() for name in kind.options})
VALUES = st.one_of(
    st.sampled_from(["all", "x", "yaw", "new", "grip", "truck1", "slot1", "-1", "0", "1", "3", "0.5", "nan", "1e999"]),
    st.integers().map(str),
    st.floats().map(repr),
    st.text(max_size=6),
)
NEARLY = st.tuples(
    st.sampled_from([*KINDS, "gremlins"]),
    st.sampled_from([":", "", "::", " : "]),
    st.lists(
        st.tuples(st.one_of(st.sampled_from(SETTINGS), st.text(max_size=3)), st.sampled_from(["=", "=="]), VALUES).map(
            "".join
        ),
        max_size=4,
    ).map(",".join),
).map("".join)
"""What somebody may type who has seen the grammar once."""


def tried(use: Callable[[], Any]) -> Any:
    """What `use` gives, or the line with which it refuses; any other exception is a failure."""
    try:
        return use()
    except InputError as error:
        return str(error)


def parsed(text: str) -> Fault | None:
    """The fault that text spells, None where it is refused in one line of bearable length."""
    fault = tried(lambda: parse_fault(text))
    if isinstance(fault, str):
        assert fault.isprintable()
        assert len(fault) < 1000
        return None
    assert parse_fault(fault.text) == fault
    assert Fault.from_dict(fault.to_dict()) == fault
    return fault


@given(st.text())
def test_any_text_is_a_fault_or_refused(text: str) -> None:
    parsed(text)


@given(NEARLY)
def test_any_mistake_is_refused_in_one_line_and_a_parsed_fault_is_checked_against_the_setup(text: str) -> None:
    fault = parsed(text)
    if fault is not None:
        for setup in map(setup_of, SETUPS):
            player = tried(lambda setup=setup: FaultPlayer([fault], setup))
            faulty = tried(lambda setup=setup: faulty_setup(setup, [fault]))
            assert isinstance(player, str) == isinstance(faulty, str)
            assert not isinstance(player, str) or player.isprintable()


@pytest.mark.parametrize(
    ("kind", "text", "says"),
    [
        ("top_lift", "lock_snag:seat=truck2", "truck1"),
        ("top_lift", "lock_snag:seat=slot6", "truck1"),
        ("top_lift", "estop:phase=raise", "lower"),
        ("chassis", "estop:phase=lower", "raise"),
        ("top_lift", "estop:at_s=1,robot=2", "1 to 1"),
        ("top_lift", "wrong_pack:kg=100,job=2", "1 to 1"),
        ("top_lift", "wrong_pack:kg=8552", "up to 8551"),
        ("chassis", "wrong_pack:factor=3.2", "up to 3546"),
        ("top_lift", "estop:phase=dock", "identify"),
    ],
)
def test_a_part_that_the_setup_lacks_is_refused_with_those_it_has(kind: str, text: str, says: str) -> None:
    fault = parse_fault(text)
    for use in (lambda: faulty_setup(setup_of(kind), [fault]), lambda: FaultPlayer([fault], setup_of(kind))):
        with pytest.raises(InputError) as error:
            use()
        assert says in one_line(error)


@pytest.mark.parametrize(
    "text",
    ["", "gremlins", "estop", "estop:at_s=nan", "estop:at_s=1,at_s=1", "lock_snag:seat=truck2", "wrong_pack:kg=9000"],
)
def test_the_command_refuses_with_exit_code_2_before_anything_runs(
    text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(SwapTwin, "run", lambda self: pytest.fail("it ran"))
    options = ["--fault", "scanner_blind", "--fault", text, "--record", str(tmp_path / "a.mcap")]
    assert swaptwin.run(["swap", *options]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: --fault")
    assert said.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", list(KINDS))
def test_every_kind_is_complete(name: str) -> None:
    kind = KINDS[name]
    for key, option in kind.options.items():
        assert option.help
        assert option.low < option.high or option.kind in ("word", "name"), key
    for need in kind.needs:
        assert set(ONE_OF.get(need, (need,))) <= set(kind.options)
    assert hasattr(FaultPlayer, f"_{name}") != (name in SETUP_FAULTS)
    assert any(outcome in kind.outcome for outcome in OUTCOMES), kind.summary
