"""What the events of a swap have to say about its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twin.incident import amounts
from twin.result import SwapResult
from twin.sequence.program import OUTCOMES

TRIPS = OUTCOMES[OUTCOMES.index("overload") :]
TOO_FEW = (
    "pads_made",
    "locks_closed",
    "locks_reported",
    "grips_closed",
    "grips_reported",
    "scanner_frames",
    "pull_tested",
    "drive_power",
    "robot_distance",
)
"""Quantities that are wrong below their limit."""
SWITCHES = ("estop_button", "drive_power", "pull_tested")
"""Told in words, without their 0 and 1."""


def says_why(result: SwapResult) -> dict[str, Any]:
    """The outcome event of a swap that failed, after a look at it: reason, part, and a value beyond its limit."""
    (end,) = [e for e in result.events if e["name"] == "outcome"]
    assert end["outcome"] == result.outcome
    assert end["cause"]
    assert end["cause"] in end["message"]
    assert end["at_s"] <= end["t_s"]
    assert end["phase"] in {span.name for span in result.phases}
    assert end["message"].startswith(f"{result.outcome} at {end['at_s']:.1f} s")
    beyond_limit(end)
    trips = [e for e in result.events if e["name"] == "trip"]
    if trips:
        (trip,) = trips
        assert trip["reason"] == result.outcome
        assert trip["reason"] in TRIPS
        assert trip["t_s"] == trip["at_s"] == end["at_s"]
        assert trip["message"] == f"trip: {end['message']}"
    for retry in (e for e in result.events if e["name"] == "retry"):
        beyond_limit(retry)
        assert f"robot {retry['robot'] + 1}" in retry["message"]
    return end


def beyond_limit(event: Mapping[str, Any]) -> None:
    """That value and limit contradict each other as the quantity does it, and both stand in the message."""
    quantity, value, limit = event["quantity"], event["value"], event["limit"]
    if quantity in TOO_FEW:
        assert value < limit
    elif quantity == "load":
        assert value != limit
        assert (value > limit) == ("wanted above" not in event["cause"] and limit > 0.0 or "below" in event["cause"])
    elif quantity in ("position", "target"):
        assert value != limit
    else:
        assert abs(value) > abs(limit)
    if quantity not in SWITCHES:
        for text in amounts((value, limit), event["unit"]):
            assert text in event["message"]
