"""A policy as a function block of IEC 61131-3 Structured Text, with a program that tests it.

The block needs ABS, EXP, LN, LREAL and one-dimensional arrays: no library, no pointers, no object orientation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from agents.policy_export.identifiers import identifier
from agents.policy_export.interface import ExportedPolicy
from agents.policy_export.network import Activation, Elementwise, Linear, Step
from agents.policy_export.vectors import Vectors
from twin.errors import InputError

Array = np.ndarray
MAX_WEIGHTS = 50_000
"""Above, compilers for PLCs run into the limits of a declaration."""
TOLERANCE = 1e-9
"""Largest difference that the test program allows, in the setpoints' units."""
PER_LINE = 6
INDENT = "    "


@dataclass(frozen=True)
class Variable:
    """A declaration: `size` 0 is a single variable; `value` its initial value, or the elements of an array."""

    name: str
    kind: str
    size: int = 0
    value: Sequence[str] = ()
    comment: str = ""


@dataclass
class Pou:
    """A function block or program: its variables by section, and the lines of its body."""

    kind: str
    name: str
    comment: Sequence[str]
    inputs: list[Variable] = field(default_factory=list)
    outputs: list[Variable] = field(default_factory=list)
    constants: list[Variable] = field(default_factory=list)
    variables: list[Variable] = field(default_factory=list)
    body: list[str] = field(default_factory=list)


SECTIONS = {"inputs": "VAR_INPUT", "outputs": "VAR_OUTPUT", "constants": "VAR CONSTANT", "variables": "VAR"}


def pous_of(policy: ExportedPolicy, vectors: Vectors, stamp: str) -> tuple[Pou, Pou]:
    """Return the function block of a policy, and the program that tests it with the vectors."""
    if policy.network.weights > MAX_WEIGHTS:
        raise InputError(
            "has too many weights for a function block", value=policy.network.weights, allowed=f"up to {MAX_WEIGHTS}"
        )
    names = _Names(policy)
    block = _Block(policy, names, stamp).pou
    return block, _test_program(policy, names, vectors, stamp)


def as_structured_text(policy: ExportedPolicy, vectors: Vectors, stamp: str) -> str:
    """Write the function block and its test program as one text."""
    return "\n".join(line for pou in pous_of(policy, vectors, stamp) for line in [*_lines(pou), ""])


def body_text(pou: Pou) -> str:
    """The statements of a POU."""
    return "\n".join(pou.body) + "\n"


def _lines(pou: Pou) -> Iterator[str]:
    yield from (f"(* {comment_of(line)} *)" for line in pou.comment)
    yield f"{pou.kind} {pou.name}"
    for section, keyword in SECTIONS.items():
        declared: list[Variable] = getattr(pou, section)
        if not declared:
            continue
        yield keyword
        for one in declared:
            yield from _declaration(one)
        yield "END_VAR"
    yield from pou.body
    yield f"END_{pou.kind}"


def _declaration(one: Variable) -> Iterator[str]:
    comment = f" (* {comment_of(one.comment)} *)" if one.comment else ""
    if not one.size:
        value = f" := {one.value[0]}" if one.value else ""
        yield f"{INDENT}{one.name} : {one.kind}{value};{comment}"
        return
    head = f"{INDENT}{one.name} : ARRAY[0..{one.size - 1}] OF {one.kind}"
    if not one.value:
        yield f"{head};{comment}"
        return
    yield f"{head} := ["
    for first in range(0, one.size, PER_LINE):
        last = first + PER_LINE >= one.size
        yield INDENT * 2 + ", ".join(one.value[first : first + PER_LINE]) + ("" if last else ",")
    yield f"{INDENT}];{comment}"


def lreal(value: float) -> str:
    """The literal of a float64, exact: it has a decimal point, and an exponent E."""
    if not np.isfinite(value):
        raise InputError("has a number that is not finite", value=value)
    mantissa, _, exponent = repr(float(value)).partition("e")
    mantissa = mantissa if "." in mantissa else f"{mantissa}.0"
    return f"{mantissa}E{int(exponent)}" if exponent else mantissa


def lreals(values: Iterable[float]) -> list[str]:
    return [lreal(value) for value in values]


def comment_of(text: str) -> str:
    """Text that ends no comment, on one line."""
    return " ".join(text.replace("(*", "( *").replace("*)", "* )").split())


class _Names:
    """Identifiers of the block: those of its interface, and those of its own variables, which differ from them."""

    def __init__(self, policy: ExportedPolicy) -> None:
        self.block = identifier("FB_" + "".join(part.capitalize() for part in policy.name.split("_")))
        self.test = identifier(f"PRG_{self.block}_Test")
        self.taken: set[str] = {self.block.upper(), self.test.upper(), "OUT_OF_RANGE"}
        self.inputs = [identifier(one.name, self.taken) for one in policy.inputs]
        self.outputs = [identifier(one.name, self.taken) for one in policy.outputs]
        self.out_of_range = "out_of_range"

    def own(self, name: str) -> str:
        return identifier(name, self.taken)


class _Block:
    def __init__(self, policy: ExportedPolicy, names: _Names, stamp: str) -> None:
        comment = [
            f"Policy {policy.name}, for {policy.facts.get('environment', 'an environment of its own')}: "
            f"{len(policy.inputs)} quantities to {len(policy.outputs)} setpoints, {policy.rate_hz:g} calls a second.",
            "The setpoints are the station's own, corrected." if policy.residual else "The setpoints are complete.",
            f"{names.out_of_range} is TRUE where a quantity is outside the range that the policy is valid for; "
            "a quantity that is not a number makes all setpoints zero.",
            stamp,
        ]
        self.policy, self.names, self.pou = policy, names, Pou("FUNCTION_BLOCK", names.block, comment)
        self.pou.inputs += [
            Variable(name, "LREAL", comment=f"{one.unit}: {one.meaning}" if one.meaning else one.unit)
            for name, one in zip(names.inputs, policy.inputs, strict=True)
        ]
        self.pou.outputs += [
            Variable(name, "LREAL", comment=f"{one.unit}, {one.scale * one.low:g} to {one.scale * one.high:g}")
            for name, one in zip(names.outputs, policy.outputs, strict=True)
        ]
        self.pou.outputs.append(Variable(names.out_of_range, "BOOL"))
        self.i, self.j, self.total, self.shrunk, self.numbers = (
            names.own(name) for name in ("i", "j", "total", "shrunk", "all_numbers")
        )
        self._layers = 0
        self.values = self._take_in()
        for step in policy.network.steps:
            self._step(step)
        self._give_out()
        self.pou.variables += [
            Variable(self.i, "DINT"),
            Variable(self.j, "DINT"),
            Variable(self.total, "LREAL"),
            Variable(self.shrunk, "LREAL"),
            Variable(self.numbers, "BOOL"),
        ]

    def _constant(self, name: str, values: Array) -> str:
        own = self.names.own(name)
        self.pou.constants.append(Variable(own, "LREAL", values.size, lreals(values.reshape(-1))))
        return own

    def _array(self, name: str, size: int) -> str:
        own = self.names.own(name)
        self.pou.variables.append(Variable(own, "LREAL", size))
        return own

    def _say(self, *lines: str) -> None:
        self.pou.body += lines

    def _column(self, rows: Sequence[object], key: str) -> Array:
        return np.array([getattr(row, key) for row in rows], np.float64)

    def _take_in(self) -> str:
        inputs = self.policy.inputs
        values = self._array("layer_0", len(inputs))
        scale, low, high, valid_low, valid_high = (
            self._constant(f"INPUT_{key}".upper(), self._column(inputs, key))
            for key in ("scale", "low", "high", "valid_low", "valid_high")
        )
        self._say("(* quantities, scaled and within their limits *)")
        self._say(*(f"{values}[{i}] := {name};" for i, name in enumerate(self.names.inputs)))
        i, flag = self.i, self.names.out_of_range
        self._say(
            f"{flag} := FALSE;",
            f"{self.numbers} := TRUE;",
            f"FOR {i} := 0 TO {len(inputs) - 1} DO",
            f"    {values}[{i}] := {values}[{i}] / {scale}[{i}];",
            f"    IF NOT ({values}[{i}] >= {valid_low}[{i}] AND {values}[{i}] <= {valid_high}[{i}]) THEN",
            f"        {flag} := TRUE;",
            "    END_IF;",
            f"    IF NOT ({values}[{i}] >= {low}[{i}] OR {values}[{i}] <= {high}[{i}]) THEN",
            f"        {self.numbers} := FALSE;",
            f"        {values}[{i}] := 0.0;",
            "    END_IF;",
            f"    IF {values}[{i}] < {low}[{i}] THEN",
            f"        {values}[{i}] := {low}[{i}];",
            f"    ELSIF {values}[{i}] > {high}[{i}] THEN",
            f"        {values}[{i}] := {high}[{i}];",
            "    END_IF;",
            "END_FOR;",
        )
        self._width = len(inputs)
        return values

    def _step(self, step: Step) -> None:
        if isinstance(step, Linear):
            self._linear(step)
        elif isinstance(step, Elementwise):
            self._elementwise(step)
        else:
            self._activation(step)

    def _linear(self, step: Linear) -> None:
        self._layers += 1
        wide, narrow = self._width, step.bias.size
        before, i, j = self.values, self.i, self.j
        weight = self._constant(f"WEIGHT_{self._layers}", step.weight)
        bias = self._constant(f"BIAS_{self._layers}", step.bias)
        self.values, self._width = self._array(f"layer_{self._layers}", narrow), narrow
        self._say(
            f"(* layer {self._layers}: {wide} to {narrow} *)",
            f"FOR {i} := 0 TO {narrow - 1} DO",
            f"    {self.total} := {bias}[{i}];",
            f"    FOR {j} := 0 TO {wide - 1} DO",
            f"        {self.total} := {self.total} + {weight}[{i} * {wide} + {j}] * {before}[{j}];",
            "    END_FOR;",
            f"    {self.values}[{i}] := {self.total};",
            "END_FOR;",
        )

    def _each(self, *lines: str) -> None:
        self._say(f"FOR {self.i} := 0 TO {self._width - 1} DO", *(f"{INDENT}{line}" for line in lines), "END_FOR;")

    def _elementwise(self, step: Elementwise) -> None:
        at = f"{self.values}[{self.i}]"
        if np.all(step.constant == step.constant[0]):
            constant = lreal(step.constant[0])
        else:
            constant = f"{self._constant(f'{step.operator}_values'.upper(), step.constant)}[{self.i}]"
        if step.operator in ("Max", "Min"):
            compare = "<" if step.operator == "Max" else ">"
            self._each(f"IF {at} {compare} {constant} THEN", f"    {at} := {constant};", "END_IF;")
        else:
            sign = {"Add": "+", "Sub": "-", "Mul": "*", "Div": "/"}[step.operator]
            self._each(f"{at} := {at} {sign} ({constant});")

    def _activation(self, step: Activation) -> None:
        at, shrunk = f"{self.values}[{self.i}]", self.shrunk
        if step.operator == "Tanh":  # of e to a negative power: none overflows
            self._each(
                f"{shrunk} := EXP(-2.0 * ABS({at}));",
                f"IF {at} >= 0.0 THEN",
                f"    {at} := (1.0 - {shrunk}) / (1.0 + {shrunk});",
                "ELSE",
                f"    {at} := ({shrunk} - 1.0) / (1.0 + {shrunk});",
                "END_IF;",
            )
        elif step.operator == "Relu":
            self._each(f"IF {at} < 0.0 THEN", f"    {at} := 0.0;", "END_IF;")
        elif step.operator == "Sigmoid":
            self._each(
                f"{shrunk} := EXP(-ABS({at}));",
                f"IF {at} >= 0.0 THEN",
                f"    {at} := 1.0 / (1.0 + {shrunk});",
                "ELSE",
                f"    {at} := {shrunk} / (1.0 + {shrunk});",
                "END_IF;",
            )
        elif step.operator == "Softplus":
            self._each(
                f"{shrunk} := LN(1.0 + EXP(-ABS({at})));",
                f"IF {at} < 0.0 THEN",
                f"    {at} := 0.0;",
                "END_IF;",
                f"{at} := {at} + {shrunk};",
            )
        else:
            alpha = lreal(step.alpha)
            below = f"({alpha}) * (EXP({at}) - 1.0)" if step.operator == "Elu" else f"({alpha}) * {at}"
            self._each(f"IF {at} < 0.0 THEN", f"    {at} := {below};", "END_IF;")

    def _give_out(self) -> None:
        outputs, policy = self.policy.outputs, self.policy
        low, high, scale = (
            self._constant(f"OUTPUT_{key}".upper(), self._column(outputs, key)) for key in ("low", "high", "scale")
        )
        at, i = f"{self.values}[{self.i}]", self.i
        limits = (
            f"IF {at} < {low}[{i}] THEN",
            f"    {at} := {low}[{i}];",
            f"ELSIF {at} > {high}[{i}] THEN",
            f"    {at} := {high}[{i}];",
            "END_IF;",
        )
        self._say("(* setpoints *)")
        self._each(*limits)
        if policy.residual:
            share = self._constant("CORRECTION_SHARE", self._column(outputs, "share"))
            self._each(f"{at} := {share}[{i}] * {at};")
            for k, output in enumerate(outputs):
                servo = f"layer_0[{output.servo}]"
                servo = servo if output.servo_factor == 1.0 else f"{lreal(output.servo_factor)} * {servo}"
                added = f"{self.values}[{k}] * {servo}" if output.relative else f"{self.values}[{k}]"
                self._say(f"{self.values}[{k}] := {added} + {servo};")
            self._each(*limits)
        self._say(f"IF NOT {self.numbers} THEN")
        self._say(*(f"    {self.values}[{k}] := {lreal(np.clip(0.0, o.low, o.high))};" for k, o in enumerate(outputs)))
        self._say("END_IF;")
        for k, name in enumerate(self.names.outputs):
            self._say(f"{name} := {scale}[{k}] * {self.values}[{k}];")


def _test_program(policy: ExportedPolicy, names: _Names, vectors: Vectors, stamp: str) -> Pou:
    n, wide, narrow = len(vectors.given), len(policy.inputs), len(policy.outputs)
    comment = [f"Test of {names.block}: passed is TRUE after one cycle.", stamp]
    pou = Pou("PROGRAM", names.test, comment)
    # nothing of the block's interface is a name of the program
    k, block, given, expected, flags, worst, failed, passed = (
        names.own(name) for name in ("k", "policy", "GIVEN", "EXPECTED", "EXPECTED_FLAG", "worst", "failed", "passed")
    )
    pou.constants += [
        Variable(given, "LREAL", n * wide, lreals(vectors.given.reshape(-1))),
        Variable(expected, "LREAL", n * narrow, lreals(vectors.expected.reshape(-1))),
        Variable(flags, "BOOL", n, ["TRUE" if one else "FALSE" for one in vectors.out_of_range]),
    ]
    pou.variables += [
        Variable(block, names.block),
        Variable(k, "DINT"),
        Variable(worst, "LREAL", comment="largest difference of a setpoint"),
        Variable(failed, "DINT", comment="values that differ from the expected ones"),
        Variable(passed, "BOOL"),
    ]
    pou.body += [f"{worst} := 0.0;", f"{failed} := 0;", f"FOR {k} := 0 TO {n - 1} DO", f"    {block}("]
    pou.body += [
        f"        {name} := {given}[{k} * {wide} + {i}]{',' if i + 1 < wide else ''}"
        for i, name in enumerate(names.inputs)
    ]
    pou.body.append("    );")
    for i, name in enumerate(names.outputs):
        difference = f"ABS({block}.{name} - {expected}[{k} * {narrow} + {i}])"
        pou.body += [f"    IF {difference} > {worst} THEN", f"        {worst} := {difference};", "    END_IF;"]
        # so that a value that is not a number fails
        pou.body += [f"    IF NOT ({difference} <= {lreal(TOLERANCE)}) THEN"]
        pou.body += [f"        {failed} := {failed} + 1;", "    END_IF;"]
    pou.body += [
        f"    IF {block}.{names.out_of_range} <> {flags}[{k}] THEN",
        f"        {failed} := {failed} + 1;",
        "    END_IF;",
        "END_FOR;",
        f"{passed} := {failed} = 0;",
    ]
    return pou
