# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OData $filter: parsed by hand into a predicate over one record; unsupported filters get OData's
error messages."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping
from functools import lru_cache

from defender_lab.odata.fields import BadFilter, Fields, Kind
from defender_lab.odata.tokens import Token, tokens
from defender_lab.service.instants import ticks

Record = Mapping[str, t.Any]
Predicate = Callable[[Record], bool]

OPERATORS: Mapping[str, Callable[[t.Any, t.Any], bool]] = {
    "eq": lambda left, right: left == right,
    "ne": lambda left, right: left != right,
    "gt": lambda left, right: left is not None and right is not None and left > right,
    "ge": lambda left, right: left is not None and right is not None and left >= right,
    "lt": lambda left, right: left is not None and right is not None and left < right,
    "le": lambda left, right: left is not None and right is not None and left <= right,
}
FUNCTIONS: Mapping[str, Callable[[str, str], bool]] = {
    "startswith": str.startswith,
    "endswith": str.endswith,
    "contains": lambda whole, part: part in whole,
}
# a GUID is taken in quotes as well, as Graph does
LITERALS = {
    "time": ("time",),
    "text": ("text",),
    "name": ("text",),
    "guid": ("guid", "text"),
    "bool": (),
    "number": ("number",),
    "texts": (),
}
LONG_NAMES = {
    "eq": "Equal",
    "ne": "NotEqual",
    "gt": "GreaterThan",
    "ge": "GreaterThanOrEqual",
    "lt": "LessThan",
    "le": "LessThanOrEqual",
}


class _Parser:
    def __init__(self, text: str, fields: Fields) -> None:
        self.text = text
        self.fields = fields
        self.tokens = tokens(text)
        self.place = 0

    def whole(self) -> Predicate:
        predicate = self.either()
        if self.place < len(self.tokens):
            raise self.error()
        return predicate

    def error(self) -> BadFilter:
        at = self.tokens[self.place].at if self.place < len(self.tokens) else len(self.text)
        return BadFilter(f"Syntax error at position {at} in '{self.text}'.")

    def peek(self, value: str) -> bool:
        if self.place >= len(self.tokens):
            return False
        token = self.tokens[self.place]
        return token.kind in ("word", "mark") and token.value == value

    def accept(self, value: str) -> bool:
        hit = self.peek(value)
        self.place += hit
        return hit

    def take(self) -> Token:
        if self.place >= len(self.tokens):
            raise self.error()
        self.place += 1
        return self.tokens[self.place - 1]

    def need(self, mark: str) -> None:
        if not self.accept(mark):
            raise self.error()

    def either(self) -> Predicate:
        parts = [self.both()]
        while self.accept("or"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else lambda record: any(part(record) for part in parts)

    def both(self) -> Predicate:
        parts = [self.term()]
        while self.accept("and"):
            parts.append(self.term())
        return parts[0] if len(parts) == 1 else lambda record: all(part(record) for part in parts)

    def term(self) -> Predicate:
        if self.accept("not"):
            inner = self.term()
            return lambda record: not inner(record)
        if self.accept("("):
            inner = self.either()
            self.need(")")
            return inner
        return self.comparison()

    def comparison(self) -> Predicate:
        token = self.take()
        if token.kind != "word":
            self.place -= 1
            raise self.error()
        if self.peek("(") and token.value.lower() in self.fields.functions:
            return self.function(FUNCTIONS[token.value.lower()])
        collection, unused, quantifier = token.value.rpartition("/")
        if quantifier == "any" and self.fields.kinds.get(collection) == Kind("texts"):
            return self.some(collection)
        if self.peek("("):
            hint = "This may also be a function import or a key lookup on a navigation property."
            raise BadFilter(f"An unknown function with name '{token.value}' was found. {hint}")
        kind = self.fields.kinds.get(token.value)
        if kind is None:
            raise BadFilter(
                f"Could not find a property named '{token.value}' on type"
                f" '{self.fields.type_name}', or it cannot be used in $filter."
            )
        operator = self.take()
        if operator.kind == "word" and operator.value == "in":
            return self.among(token.value, kind)
        if operator.kind != "word" or operator.value not in OPERATORS:
            self.place -= 1
            raise self.error()
        value = self.literal(kind, operator.value)
        return _compared(token.value, kind, OPERATORS[operator.value], value)

    def function(self, holds: Callable[[str, str], bool]) -> Predicate:
        """``startswith(name,'text')`` and its like."""
        self.need("(")
        name = self.take()
        kind = self.fields.kinds.get(name.value)
        if name.kind != "word" or kind is None or kind.name not in ("text", "name"):
            raise BadFilter(
                f"Could not find a property named '{name.value}' on type"
                f" '{self.fields.type_name}', or it cannot be used in $filter."
            )
        self.need(",")
        value = self.literal(kind, "eq")
        self.need(")")
        return lambda record: holds(_value(_held(record, name.value), kind) or "", value or "")

    def some(self, name: str) -> Predicate:
        """``name/any(x: x eq 'text')``."""
        self.need("(")
        variable = self.take()
        self.need(":")
        outer = self.fields
        self.fields = Fields(outer.type_name, {variable.value: Kind("text")}, outer.functions)
        inner = self.either()
        self.fields = outer
        self.need(")")
        return lambda record: any(inner({variable.value: value}) for value in record[name])

    def among(self, name: str, kind: Kind) -> Predicate:
        self.need("(")
        values = [self.literal(kind, "eq")]
        while self.accept(","):
            values.append(self.literal(kind, "eq"))
        self.need(")")
        return lambda record: _value(_held(record, name), kind) in values

    def literal(self, kind: Kind, operator: str) -> t.Any:
        token = self.take()
        if token.kind == "word" and token.value == "null":
            return None
        if kind.members:
            return self.member(token, kind, operator)
        if kind.name == "bool" and token.kind == "word" and token.value in ("true", "false"):
            return token.value == "true"
        if token.kind not in LITERALS[kind.name]:
            if token.kind == "word":
                raise BadFilter(
                    f"Could not find a property named '{token.value}' on type"
                    f" '{self.fields.type_name}', or it cannot be used in $filter."
                )
            got = {
                "text": "Edm.String",
                "number": "Edm.Int32",
                "time": "Edm.DateTimeOffset",
                "guid": "Edm.Guid",
            }.get(token.kind, "")
            if not got:
                self.place -= 1
                raise self.error()
            types = (
                f"Found operand types '{kind.edm}' and '{got}' for operator kind"
                f" '{LONG_NAMES[operator]}'."
            )
            raise BadFilter(f"A binary operator with incompatible types was detected. {types}")
        if token.kind == "time":
            try:
                return ticks(token.value)
            except ValueError:
                raise BadFilter(
                    f"Unrecognized 'Edm.DateTimeOffset' literal '{token.value}' at '{token.at}' in"
                    f" '{self.text}'."
                ) from None
        if token.kind == "guid":
            return token.value.lower()
        if token.kind == "number":
            return float(token.value)
        text = token.value[1:-1].replace("''", "'")
        return text if kind.name == "text" else text.lower()

    def member(self, token: Token, kind: Kind, operator: str) -> str:
        if (
            token.kind == "word"
            and self.place < len(self.tokens)
            and self.tokens[self.place].kind == "text"
            and token.value.lower() == kind.name.lower()
        ):
            token = self.take()
        if token.kind != "text":
            self.place -= 1
            raise self.error()
        if operator not in ("eq", "ne"):
            types = (
                f"Found operand types '{kind.name}' and 'Edm.String' for operator kind"
                f" '{LONG_NAMES[operator]}'."
            )
            raise BadFilter(f"A binary operator with incompatible types was detected. {types}")
        value = token.value[1:-1].lower()
        if value not in kind.members:
            raise BadFilter(f"The string {token.value} is not a valid enumeration type constant.")
        return value


def _value(raw: t.Any, kind: Kind) -> t.Any:
    if raw is None:
        return None
    if kind.name == "time":
        return ticks(raw)
    return raw.lower() if kind.members or kind.name in ("name", "guid") else raw


def _held(record: Record, name: str) -> t.Any:
    """A property, or one inside of it by a path such as ``customer/tenantId``."""
    if "/" not in name:
        return record.get(name)
    outer, unused, inner = name.partition("/")
    return (record.get(outer) or {}).get(inner)


def _compared(
    name: str, kind: Kind, operator: Callable[[t.Any, t.Any], bool], value: t.Any
) -> Predicate:
    return lambda record: operator(_value(_held(record, name), kind), value)


@lru_cache(maxsize=512)
def parsed(text: str, fields: Fields) -> Predicate:
    """The predicate of a $filter; BadFilter says what a service would say."""
    return _Parser(text, fields).whole()
