# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report as data: who could be read, what is open and late, what was found where. Its shape is
roles/report/files/report.schema.json.

Pure: what a page, a table or a message says is made of this dictionary and of nothing else.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import collections
import dataclasses
import re
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import (
    CATEGORIES,
    DefenderError,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    counts as _report_counts,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.counts import SEVERITIES

Json = dict[str, t.Any]
SCHEMA: t.Final = 1
HOUR: t.Final = 3600 * _times.SECOND
CLOSED: t.Final = frozenset({"resolved", "redirected"})
WHO: t.Final = ("customer", "partner", "caller", "microsoft")
UNTIERED: t.Final = "default"
# What no document may hold, steers a terminal, or turns text around so that it reads as something
# else.
UNFIT: t.Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
CONSENT: t.Final = re.compile(r"https://[^\s\"'<>]+/adminconsent\?[^\s\"'<>]+")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tenant:
    """A tenant and what was learned about it; None where nothing of that kind was asked, or its
    host was lost.

    :arg preflight: the fact C(preflight_result).
    :arg incidents: the fact C(incidents_result): read, incidents, truncated, and category, text,
        who, advice where not read.
    """

    host: str
    name: str
    tenant_id: str
    tier: str
    preflight: Json | None = None
    incidents: Json | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Setting:
    """What the report is told beside the data: title, hours by tier and severity, versions, what
    was asked; C(at) in ticks."""

    title: str
    at: int
    sla: t.Mapping[str, t.Mapping[str, float]]
    versions: t.Mapping[str, str]
    asked: t.Sequence[Json] = ()


def check_sla(given: t.Mapping[str, t.Any]) -> dict[str, dict[str, float]]:
    """Hours by tier and severity; raises C(bad_request) for what is none. A severity without hours
    has no limit."""
    for tier, own in given.items():
        if not isinstance(own, dict):
            raise DefenderError(
                "bad_request",
                (
                    f"sla has {own!r} for the tier {tier}; give hours by severity, such as {{high:"
                    f" 4}}."
                ),
            )
        for severity, hours in own.items():
            if severity not in SEVERITIES:
                raise DefenderError(
                    "bad_request",
                    (
                        f"sla names the severity {severity!r} for the tier {tier}; there are"
                        f" {', '.join(SEVERITIES)}."
                    ),
                )
            if isinstance(hours, bool) or not isinstance(hours, (int, float)) or not hours > 0:
                raise DefenderError(
                    "bad_request",
                    (
                        f"sla has {hours!r} hours for {severity} of the tier {tier}; give a number"
                        " above 0, or leave it out."
                    ),
                )
    return {
        str(tier): {str(severity): float(hours) for severity, hours in own.items()}
        for tier, own in given.items()
    }


def build(
    tenants: t.Sequence[Tenant],
    hunts: t.Mapping[str, Json],
    shared: t.Sequence[Json],
    setting: Setting,
) -> Json:
    """The whole report.

    :arg hunts: the fact C(hunt_result), by query.
    :arg shared: indicators of more than one tenant, as _report_indicators finds them.
    """
    asked_for = {
        "preflight": any(one.preflight is not None for one in tenants),
        "incidents": any(one.incidents is not None for one in tenants),
        "hunts": bool(hunts),
    }
    if not any(asked_for.values()):
        raise DefenderError(
            "bad_request",
            (
                "There is nothing to report: no host has preflight_result, incidents_result or"
                " hunt_result; run one of those roles before, or give incidents."
            ),
        )
    incidents = [incident for one in tenants for incident in _incidents(one, setting)]
    told_hunts = [_hunt(name, one) for name, one in hunts.items()]
    told_tenants = [_tenant(one, asked_for, hunts) for one in tenants]
    _report_counts.put_beside(told_tenants, incidents, told_hunts)
    gaps = [gap for one in told_tenants if one["state"] == "unread" for gap in one["gaps"][:1]]
    states = collections.Counter(one["state"] for one in told_tenants)
    report = {
        "schema": SCHEMA,
        "title": setting.title,
        "made_at": _times.format_time(setting.at // _times.SECOND * _times.SECOND),
        "versions": dict(setting.versions),
        "asked": [dict(one) for one in setting.asked],
        "sla": {tier: dict(own) for tier, own in setting.sla.items()},
        "coverage": {
            "asked": len(tenants),
            **{state: states[state] for state in ("read", "partly", "unread")},
            "by_category": dict(collections.Counter(gap["category"] for gap in gaps).most_common()),
            "by_who": {
                who: count for who in WHO if (count := sum(gap["who"] == who for gap in gaps))
            },
        },
        "sources": [kind for kind, was in asked_for.items() if was],
        "incidents_summary": _report_counts.summary(incidents, told_tenants),
        "tactics": _report_counts.tactics(told_hunts),
        "tenants": told_tenants,
        "hunts": told_hunts,
        "shared": list(shared),
        "incidents": incidents,
    }
    return t.cast("Json", fit(report))


def fit(value: t.Any) -> t.Any:
    """The same with the replacement character for each that is unfit to be shown."""
    if isinstance(value, str):
        return UNFIT.sub("\ufffd", value)
    if isinstance(value, dict):
        return {fit(key): fit(each) for key, each in value.items()}
    return [fit(each) for each in value] if isinstance(value, (list, tuple)) else value


def told(tenants: t.Sequence[Tenant], hunts: t.Mapping[str, Json]) -> list[Json]:
    """What the roles remember of what they asked, and when; equal questions once."""
    said: list[Json] = []
    for one in tenants:
        question = (one.incidents or {}).get("asked")
        if question and not any(
            each["what"] == "incidents" and each["how"] == question for each in said
        ):
            said.append(
                {
                    "what": "incidents",
                    "at": str((one.incidents or {}).get("at") or ""),
                    "how": question,
                }
            )
    for name, hunt in hunts.items():
        how = {key: hunt[key] for key in ("timespan", "limit") if hunt.get(key) not in (None, "")}
        at = str(hunt.get("at") or "")
        same = next(
            (
                each
                for each in said
                if each["what"] == "hunts"
                and each["at"] == at
                and {**each["how"], "queries": []} == {**how, "queries": []}
            ),
            None,
        )
        if same is None:
            said.append(same := {"what": "hunts", "at": at, "how": {**how, "queries": []}})
        same["how"]["queries"].append(name)
    return said


def _tenant(one: Tenant, asked_for: t.Mapping[str, bool], hunts: t.Mapping[str, Json]) -> Json:
    answers: list[bool] = []
    gaps: list[Json] = []
    preflight = one.preflight or {}
    refused = bool(one.preflight) and not preflight.get("ready")
    if asked_for["incidents"]:
        listed = one.incidents
        if listed is None:
            # the playbook did not ask a tenant that was not ready; otherwise its host was lost on
            # the way
            gaps.append(
                _gap(
                    "incidents",
                    preflight
                    if refused
                    else {"text": f"Host {one.host} was lost before it was asked."},
                )
            )
        elif not listed.get("read"):
            gaps.append(_gap("incidents", listed, preflight))
        elif listed.get("truncated"):
            text = (
                f"There are more incidents than the {len(listed.get('incidents') or [])} that"
                " were kept; raise incidents_limit."
            )
            gaps.append(_gap("incidents", {"category": "truncated", "text": text}))
        answers.append(bool(listed and listed.get("read")))
    if asked_for["hunts"]:
        failures = {
            name: hunt["failures"][one.host]
            for name, hunt in hunts.items()
            if one.host in (hunt.get("failures") or {})
        }
        for category in dict.fromkeys(failures.values()):
            queries = [name for name, why in failures.items() if why == category]
            said = {
                "category": category,
                "text": (hunts[queries[0]].get("text") or {}).get(one.host, ""),
            }
            gaps.append({**_gap("hunts", said, preflight), "queries": queries})
        if all(hunt.get("checked") for hunt in hunts.values()):
            gaps.append(_gap("hunts", {"text": "The queries were checked, and sent to no tenant."}))
        else:
            answers.append(len(failures) < len(hunts))
    if asked_for["preflight"]:
        if refused and not any(
            gap["category"] == (preflight.get("category") or "unavailable") for gap in gaps
        ):
            gaps.insert(0, _gap("preflight", preflight))
        if not answers:
            answers.append(bool(preflight.get("ready")))
            if one.preflight is None:
                gaps.append(
                    _gap("preflight", {"text": f"Host {one.host} was lost before it was asked."})
                )
    state = "unread" if not any(answers) else "partly" if gaps else "read"
    return {
        "host": one.host,
        "name": one.name,
        "tenant_id": one.tenant_id,
        "tier": one.tier,
        "state": state,
        "gaps": gaps,
    }


def _gap(what: str, said: t.Mapping[str, t.Any], more: t.Mapping[str, t.Any] | None = None) -> Json:
    """Why something could not be read, and who must act. What an older fact does not say is in the
    table of categories."""
    category = str(said.get("category") or "unavailable")
    category = category if re.fullmatch(r"[a-z_]+", category) else "unavailable"
    same = more if more and more.get("category") == category else {}
    who, advice = CATEGORIES.get(category, ("caller", ""))
    if not said.get("category"):
        who, advice = "caller", "Look at what the tasks of this host printed."
    advice = str(said.get("advice") or same.get("advice") or advice)
    link = CONSENT.search(advice) or CONSENT.search(str(said.get("text") or ""))
    return {
        "what": what,
        "category": category,
        "text": str(said.get("text") or ""),
        "who": str(said.get("who") or same.get("who") or who),
        "advice": advice,
        "link": link[0].rstrip(".,;)") if link else "",
        "missing_roles": list(said.get("missing_roles") or same.get("missing_roles") or []),
    }


def _incidents(one: Tenant, setting: Setting) -> t.Iterator[Json]:
    own = setting.sla.get(one.tier) or setting.sla.get(UNTIERED) or {}
    for incident in (one.incidents or {}).get("incidents") or []:
        severity = str(incident.get("severity") or "unknown")
        severity = severity if severity in SEVERITIES else "unknown"
        status = str(incident.get("status") or "unknown")
        created = _ticks(incident.get("created_date_time"))
        is_open = status not in CLOSED
        limit = own.get(severity)
        due = (
            created + int(limit * HOUR)
            if created is not None and limit is not None and is_open
            else None
        )
        yield {
            "host": one.host,
            "tier": one.tier,
            "id": str(incident.get("id") or ""),
            "name": str(incident.get("display_name") or ""),
            "severity": severity,
            "status": status,
            "assigned_to": str(incident.get("assigned_to") or ""),
            "created": _times.format_time(created) if created is not None else "",
            "updated": str(incident.get("last_update_date_time") or ""),
            "age_hours": round((setting.at - created) / HOUR, 1) if created is not None else None,
            "open": is_open,
            "due": _times.format_time(due) if due is not None else "",
            "late_hours": round((setting.at - due) / HOUR, 1) if due is not None else None,
            "breached": due is not None and setting.at > due,
            "url": str(incident.get("incident_web_url") or ""),
        }


def _ticks(text: t.Any) -> int | None:
    try:
        return _times.read_time(str(text)) if text else None
    except DefenderError:
        return None


def _hunt(name: str, one: Json) -> Json:
    coverage = one.get("coverage") or {}
    hits = {
        host: int(count)
        for host, count in sorted((one.get("hits") or {}).items(), key=lambda each: -int(each[1]))
    }
    return {
        "name": name,
        "title": str(one.get("title") or name),
        "pack": str(one.get("pack") or ""),
        "severity": str(one.get("severity") or "unknown"),
        "tactics": [str(each) for each in one.get("tactics") or []],
        "techniques": [str(each) for each in one.get("techniques") or []],
        "checked": bool(one.get("checked")),
        "coverage": {key: int(coverage.get(key) or 0) for key in ("asked", "answered", "failed")},
        "rows": sum(hits.values()),
        "hits": hits,
        "truncated": [str(host) for host in one.get("truncated") or []],
        "failures": {
            str(host): str(category) for host, category in (one.get("failures") or {}).items()
        },
    }
