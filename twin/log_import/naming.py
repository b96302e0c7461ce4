"""Suggests a signal for a tag by its name, unit and values: a guess, for a person to check."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from twin.log_import.reading.guess_columns import ColumnGuess
from twin.log_import.units import ALIASES, dimensions_of

Has = Callable[[tuple[str, ...]], bool]
"""True if a tag's name has one of these words."""
AXIS_WORDS = {
    "y": ("y", "cross", "trolley", "crab", "katze", "katz", "katzfahrwerk", "小车", "横移"),
    "x": ("x", "long", "gantry", "bridge", "portal", "kran", "kranfahrwerk", "fahrwerk", "大车", "行走"),
    "z": ("z", "hoist", "lift", "height", "hub", "hubwerk", "起升", "升降"),
    "yaw": ("yaw", "rot", "rotation", "rotator", "slew", "turn", "theta", "dreh", "回转", "旋转"),
}
SET_WORDS: tuple[str, ...] = ("set", "setpos", "setpoint", "cmd", "command", "target", "ref", "reference")
SET_WORDS += ("soll", "sollwert", "sp", "给定", "设定")
SPEED_WORDS = ("vel", "velocity", "speed", "actvel", "setvel", "geschw", "速度")
LOAD_WORDS = ("load", "loadcell", "weight", "last", "mass", "荷重", "重量", "称重")
SWAY_WORDS = ("sway", "swing", "pendel", "摆角", "摆动")
FORCE_WORDS = ("force", "latforce", "lateral", "side", "kraft", "侧向力", "力")
GRIP_WORDS = ("grip", "gripper", "twistlock", "claw", "greifer", "抓手", "夹爪")
LOCK_WORDS = ("lock", "latch", "bolt", "riegel", "锁")
OPEN_WORDS = (
    "open", "opened", "op", "opn", "unlock", "unlocked", "unclamped", "released", "rel",
    "offen", "auf", "geoeffnet", "geöffnet", "entriegelt", "gelöst", "geloest", "frei",
    "ouvert", "ouverte", "déverrouillé", "deverrouille", "abierto", "aperto",
    "开", "打开", "松开", "张开", "开启", "解锁", "松",
)  # fmt: skip
CLOSED_WORDS = (
    "closed", "close", "cl", "cls", "clsd", "locked", "shut", "clamped", "gripped",
    "zu", "geschlossen", "verriegelt", "gespannt",
    "fermé", "fermée", "ferme", "fermee", "verrouillé", "verrouille", "cerrado", "chiuso",
    "关", "关闭", "闭合", "锁定", "锁紧", "夹紧", "合", "闭",
)  # fmt: skip
NOT_WORDS = ("not", "no", "nicht", "un", "非", "未", "无")
"""Words that negate a switch: too doubtful for a guess."""
ORDER_WORDS: tuple[str, ...] = ("cmd", "command", "order", "req", "request", "set", "do", "output", "valve")
ORDER_WORDS += ("soll", "befehl", "命令", "指令", "输出")
"""A command to open or close is not a feedback switch."""
STEP_WORDS = ("step", "seq", "sequence", "schritt", "state", "phase", "步", "步骤")
ALARM_WORDS = ("alm", "alarm", "fault", "error", "code", "stoerung", "报警", "故障")
ROPE_WORDS = ("rope", "ropelen", "ropelenset", "antisway", "seil", "绳长")
_BIG, _SMALL = "A-Z\u00c0-\u00d6\u00d8-\u00de", "a-z\u00df-\u00f6\u00f8-\u00ff"
_WORD = re.compile(rf"[{_BIG}]?[{_SMALL}]+|[{_BIG}]+(?![{_SMALL}])|[0-9]+|[\u4e00-\u9fff]+")
_TURNED = re.compile(r"^(?:un|not|nicht|non)(?=closed|clsd|locked|shut|verriegelt|geschlossen|open|offen)")
"""A prefix that negates the rest of the word."""
_LOOSE = re.compile(r"unlock|unclamp|d[e\u00e9]verrouill")
"""Words that contain a word for closed but mean open."""

_VALUE_OF = re.compile(r"[\W_]+(?:Value ?Y|Value|Val|v)\s*$")
"""Suffixes that scopes and historians add to a tag's name for its values."""


def words_of(name: str) -> list[str]:
    """A tag's name as lower-case words and numbers, without its unit in brackets."""
    bare = re.sub(r"[\[(][^\])]*[\])]\s*$", "", name)
    bare = _VALUE_OF.sub("", bare) or bare
    return [word.lower() for word in _WORD.findall(bare)]


def suggest(guess: ColumnGuess) -> str | None:
    """The signal that a tag may be; "step" and "alarm" for codes; None if nothing fits."""
    words = words_of(guess.name)
    joined = "".join(words)
    unit = ALIASES.get(guess.unit, guess.unit)
    dimensions = dimensions_of(unit) if unit else ()

    def has(of: tuple[str, ...]) -> bool:
        return any(word in words or ((len(word) > 3 or word > "\u4e00") and word in joined) for word in of)

    if guess.kind == "empty":
        return None
    if guess.kind in ("integer code", "constant", "text") and has(ALARM_WORDS) and not dimensions:
        return "alarm"
    if guess.kind in ("integer code", "text", "constant") and has(STEP_WORDS) and not dimensions:
        return "step"
    if guess.kind in ("bool", "constant") and not dimensions:
        return _switch(words, has, guess.words)
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


def state_of(words: Sequence[str]) -> str | None:
    """`open` or `closed`: the state in which a switch is made, by the words of its name; None if in doubt."""
    bare = [word.replace("开关", "") for word in words]  # "switch"
    if any(_TURNED.match(word) and not word.startswith("unlocked") for word in bare):
        return None
    if any(word in NOT_WORDS for word in bare) or any(word in "".join(bare) for word in ("未", "非", "无")):
        return None
    if any(word in ORDER_WORDS or word > "\u4e00" and any(o in word for o in ORDER_WORDS) for word in bare):
        return None
    opened = _contains_any(bare, OPEN_WORDS)
    closed = _contains_any([_LOOSE.sub("", word) for word in bare], CLOSED_WORDS)
    valve = bare[bare.index("zs") + 1 :][:1] if "zs" in bare else []  # a position switch by ISA: ZS-O, ZS-C, ZSO
    opened |= valve == ["o"] or "zso" in bare
    closed |= valve == ["c"] or "zsc" in bare
    return None if opened == closed else "open" if opened else "closed"


def _contains_any(words: Sequence[str], of: Sequence[str]) -> bool:
    """True if one of the words is one of these; long and Chinese words may also contain it."""
    return any(word == one or ((len(one) > 3 or one > "\u4e00") and one in word) for word in words for one in of)


def _switch(words: list[str], has: Has, values: Sequence[str]) -> str | None:
    number = next((word for word in reversed(words) if word in ("1", "2", "3", "4")), None)
    state = state_of(words)
    if state is None and {state_of([word.lower()]) for word in values} == {"open", "closed"}:
        state = "closed"  # its values give the meaning
    if state is not None and has(GRIP_WORDS):
        return f"robot0/grip{number}_{state}" if number else f"robot0/grips_{state}"
    if state is not None and has(LOCK_WORDS):
        return f"truck1/lock{number}_{state}" if number else f"truck1/locks_{state}"
    if "estop" in words or ("e" in words and "stop" in words):
        return "station/estop_button"
    return None


def _axis(words: list[str], has: Has, dimensions: tuple[str, ...]) -> str | None:
    exact = [axis for axis in ("x", "y", "z") if axis in words]
    if len(exact) > 1:
        return None  # in doubt
    axis = exact[0] if exact else next((k for k, of in AXIS_WORDS.items() if has(of)), None)
    if has(AXIS_WORDS["yaw"]) and not exact:
        axis = "yaw"
    if axis is None:
        return None
    m, mps = ("rad", "radps") if axis == "yaw" else ("m", "mps")
    wanted = ("angle", "rate") if axis == "yaw" else ("length", "speed")
    fast = has(SPEED_WORDS) or wanted[1] in dimensions
    if dimensions and not set(dimensions) & set(wanted):
        return None
    word = "reference" if has(SET_WORDS) else "velocity" if fast else "position"
    return f"robot0/{axis}/{word}_{mps if fast else m}"
