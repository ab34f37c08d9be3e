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

    def shown(self, call: Call, assignment: Assignment) -> Record:
        principals = call.tenant.roster.principals
        return dict(
            zip(
                NAMES,
                (
                    assignment.id,
                    None,
                    assignment.role,
                    assignment.created,
                    self._principals.name(principals[assignment.principal].app_id),
                    assignment.principal,
                    "ServicePrincipal",
                    self._principals.name(principals[assignment.resource].app_id),
                    assignment.resource,
                ),
                strict=True,
            )
        )

    def of(self, call: Call, principal: Principal) -> Reply:
        return self._list(
            call,
            [
                assignment
                for assignment in call.tenant.roster.assignments.values()
                if assignment.principal == principal.id
            ],
        )

    def to(self, call: Call, resource: Principal) -> Reply:
        return self._list(
            call,
            [
                assignment
                for assignment in call.tenant.roster.assignments.values()
                if assignment.resource == resource.id
            ],
        )

    def _list(self, call: Call, assignments: list[Assignment]) -> Reply:
        return listed(
            call,
            COLLECTION,
            [self.shown(call, assignment) for assignment in assignments if assignment.shows()],
        )

    def got(self, call: Call, holder: Principal) -> Reply:
        return single(
            call,
            "appRoleAssignments",
            self.shown(call, self._assignment(call, holder)),
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
            candidate = roster.principals.get(ids[name])
            # the holder was looked at when the path was read
            if candidate is None or (candidate is not holder and not candidate.shows()):
                raise absent(ids[name])
            sides.append(candidate)
        principal, resource = sides
        published = catalogue.BY_APP_ID.get(resource.app_id)
        if ids["appRoleId"] != NOBODYS_ROLE and (
            published is None or ids["appRoleId"] not in catalogue.VALUES[published.key]
        ):
            raise bad(
                "Permission being assigned was not found on application", detail="InvalidUpdate"
            )
        if roster.assignment_of(principal, resource, ids["appRoleId"]):
            raise bad(
                "Permission being assigned already exists on the object", detail="InvalidUpdate"
            )
        made = roster.give(principal, resource, ids["appRoleId"])
        call.tenant.lag.on(made)
        context = f"servicePrincipals('{holder.id}')/{call.request.path.rpartition('/')[2]}"
        return single(call, context, self.shown(call, made), TYPE, frozenset(NAMES), 201)

    def removed(self, call: Call, holder: Principal) -> Reply:
        call.tenant.roster.take(self._assignment(call, holder))
        return Reply(204)

    def _assignment(self, call: Call, holder: Principal) -> Assignment:
        assignment = call.tenant.roster.assignments.get(call.parts[1])
        if (
            assignment is None
            or holder.id not in (assignment.principal, assignment.resource)
            or not assignment.shows()
        ):
            raise absent(call.parts[1])
        return assignment
