"""Which signal a tag may be, by its name, its unit and what it says: a guess, for a person to check."""

from __future__ import annotations

import re

from twin.log_import.reading.guess_columns import ColumnGuess
from twin.log_import.units import ALIASES, dimensions_of

AXIS_WORDS = {
    "x": ("x", "long", "gantry", "bridge", "portal", "大车"),
    "y": ("y", "cross", "trolley", "crab", "katze", "小车"),
    "z": ("z", "hoist", "lift", "height", "hub", "起升", "升降"),
    "yaw": ("yaw", "rot", "rotation", "slew", "turn", "theta", "dreh", "回转", "旋转"),
}
SET_WORDS = ("set", "setpos", "setpoint", "cmd", "command", "target", "ref", "reference", "soll", "sp", "给定", "设定")
SPEED_WORDS = ("vel", "velocity", "speed", "actvel", "setvel", "geschw", "速度")
LOAD_WORDS = ("load", "loadcell", "weight", "last", "mass", "荷重", "重量", "称重")
SWAY_WORDS = ("sway", "swing", "pendel", "摆角", "摆动")
FORCE_WORDS = ("force", "latforce", "lateral", "side", "kraft", "侧向力", "力")
GRIP_WORDS = ("grip", "gripper", "twistlock", "claw", "greifer", "抓手", "夹爪")
LOCK_WORDS = ("lock", "latch", "bolt", "riegel", "锁")
OPEN_WORDS = ("open", "opened", "unlocked", "offen", "auf", "开", "解锁")
CLOSED_WORDS = ("closed", "close", "locked", "shut", "zu", "关", "锁定", "合")
STEP_WORDS = ("step", "seq", "sequence", "schritt", "state", "phase", "步", "步骤")
ALARM_WORDS = ("alm", "alarm", "fault", "error", "code", "stoerung", "报警", "故障")
ROPE_WORDS = ("rope", "ropelen", "ropelenset", "antisway", "seil", "绳长")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+|[\u4e00-\u9fff]+")


def words_of(name: str) -> list[str]:
    """A tag's name as lower-case words and numbers, its unit in brackets left away."""
    bare = re.sub(r"[\[(][^\])]*[\])]\s*$", "", name)
    return [word.lower() for word in _WORD.findall(bare)]


def suggest(guess: ColumnGuess) -> str | None:
    """The signal that a tag may be; "step" and "alarm" for codes; None where nothing fits."""
    words = words_of(guess.name)
    joined = "".join(words)
    unit = ALIASES.get(guess.unit, guess.unit)
    dimensions = dimensions_of(unit) if unit else ()

    def has(of: tuple[str, ...]) -> bool:
        return any(
            word in words or (len(word) > 3 and word in joined) or (word > "\u4e00" and word in joined) for word in of
        )

    if guess.kind == "empty":
        return None
    if guess.kind in ("integer code", "constant", "text") and has(ALARM_WORDS) and not dimensions:
        return "alarm"
    if guess.kind in ("integer code", "text", "constant") and has(STEP_WORDS) and not dimensions:
        return "step"
    if guess.kind in ("bool", "constant") and not dimensions:
        return _switch(words, has)
    if guess.kind not in ("number", "integer code", "constant"):
        return None
    a = next((axis for axis in ("y", "x") if axis in words), None)
    if has(ROPE_WORDS) and "length" in (dimensions or ("length",)):
        return "robot0/shaper_rope_length_m"
    if has(SWAY_WORDS) and a:
        return f"robot0/sway_sensor_{a}_m" if "length" in dimensions else f"robot0/sway_angle_{a}_rad"
    if has(LOAD_WORDS) and (not dimensions or "force" in dimensions):
        return "robot0/load_cell_n"
    if has(FORCE_WORDS) and a and (not dimensions or "force" in dimensions):
        return f"robot0/lateral_{a}_n"
    return _axis(words, has, dimensions)


def _switch(words: list[str], has: object) -> str | None:
    number = next((word for word in reversed(words) if word in ("1", "2", "3", "4")), None)
    test = has
    assert callable(test)
    state = "open" if test(OPEN_WORDS) else "closed" if test(CLOSED_WORDS) else None
    if test(GRIP_WORDS):
        return f"robot0/grip{number}_{state or 'closed'}" if number else f"robot0/grips_{state or 'closed'}"
    if test(LOCK_WORDS):
        return f"truck1/lock{number}_{state or 'closed'}" if number else f"truck1/locks_{state or 'closed'}"
    if "estop" in words or ("e" in words and "stop" in words):
        return "station/estop_button"
    return None


def _axis(words: list[str], has: object, dimensions: tuple[str, ...]) -> str | None:
    test = has
    assert callable(test)
    exact = [axis for axis in ("x", "y", "z") if axis in words]
    axis = exact[0] if len(exact) == 1 else next((k for k, of in AXIS_WORDS.items() if test(of)), None)
    if test(AXIS_WORDS["yaw"]) and not exact:
        axis = "yaw"
    if axis is None:
        return None
    m, mps = ("rad", "radps") if axis == "yaw" else ("m", "mps")
    wanted = ("angle", "rate") if axis == "yaw" else ("length", "speed")
    fast = test(SPEED_WORDS) or wanted[1] in dimensions
    if dimensions and not set(dimensions) & set(wanted):
        return None
    word = "reference" if test(SET_WORDS) else "velocity" if fast else "position"
    if fast:
        return f"robot0/{axis}/{word}_{mps}"
    return f"robot0/{axis}/{word}_{m}"
