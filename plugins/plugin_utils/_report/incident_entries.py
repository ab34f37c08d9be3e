# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The incidents of a tenant as a report shows them.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import entities as _entities
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    service_levels as _service_levels,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.counts import SEVERITIES
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.inputs import (
    Setting,
    Tenant,
)

# What a report keeps of an incident; descriptions, comments and evidence would make it large.
KEPT: t.Final = (
    "id",
    "display_name",
    "severity",
    "status",
    "classification",
    "assigned_to",
    "custom_tags",
    "system_tags",
    "created_date_time",
    "last_update_date_time",
    "incident_web_url",
)
CLOSED: t.Final = frozenset({"resolved", "redirected"})
HOUR: t.Final = _service_levels.HOUR
RANSOMWARE: t.Final = re.compile(r"ransom", re.IGNORECASE)


def kept(incident: Json) -> Json:
    """What a report needs of an incident, with its alerts reduced to names and numbers."""
    reduced = {key: incident.get(key) for key in KEPT}
    alerts = incident.get("alerts")
    if not isinstance(alerts, list):
        return {**reduced, "alerts": None, "products": [], "tactics": [], "ransomware": False}
    alerts = [alert for alert in alerts if isinstance(alert, dict)]
    devices, accounts = _entities.of_alerts(alerts)
    words = (
        str(alert.get(key) or "")
        for alert in alerts
        for key in ("title", "category", "threat_family_name")
    )
    return {
        **reduced,
        "alerts": len(alerts),
        "devices": devices,
        "users": accounts,
        "products": _each_once(alert.get("service_source") for alert in alerts),
        "tactics": _each_once(alert.get("category") for alert in alerts),
        "ransomware": any(map(RANSOMWARE.search, words)),
    }


def _each_once(values: t.Iterable[t.Any]) -> list[str]:
    return list(dict.fromkeys(str(value) for value in values if value))


def entries(
    one: Tenant, setting: Setting, hunts: t.Mapping[_entities.Key, list[str]]
) -> list[Json]:
    """The tenant's incidents.

    :arg hunts: by device or account of this tenant, the hunts with rows about it.
    """
    listed = (one.incidents or {}).get("incidents") or []
    return [_entry(one, incident, setting, hunts) for incident in listed]


def _entry(
    one: Tenant, incident: Json, setting: Setting, hunts: t.Mapping[_entities.Key, list[str]]
) -> Json:
    severity = str(incident.get("severity") or "unknown")
    status = str(incident.get("status") or "unknown")
    created = _ticks(incident.get("created_date_time"))
    tags = _each_once([*_tags(incident, "system_tags"), *_tags(incident, "custom_tags")])
    alerts = incident.get("alerts")
    devices, users = incident.get("devices") or [], incident.get("users") or []
    number = str(incident.get("id") or "")
    entry = {
        "host": one.host,
        "tenant_name": one.name,
        "tier": one.tier,
        "id": number,
        "name": str(incident.get("display_name") or ""),
        "severity": severity if severity in SEVERITIES else "unknown",
        "status": status,
        "classification": str(incident.get("classification") or "unknown"),
        "assigned_to": str(incident.get("assigned_to") or ""),
        "service_sources": incident.get("products") or [],
        "alerts": alerts,
        "devices": None if alerts is None else len(devices),
        "users": None if alerts is None else len(users),
        "device_names": devices,
        "user_names": users,
        "tactics": incident.get("tactics") or [],
        "tags": tags,
        "created": _times.format_time(created) if created is not None else "",
        "updated": str(incident.get("last_update_date_time") or ""),
        "age_hours": None if created is None else round((setting.at - created) / HOUR, 1),
        "open": status not in CLOSED,
        "ransomware": _is_ransomware(incident, tags),
        "new": None if setting.previous is None else (one.host, number) not in setting.previous,
        "url": str(incident.get("incident_web_url") or ""),
    }
    entry["hunts"] = _each_once(name for key in sorted(keys(entry)) for name in hunts.get(key, ()))
    return {**entry, **_service_levels.verdict(entry, created, setting)}


def keys(entry: Json) -> set[_entities.Key]:
    """The devices and accounts that the incident is about."""
    accounts = {_entities.account_key(name) for name in entry["user_names"]}
    devices = {_entities.device_key(name) for name in entry["device_names"]}
    return devices | {key for key in accounts if key is not None}


def _is_ransomware(incident: Json, tags: t.Iterable[str]) -> bool:
    texts = (str(incident.get("display_name") or ""), *tags)
    return bool(incident.get("ransomware")) or any(map(RANSOMWARE.search, texts))


def _tags(incident: Json, key: str) -> list[t.Any]:
    tags = incident.get(key)
    return tags if isinstance(tags, list) else []


def _ticks(text: t.Any) -> int | None:
    try:
        return _times.read_time(str(text)) if text else None
    except DefenderError:
        return None
