# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A tenant's directory in Microsoft Graph: complete lists, service principals, and the application
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
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.app_roles import APP_ROLES
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.clouds import (
    APP_IDS,
    PRODUCTS,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.options import GUID
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.write_records import (
    SUCCEEDED,
    of_application,
)

if t.TYPE_CHECKING:
    from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api import Api

V1: t.Final = "/v1.0"
ROLE: t.Final = (
    "Role"  # an application permission in requiredResourceAccess; a delegated one is a Scope
)
PAGES: t.Final = 10_000
# A new object is not visible everywhere at once, and Microsoft documents no maximum delay; public
# reports mention seconds, rarely minutes.
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
    """All objects of a list, from all its pages (`@odata.nextLink`, followed unchanged)."""
    answer = api.get(path, params)
    objects = list(answer.get("value") or [])
    links: set[str] = set()
    while link := answer.get("@odata.nextLink"):
        if link in links or len(links) >= PAGES:
            raise DefenderError(
                "truncated",
                (
                    f"Tenant {api.tenant.options.label}: the list {path} does not end; it returned"
                    f" {len(objects)} objects."
                ),
                who="microsoft",
            )
        links.add(link)
        answer = api.get(link)
        objects += answer.get("value") or []
    return objects


def one(api: Api, path: str, params: t.Mapping[str, str] | None = None) -> dict[str, t.Any] | None:
    """An object, or None if it does not exist (404)."""
    try:
        return api.get(path, params)
    except DefenderError as e:
        if e.category == "not_found":
            return None
        raise


def retry_until_replicated(api: Api, call: t.Callable[[], T]) -> T:
    """The result of the call, which is retried for about a minute while a new object is not visible
    yet."""
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
    """The service principal of an application in the tenant as Graph returns it, or None."""
    return one(api, f"{V1}/servicePrincipals(appId={quote(app_id)})", {"$select": fields})


def create_service_principal(api: Api, app_id: str) -> dict[str, t.Any]:
    """Create the service principal of the application in the tenant, and wait until it is visible.

    After a lost response, the tenant is queried: there can be only one for each application.
    """
    created: dict[str, t.Any] | None = None
    error: DefenderError | None = None
    try:
        created = retry_until_replicated(api, lambda: post_service_principal(api, app_id))
    except DefenderError as e:
        if e.category not in ("outcome_unknown", "conflict"):
            raise
        error = e
    return wait_until_visible(api, lambda: service_principal(api, app_id), created, error)


def post_service_principal(api: Api, app_id: str) -> dict[str, t.Any]:
    """Send the request that creates a service principal."""
    about = of_application(app_id, {"service_principal": False}, {"service_principal": True})
    return api.write("POST", f"{V1}/servicePrincipals", {"appId": app_id}, about=about)


def wait_until_visible(
    api: Api, look: t.Callable[[], T | None], created: T | None, error: DefenderError | None
) -> T:
    """The object that `look` returns as soon as it is visible; otherwise the object as the service
    created it, or the error of its creation.

    The next run looks in the same way, so that it does not create a second object.
    """

    def visible() -> T:
        visible_object = look()
        if visible_object is None:
            raise DefenderError("not_found", "The new object is not visible yet.")
        return visible_object

    try:
        there = retry_until_replicated(api, visible)
    except DefenderError as e:
        if e.category != "not_found":
            raise
    else:
        api.settle_write(SUCCEEDED)
        return there
    if created is None:
        raise error or DefenderError(
            "outcome_unknown",
            f"Tenant {api.tenant.options.label}: the new object is not visible yet.",
        )
    return created


def resource_name(option: str, text: str) -> str:
    """`graph`, `xdr` or `endpoint` for that name, the product's name or its application id;
    any other GUID unchanged."""
    for name, app_id in APP_IDS.items():
        if text.strip().lower() in (name, app_id, PRODUCTS[name].lower()):
            return name
    if GUID.fullmatch(text.strip()):
        return text.strip().lower()
    known = ", ".join(f"{name} ({PRODUCTS[name]})" for name in APP_IDS)
    raise DefenderError(
        "bad_request",
        f"{option} contains the API {text!r}, but must be one of {known}, or an application id.",
    )


def title_of(resource: str) -> str:
    """The name of an API in messages and diffs."""
    return PRODUCTS.get(resource, resource)


@dataclasses.dataclass(frozen=True)
class Resource:
    """An API and its application roles: `roles` maps the name of each role to its id.

    :arg name: `graph`, `xdr`, `endpoint`, or the application id of another API.
    :arg id: its service principal in the tenant; empty if it has none there, and the roles are
        those that Microsoft published.
    """

    name: str
    app_id: str
    title: str
    id: str
    roles: t.Mapping[str, str]

    def role_name(self, role_id: str) -> str:
        """The name of a role, or its id if the API does not offer it (any more)."""
        return next(
            (name for name, known in self.roles.items() if known == role_id.lower()), role_id
        )

    def role_ids(self, option: str, names: t.Iterable[str]) -> dict[str, str]:
        """The ids of these roles by name; raises `bad_request` with similar names, or with the API
        that the role belongs to."""
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
                    f"{option} contains {name}, which is a role of {' and of '.join(owners)}, not"
                    f" of {self.title}."
                ),
            )
        near = difflib.get_close_matches(name, self.roles, n=3, cutoff=0.6)
        hint = f"; similar roles are {', '.join(near)}" if near else ""
        raise DefenderError(
            "bad_request",
            f"{option} contains {name}, which is not an application role of {self.title}{hint}.",
        )


def resource_of(api: Api, name: str) -> Resource | None:
    """An API in the tenant (`resource_name` returns the name), or None without a service principal
    there.

    If the id of a role differs from the published one, the tenant's is used, with a warning.
    """
    principal = service_principal(api, APP_IDS.get(name, name), fields=OFFER)
    return resource_from(api, name, principal) if principal else None


def resource_by_id(api: Api, principal_id: str) -> Resource | None:
    """An API by the id of its service principal, or None if it does not exist (any more)."""
    principal = one(api, f"{V1}/servicePrincipals/{principal_id}", {"$select": OFFER})
    if principal is None:
        return None
    return resource_from(api, resource_name("resourceId", principal["appId"]), principal)


def resource_from(api: Api, name: str, principal: t.Mapping[str, t.Any]) -> Resource:
    """An API from its service principal as Graph returns it, with `appRoles`."""
    offered = [
        role
        for role in principal.get("appRoles") or []
        if role.get("isEnabled", True)
        and "Application" in role.get("allowedMemberTypes", ["Application"])
    ]
    roles = {str(role["value"]): str(role["id"]).lower() for role in offered if role.get("value")}
    differing = sorted(
        role for role, known in APP_ROLES.get(name, {}).items() if roles.get(role, known) != known
    )
    if differing:
        api.tenant.warnings.append(
            f"Tenant {api.tenant.options.label}: the id of {', '.join(differing)} of"
            f" {title_of(name)} is not the id that Microsoft published; the tenant's is used."
        )
    app_id = APP_IDS.get(name, name)
    return Resource(
        name,
        app_id,
        PRODUCTS.get(name) or principal.get("displayName") or app_id,
        str(principal["id"]),
        roles,
    )


def published(name: str) -> Resource:
    """One of the three APIs with its published roles, for a tenant that does not have it."""
    return Resource(name, APP_IDS[name], PRODUCTS[name], "", APP_ROLES[name])
