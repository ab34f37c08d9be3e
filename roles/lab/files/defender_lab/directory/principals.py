# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""/servicePrincipals: the apps and resource APIs that exist in a tenant."""

from __future__ import annotations

from defender_lab.api.routes import Call
from defender_lab.directory.listing import FLAG, GUID, NAME, TEXT, TIME, Collection, listed, single
from defender_lab.directory.refusals import absent, bad, conflict, denied, invalid
from defender_lab.odata.bodies import object_of
from defender_lab.odata.fields import Fields
from defender_lab.service.exchange import Refused, Reply
from defender_lab.tenants import catalogue
from defender_lab.tenants.registrations import Record
from defender_lab.tenants.roster import Principal
from defender_lab.tenants.tenant import Directory, Tenant

TYPE = "microsoft.graph.servicePrincipal"
EVERYTHING = {"Application.ReadWrite.All", "Directory.ReadWrite.All"}
LOCAL_ONLY = (
    "When using this permission, the backing application of the service principal being"
    " created must in the local tenant"
)


class Principals:
    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        shape = self.shown(directory.partner, Principal(directory.house))
        self._properties = frozenset(shape)
        kinds = {
            "displayName": NAME,
            "appId": TEXT,
            "id": TEXT,
            "accountEnabled": FLAG,
            "createdDateTime": TIME,
            "servicePrincipalType": NAME,
        }
        self._collection = Collection(
            "servicePrincipals",
            Fields(TYPE, {**kinds, "appOwnerOrganizationId": GUID}, frozenset({"startswith"})),
            self._properties,
            frozenset({"displayName"}),
        )

    def name(self, app_id: str) -> str:
        """What an app is called; one that is gone from everywhere goes by its id."""
        resource, app = catalogue.BY_APP_ID.get(app_id), self._directory.registrations.find(app_id)
        return resource.name if resource else app.name if app else app_id

    def shown(self, tenant: Tenant, principal: Principal) -> Record:
        resource = catalogue.BY_APP_ID.get(principal.app_id)
        app = self._directory.registrations.find(principal.app_id)
        owner = catalogue.MICROSOFT if resource else app.home if app else None
        home = self._directory.find(owner or "")
        name = self.name(principal.app_id)
        return {
            "id": principal.id,
            "deletedDateTime": None,
            "accountEnabled": principal.enabled,
            "alternativeNames": [],
            "appDisplayName": name,
            "appDescription": None,
            "appId": principal.app_id,
            "applicationTemplateId": None,
            "appOwnerOrganizationId": owner,
            "appRoleAssignmentRequired": False,
            "createdDateTime": principal.created,
            "description": None,
            "disabledByMicrosoftStatus": None,
            "displayName": name,
            "homepage": None,
            "loginUrl": None,
            "logoutUrl": None,
            "notes": principal.notes,
            "notificationEmailAddresses": [],
            "preferredSingleSignOnMode": None,
            "preferredTokenSigningKeyThumbprint": None,
            "replyUrls": list(app.record["web"]["redirectUris"]) if app else [],
            "servicePrincipalNames": [principal.app_id, *(resource.audiences if resource else ())],
            "servicePrincipalType": "Application",
            "signInAudience": "AzureADMultipleOrgs"
            if resource
            else app.record["signInAudience"]
            if app
            else None,
            "tags": principal.tags,
            "tokenEncryptionKeyId": None,
            "addIns": [],
            "appRoles": catalogue.app_roles(resource.key) if resource else [],
            "info": dict.fromkeys(
                (
                    "termsOfServiceUrl",
                    "supportUrl",
                    "privacyStatementUrl",
                    "marketingUrl",
                    "logoUrl",
                )
            ),
            "keyCredentials": [],
            "oauth2PermissionScopes": [],
            "passwordCredentials": [],
            "publisherName": "Microsoft Services" if resource else home.name if home else None,
            "resourceSpecificApplicationPermissions": [],
            "verifiedPublisher": {
                "displayName": None,
                "verifiedPublisherId": None,
                "addedDateTime": None,
            },
        }

    def by_id(self, call: Call) -> Principal:
        return self._visible(call, call.tenant.roster.principals.get(call.parts[0].lower()))

    def by_app_id(self, call: Call) -> Principal:
        return self._visible(call, call.tenant.roster.by_app(call.parts[0].lower()))

    def _visible(self, call: Call, principal: Principal | None) -> Principal:
        if principal is None or not principal.shows():
            raise absent(call.parts[0])
        return principal

    def listed(self, call: Call) -> Reply:
        return listed(
            call,
            self._collection,
            [
                self.shown(call.tenant, principal)
                for principal in call.tenant.roster.principals.values()
                if principal.shows()
            ],
        )

    def got(self, call: Call, principal: Principal) -> Reply:
        return single(
            call, "servicePrincipals", self.shown(call.tenant, principal), TYPE, self._properties
        )

    def created(self, call: Call) -> Reply:
        """Of an app of any tenant, where that app is for several; of a Defender resource where the
        tenant has the product."""
        body, tenant = object_of(call.request), call.tenant
        app_id = str(body.get("appId", "")).lower()
        if not app_id:
            raise bad(
                "A value is required for property 'appId' of resource 'ServicePrincipal'.",
                target="appId",
                detail="PropertyRequired",
            )
        for name in set(body) - {"appId", "accountEnabled", "tags", "notes", "displayName"}:
            raise invalid(name, "ServicePrincipal")
        app, resource = self._directory.registrations.find(app_id), catalogue.BY_APP_ID.get(app_id)
        here = app is not None and app.home == tenant.id
        if not here and not EVERYTHING & set(call.claims.get("roles") or []):
            raise Refused(403, "Authorization_RequestDenied", LOCAL_ONLY)
        licensed = resource is not None and (resource.key == "graph" or tenant.provisioned)
        if not licensed and not (app and (here or app.several_tenants)):
            text = (
                f"The appId '{app_id}' of the service principal does not reference a valid"
                " application object."
            )
            raise bad(text, target="appId", detail="NoBackingApplicationObject")
        if tenant.roster.by_app(app_id):
            text = (
                "The service principal cannot be created, updated, or restored because the"
                " service principal name"
            )
            raise conflict(f"{text} {app_id} is already in use.", target="servicePrincipalNames")
        principal = Principal(app_id)
        _write(principal, body)
        tenant.lag.on(principal)
        tenant.roster.add(principal)
        objects = f"{call.request.base}/v2/{tenant.id}/directoryObjects"
        kind = "Microsoft.DirectoryServices.ServicePrincipal"
        where = {"Location": f"{objects}/{principal.id}/{kind}"}
        return single(
            call,
            "servicePrincipals",
            self.shown(tenant, principal),
            TYPE,
            self._properties,
            201,
            where,
        )

    def changed(self, call: Call, principal: Principal) -> Reply:
        body = object_of(call.request)
        for name in set(body) - {"accountEnabled", "tags", "notes"}:
            raise invalid(name, "ServicePrincipal")
        _write(self._allowed(call, principal), body)
        call.tenant.roster.version += 1
        return Reply(204)

    def removed(self, call: Call, principal: Principal) -> Reply:
        call.tenant.roster.remove(self._allowed(call, principal))
        return Reply(204)

    def _allowed(self, call: Call, principal: Principal) -> Principal:
        """A role for owners only is good for the principals of the caller's own apps."""
        roles = call.claims.get("roles") or []
        app = self._directory.registrations.find(principal.app_id)
        if not EVERYTHING & set(roles) and (app is None or call.claims["appid"] not in app.owners):
            raise denied((), roles)
        return principal


def _write(principal: Principal, body: Record) -> None:
    if not isinstance(body.get("accountEnabled", True), bool):
        raise invalid("accountEnabled", "ServicePrincipal")
    tags = body.get("tags", principal.tags)
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise invalid("tags", "ServicePrincipal")
    principal.enabled, principal.tags, principal.notes = (
        body.get("accountEnabled", principal.enabled),
        tags,
        body.get("notes", principal.notes),
    )
