"""Configuration of a training run, from one YAML file per task; unknown keys and values out of range are refused."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from twin import seeding
from twin.catalogue.explain import hint, to_input_error
from twin.catalogue.safe_yaml import parse, read_bytes
from twin.errors import InputError

HERE = Path(__file__).parent
HYPER = "--hyper"
OPTION_OF = {"evaluation_episodes": "--episodes", "clone.policy": "--clone"}
"""Options that are called otherwise than their key in the file."""
TRAIN_STREAM = "training"
TRAINING_SEEDS = 1 << 31
"""First seed of training environments; evaluations use lower ones."""


def training_seed(seed: int) -> int:
    """Seed of the model and the training environments, beyond all seeds of evaluations."""
    drawn = int(seeding.key(seed, TRAIN_STREAM)) % (1 << 30)
    return TRAINING_SEEDS + drawn


class Strict(BaseModel):
    """Frozen; unknown keys, NaN and infinity are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _numbers_are_numbers(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse what only looks like a number: a switch (YAML's `true`), a text (`"1"`)."""
        wanted = str(cls.model_fields[info.field_name or ""].annotation)
        for one in value if isinstance(value, list | tuple) else (value,):
            if isinstance(one, bool) and "bool" not in wanted:
                raise ValueError("true and false are no numbers")
            if isinstance(one, str) and "str" not in wanted and "Literal" not in wanted and "agents." not in wanted:
                raise ValueError("a text is no number")
        return value


Share = Annotated[float, Field(gt=0.0, le=1.0)]
Count = Annotated[int, Field(ge=1, le=10**9)]
Widths = Annotated[tuple[Annotated[int, Field(ge=1, le=4096)], ...], Field(min_length=1, max_length=8)]
Activation = Literal["tanh", "relu", "elu"]


class Ppo(Strict):
    """stable-baselines3's PPO, with its names; `hidden`: widths of the policy's and the value's layers."""

    hidden: Widths
    activation: Activation
    learning_rate: Annotated[float, Field(gt=0.0, le=1.0)]
    n_steps: Annotated[int, Field(ge=2, le=10**6)]
    batch_size: Annotated[int, Field(ge=2, le=10**6)]
    n_epochs: Annotated[int, Field(ge=1, le=100)]
    gamma: Share
    gae_lambda: Share
    clip_range: Share
    ent_coef: Annotated[float, Field(ge=0.0, le=1.0)]
    vf_coef: Annotated[float, Field(ge=0.0, le=10.0)]
    max_grad_norm: Annotated[float, Field(gt=0.0, le=100.0)]
    log_std_init: Annotated[float, Field(ge=-10.0, le=2.0)]
    use_sde: bool = False
    sde_sample_freq: Annotated[int, Field(ge=-1, le=10**6)] = -1


class Sac(Strict):
    """stable-baselines3's SAC, with its names.

    Attributes:
        gradient_steps: for each step of all workers together; -1: as many as there are workers.
        ent_coef_init: initial weight of the entropy, tuned towards `target_entropy`.
        target_entropy: of the action, in nats; None: minus the number of its elements; lower explores less.
    """

    hidden: Widths
    activation: Activation
    learning_rate: Annotated[float, Field(gt=0.0, le=1.0)]
    buffer_size: Annotated[int, Field(ge=1000, le=10**7)]
    learning_starts: Annotated[int, Field(ge=1, le=10**6)]
    batch_size: Annotated[int, Field(ge=2, le=10**6)]
    tau: Share
    gamma: Share
    train_freq: Annotated[int, Field(ge=1, le=10**4)]
    gradient_steps: Annotated[int, Field(ge=-1, le=10**4)] = -1
    ent_coef_init: Annotated[float, Field(gt=0.0, le=10.0)] = 1.0
    target_entropy: Annotated[float, Field(ge=-1000.0, le=1000.0)] | None = None


class Clone(Strict):
    """Start by behaviour cloning on the batch.

    Attributes:
        policy: name or folder of a policy of the task; None: an untrained start.
        episodes: played for it.
        noise: standard deviation of the noise on its actions in three of four worlds, as a share of their range.
        rounds: of as many episodes each in which the clone acts and the policy says what it would do.
        round_limit_s: time limit of their episodes, for a clone that stands somewhere learns nothing; None: the task's.
        epochs, batch_size, learning_rate: of Adam, with a cosine's decay.
    """

    policy: str | None = None
    episodes: Annotated[int, Field(ge=1, le=10**6)] = 512
    noise: Annotated[float, Field(ge=0.0, le=1.0)] = 0.15
    rounds: Annotated[int, Field(ge=0, le=1000)] = 0
    round_limit_s: Annotated[float, Field(gt=0.0, le=1e4)] | None = None
    epochs: Annotated[int, Field(ge=1, le=1000)] = 30
    batch_size: Annotated[int, Field(ge=2, le=10**6)] = 1024
    learning_rate: Annotated[float, Field(gt=0.0, le=1.0)] = 2e-3


Positive = Annotated[float, Field(ge=0.0, le=1e6)]


class FitWeights(Strict):
    """What counts against an action, beside the probability of a force beyond the warning limit.

    Attributes:
        tail: of the 90th percentile of the log force beyond it.
        failing: of the risk of failing.
        doubt: of the spread among the model's members.
        effort: of the square of the action, against idle deviations from the set.
        unexplored: of the square of elements that no swap varies in a phase.
        longer_s: mean time that a swap may last longer than with the set.
        price, price_rate, most: of a second, to begin with; it rises by the rate times the excess in each update.
        steps: of a swap.
    """

    tail: Positive = 0.5
    failing: Positive = 3.0
    doubt: Positive = 0.5
    effort: Positive = 0.002
    unexplored: Positive = 1.0
    longer_s: Annotated[float, Field(ge=-100.0, le=100.0)] = -0.1
    price: Positive = 0.1
    price_rate: Positive = 0.001
    most: Positive = 2.0
    steps: Annotated[float, Field(gt=0.0, le=1000.0)] = 14.0


class FitRound(Strict):
    """One round of swaps: each seed is played with the set itself and `again` times with random actions.

    Attributes:
        about: what the random actions lie about: the set, or the policy so far.
        last_phase: after which its swaps end, named as at top_lift; None: whole swaps.
        phases: whose actions vary; None: all that `Fit.explore` names.
        fit: True fits the model to all swaps so far and improves the policy.
    """

    seeds: Annotated[int, Field(ge=1, le=10**6)]
    again: Annotated[int, Field(ge=1, le=100)] = 2
    about: Literal["set", "policy"] = "policy"
    last_phase: str | None = None
    phases: tuple[str, ...] | None = None
    fit: bool = True


class Fit(Strict):
    """Timing by regression (`agents.train.fit`).

    Attributes:
        rounds: of playing; the last one fits.
        explore: elements of the action that vary, by phase, named as at top_lift; others stay as the set has them.
        hidden: widths of the policy's layers.
        width, members: of the model's networks, and how many there are.
        epochs, batch_size, learning_rate: of the model; the policy has the latter two.
        updates: of the policy in each round.
        reserve_s: wall time kept for the evaluation.
    """

    rounds: Annotated[tuple[FitRound, ...], Field(min_length=1, max_length=1000)]
    explore: dict[str, tuple[str, ...]]
    hidden: Widths
    width: Annotated[int, Field(ge=1, le=4096)]
    members: Annotated[int, Field(ge=2, le=100)]
    epochs: Annotated[int, Field(ge=1, le=1000)]
    batch_size: Annotated[int, Field(ge=2, le=10**6)]
    learning_rate: Annotated[float, Field(gt=0.0, le=1.0)]
    updates: Annotated[int, Field(ge=1, le=10**6)]
    reserve_s: Positive = 120.0
    weights: FitWeights = FitWeights()

    @model_validator(mode="after")
    def _rounds_vary_what_is_explored(self) -> Self:
        for i, one in enumerate(self.rounds):
            for phase in one.phases or ():
                if phase not in self.explore:
                    raise ValueError(f"rounds[{i}].phases: {phase} is not in explore")
        return self


class TrainConfig(Strict):
    """One training run.

    Attributes:
        environment: options of the environment; others have its defaults.
        workers: environments, each in its own process; 1 runs in this process.
        worlds: number of worlds of the batch, in this process, where the task has one on the run's plant; 0: workers.
        clone: start by behaviour cloning, on the batch only.
        steps: end of training, unless the wall time is over before.
        wall_time_s: of the whole run: start-up, training, selection, evaluation and writing.
        checkpoint_steps: steps between checkpoints.
        selection_episodes: to choose the best checkpoint; 0: the best by training reward. On the batch every checkpoint
            plays them at once, and is judged by the task: success, then time and force.
        evaluation_episodes: on unseen seeds, of the untrained start and of the result.
    """

    algorithm: Literal["ppo", "sac", "fit"]
    seed: Annotated[int, Field(ge=0, lt=2**63)]
    environment: dict[str, str]
    workers: Annotated[int, Field(ge=1, le=256)]
    worlds: Annotated[int, Field(ge=0, le=1 << 16)] = 0
    clone: Clone = Clone()
    steps: Count
    wall_time_s: Annotated[float, Field(gt=0.0, le=1e7)]
    checkpoint_steps: Count
    selection_episodes: Annotated[int, Field(ge=0, le=10**6)]
    evaluation_episodes: Annotated[int, Field(ge=1, le=10**6)]
    ppo: Ppo
    sac: Sac
    fit: Fit | None = None

    @model_validator(mode="after")
    def _has_its_section(self) -> Self:
        if self.algorithm == "fit" and self.fit is None:
            raise ValueError("algorithm fit needs the section fit, which only timing's file has")
        return self


def load_config(
    task: str,
    file: str | Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    changes: Sequence[str] = (),
) -> TrainConfig:
    """Load the configuration of a task's own file, or of `file`, with some values replaced.

    Args:
        overrides: top-level values; None: as in the file.
        changes: `PATH=VALUE`, with any key of the file as path (`ppo.gamma=0.99`) and a value as YAML has it.

    Raises:
        InputError: the file is missing or invalid; names key, value and allowed values.
    """
    path = Path(file) if file is not None else HERE / f"{task}.yaml"
    if file is None and not path.is_file():
        known = sorted(p.stem for p in HERE.glob("*.yaml"))
        raise InputError(f"no training is set up for task{hint(task, known)}", key="TASK", value=task,
                         allowed=", ".join(known))  # fmt: skip
    raw, lines = parse(read_bytes(path), path)
    for text in changes:
        _change(raw, text)
    given = {key: value for key, value in (overrides or {}).items() if value is not None}
    for key in ("environment", "clone"):
        if isinstance(given.get(key), Mapping) and isinstance(raw.get(key), dict):
            given[key] = {**raw[key], **given[key]}
    try:
        found = TrainConfig.model_validate({**raw, **given})
    except ValidationError as error:
        wrong = to_input_error(error, TrainConfig, path, lines)
        option = _option_of(wrong.key or "", given, changes)
        if option is None:
            raise wrong from None
        problem = re.sub(r"^line \d+: ", "", wrong.problem)
        raise InputError(problem, key=option, value=wrong.value, allowed=wrong.allowed) from None
    if found.algorithm == "sac" and found.sac.learning_starts >= found.steps:
        key = "sac.learning_starts"
        raise InputError(
            "nothing would be learnt", key=_option_of(key, given, changes) or key, value=found.sac.learning_starts,
            allowed=f"below the number of steps, {found.steps}",
        )  # fmt: skip
    return found


def _option_of(key: str, given: Mapping[str, Any], changes: Sequence[str]) -> str | None:
    """Option of the command line that a wrong value of `key` came from; None: the file."""
    if key.partition(".")[0] in given:
        return OPTION_OF.get(key, f"--{key.replace('_', '-')}")
    for text in changes:
        path = text.partition("=")[0].strip()
        if key == path or key.startswith((f"{path}.", f"{path}[")):
            return f"{HYPER} {key}"
    return None


def _change(raw: dict[str, Any], text: str) -> None:
    """Put `PATH=VALUE` into a file's content."""
    path, equals, value = text.partition("=")
    if len(value.splitlines()) > 1:
        raise InputError("one value a setting", key=HYPER, value=text, allowed="PATH=VALUE, as ppo.gamma=0.99")
    names = path.strip().split(".")
    if not equals or not all(names):
        raise InputError("not a setting", key=HYPER, value=text, allowed="PATH=VALUE, as ppo.gamma=0.99")
    inside: Any = raw
    for name in names[:-1]:
        inside = inside.setdefault(name, {})
        if not isinstance(inside, dict):
            raise InputError(f"{name} has no keys of its own", key=HYPER, value=text, allowed=", ".join(raw))
    if names[0] not in TrainConfig.model_fields:
        known = list(TrainConfig.model_fields)
        raise InputError(f"unknown key{hint(names[0], known)}", key=HYPER, value=text, allowed=", ".join(known))
    inside[names[-1]] = parse(f"value: {value}".encode(), f"{HYPER} {path.strip()}")[0]["value"]
