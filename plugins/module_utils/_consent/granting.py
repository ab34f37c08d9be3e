# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Consent by API: an application's service principal in a customer tenant and its application
roles.

Sources: learn.microsoft.com/graph/api/serviceprincipal-post-approleassignments,
serviceprincipal-delete-approleassignments.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _directory
from ansible_collections.mssp.defender_xdr.plugins.module_utils._consent import (
    comparison as _grants,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._consent import reading as _consent
from ansible_collections.mssp.defender_xdr.plugins.module_utils._consent.comparison import (
    Consent,
    Roles,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._directory import V1, Resource
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    permissions as _permissions,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api import Api, ApiTenant
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.clouds import APP_IDS
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.write_records import (
    SUCCEEDED,
    Change,
    of_application,
)

# Either role can create and delete service principals of other tenants' applications.
OWNERS: t.Final = ("Application.ReadWrite.All", "Directory.ReadWrite.All")


@dataclasses.dataclass(frozen=True)
class State:
    """The application in the tenant before any change. `held` is `[{id, api, role, since}]`."""

    principal: Json | None
    held: list[Json]

    @property
    def roles(self) -> dict[str, list[str]]:
        roles: dict[str, list[str]] = {}
        for assignment in self.held:
            roles.setdefault(assignment["api"], []).append(assignment["role"])
        return roles


def read_state(api: Api, app_id: str) -> State:
    """Read an application's state in the tenant."""
    principal = _directory.service_principal(api, app_id)
    return State(principal, _consent.assignments(api, principal["id"]) if principal else [])


def lacking(consent: Consent, state: str) -> list[str]:
    """The roles of Microsoft Graph that the caller's token lacks for this operation."""
    missing = _permissions.missing(
        consent.granted.get("graph", ()), _permissions.PERMISSIONS["consent"]["graph"]
    )
    return (
        [*missing, OWNERS[0]]
        if state == "absent" and not _consent.may(consent, OWNERS)
        else missing
    )


def refused(tenant: ApiTenant, missing: t.Sequence[str], what: str) -> DefenderError:
    """The error if the caller's token lacks the required roles."""
    return DefenderError(
        "role_missing",
        (
            f"Tenant {tenant.options.label}: application {tenant.options.client_id} cannot {what}"
            f" by API without the Microsoft Graph role {' and '.join(missing)}."
        ),
        facts={"missing_roles": list(missing)},
    )


def ensure_present(
    api: Api, app_id: str, wanted: Roles, *, purge: bool, may_create: bool, check_mode: bool
) -> tuple[Consent, Json]:
    """Grant every required role; returns the consent afterwards, and `changed` with `diff`.

    :arg purge: remove superfluous roles, and grant every required role by its exact name.
    :arg may_create: whether the caller's token may create service principals.
    """
    before = read_state(api, app_id)
    roles = before.roles
    resources = {name: _directory.resource_of(api, name) or _planned(api, name) for name in wanted}
    for name, asked in wanted.items():
        resources[name].role_ids("api_permissions", asked)
    new = {name: _new(roles.get(name, ()), asked, exact=purge) for name, asked in wanted.items()}
    fresh = [
        resource.title for name, resource in resources.items() if not resource.id and new[name]
    ]
    if (fresh or not before.principal) and not may_create:
        raise refused(
            api.tenant,
            OWNERS[:1],
            f"create the service principal of {fresh[0] if before.principal else app_id}",
        )
    both = {name: [*roles.get(name, ()), *new.get(name, ())] for name in {**roles, **new}}
    extra = {
        name: _grants.superfluous(of, wanted.get(name, ())) if purge else []
        for name, of in both.items()
    }
    after = {name: [role for role in of if role not in extra[name]] for name, of in both.items()}
    if not check_mode:
        principal = before.principal or _directory.create_service_principal(api, app_id)
        wanted_grants: dict[tuple[str, str], Change] = {}
        for name, asked in new.items():
            resource = (
                resources[name]
                if resources[name].id or not asked
                else _create(api, resources[name])
            )
            wanted_grants |= {
                (resource.id, role_id): of_application(app_id, {"roles": {}}, _role(name, role))
                for role, role_id in resource.role_ids("api_permissions", asked).items()
            }
        _grant(api, principal["id"], wanted_grants)
        for assignment in _managing_last(
            [
                assignment
                for assignment in before.held
                if assignment["role"] in extra[assignment["api"]]
            ]
        ):
            _revoke(api, app_id, principal["id"], assignment)
    changed = not before.principal or any(new.values()) or any(extra.values())
    return Consent("service_principals", consented=True, granted=after), {
        "changed": changed,
        "diff": _diff(before, after, exists=True),
    }


def ensure_absent(api: Api, app_id: str, *, check_mode: bool) -> Json:
    """Remove all grants and the service principal; returns `changed` with `diff`.

    Grants are removed first, so that a restored service principal has none. An application that
    removes itself keeps the roles it needs for that until its service principal is deleted.
    """
    before = read_state(api, app_id)
    if before.principal and not check_mode:
        is_caller = app_id == api.tenant.options.client_id
        for assignment in _managing_last(before.held):
            if not (is_caller and _manages(assignment)):
                _revoke(api, app_id, before.principal["id"], assignment)
        about = of_application(app_id, {"service_principal": True}, {"service_principal": False})
        _delete(api, f"{V1}/servicePrincipals/{before.principal['id']}", about)
    return {"changed": bool(before.principal), "diff": _diff(before, {}, exists=False)}


def _new(has: t.Sequence[str], asked: t.Sequence[str], *, exact: bool) -> list[str]:
    return (
        [role for role in asked if role not in has] if exact else _permissions.missing(has, asked)
    )


def _planned(api: Api, name: str) -> Resource:
    """A Defender API without a service principal in the tenant, as Microsoft published it."""
    if name not in APP_IDS:
        raise DefenderError(
            "not_found",
            (
                f"Tenant {api.tenant.options.label} has no service principal of the API {name}, so"
                " its roles cannot be granted; create that service principal first."
            ),
        )
    return _directory.published(name)


def _create(api: Api, resource: Resource) -> Resource:
    """Create the service principal of a Defender API. Entra ID creates it only if the tenant has
    the product."""
    try:
        made = _directory.post_service_principal(api, resource.app_id)
    except DefenderError as e:
        existing = (
            _directory.resource_of(api, resource.name)
            if e.category in ("outcome_unknown", "conflict")
            else None
        )
        if existing:
            api.settle_write(SUCCEEDED)
            return existing
        if e.category != "bad_request":
            raise
        raise DefenderError(
            "not_licensed",
            (
                f"Tenant {api.tenant.options.label} has no service principal of {resource.title},"
                f" and Entra ID did not create it ({e.code}) because the tenant lacks the product."
            ),
            status=e.status,
            code=e.code,
            request_id=e.request_id,
        ) from None
    there = _directory.resource_from(api, resource.name, made)
    return there if there.roles else dataclasses.replace(resource, id=there.id)


def _grant(api: Api, principal_id: str, grants: t.Mapping[tuple[str, str], Change]) -> None:
    """Grant roles, as `(resource's id, role's id)`, and wait until they are visible to the next
    run."""
    for pair in sorted(grants):
        _grant_role(api, principal_id, pair, grants[pair])
    if grants:
        _directory.wait_until_visible(
            api,
            lambda: True if grants.keys() <= _granted_pairs(api, principal_id) else None,
            created=True,
            error=None,
        )


def _grant_role(api: Api, principal_id: str, pair: tuple[str, str], about: Change) -> None:
    """Grant one role. A repeated request is refused as existing, so after a lost response it is
    safe to check and send it once more."""
    body = {"principalId": principal_id, "resourceId": pair[0], "appRoleId": pair[1]}
    for again in (True, False):
        try:
            _directory.retry_until_replicated(
                api, lambda: api.write("POST", _grants_of(principal_id), body, about=about)
            )
            return
        except DefenderError as e:
            if e.category == "conflict":
                return
            if e.category != "outcome_unknown":
                raise
            if pair in _granted_pairs(api, principal_id):
                api.settle_write(SUCCEEDED)
                return
            if not again:
                raise


def _granted_pairs(api: Api, principal_id: str) -> set[tuple[str, str]]:
    return {
        (str(assignment["resourceId"]), str(assignment["appRoleId"]).lower())
        for assignment in _directory.listed(api, _grants_of(principal_id))
    }


def _grants_of(principal_id: str) -> str:
    return f"{V1}/servicePrincipals/{principal_id}/appRoleAssignments"


def _revoke(api: Api, app_id: str, principal_id: str, assignment: Json) -> None:
    """Revoke one role."""
    before = _role(assignment["api"], assignment["role"])
    about = of_application(app_id, before, {"roles": {}})
    _delete(api, f"{_grants_of(principal_id)}/{assignment['id']}", about)


def _role(name: str, role: str) -> Json:
    """The part of a diff with one role."""
    return {"roles": {_directory.title_of(name): [role]}}


def _delete(api: Api, path: str, about: Change) -> None:
    """Delete; success if it no longer exists, so the request may be repeated."""
    try:
        api.write("DELETE", path, repeatable=True, about=about)
    except DefenderError as e:
        if e.category != "not_found":
            raise


def _manages(assignment: Json) -> bool:
    return assignment["api"] == "graph" and assignment["role"] in (
        *_permissions.PERMISSIONS["consent"]["graph"],
        *OWNERS,
    )


def _managing_last(held: t.Iterable[Json]) -> list[Json]:
    return sorted(held, key=_manages)


def _diff(before: State, after: Roles, *, exists: bool) -> Json:
    def shown(roles: Roles, there: bool) -> Json:
        return {
            "service_principal": there,
            "roles": {
                _directory.title_of(name): sorted(of) for name, of in sorted(roles.items()) if of
            },
        }

    return {"before": shown(before.roles, bool(before.principal)), "after": shown(after, exists)}
