# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""XDR incidents: list, get, update. The data is Graph's; only the format differs."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from defender_lab.api.defender import incorrect_body
from defender_lab.api.routes import Call
from defender_lab.odata.fields import Fields, Kind
from defender_lab.odata.options import BadOption, Listing, cut
from defender_lab.service import instants
from defender_lab.service.exchange import Refused, Reply, as_json, dumped
from defender_lab.store import CLASSIFICATIONS, DETERMINATIONS, Record, Shelf
from defender_lab.xdr import vocabulary

LISTING = Listing(
    fields=Fields(
        "Microsoft.Mtp.Incident",
        MappingProxyType(
            {
                "assignedTo": Kind("text"),
                "createdTime": Kind("time"),
                "lastUpdateTime": Kind("time"),
                "status": Kind(
                    "Microsoft.Mtp.IncidentStatus",
                    frozenset({"active", "inprogress", "resolved", "redirected"}),
                ),
            }
        ),
    ),
    allowed=frozenset({"$filter", "$skip", "$top"}),
    most=100,
    page=100,
)
KIND = "application/json; odata.metadata=minimal"

STATUSES: Mapping[str, str] = MappingProxyType(
    {"active": "active", "inprogress": "inProgress", "resolved": "resolved"}
)
CLASSES: Mapping[str, str] = MappingProxyType({name.lower(): name for name in CLASSIFICATIONS})
# the reference pages disagree on spellings, so both are taken
REASONS: Mapping[str, str] = MappingProxyType(
    {
        **{name.lower(): name for name in DETERMINATIONS},
        "clean": "notMalicious",
        "compromiseduser": "compromisedAccount",
        "confirmeduseractivity": "confirmedActivity",
        "insufficientdata": "notEnoughDataToValidate",
        "noenoughdatatovalidate": "notEnoughDataToValidate",
        "notavailable": "unknown",
    }
)


def _as_xdr(shelf: Shelf, row: Record) -> Record:
    return vocabulary.incident(row, shelf.by_incident.get(row["id"], []))


def listed(call: Call) -> Reply:
    shelf, request = call.shelf, call.request

    def make() -> bytes:
        rows = shelf.kept("xdr-rows", lambda: [_as_xdr(shelf, row) for row in shelf.incidents])
        try:
            unused, page = cut(request.query, LISTING, rows)
        except BadOption as bad:
            raise Refused(400, "ODataError", str(bad)) from None
        return dumped(
            {"@odata.context": f"{request.base}/api/$metadata#Incidents", "value": page.rows}
        )

    return Reply(
        200,
        shelf.kept(("xdr-incidents", request.host, request.query), make),
        {"Content-Type": KIND},
    )


def got(call: Call) -> Reply:
    return _entity(call, _row_of(call))


def _row_of(call: Call) -> Record:
    row = call.shelf.incident(call.parts[0])
    if row is None:
        raise Refused(404, "ResourceNotFound", f"Incident {call.parts[0]} was not found")
    return row


def _entity(call: Call, row: Record) -> Reply:
    context = {"@odata.context": f"{call.request.base}/api/$metadata#Incidents/$entity"}
    return as_json(200, {**context, **_as_xdr(call.shelf, row)}, kind=KIND)


def changed(call: Call) -> Reply:
    """PATCH: tags are replaced, a comment is added."""
    row = _row_of(call)
    try:
        body = call.request.json()
    except (ValueError, LookupError):
        body = None
    if not isinstance(body, dict) or not body:
        raise incorrect_body()
    new: Record = {}
    for name, value in body.items():
        new.update(_change(name, value, row, call.actor))
    row.update(new, lastUpdateDateTime=instants.now())
    call.shelf.changed()
    return _entity(call, row)


def _change(name: str, value: object, row: Record, actor: str) -> Record:
    if name == "tags" and isinstance(value, list) and all(isinstance(tag, str) for tag in value):
        return {"customTags": value}
    if name == "assignedTo" and (value is None or isinstance(value, str)):
        return {"assignedTo": value}
    if name == "comment" and isinstance(value, str):
        added = {"comment": value, "createdByDisplayName": actor, "createdDateTime": instants.now()}
        return {"comments": [*row.get("comments", []), added]}
    words = {"status": STATUSES, "classification": CLASSES, "determination": REASONS}.get(name)
    if words is not None and isinstance(value, str) and value.lower() in words:
        return {name: words[value.lower()]}
    raise incorrect_body()
