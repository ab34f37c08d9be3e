# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare the roles that a customer granted with the required ones, by API.

An API is `graph`, `xdr`, `endpoint`, or the application id of another API.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _directory
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    permissions as _permissions,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.app_roles import APP_ROLES
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.clouds import PRODUCTS

Roles = t.Mapping[str, t.Sequence[str]]
STATUSES: t.Final = ("not_consented", "partial", "complete", "superfluous")
WANTED_SPEC: t.Final[dict[str, dict[str, t.Any]]] = {
    "required_for": {"type": "list", "elements": "str"},
    "api_permissions": {
        "type": "list",
        "elements": "dict",
        "options": {
            "api": {"type": "str", "required": True},
            "roles": {"type": "list", "elements": "str", "required": True},
        },
    },
}
ROLE: t.Final = re.compile(r"[A-Za-z][A-Za-z0-9-]*(\.[A-Za-z][A-Za-z0-9-]*)+")


@dataclasses.dataclass(frozen=True)
class Consent:
    """The roles that one application has in a tenant.

    :arg source: where this was read: `token` or `service_principals`.
    :arg consented: whether the tenant has the application.
    :arg absent: the APIs without a service principal in the tenant, whose roles cannot be granted.
    :arg since: the time of the newest grant in RFC 3339 UTC, if known.
    """

    source: str
    consented: bool
    granted: Roles = dataclasses.field(default_factory=dict)
    absent: tuple[str, ...] = ()
    since: str | None = None


def wanted(params: t.Mapping[str, t.Any], generation: str) -> dict[str, tuple[str, ...]]:
    """The required roles by API, from the options of WANTED_SPEC; raises `bad_request` if there are
    none or one is misspelt.

    :arg generation: the API, `graph` or `xdr`, for modules that support both.
    """
    least = _permissions.least("required_for", params["required_for"] or (), generation)
    roles: dict[str, dict[str, None]] = {name: dict.fromkeys(of) for name, of in least.items()}
    for entry in params["api_permissions"] or ():
        name = _directory.resource_name("api_permissions", entry["api"])
        for role in entry["roles"]:
            _check(name, role)
            roles.setdefault(name, {})[role] = None
    if not any(roles.values()):
        raise DefenderError(
            "bad_request",
            (
                "required_for and api_permissions name no role, so there is nothing to compare"
                " the consent with; set one of them."
            ),
        )
    return {name: tuple(of) for name, of in roles.items() if of}


def _check(name: str, role: str) -> None:
    """Refuse misspelt roles and roles of another API. The tables of roles are incomplete, so an
    unknown role may be valid."""
    if name not in APP_ROLES or role in APP_ROLES[name]:
        return
    strange = name != "graph" or not ROLE.fullmatch(role)
    in_another_api = any(role in published for published in APP_ROLES.values())
    if (
        strange
        or in_another_api
        or difflib.get_close_matches(role, APP_ROLES[name], n=1, cutoff=0.9)
    ):
        _directory.published(name).role_ids("api_permissions", [role])


def compared(consent: Consent, roles: Roles) -> dict[str, t.Any]:
    """`status`, and `granted`, `missing` and `superfluous` by API."""
    missing = {
        name: _permissions.missing(consent.granted.get(name, ()), of) for name, of in roles.items()
    }
    extra = {name: superfluous(has, roles.get(name, ())) for name, has in consent.granted.items()}
    status = (
        "not_consented"
        if not consent.consented
        else "partial"
        if any(missing.values())
        else "superfluous"
        if any(extra.values())
        else "complete"
    )
    differences = {"granted": consent.granted, "missing": missing, "superfluous": extra}
    return {
        "status": status,
        **{
            word: {name: sorted(of) for name, of in by_api.items() if of}
            for word, by_api in differences.items()
        },
    }


def superfluous(has: t.Sequence[str], asked: t.Sequence[str]) -> list[str]:
    """The granted roles that none of the required roles needs."""
    return [
        role
        for role in has
        if role not in asked
        and all(required in has for required in asked if _permissions.satisfies(role, required))
    ]


def in_words(roles: Roles) -> str:
    """Roles by API as text."""
    return "; ".join(f"{', '.join(of)} of {PRODUCTS.get(name, name)}" for name, of in roles.items())


def flat(roles: Roles) -> list[str]:
    """Roles of all APIs in one list."""
    return [role for of in roles.values() for role in of]
