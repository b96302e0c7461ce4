"""Networks read from ONNX graphs: the same values in float64, or refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agents.export import Layer, graph_bytes
from agents.policy_export.network import network_of
from tests.agents.policy_export.networks import layers
from twin.errors import InputError

FILE = Path("policy.onnx")
PORTS = ["observation", "action"]


def run(graph: bytes, rows: np.ndarray) -> np.ndarray:
    import onnxruntime as ort

    session = ort.InferenceSession(graph, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"observation": rows.astype(np.float32)})[0])


@pytest.mark.parametrize("name", ["Tanh", "Relu", "Sigmoid", "Softplus", "Elu", "LeakyRelu"])
def test_values_are_those_of_the_graph(name: str) -> None:
    kinds = {"Elu": {"alpha": 0.5}, "LeakyRelu": {"alpha": 0.1}}
    first = [
        Layer("Cast", attributes={"to": 11}),
        Layer("Sub", (np.array([0.1, -0.2, 0.3]),)),
        Layer("Div", (np.array([0.5, 2.0, 1.0]),)),
        Layer("Max", (np.full(3, -10.0),)),
        Layer("Min", (np.full(3, 10.0),)),
        Layer("Cast", attributes={"to": 1}),
    ]
    graph = graph_bytes(layers([3, 7, 2], Layer(name, attributes=kinds.get(name, {})), first=first), 3, 2)
    network = network_of(graph, 3, FILE)
    rows = np.random.default_rng(1).normal(0.0, 3.0, (50, 3)).astype(np.float32)
    np.testing.assert_allclose(network(rows.astype(np.float64)), run(graph, rows), atol=1e-5)
    assert (network.inputs, network.outputs, network.weights) == (3, 2, 3 * 7 + 7 + 7 * 2 + 2)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ([Layer("Softsign")], "has a layer that cannot be exported, got 'Softsign'"),
        (
            [Layer("Gemm", (np.ones((3, 3), np.float32), np.ones(3, np.float32)), {"transB": 1, "alpha": 0.5})],
            "cannot be exported",
        ),
        ([Layer("Div", (np.ones(3, np.float32),)), Layer("Exp")], "cannot be exported, got 'Exp'"),
    ],
)
def test_what_is_no_chain_of_known_layers_is_refused(made: list[Layer], said: str) -> None:
    with pytest.raises(InputError, match=said):
        network_of(graph_bytes(made, 3, 3), 3, FILE)


def test_a_branch_is_refused() -> None:
    import onnx
    from onnx import helper

    ports = [
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", 2]) for name in ("observation", "action")
    ]
    nodes = [
        helper.make_node("Tanh", ["observation"], ["a"]),
        helper.make_node("Add", ["a", "observation"], ["action"]),
    ]
    graph = helper.make_model(helper.make_graph(nodes, "policy", ports[:1], ports[1:]))
    with pytest.raises(InputError, match="is not one chain of layers, got 'Add'"):
        network_of(graph.SerializeToString(), 2, FILE)
