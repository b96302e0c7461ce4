"""A reader of IEC 61131-3 Structured Text: it translates POUs to Python classes, statement by statement.

It knows the language, not the generator: declarations, arrays of one dimension, assignments, FOR, IF, calls of function
blocks with named parameters, arithmetic, comparisons and the standard functions ABS, EXP, LN. Identifiers are
case-insensitive. What is declared twice, not declared, a reserved word or an assignment to a constant raises.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import Any

from agents.policy_export.identifiers import RESERVED

TOKEN = re.compile(
    r"""\s+|\(\*.*?\*\)|(?P<real>\d+\.\d+(?:E[+-]?\d+)?)|(?P<integer>\d+)|(?P<name>[A-Za-z_]\w*)"""
    r"""|(?P<sign>:=|\.\.|<=|>=|<>|[-+*/()\[\],;:.<>=])""",
    re.DOTALL,
)
SECTIONS = ("VAR_INPUT", "VAR_OUTPUT", "VAR")
COMPARE = {"<": "<", ">": ">", "<=": "<=", ">=": ">=", "=": "==", "<>": "!="}
FUNCTIONS: dict[str, Callable[[float], float]] = {"ABS": abs, "EXP": math.exp, "LN": math.log}
ZERO = {"LREAL": "0.0", "DINT": "0", "BOOL": "False"}
WORDS_OF_THE_SUBSET = frozenset(
    [
        "FUNCTION_BLOCK",
        "END_FUNCTION_BLOCK",
        "PROGRAM",
        "END_PROGRAM",
        "VAR_INPUT",
        "VAR_OUTPUT",
        "VAR",
        "END_VAR",
        "CONSTANT",
        "ARRAY",
        "OF",
        "FOR",
        "TO",
        "DO",
        "END_FOR",
        "IF",
        "THEN",
        "ELSIF",
        "ELSE",
        "END_IF",
        "AND",
        "OR",
        "NOT",
        "TRUE",
        "FALSE",
        "ABS",
        "EXP",
        "LN",
        "LREAL",
        "DINT",
        "BOOL",
    ]
)


def tokens_of(text: str) -> Iterator[str]:
    place = 0
    while place < len(text):
        match = TOKEN.match(text, place)
        if match is None:
            raise SyntaxError(f"no token of Structured Text: {text[place : place + 20]!r}")
        place = match.end()
        if match.lastgroup is not None:
            yield match.group()


def names_in(text: str) -> set[str]:
    """All identifiers of a text that are not words of the subset."""
    return {t for t in tokens_of(text) if re.match(r"[A-Za-z_]", t) and t not in WORDS_OF_THE_SUBSET}


def translate(text: str) -> dict[str, type]:
    """The POUs of a text by name, as classes: call an instance with its inputs by name, read its outputs from it."""
    reader = _Reader(list(tokens_of(text)))
    made: dict[str, Any] = {"FUNCTIONS": FUNCTIONS}
    classes: dict[str, type] = {}
    while reader.at < len(reader.tokens):
        name, source = reader.pou()
        exec(compile("\n".join(source), f"<{name}>", "exec"), made)
        classes[name] = made[name]
    return classes


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens, self.at = tokens, 0
        self.blocks: dict[str, str] = {}

    def next(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1]

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, *expected: str) -> str:
        token = self.next()
        if token.upper() not in expected:
            raise SyntaxError(
                f"{token!r} instead of {' or '.join(expected)}, after {self.tokens[self.at - 6 : self.at]}"
            )
        return token.upper()

    def identifier(self) -> str:
        name = self.next()
        if not re.fullmatch(r"[A-Za-z_]\w*", name) or name.upper() in RESERVED:
            raise SyntaxError(f"{name!r} is no identifier")
        return name.lower()

    # ---------------------------------------------------------------------------------------------------- declarations

    def pou(self) -> tuple[str, list[str]]:
        kind = self.take("FUNCTION_BLOCK", "PROGRAM")
        name = self.identifier()
        self.kinds: dict[str, str] = {}
        self.constants: set[str] = set()
        self.inputs: list[str] = []
        begin: list[str] = []
        while self.peek().upper() in SECTIONS:
            begin += self.section()
        body = self.statements((f"END_{kind}",), "        ")
        self.take(f"END_{kind}")
        self.blocks[name] = name
        source = [f"class {name}:", "    def __init__(self):", *(f"        {line}" for line in begin), "        pass"]
        source += ["    def __call__(self, **given):"]
        source += [f"        assert set(given) <= {set(self.inputs)!r}", "        self.__dict__.update(given)"]
        local = [one for one in self.kinds if self.kinds[one] not in self.blocks]
        source += [f"        {one} = self.{one}" for one in local]
        source += body
        source += [f"        self.{one} = {one}" for one in local]
        return name, source

    def section(self) -> list[str]:
        section = self.take(*SECTIONS)
        constant = self.peek().upper() == "CONSTANT" and bool(self.next())
        begin = []
        while self.peek().upper() != "END_VAR":
            name = self.identifier()
            if name in self.kinds:
                raise SyntaxError(f"{name!r} is declared twice")
            self.take(":")
            size, kind = None, self.next().upper()
            if kind == "ARRAY":
                self.take("[")
                assert self.next() == "0"
                self.take("..")
                size = int(self.next()) + 1
                self.take("]")
                self.take("OF")
                kind = self.next().upper()
            value = None
            if self.peek() == ":=":
                self.next()
                value = self.initial(size)
            self.take(";")
            self.kinds[name] = kind.lower() if kind not in ZERO else kind
            if constant:
                assert value is not None, name
                self.constants.add(name)
            if section == "VAR_INPUT":
                self.inputs.append(name)
            if kind not in ZERO:
                begin.append(f"self.{name} = {self.blocks[kind.lower()]}()")
            elif size is None:
                begin.append(f"self.{name} = {value if value is not None else ZERO[kind]}")
            else:
                begin.append(f"self.{name} = {value if value is not None else f'[{ZERO[kind]}] * {size}'}")
                if value is not None:
                    begin.append(f"assert len(self.{name}) == {size}")
        self.take("END_VAR")
        return begin

    def initial(self, size: int | None) -> str:
        if size is None:
            return self.expression()
        self.take("[")
        elements = [self.expression()]
        while self.peek() == ",":
            self.next()
            elements.append(self.expression())
        self.take("]")
        return f"[{', '.join(elements)}]"

    # ------------------------------------------------------------------------------------------------------ statements

    def statements(self, ends: tuple[str, ...], indent: str) -> list[str]:
        lines = []
        while self.peek().upper() not in ends:
            word = self.peek().upper()
            lines += (
                self.loop(indent) if word == "FOR" else self.branch(indent) if word == "IF" else self.simple(indent)
            )
        return lines or [f"{indent}pass"]

    def loop(self, indent: str) -> list[str]:
        self.take("FOR")
        name = self.variable(to_write=True)
        self.take(":=")
        first = self.expression()
        self.take("TO")
        last = self.expression()
        self.take("DO")
        body = self.statements(("END_FOR",), indent + "    ")
        self.take("END_FOR")
        self.take(";")
        return [f"{indent}for {name} in range({first}, {last} + 1):", *body]

    def branch(self, indent: str) -> list[str]:
        lines, word = [], "if"
        while True:
            self.take("IF", "ELSIF")
            lines.append(f"{indent}{word} {self.expression()}:")
            self.take("THEN")
            lines += self.statements(("ELSIF", "ELSE", "END_IF"), indent + "    ")
            word = "elif"
            if self.peek().upper() != "ELSIF":
                break
        if self.peek().upper() == "ELSE":
            self.next()
            lines += [f"{indent}else:", *self.statements(("END_IF",), indent + "    ")]
        self.take("END_IF")
        self.take(";")
        return lines

    def simple(self, indent: str) -> list[str]:
        if self.kinds.get(self.peek().lower()) in self.blocks:
            instance = self.identifier()
            self.take("(")
            given = []
            while self.peek() != ")":
                name = self.identifier()
                self.take(":=")
                given.append(f"{name}={self.expression()}")
                if self.peek() == ",":
                    self.next()
            self.take(")")
            self.take(";")
            return [f"{indent}self.{instance}({', '.join(given)})"]
        target = self.variable(to_write=True)
        self.take(":=")
        value = self.expression()
        self.take(";")
        return [f"{indent}{target} = {value}"]

    # ----------------------------------------------------------------------------------------------------- expressions

    def variable(self, *, to_write: bool = False) -> str:
        name = self.identifier()
        if name not in self.kinds:
            raise SyntaxError(f"{name!r} is not declared")
        if to_write and name in self.constants:
            raise SyntaxError(f"{name!r} is a constant")
        if self.peek() == "[":
            self.next()
            index = self.expression()
            self.take("]")
            return f"{name}[{index}]"
        if self.peek() == ".":
            self.next()
            return f"self.{name}.{self.identifier()}"
        return name

    def expression(self, level: int = 0) -> str:
        """By IEC 61131-3's precedence: OR, AND, equality, comparison, sum, product, unary."""
        levels = (("OR",), ("AND",), ("=", "<>"), ("<", ">", "<=", ">="), ("+", "-"), ("*", "/"))
        if level == len(levels):
            return self.unary()
        left = self.expression(level + 1)
        while self.peek().upper() in levels[level]:
            operator = self.next().upper()
            python = COMPARE.get(operator, operator.lower())
            left = f"({left} {python} {self.expression(level + 1)})"
        return left

    def unary(self) -> str:
        token = self.peek().upper()
        if token in ("-", "NOT"):
            self.next()
            return f"({token.lower()} {self.unary()})"
        if token == "(":
            self.next()
            inner = self.expression()
            self.take(")")
            return f"({inner})"
        if token in ("TRUE", "FALSE"):
            return self.next().capitalize()
        if token in FUNCTIONS:
            self.next()
            self.take("(")
            argument = self.expression()
            self.take(")")
            return f"FUNCTIONS[{token!r}]({argument})"
        if token[0].isdigit():
            return self.next()
        return self.variable()
