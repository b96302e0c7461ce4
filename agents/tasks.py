"""Tasks by name: environment, options and classical baselines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from twin.errors import InputError


@dataclass(frozen=True)
class Argument:
    """Mapping of a command-line option to the environment's argument and its values.

    `pairs`: its value is a text `NAME=NUMBER,...`, and the environment's argument a mapping. `unset`: what a bundle
    says that it is valid for where a training did not set it.
    """

    name: str
    words: Mapping[str, Any] | None = None
    pairs: bool = False
    unset: str = "any"


@dataclass(frozen=True)
class Task:
    """A task for the commands; data only, so that a table of tasks needs no import.

    Attributes:
        environment: as `gymnasium.make` takes it.
        options: of the command line, each with the environment's own argument and, where the words differ, its values.
        force: the environment's KPI reported as `peak_lateral_force_n`; None: it has none.
        plant: the default plant.
        successes: outcomes that count as success.
        baselines: name to `"module:Class"`; the class takes the environment and is a `Policy`. The first is the
            reference of comparisons.
        oracles: as `baselines`: yardsticks that know the true state. They play only where they are named, and one world
            at a time.
        rates: KPIs that are 0 or 1; their rates are reported beside that of success.
        parks: True if its trucks park, and park again when outside the station's gate.
        whole_swap: True if an episode is a swap, which a truck outside the gate would have ended: then the rate of
            successes at the first parking is reported too.
        timing_files: `"module:Class"` that takes the environment and the path of a timing set; None if a timing set is
            no policy of the task.
        recordable: True if its environment has `record_next(path, policy=NAME)`, whose recordings `swaptwin replay` and
            `swaptwin verify` take.
    """

    name: str
    environment: str
    options: Mapping[str, Argument]
    successes: tuple[str, ...]
    force: str | None = None
    plant: str | None = None
    baselines: Mapping[str, str] = field(default_factory=dict)
    oracles: Mapping[str, str] = field(default_factory=dict)
    rates: tuple[str, ...] = ()
    parks: bool = False
    whole_swap: bool = False
    timing_files: str | None = None
    recordable: bool = False


PARKINGS = {name: name for name in ("guided", "unguided", "driven")}
ACTION_MODES = {name: name for name in ("direct", "residual")}
STARTS = {"hand-over": "hand_over", "all-weather": "all_weather", "wide": "wide"}
SWAP_OPTIONS = {
    "station": Argument("station"),
    "truck": Argument("truck"),
    "pack": Argument("pack"),
    "parking": Argument("parking", PARKINGS),
    "conditions": Argument("conditions"),
    "plant": Argument("plant"),
}
TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        Task(
            name="docking",
            environment="envs:swaptwin/Docking-v3",
            options={
                "station": Argument("station"),
                "truck": Argument("truck"),
                "pack": Argument("pack"),
                "parking": Argument("guided", {"guided": True, "unguided": False}),
                "conditions": Argument("conditions"),
                "scenario": Argument("scenario"),
                "direction": Argument("direction"),
                "operator": Argument("operator"),
                "action-mode": Argument("action_mode", ACTION_MODES),
            },
            successes=("docked",),
            force="peak_rail_force_n",
            plant="docking",
            baselines={
                "baseline": "agents.baselines.docking:Mpc",
                "stanley": "agents.baselines.docking:Stanley",
                "pure_pursuit": "agents.baselines.docking:PurePursuit",
            },
            recordable=True,
        ),
        Task(
            name="alignment",
            environment="envs:swaptwin/Alignment-v1",
            options={
                "station": Argument("station"),
                "truck": Argument("truck"),
                "pack": Argument("pack"),
                "parking": Argument("parking", PARKINGS),
                "conditions": Argument("conditions"),
                "plant": Argument("plant"),
                "action-mode": Argument("action_mode", ACTION_MODES),
                "care": Argument("care", {"fast": 0.0, "careful": 1.0, "any": None}),
                "starts": Argument("starts", STARTS, unset="hand-over"),
                "vary": Argument("vary", pairs=True, unset="none"),
            },
            successes=("seated",),
            force="peak_lateral_force_n",
            plant="bullet",
            baselines={
                "baseline": "agents.baselines.alignment:ServoPolicy",
                "law": "agents.baselines.alignment:DescentLaw",
            },
            oracles={"mpc": "agents.baselines.alignment_mpc:SamplingMpc"},
            rates=("first_attempt",),
            parks=True,
            recordable=True,
        ),
        Task(
            name="timing",
            environment="envs:swaptwin/Timing-v1",
            options={
                **SWAP_OPTIONS,
                "base": Argument("base"),
                "errors": Argument("errors", {"none": False, "drawn": True}),
            },
            successes=("completed",),
            force="peak_lateral_force_n",
            plant="bullet",
            baselines={
                "tuned": "agents.baselines.timing:Tuned",
                "careful": "agents.baselines.timing:Careful",
                "factory": "agents.baselines.timing:PlayedFactory",
            },
            rates=("first_attempt", "below_warn"),
            parks=True,
            whole_swap=True,
            timing_files="agents.baselines.timing:PlayedSet",
            recordable=True,
        ),
        Task(
            name="timing_v0",  # as policies of Timing-v0 are trained and judged
            environment="envs:swaptwin/Timing-v0",
            options=SWAP_OPTIONS,
            successes=("completed",),
            force="peak_lateral_force_n",
            plant="bullet",
            baselines={
                "factory": "agents.baselines.timing:Factory",
                "s_curve": "agents.baselines.timing:SCurve",
                "zv": "agents.baselines.timing:Zv",
                "zvd": "agents.baselines.timing:Zvd",
            },
            parks=True,
            whole_swap=True,
            timing_files="agents.baselines.timing:OwnSet",
            recordable=True,
        ),
    )
}


def pairs_of(text: str, key: str) -> dict[str, float]:
    """Parse `NAME=NUMBER,...`.

    Raises:
        InputError: another form, or a name given twice.
    """
    pairs: dict[str, float] = {}
    for part in text.split(","):
        name, equals, number = (word.strip() for word in part.partition("="))
        try:
            value = float(number)
        except ValueError:
            equals = ""
        if not equals or not name:
            raise InputError("not of this form", key=key, value=part, allowed="NAME=NUMBER")
        if name in pairs:
            raise InputError("given twice", key=key, value=name)
        pairs[name] = value
    return pairs


def find_task(name: str) -> Task:
    """Return the task `name`.

    Raises:
        InputError: there is none.
    """
    if name not in TASKS:
        from twin.catalogue.explain import hint

        raise InputError(f"unknown task{hint(name, TASKS)}", key="TASK", value=name, allowed=", ".join(TASKS))
    return TASKS[name]
