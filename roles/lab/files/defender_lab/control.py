# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's control routes under /_lab/: read the journal, inject faults, advance the clock, change
consent, incidents and devices."""

from __future__ import annotations

import hmac
import typing as t
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs

from defender_lab.entra.consent import Consents, Decision
from defender_lab.estate.direction import direct
from defender_lab.service import instants
from defender_lab.service.clock import Clock
from defender_lab.service.exchange import Refused, Reply, Request, as_json
from defender_lab.service.faults import NAMES, Faults
from defender_lab.service.journal import Journal
from defender_lab.service.quota import Quotas
from defender_lab.store import Record, Shelf, Store
from defender_lab.tenants.personalities import BY_NAME
from defender_lab.tenants.registrations import Lag
from defender_lab.tenants.resources import RESOURCES
from defender_lab.tenants.tenant import Directory, Tenant

Answer = dict[str, t.Any]


class Control:
    """Every route wants the admin key of lab.json in the header ``X-Lab-Key``."""

    def __init__(
        self,
        admin_key: str,
        clock: Clock,
        directory: Directory,
        consents: Consents,
        store: Store,
        journal: Journal,
        faults: Faults,
        quotas: Quotas,
    ) -> None:
        self._key = admin_key
        self._consents = consents
        self._clock = clock
        self._directory = directory
        self._store = store
        self._journal = journal
        self._faults = faults
        self._quotas = quotas
        self._routes: Mapping[tuple[str, str], Callable[[Request], Answer]] = {
            ("GET", "/_lab/journal"): self._read_journal,
            ("GET", "/_lab/stories"): self._stories,
            ("GET", "/_lab/tenants"): self._tenants,
            ("POST", "/_lab/faults"): self._add_fault,
            ("DELETE", "/_lab/faults"): self._clear_faults,
            ("POST", "/_lab/clock"): self._advance,
            ("POST", "/_lab/consent"): self._consent,
            ("POST", "/_lab/administrator"): self._administrator,
            ("POST", "/_lab/consistency"): self._consistency,
            ("POST", "/_lab/incidents"): self._incidents,
            ("POST", "/_lab/devices"): self._devices,
        }

    def answer(self, request: Request) -> Reply:
        try:
            if not hmac.compare_digest(
                request.headers.get("X-Lab-Key", "").encode(), self._key.encode()
            ):
                raise Refused(403, "Forbidden", "X-Lab-Key must contain the admin_key of lab.json.")
            handler = self._routes.get((request.method, request.path))
            if handler is None:
                raise Refused(
                    404, "NotFound", f"{request.method} {request.path} is not a control route."
                )
            return as_json(200, handler(request))
        except (KeyError, TypeError, ValueError) as mistake:
            return as_json(
                400,
                {
                    "error": {
                        "code": "BadRequest",
                        "message": f"{type(mistake).__name__}: {mistake}",
                    }
                },
            )
        except Refused as refused:
            return as_json(
                refused.status, {"error": {"code": refused.code, "message": refused.message}}
            )

    def _read_journal(self, request: Request) -> Answer:
        since = int(parse_qs(request.query).get("since", ["0"])[0])
        return {"value": self._journal.since(since)}

    def _tenants(self, request: Request) -> Answer:
        rows = [
            {
                "id": tenant.id,
                "host": tenant.host,
                "personality": tenant.personality.name,
                "consented": tenant.consented,
                "provisioned": tenant.provisioned,
                "roles": tenant.granted,
                "clicks": tenant.clicks,
            }
            for tenant in self._directory.everybody()
        ]
        return {"value": rows}

    def _stories(self, request: Request) -> Answer:
        """What the world planted where: the truth a hunt over the fleet has to find."""
        stories = [
            {
                "name": story.name,
                "tenants": story.tenants,
                "tables": story.tables,
                "indicators": dict(story.indicators),
                "incidents": dict(story.incidents),
            }
            for story in self._store.world.stories
        ]
        return {"value": stories}

    def _add_fault(self, request: Request) -> Answer:
        body = _object(request, NAMES)
        if body.get("tenant"):
            body["tenant"] = self._tenant(body).id
        self._faults.add(**body)
        return {}

    def _clear_faults(self, request: Request) -> Answer:
        self._faults.clear()
        return {}

    def _advance(self, request: Request) -> Answer:
        self._clock.advance(float(_object(request, frozenset({"advance"}))["advance"]))
        return {"quota_clock": self._clock.quota()}

    def _consent(self, request: Request) -> Answer:
        """``personality`` first, then the single settings on top of it. ``roles`` replaces the
        grants of the resources it names."""
        body = _object(
            request,
            frozenset(
                {"tenant", "personality", "consented", "provisioned", "roles", "resources_absent"}
            ),
        )
        tenant = self._tenant(body)
        if "personality" in body:
            if body["personality"] not in BY_NAME:
                raise Refused(
                    400, "BadRequest", f"personality must be one of {', '.join(BY_NAME)}."
                )
            tenant.assume(BY_NAME[body["personality"]])
            self._quotas.forget(tenant.id)
        if "resources_absent" in body:
            tenant.lacks(body["resources_absent"])
        if "consented" in body:
            tenant.consent(bool(body["consented"]))
        tenant.provisioned = bool(body.get("provisioned", tenant.provisioned))
        for resource, roles in body.get("roles", {}).items():
            if resource not in RESOURCES:
                raise Refused(
                    400, "BadRequest", f"The keys of roles must be from {', '.join(RESOURCES)}."
                )
            tenant.roster.set_roles(tenant.house, resource, roles)
        tenant.consent_version += 1
        return {"tenant": tenant.id, "consented": tenant.consented, "roles": tenant.granted}

    def _administrator(self, request: Request) -> Answer:
        """The customer's administrator opens ``link``, or the plain link of ``client_id``, and
        clicks: at once, or ``after`` so many token requests."""
        body = _object(request, frozenset({"tenant", "client_id", "link", "decision", "after"}))
        tenant, accept = (
            self._tenant(body),
            {"accept": True, "decline": False}[body.get("decision", "accept")],
        )
        request_ = (
            self._consents.by_link(body["link"])
            if body.get("link")
            else self._consents.plain(tenant, str(body.get("client_id") or tenant.house))
        )
        content = {"tenant": tenant.id, "client_id": request_.app.app_id}
        if body.get("after") is not None:
            tenant.decisions.append(Decision(request_, accept, _natural(body["after"])))
            return {**content, "waiting": len(tenant.decisions)}
        return {**content, "redirect": self._consents.decide(tenant, request_, accept=accept)}

    def _consistency(self, request: Request) -> Answer:
        """From now on what is made in this tenant's directory is not there yet for its next
        ``reads`` readers and ``tokens`` token requests."""
        body = _object(request, frozenset({"tenant", "reads", "tokens"}))
        tenant = self._tenant(body)
        tenant.lag = Lag(_natural(body.get("reads", 0)), _natural(body.get("tokens", 0)))
        return {"tenant": tenant.id, "reads": tenant.lag.reads, "tokens": tenant.lag.tokens}

    def _incidents(self, request: Request) -> Answer:
        """``incidents``: Graph objects; a known id is updated, another one created from the newest
        incident as a pattern. ``delete``: ids. ``alerts``: members for the alerts that their ids
        or, for all of them, their incidents name. ``order``: by which time both APIs sort."""
        body = _object(request, frozenset({"tenant", "incidents", "delete", "alerts", "order"}))
        shelf = self._store.shelf(self._tenant(body).id)
        gone = set(body.get("delete", ()))
        shelf.incidents = [incident for incident in shelf.incidents if incident["id"] not in gone]
        for changes in body.get("incidents", ()):
            incident = shelf.incident(str(changes.get("id", "")))
            if incident is not None:
                incident.update({"lastUpdateDateTime": instants.now(), **changes})
            else:
                shelf.incidents.append(_new(changes, shelf))
        for changes in body.get("alerts", ()):
            for alert in shelf.alerts:
                if (
                    changes.get("id", alert["id"]) == alert["id"]
                    and changes.get("incidentId", alert["incidentId"]) == alert["incidentId"]
                ):
                    alert.update(changes)
        shelf.order = {
            "": shelf.order,
            "createdDateTime": "createdDateTime",
            "lastUpdateDateTime": "lastUpdateDateTime",
        }[body.get("order", "")]
        shelf.changed()
        return {"count": len(shelf.incidents), "version": shelf.version}

    def _devices(self, request: Request) -> Answer:
        """``devices``: members to set on the machines that their ``id`` or ``name`` finds.
        ``actions``: how the next actions go, on ``device`` or on all that have no course of their
        own: ``pending`` and ``running`` seconds of the quota clock (default 1 and 1), ``outcome``
        (Succeeded, Failed, TimeOut), ``error`` text, ``hold`` (stays open until cancelled or
        expired), ``command`` (the index of the live-response command that fails); what is left out
        has its default again. ``add``: machine actions of somebody else, by ``machineId``, ``type``
        and any other member."""
        body = _object(request, frozenset({"tenant", "devices", "actions", "add"}))
        tenant = self._tenant(body)
        return {"tenant": tenant.id, **direct(self._store.estate(tenant.id), body)}

    def _tenant(self, body: Answer) -> Tenant:
        name = str(body.get("tenant", ""))
        tenant = self._directory.named(name)
        if tenant is None:
            raise Refused(404, "NotFound", f"There is no tenant {name}.")
        return tenant


def _natural(value: t.Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value} is not a number of 0 or more")
    return value


def _object(request: Request, allowed: frozenset[str]) -> Answer:
    try:
        body = request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict) or set(body) - allowed:
        raise Refused(
            400,
            "BadRequest",
            f"The body must be a JSON object with members from {', '.join(sorted(allowed))}.",
        )
    return body


def _new(changes: Record, shelf: Shelf) -> Record:
    now = instants.now()
    pattern = (
        shelf.incidents[0]
        if shelf.incidents
        else {
            "severity": "medium",
            "classification": "unknown",
            "determination": "unknown",
            "assignedTo": None,
        }
    )
    fresh = {
        "id": shelf.new_id(),
        "createdDateTime": now,
        "lastUpdateDateTime": now,
    }
    return {
        **pattern,
        "status": "active",
        "redirectIncidentId": None,
        "comments": [],
        "customTags": [],
        **fresh,
        **changes,
    }
