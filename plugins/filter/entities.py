# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: entities
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: List the devices, users, hashes, addresses and other entities of alerts
version_added: 0.1.0
description:
  - Lists what the evidence of incidents and alerts is about, each entity once for each alert, with
    its incident, alert and tenant.
  - Incidents have evidence only if they were listed with their alerts
    (C(expand_alerts=true) of M(mssp.defender_xdr.incident_info)).
options:
  _input:
    description:
      - Incidents or alerts as a list, one of them, or a registered result of
        M(mssp.defender_xdr.incident_info), M(mssp.defender_xdr.alert_info),
        M(mssp.defender_xdr.incident) or M(mssp.defender_xdr.alert), or of
        M(mssp.defender_xdr.sweep) with one of them.
    type: raw
    required: true
seealso:
  - module: mssp.defender_xdr.incident_info
  - module: mssp.defender_xdr.alert_info
"""

EXAMPLES = r"""
- name: List the active incidents with their alerts
  mssp.defender_xdr.incident_info:
    status: active
    expand_alerts: true
    limit: 5
  register: listed

- name: Show their devices
  ansible.builtin.debug:
    msg: "{{ (listed | mssp.defender_xdr.entities).devices | map(attribute='name') | unique }}"
"""

RETURN = r"""
_value:
  description:
    - C(devices), C(users), C(hashes), C(addresses), C(domains), C(urls), C(mailboxes) and C(other),
      each a list. Each entity has its C(value), C(incident_id), C(alert_id) and C(tenant_id).
    - The value of a device is its id in Defender for Endpoint, or its name if the id is not known.
      Its C(name) is its DNS name. A hash has its C(type), such as C(sha256).
    - C(other) has the evidence that belongs to none of these groups, and messages, as C(evidence).
      Its value is the kind of evidence.
  type: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import entities as _all

MEMBERS: t.Final = ("incidents", "alerts", "incident", "alert")  # of a result
WRONG: t.Final = "The input of entities must be incidents, alerts, or a result that contains them."


def entities(source: t.Any) -> dict[str, list[dict[str, t.Any]]]:
    return _all.entities(_alerts(source, None))


def _alerts(source: t.Any, tenant_id: str | None) -> t.Iterator[dict[str, t.Any]]:
    """The alerts in the input; those that do not name their tenant get the one of their result."""
    if isinstance(source, (list, tuple)):
        for part in source:
            yield from _alerts(part, tenant_id)
    elif not isinstance(source, t.Mapping):
        raise AnsibleFilterError(WRONG)
    elif "id" in source:
        for alert in _alerts_of(source):
            yield {**alert, "tenant_id": alert.get("tenant_id") or tenant_id}
    else:
        tenant = source.get("tenant") or {}
        for part in _parts(source):
            yield from _alerts(part, tenant.get("id") or tenant_id)


def _parts(result: t.Mapping[str, t.Any]) -> list[t.Any]:
    """What a result contains: of a sweep or of a loop other results, else incidents or alerts. A
    failed result contains nothing, which is an error and not an empty list."""
    results = result.get("results")
    if results is not None:
        return list(results.values() if isinstance(results, t.Mapping) else results)
    parts = [result[name] for name in MEMBERS if name in result]
    if not parts:
        raise AnsibleFilterError(WRONG)
    return parts


def _alerts_of(thing: t.Mapping[str, t.Any]) -> list[t.Any]:
    """The alerts of an incident with its id and tenant, or the alert itself."""
    if "evidence" in thing or "entities" in thing or "devices" in thing:
        return [thing]
    origin = {"incident_id": thing.get("id"), "tenant_id": thing.get("tenant_id")}
    return [{**origin, **alert} for alert in thing.get("alerts") or []]


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"entities": entities}
