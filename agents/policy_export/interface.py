"""What an exported policy takes and gives, in SI units, with its network and its origin: read from a bundle or a .zip.

The exported computation, in the order of the interface:

1. Each input is divided by its scale. A value outside the range that the policy is valid for, or one that is not a
   number, sets `out_of_range`. The value is clamped to the environment's limits.
2. The network; its result is clamped to the action's limits.
3. Direct policies: times the scale. Residual ones: a share of it is added to the servo's setpoint, which is among the
   inputs, and the sum is clamped as the environment does.
4. With an input that is not a number the setpoints are neutral: zero, or the allowed value nearest to it.
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from agents.bundle import ANY, CONTRACT, ONNX, Contract, open_graph, read_contract, read_folder
from agents.policies import name_of
from agents.policy_export.network import Network, network_of
from envs import alignment_control, docking_law
from envs.scaling import Quantity
from twin.errors import InputError

Array = np.ndarray
SPARE = 1e-6
"""Widening of the valid range, relative to a limit (absolute below 1): the scaling rounds."""


@dataclass(frozen=True)
class Input:
    """One quantity that the policy observes, in `unit`; scaled values are divided by `scale`.

    Attributes:
        low, high: scaled limits of the environment; values are clamped to them.
        valid_low, valid_high: scaled range that the policy is valid for: what its training saw.
    """

    name: str
    unit: str
    scale: float
    low: float
    high: float
    valid_low: float
    valid_high: float
    meaning: str = ""


@dataclass(frozen=True)
class Output:
    """One setpoint in `unit`: the scaled action, within `low` and `high`, times `scale`.

    Attributes:
        servo: position of the servo's setpoint among the inputs; None: of a direct policy.
        servo_factor: from the servo's scaled setpoint to this one's scale.
        share: of the scaled action that is added to it.
        relative: True adds it as a share of the servo's setpoint.
    """

    name: str
    unit: str
    scale: float
    low: float
    high: float
    meaning: str = ""
    servo: int | None = None
    servo_factor: float = 1.0
    share: float = 1.0
    relative: bool = False


@dataclass(frozen=True)
class ExportedPolicy:
    """A policy as it is exported.

    Attributes:
        facts: of its origin, by name: environment, training, validity, hash.
    """

    name: str
    rate_hz: float
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    network: Network
    facts: Mapping[str, Any]

    def __call__(self, values: Array) -> tuple[Array, Array]:
        """Return setpoints (n, outputs) and out_of_range (n,) for quantities (n, inputs) in SI units, in float64."""
        with np.errstate(invalid="ignore", over="ignore"):
            scaled = np.asarray(values, np.float64) / _column(self.inputs, "scale")
            inside = (scaled >= _column(self.inputs, "valid_low")) & (scaled <= _column(self.inputs, "valid_high"))
        numbers = ~np.isnan(scaled).any(axis=1)
        kept = np.clip(np.where(np.isnan(scaled), 0.0, scaled), *(_column(self.inputs, k) for k in ("low", "high")))
        low, high, scale = (_column(self.outputs, k) for k in ("low", "high", "scale"))
        action = np.clip(self.network(kept), low, high)
        if self.residual:
            servo = kept[:, [int(output.servo) for output in self.outputs if output.servo is not None]]
            servo = _column(self.outputs, "servo_factor") * servo
            of = np.where([output.relative for output in self.outputs], servo, 1.0)
            action = np.clip(servo + _column(self.outputs, "share") * action * of, low, high)
        neutral = np.clip(0.0, low, high)
        return scale * np.where(numbers[:, None], action, neutral), ~inside.all(axis=1)

    @property
    def residual(self) -> bool:
        """True if the policy corrects the servo's setpoints."""
        return self.outputs[0].servo is not None


def _column(rows: Sequence[Any], name: str) -> Array:
    return np.array([getattr(row, name) for row in rows])


def from_bundle(folder: Path) -> ExportedPolicy:
    """Read a bundle.

    Raises:
        InputError: not a valid bundle, one for an environment that this version has not, or a network that is more than
            a chain of layers.
    """
    data = read_folder(folder)
    contract = read_contract(data[CONTRACT], folder / CONTRACT)
    open_graph(data[ONNX], contract, folder / ONNX)
    network = network_of(data[ONNX], len(contract.observation), folder / ONNX)
    published = _published(contract.environment, contract.environment_version, folder / CONTRACT)
    _check_names(contract, published, folder / CONTRACT)
    seen = contract.validity
    low, high = seen.observation_low, seen.observation_high
    modes = [mode for mode in seen.options.get("action-mode", []) if mode != ANY]
    facts = {
        "environment": f"{contract.environment}-v{contract.environment_version}",
        "made": contract.made.model_dump(),
        "valid_for": {name: list(values) for name, values in seen.options.items()},
        "note": seen.note,
        "policy_sha256": contract.policy_sha256,
    }
    return _policy(folder.resolve().name, published, network, facts, (low, high), modes == ["residual"])


def from_layers(
    name: str, environment: Any, graph: bytes, facts: Mapping[str, Any], *, action_mode: str | None = None
) -> ExportedPolicy:
    """Make the exported form of a graph for `environment`, without a contract: valid within the environment's limits.

    Args:
        action_mode: "residual" or "direct"; None where the environment has no modes.
    """
    spec = environment.unwrapped.spec.id
    title, _, version = spec.rpartition("-v")
    published = _published(title, int(version), Path(name))
    network = network_of(graph, len(published.OBSERVATION), Path(name))
    own = {"environment": spec, "policy_sha256": hashlib.sha256(graph).hexdigest()}
    return _policy(name, published, network, {**own, **facts}, ([], []), action_mode == "residual")


def _policy(
    title: str,
    published: Any,
    network: Network,
    facts: Mapping[str, Any],
    seen: tuple[Sequence[float], Sequence[float]],
    residual: bool,
) -> ExportedPolicy:
    inputs = []
    for i, q in enumerate(published.OBSERVATION):
        low, high = (of[i] if of else bound for of, bound in zip(seen, (q.low, q.high), strict=True))
        low, high = max(low, q.low), min(high, q.high)
        valid = low - SPARE * max(1.0, abs(low)), high + SPARE * max(1.0, abs(high))
        inputs.append(Input(q.name, q.unit, q.scale, q.low, q.high, *valid, q.meaning))
    outputs = []
    places = {q.name: i for i, q in enumerate(published.OBSERVATION)}
    for i, q in enumerate(published.ACTION):
        servo = places[published.RESIDUAL_ON[i]] if residual else None
        factor = published.OBSERVATION[servo].scale / q.scale if servo is not None else 1.0
        share = float(published.RESIDUAL_SHARES[i]) if residual else 1.0
        name = f"{q.name}_setpoint" if q.name in places else q.name  # one is read, one is set
        relative = residual and bool(published.RESIDUAL_RELATIVE[i])
        outputs.append(Output(name, q.unit, q.scale, q.low, q.high, q.meaning, servo, factor, share, relative))
    if network.outputs != len(outputs):
        raise InputError("gives another number of actions", value=network.outputs, allowed=str(len(outputs)))
    return ExportedPolicy(title, published.RATE_HZ, tuple(inputs), tuple(outputs), network, facts)


@dataclass(frozen=True)
class _Published:
    """What an environment publishes of its interface, in one of its versions."""

    OBSERVATION: Sequence[Quantity]
    ACTION: Sequence[Quantity]
    RATE_HZ: float
    RESIDUAL_SHARES: Array
    RESIDUAL_ON: Sequence[str]
    RESIDUAL_RELATIVE: Array


_RESIDUALS: dict[str, Any] = {"swaptwin/Alignment": alignment_control, "swaptwin/Docking": docking_law}
"""Environments whose actions may add to what the station does by itself, and what says how."""


def _published(environment: str, version: int, file: Path) -> _Published:
    import gymnasium

    import envs  # noqa: F401  registers the environments

    of_name = [spec for spec in gymnasium.registry.values() if name_of(spec.id) == environment]
    for spec in sorted(of_name, key=lambda spec: spec.version != version):
        module_name, _, name = str(spec.entry_point).partition(":")
        module = importlib.import_module(module_name)
        # an environment of a later version may still know the interface of this one
        earlier = getattr(module, "EARLIER", {})
        if spec.version != version and version not in earlier:
            continue
        observation, action = earlier.get(version, (module.OBSERVATION, module.ACTION))
        rate_hz = float(getattr(module, name).metadata["render_fps"])
        if environment not in _RESIDUALS:
            return _Published(observation, action, rate_hz, np.ones(len(action)), (), np.zeros(len(action), bool))
        by = _RESIDUALS[environment]
        shares = getattr(by, "EARLIER_SHARES", {}).get(version, by.RESIDUAL_SHARES)
        relative = getattr(by, "RESIDUAL_RELATIVE", np.zeros(len(action), bool))
        return _Published(observation, action, rate_hz, shares, by.RESIDUAL_ON, relative)
    raise InputError("made for an environment that this version has not", file=file, value=f"{environment}-v{version}")


def _check_names(contract: Contract, published: Any, file: Path) -> None:
    for key, rows in (("observation", published.OBSERVATION), ("action", published.ACTION)):
        own = getattr(contract, key)
        same = [(row.name, row.unit) for row in own] == [(q.name, q.unit) for q in rows] and np.allclose(
            [row.scale for row in own], [q.scale for q in rows], rtol=1e-6, atol=0.0
        )
        if not same:
            raise InputError(f"another {key} than the environment's", file=file, key=key)
