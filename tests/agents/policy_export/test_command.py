"""`swaptwin export policy`: bundles by name and folder, stable-baselines3's .zip with its normaliser, and refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.commands.export import policy_command
from agents.policies import bundle_names
from agents.policy_export.load import load_exported
from agents.policy_export.onnx_model import OUT_OF_RANGE, as_onnx
from agents.tasks import TASKS
from agents.train.checkpoint import load_zip
from swaptwin import run
from tests.agents.policy_export.structured_text_reader import translate
from twin.errors import InputError


@pytest.mark.parametrize("format", ["st", "plcopen", "onnx"])
def test_a_shipped_bundle_is_written_by_name(format: str, tmp_path: Path, capsys: Any) -> None:
    name, target = bundle_names()[0], tmp_path / "policy"
    policy_command(name, format=format, output=str(target), json=True)
    told = json.loads(capsys.readouterr().out)
    assert (told["policy"], told["format"], told["file"]) == (name, format, str(target))
    assert told["bytes"] == target.stat().st_size
    assert told["outputs"][0] == {"name": "speed_x", "unit": "m/s"}
    begins = {"st": b"(* Policy", "plcopen": b"<?xml", "onnx": b"\x08"}
    assert target.read_bytes().startswith(begins[format])


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PPO model for docking behind VecNormalize, with statistics that are far from none."""
    import gymnasium
    from stable_baselines3 import PPO
    from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

    def make() -> Any:
        return gymnasium.make(TASKS["docking"].environment, disable_env_checker=True)

    folder = tmp_path_factory.mktemp("run")
    normalise = VecNormalize(DummyVecEnv([make]), clip_obs=4.0)
    model = PPO("MlpPolicy", normalise, seed=2, device="cpu", policy_kwargs={"net_arch": [16]})
    size = normalise.observation_space.shape
    random = np.random.default_rng(4)
    normalise.obs_rms.mean, normalise.obs_rms.var = random.normal(0.0, 0.5, size), random.uniform(0.01, 2.0, size)
    model.save(folder / "best.zip")
    normalise.save(str(folder / "vecnormalize.pkl"))
    normalise.close()
    return folder / "best.zip"


def test_the_normaliser_of_a_zip_is_part_of_the_graph(trained: Path) -> None:
    import gymnasium
    import onnxruntime as ort

    policy = load_exported(str(trained), task="docking", trust_pickle=True)
    assert policy.facts["normaliser"] == "vecnormalize.pkl"
    environment = gymnasium.make(TASKS["docking"].environment, disable_env_checker=True)
    own = load_zip(trained, environment, trust_pickle=True)
    environment.close()
    random = np.random.default_rng(1)
    low, high, scale = (np.array([getattr(one, k) for one in policy.inputs]) for k in ("low", "high", "scale"))
    scaled = random.uniform(low, high, (10_000, len(low))).astype(np.float32)
    session = ort.InferenceSession(as_onnx(policy, "stamp"), providers=["CPUExecutionProvider"])
    given = (scaled * scale).astype(np.float32)
    feed = {one.name: given[:, i : i + 1] for i, one in enumerate(policy.inputs)}
    *setpoints, flags = session.run([*(one.name for one in policy.outputs), OUT_OF_RANGE], feed)
    assert own.normaliser is not None
    expected = own.model.predict(own.normaliser(scaled), deterministic=True)[0]
    got = np.concatenate(setpoints, axis=1) / np.array([one.scale for one in policy.outputs])
    assert np.abs(got - np.clip(expected, -1.0, 1.0)).max() < 1e-5
    assert not flags.any()


def test_a_zip_as_structured_text(trained: Path, tmp_path: Path) -> None:
    target = tmp_path / "dock.st"
    policy_command(str(trained), task="docking", output=str(target), vectors=5, trust_pickle=True)
    program = next(made for name, made in translate(target.read_text()).items() if name.startswith("prg_"))()
    program()
    assert program.passed is True


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"policy": "align_sax"}, r"policy: unknown policy \(did you mean align_sac\?\)"),
        ({"policy": "align_sac", "format": "xml"}, "--format: unknown, got 'xml'"),
        ({"policy": "align_sac", "format": "onnx"}, "--output: an ONNX model is no text"),
        ({"policy": "align_sac", "precision": "half"}, "--precision: unknown, got 'half'"),
        ({"policy": "align_sac", "vectors": 0}, "--vectors: out of range"),
        ({"policy": "none.zip"}, "no such file"),
        ({"policy": "./none"}, "no such folder"),
    ],
)
def test_what_cannot_be_exported_is_one_line(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        policy_command(**given)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--task", "docking"], "--task: a bundle has its own"),
        (["--precision", "double"], "--precision: format st has none"),
        (["--format", "onnx", "--vectors", "5"], "--vectors: format onnx has none"),
    ],
)
def test_an_option_without_effect_is_refused(
    options: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "block"
    assert run(["export", "policy", "align_sac", *options, "-o", str(target)]) == 2
    assert said in capsys.readouterr().err
    assert not target.exists()


def test_a_zip_is_loaded_only_when_trusted_and_with_its_task(trained: Path) -> None:
    with pytest.raises(InputError, match="--trust-pickle"):
        policy_command(str(trained), task="docking")
    with pytest.raises(InputError, match="--task: a .zip needs its task"):
        policy_command(str(trained), trust_pickle=True)
    with pytest.raises(InputError, match="made for another environment"):
        policy_command(str(trained), task="alignment", trust_pickle=True)
