# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Machine actions and investigations: list, get, cancel, and the package of a collection."""

from __future__ import annotations

import io
import typing as t
import zipfile
from collections.abc import Mapping
from types import MappingProxyType

from defender_lab.api.routes import Call, missing_roles
from defender_lab.endpoint.bodies import collection, entity, members, no_action, page, text
from defender_lab.endpoint.downloads import Downloads
from defender_lab.endpoint.machines import PREFIX
from defender_lab.endpoint.response_actions import ROLE_OF_TYPE, shown
from defender_lab.estate.estate import Estate
from defender_lab.estate.operations import TYPES
from defender_lab.odata.fields import Fields, Kind
from defender_lab.odata.options import Listing
from defender_lab.service import instants
from defender_lab.service.exchange import Refused, Reply

Record = dict[str, t.Any]

STATUSES = frozenset({"pending", "inprogress", "succeeded", "failed", "timeout", "cancelled"})
KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "id": Kind("text"),
        "status": Kind(f"{PREFIX}machineActionStatus", STATUSES),
        "machineId": Kind("text"),
        "type": Kind(f"{PREFIX}machineActionType", frozenset(name.lower() for name in TYPES)),
        "requestor": Kind("text"),
        "creationDateTimeUtc": Kind("time"),
    }
)
LISTING = Listing(
    fields=Fields(f"{PREFIX}machineAction", KINDS),
    allowed=frozenset({"$filter", "$skip", "$top"}),
    most=10_000,
    page=10_000,
)
INVESTIGATIONS = Listing(
    fields=Fields(
        f"{PREFIX}investigation",
        {
            "id": Kind("text"),
            "machineId": Kind("text"),
            "startTime": Kind("time"),
            "state": Kind("text"),
            "triggeringAlertId": Kind("text"),
        },
    ),
    allowed=frozenset({"$filter", "$skip", "$top"}),
    most=10_000,
    page=10_000,
)
ENTITY = "MachineActions/$entity"
PACKAGE = "/safedownload/WDATP_Investigation_Package.zip"


def listed(call: Call, estate: Estate) -> Reply:
    rows = page(call, LISTING, estate.actions())
    return collection(call, "MachineActions", [shown(row) for row in rows])


def action_of(call: Call, estate: Estate) -> Record:
    action = estate.action(call.parts[0])
    if action is None:
        raise no_action(call.parts[0])
    return action


def got(call: Call, estate: Estate) -> Reply:
    return entity(call, ENTITY, shown(action_of(call, estate)))


def cancelled(call: Call, estate: Estate) -> Reply:
    """Only what is pending can be cancelled. The page says: what has not ended; the lab takes the
    stricter reading, because a device cannot give back what it has begun."""
    action = action_of(call, estate)
    role = ROLE_OF_TYPE[action["type"]]
    roles: list[t.Any] = call.claims.get("roles") or []
    if role not in roles:
        raise missing_roles((role,), roles)
    comment = text(members(call.request, ("Comment",)), "Comment")
    if action["status"] != "Pending":
        raise Refused(
            400,
            "BadRequest",
            f"Machine action {action['id']} is in status {action['status']} and cannot be"
            " cancelled.",
        )
    now = instants.now()
    action.update(
        status="Cancelled",
        cancellationRequestor=call.actor,
        cancellationComment=comment,
        cancellationDateTimeUtc=now,
        lastUpdateDateTimeUtc=now,
    )
    return entity(call, ENTITY, shown(action))


def package_uri(call: Call, estate: Estate, downloads: Downloads) -> Reply:
    """The value is a text in quotes, as the service writes it. Until there is a package, and for
    an action that collects none, there is nothing to be found."""
    action = action_of(call, estate)
    if action["type"] != "CollectInvestigationPackage" or action["status"] != "Succeeded":
        raise Refused(
            404, "ResourceNotFound", f"Package of machine action {action['id']} was not found"
        )
    token = downloads.token(PACKAGE, _package(action), "application/zip")
    url = f"{call.request.base}{PACKAGE}?token={token}"
    return entity(call, "Edm.String", {"value": f'"{url}"'})


def _package(action: Record) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as package:
        package.writestr("Autoruns/run_keys.txt", f"Device {action['computerDnsName']}\n")
        package.writestr("Forensics Collection Summary.txt", f"Action {action['id']}\n")
    return content.getvalue()


def investigations(call: Call, estate: Estate) -> Reply:
    return collection(call, "Investigations", page(call, INVESTIGATIONS, estate.investigations()))


def investigation(call: Call, estate: Estate) -> Reply:
    key = call.parts[0]
    investigation = next((row for row in estate.investigations() if row["id"] == key), None)
    if investigation is None:
        raise Refused(404, "ResourceNotFound", f"Investigation {key} was not found")
    return entity(call, "Investigations/$entity", investigation)
