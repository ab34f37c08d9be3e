# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The questions of a report, and which tenants answered each: the check of access, the list of
incidents, and each hunt.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.inputs import (
    Setting,
    Tenant,
)

What = t.Literal["preflight", "incidents", "hunt"]
Answers = dict[str, Json | None]  # by host None for an answer, else the failure


@dataclasses.dataclass(frozen=True, kw_only=True)
class Question:
    """One question, as it was asked, and what became of it in each tenant.

    :arg timespan: None where the question has no period, or Microsoft's default of 30 days.
    """

    what: What
    name: str
    answers: Answers
    asked_at: str | None = None
    timespan: str | None = None
    limit: int | None = None
    filters: Json = dataclasses.field(default_factory=dict)

    def as_entry(self) -> Json:
        """Its entry in report.json."""
        failed = sum(failure is not None for failure in self.answers.values())
        return {
            "what": self.what,
            "name": self.name,
            "asked_at": self.asked_at,
            "timespan": self.timespan,
            "limit": self.limit,
            "filters": self.filters,
            "asked": len(self.answers),
            "answered": len(self.answers) - failed,
            "failed": failed,
        }


def of_report(
    tenants: t.Sequence[Tenant], hunts: t.Mapping[str, Json], setting: Setting
) -> list[Question]:
    """All questions; none for what no tenant was asked."""
    questions = [*_preflight(tenants), *_incidents(tenants, setting)]
    for name, hunt in hunts.items():
        if not hunt.get("checked"):  # otherwise the query was sent to no tenant
            questions.append(_hunt(name, hunt, tenants))
    return questions


def _preflight(tenants: t.Sequence[Tenant]) -> t.Iterator[Question]:
    if any(tenant.preflight is not None for tenant in tenants):
        answers: Answers = {}
        for tenant in tenants:
            answers[tenant.host] = (
                _lost(tenant.host) if tenant.preflight is None else tenant.preflight
            )
            if tenant.preflight and tenant.preflight.get("ready"):
                answers[tenant.host] = None
        times = [tenant.preflight.get("asked_at") for tenant in tenants if tenant.preflight]
        yield Question(
            what="preflight", name="preflight", answers=answers, asked_at=_earliest(times)
        )


def _incidents(tenants: t.Sequence[Tenant], setting: Setting) -> t.Iterator[Question]:
    """One question for each set of filters; usually all tenants have the same."""
    by_filters: dict[str, list[Tenant]] = {}
    for tenant in tenants:
        if tenant.incidents is not None:
            filters = tenant.incidents.get("asked") or setting.filters
            by_filters.setdefault(json.dumps(filters, sort_keys=True, default=str), []).append(
                tenant
            )
    if not by_filters:
        return
    # a lost host does not know what it would have been asked: most likely the same as the others
    max(by_filters.values(), key=len).extend(
        tenant for tenant in tenants if tenant.incidents is None
    )
    for text, group in by_filters.items():
        filters = json.loads(text)
        answers: Answers = {}
        for tenant in group:
            listed = tenant.incidents
            if listed is None:
                # the playbook did not query a tenant that was not ready, or its host was lost
                refused = tenant.preflight and not tenant.preflight.get("ready")
                answers[tenant.host] = tenant.preflight if refused else _lost(tenant.host)
            else:
                answers[tenant.host] = None if listed.get("read") else listed
        times = [(tenant.incidents or {}).get("asked_at") for tenant in group]
        yield Question(
            what="incidents",
            name="incidents",
            answers=answers,
            asked_at=_earliest(times),
            limit=filters.pop("limit", None),
            filters={key: value for key, value in filters.items() if value not in (None, "", [])},
        )


def _hunt(name: str, hunt: Json, tenants: t.Sequence[Tenant]) -> Question:
    """The hunt over the tenants of the report that it was run for."""
    answered, failures = hunt.get("hits") or {}, hunt.get("failures") or {}
    answers: Answers = {}
    for tenant in tenants:
        if tenant.host in answered:
            answers[tenant.host] = None
        elif tenant.host in failures:
            error = failures[tenant.host]
            answers[tenant.host] = {**error, "text": error.get("msg", "")}
    return Question(
        what="hunt",
        name=name,
        answers=answers,
        asked_at=hunt.get("asked_at"),
        timespan=hunt.get("timespan"),
        limit=hunt.get("limit"),
    )


def _earliest(times: t.Iterable[str | None]) -> str | None:
    return min((time for time in times if time), default=None)


def _lost(host: str) -> Json:
    return {
        "text": f"Host {host} was lost before it was queried.",
        "who": "caller",
        "advice": "Look at what the tasks of this host printed.",
    }
