"""The station's servo: when it eases, backs off, and stops doing so."""

from __future__ import annotations

import pytest

from twin.alignment.sensed import DECISION_S, Sensed
from twin.alignment.servo import Gains, VisualServo

PIN_M = 0.14
STILL = Sensed(
    **{name: 0.0 for name in Sensed._fields if name not in ("pads", "frames")},  # type: ignore[arg-type]
    pads=(0, 0, 0, 0),
    frames=50,
)._replace(rope_m=3.0, carried_kg=3000.0)


class Insertion:
    """A servo that is shown heights in lengths of the pins, a decision each."""

    def __init__(self, **readings: float) -> None:
        self.servo, self.readings, self.elapsed_s = VisualServo(), readings, 0.0

    def inwards(self, guides: float, axial: float = 0.0, pads: tuple[int, int, int, int] = (0, 0, 0, 0)) -> float:
        """Return its setpoint towards the seat, m/s."""
        self.elapsed_s += DECISION_S
        height = {"guides": guides, "height_m": guides * PIN_M, "elapsed_s": self.elapsed_s}
        seen = STILL._replace(**self.readings, **height, axial=axial, pads=pads)
        return float(self.servo.speeds(seen)[2])


def test_what_it_eased_off_in_one_attempt_is_over_in_the_next() -> None:
    insertion, gains = Insertion(), Gains()
    assert insertion.inwards(0.6) > 0.0
    while insertion.inwards(0.5, axial=2.0) != -gains.retreat_mps:  # eases, then backs off
        assert insertion.elapsed_s < 2.0 * gains.stuck_s
    insertion.inwards(gains.gate + 0.1)
    assert insertion.inwards(0.9, axial=0.7) > 0.0, "less than what makes it ease"


@pytest.mark.parametrize(("rope_m", "backs_off"), [(3.0, True), (0.0, False)])
def test_deeper_by_the_scanner_than_its_seat(rope_m: float, backs_off: bool) -> None:
    assert (Insertion(rope_m=rope_m).inwards(-0.6) < 0.0) is backs_off
    assert Insertion(rope_m=rope_m).inwards(-1.7) < 0.0, "it lies on something else"


def test_a_pack_that_has_touched_a_pad_goes_on_to_its_seat() -> None:
    """A truck that leans takes weight with one pad, centimetres before the others touch: that is no jam."""
    insertion, gains = Insertion(), Gains()
    assert insertion.inwards(0.5) > 0.0
    while insertion.elapsed_s < 2.0 * gains.stuck_s:
        assert insertion.inwards(0.4, axial=-2.0, pads=(0, 0, 1, 0)) == gains.creep_mps
    stuck = Insertion()
    while stuck.inwards(0.4, axial=-2.0) != -gains.retreat_mps:
        assert stuck.elapsed_s < 2.0 * gains.stuck_s
