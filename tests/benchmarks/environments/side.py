"""One side of a comparison: an environment in a process of its own that runs when told to and says how far it came.

    python side.py ID ARGUMENTS_AS_JSON

A number of seconds on standard input makes it take steps for that long; a line of JSON answers on standard output. It
knows any Gymnasium environment by its id alone, so that both sides of a comparison run the same code around theirs.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from typing import Any

ACTIONS = 1000
"""Drawn before the clock runs, and taken in turn."""


def ticks_a_step(env: Any) -> int | None:
    """Of an environment whose steps are all as long: panda-gym's."""
    return getattr(getattr(env, "sim", None), "n_substeps", None)


def tick(env: Any) -> int:
    """Where the plant of one of ours is; 0 where it counts none."""
    worlds = getattr(getattr(env, "runner", None), "worlds", None)
    return int(worlds["truth"]["tick"][0]) if worlds is not None else 0


class Side:
    """An environment under white noise, from episode to episode."""

    def __init__(self, name: str, arguments: dict[str, Any]) -> None:
        import gymnasium

        self.env = gymnasium.make(name, **arguments)
        self.own: Any = self.env.unwrapped
        self.env.action_space.seed(1)
        self.actions = [self.env.action_space.sample() for _ in range(ACTIONS)]
        self.env.reset(seed=1)
        self.taken = 0

    def run(self, seconds: float) -> dict[str, float]:
        """Steps, ticks and resets of that long, the last step finished; for `cpu_s` of it the processor was ours."""
        clock, step, actions = time.perf_counter, self.env.step, self.actions
        first, ticks, resets, reset_s, tick_before = self.taken, 0, 0, 0.0, tick(self.own)
        cpu_s, began_s, now_s = time.process_time(), clock(), 0.0
        end_s = began_s + seconds
        while now_s < end_s:
            _, _, terminated, truncated, _ = step(actions[self.taken % ACTIONS])
            self.taken += 1
            now_s = clock()
            if terminated or truncated:
                ticks += tick(self.own) - tick_before
                self.env.reset()
                tick_before = tick(self.own)
                resets += 1
                now_s, ended_s = clock(), now_s
                reset_s += now_s - ended_s
        steps = self.taken - first
        each = ticks_a_step(self.own)
        ticks += tick(self.own) - tick_before
        return {
            "steps": steps,
            "ticks": ticks if each is None else each * steps,
            "resets": resets,
            "step_s": now_s - began_s - reset_s,
            "reset_s": reset_s,
            "cpu_s": time.process_time() - cpu_s,
        }


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what an engine's C code prints is no answer

    def answer(said: dict[str, Any]) -> None:
        print(json.dumps(said), file=answers, flush=True)

    try:
        side = Side(sys.argv[1], json.loads(sys.argv[2]))
    except Exception as error:  # of any kind: reported, and the process ends
        answer({"error": str(error).splitlines()[0] if str(error) else type(error).__name__})
        return
    answer({"ready": sys.argv[1]})
    for line in sys.stdin:
        answer(side.run(float(line)))
    with contextlib.suppress(Exception):
        side.env.close()


if __name__ == "__main__":
    main()
