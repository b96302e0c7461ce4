"""Graphs of a few kB that would take gigabytes or minutes to open, each with the words that refuse it."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from agents.export import Layer, graph_bytes


def model_of(nodes: list[Any], constants: list[Any], inputs: int = 2, outputs: int = 1, **more: Any) -> bytes:
    ports = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", size])
        for name, size in (("observation", inputs), ("action", outputs))
    ]
    graph = helper.make_graph(nodes, "policy", ports[:1], ports[1:], constants)
    opsets = more.get("opsets", [helper.make_opsetid("", 17)])
    data: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    return data


def node(operator: str, inputs: str, outputs: str, **attributes: Any) -> Any:
    return helper.make_node(operator, inputs.split(), outputs.split(), **attributes)


def floats(name: str, *shape: int, value: float = 0.0) -> Any:
    return numpy_helper.from_array(np.full(shape, value, np.float32), name)


def ints(name: str, *values: int) -> Any:
    return numpy_helper.from_array(np.array(values, np.int64), name)


def policy(*nodes: Any, constants: tuple[Any, ...] = (), opset: int = 17, last: str = "big") -> bytes:
    """A graph whose action is a sum over `last`, so that nothing of it can be left out, and a sound one beside it."""
    mean = [node("ReduceMean", last, "mean", keepdims=0)] if last else []
    weights = floats("weights", 2, 1)
    action = [
        node("MatMul", "observation weights", "plain"),
        node("Add", "plain mean" if last else "plain zero", "action"),
    ]
    return model_of(
        [*nodes, *mean, *action], [*constants, weights, floats("zero", 1)], opsets=[helper.make_opsetid("", opset)]
    )


def concats(doublings: int) -> bytes:
    chain = [node("Concat", f"c{i} c{i}", f"c{i + 1}", axis=0) for i in range(doublings)]
    return policy(*chain, constants=(floats("c0", 256),), last=f"c{doublings}")


def products(doublings: int) -> bytes:
    """Squaring a column against a row, again and again."""
    chain = [
        node("MatMul", "column row", "square"),
        node("Reshape", "square long", "line"),
        node("Transpose", "line", "turned"),
        node("MatMul", "turned line", "big"),
    ]
    return policy(*chain, constants=(floats("column", 128, 1), floats("row", 1, 128), ints("long", 1, -1)))


def subgraph(name: str, inner: list[Any], output: str) -> Any:
    return helper.make_graph(inner, name, [], [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)])


def nested(depth: int) -> bytes:
    graph = subgraph("g0", [node("Identity", "zero", "out0")], "out0")
    for i in range(1, depth):
        other = graph if i < 3 else subgraph("flat", [node("Identity", "zero", "flat")], "flat")
        inner = helper.make_node("If", ["yes"], [f"out{i}"], then_branch=graph, else_branch=other)
        graph = subgraph(f"g{i}", [inner], f"out{i}")
    branch = helper.make_node("If", ["yes"], ["big"], then_branch=graph, else_branch=graph)
    return policy(branch, constants=(numpy_helper.from_array(np.array(True), "yes"),))


def loop() -> bytes:
    body = helper.make_graph(
        [node("Identity", "going", "on"), node("Concat", "value value", "next", axis=0)],
        "body",
        [
            helper.make_tensor_value_info("count", TensorProto.INT64, []),
            helper.make_tensor_value_info("going", TensorProto.BOOL, []),
            helper.make_tensor_value_info("value", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next", TensorProto.FLOAT, None),
        ],
    )
    trips, yes = numpy_helper.from_array(np.array(2**62), "trips"), numpy_helper.from_array(np.array(True), "yes")
    node_ = helper.make_node("Loop", ["trips", "yes", "zero"], ["big"], body=body)
    return policy(node_, constants=(trips, yes))


def hollow(dims: list[int], **data: Any) -> bytes:
    """A weight that says a size and does not hold it."""
    weight = TensorProto(name="hollow", data_type=TensorProto.FLOAT, dims=dims, **data)
    return policy(node("Relu", "hollow", "big"), constants=(weight,))


def sparse_constant() -> bytes:
    values, indices = floats("v", 1, value=1.0), ints("i", 5)
    sparse = helper.make_sparse_tensor(values, indices, [1 << 30])
    return policy(helper.make_node("Constant", [], ["big"], sparse_value=sparse))


def fields(count: int) -> bytes:
    """A graph of `count` empty nodes: two bytes each in the file."""
    return helper.make_model(helper.make_graph([], "g", [], [])).SerializeToString() + _field(7, _field(1, b"") * count)


def _field(number: int, data: bytes) -> bytes:
    length, head = len(data), bytes([number << 3 | 2])
    while length >= 0x80:
        head, length = head + bytes([length & 0x7F | 0x80]), length >> 7
    return head + bytes([length]) + data


def packed_integers() -> bytes:
    tensor = _field(1, b"\x01") + b"\x10\x07" + _field(7, b"\x01" * (16 << 20))
    return model_of([node("Relu", "observation", "action")], []) + _field(7, _field(5, tensor))


BIG = ints("shape", 1 << 14, 1 << 14)
ATTACKS: dict[str, tuple[Any, str]] = {
    "tile": (lambda: policy(node("Tile", "zero shape1", "big"), constants=(ints("shape1", 1 << 30),)), "'Tile'"),
    "expand": (lambda: policy(node("Expand", "zero shape", "big"), constants=(BIG,)), "'Expand'"),
    "constant of shape": (lambda: policy(node("ConstantOfShape", "shape", "big"), constants=(BIG,)), "ConstantOfShape"),
    "range": (
        lambda: policy(
            node("Range", "a b c", "big"),
            constants=tuple(numpy_helper.from_array(np.float32(x), n) for n, x in zip("abc", (0, 1e9, 1), strict=True)),
        ),
        "'Range'",
    ),
    "pad": (lambda: policy(node("Pad", "zero pads", "big"), constants=(ints("pads", 0, 1 << 30),)), "'Pad'"),
    "resize": (
        lambda: policy(
            node("Resize", "line  scales", "big"), constants=(floats("line", 1), floats("scales", 1, value=1e9))
        ),
        "'Resize'",
    ),
    "one hot": (lambda: policy(node("OneHot", "i d v", "big"), constants=(ints("i", 1), ints("d", 1 << 30))), "OneHot"),
    "einsum": (
        lambda: policy(node("Einsum", "a a a", "big", equation="i,j,k->ijk"), constants=(floats("a", 1 << 10),)),
        "'Einsum'",
    ),
    "chained concat": (lambda: concats(22), "takes too much memory"),
    "long chain of concat": (lambda: concats(1500), "takes too much memory"),
    "concat of many": (
        lambda: policy(helper.make_node("Concat", ["w"] * 5000, ["big"], axis=0), constants=(floats("w", 1000),)),
        "takes too much memory",
    ),
    "outer product": (lambda: products(2), "takes too much memory"),
    "outer sum": (
        lambda: policy(node("Add", "a b", "big"), constants=(floats("a", 1 << 14, 1), floats("b", 1, 1 << 14))),
        "takes too much memory",
    ),
    "sum of sums": (
        lambda: policy(
            node("Sum", "a b c", "big"), constants=(floats("a", 999, 1, 1), floats("b", 999, 1), floats("c", 999))
        ),
        "takes too much memory",
    ),
    "outer product by gemm": (
        lambda: policy(node("Gemm", "a b", "big"), constants=(floats("a", 1 << 14, 1), floats("b", 1, 1 << 14))),
        "takes too much memory",
    ),
    "gather": (
        lambda: policy(
            node("Gather", "rows index", "big", axis=0),
            constants=(floats("rows", 4, 4096), numpy_helper.from_array(np.zeros(1 << 16, np.int64), "index")),
        ),
        "takes too much memory",
    ),
    "much work": (
        lambda: policy(
            *[node("MatMul", f"m{i} m0", f"m{i + 1}") for i in range(60)],
            constants=(floats("m0", 256, 256),),
            last="m60",
        ),
        "takes too much work",
    ),
    "doubled observation": (
        lambda: policy(
            node("Identity", "observation", "o0"),
            *[node("Concat", f"o{i} o{i}", f"o{i + 1}", axis=1) for i in range(30)],
            last="o30",
        ),
        "takes too much memory",
    ),
    "rank": (
        lambda: policy(*[node("Unsqueeze", f"u{i} axis", f"u{i + 1}") for i in range(1000)],
                       constants=(floats("u0", 1), ints("axis", 0)), last="u1000"),
        "names an axis twice, or too many",
    ),
    "many nodes": (
        lambda: policy(node("Relu", "zero", "r0"), *[node("Relu", f"r{i}", f"r{i + 1}") for i in range(20_000)],
                       last="r20000"),
        "has too many",
    ),
    "many empty nodes": (lambda: fields(8_000_000), "has too many parts"),
    "many packed integers": (packed_integers, "has too many packed integers"),
    "loop": (loop, "'Loop'"),
    "branch in branch": (lambda: nested(1), "'If'"),
    "branches deep down": (lambda: nested(30), "is nested too deeply"),
    "types deep down": (
        lambda: model_of([node("Relu", "observation", "action")], [])
        + _field(7, _field(11, _field(1, b"o") + _field(2, deep(5000)))),
        "is nested too deeply",
    ),
    "hollow weight": (lambda: hollow([1 << 20, 1 << 10]), "size does not match their shape"),
    "hollow weight, in floats": (lambda: hollow([1 << 30], float_data=[1.0]), "size does not match their shape"),
    "weight beyond 64 bits": (lambda: hollow([1 << 40, 1 << 40], raw_data=b""), "size does not match their shape"),
    "weight below zero": (lambda: hollow([-1, 4], raw_data=b""), "of an invalid shape"),
    "strings": (
        lambda: policy(
            node("Identity", "s", "big"), constants=(helper.make_tensor("s", TensorProto.STRING, [1], [b"x"]),)
        ),
        "not numeric",
    ),
    "numbers as strings": (
        lambda: policy(node("Cast", "w", "big", to=TensorProto.STRING), constants=(floats("w", 1 << 20),)),
        "gives no plain numbers",
    ),
    "sparse constant": (sparse_constant, "sparse weights"),
    "cycle": (
        lambda: policy(node("Add", "big zero", "other"), node("Add", "other zero", "big")),
        "before it is computed",
    ),
    "computed twice": (lambda: policy(node("Relu", "zero", "big"), node("Relu", "zero", "big")), "computed twice"),
    "shape that is computed": (
        lambda: policy(
            node("Cast", "observation", "wanted", to=TensorProto.INT64),
            node("Reshape", "zero wanted", "big"),
        ),
        "is no constant",
    ),
    "huge fixed batch": (
        lambda: model_of([node("MatMul", "observation weights", "action")], [floats("weights", 2, 1)]).replace(
            b"\x12\x01n", b"\x08\xff\x7f"
        ),
        "",
    ),
    "huge word": (lambda: policy(node("Relu", "x" * (20 << 20), "big")), "has too much text beside its weights"),
    "long word": (lambda: policy(node("Relu", "x" * (3 << 20), "big")), "is not a valid ONNX model"),
    "long notes": (
        lambda: policy(node("Relu", "zero", "big")) + _field(6, "\U0001f600".encode() * (7 << 20)),
        "doc_string: has too much text beside its weights",
    ),
    "unknown parts": (
        lambda: policy(node("Relu", "zero", "big")) + _field(15, bytes(30 << 20)),
        "has too much text beside its weights",
    ),
    "weights and some bytes": (lambda: hollow([2], raw_data=bytes(11)), "size does not match their shape"),
    "weights of half a number": (
        lambda: policy(
            helper.make_node("Constant", [], ["big"], value=TensorProto(data_type=1, dims=[2], raw_data=bytes(9)))
        ),
        "size does not match their shape",
    ),
    "no weights of a huge shape": (lambda: hollow([1 << 62, 1 << 62, 0], raw_data=b""), "of an invalid shape"),
    "weights of ninety dimensions": (lambda: hollow([1] * 90, raw_data=bytes(4)), "of an invalid shape"),
    "words that move the cursor": (
        lambda: policy(
            node("Relu", "zero", "big"),
            constants=(TensorProto(name="a\r\x1b[31mb\u2028c", data_type=1, dims=[5], raw_data=b""),),
        ),
        r"size does not match their shape: a\r\x1b[31mb\u2028c",
    ),
}  # fmt: skip


def deep(depth: int) -> bytes:
    """A sequence of sequences of ..., as a TypeProto."""
    data = b""
    for _ in range(depth):
        data = _field(4, _field(1, data)) if len(data) < 1 << 20 else data
    return data


def large() -> bytes:
    """31 MB of weights: as many as a bundle may have."""
    random, size = np.random.default_rng(0), 2000
    layers = [(size, 2), (size, size), (size, size - 100), (1, size)]
    layers[2] = (size, size)
    weights = [(0.01 * random.standard_normal(shape)).astype(np.float32) for shape in layers]
    return graph_bytes([Layer("Gemm", (w, np.zeros(len(w), np.float32)), {"transB": 1}) for w in weights], 2, 1)
