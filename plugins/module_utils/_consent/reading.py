# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read what a customer tenant granted to an application: from its service principal, or else from
fresh tokens.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _directory
from ansible_collections.mssp.defender_xdr.plugins.module_utils._consent.comparison import (
    Consent,
    Roles,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._directory import V1, Resource
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import (
    RETRYABLE,
    DefenderError,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import claims as _claims
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api import Api
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.clouds import RESOURCES
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.options import guid
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant

# Any of these roles lets an application read service principals and their grants.
READERS: t.Final = (
    "Application.Read.All",
    "Application.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
)
UNKNOWN_THERE: t.Final = "AADSTS700016"


def application(tenant: Tenant, app_id: str | None) -> str:
    """The application id to check: the tenant's client_id unless the option is set.

    An empty text is refused, and never means client_id.
    """
    if app_id is None:
        return tenant.options.client_id
    if not app_id.strip():
        raise DefenderError(
            "bad_request",
            (
                "app_id is empty; set it to an application id, or leave it out for the"
                " application of client_id."
            ),
        )
    return guid(
        "app_id",
        app_id,
        "Copy the application (client) id from the app registration's overview page.",
    )


def read(
    tenant: Tenant, app_id: str, wanted: Roles, resources: t.Iterable[str] = RESOURCES
) -> Consent:
    """What is granted: from the service principal if the token's roles allow it, otherwise from a
    new token for each API."""
    return read_with_tokens(tenant, app_id, wanted, by_tokens(tenant, resources))


def read_with_tokens(tenant: Tenant, app_id: str, wanted: Roles, consent: Consent) -> Consent:
    """The same as `read`, with tokens that were read before."""
    if may(consent, READERS):
        return by_principals(tenant.api("graph", "consent_info"), app_id)
    if app_id != tenant.options.client_id:
        raise DefenderError(
            "role_missing",
            f"Tenant {tenant.options.label}: application {tenant.options.client_id} cannot read"
            f" the roles granted to application {app_id}; grant it Application.Read.All of"
            " Microsoft Graph.",
            facts={"missing_roles": [READERS[0]]},
        )
    return checkable(consent, wanted)


def wait(
    tenant: Tenant,
    look: t.Callable[[], Consent],
    done: t.Callable[[Consent], bool],
    *,
    seconds: float,
    interval: float,
    last: Consent,
) -> tuple[Consent, bool]:
    """Check repeatedly until `done` or until the timeout; returns the last consent and whether it
    is done.

    Temporary failures are retried; other errors are raised.
    """
    end = tenant.clock.now() + seconds
    while True:
        try:
            last = look()
            if done(last):
                return last, True
        except DefenderError as e:
            if e.category not in RETRYABLE:
                raise
        left = end - tenant.clock.now()
        if left <= 0:
            return last, False
        tenant.clock.sleep(min(interval, left))


def checkable(consent: Consent, wanted: Roles) -> Consent:
    """The consent from tokens; raises `bad_request` if tokens cannot show a required role."""
    if other := [name for name in wanted if name not in RESOURCES]:
        raise DefenderError(
            "bad_request",
            (f"api_permissions names the API {other[0]}, whose roles cannot be read from tokens."),
            advice=(
                "Grant Application.Read.All of Microsoft Graph, which allows reading service"
                " principals, or leave that API out."
            ),
        )
    return consent


def may(consent: Consent, roles: t.Iterable[str]) -> bool:
    """Whether any of these roles of Microsoft Graph is granted."""
    return any(role in consent.granted.get("graph", ()) for role in roles)


def by_tokens(tenant: Tenant, resources: t.Iterable[str] = RESOURCES) -> Consent:
    """What fresh tokens show, one for each API of the tenant's cloud; no API is called.

    An application that the tenant does not have is a result (AADSTS700016). A missing product is
    recorded; any other refusal is raised.
    """
    granted: dict[str, tuple[str, ...]] = {}
    absent: list[str] = []
    for resource in resources:
        try:
            unused, claims = tenant.guard.read_token(resource, force=True)
        except DefenderError as e:
            if e.category == "not_consented" and e.code == UNKNOWN_THERE:
                return Consent("token", consented=False)
            if e.category == "not_licensed":
                absent.append(resource)
            if e.category not in ("not_consented", "not_licensed", "unsupported"):
                raise
            continue
        if claims is None:
            raise DefenderError(
                "unsupported",
                (
                    f"Tenant {tenant.options.label}: the token for {resource} is opaque, so its"
                    " roles cannot be read."
                ),
            )
        if problems := _claims.problems(
            claims, tenant.guard.expected(resource), now=tenant.clock.wall()
        ):
            raise tenant.guard.refusal(resource, problems[0], claims, ())
        granted[resource] = claims.roles
    return Consent("token", consented=bool(granted), granted=granted, absent=tuple(absent))


def by_principals(api: Api, app_id: str) -> Consent:
    """The roles assigned to the application's service principal."""
    principal = _directory.service_principal(
        api, app_id, fields="id,appId,displayName,accountEnabled"
    )
    if principal is None:
        return Consent("service_principals", consented=False)
    if principal.get("accountEnabled") is False:
        api.tenant.warnings.append(
            f"Tenant {api.tenant.options.label} has disabled the application {app_id}, so it gets"
            " no token there; an administrator of that tenant must enable it."
        )
    grants = assignments(api, principal["id"])
    granted: dict[str, list[str]] = {}
    for grant in grants:
        granted.setdefault(grant["api"], []).append(grant["role"])
    since = max((str(grant["since"]) for grant in grants), default=None)
    return Consent("service_principals", consented=True, granted=granted, since=since or None)


def assignments(api: Api, principal_id: str) -> list[Json]:
    """The application roles assigned to a service principal, as `[{id, api, role, since}]`."""
    resources: dict[str, Resource | None] = {}
    granted_roles = []
    for assignment in _directory.listed(
        api, f"{V1}/servicePrincipals/{principal_id}/appRoleAssignments"
    ):
        owner, role_id = str(assignment["resourceId"]), str(assignment["appRoleId"])
        if owner not in resources:
            resources[owner] = _directory.resource_by_id(api, owner)
        resource = resources[owner]
        granted_roles.append(
            {
                "id": str(assignment["id"]),
                "api": resource.name if resource else owner,
                "role": resource.role_name(role_id) if resource else role_id,
                "since": assignment.get("createdDateTime") or "",
            }
        )
    return granted_roles
