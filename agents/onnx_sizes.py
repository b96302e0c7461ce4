"""Shapes of all values of a graph for one observation, and from them its numbers of values and products."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from twin.errors import InputError

Shape = tuple[int, ...]
INPUT = "observation"
MAX_RANK = 8
MAX_VALUES = 1 << 22
"""Maximum number of values of all nodes for one observation: 32 MB at eight bytes each."""
MAX_PRODUCTS = 1 << 28
"""Maximum number of multiplications of all matrix products: a fraction of a second on one thread."""
MAX_KNOWN = 64
"""Maximum size of a constant used as a shape, an axis or an index."""

NUMBERS = frozenset({1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13})
"""ONNX codes of the numeric types of up to eight bytes: `TensorProto.FLOAT`, `UINT8` and so on."""

_SAME = (
    "Abs Clip Elu Exp Gelu HardSigmoid HardSwish Identity LayerNormalization LeakyRelu Log Mish Neg Reciprocal "
    "Relu Selu Sigmoid Softmax Softplus Softsign Sqrt Tanh"
)
_BROADCAST = "Add Div Max Min Mul Pow Sub Sum"


class _UnsoundError(Exception):
    """A node that does not fit its inputs."""


class _Node:
    """One node with the shapes and constants of its inputs."""

    def __init__(self, node: Any, shapes: dict[str, Shape], values: dict[str, np.ndarray]) -> None:
        self.op, self.names, self.outputs = node.op_type, list(node.input), list(node.output)
        self.attributes = {attribute.name: attribute for attribute in node.attribute}
        for name in self.names:
            if name and name not in shapes:
                raise _UnsoundError(f"{name} is used before it is computed")
        self.shapes: list[Shape] = [shapes[name] if name else () for name in self.names]
        self._values = values
        self.products = 0

    def shape(self, index: int = 0) -> Shape:
        """Shape of an input."""
        if index >= len(self.names) or not self.names[index]:
            raise _UnsoundError(f"input {index} is missing")
        return self.shapes[index]

    def integer(self, name: str, otherwise: int) -> int:
        """Value of an attribute."""
        return int(self.attributes[name].i) if name in self.attributes else otherwise

    def known(self, index: int) -> np.ndarray | None:
        """Values of an input that is a small constant."""
        return self._values.get(self.names[index]) if index < len(self.names) and self.names[index] else None

    def integers(self, name: str, index: int) -> list[int] | None:
        """Values of an attribute in older versions of an operator, or of a constant input in newer ones."""
        if name in self.attributes:
            return [int(value) for value in self.attributes[name].ints]
        if index >= len(self.names) or not self.names[index]:
            return None
        value = self.known(index)
        if value is None:
            raise _UnsoundError(f"{name} is no constant of up to {MAX_KNOWN} numbers")
        return [int(number) for number in value.reshape(-1)]


def check_sizes(graph: Any, observations: int, file: Path) -> None:
    """Raise InputError if one observation takes more than MAX_VALUES values or MAX_PRODUCTS multiplications.

    Args:
        graph: an ONNX graph whose operators and tensors are checked already.
        observations: number of elements of an observation; the graph's own number takes precedence.
    """
    from onnx import numpy_helper

    shapes: dict[str, Shape] = {}
    values: dict[str, np.ndarray] = {}
    for tensor in graph.initializer:
        shapes[tensor.name] = tuple(tensor.dims)
        if math.prod(tensor.dims) <= MAX_KNOWN:
            values[tensor.name] = numpy_helper.to_array(tensor)
    given = [port for port in graph.input if port.name not in shapes]
    if [port.name for port in given] != [INPUT]:
        names = ", ".join(port.name for port in given)
        raise InputError("not the inputs of a policy", file=file, value=names, allowed=INPUT)
    declared = [dim.dim_value for dim in given[0].type.tensor_type.shape.dim]
    if len(declared) == 2:
        shapes[INPUT] = (declared[0] or 1, declared[1] or observations)
    else:
        raise InputError(
            f"input {INPUT} has the wrong shape",
            file=file,
            value=declared,
            allowed=f"tensor(float) [n, {observations}]",
        )
    total = products = 0
    for raw in graph.node:
        try:
            node = _Node(raw, shapes, values)
            for name, shape, value in _outputs(node):
                if name in shapes:
                    raise _UnsoundError(f"{name} is computed twice")
                if len(shape) > MAX_RANK:
                    raise _UnsoundError(f"{name} has {len(shape)} dimensions, more than {MAX_RANK}")
                total += math.prod(shape)
                shapes[name] = shape
                if value is not None and value.size <= MAX_KNOWN:
                    values[name] = value
        except _UnsoundError as error:
            raise InputError(f"is not a valid ONNX model: {raw.op_type}: {str(error)[:200]}", file=file) from None
        products += node.products
        if total > MAX_VALUES:
            raise InputError(
                "takes too much memory: numbers for one observation", file=file, key=raw.op_type, value=total,
                allowed=f"up to {MAX_VALUES}",
            )  # fmt: skip
        if products > MAX_PRODUCTS:
            raise InputError(
                "takes too much work: multiplications for one observation", file=file, key=raw.op_type, value=products,
                allowed=f"up to {MAX_PRODUCTS}",
            )  # fmt: skip


def _outputs(node: _Node) -> list[tuple[str, Shape, np.ndarray | None]]:
    """Name and shape of each output, and its values if it is a small constant."""
    if node.op == "Split":
        return [(name, shape, None) for name, shape in zip(node.outputs, _split(node), strict=True)]
    if len(node.outputs) != 1:
        raise _UnsoundError(f"has {len(node.outputs)} outputs instead of 1")
    if node.op == "Constant":
        value = _constant(node)
        return [(node.outputs[0], value.shape, value)]
    try:
        shape = tuple(int(size) for size in SHAPES[node.op](node))
    except (ValueError, IndexError, OverflowError) as error:
        raise _UnsoundError(f"its inputs do not go together ({str(error)[:80]})") from None
    if any(size < 0 for size in shape):
        raise _UnsoundError("has a size below zero")
    return [(node.outputs[0], shape, _value(node))]


def _constant(node: _Node) -> np.ndarray:
    from onnx import numpy_helper

    [(name, attribute)] = node.attributes.items() if len(node.attributes) == 1 else [("", None)]
    if attribute is None or name not in ("value", "value_float", "value_floats", "value_int", "value_ints"):
        raise _UnsoundError("has no plain numbers")
    if name == "value":
        held: np.ndarray = numpy_helper.to_array(attribute.t)
        return held
    return np.array({"_float": attribute.f, "_int": attribute.i}.get(name[5:], attribute.floats or attribute.ints))


def _value(node: _Node) -> np.ndarray | None:
    """Propagate constants through the nodes that exporters put between a shape and its values."""
    if node.op in ("Identity", "Cast"):
        return node.known(0)
    if node.op == "Concat":
        parts = [node.known(i) for i in range(len(node.names))]
        if all(part is not None and part.ndim == 1 for part in parts) and parts:
            return np.concatenate([part for part in parts if part is not None])
    if node.op in ("Unsqueeze", "Squeeze") and (held := node.known(0)) is not None and held.size == 1:
        return held.reshape(-1) if node.op == "Unsqueeze" else held.reshape(())
    return None


# ------------------------------------------------------------------------------------------- the shape of one output


def _same(node: _Node) -> Shape:
    return node.shape()


def _cast(node: _Node) -> Shape:
    if node.integer("to", 0) not in NUMBERS:
        raise _UnsoundError("gives no plain numbers")
    return node.shape()


def _broadcast(node: _Node) -> Shape:
    return np.broadcast_shapes(*(node.shape(i) for i in range(len(node.names))))


def _axis(axis: int, rank: int) -> int:
    if not -rank <= axis < max(rank, 1):
        raise _UnsoundError(f"has no axis {axis}")
    return axis % rank if rank else 0


def _matmul(node: _Node) -> Shape:
    a, b = node.shape(0), node.shape(1)
    if not a or not b:
        raise _UnsoundError("multiplies a single number")
    left, right = (a if len(a) > 1 else (1, *a)), (b if len(b) > 1 else (*b, 1))
    if left[-1] != right[-2]:
        raise _UnsoundError(f"multiplies {a} by {b}")
    batch = np.broadcast_shapes(left[:-2], right[:-2])
    node.products = math.prod(batch) * left[-2] * left[-1] * right[-1]
    return (*batch, *(left[-2:-1] if len(a) > 1 else ()), *(right[-1:] if len(b) > 1 else ()))


def _gemm(node: _Node) -> Shape:
    a, b = node.shape(0), node.shape(1)
    if len(a) != 2 or len(b) != 2:
        raise _UnsoundError(f"multiplies {a} by {b}")
    a = a[::-1] if node.integer("transA", 0) else a
    b = b[::-1] if node.integer("transB", 0) else b
    if a[1] != b[0]:
        raise _UnsoundError(f"multiplies {a} by {b}")
    node.products = a[0] * a[1] * b[1]
    return a[0], b[1]


def _concat(node: _Node) -> Shape:
    shapes = [node.shape(i) for i in range(len(node.names))]
    axis = _axis(node.integer("axis", 0), len(shapes[0]))
    if any(s[:axis] + s[axis + 1 :] != shapes[0][:axis] + shapes[0][axis + 1 :] for s in shapes) or not shapes[0]:
        raise _UnsoundError("joins other shapes")
    return (*shapes[0][:axis], sum(s[axis] for s in shapes), *shapes[0][axis + 1 :])


def _flatten(node: _Node) -> Shape:
    shape = node.shape()
    axis = node.integer("axis", 1)
    axis = axis + len(shape) if axis < 0 else axis
    return math.prod(shape[:axis]), math.prod(shape[axis:])


def _gather(node: _Node) -> Shape:
    shape, indices = node.shape(0), node.shape(1)
    axis = _axis(node.integer("axis", 0), len(shape))
    return (*shape[:axis], *indices, *shape[axis + 1 :])


def _reduce(node: _Node) -> Shape:
    shape = node.shape()
    axes = node.integers("axes", 1)
    if not axes:
        if node.integer("noop_with_empty_axes", 0):
            return shape
        axes = list(range(len(shape)))
    gone = {_axis(axis, len(shape)) for axis in axes}
    if node.integer("keepdims", 1):
        return tuple(1 if i in gone else size for i, size in enumerate(shape))
    return tuple(size for i, size in enumerate(shape) if i not in gone)


def _reshape(node: _Node) -> Shape:
    shape, wanted = node.shape(), node.integers("shape", 1)
    if wanted is None:
        raise _UnsoundError("has no shape")
    if not node.integer("allowzero", 0):
        wanted = [shape[i] if size == 0 else size for i, size in enumerate(wanted)]
    if wanted.count(-1) == 1:
        rest = math.prod(size for size in wanted if size != -1)
        wanted[wanted.index(-1)] = math.prod(shape) // rest if rest else 0
    if math.prod(wanted) != math.prod(shape):
        raise _UnsoundError(f"makes {wanted} of {list(shape)}")
    return tuple(wanted)


def _slice(node: _Node) -> Shape:
    shape = list(node.shape())
    starts, ends = node.integers("starts", 1), node.integers("ends", 2)
    if starts is None or ends is None:
        raise _UnsoundError("has no starts and ends")
    axes = node.integers("axes", 3) or list(range(len(starts)))
    steps = node.integers("steps", 4) or [1] * len(starts)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        at = _axis(axis, len(shape))
        shape[at] = len(range(*slice(start, end, step).indices(shape[at])))
    return tuple(shape)


def _split(node: _Node) -> list[Shape]:
    shape, parts = node.shape(), len(node.outputs)
    axis = _axis(node.integer("axis", 0), len(shape))
    if not shape or not parts:
        raise _UnsoundError("has nothing to split")
    sizes = node.integers("split", 1)
    if sizes is None:
        each = -(-shape[axis] // parts)
        sizes = [min(each, max(shape[axis] - i * each, 0)) for i in range(parts)]
    if len(sizes) != parts or sum(sizes) != shape[axis] or min(sizes) < 0:
        raise _UnsoundError(f"splits {shape[axis]} into {sizes[:MAX_RANK]}")
    return [(*shape[:axis], size, *shape[axis + 1 :]) for size in sizes]


def _squeeze(node: _Node) -> Shape:
    shape, axes = node.shape(), node.integers("axes", 1)
    gone = {i for i, size in enumerate(shape) if size == 1}
    if axes is not None:
        named = {_axis(axis, len(shape)) for axis in axes}
        if named - gone:
            raise _UnsoundError(f"takes away {sorted(named - gone)} of {list(shape)}")
        gone = named
    return tuple(size for i, size in enumerate(shape) if i not in gone)


def _transpose(node: _Node) -> Shape:
    shape = node.shape()
    order = node.integers("perm", len(node.names)) or list(range(len(shape)))[::-1]
    if sorted(order) != list(range(len(shape))):
        raise _UnsoundError(f"orders {list(shape)} by {order[:MAX_RANK]}")
    return tuple(shape[i] for i in order)


def _unsqueeze(node: _Node) -> Shape:
    shape, axes = node.shape(), node.integers("axes", 1)
    rank = len(shape) + len(axes or ())
    new = {_axis(axis, rank) for axis in axes or ()}
    if len(new) != len(axes or ()) or rank > MAX_RANK:
        raise _UnsoundError("names an axis twice, or too many")
    old = iter(shape)
    return tuple(1 if i in new else next(old) for i in range(rank))


SHAPES: dict[str, Callable[[_Node], Shape]] = {
    **dict.fromkeys(_SAME.split(), _same),
    **dict.fromkeys(_BROADCAST.split(), _broadcast),
    "Cast": _cast,
    "Concat": _concat,
    "Flatten": _flatten,
    "Gather": _gather,
    "Gemm": _gemm,
    "MatMul": _matmul,
    "ReduceMean": _reduce,
    "Reshape": _reshape,
    "Slice": _slice,
    "Squeeze": _squeeze,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}
"""Shape functions of the only output, by operator; `Constant` and `Split` are handled apart."""
