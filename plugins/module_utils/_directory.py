# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A tenant's directory on Microsoft Graph: whole lists, service principals, and the application
roles of an API by name.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._odata import quote
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api import Api
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.app_roles import APP_ROLES
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.clouds import (
    APP_IDS,
    PRODUCTS,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.options import GUID

V1: t.Final = "/v1.0"
ROLE: t.Final = (
    "Role"  # an application permission in requiredResourceAccess; a delegated one is a Scope
)
PAGES: t.Final = 10_000
# What was just created is not everywhere at once, and Microsoft documents no bound; public reports
# speak of seconds, seldom of minutes.
WAITS: t.Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
NOT_YET: t.Final = re.compile(
    (
        r"does not reference a valid application object|backing application of the service"
        r" principal being created must"
    ),
    re.I,
)
OFFER: t.Final = "id,appId,displayName,appRoles"
T = t.TypeVar("T")


def listed(
    api: Api, path: str, params: t.Mapping[str, str] | None = None
) -> list[dict[str, t.Any]]:
    """Every object of a list, over all its pages (`@odata.nextLink`, followed unchanged)."""
    answer = api.get(path, params)
    found = list(answer.get("value") or [])
    seen: set[str] = set()
    while link := answer.get("@odata.nextLink"):
        if link in seen or len(seen) >= PAGES:
            raise DefenderError(
                "truncated",
                (
                    f"Tenant {api.tenant.options.label}: the list {path} does not end; {len(found)}"
                    " objects came."
                ),
                who="microsoft",
            )
        seen.add(link)
        answer = api.get(link)
        found += answer.get("value") or []
    return found


def one(api: Api, path: str, params: t.Mapping[str, str] | None = None) -> dict[str, t.Any] | None:
    """An object, or None where there is none (404)."""
    try:
        return api.get(path, params)
    except DefenderError as e:
        if e.category == "not_found":
            return None
        raise


def retry_until_replicated(api: Api, call: t.Callable[[], T]) -> T:
    """What the call returns, tried again for about a minute while the directory does not know yet
    what was just created."""
    for seconds in WAITS:
        try:
            return call()
        except DefenderError as e:
            if e.category != "not_found" and not NOT_YET.search(e.message):
                raise
        api.tenant.clock.sleep(seconds)
    return call()


def service_principal(
    api: Api, app_id: str, *, fields: str = "id,appId,displayName"
) -> dict[str, t.Any] | None:
    """The service principal of an application in the tenant as Graph has it, or None."""
    return one(api, f"{V1}/servicePrincipals(appId={quote(app_id)})", {"$select": fields})


def create_service_principal(api: Api, app_id: str) -> dict[str, t.Any]:
    """Make the application known in the tenant, and wait until it is seen there, because what comes
    next refers to it.

    A lost answer is settled by looking, since there can be only one of each.
    """
    made: dict[str, t.Any] | None = None
    doubt: DefenderError | None = None
    try:
        made = retry_until_replicated(
            api, lambda: api.write("POST", f"{V1}/servicePrincipals", {"appId": app_id})
        )
    except DefenderError as e:
        if e.category not in ("outcome_unknown", "conflict"):
            raise
        doubt = e
    return wait_until_visible(api, lambda: service_principal(api, app_id), made, doubt)


def wait_until_visible(
    api: Api, look: t.Callable[[], T | None], created: T | None, error: DefenderError | None
) -> T:
    """What `look` finds, as soon as it finds something; otherwise what the service said it created,
    or the error that left this open.

    The next run looks in the same way, and so it does not create another one.
    """

    def found() -> T:
        there = look()
        if there is None:
            raise DefenderError("not_found", "It is not seen yet.")
        return there

    try:
        return retry_until_replicated(api, found)
    except DefenderError as e:
        if e.category != "not_found":
            raise
    if created is None:
        raise error or DefenderError(
            "outcome_unknown",
            f"Tenant {api.tenant.options.label}: what was made is not seen there.",
        )
    return created


def resource_name(option: str, text: str) -> str:
    """`graph`, `xdr` or `endpoint` for that name, the product's name or its application id;
    another GUID as it is."""
    for name, app_id in APP_IDS.items():
        if text.strip().lower() in (name, app_id, PRODUCTS[name].lower()):
            return name
    if GUID.fullmatch(text.strip()):
        return text.strip().lower()
    known = ", ".join(f"{name} ({PRODUCTS[name]})" for name in APP_IDS)
    raise DefenderError(
        "bad_request",
        f"{option} names the API {text!r}, which is none of {known}, nor an application id.",
    )


def title_of(resource: str) -> str:
    """How messages and diffs name an API."""
    return PRODUCTS.get(resource, resource)


@dataclasses.dataclass(frozen=True)
class Resource:
    """An API and the application roles that it offers: `roles` maps each role's name to its id.

    :arg name: `graph`, `xdr`, `endpoint`, or the application id of another API.
    :arg id: its service principal in the tenant; empty when it has none there and the roles are
        those that Microsoft published.
    """

    name: str
    app_id: str
    title: str
    id: str
    roles: t.Mapping[str, str]

    def role_name(self, role_id: str) -> str:
        """The name of a role, or its id where the API does not offer it (any longer)."""
        return next(
            (name for name, known in self.roles.items() if known == role_id.lower()), role_id
        )

    def role_ids(self, option: str, names: t.Iterable[str]) -> dict[str, str]:
        """The ids of these roles by name; raises `bad_request` with the near names, or with the
        API that the role belongs to."""
        return {
            name: self.roles[name] if name in self.roles else self._refuse(option, name)
            for name in names
        }

    def _refuse(self, option: str, name: str) -> t.NoReturn:
        owners = [
            PRODUCTS[resource]
            for resource, roles in APP_ROLES.items()
            if name in roles and resource != self.name
        ]
        if owners:
            raise DefenderError(
                "bad_request",
                (
                    f"{option} has {name}, which is a role of {' and of '.join(owners)}, not of"
                    f" {self.title}."
                ),
            )
        near = difflib.get_close_matches(name, self.roles, n=3, cutoff=0.6)
        hint = f"; near it are {', '.join(near)}" if near else ""
        raise DefenderError(
            "bad_request",
            f"{option} has {name}, which is no application role of {self.title}{hint}.",
        )


def resource_of(api: Api, name: str) -> Resource | None:
    """An API as the tenant has it (`resource_name` gives the name), or None when it has no service
    principal there.

    A role whose id differs from the one that Microsoft published is a warning: what the tenant says
    is what counts.
    """
    found = service_principal(api, APP_IDS.get(name, name), fields=OFFER)
    return resource_from(api, name, found) if found else None


def resource_by_id(api: Api, principal_id: str) -> Resource | None:
    """An API by the id of its service principal, or None when there is none (any longer)."""
    found = one(api, f"{V1}/servicePrincipals/{principal_id}", {"$select": OFFER})
    return resource_from(api, resource_name("resourceId", found["appId"]), found) if found else None


def resource_from(api: Api, name: str, found: t.Mapping[str, t.Any]) -> Resource:
    """An API out of its service principal as Graph has it, with its `appRoles`."""
    offered = [
        role
        for role in found.get("appRoles") or []
        if role.get("isEnabled", True)
        and "Application" in role.get("allowedMemberTypes", ["Application"])
    ]
    roles = {str(role["value"]): str(role["id"]).lower() for role in offered if role.get("value")}
    odd = sorted(
        role for role, known in APP_ROLES.get(name, {}).items() if roles.get(role, known) != known
    )
    if odd:
        api.tenant.warnings.append(
            f"Tenant {api.tenant.options.label}: {title_of(name)} gives {', '.join(odd)} another"
            " id than Microsoft published; the tenant's is used."
        )
    app_id = APP_IDS.get(name, name)
    return Resource(
        name,
        app_id,
        PRODUCTS.get(name) or found.get("displayName") or app_id,
        str(found["id"]),
        roles,
    )


def published(name: str) -> Resource:
    """One of our three APIs by what Microsoft published, for a tenant that does not have it."""
    return Resource(name, APP_IDS[name], PRODUCTS[name], "", APP_ROLES[name])
