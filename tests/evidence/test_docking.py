"""The stored drives are of the stated size, stand in the document, and a small sample comes out as stored."""

from __future__ import annotations

import numpy as np
import pytest

from tests.evidence.docking import BEGIN, CASES, DOCUMENT, END, SAMPLE, STATED, drives, read, table

OF_THE_SIZE = (1.0 / 3.0, 2.0)
"""Produced over stated standard deviation. The stated ones are estimates themselves, without trucks and speeds."""


@pytest.mark.parametrize("row", [r for r in read() if r["stated"]], ids=lambda r: f"{r['truck']} {r['weather']}")
def test_produced_errors_are_of_the_size_of_the_stated_ones(row):
    assert row["runs"] >= 200
    ratio = np.array(row["sigma"]) / np.array(STATED[row["stated"]])
    assert (ratio > OF_THE_SIZE[0]).all(), ratio
    assert (ratio < OF_THE_SIZE[1]).all(), ratio
    assert row["arrived"] >= 0.98 * row["runs"]


def test_guides_and_daylight_help():
    rows = {(r["truck"], r["weather"], r["guided"]): np.array(r["sigma"]) for r in read()}
    day, night = ("tractor_6x4", "clear"), ("tractor_6x4", "night")
    assert (rows[(*day, True)] < 0.6 * rows[(*day, False)]).all()
    assert (rows[(*day, False)] < rows[(*night, False)]).all()
    assert (rows[(*night, True)] < rows[(*night, False)]).all()


def test_the_document_shows_what_is_stored():
    text = DOCUMENT.read_text(encoding="utf-8")
    assert text.split(BEGIN)[1].split(END)[0].strip() == table(read())


@pytest.mark.parametrize("case", [CASES[0], CASES[4]], ids=lambda c: f"{c[1]} {c[3]}")
def test_stored_drives_come_out_as_stored(case):
    stored = next(r for r in read() if (r["truck"], r["weather"], r["guided"]) == (case[1], case[3], case[4]))
    again = drives(case, range(SAMPLE))
    np.testing.assert_allclose(again.pose, stored["first_poses"], atol=1e-6)
