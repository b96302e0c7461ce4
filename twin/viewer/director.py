"""Camera that follows the work: close-ups of packs at seats, the whole station during travel."""

from __future__ import annotations

from collections.abc import Sequence

from twin.viewer.source import PhaseSpan

AUTO = "auto"
CLOSE_UP = ("grip", "unlock", "align", "insert", "lock", "pull_test", "release")
STAYS = "fault"
"""Phase of a log during which the camera does not cut."""
SHORTEST_S = 2.0  # of video, minimum time between cuts
BLEND_S = 0.8  # of video


def cuts(
    phases: Sequence[PhaseSpan], start_s: float, end_s: float, speed: float, wide: str = "overview"
) -> list[tuple[float, str]]:
    """(time, preset) of each cut, the first at start_s; `speed` is recorded time per video time.

    The first active robot decides; `wide` is the view without a close-up.
    """
    shots: list[tuple[float, str]] = [(start_s, wide)]
    first = min((p.robot for p in phases), default=0)
    for span in sorted((p for p in phases if p.robot == first), key=lambda p: p.start_s):
        if span.name == STAYS:
            continue
        wanted = "seat" if span.name in CLOSE_UP else wide
        at = min(max(span.start_s, start_s), end_s)
        if wanted != shots[-1][1]:
            shots.append((at, wanted))
    if len(shots) > 1 and shots[1][0] - start_s < SHORTEST_S * speed:
        shots = [(start_s, shots[1][1]), *shots[2:]]  # a cut this early applies from the start
    kept: list[tuple[float, str]] = []
    for k, (at, name) in enumerate(shots):
        until = shots[k + 1][0] if k + 1 < len(shots) else end_s
        if kept and (until - at < SHORTEST_S * speed or kept[-1][1] == name):
            continue
        kept.append((at, name))
    return kept


def shot_at(shots: Sequence[tuple[float, str]], t_s: float, speed: float) -> tuple[str, str, float]:
    """(view before, view now, blend 0 to 1) at t_s."""
    k = max(i for i, (at, _) in enumerate(shots) if at <= t_s or i == 0)
    at, name = shots[k]
    if k == 0:
        return name, name, 1.0
    return shots[k - 1][1], name, min(max((t_s - at) / (BLEND_S * speed), 0.0), 1.0)
