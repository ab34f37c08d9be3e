# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Application registrations: found without doubt, compared by names, changed only where they
differ.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _directory
from ansible_collections.mssp.defender_xdr.plugins.module_utils._directory import ROLE, V1, Resource
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._odata import quote
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    permissions as _permissions,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.clouds import APP_IDS
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.options import GUID
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Api
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.transport import origin

AUDIENCES: t.Final = (
    "AzureADMultipleOrgs",
    "AzureADMyOrg",
    "AzureADandPersonalMicrosoftAccount",
    "PersonalMicrosoftAccount",
)
FIELDS: t.Final = "id,appId,displayName,signInAudience,createdDateTime,web,requiredResourceAccess"
Json = dict[str, t.Any]


def check_app_id(text: str | None) -> str | None:
    """An application id in lower case; raises C(bad_request) for what is no GUID."""
    if text is None:
        return None
    if not GUID.fullmatch(text):
        raise DefenderError(
            "bad_request",
            (
                f"app_id is {text!r}, which is no GUID; give the application (client) id, not the"
                " display name, or leave the option out."
            ),
        )
    return text.lower()


def check_display_name(text: str | None) -> str | None:
    """A display name as it is; raises `bad_request` for an empty one, which names nothing."""
    if text is not None and not text.strip():
        raise DefenderError(
            "bad_request", "display_name is empty; name the application, or leave the option out."
        )
    return text


def find(
    api: Api, *, app_id: str | None, display_name: str | None, fields: str = FIELDS
) -> Json | None:
    """The registration with this application id, otherwise the only one with this display name, or
    None.

    Raises C(conflict) with the ids where several have the name, because nobody can say which is
    meant.
    """
    if app_id:
        return _directory.one(api, f"{V1}/applications(appId={quote(app_id)})", {"$select": fields})
    return _only(api, named(api, str(display_name), fields=fields), str(display_name))


def _only(api: Api, found: t.Sequence[Json], display_name: str) -> Json | None:
    if len(found) > 1:
        ids = sorted(each["appId"] for each in found)
        raise DefenderError(
            "conflict",
            (
                f"Tenant {api.tenant.options.label} has {len(found)} applications named"
                f" {display_name}: {', '.join(ids)}. Name the one that is meant by app_id."
            ),
            advice="Set app_id to one of them, or delete the others.",
            facts={"app_ids": ids},
        )
    return found[0] if found else None


def _exactly(api: Api, *, app_id: str | None, display_name: str | None) -> Json | None:
    """The registration that a removal means: what the caller names must be its name to the letter.

    Raises `conflict` where several have the name, or where the one with the id has another name.
    """
    if app_id is None:
        alike = named(api, str(display_name))
        exact = [each for each in alike if each["displayName"] == display_name]
        if alike and not exact:
            others = ", ".join(f"{each['displayName']!r} ({each['appId']})" for each in alike)
            api.tenant.warnings.append(
                f"No application is named {display_name!r} to the letter, and nothing is deleted;"
                f" {others} is left alone."
            )
        return _only(api, exact, str(display_name))
    found = find(api, app_id=app_id, display_name=None)
    if found and display_name is not None and found["displayName"] != display_name:
        raise DefenderError(
            "conflict",
            f"Application {app_id} is named {found['displayName']!r}, not {display_name!r}, and"
            " nothing is deleted; leave display_name out to delete it by its id alone.",
        )
    return found


def named(api: Api, display_name: str, *, fields: str = FIELDS) -> list[Json]:
    """Every registration with this display name; Graph compares without regard to case."""
    return _directory.listed(
        api,
        f"{V1}/applications",
        {"$filter": f"displayName eq {quote(display_name)}", "$select": fields},
    )


@contextlib.contextmanager
def as_owner(api: Api) -> t.Iterator[None]:
    """A refusal in here has the likely cause beside it: a caller whose role is for its own
    applications, and who does not own this one."""
    try:
        yield
    except DefenderError as e:
        if e.category == "role_missing" and e.status == 403:
            e.message += (
                " With Application.ReadWrite.OwnedBy, application"
                f" {api.tenant.options.client_id} may change only applications that it owns."
            )
            e.who = "partner"
            e.advice = (
                "Make the calling application's service principal an owner of this"
                " application, or grant Application.ReadWrite.All in its tenant."
            )
        raise


def absent(api: Api, what: str) -> DefenderError:
    """The error for an application that is not there."""
    return DefenderError(
        "not_found",
        f"Tenant {api.tenant.options.label} has no application {what}.",
        advice=(
            "Check app_id, and that tenant_id is the tenant where the application is registered."
        ),
    )


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What the caller wants of a registration; None is what they said nothing about. C(permissions)
    are roles by L(_directory.resource_name)."""

    display_name: str | None
    sign_in_audience: str | None
    redirect_uris: tuple[str, ...] | None
    permissions: t.Mapping[str, tuple[str, ...]] | None
    purge: bool


def wanted(params: t.Mapping[str, t.Any], generation: str) -> Wanted:
    """The caller's wish out of the parameters; raises C(bad_request) for what can be told without a
    request.

    :arg generation: the API, C(graph) or C(xdr), that modules will use which know both.
    """
    uris = params["redirect_uris"]
    for uri in uris or ():
        scheme, host, _port = origin(uri)
        if (
            (scheme != "https" and not (scheme == "http" and host == "localhost"))
            or not host
            or "#" in uri
        ):
            raise DefenderError(
                "bad_request",
                (
                    f"redirect_uris has {uri!r}, but Entra ID takes https URLs and http://localhost"
                    " only, without a fragment."
                ),
            )
    roles: dict[str, dict[str, None]] | None = None
    if params["api_permissions"] is not None:
        roles = {}
        for entry in params["api_permissions"]:
            roles.setdefault(_directory.resource_name("api_permissions", entry["api"]), {}).update(
                dict.fromkeys(entry["roles"])
            )
    elif params["permissions_for"] is not None:
        least = _permissions.least("permissions_for", params["permissions_for"], generation)
        roles = {name: dict.fromkeys(needed) for name, needed in least.items()}
    permissions = (
        {name: tuple(asked) for name, asked in roles.items()} if roles is not None else None
    )
    if params["purge_permissions"] and permissions is not None and not any(permissions.values()):
        raise DefenderError(
            "bad_request",
            "purge_permissions is set, but api_permissions or permissions_for names no role at"
            " all, so that the application would lose every application permission; name those"
            " that stay.",
        )
    return Wanted(
        params["display_name"],
        params["sign_in_audience"],
        tuple(uris) if uris is not None else None,
        permissions,
        params["purge_permissions"],
    )


class Registrar:
    """Reads and changes registrations of one tenant; each API's service principal is read once."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self._resources: dict[str, Resource] = {}

    def resource(self, name: str, *, must: bool = False) -> Resource:
        """An API by its name; one that the tenant does not have by what Microsoft published.

        :arg must: raise C(not_found) where nothing is known about it, in place of a nameless
            resource.
        """
        if name not in self._resources:
            found = _directory.resource_of(self.api, name)
            if found is None and name in APP_IDS:
                found = _directory.published(name)
                self.api.tenant.warnings.append(
                    f"Tenant {self.api.tenant.options.label} has no service principal of"
                    f" {found.title}; its roles have the ids that Microsoft published."
                )
            if found is None and must:
                raise DefenderError(
                    "not_found",
                    (
                        f"Tenant {self.api.tenant.options.label} has no service principal of the"
                        f" API {name}, so its roles have no names there."
                    ),
                )
            self._resources[name] = found or Resource(name, name, name, "", {})
        return self._resources[name]

    def permissions(self, access: t.Sequence[Json]) -> list[Json]:
        """C(requiredResourceAccess) by names: C([{api, roles, delegated}]), sorted; delegated
        permissions stay ids."""
        found = []
        for entry in access:
            resource = self.resource(
                _directory.resource_name("requiredResourceAccess", entry["resourceAppId"])
            )
            members = entry.get("resourceAccess") or []
            roles = sorted(
                resource.role_name(each["id"]) for each in members if each["type"] == ROLE
            )
            delegated = sorted(each["id"] for each in members if each["type"] != ROLE)
            found.append(
                {
                    "api": resource.name,
                    "roles": roles,
                    **({"delegated": delegated} if delegated else {}),
                }
            )
        return sorted(found, key=lambda each: str(each["api"]))

    def view(self, application: Json) -> Json:
        """A registration as results and diffs show it."""
        return {
            "id": application.get("id", ""),
            "app_id": application.get("appId", ""),
            "display_name": application["displayName"],
            "sign_in_audience": application.get("signInAudience"),
            "redirect_uris": sorted((application.get("web") or {}).get("redirectUris") or []),
            "api_permissions": self.permissions(application.get("requiredResourceAccess") or []),
        }

    def access(self, wish: Wanted, before: t.Sequence[Json]) -> list[Json]:
        """C(requiredResourceAccess) as it shall be: delegated permissions stay, roles that were not
        asked for stay unless purged."""
        ids = {
            resource.app_id: list(resource.role_ids("api_permissions", roles).values())
            for name, roles in (wish.permissions or {}).items()
            for resource in (self.resource(name, must=True),)
        }
        after = []
        for entry in before:
            asked = ids.pop(entry["resourceAppId"].lower(), [])
            members = [
                each
                for each in entry.get("resourceAccess") or []
                if not wish.purge or each["type"] != ROLE or each["id"].lower() in asked
            ]
            has = {each["id"].lower() for each in members if each["type"] == ROLE}
            members += [{"id": each, "type": ROLE} for each in asked if each not in has]
            if members:
                after.append({"resourceAppId": entry["resourceAppId"], "resourceAccess": members})
        return after + [
            {
                "resourceAppId": app_id,
                "resourceAccess": [{"id": each, "type": ROLE} for each in asked],
            }
            for app_id, asked in ids.items()
            if asked
        ]

    def changes(self, wish: Wanted, found: Json | None) -> Json:
        """What a request has to carry so that the registration is as wanted; empty when it is."""
        had = found or {}
        body: Json = {}
        if wish.display_name and wish.display_name != had.get("displayName"):
            body["displayName"] = wish.display_name
        audience = wish.sign_in_audience or (AUDIENCES[0] if found is None else None)
        if audience and audience != had.get("signInAudience"):
            body["signInAudience"] = audience
        uris = (had.get("web") or {}).get("redirectUris") or []
        if wish.redirect_uris is not None and set(wish.redirect_uris) != set(uris):
            body["web"] = {"redirectUris": list(wish.redirect_uris)}
        access = had.get("requiredResourceAccess") or []
        if wish.permissions is not None and (after := self.access(wish, access)) != access:
            body["requiredResourceAccess"] = after
        return body

    def unmanaged(self, wish: Wanted, shown: Json) -> list[Json]:
        """The application permissions that are on the registration and were not asked for."""
        if wish.permissions is None:
            return []
        extra = [
            {
                "api": each["api"],
                "roles": [
                    role
                    for role in each["roles"]
                    if role not in wish.permissions.get(each["api"], ())
                ],
            }
            for each in shown["api_permissions"]
        ]
        return [each for each in extra if each["roles"]]

    def create(self, body: Json) -> Json:
        """A new registration. When its answer was lost, it is looked for by its name, which nothing
        had a moment before."""
        made: Json | None = None
        lost: DefenderError | None = None
        try:
            made = self.api.write("POST", f"{V1}/applications", body)
        except DefenderError as e:
            if e.category != "outcome_unknown":
                raise
            lost = e
        return _directory.seen(
            self.api,
            lambda: find(self.api, app_id=None, display_name=body["displayName"]),
            made,
            lost,
        )

    def change(self, application: Json, body: Json) -> None:
        """Change a registration; twice is as good as once."""
        _directory.settled(
            self.api,
            lambda: self.api.write(
                "PATCH", f"{V1}/applications/{application['id']}", body, repeatable=True
            ),
        )

    def delete(self, application: Json) -> None:
        """Delete a registration; one that is gone already is as wanted. Entra ID keeps it for 30
        days, where a person can restore it."""
        try:
            self.api.write("DELETE", f"{V1}/applications/{application['id']}", repeatable=True)
        except DefenderError as e:
            if e.category != "not_found":
                raise


def ensure_present(
    api: Api, wish: Wanted, *, app_id: str | None, service_principal: bool, check_mode: bool
) -> Json:
    """The registration as wanted, with its service principal in its own tenant; the result's
    keys."""
    registrar = Registrar(api)
    found = find(api, app_id=app_id, display_name=wish.display_name)
    if found is None and app_id:
        raise absent(api, app_id)
    before = registrar.view(found) if found else {}
    principal = _directory.service_principal(api, found["appId"]) if found else None
    if found:
        before["service_principal"] = bool(principal)
    body = registrar.changes(wish, found)
    application = {**(found or {}), **body}
    if not check_mode:
        if found is None:
            application = {**registrar.create(body), **body}
        elif body:
            registrar.change(found, body)
    made = service_principal and principal is None
    if made and not check_mode:
        principal = _directory.create_service_principal(api, application["appId"])
    shown = registrar.view(application)
    return {
        "changed": bool(body) or made,
        "application": {**shown, "service_principal_id": (principal or {}).get("id", "")},
        "unmanaged_permissions": registrar.unmanaged(wish, shown),
        "diff": {
            "before": before,
            "after": {**shown, "service_principal": bool(principal) or made},
        },
    }


def ensure_absent(
    api: Api, *, app_id: str | None, display_name: str | None, check_mode: bool
) -> Json:
    """No registration with this id or name; the result's keys."""
    registrar = Registrar(api)
    found = _exactly(api, app_id=app_id, display_name=display_name)
    if found is None:
        return {
            "changed": False,
            "application": {},
            "unmanaged_permissions": [],
            "diff": {"before": {}, "after": {}},
        }
    if found["appId"].lower() == api.tenant.options.client_id:
        raise DefenderError(
            "bad_request",
            (
                f"Application {found['displayName']} ({found['appId']}) is the one that this task"
                " authenticates as; it does not delete itself."
            ),
            advice="Run the task with the credential of another application.",
        )
    if not check_mode:
        registrar.delete(found)
    return {
        "changed": True,
        "application": {},
        "unmanaged_permissions": [],
        "diff": {"before": registrar.view(found), "after": {}},
    }
