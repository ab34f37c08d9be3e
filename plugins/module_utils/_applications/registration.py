# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Application registrations: compare them by names and change only what differs.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _directory
from ansible_collections.mssp.defender_xdr.plugins.module_utils._applications import (
    lookup as _lookup,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._applications.wanted import (
    AUDIENCES,
    Wanted,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._directory import ROLE, V1, Resource
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api import Api
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.clouds import APP_IDS
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.write_records import (
    of_application,
)


class Registrar:
    """Reads and changes registrations of one tenant. Each API's service principal is read once."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self._resources: dict[str, Resource | None] = {}

    def resource(self, name: str) -> Resource:
        """An API by its name; an unknown API has no role names."""
        return self._find(name) or Resource(name, name, name, "", {})

    def existing_resource(self, name: str) -> Resource:
        """An API by its name; raises `not_found` if it is unknown."""
        resource = self._find(name)
        if resource is None:
            raise DefenderError(
                "not_found",
                (
                    f"Tenant {self.api.tenant.options.label} has no service principal of the API"
                    f" {name}, so its role names are unknown; create that service principal first."
                ),
            )
        return resource

    def _find(self, name: str) -> Resource | None:
        """From the tenant, or else as Microsoft published it."""
        if name not in self._resources:
            resource = _directory.resource_of(self.api, name)
            if resource is None and name in APP_IDS:
                resource = _directory.published(name)
                self.api.tenant.warnings.append(
                    f"Tenant {self.api.tenant.options.label} has no service principal of"
                    f" {resource.title}; the role ids that Microsoft published are used."
                )
            self._resources[name] = resource
        return self._resources[name]

    def permissions(self, access: t.Sequence[Json]) -> list[Json]:
        """`requiredResourceAccess` by names: `[{api, roles, delegated}]`, sorted; delegated
        permissions stay ids."""
        entries = []
        for entry in access:
            resource = self.resource(
                _directory.resource_name("requiredResourceAccess", entry["resourceAppId"])
            )
            members = entry.get("resourceAccess") or []
            roles = sorted(
                resource.role_name(member["id"]) for member in members if member["type"] == ROLE
            )
            delegated = sorted(member["id"] for member in members if member["type"] != ROLE)
            entries.append(
                {
                    "api": resource.name,
                    "roles": roles,
                    **({"delegated": delegated} if delegated else {}),
                }
            )
        return sorted(entries, key=lambda entry: str(entry["api"]))

    def view(self, application: Json) -> Json:
        """A registration as in results and diffs."""
        return {
            "id": application.get("id", ""),
            "app_id": application.get("appId", ""),
            "display_name": application["displayName"],
            "sign_in_audience": application.get("signInAudience"),
            "redirect_uris": sorted((application.get("web") or {}).get("redirectUris") or []),
            "api_permissions": self.permissions(application.get("requiredResourceAccess") or []),
        }

    def access(self, settings: Wanted, before: t.Sequence[Json]) -> list[Json]:
        """The new `requiredResourceAccess`: delegated permissions stay; other roles stay unless
        purged."""
        ids = {}
        for name, roles in (settings.permissions or {}).items():
            resource = self.existing_resource(name)
            ids[resource.app_id] = list(resource.role_ids("api_permissions", roles).values())
        after = []
        for entry in before:
            asked = ids.pop(entry["resourceAppId"].lower(), [])
            members = [
                member
                for member in entry.get("resourceAccess") or []
                if not settings.purge or member["type"] != ROLE or member["id"].lower() in asked
            ]
            has = {member["id"].lower() for member in members if member["type"] == ROLE}
            members += [{"id": role_id, "type": ROLE} for role_id in asked if role_id not in has]
            if members:
                after.append({"resourceAppId": entry["resourceAppId"], "resourceAccess": members})
        return after + [
            {
                "resourceAppId": app_id,
                "resourceAccess": [{"id": role_id, "type": ROLE} for role_id in asked],
            }
            for app_id, asked in ids.items()
            if asked
        ]

    def changes(self, settings: Wanted, current: Json | None) -> Json:
        """The request body that makes the registration match; empty if it matches already."""
        had = current or {}
        body: Json = {}
        if settings.display_name and settings.display_name != had.get("displayName"):
            body["displayName"] = settings.display_name
        audience = settings.sign_in_audience or (AUDIENCES[0] if current is None else None)
        if audience and audience != had.get("signInAudience"):
            body["signInAudience"] = audience
        uris = (had.get("web") or {}).get("redirectUris") or []
        if settings.redirect_uris is not None and set(settings.redirect_uris) != set(uris):
            body["web"] = {"redirectUris": list(settings.redirect_uris)}
        access = had.get("requiredResourceAccess") or []
        if settings.permissions is not None and (after := self.access(settings, access)) != access:
            body["requiredResourceAccess"] = after
        return body

    def unmanaged(self, settings: Wanted, shown: Json) -> list[Json]:
        """The application permissions of the registration that were not requested."""
        if settings.permissions is None:
            return []
        extra = [
            {
                "api": entry["api"],
                "roles": [
                    role
                    for role in entry["roles"]
                    if role not in settings.permissions.get(entry["api"], ())
                ],
            }
            for entry in shown["api_permissions"]
        ]
        return [entry for entry in extra if entry["roles"]]

    def create(self, body: Json) -> Json:
        """Create a registration. If the response is lost, look it up by its name, which was unused
        before."""
        made: Json | None = None
        lost: DefenderError | None = None
        try:
            about = of_application(body["displayName"], {}, body)
            made = self.api.write("POST", f"{V1}/applications", body, about=about)
        except DefenderError as e:
            if e.category != "outcome_unknown":
                raise
            lost = e
        return _directory.wait_until_visible(
            self.api,
            lambda: _lookup.find(self.api, app_id=None, display_name=body["displayName"]),
            made,
            lost,
        )

    def change(self, application: Json, body: Json) -> None:
        """Change a registration; the request may be repeated."""
        before = {name: application.get(name) for name in body}
        about = of_application(application["appId"], before, body)
        _directory.retry_until_replicated(
            self.api,
            lambda: self.api.write(
                "PATCH",
                f"{V1}/applications/{application['id']}",
                body,
                repeatable=True,
                about=about,
            ),
        )

    def delete(self, application: Json) -> None:
        """Delete a registration; success if it no longer exists. It can be restored in Entra ID for
        30 days."""
        before = {"displayName": application["displayName"]}
        about = of_application(application["appId"], before, {})
        path = f"{V1}/applications/{application['id']}"
        try:
            self.api.write("DELETE", path, repeatable=True, about=about)
        except DefenderError as e:
            if e.category != "not_found":
                raise


def ensure_present(
    api: Api, settings: Wanted, *, app_id: str | None, service_principal: bool, check_mode: bool
) -> Json:
    """Ensure the registration and its service principal in its home tenant; returns the result's
    keys."""
    registrar = Registrar(api)
    current = _lookup.find(api, app_id=app_id, display_name=settings.display_name)
    if current is None and app_id:
        raise _lookup.absent(api, app_id)
    before = registrar.view(current) if current else {}
    principal = _directory.service_principal(api, current["appId"]) if current else None
    if current:
        before["service_principal"] = bool(principal)
    body = registrar.changes(settings, current)
    application = {**(current or {}), **body}
    if not check_mode:
        if current is None:
            application = {**registrar.create(body), **body}
        elif body:
            registrar.change(current, body)
    made = service_principal and principal is None
    if made and not check_mode:
        principal = _directory.create_service_principal(api, application["appId"])
    shown = registrar.view(application)
    return {
        "changed": bool(body) or made,
        "application": {**shown, "service_principal_id": (principal or {}).get("id", "")},
        "unmanaged_permissions": registrar.unmanaged(settings, shown),
        "diff": {
            "before": before,
            "after": {**shown, "service_principal": bool(principal) or made},
        },
    }


def ensure_absent(
    api: Api, *, app_id: str | None, display_name: str | None, check_mode: bool
) -> Json:
    """Delete the registration with this id or name; returns the result's keys."""
    registrar = Registrar(api)
    application = _lookup.exactly(api, app_id=app_id, display_name=display_name)
    if application is None:
        return {
            "changed": False,
            "application": {},
            "unmanaged_permissions": [],
            "diff": {"before": {}, "after": {}},
        }
    if application["appId"].lower() == api.tenant.options.client_id:
        raise DefenderError(
            "bad_request",
            (
                f"This task authenticates as application {application['displayName']}"
                f" ({application['appId']}), so it cannot delete that application."
            ),
            advice="Run the task with another application's credential.",
        )
    if not check_mode:
        registrar.delete(application)
    return {
        "changed": True,
        "application": {},
        "unmanaged_permissions": [],
        "diff": {"before": registrar.view(application), "after": {}},
    }
