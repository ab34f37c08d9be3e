# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report as data: what was asked, who answered, what is open, and what was found where. Its shape
is roles/report/files/report.schema.json.

Pure: a page, a table or a message is made from this dictionary and from nothing else.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import counts as _counts
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import entities as _entities
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    incident_entries as _incidents,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    questions as _questions,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import tenants as _tenants
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.hunt_rows import Rows
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.inputs import (
    Setting,
    Tenant,
)

SCHEMA: t.Final = 1
ABOUT: t.Final = ("title", "description", "pack", "licence")
# What no document may hold, steers a terminal, or turns text around so that it reads as something
# else.
UNFIT: t.Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def build(
    tenants: t.Sequence[Tenant], hunts: t.Mapping[str, Json], rows: Rows, setting: Setting
) -> Json:
    """The whole report; raises `bad_request` where no tenant was asked anything.

    :arg hunts: the fact `hunt_result`, by name.
    """
    questions = _questions.of_report(tenants, hunts, setting)
    if not questions:
        raise DefenderError(
            "bad_request",
            "There is nothing to report: no host has preflight_result, incidents_result or"
            " hunt_result of a hunt that was sent; run one of those roles before, or set"
            " incidents.",
        )
    by_host = {
        one.host: _incidents.entries(one, setting, rows.hunts_by_entity.get(one.host, {}))
        for one in tenants
    }
    incidents = [incident for own in by_host.values() for incident in own]
    entries = [
        _tenants.entry(one, questions, by_host[one.host], sla=bool(setting.sla)) for one in tenants
    ]
    about = {host: _ids_by_entity(own) for host, own in by_host.items()}
    hunt_entries = [
        _hunt(question, hunts[question.name], rows, about)
        for question in questions
        if question.what == "hunt"
    ]
    _put_hits_beside(entries, hunt_entries)
    asked = [question.as_entry() for question in questions]
    report = {
        "schema": SCHEMA,
        "title": setting.title,
        "made_at": _times.format_time(setting.at // _times.SECOND * _times.SECOND),
        "time_zone": setting.zone_name,
        "versions": dict(setting.versions),
        "coverage": _tenants.coverage(entries),
        "questions": asked,
        "alarms": _tenants.alarms(entries),
        "incidents_summary": _counts.summary(
            incidents, asked, sla=bool(setting.sla), previous=setting.previous is not None
        ),
        "sla": {tier: dict(limits) for tier, limits in setting.sla.items()},
        "tactics": _counts.tactics(hunt_entries),
        "tenants": entries,
        "hunts": hunt_entries,
        "shared": rows.shared,
        "incidents": incidents,
    }
    return t.cast("Json", fit(report))


def fit(value: t.Any) -> t.Any:
    """The same with the replacement character for each that is unfit to be shown."""
    if isinstance(value, str):
        return UNFIT.sub("\ufffd", value)
    if isinstance(value, dict):
        return {fit(key): fit(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [fit(each) for each in value]
    return value


def _hunt(
    question: _questions.Question,
    hunt: Json,
    rows: Rows,
    about: t.Mapping[str, t.Mapping[_entities.Key, list[str]]],
) -> Json:
    """The hunt over the tenants of the report; `rows` is None where nobody answered.

    :arg about: by host and entity, the ids of the incidents about it.
    """
    hosts = question.answers
    hits = {host: int(number) for host, number in (hunt.get("hits") or {}).items() if host in hosts}
    hits = dict(sorted(hits.items(), key=lambda each: -each[1]))
    severity = hunt.get("severity")
    return {
        "name": question.name,
        **{key: str(hunt.get(key) or "") for key in ABOUT},
        "title": str(hunt.get("title") or question.name),
        "severity": severity if severity in _counts.SEVERITIES else "unknown",
        "tactics": [str(each) for each in hunt.get("tactics") or []],
        "techniques": [str(each) for each in hunt.get("techniques") or []],
        "asked": len(hosts),
        "answered": len(hits),
        "failed": len(hosts) - len(hits),
        "rows": sum(hits.values()) if hits else None,
        "hits": hits,
        "truncated": [str(host) for host in hunt.get("truncated") or [] if host in hosts],
        "failures": {
            host: str(failure.get("category") or "unavailable")
            for host, failure in hosts.items()
            if failure is not None
        },
        "dest": rows.places.get(question.name),
        "shown": [
            {
                "host": host,
                **shown,
                "incidents": sorted(
                    {number for key in keys for number in about[host].get(key, ())}
                ),
            }
            for host, shown, keys in rows.shown.get(question.name, ())
            if host in hosts
        ],
    }


def _ids_by_entity(incidents: t.Iterable[Json]) -> dict[_entities.Key, list[str]]:
    """By device or account, the ids of one tenant's incidents about it."""
    ids: dict[_entities.Key, list[str]] = {}
    for incident in incidents:
        for key in _incidents.keys(incident):
            ids.setdefault(key, []).append(incident["id"])
    return ids


def _put_hits_beside(entries: t.Sequence[Json], hunts: t.Sequence[Json]) -> None:
    """Add each tenant's hits to its figures: None where it answered no hunt."""
    for one in entries:
        if one["figures"] is not None:
            numbers = [hunt["hits"][one["host"]] for hunt in hunts if one["host"] in hunt["hits"]]
            one["figures"]["hits"] = sum(numbers) if numbers else None
