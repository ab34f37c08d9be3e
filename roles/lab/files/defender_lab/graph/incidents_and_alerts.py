# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two Graph security collections in the lab: incidents and alerts_v2."""

from __future__ import annotations

from defender_lab.graph.entities import Entities
from defender_lab.graph.kinds import ALERT_CHANGES, ALERT_FIELDS, INCIDENT_CHANGES, INCIDENT_FIELDS
from defender_lab.odata.options import Listing
from defender_lab.store import Record, Shelf


def _with_alerts(shelf: Shelf, incident: Record) -> Record:
    return {**incident, "alerts": shelf.by_incident.get(incident["id"], [])}


def _as_it_is(shelf: Shelf, row: Record) -> Record:
    return row


INCIDENTS = Entities(
    path="security/incidents",
    noun="Incident",
    listing=Listing(
        fields=INCIDENT_FIELDS,
        allowed=frozenset({"$count", "$filter", "$skip", "$top", "$expand", "$orderby"}),
        most=50,
        page=50,
        orders=frozenset({"createdDateTime", "lastUpdateDateTime"}),
        expands=frozenset({"alerts"}),
    ),
    changes=INCIDENT_CHANGES,
    rows=lambda shelf: shelf.incidents,
    find=Shelf.incident,
    expanded=_with_alerts,
)

# no page says how many alerts come without $top, nor how many may be asked for; 2000 is what a
# public client asks for
ALERTS = Entities(
    path="security/alerts_v2",
    noun="Alert",
    listing=Listing(
        fields=ALERT_FIELDS,
        allowed=frozenset({"$count", "$filter", "$skip", "$top"}),
        most=2000,
        page=100,
    ),
    changes=ALERT_CHANGES,
    rows=lambda shelf: shelf.alerts,
    find=Shelf.alert,
    expanded=_as_it_is,
)
