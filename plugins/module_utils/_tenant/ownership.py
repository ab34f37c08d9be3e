# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects of a response, returned only if they belong to the tenant.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError

if t.TYPE_CHECKING:
    from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.options import Options

Object = dict[str, t.Any]
# Keys with the tenant that an object belongs to: in Graph's incidents and alerts, and in the alerts
# of the Endpoint API. Evidence has such keys too, for the tenants of its users and applications.
TENANT_NAMES: t.Final = frozenset({"tenantid", "aadtenantid"})
PARTS: t.Final = ("alerts",)  # lists inside an object whose members name their tenant as well
NOBODY: t.Final = "00000000-0000-0000-0000-000000000000"
DEEPEST: t.Final = 64  # a real incident with alerts and evidence has fewer than 20 levels
SECURITY_EVENT: t.Final = (
    "Treat this as a security event: find out what is between this machine and the service (proxy,"
    " cache), and until then use nothing that this run returned."
)


def objects(options: Options, answer: t.Mapping[str, t.Any], noun: str) -> list[Object]:
    """The objects of a list, unchanged.

    :arg noun: their type for messages, such as `incident`.
    Raises `wrong_tenant` if one of them names another tenant, so that nothing of the response is
    used, and `unavailable` for a response that is not a list of objects, rather than an empty list.
    """
    value = answer.get("value")
    if not isinstance(value, list):
        raise _unreadable(options, f"a list of {noun}s without the key value")
    _check(options, value, noun)
    return value


def single(options: Options, answer: Object, noun: str) -> Object:
    """The object that was requested by its id, with the same checks as `objects`."""
    _check(options, [answer], noun)
    return answer


def _check(options: Options, things: list[t.Any], noun: str) -> None:
    if _is_too_deep(things):
        raise _unreadable(options, f"one {noun} with more than {DEEPEST} levels")
    # the owner first: only an object of another tenant is a security event
    for thing in things:
        _check_owner(options, thing, noun)
    for thing in things:
        _check_shape(options, thing, noun)


def _check_owner(options: Options, thing: t.Any, noun: str) -> None:
    if not isinstance(thing, dict):
        return
    fine = ("", NOBODY, options.tenant_id.lower())
    for name, value in thing.items():
        if name.lower() in TENANT_NAMES and value and _owner(value) not in fine:
            raise DefenderError(
                "wrong_tenant",
                f"Tenant {options.label}: the service returned one {noun} of another tenant"
                f"{f' ({value[:36]})' if isinstance(value, str) else ''}; nothing of that response "
                "is returned.",
                advice=SECURITY_EVENT,
            )
    for name in PARTS:
        parts = thing.get(name)
        for part in parts if isinstance(parts, list) else ():
            _check_owner(options, part, name.removesuffix("s"))


def _owner(value: t.Any) -> str | None:
    """A tenant id in the form for comparison, or None for a value that is not a string."""
    return value.strip().strip("{}").lower() if isinstance(value, str) else None


def _check_shape(options: Options, thing: t.Any, noun: str) -> None:
    if not isinstance(thing, dict):
        raise _unreadable(options, f"a list of {noun}s with a member that is not a JSON object")
    for name in PARTS:
        parts = thing.get(name)
        if parts is not None and not isinstance(parts, list):
            raise _unreadable(options, f"one {noun} whose {name} are not a list")
        for part in parts or ():
            _check_shape(options, part, name.removesuffix("s"))


def _unreadable(options: Options, what: str) -> DefenderError:
    return DefenderError("unavailable", f"Tenant {options.label}: the service returned {what}.")


def _is_too_deep(things: list[t.Any]) -> bool:
    level: list[t.Any] = [things]
    for _depth in range(DEEPEST):
        members = [value.values() if isinstance(value, dict) else value for value in level]
        level = [value for values in members for value in values if isinstance(value, (dict, list))]
        if not level:
            return False
    return True
