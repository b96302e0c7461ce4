"""Check that a policy's ONNX graph is safe to open: arithmetic only, self-contained, small in bytes, values and work.

onnxruntime computes every node with constant inputs while it opens a graph, and a few kB can request gigabytes. So the
cost of a graph is computed from its shapes first, and only graphs within the limits are opened.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agents.onnx_sizes import MAX_RANK, MAX_VALUES, NUMBERS, check_sizes
from twin.errors import InputError

_ARITHMETIC = (
    "Abs Add Cast Clip Concat Constant Div Elu Exp Flatten Gather Gelu Gemm HardSigmoid HardSwish Identity "
    "LayerNormalization LeakyRelu Log MatMul Max Min Mish Mul Neg Pow Reciprocal ReduceMean Relu Reshape Selu Sigmoid "
    "Slice Softmax Softplus Softsign Split Sqrt Squeeze Sub Sum Tanh Transpose Unsqueeze"
)
OPERATORS = frozenset(_ARITHMETIC.split())
"""Allowed operators: arithmetic without loops, branches, files or randomness."""
MAX_NODES = 2_000
MAX_FIELDS = 50_000
"""Maximum number of protobuf fields of a file; a parsed field may take a hundred times its few bytes."""
MAX_DEPTH = 12
MAX_VARINT_BYTES = 1 << 20
"""Maximum bytes of packed varints, which parsing widens to eight bytes; weights are raw bytes or floats."""
MAX_TEXT_BYTES = 4 << 20
"""Maximum bytes of names, notes, metadata and unknown fields; onnxruntime holds several copies of each."""
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED_BYTES = {_FIXED64: 8, _FIXED32: 4}


def check_graph(data: bytes, file: Path, observations: int) -> None:
    """Raise InputError unless the bytes are a self-contained, small ONNX model that uses only `OPERATORS`.

    Args:
        observations: number of elements of an observation.
    """
    import onnx

    check_fields(data, onnx.ModelProto.DESCRIPTOR, file)
    try:
        model = onnx.load_model_from_string(data)
    except Exception as error:  # protobuf's own exceptions, by its backend
        raise InputError(f"is not an ONNX model: {first_line(error)}", file=file) from None
    graph = model.graph
    if not graph.node:
        raise InputError("is not an ONNX model: it has no nodes", file=file)
    if model.functions:
        raise InputError("defines functions", file=file, value=model.functions[0].name)
    if len(graph.node) > MAX_NODES:
        raise InputError("has too many nodes", file=file, value=len(graph.node), allowed=f"up to {MAX_NODES}")
    tensors = list(graph.initializer)
    for node in graph.node:
        tensors += _tensors_of(node, file)
    if graph.sparse_initializer:
        raise InputError("has sparse weights", file=file)
    for tensor in tensors:
        _check_tensor(tensor, file)
    check_sizes(graph, observations, file)
    try:
        onnx.checker.check_model(model)
    except Exception as error:
        raise InputError(f"is not a valid ONNX model: {first_line(error)}", file=file) from None


def first_line(error: Exception) -> str:
    """First line of an error's message, shortened."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:160]


def _tensors_of(node: Any, file: Path) -> list[Any]:
    """Return the tensors in a node's attributes; raise InputError for an operator or attribute not needed here."""
    if node.domain not in ("", "ai.onnx") or node.op_type not in OPERATORS:
        name = f"{node.domain}.{node.op_type}" if node.domain else node.op_type
        raise InputError("has an unsupported operator", file=file, value=name)
    tensors = []
    for attribute in node.attribute:
        if attribute.HasField("g") or attribute.graphs:
            raise InputError("has a nested graph", file=file, value=node.op_type)
        if attribute.HasField("sparse_tensor") or attribute.sparse_tensors:
            raise InputError("has sparse weights", file=file, value=node.op_type)
        if attribute.tensors or (attribute.HasField("t") and node.op_type != "Constant"):
            raise InputError("has an unsupported attribute", file=file, value=attribute.name)
        tensors += [attribute.t] if attribute.HasField("t") else []
    return tensors


def _check_tensor(tensor: Any, file: Path) -> None:
    """Raise InputError unless a numeric tensor has as many elements as its shape says."""
    import onnx

    if tensor.external_data or tensor.data_location == onnx.TensorProto.EXTERNAL:
        raise InputError("stores weights in another file", file=file, value=tensor.name)
    if tensor.data_type not in NUMBERS:
        raise InputError("has weights that are not numeric", file=file, value=tensor.name)
    item_bytes = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
    field = onnx.helper.tensor_dtype_to_field(tensor.data_type)
    span = count = 1
    for size in tensor.dims:
        count *= size  # Python integers do not overflow
        span *= size or 1
    # an empty tensor's shape is not backed by bytes, and libraries multiply its sizes without the zero
    hollow = count == 0 and span > MAX_VALUES
    if any(size < 0 for size in tensor.dims) or len(tensor.dims) > MAX_RANK or hollow or tensor.HasField("segment"):
        raise InputError("has weights of an invalid shape", file=file, value=tensor.name)
    held = len(tensor.raw_data) / item_bytes if tensor.HasField("raw_data") else len(getattr(tensor, field))
    if held != count:
        raise InputError(
            f"has weights whose size does not match their shape: {tensor.name[:80]}",
            file=file,
            value=int(held) if held == int(held) else held,
            allowed=str(count)[:40],
        )


def check_fields(data: bytes, descriptor: Any, file: Path) -> None:
    """Raise InputError if a protobuf message has more or deeper fields than a policy's; scans without parsing.

    Args:
        descriptor: of the message type.
    """
    fields = varint_bytes = text_bytes = 0
    waiting = [(0, len(data), descriptor, 1)]
    try:
        while waiting:
            place, end, message, depth = waiting.pop()
            if depth > MAX_DEPTH:
                raise InputError("is nested too deeply", file=file, allowed=f"up to {MAX_DEPTH} messages")
            while place < end:
                fields += 1
                if fields > MAX_FIELDS:
                    raise InputError("has too many parts", file=file, allowed=f"up to {MAX_FIELDS} protobuf fields")
                key, place = _varint(data, place, end)
                number, kind = key >> 3, key & 7
                if kind == _VARINT:
                    _, place = _varint(data, place, end)
                elif kind in _FIXED_BYTES:
                    place += _FIXED_BYTES[kind]
                elif kind == _BYTES:
                    length, place = _varint(data, place, end)
                    field = message.fields_by_number.get(number)
                    if field is not None and field.message_type is not None:
                        waiting.append((place, place + length, field.message_type, depth + 1))
                    elif field is not None and field.cpp_type in _integers(field):
                        varint_bytes += length
                    elif field is None or field.type in (field.TYPE_STRING, field.TYPE_BYTES):
                        text_bytes += length if field is None or field.name != "raw_data" else 0
                        if text_bytes > MAX_TEXT_BYTES and place + length <= end:
                            raise InputError(
                                "has too much text beside its weights", file=file, key=field.name if field else None,
                                allowed=f"up to {MAX_TEXT_BYTES} bytes",
                            )  # fmt: skip
                        if field is not None and field.type == field.TYPE_STRING:
                            data[place : min(place + length, end)].decode()
                    place += length
                else:
                    raise ValueError(f"protobuf has no wire type {kind}")
                if place > end:
                    raise ValueError("it ends too early")
        if varint_bytes > MAX_VARINT_BYTES:
            raise InputError("has too many packed integers", file=file, allowed=f"up to {MAX_VARINT_BYTES} bytes")
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"is not an ONNX model: {error}", file=file) from None


def _integers(field: Any) -> tuple[int, ...]:
    return field.CPPTYPE_INT32, field.CPPTYPE_INT64, field.CPPTYPE_UINT32, field.CPPTYPE_UINT64, field.CPPTYPE_ENUM


def _varint(data: bytes, place: int, end: int) -> tuple[int, int]:
    """Return the integer at `place` and the position after it."""
    value = 0
    for shift in range(0, 70, 7):
        if place >= end:
            raise ValueError("it ends too early")
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise ValueError("it has an integer without an end")
