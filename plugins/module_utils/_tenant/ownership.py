# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects of an answer, taken only when they are the tenant's. Every reading goes through here.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError

if t.TYPE_CHECKING:
    from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.options import Options

Object = dict[str, t.Any]
# Where an object names the tenant it belongs to: Graph's incidents and alerts, and the alerts of
# the Endpoint API. Evidence names tenants too, but those of its users and applications.
TENANT_NAMES: t.Final = frozenset({"tenantid", "aadtenantid"})
PARTS: t.Final = ("alerts",)  # objects below an object that name their tenant as well
NOBODY: t.Final = "00000000-0000-0000-0000-000000000000"
DEEPEST: t.Final = 64  # a real incident with alerts and evidence has less than 20 levels
SECURITY_EVENT: t.Final = (
    "Treat this as a security event: find out what stands between this machine and the service "
    "(proxy, cache), and use nothing that this run returned until you have."
)


def objects(options: Options, answer: t.Mapping[str, t.Any], noun: str) -> list[Object]:
    """The objects of a list's answer as they came.

    :arg noun: what they are, such as `incident`.
    Raises `wrong_tenant` when one of them names another tenant, so that nothing of the answer is
    used, and `unavailable` for what is no list of objects: it is never an empty list.
    """
    value = answer.get("value")
    if not isinstance(value, list):
        raise _unreadable(options, f"a list of {noun}s without its values")
    _check(options, value, noun)
    return value


def single(options: Options, answer: Object, noun: str) -> Object:
    """The object that was asked for by its id, under the same conditions as `objects`."""
    _check(options, [answer], noun)
    return answer


def _check(options: Options, things: list[t.Any], noun: str) -> None:
    if _is_too_deep(things):
        raise _unreadable(options, f"one {noun} that is nested deeper than {DEEPEST} levels")
    # whose they are comes first: it is the graver matter, and the only one that is a security event
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
                f"Tenant {options.label}: the service answered one {noun} of another tenant"
                f"{f' ({value[:36]})' if isinstance(value, str) else ''}; nothing of that answer "
                "is returned.",
                advice=SECURITY_EVENT,
            )
    for name in PARTS:
        parts = thing.get(name)
        for part in parts if isinstance(parts, list) else ():
            _check_owner(options, part, name.removesuffix("s"))


def _owner(value: t.Any) -> str | None:
    """A tenant id as it is compared, or None for what cannot be one."""
    return value.strip().strip("{}").lower() if isinstance(value, str) else None


def _check_shape(options: Options, thing: t.Any, noun: str) -> None:
    if not isinstance(thing, dict):
        raise _unreadable(options, f"a list of {noun}s in which one is no JSON object")
    for name in PARTS:
        parts = thing.get(name)
        if parts is not None and not isinstance(parts, list):
            raise _unreadable(options, f"one {noun} whose {name} are no list")
        for part in parts or ():
            _check_shape(options, part, name.removesuffix("s"))


def _unreadable(options: Options, what: str) -> DefenderError:
    return DefenderError("unavailable", f"Tenant {options.label}: the service answered {what}.")


def _is_too_deep(things: list[t.Any]) -> bool:
    level: list[t.Any] = [things]
    for _depth in range(DEEPEST):
        members = [one.values() if isinstance(one, dict) else one for one in level]
        level = [one for some in members for one in some if isinstance(one, (dict, list))]
        if not level:
            return False
    return True
