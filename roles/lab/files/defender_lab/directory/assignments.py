# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""appRoleAssignments and appRoleAssignedTo: the same grants, listed by principal and by
resource."""

from __future__ import annotations

from defender_lab.api.routes import Call
from defender_lab.directory.listing import GUID, NAME, TIME, Collection, listed, single
from defender_lab.directory.principals import Principals
from defender_lab.directory.refusals import absent, bad
from defender_lab.odata.bodies import object_of
from defender_lab.odata.fields import Fields
from defender_lab.service.exchange import Reply
from defender_lab.tenants import catalogue
from defender_lab.tenants.registrations import Record
from defender_lab.tenants.roster import Assignment, Principal

TYPE = "microsoft.graph.appRoleAssignment"
NAMES = (
    "id",
    "deletedDateTime",
    "appRoleId",
    "createdDateTime",
    "principalDisplayName",
    "principalId",
    "principalType",
    "resourceDisplayName",
    "resourceId",
)
KINDS = {
    "appRoleId": GUID,
    "resourceId": GUID,
    "principalId": GUID,
    "principalDisplayName": NAME,
    "createdDateTime": TIME,
}
COLLECTION = Collection(
    "appRoleAssignments", Fields(TYPE, KINDS, frozenset({"startswith"})), frozenset(NAMES)
)
NOBODYS_ROLE = "00000000-0000-0000-0000-000000000000"


class Assignments:
    def __init__(self, principals: Principals) -> None:
        self._principals = principals

    def shown(self, call: Call, each: Assignment) -> Record:
        known = call.tenant.roster.principals
        return dict(
            zip(
                NAMES,
                (
                    each.id,
                    None,
                    each.role,
                    each.created,
                    self._principals.name(known[each.principal].app_id),
                    each.principal,
                    "ServicePrincipal",
                    self._principals.name(known[each.resource].app_id),
                    each.resource,
                ),
                strict=True,
            )
        )

    def of(self, call: Call, principal: Principal) -> Reply:
        return self._list(
            call,
            [
                one
                for one in call.tenant.roster.assignments.values()
                if one.principal == principal.id
            ],
        )

    def to(self, call: Call, resource: Principal) -> Reply:
        return self._list(
            call,
            [one for one in call.tenant.roster.assignments.values() if one.resource == resource.id],
        )

    def _list(self, call: Call, found: list[Assignment]) -> Reply:
        return listed(call, COLLECTION, [self.shown(call, each) for each in found if each.shows()])

    def got(self, call: Call, holder: Principal) -> Reply:
        return single(
            call,
            "appRoleAssignments",
            self.shown(call, self._found(call, holder)),
            TYPE,
            frozenset(NAMES),
        )

    def created(self, call: Call, holder: Principal) -> Reply:
        """``holder`` is the principal of the path: who is given the role, or whose role it is."""
        body, roster = object_of(call.request), call.tenant.roster
        side = "resourceId" if call.request.path.endswith("appRoleAssignedTo") else "principalId"
        ids = {}
        for name in ("principalId", "resourceId", "appRoleId"):
            value = body.get(name)
            if not isinstance(value, str) or not value:
                raise bad(
                    f"A value is required for property '{name}' of resource 'AppRoleAssignment'.",
                    target=name,
                    detail="PropertyRequired",
                )
            ids[name] = value.lower()
        if holder.id != ids[side]:
            raise bad("Not a valid reference update.")
        sides = []
        for name in ("principalId", "resourceId"):
            found = roster.principals.get(ids[name])
            # the holder was looked at when the path was read
            if found is None or (found is not holder and not found.shows()):
                raise absent(ids[name])
            sides.append(found)
        principal, resource = sides
        known = catalogue.BY_APP_ID.get(resource.app_id)
        if ids["appRoleId"] != NOBODYS_ROLE and (
            known is None or ids["appRoleId"] not in catalogue.VALUES[known.key]
        ):
            raise bad(
                "Permission being assigned was not found on application", detail="InvalidUpdate"
            )
        if roster.given(principal, resource, ids["appRoleId"]):
            raise bad(
                "Permission being assigned already exists on the object", detail="InvalidUpdate"
            )
        made = roster.give(principal, resource, ids["appRoleId"])
        call.tenant.lag.on(made)
        context = f"servicePrincipals('{holder.id}')/{call.request.path.rpartition('/')[2]}"
        return single(call, context, self.shown(call, made), TYPE, frozenset(NAMES), 201)

    def removed(self, call: Call, holder: Principal) -> Reply:
        call.tenant.roster.take(self._found(call, holder))
        return Reply(204)

    def _found(self, call: Call, holder: Principal) -> Assignment:
        found = call.tenant.roster.assignments.get(call.parts[1])
        if found is None or holder.id not in (found.principal, found.resource) or not found.shows():
            raise absent(call.parts[1])
        return found
