# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which devices a containment is about: those that are named, and those in the evidence of
incidents.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import device as _device
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import CATEGORIES
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents.entities import entities
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _rounds

ByHost = t.Mapping[str, t.Any]


def named(by_host: ByHost | None) -> dict[str, list[str]]:
    """The values of each host as a list of texts, each once; a single value is a list too."""
    found: dict[str, list[str]] = {}
    for host, values in (by_host or {}).items():
        several = values if isinstance(values, (list, tuple)) else [values]
        texts = (str(value).strip() for value in several if value is not None)
        found[host] = list(dict.fromkeys(text for text in texts if text))
    return found


def targets(devices: ByHost | None, incidents: ByHost | None, evidence: t.Any) -> Json:
    """`hosts`: for each host the `ids` and `names` to look up, `incidents` (the incidents of each
    of them), and `problems` (what cannot be looked up); and the rounds `lookups`, in which each
    host has the options of `device_info`.

    :arg devices: ids or whole DNS names by host.
    :arg incidents: ids of incidents by host.
    :arg evidence: the results of `incident_info` in a sweep over rounds of the incidents.
    """
    given, cases = named(devices), named(incidents)
    found = {
        host: _Target() for host in dict.fromkeys([*given, *cases]) if _any(host, given, cases)
    }
    for host, keys in given.items():
        for key in keys:
            found[host].add(key, None)
    for answer in _rounds.answers(evidence):
        _add_evidence(found[answer.host], answer)
    hosts = {host: target.as_json() for host, target in found.items()}
    lookups = [
        {host: {option: target[key]} for host, target in hosts.items() if target[key]}
        for option, key in (("id", "ids"), ("name", "names"))
    ]
    return {"hosts": hosts, "lookups": [lookup for lookup in lookups if lookup]}


def _any(host: str, *by_host: t.Mapping[str, list[str]]) -> bool:
    return any(values.get(host) for values in by_host)


class _Target:
    """What to look up in one tenant."""

    def __init__(self) -> None:
        self.incidents: dict[str, list[str]] = {}
        self.problems: list[Json] = []

    def add(self, key: str, incident: str | None) -> None:
        cases = self.incidents.setdefault(key.lower(), [])
        if incident and incident not in cases:
            cases.append(incident)

    def as_json(self) -> Json:
        ids = [key for key in self.incidents if _device.ID.fullmatch(key)]
        names = [key for key in self.incidents if key not in ids]
        return {
            "ids": ids,
            "names": names,
            "incidents": self.incidents,
            "problems": self.problems,
        }


def _add_evidence(target: _Target, answer: _rounds.Answer) -> None:
    number = str(answer.item)
    if answer.error:
        target.problems.append(problem(answer.error, incidents=[number]))
        return
    alerts = [
        {**alert, "incident_id": incident.get("id")}
        for incident in (answer.result or {}).get("incidents") or ()
        for alert in incident.get("alerts") or ()
    ]
    devices = entities(alerts)["devices"]
    for device in devices:
        target.add(str(device["value"]), number)
    if not devices:
        text = f"Incident {number} has no device in its evidence."
        target.problems.append(problem(error("not_found", text), incidents=[number], is_read=True))


def error(category: str, text: str) -> Json:
    who, advice = CATEGORIES[category]
    return {"category": category, "msg": text, "who": who, "advice": advice}


def problem(
    error: Json,
    *,
    incidents: t.Sequence[str] = (),
    device: str | None = None,
    is_read: bool = False,
) -> Json:
    """Why an incident or a device cannot be acted on.

    :arg is_read: whether the tenant answered, so that it is not unread.
    """
    answered = is_read or error.get("category") in ("not_found", "bad_request", "refused")
    return {
        "device": device,
        "incidents": list(incidents),
        "category": error.get("category") or "unavailable",
        "text": error.get("msg") or "",
        "who": error.get("who") or "",
        "advice": error.get("advice") or "",
        "is_read": answered,
    }
