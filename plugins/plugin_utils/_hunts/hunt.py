# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One hunt: a `.kql` file, its header and the types of its parameters.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t
from pathlib import Path

import yaml
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import kql as _kql
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import (
    kql_names as _kql_names,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting.kql_lexer import OPAQUE
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents.incident import (
    SEVERITIES as EVERY_SEVERITY,
)

SEVERITIES: t.Final = EVERY_SEVERITY[1:]  # the severities of hunts
# The YAML types of a parameter's KQL type. Times and durations are text in YAML and are converted
# for hunting_query.
TYPES: t.Final[t.Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "long": (int,),
    "real": (int, float),
    "bool": (bool,),
    "datetime": (str,),
    "timespan": (str,),
    "dynamic": (list,),
}
FENCE: t.Final = "// ---"
LISTS: t.Final = ("tactics", "techniques", "tables")
KEYS: t.Final = frozenset({"title", "description", "severity", "licence", "parameters", *LISTS})


@dataclasses.dataclass(frozen=True)
class Parameter:
    """A parameter of the query. Without a default it needs a value."""

    type: str
    default: t.Any
    description: str


@dataclasses.dataclass(frozen=True)
class Hunt:
    """One file. If it has no header, `parameters` is None, because they are unknown."""

    name: str
    path: str
    pack: str
    query: str
    title: str
    description: str = ""
    severity: str = "medium"
    tactics: tuple[str, ...] = ()
    techniques: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    licence: str = ""
    parameters: t.Mapping[str, Parameter] | None = None

    def takes(self, name: str) -> bool:
        """Whether a value for this name changes the query."""
        return (
            _kql_names.takes(self.query, name)
            if self.parameters is None
            else name in self.parameters
        )

    def says(self, word: str) -> bool:
        """Whether the word is in the query, outside strings and comments."""
        return re.search(rf"\b{re.escape(word)}\b", OPAQUE.sub('""', self.query)) is not None


def read(file: Path) -> Hunt:
    """The hunt in a file; raises `bad_request` with the file's name if its header is invalid."""
    text = _kql.text(None, str(file))
    hunt = Hunt(
        name=file.stem,
        path=str(file),
        pack=file.parent.name,
        query=text,
        title=file.stem.replace("_", " "),
    )
    try:
        header = _header(text)
        return hunt if header is None else dataclasses.replace(hunt, **_checked(header))
    except (ValueError, yaml.YAMLError) as e:
        raise DefenderError(
            "bad_request", f"The header of {file} is invalid: {' '.join(str(e).split())}."
        ) from None


def _header(text: str) -> t.Any:
    """The YAML between two fences at the top; None if there are none."""
    lines = text.splitlines()
    if lines[0].rstrip() != FENCE:
        return None
    end = next(
        (
            number
            for number, line in enumerate(lines[1:], 1)
            if line.rstrip() == FENCE or not line.startswith("//")
        ),
        0,
    )
    if not end or lines[end].rstrip() != FENCE:
        raise ValueError(f"it begins with {FENCE}, but has no second line {FENCE}")
    return yaml.safe_load("\n".join(line[2:].removeprefix(" ") for line in lines[1:end]))


def _checked(header: t.Any) -> dict[str, t.Any]:
    if not isinstance(header, dict) or not header.get("title"):
        raise ValueError("it has no title")
    if strange := sorted(map(str, header.keys() - KEYS)):
        raise ValueError(
            f"it has {', '.join(strange)}, but its keys must be from {', '.join(sorted(KEYS))}"
        )
    if header.get("severity", "medium") not in SEVERITIES:
        raise ValueError(
            f"severity is {header['severity']!r}, but must be one of {', '.join(SEVERITIES)}"
        )
    for key in LISTS:
        if not isinstance(header.get(key, []), list):
            raise ValueError(f"{key} is {header[key]!r}, which is not a list")
    declared = header.get("parameters") or {}
    if not isinstance(declared, dict):
        raise ValueError("parameters must be a mapping by name")
    plain = {
        key: str(header[key]).strip()
        for key in ("title", "description", "severity", "licence")
        if key in header
    }
    lists = {key: tuple(map(str, header[key])) for key in LISTS if key in header}
    return {
        **plain,
        **lists,
        "parameters": {name: _parameter(name, settings) for name, settings in declared.items()},
    }


def _parameter(name: t.Any, settings: t.Any) -> Parameter:
    if not isinstance(name, str) or not _kql.NAME.fullmatch(name):
        raise ValueError(f"parameters has the name {name!r}, which is not a KQL name")
    if (
        not isinstance(settings, dict)
        or settings.get("type") not in TYPES
        or settings.keys() - {"type", "default", "description"}
    ):
        raise ValueError(
            f"parameters.{name} needs a type (one of {', '.join(TYPES)}) and may have default and"
            " description"
        )
    parameter = Parameter(
        settings["type"], settings.get("default"), str(settings.get("description", ""))
    )
    if parameter.default is not None:
        typed(name, parameter, parameter.default)
    return parameter


def typed(name: str, parameter: Parameter, value: t.Any) -> t.Any:
    """The value for hunting_query; raises ValueError if it does not have the parameter's type."""
    kind = parameter.type
    if kind in _kql.TYPED and isinstance(value, dict) and list(value) == [kind]:
        return value
    if not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "bool"):
        raise ValueError(f"parameters.{name} is {value!r}, which is not of the KQL type {kind}")
    typed = value
    if kind in _kql.TYPED:
        typed = {kind: value}
    elif kind == "real":
        typed = float(str(value))
    try:
        _kql.literal(name, typed)
    except DefenderError as e:
        raise ValueError(e.message.rstrip(".")) from None
    return typed
