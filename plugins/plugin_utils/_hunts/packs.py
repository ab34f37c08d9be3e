# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find hunts in folders, select some, and fill in their parameters.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import typing as t
from pathlib import Path

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import (
    kql_names as _kql_names,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._hunts.hunt import (
    LISTS,
    Hunt,
    read,
    typed,
)

Values = t.Mapping[str, t.Any]


def find(folders: t.Iterable[str]) -> list[Hunt]:
    """The hunts of all folders, sorted by name; raises `bad_request` for a folder without hunts and
    for two files with one name."""
    hunts: dict[str, Hunt] = {}
    for folder in folders:
        files = sorted(Path(folder).expanduser().glob("*.kql"))
        if not files:
            raise DefenderError(
                "bad_request",
                (
                    f"The folder {folder} on the controller has no .kql file; use a folder that"
                    " has some."
                ),
            )
        for file in files:
            hunt = read(file)
            if hunt.name in hunts and Path(hunts[hunt.name].path).resolve() != file.resolve():
                raise DefenderError(
                    "bad_request",
                    (
                        f"Two files have the hunt {hunt.name}: {hunts[hunt.name].path} and {file};"
                        " rename one of them."
                    ),
                )
            hunts[hunt.name] = hunt
    return [hunts[name] for name in sorted(hunts)]


def wanted(hunts: list[Hunt], names: t.Sequence[str], parameters: Values) -> list[dict[str, t.Any]]:
    """Each selected hunt with its values, for the role; raises `bad_request` for unknown names and
    parameters.

    :arg names: the hunts to select; all if empty.
    :arg parameters: values by parameter, or by hunt and parameter.

    Parameters without a value are listed in `missing`; for a hunt selected by name, that is an
    error.
    """
    by_name = {hunt.name: hunt for hunt in hunts}
    if strange := [name for name in names if name not in by_name]:
        raise DefenderError(
            "bad_request",
            f"There is no hunt {', '.join(strange)}; choose from {', '.join(by_name)}.",
        )
    by_hunt = {
        name: values
        for name, values in parameters.items()
        if name in by_name and isinstance(values, dict)
    }
    common = {name: value for name, value in parameters.items() if name not in by_hunt}
    for name in common:
        if not any(hunt.takes(name) for hunt in hunts):
            raise DefenderError(
                "bad_request",
                (
                    f"parameters has {name}, which is neither a hunt nor a parameter of one; see"
                    " the headers of the hunts."
                ),
            )
    chosen = []
    for hunt in hunts:
        if not names or hunt.name in names:
            values, missing = _values(hunt, common, by_hunt.get(hunt.name, {}))
            if missing and hunt.name in names:
                raise DefenderError(
                    "bad_request",
                    (
                        f"The hunt {hunt.name} needs a value for {', '.join(missing)}; set it in"
                        " parameters."
                    ),
                )
            chosen.append(_hunt_for_role(hunt, values, missing))
    return chosen


def _values(hunt: Hunt, common: Values, hunt_values: Values) -> tuple[dict[str, t.Any], list[str]]:
    if strange := [name for name in hunt_values if not hunt.takes(name)]:
        lines = {
            declaration.name: declaration.line
            for declaration in _kql_names.declarations(hunt.query)
        }
        reasons = [
            f"{name} (declared in line {lines[name]})" if name in lines else name
            for name in strange
        ]
        raise DefenderError(
            "bad_request",
            (
                f"The hunt {hunt.name} has no parameter {', '.join(reasons)}; remove it from"
                " parameters."
            ),
        )
    merged = {**{name: value for name, value in common.items() if hunt.takes(name)}, **hunt_values}
    _check_declarations(hunt, merged)
    if hunt.parameters is None:
        return merged, []
    values = {
        name: merged.get(name, parameter.default) for name, parameter in hunt.parameters.items()
    }
    missing = [
        name
        for name, value in values.items()
        if value is None or (value == [] and hunt.parameters[name].default is None)
    ]
    try:
        return {
            name: typed(name, hunt.parameters[name], value)
            for name, value in values.items()
            if name not in missing
        }, missing
    except ValueError as e:
        raise DefenderError("bad_request", f"The hunt {hunt.name} is refused: {e}.") from None


def _check_declarations(hunt: Hunt, values: Values) -> None:
    """Refuse, before any request, a parameter of the header that the query declares without a
    literal."""
    for name in values if hunt.parameters is None else hunt.parameters:
        for declared in _kql_names.declarations(hunt.query, name):
            if not declared.literal:
                raise DefenderError(
                    "bad_request",
                    f"The hunt {hunt.name} declares its parameter {name} in line {declared.line}"
                    f" of {hunt.path}, but not with a literal that a value could replace; remove"
                    " that declaration.",
                )


def _hunt_for_role(hunt: Hunt, values: Values, missing: list[str]) -> dict[str, t.Any]:
    fields = {field.name: getattr(hunt, field.name) for field in dataclasses.fields(hunt)}
    return {
        **fields,
        **{key: list(fields[key]) for key in LISTS},
        "parameters": dict(values),
        "missing": missing,
    }
