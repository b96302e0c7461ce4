"""What a draft takes a switch for by its name and its words: never an open one for a closed one."""

from __future__ import annotations

import pyarrow as pa
import pytest

from twin.log_import.drafting import _signal
from twin.log_import.naming import state_of, suggest, words_of
from twin.log_import.reading.guess_columns import guess_column
from twin.log_import.reading.layout import TableLayout


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("TRUCK.LOCK1.Open", "open"),
        ("TRUCK.LOCK1.Closed", "closed"),
        ("QJ07.TRK.LOCK3_OP", "open"),
        ("QJ07.TRK.LOCK3_CL", "closed"),
        ("Lock2Opened", "open"),
        ("Lock2Unlocked", "open"),
        ("Lock2Locked", "closed"),
        ("DB10.Riegel_1_auf", "open"),
        ("DB10.Riegel_1_zu", "closed"),
        ("Riegel2 offen", "open"),
        ("Riegel2 geschlossen", "closed"),
        ("Riegel3_entriegelt", "open"),
        ("Riegel3_verriegelt", "closed"),
        ("GREIFER.4.AUF", "open"),
        ("GREIFER.4.ZU", "closed"),
        ("锁1_开到位", "open"),
        ("锁1_关到位", "closed"),
        ("锁2_打开", "open"),
        ("锁2_关闭", "closed"),
        ("夹爪1_夹紧", "closed"),
        ("夹爪1_松开", "open"),
        ("锁3开关_关", "closed"),
        ("锁3开关_开", "open"),
        ("锁4_解锁", "open"),
        ("锁4_锁定", "closed"),
        ("Riegel1_geöffnet", "open"),
        ("RIEGEL1_GEÖFFNET", "open"),
        ("Lock1_ouvert", "open"),
        ("Lock1_fermé", "closed"),
        ("LOCK1_FERMÉ", "closed"),
        ("Lock1_déverrouillé", "open"),
        ("Lock1_deverrouille", "open"),
        ("Lock1_verrouillé", "closed"),
        ("锁1_锁紧", "closed"),
        ("锁1_松开", "open"),
        ("锁1_开", "open"),
        ("锁1_关", "closed"),
        ("LOCK1_LS_OPN", "open"),
        ("LOCK1_LS_CLS", "closed"),
        ("LOCK1_ZS-O", "open"),
        ("LOCK1_ZS-C", "closed"),
        ("LOCK1.ZSO", "open"),
        ("ZS-C_LOCK1", "closed"),
        ("Lock1_notlocked", None),
        ("LOCK1_UNCLOSED", None),
        ("Lock1_nichtverriegelt", None),
        ("LOCK1", None),
        ("LOCK1_NOT_OPEN", None),
        ("锁1_未开", None),
        ("LOCK1.OpenCmd", None),
        ("LOCK1.Close.Command", None),
        ("Lock1_Open_Closed", None),
        ("锁1开关", None),
    ],
)
def test_what_a_switch_tells_by_its_name(name: str, state: str | None) -> None:
    assert state_of(words_of(name)) == state
    signal = suggest(guess_column(name, pa.array(["0", "1"] * 20), TableLayout()))
    assert signal is None if state is None else str(signal).endswith(f"_{state}")


@pytest.mark.parametrize(
    ("name", "words", "values"),
    [
        ("LOCK1", ("OPEN", "CLOSED"), '"OPEN": false, "CLOSED": true'),
        ("Riegel1", ("AUF", "ZU"), '"AUF": false, "ZU": true'),
        ("锁1", ("开", "关"), '"开": false, "关": true'),
        ("锁1_关到位", ("开", "关"), '"开": true, "关": false'),  # on and off
        ("lock 1 open", ("open", "closed"), '"open": true, "closed": false'),
        ("lock 1 closed", ("open", "closed"), '"open": false, "closed": true'),
        ("lock 1 open", ("closed",), '"closed": false'),
        ("Riegel1 zu", ("ein", "aus"), ""),
    ],
)
def test_what_its_words_mean(name: str, words: tuple[str, ...], values: str) -> None:
    column = guess_column(name, pa.array(list(words) * 20), TableLayout())
    signal = suggest(column)
    assert signal is not None
    said = _signal(signal, column, [])
    assert signal.endswith("_open" if "open" in name else "_closed")
    assert ("values: {" + values + "}" in said) if values else ("values" not in said)
