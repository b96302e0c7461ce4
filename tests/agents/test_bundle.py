"""Bundles: written whole, loaded as data, refused in one line when anything is not as it should be."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from agents.bundle import BundlePolicy, Contract, load_bundle, open_graph
from agents.episodes import Scene
from agents.evaluate import evaluate
from agents.export import Layer, graph_bytes
from tests.agents.attacks import model_of
from tests.agents.bundles import LAYERS, contract_of, make_tiny, write_tiny
from tests.agents.tiny import TASK, Controller
from tests.tiers import examples
from twin.errors import InputError

ENVIRONMENT = make_tiny()


def load(folder: Path) -> BundlePolicy:
    return load_bundle(folder, ENVIRONMENT)


def refusal(folder: Path) -> str:
    with pytest.raises(InputError) as caught:
        load(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def edit_contract(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    contract = json.loads((folder / "contract.json").read_text())
    change(contract)
    (folder / "contract.json").write_text(json.dumps(contract))


def put_graph(folder: Path, graph: bytes) -> None:
    """A graph with the contract's blessing, so that what refuses it is the look at the graph itself."""
    (folder / "policy.onnx").write_bytes(graph)
    edit_contract(folder, lambda c: c.update(policy_sha256=hashlib.sha256(graph).hexdigest()))


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write_tiny(tmp_path / "tiny")


def test_a_bundle_decides_as_what_it_was_made_from(bundle: Path) -> None:
    policy, controller = load(bundle), Controller(None)
    random = np.random.default_rng(0)
    for observation in random.uniform(-4, 4, (200, 2)).astype(np.float32):
        np.testing.assert_allclose(policy.act(observation), controller.act(observation), atol=1e-6)
    assert sorted(os.listdir(bundle)) == ["card.md", "contract.json", "policy.onnx"]
    assert "tests" not in (bundle / "card.md").read_text()


def test_it_counts_observations_beyond_those_of_its_training(bundle: Path) -> None:
    policy = load(bundle)
    for x in (0.0, 1.9, 2.1, -3.0):
        policy.act(np.array([x, 0.0], np.float32))
    assert policy.outside == 2
    policy.begin(0)
    assert policy.outside == 0


def test_evaluate_takes_a_bundle_by_its_path_on_any_number_of_workers(bundle: Path) -> None:
    names = ["baseline", str(bundle)]
    one, _ = evaluate(Scene(TASK), names, episodes=4, seed=0, workers=1)
    two, _ = evaluate(Scene(TASK), names, episodes=4, seed=0, workers=2)
    assert one.as_json() == two.as_json()
    assert one.as_json()["policies"][1]["success_rate"] == 1.0


# ------------------------------------------------------------------------------------------------ the folder


def test_a_pickle_or_a_zip_is_refused_by_what_it_is(bundle: Path) -> None:
    (bundle / "notes.md").write_bytes(pickle.dumps({"a": 1}))
    assert "notes.md: is a pickle" in refusal(bundle)
    (bundle / "notes.md").unlink()
    with zipfile.ZipFile(bundle / "model.zip", "w") as archive:
        archive.writestr("data.pkl", b"x")
    assert "model.zip: is a zip archive" in refusal(bundle)
    (bundle / "model.zip").unlink()
    for protocol in range(2, 6):
        (bundle / "policy.onnx").write_bytes(pickle.dumps([1, 2], protocol=protocol))
        assert "policy.onnx: is a pickle" in refusal(bundle)


def test_nothing_in_a_bundle_is_executed(bundle: Path, tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "exploded"),)

    for name in ("policy.onnx", "contract.json", "card.md", "extra.pkl"):
        for protocol in range(6):
            folder = write_tiny(tmp_path / f"{name}-{protocol}")
            (folder / name).write_bytes(pickle.dumps(Bomb(), protocol=protocol))
            if name == "card.md" and protocol < 2:
                load(folder)  # text as any other
            else:
                refusal(folder)
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("extra.txt", "extra.txt: does not belong in a bundle"),
        ("weights.data", "weights.data: does not belong in a bundle"),
    ],
)
def test_other_files_are_refused(bundle: Path, name: str, said: str) -> None:
    (bundle / name).write_bytes(b"hello")
    assert said in refusal(bundle)


def test_what_is_no_bundle_at_all(bundle: Path, tmp_path: Path) -> None:
    assert "no such folder" in refusal(tmp_path / "nowhere")
    assert "a policy is a folder" in refusal(bundle / "card.md")
    (bundle / "card.md").unlink()
    assert "card.md: is missing from the bundle" in refusal(bundle)
    (bundle / "card.md").symlink_to("/etc/hostname")
    assert "plain files only" in refusal(bundle)
    (bundle / "card.md").unlink()
    (bundle / "card.md").mkdir()
    assert "plain files only" in refusal(bundle)


# ---------------------------------------------------------------------------------------------- the contract


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c.update(environment="swaptwin/Docking"), "environment: made for another environment"),
        (lambda c: c.update(environment_version=1), "environment_version: made for another environment, got 1"),
        (lambda c: c.update(rate_hz=20.0), "rate_hz: made for another environment, got 20.0"),
        (lambda c: c["observation"].reverse(), "observation[0].name: the order of observation differs"),
        (lambda c: c["observation"][1].update(scale=2.0), "observation[1].scale: another observation"),
        (lambda c: c["observation"][1].update(unit="km/h"), "observation[1].unit: another observation"),
        (lambda c: c["observation"][0].update(name="y"), "observation[0].name: another observation"),
        (lambda c: c["observation"].append({"name": "z", "unit": "m", "scale": 1.0}), "observation"),
        (lambda c: c["action"][0].update(high=2.0), "action[0].high: another action"),
        (lambda c: c["action"][0].update(low=3.0), "not below high"),
        (lambda c: c.pop("rate_hz"), "rate_hz: is missing"),
        (lambda c: c.update(rate_hzz=1), "rate_hzz: unknown key"),
        (lambda c: c.update(format=2), "format"),
        (lambda c: c.update(policy_sha256="0" * 64), "truncated, damaged or replaced"),
    ],
)
def test_a_contract_that_does_not_fit_is_refused(bundle: Path, change: Any, said: str) -> None:
    edit_contract(bundle, change)
    assert said in refusal(bundle)


@pytest.mark.parametrize("version", [0, 1])
def test_a_bundle_of_a_retired_version_is_refused_as_such(bundle: Path, version: int) -> None:
    docking = gymnasium.make("envs:swaptwin/Docking-v3", disable_env_checker=True)
    edit_contract(bundle, lambda c: c.update(environment="swaptwin/Docking", environment_version=version))
    with pytest.raises(InputError) as caught:
        load_bundle(bundle, docking)
    words = f"contract.json: environment_version: is of a version that is retired: train it anew, got {version}"
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_contract_that_is_no_contract_is_refused(bundle: Path) -> None:
    for data in (b"", b"[]", b"{", b"null", b"\xff\xfe", b'{"rate_hz": NaN}'):
        (bundle / "contract.json").write_bytes(data)
        assert "contract.json" in refusal(bundle)


# ------------------------------------------------------------------------------------------------- the graph

SOUND = graph_bytes(LAYERS, 2, 1)


CONTRACT = contract_of(ENVIRONMENT)
FILE = Path("tiny") / "policy.onnx"


def opened(data: bytes, *, blessed: bool) -> Any:
    """The graph's session, or the one line that refuses it; `blessed`: the contract says that these are the bytes."""
    contract = Contract(format=1, policy_sha256=hashlib.sha256(data if blessed else SOUND).hexdigest(), **CONTRACT)
    try:
        return open_graph(data, contract, FILE)
    except InputError as error:
        assert str(error).startswith("tiny/policy.onnx: ") and "\n" not in str(error)  # noqa: PT017, PT018
        return str(error)


@settings(max_examples=examples(80))
@given(st.integers(0, len(SOUND) - 1))
def test_a_truncated_graph_is_refused(length: int) -> None:
    assert "truncated, damaged or replaced" in opened(SOUND[:length], blessed=False)
    reported = opened(SOUND[:length], blessed=True)
    assert isinstance(reported, str) or length > 0.9 * len(SOUND)  # what is missing then may be the version stamp alone


@settings(max_examples=examples(150))
@given(st.integers(0, len(SOUND) - 1), st.integers(1, 255))
def test_a_flipped_byte_is_refused_or_at_least_harmless(place: int, flip: int) -> None:
    data = bytearray(SOUND)
    data[place] ^= flip
    assert "truncated, damaged or replaced" in opened(bytes(data), blessed=False)
    session = opened(bytes(data), blessed=True)
    if not isinstance(session, str):  # a weight or a name: still a sound graph
        (action,) = session.run(["action"], {"observation": np.zeros((1, 2), np.float32)})
        assert action.shape == (1, 1)


@given(st.binary(max_size=300))
@settings(max_examples=examples(80))
def test_any_other_bytes_are_refused(data: bytes) -> None:
    assert isinstance(opened(data, blessed=True), str)


def test_weights_in_another_file_are_refused(bundle: Path, tmp_path: Path) -> None:
    model = onnx.load_model_from_string(SOUND)
    weights = model.graph.initializer[0]
    onnx.external_data_helper.set_external_data(weights, location="../../../etc/passwd")
    weights.data_location = TensorProto.EXTERNAL
    weights.ClearField("raw_data")
    put_graph(bundle, model.SerializeToString())
    assert "stores weights in another file" in refusal(bundle)


def test_operators_beyond_arithmetic_are_refused(bundle: Path) -> None:
    weights = numpy_helper.from_array(np.ones((2, 1), np.float32), "w")
    random = helper.make_node("RandomNormalLike", ["observation"], ["noise"])
    add = helper.make_node("MatMul", ["noise", "w"], ["action"])
    put_graph(bundle, model_of([random, add], [weights]))
    assert "unsupported operator, got 'RandomNormalLike'" in refusal(bundle)
    foreign = helper.make_node("Evil", ["observation"], ["action"], domain="com.example")
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.example", 1)]
    put_graph(bundle, model_of([foreign], [], opsets=opsets))
    assert "com.example.Evil" in refusal(bundle)


def test_branches_are_refused(bundle: Path) -> None:
    inner = helper.make_graph(
        [helper.make_node("Identity", ["w"], ["out"])], "inner", [],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [1, 1])],
    )  # fmt: skip
    true = numpy_helper.from_array(np.array(True), "yes")
    weights = numpy_helper.from_array(np.ones((1, 1), np.float32), "w")
    branch = helper.make_node("If", ["yes"], ["action"], then_branch=inner, else_branch=inner)
    put_graph(bundle, model_of([branch], [true, weights]))
    assert "unsupported operator, got 'If'" in refusal(bundle)


@pytest.mark.parametrize(("inputs", "outputs"), [(3, 1), (1, 1), (2, 2)])
def test_other_shapes_are_refused(bundle: Path, inputs: int, outputs: int) -> None:
    weights = np.zeros((outputs, inputs), np.float32), np.zeros(outputs, np.float32)
    put_graph(bundle, graph_bytes([Layer("Gemm", weights, {"transB": 1})], inputs, outputs))
    assert "has the wrong shape" in refusal(bundle)


def test_other_port_names_are_refused(bundle: Path) -> None:
    put_graph(bundle, SOUND.replace(b"observation", b"OBSERVATION"))
    assert "not the inputs of a policy, got 'OBSERVATION'" in refusal(bundle)


def test_a_graph_that_gives_nan_is_refused(bundle: Path) -> None:
    weights = np.full((1, 2), np.nan, np.float32), np.zeros(1, np.float32)
    put_graph(bundle, graph_bytes([Layer("Gemm", weights, {"transB": 1})], 2, 1))
    assert "no finite action" in refusal(bundle)


# ---------------------------------------------------------------------------------------------------- writing


def test_a_bundle_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    folder = write_tiny(tmp_path / "tiny")
    with pytest.raises(InputError, match="already exists"):
        write_tiny(folder)
    before = (folder / "contract.json").read_bytes()
    with pytest.raises(ValueError, match="rate_hz"):
        write_tiny(tmp_path / "other", rate_hz=-1.0)
    assert sorted(os.listdir(tmp_path)) == ["tiny"]
    assert (folder / "contract.json").read_bytes() == before
    with pytest.raises(InputError, match="cannot be written: No such file or directory"):
        write_tiny(tmp_path / "no" / "folder")


def test_the_same_policy_gives_the_same_bytes(tmp_path: Path) -> None:
    one, two = write_tiny(tmp_path / "one"), write_tiny(tmp_path / "two")
    for name in os.listdir(one):
        assert (one / name).read_bytes() == (two / name).read_bytes()
    assert contract_of(ENVIRONMENT)["environment"] == "Tiny"


# ------------------------------------------------------------------------------------------------ several at once

ONE_ROW = {
    # graphs that exporters write for one observation, or that look at the first only
    "of a fixed shape": ("Reshape", [1, 2]),
    "of the first row": ("Gather", [0]),
}


@pytest.mark.parametrize("name", ONE_ROW)
def test_a_graph_for_one_observation_gives_each_of_several_its_own_action(bundle: Path, name: str) -> None:
    operator, numbers = ONE_ROW[name]
    constants = [
        numpy_helper.from_array(np.array(numbers, np.int64), "numbers"),
        numpy_helper.from_array(np.array([[1.0], [2.0]], np.float32), "weights"),
    ]
    nodes = [
        helper.make_node(operator, ["observation", "numbers"], ["row"]),
        helper.make_node("MatMul", ["row", "weights"], ["action"]),
    ]
    put_graph(bundle, model_of(nodes, constants))
    policy = load(bundle)
    observations = np.array([[0.1, 0.2], [0.3, -0.4], [0.0, 0.5]], np.float32)
    np.testing.assert_allclose(policy.act_many(observations), observations @ [[1.0], [2.0]], atol=1e-6)
    np.testing.assert_allclose(policy.act_many(observations), [policy.act(row) for row in observations], atol=1e-6)
    assert policy.act_many(observations[:0]).shape == (0, 1)


# ------------------------------------------------------------------------------------------------ the contract's words


@pytest.mark.parametrize(
    ("place", "text", "said"),
    [
        (["made", "seed"], b"9" * 5000, "contract.json: is not valid JSON: number out of range"),
        (["made", "options"], b"[" * 500, "contract.json: is not valid JSON: recursion limit"),
        (["made", "options"], b'{"a": [1]}', "made.options.a: must be text or a whole number or a number or true or"),
        (["made", "options"], b'{"a": NaN}', "made.options.a: must be text or a whole number or a number or true or"),
        (["policy_sha256"], b'"ab"', "policy_sha256: of another form, got 'ab' (allowed: text that matches ^[0-9a-f]"),
        (["validity", "observation_low"], b"[5, 0]", "observation_low[0] 5 is above observation_high[0] 2"),
        (["observation", 0, "scale"], b"1e999", "observation[0].scale: must be a finite number, got inf"),
    ],
)
def test_a_contract_that_says_nonsense_is_reported_where(
    bundle: Path, place: list[Any], text: bytes, said: str
) -> None:
    def put(contract: dict[str, Any]) -> None:
        held: Any = contract
        for part in place[:-1]:
            held = held[part]
        held[place[-1]] = "@"

    edit_contract(bundle, put)
    file = bundle / "contract.json"
    file.write_bytes(file.read_bytes().replace(b'"@"', text))
    assert said in refusal(bundle)
    assert "more]" not in refusal(bundle)


@pytest.mark.filterwarnings("error")
def test_limits_beyond_float32_are_no_limits(bundle: Path) -> None:
    edit_contract(bundle, lambda c: c["validity"].update(observation_low=[-1e308] * 2, observation_high=[1e308] * 2))
    policy = load(bundle)
    policy.act(np.array([3e38, -3e38], np.float32))
    assert policy.outside == 0
