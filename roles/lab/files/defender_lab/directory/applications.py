# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""/applications: the app registrations of a tenant, and which properties can be written."""

from __future__ import annotations

import re
import typing as t

from defender_lab.api.routes import Call
from defender_lab.directory import keys
from defender_lab.directory.listing import (
    FLAG,
    NAME,
    TEXT,
    TIME,
    Collection,
    chosen_names,
    listed,
    single,
)
from defender_lab.directory.refusals import absent, bad, denied, invalid
from defender_lab.odata.bodies import object_of
from defender_lab.odata.fields import Fields
from defender_lab.service.exchange import NotInTheLab, Reply
from defender_lab.tenants.registrations import (
    Password,
    Record,
    Registration,
    Registrations,
    new_record,
)

TYPE = "microsoft.graph.application"
AUDIENCES = (
    "AzureADMyOrg",
    "AzureADMultipleOrgs",
    "AzureADandPersonalMicrosoftAccount",
    "PersonalMicrosoftAccount",
)
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
PROPERTIES = frozenset(new_record("", "")) | {"keyCredentials", "passwordCredentials"}
APPLICATIONS = Collection(
    "applications",
    Fields(
        TYPE,
        {
            "displayName": NAME,
            "appId": TEXT,
            "id": TEXT,
            "signInAudience": NAME,
            "createdDateTime": TIME,
            "publisherDomain": NAME,
            "isFallbackPublicClient": FLAG,
        },
        frozenset({"startswith"}),
    ),
    PROPERTIES,
    frozenset({"displayName", "createdDateTime"}),
)
# what a client may set; the rest of an application's properties is refused or not in the lab
TEXTS = (
    "description",
    "notes",
    "serviceManagementReference",
    "groupMembershipClaims",
    "uniqueName",
)
LISTS = ("tags", "identifierUris")
OBJECTS = ("api", "info", "parentalControlSettings", "publicClient", "spa", "web", "optionalClaims")
READ_ONLY = (
    "id",
    "appId",
    "createdDateTime",
    "deletedDateTime",
    "publisherDomain",
    "disabledByMicrosoftStatus",
)


class Applications:
    def __init__(self, registrations: Registrations) -> None:
        self.registrations = registrations

    def by_id(self, call: Call) -> Registration:
        return self._shown(
            call,
            next(
                (
                    app
                    for app in self.registrations.of(call.tenant.id)
                    if app.id == call.parts[0].lower()
                ),
                None,
            ),
        )

    def by_app_id(self, call: Call) -> Registration:
        app = self.registrations.find(call.parts[0])
        return self._shown(call, app if app and app.home == call.tenant.id else None)

    def _shown(self, call: Call, app: Registration | None) -> Registration:
        if app is None or not app.shows():
            raise absent(call.parts[0])
        return app

    def owned(self, call: Call, app: Registration) -> Registration:
        """The app, if the caller may change it: a role for owners only is good for what the caller
        owns."""
        roles = call.claims.get("roles") or []
        if (
            not {"Application.ReadWrite.All", "Directory.ReadWrite.All"} & set(roles)
            and call.claims["appid"] not in app.owners
        ):
            raise denied((), roles)
        return app

    def listed(self, call: Call) -> Reply:
        return listed(
            call,
            APPLICATIONS,
            [app.shown() for app in self.registrations.of(call.tenant.id) if app.shows()],
        )

    def got(self, call: Call, app: Registration) -> Reply:
        return single(
            call,
            "applications",
            app.shown(keys="keyCredentials" in chosen_names(call)),
            TYPE,
            PROPERTIES,
        )

    def created(self, call: Call) -> Reply:
        body = object_of(call.request)
        if not body.get("displayName"):
            raise bad(
                "A value is required for property 'displayName' of resource 'Application'.",
                target="displayName",
                detail="PropertyRequired",
            )
        if body.get("passwordCredentials"):
            raise NotInTheLab("a new application with passwordCredentials")
        app = Registration(call.tenant.id, new_record("", call.tenant.domain))
        self._write(app, body)
        app.owners.add(str(call.claims["appid"]))
        call.tenant.lag.on(app)
        self.registrations.add(app)
        objects = f"{call.request.base}/v2/{call.tenant.id}/directoryObjects"
        where = {"Location": f"{objects}/{app.id}/Microsoft.DirectoryServices.Application"}
        return single(call, "applications", app.shown(), TYPE, PROPERTIES, 201, where)

    def changed(self, call: Call, app: Registration) -> Reply:
        self._write(self.owned(call, app), object_of(call.request))
        return Reply(204)

    def removed(self, call: Call, app: Registration) -> Reply:
        """The registration and its service principal at home; principals in other tenants stay, and
        get no token any more."""
        self.registrations.remove(self.owned(call, app))
        principal = call.tenant.roster.by_app(app.app_id)
        if principal:
            call.tenant.roster.remove(principal)
        return Reply(204)

    def _write(self, app: Registration, body: Record) -> None:
        """All of it or nothing."""
        new: Record = {}
        for name, value in body.items():
            if name.startswith("@") or name in ("keyCredentials", "passwordCredentials"):
                continue
            if name in READ_ONLY:
                raise bad(
                    f"Property '{name}' is read-only and cannot be set.",
                    target=name,
                    detail="ReadOnlyProperty",
                )
            new[name] = _checked(name, value, app.record)
        added = (
            keys.replaced(app, body["keyCredentials"])
            if body.get("keyCredentials") is not None
            else app.keys
        )
        secrets = app.passwords
        if body.get("passwordCredentials") is not None:
            secrets = _remaining(app, body["passwordCredentials"])
        app.passwords = secrets
        app.keys = added
        app.record.update(new)


def _remaining(app: Registration, passwords: t.Any) -> list[Password]:
    """A list of secrets can take some away; a new one is made by addPassword alone."""
    ids = (
        [password.get("keyId") if isinstance(password, dict) else None for password in passwords]
        if isinstance(passwords, list)
        else [None]
    )
    if set(ids) - {password.record["keyId"] for password in app.passwords}:
        raise invalid("passwordCredentials", "Application")
    return [password for password in app.passwords if password.record["keyId"] in ids]


def _checked(name: str, value: t.Any, record: Record) -> t.Any:
    wrong = invalid(name, "Application")
    if name == "displayName":
        if not isinstance(value, str) or not 0 < len(value) <= 256:
            raise wrong
    elif name == "signInAudience":
        if value not in AUDIENCES:
            raise wrong
    elif name == "isFallbackPublicClient":
        if value is not None and not isinstance(value, bool):
            raise wrong
    elif name == "requiredResourceAccess":
        return _access(value)
    elif name in TEXTS:
        if value is not None and not isinstance(value, str):
            raise wrong
    elif name in LISTS:
        if not isinstance(value, list) or not all(isinstance(member, str) for member in value):
            raise wrong
    elif name in OBJECTS:
        if value is not None and not isinstance(value, dict):
            raise wrong
        if name in ("web", "spa", "publicClient"):
            return {**record[name], **_redirects(name, value or {})}
    else:
        raise (
            bad(f"Invalid property '{name}'.", target=name, detail="InvalidProperty")
            if name not in PROPERTIES
            else wrong
        )
    return value


def _redirects(name: str, value: Record) -> Record:
    uris = value.get("redirectUris", [])
    if not isinstance(uris, list) or not all(
        isinstance(uri, str) and re.match(r"[a-z][a-z0-9+.-]*://\S+$", uri) for uri in uris
    ):
        raise invalid(f"{name}.redirectUris", "Application")
    if name == "web" and any(
        not uri.startswith("https://") and not re.match(r"http://(localhost|127\.0\.0\.1)\b", uri)
        for uri in uris
    ):
        raise invalid("web.redirectUris", "Application")
    return value


def _access(value: t.Any) -> t.Any:
    """Shapes only: Entra takes GUIDs of roles that no resource has, and finds out at the
    consent."""
    wrong = invalid("requiredResourceAccess", "Application")
    if not isinstance(value, list):
        raise wrong
    app_ids: set[str] = set()
    for entry in value:
        app_id, accesses = (
            (entry.get("resourceAppId"), entry.get("resourceAccess"))
            if isinstance(entry, dict)
            else (None, None)
        )
        if not GUID.fullmatch(str(app_id)) or not isinstance(accesses, list):
            raise wrong
        if str(app_id).lower() in app_ids:
            text = f"Property requiredResourceAccess has a duplicate resourceAppId '{app_id}'."
            raise bad(text, target="requiredResourceAccess", detail="DuplicateValue")
        app_ids.add(str(app_id).lower())
        for access in accesses:
            if (
                not isinstance(access, dict)
                or not GUID.fullmatch(str(access.get("id")))
                or access.get("type") not in ("Role", "Scope")
            ):
                raise wrong
    return value
