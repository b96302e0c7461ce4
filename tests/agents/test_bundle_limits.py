"""A bundle opens within 5 s and 200 MB more than the process had, or is refused in one line within the same."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper

from agents.bundle import Contract, open_graph
from agents.export import graph_bytes
from agents.onnx_sizes import _Node, _outputs
from agents.policies import bundle_names, bundles_folder
from tests.agents.attacks import ATTACKS, floats, ints, large, model_of, node
from tests.agents.bundles import LAYERS, contract_of, make_tiny
from twin.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
MAX_S, MAX_MIB = 5.0, 200.0
HANGS_S = 60
"""A bundle that takes so long by the clock hangs without processor time; twelve times MAX_S, for a busy machine."""


CONTRACTS = {
    "many rows": b'{"measured":[' + b"1," * 130_000 + b"1]}",
    "many observations": b'{"observation":[' + b"{}," * 80_000 + b"{}]}",
    "many options": ('{"made":{"options":{' + ",".join(f'"{i}":[]' for i in range(20_000)) + "}}}").encode(),
    "one long key": ('{"' + "k" * 250_000 + '":1}').encode(),
    "deep lists": b'{"made":' + b"[" * 250_000,
    "deep mappings": b'{"made":' + b'{"a":' * 50_000,
    "a long number": b'{"format":' + b"9" * 250_000 + b"}",
    "many keys": ("{" + ",".join(f'"{i}":1' for i in range(20_000)) + "}").encode(),
}
"""Contracts of the largest size that a bundle may have."""

CHILD = """
import json, signal, sys, time
from pathlib import Path
import numpy
from agents.bundle import Contract, open_graph, read_contract
from tests.process_memory import peak_mib
from twin.errors import InputError
import agents.onnx_graph


def resident_mib():
    return int(Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0]) / 1024


folder = Path(sys.argv[1])
contract = json.loads((folder / "contract.json").read_text())
rows = {}
for name in json.loads((folder / "names.json").read_text()):
    file = folder / (name + ".onnx")
    print(name, file=sys.stderr, flush=True)
    signal.alarm(int(sys.argv[2]))  # ends the process, in whatever library it waits
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before, began = resident_mib(), time.process_time()
    data = file.read_bytes()
    try:
        if data.startswith(b"{"):
            read_contract(data, file)
        open_graph(data, Contract(**contract, policy_sha256=__import__("hashlib").sha256(data).hexdigest()), file)
        said = None
    except InputError as error:
        said = str(error)
    signal.alarm(0)
    rows[name] = [time.process_time() - began, peak_mib() - before, said]
print(json.dumps(rows))
"""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[float, float, str | None]]:
    """(seconds, MiB more than before, what was said) of every attack, all of them opened in one fresh process."""
    folder = tmp_path_factory.mktemp("attacks")
    graphs = {name: make() for name, (make, _) in ATTACKS.items()}
    graphs = {"a sound one": graph_bytes(LAYERS, 2, 1), "a large one": large(), **graphs, **CONTRACTS}
    for name, data in graphs.items():
        (folder / f"{name}.onnx").write_bytes(data)
    (folder / "names.json").write_text(json.dumps(list(graphs)))
    (folder / "contract.json").write_text(json.dumps({"format": 1, **contract_of(make_tiny())}))
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(folder), str(HANGS_S)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode != -signal.SIGALRM, f"took {HANGS_S} s by the clock: {done.stderr.splitlines()[-1]}"
    assert done.returncode == 0, done.stderr
    return {name: tuple(row) for name, row in json.loads(done.stdout.splitlines()[-1]).items()}  # type: ignore[misc]


@pytest.mark.parametrize("name", [*ATTACKS, *CONTRACTS])
def test_what_takes_too_much_is_refused_in_one_line(name: str, measured: Any) -> None:
    seconds, mib, said = measured[name]
    assert said is not None, "it was opened"
    assert said.isprintable()
    assert len(said) < 600
    assert f"{name}.onnx: " in said
    assert name in CONTRACTS or ATTACKS[name][1] in said
    assert seconds < MAX_S
    assert mib < MAX_MIB


@pytest.mark.parametrize("name", ["a sound one", "a large one"])
def test_a_sound_one_opens_within_the_limits(name: str, measured: Any) -> None:
    seconds, mib, said = measured[name]
    assert said is None
    assert seconds < MAX_S
    assert mib < MAX_MIB


def test_a_file_beyond_what_a_bundle_may_hold_is_refused(tmp_path: Path) -> None:
    from agents.bundle import MAX_BYTES
    from tests.agents.test_bundle import load, write_tiny

    folder = write_tiny(tmp_path / "tiny")
    with (folder / "policy.onnx").open("r+b") as file:
        file.truncate(MAX_BYTES["policy.onnx"] + 1)
    with pytest.raises(InputError, match="file is too large"):
        load(folder)


def test_the_shipped_bundles_are_far_from_the_limits() -> None:
    from agents import onnx_graph, onnx_sizes

    for name in bundle_names():
        model = onnx.load(bundles_folder() / name / "policy.onnx")
        assert len(model.graph.node) < onnx_graph.MAX_NODES / 10
        weights = sum(int(np.prod(tensor.dims)) for tensor in model.graph.initializer)
        assert weights < onnx_sizes.MAX_PRODUCTS / 10


# ----------------------------------------------------------------------------- shapes as others compute them

FORMS: dict[str, tuple[list[Any], tuple[Any, ...]]] = {
    "slice and join": (
        [
            node("Slice", "observation s0 s1 axes", "left"),
            node("Slice", "observation s1 s2 axes", "right"),
            node("Concat", "right left", "both", axis=1),
            node("MatMul", "both weights", "action"),
        ],
        (ints("s0", 0), ints("s1", 1), ints("s2", 2**62), ints("axes", -1)),
    ),
    "split, unsqueeze, squeeze": (
        [
            node("Split", "observation", "left right", axis=1),
            node("Unsqueeze", "left axis", "deeper"),
            node("Squeeze", "deeper axis", "back"),
            node("Sub", "right back", "action"),
        ],
        (ints("axis", 2),),
    ),
    "reshape by a computed constant": (
        [
            node("Concat", "minus one", "shape", axis=0),
            node("Gather", "observation column", "picked", axis=1),
            node("Reshape", "picked shape", "action"),
        ],
        (ints("minus", -1), ints("one", 1), ints("column", 1)),
    ),
    "norm, softmax, reduce": (
        [
            node("LayerNormalization", "observation gain", "even"),
            node("Softmax", "even", "shares"),
            node("ReduceMean", "shares", "action", axes=[1], keepdims=1),
        ],
        (floats("gain", 2, value=1.0),),
    ),
    "transposed weights": (
        [
            node("Transpose", "turned", "right_way"),
            node("MatMul", "observation right_way", "product"),
            node("Flatten", "product", "flat"),
            node("Clip", "flat low high", "action"),
        ],
        (
            floats("turned", 1, 2, value=2.0),
            numpy_helper.from_array(np.float32(-1), "low"),
            numpy_helper.from_array(np.float32(1), "high"),
        ),
    ),
    "constants in nodes": (
        [
            helper.make_node("Constant", [], ["gain"], value=numpy_helper.from_array(np.ones((2, 1), np.float32))),
            helper.make_node("Constant", [], ["offset"], value_float=0.5),
            node("Gemm", "observation gain", "product"),
            node("Add", "product offset", "action"),
        ],
        (),
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_other_exporters_graphs_are_understood(name: str) -> None:
    nodes, constants = FORMS[name]
    data = model_of(nodes, [*constants, floats("weights", 2, 1, value=1.0)])
    contract = Contract(format=1, policy_sha256=hashlib.sha256(data).hexdigest(), **contract_of(make_tiny()))
    session = open_graph(data, contract, Path("tiny/policy.onnx"))
    (action,) = session.run(["action"], {"observation": np.array([[0.25, 0.5]], np.float32)})
    assert action.shape == (1, 1)
    # every value's shape is what onnxruntime computes for it
    model, shapes, values = onnx.load_model_from_string(data), {"observation": (1, 2)}, {}
    for tensor in model.graph.initializer:
        shapes[tensor.name], values[tensor.name] = tuple(tensor.dims), numpy_helper.to_array(tensor)
    for one in model.graph.node:
        for output, shape, value in _outputs(_Node(one, shapes, values)):
            shapes[output] = shape
            values |= {} if value is None else {output: value}
    names = [output for one in model.graph.node for output in one.output]
    del model.graph.output[:]
    model.graph.output.extend(helper.make_empty_tensor_value_info(output) for output in names)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    for output, given in zip(names, session.run(names, {"observation": np.ones((1, 2), np.float32)}), strict=True):
        assert given.shape == shapes[output], output
