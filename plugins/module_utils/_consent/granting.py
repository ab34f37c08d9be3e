# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Consent by API in a customer tenant: an application's service principal there, and the
application roles it was assigned.

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

# Either of them makes and deletes service principals of applications of other tenants.
OWNERS: t.Final = ("Application.ReadWrite.All", "Directory.ReadWrite.All")


@dataclasses.dataclass(frozen=True)
class Seen:
    """The application in the tenant before anything is done. `held` is
    `[{id, api, role, since}]`."""

    principal: Json | None
    held: list[Json]

    @property
    def roles(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for each in self.held:
            found.setdefault(each["api"], []).append(each["role"])
        return found


def seen(api: Api, app_id: str) -> Seen:
    """Look at an application in the tenant."""
    principal = _directory.service_principal(api, app_id)
    return Seen(principal, _consent.assignments(api, principal["id"]) if principal else [])


def lacking(found: Consent, state: str) -> list[str]:
    """The roles of Microsoft Graph without which this cannot be done by API, out of what the
    caller's token has."""
    missing = _permissions.missing(
        found.granted.get("graph", ()), _permissions.PERMISSIONS["consent"]["graph"]
    )
    return (
        [*missing, OWNERS[0]] if state == "absent" and not _consent.may(found, OWNERS) else missing
    )


def refused(tenant: ApiTenant, missing: t.Sequence[str], what: str) -> DefenderError:
    """The error where the caller's token has no right to do this."""
    return DefenderError(
        "role_missing",
        (
            f"Tenant {tenant.options.label}: application {tenant.options.client_id} cannot {what}"
            f" by API; {', '.join(missing)} of Microsoft Graph is missing."
        ),
        facts={"missing_roles": list(missing)},
    )


def ensure_present(
    api: Api, app_id: str, wanted: Roles, *, purge: bool, may_create: bool, check_mode: bool
) -> tuple[Consent, Json]:
    """Everything that is wanted is granted; what is granted then, and `changed` with `diff`.

    :arg purge: take away what is superfluous, and grant what is wanted by its own name.
    :arg may_create: whether the caller's token may create service principals.
    """
    before = seen(api, app_id)
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
        pairs = set()
        for name, asked in new.items():
            resource = (
                resources[name]
                if resources[name].id or not asked
                else _create(api, resources[name])
            )
            pairs |= {
                (resource.id, role_id)
                for role_id in resource.role_ids("api_permissions", asked).values()
            }
        _grant(api, principal["id"], pairs)
        for each in _managing_last(
            [each for each in before.held if each["role"] in extra[each["api"]]]
        ):
            _delete(api, f"{_grants_of(principal['id'])}/{each['id']}")
    changed = not before.principal or any(new.values()) or any(extra.values())
    return Consent("service_principals", consented=True, granted=after), {
        "changed": changed,
        "diff": _diff(before, after, known=True),
    }


def ensure_absent(api: Api, app_id: str, *, check_mode: bool) -> Json:
    """No role granted and the application unknown; `changed` with `diff`.

    The grants go first, so that a service principal which somebody restores comes back with none,
    and the service principal last. An application that removes itself keeps its rights until then;
    they go with its service principal.
    """
    before = seen(api, app_id)
    if before.principal and not check_mode:
        own = app_id == api.tenant.options.client_id
        for each in _managing_last(before.held):
            if not (own and _manages(each)):
                _delete(api, f"{_grants_of(before.principal['id'])}/{each['id']}")
        _delete(api, f"{V1}/servicePrincipals/{before.principal['id']}")
    return {"changed": bool(before.principal), "diff": _diff(before, {}, known=False)}


def _new(has: t.Sequence[str], asked: t.Sequence[str], *, exact: bool) -> list[str]:
    return (
        [role for role in asked if role not in has] if exact else _permissions.missing(has, asked)
    )


def _planned(api: Api, name: str) -> Resource:
    """One of our APIs that the tenant does not have yet, by what Microsoft published."""
    if name not in APP_IDS:
        raise DefenderError(
            "not_found",
            (
                f"Tenant {api.tenant.options.label} has no service principal of the API {name}, so"
                " none of its roles can be granted."
            ),
        )
    return _directory.published(name)


def _create(api: Api, resource: Resource) -> Resource:
    """The service principal of a Defender resource. Entra ID makes it where the tenant has the
    product, and nowhere else."""
    try:
        made = api.write("POST", f"{V1}/servicePrincipals", {"appId": resource.app_id})
    except DefenderError as e:
        found = (
            _directory.resource_of(api, resource.name)
            if e.category in ("outcome_unknown", "conflict")
            else None
        )
        if found:
            return found
        if e.category != "bad_request":
            raise
        raise DefenderError(
            "not_licensed",
            (
                f"Tenant {api.tenant.options.label} has no service principal of {resource.title},"
                f" and Entra ID made none ({e.code}): it lacks the product."
            ),
            status=e.status,
            code=e.code,
            request_id=e.request_id,
        ) from None
    there = _directory.resource_from(api, resource.name, made)
    return there if there.roles else dataclasses.replace(resource, id=there.id)


def _grant(api: Api, principal_id: str, pairs: set[tuple[str, str]]) -> None:
    """These roles, as `(resource's id, role's id)`, and a look that finds them, so that the next
    run finds them too."""
    for pair in sorted(pairs):
        _grant_one(api, principal_id, pair)
    if pairs:
        _directory.wait_until_visible(
            api,
            lambda: True if pairs <= _given(api, principal_id) else None,
            created=True,
            error=None,
        )


def _grant_one(api: Api, principal_id: str, pair: tuple[str, str]) -> None:
    """A second request for a role is refused as existing, so that a lost answer is settled by
    looking, and by asking once more."""
    body = {"principalId": principal_id, "resourceId": pair[0], "appRoleId": pair[1]}
    for again in (True, False):
        try:
            _directory.retry_until_replicated(
                api, lambda: api.write("POST", _grants_of(principal_id), body)
            )
            return
        except DefenderError as e:
            if e.category == "conflict" or (
                e.category == "outcome_unknown" and pair in _given(api, principal_id)
            ):
                return
            if e.category != "outcome_unknown" or not again:
                raise


def _given(api: Api, principal_id: str) -> set[tuple[str, str]]:
    return {
        (str(each["resourceId"]), str(each["appRoleId"]).lower())
        for each in _directory.listed(api, _grants_of(principal_id))
    }


def _grants_of(principal_id: str) -> str:
    return f"{V1}/servicePrincipals/{principal_id}/appRoleAssignments"


def _delete(api: Api, path: str) -> None:
    """What is gone already is as wanted; twice is as good as once."""
    try:
        api.write("DELETE", path, repeatable=True)
    except DefenderError as e:
        if e.category != "not_found":
            raise


def _manages(each: Json) -> bool:
    return each["api"] == "graph" and each["role"] in (
        *_permissions.PERMISSIONS["consent"]["graph"],
        *OWNERS,
    )


def _managing_last(held: t.Iterable[Json]) -> list[Json]:
    return sorted(held, key=_manages)


def _diff(before: Seen, after: Roles, *, known: bool) -> Json:
    def shown(roles: Roles, there: bool) -> Json:
        return {
            "service_principal": there,
            "roles": {
                _directory.title_of(name): sorted(of) for name, of in sorted(roles.items()) if of
            },
        }

    return {"before": shown(before.roles, bool(before.principal)), "after": shown(after, known)}
