"""Policy bundles: a folder with policy.onnx, contract.json and card.md. Data only; nothing in one is ever executed.

Any other folder, or one made for another environment, is refused with one line (`InputError`).
"""

from __future__ import annotations

import hashlib
import importlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from agents.onnx_graph import check_graph, first_line
from agents.onnx_sizes import INPUT
from twin.errors import InputError

Array = np.ndarray
ONNX, CONTRACT, CARD = "policy.onnx", "contract.json", "card.md"
FILES = (ONNX, CONTRACT, CARD)
MAX_BYTES = {ONNX: 32 << 20, CONTRACT: 1 << 18, CARD: 1 << 20}
ANY = "any"
"""Value of a contract's option that was drawn in each episode or chosen by the environment."""
OUTPUT = "action"
"""Name of the graph's only output (n, actions); its input is `INPUT` (n, observations); both are float32."""
ARCHIVES = {
    b"PK\x03\x04": "a zip archive (torch and stable-baselines3 files are such: they hold pickles)",
    b"PK\x05\x06": "a zip archive",
    b"\x1f\x8b": "a gzip archive",
    b"\x80\x02": "a pickle",
    b"\x80\x03": "a pickle",
    b"\x80\x04": "a pickle",
    b"\x80\x05": "a pickle",
}
"""First bytes of file types that are refused."""


class Strict(BaseModel):
    """Frozen; unknown keys, NaN and infinity are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


Name = Annotated[str, Field(min_length=1, max_length=200)]
MAX_COMMAND = 2000
Command = Annotated[str, Field(max_length=MAX_COMMAND)]
Unit = Annotated[str, Field(max_length=40)]
MAX_OBSERVED = 2_000
Few = Field(max_length=200)
"""Maximum length of a contract's lists; half a million mistakes would take a gigabyte to report."""
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class ObservationElement(Strict):
    """One element of the observation: the quantity, in its unit, divided by `scale`."""

    name: Name
    unit: Unit
    scale: Annotated[float, Field(gt=0.0)]


class ActionElement(Strict):
    """One element of the action: the plant gets it times `scale`, in its unit; limits apply before scaling."""

    name: Name
    unit: Unit
    scale: Annotated[float, Field(gt=0.0)]
    low: float
    high: float

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low {self.low:g} is not below high {self.high:g}")
        return self


class TrainingFacts(Strict):
    """Training of the policy, for reproduction."""

    algorithm: Name
    seed: int
    steps: Annotated[int, Field(ge=0)]
    options: Annotated[dict[str, str | int | float | bool], Few]
    versions: Annotated[dict[str, str], Few]
    command: Command = ""
    """That makes the policy."""


class MeasuredResult(Strict):
    """One row of an evaluation of this policy and of the others on the same seeds.

    Attributes:
        rates: other shares of the episodes, by name.
        scene: what was played, by option.
        command: of the evaluation.
    """

    policy: Name
    episodes: Annotated[int, Field(ge=0)]
    first_seed: Annotated[int, Field(ge=0)]
    success_rate: Annotated[float, Field(ge=0.0, le=1.0)] | None
    success_ci95: tuple[float, float]
    time_median_s: float | None
    time_p95_s: float | None = None
    force_median_n: float | None = None
    force_p99_n: float | None = None
    rates: Annotated[dict[Name, float], Few] = {}
    violations: Annotated[int, Field(ge=0)] | None = None
    scene: Annotated[dict[Name, Name], Few] = {}
    command: Command = ""


class Validity(Strict):
    """Domain of training, and so of validity: options by name, and the range of observations."""

    options: Annotated[dict[str, Annotated[list[str], Few]], Few]
    observation_low: Annotated[list[float], Field(max_length=MAX_OBSERVED)]
    observation_high: Annotated[list[float], Field(max_length=MAX_OBSERVED)]
    note: Annotated[str, Field(max_length=2000)] = ""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        for i, (low, high) in enumerate(zip(self.observation_low, self.observation_high, strict=False)):
            if low > high:
                raise ValueError(f"observation_low[{i}] {low:g} is above observation_high[{i}] {high:g}")
        return self


class Contract(Strict):
    """Interface of a policy. `observation` and `action` list the elements in order."""

    format: Literal[1]
    environment: Name
    environment_version: Annotated[int, Field(ge=0)]
    rate_hz: Annotated[float, Field(gt=0.0)]
    observation: Annotated[list[ObservationElement], Field(min_length=1, max_length=MAX_OBSERVED)]
    action: Annotated[list[ActionElement], Field(min_length=1, max_length=1_000)]
    made: TrainingFacts
    measured: Annotated[list[MeasuredResult], Few]
    validity: Validity
    policy_sha256: Sha256

    @model_validator(mode="after")
    def _of_one_size(self) -> Self:
        for key in ("observation_low", "observation_high"):
            if len(getattr(self.validity, key)) not in (0, len(self.observation)):
                raise ValueError(f"validity.{key} has another length than observation")
        return self


class BundlePolicy:
    """A policy from a bundle: the ONNX graph on one thread.

    Attributes:
        contract: its interface.
        outside: steps of the current episode with an observation outside the range seen in training.
    """

    def __init__(self, contract: Contract, session: Any) -> None:
        self.contract, self._session = contract, session
        self._takes_many = _takes_many(session, len(contract.observation), len(contract.action))
        seen = contract.validity
        with np.errstate(over="ignore"):  # values beyond float32 are no limit
            self._low = np.array(seen.observation_low or -np.inf, np.float32)
            self._high = np.array(seen.observation_high or np.inf, np.float32)
        self.outside = 0

    def option(self, name: str) -> str | None:
        """Return the environment's option that the policy was made for; None if the environment chose it.

        Raises:
            InputError: the contract names several.
        """
        values = [value for value in self.contract.validity.options.get(name, []) if value != ANY]
        if len(values) > 1:
            raise InputError("lists several values", key=f"validity.options.{name}", value=", ".join(values))
        return values[0] if values else None

    def begin(self, seed: int) -> None:
        """Reset the count; the graph has no state."""
        self.outside = 0

    def act_many(self, observations: Array) -> Array:
        """Return actions (N, A) for observations (N, n), in one call if the graph can; not counted in `outside`."""
        rows = np.asarray(observations, np.float32)
        parts = [rows] if self._takes_many else [row[None] for row in rows]
        actions = [self._session.run([OUTPUT], {INPUT: part})[0] for part in parts]
        return np.concatenate(actions) if actions else np.empty((0, len(self.contract.action)), np.float32)

    def act(self, observation: Array) -> Array:
        """Return the action for an observation (n,)."""
        row = np.asarray(observation, np.float32)
        self.outside += bool((row < self._low).any() or (row > self._high).any())
        action: Array = self._session.run([OUTPUT], {INPUT: row[None]})[0][0]
        return action


def load_bundle(folder: Path, environment: Any) -> BundlePolicy:
    """Load the policy of a bundle, checked against its environment.

    Raises:
        InputError: not a valid bundle made for this environment, in one line.
    """
    data = read_folder(folder)
    contract = read_contract(data[CONTRACT], folder / CONTRACT)
    check_made_for(contract, environment, folder / CONTRACT)
    return BundlePolicy(contract, open_graph(data[ONNX], contract, folder / ONNX))


def read_folder(folder: Path) -> dict[str, bytes]:
    """Read a bundle's three files; any other file in the folder is refused."""
    try:
        if not folder.is_dir():
            problem = "a policy is a folder, this is a file" if folder.exists() else "no such folder"
            raise InputError(problem, file=folder, allowed=", ".join(FILES))
        names = sorted(os.listdir(folder))
        data = {}
        for name in names:
            path = folder / name
            if path.is_symlink() or not path.is_file():
                raise InputError("a bundle holds plain files only", file=path, allowed=", ".join(FILES))
            with path.open("rb") as file:
                data[name] = file.read(MAX_BYTES.get(name, 8) + 1)
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"cannot be read: {getattr(error, 'strerror', None) or error}", file=repr(str(folder))
        ) from None
    for name, content in data.items():
        what = next((words for magic, words in ARCHIVES.items() if content.startswith(magic)), None)
        if what is not None:
            raise InputError(f"is {what}; a bundle holds none", file=folder / name)
        if name not in FILES:
            raise InputError("does not belong in a bundle", file=folder / name, allowed=", ".join(FILES))
        if len(content) > MAX_BYTES[name]:
            raise InputError("file is too large", file=folder / name, allowed=f"up to {MAX_BYTES[name]} bytes")
    for name in FILES:
        if name not in data:
            raise InputError("is missing from the bundle", file=folder / name)
    return data


def read_contract(data: bytes, file: Path) -> Contract:
    """Parse the contract from JSON bytes."""
    from twin.catalogue.explain import to_input_error

    try:
        return Contract.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            raise InputError(f"is not valid JSON: {first['ctx']['error']}", file=file) from None
        raise to_input_error(error, Contract, file) from None


def interface(environment: Any, version: int | None = None) -> dict[str, Any]:
    """Return the contract entries that a policy for this environment must have.

    Args:
        version: an earlier version of the environment whose policies it still plays (`EARLIER` of its module); with any
            other one, or None, the entries are those of its own version.
    """
    own = environment.unwrapped
    published = importlib.import_module(type(own).__module__)
    name, _, present = own.spec.id.rpartition("-v")
    observation, action = published.OBSERVATION, published.ACTION
    if version in (earlier := getattr(published, "EARLIER", {})):
        present, (observation, action) = version, earlier[version]
    return {
        "environment": name,
        "environment_version": int(present),
        "rate_hz": float(own.metadata["render_fps"]),
        "observation": [ObservationElement(name=q.name, unit=q.unit, scale=q.scale) for q in observation],
        "action": [ActionElement(name=q.name, unit=q.unit, scale=q.scale, low=q.low, high=q.high) for q in action],
    }


def check_made_for(contract: Contract, environment: Any, file: Path) -> None:
    """Raise InputError if a contract's environment, observation or action is not that of `environment`.

    One of an earlier version that the environment still plays must be as that version was.
    """
    for key, value in interface(environment, contract.environment_version).items():
        actual = getattr(contract, key)
        if isinstance(value, list):
            _check_rows(key, actual, value, file)
        elif key == "environment_version" and actual in _retired(environment):
            raise InputError("is of a version that is retired: train it anew", file=file, key=key, value=actual,
                             allowed=str(value))  # fmt: skip
        elif actual != value:
            raise InputError("made for another environment", file=file, key=key, value=actual, allowed=str(value))


def _retired(environment: Any) -> Sequence[int]:
    """Return the earlier versions of an environment that are gone (`RETIRED` of its module)."""
    return getattr(importlib.import_module(type(environment.unwrapped).__module__), "RETIRED", ())


def _check_rows(key: str, actual: Sequence[Strict], wanted: Sequence[Strict], file: Path) -> None:
    names, needed = ([getattr(row, "name") for row in rows] for rows in (actual, wanted))  # noqa: B009
    if sorted(names) == sorted(needed) and names != needed:
        first = next(i for i, (a, b) in enumerate(zip(names, needed, strict=True)) if a != b)
        raise InputError(
            f"the order of {key} differs from the environment's", file=file, key=f"{key}[{first}].name",
            value=names[first], allowed=needed[first],
        )  # fmt: skip
    if len(actual) != len(wanted):
        raise InputError(f"wrong number of {key}s", file=file, key=key, value=len(actual), allowed=str(len(wanted)))
    for i, (a, b) in enumerate(zip(actual, wanted, strict=True)):
        for field in type(b).model_fields:
            given, must = getattr(a, field), getattr(b, field)
            same = given == must if isinstance(must, str) else bool(np.isclose(given, must, rtol=1e-6, atol=0.0))
            if not same:
                raise InputError(
                    f"another {key} than the environment's", file=file, key=f"{key}[{i}].{field}", value=given,
                    allowed=str(must),
                )  # fmt: skip


# ---------------------------------------------------------------------------------------------------------- the graph


def open_graph(data: bytes, contract: Contract, file: Path) -> Any:
    """Open a one-threaded session of the ONNX graph, after checking its parts and one trial run."""
    if hashlib.sha256(data).hexdigest() != contract.policy_sha256:
        raise InputError(
            f"does not match its hash in {CONTRACT}: truncated, damaged or replaced", file=file, key="policy_sha256"
        )
    check_graph(data, file, len(contract.observation))
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        inputs, outputs = session.get_inputs(), session.get_outputs()
        for kind, found, name, size in (
            ("input", inputs, INPUT, len(contract.observation)),
            ("output", outputs, OUTPUT, len(contract.action)),
        ):
            _check_port(kind, found, name, size, file)
        trial = np.zeros((1, len(contract.observation)), np.float32)
        action = session.run([OUTPUT], {INPUT: trial})[0]
    except InputError:
        raise
    except Exception as error:  # onnxruntime has one exception class per status code
        raise InputError(f"cannot be run: {first_line(error)}", file=file) from None
    if action.shape != (1, len(contract.action)) or action.dtype != np.float32:
        raise InputError(
            f"{OUTPUT} has the wrong shape", file=file, value=action.shape, allowed=str((1, len(contract.action)))
        )
    if not np.isfinite(action).all():
        raise InputError("gives no finite action for a zero observation", file=file)
    return session


def _takes_many(session: Any, observations: int, actions: int) -> bool:
    """True if the graph gives several rows the same actions as each row alone; some graphs take only one row."""
    rows = np.linspace(-1.0, 1.0, 2 * observations, dtype=np.float32).reshape(2, observations)
    try:
        both = session.run([OUTPUT], {INPUT: rows})[0]
    except Exception:  # onnxruntime: one class per status code
        return False
    alone = np.concatenate([session.run([OUTPUT], {INPUT: row[None]})[0] for row in rows])
    return both.shape == (2, actions) and bool(np.allclose(both, alone, rtol=1e-4, atol=1e-5, equal_nan=True))


def _check_port(kind: str, found: Sequence[Any], name: str, size: int, file: Path) -> None:
    if [port.name for port in found] != [name]:
        names = ", ".join(port.name for port in found)
        raise InputError(f"not the {kind}s of a policy", file=file, value=names, allowed=name)
    port = found[0]
    if port.type != "tensor(float)" or len(port.shape) != 2 or port.shape[1] != size:
        raise InputError(
            f"{kind} {name} has the wrong shape", file=file, value=f"{port.type} {port.shape}",
            allowed=f"tensor(float) [n, {size}]",
        )  # fmt: skip
