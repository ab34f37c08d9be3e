# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What playbooks show at their end: every tenant, worst first, and over how many tenants."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleLookupError
from ansible_collections.mssp.defender_xdr.plugins.lookup import fleet_summary
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _times
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _text_table
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._summary import (
    demo,
    incidents,
    onboarding,
    preflight,
    summary,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._summary.hosts import (
    Hosts,
    collect,
)
from hypothesis import given
from hypothesis import strategies as st

Json = dict[str, t.Any]
NOW = _times.parse_time("now", "2026-05-10T12:00:00Z", at=0)
LINK = "https://login.example/2222/adminconsent?client_id=1111"


def hosts(name: str, **facts: Json | None) -> Hosts:
    return Hosts(
        list(facts),
        {host: {name: fact} if fact is not None else {} for host, fact in facts.items()},
    )


def refused(category: str, **more: t.Any) -> Json:
    return {"ready": False, "read": False, "category": category, "who": "customer", **more}


def test_preflight_lists_every_tenant_and_the_ready_ones_last() -> None:
    made = preflight.summarize(
        hosts(
            "preflight_result",
            ready={"ready": True},
            lost=None,
            consent=refused("not_consented", advice=f"An administrator has to consent: {LINK}."),
            crossed=refused("wrong_tenant", who="partner", advice="A security event."),
        ),
        88,
    )
    assert made["coverage"] == {"asked": 4, "answered": 1, "failed": 3}
    assert made["lines"] == [
        "tenant   result         must act  what to do",
        "crossed  wrong_tenant   partner   A security event.",
        "consent  not_consented  customer  An administrator has to consent",
        "lost     unavailable    caller    See the task of this host that failed before.",
        "ready    ready          –         –",
        "",
        "1 of 4 tenants are ready (asked 4, answered 1, failed 3)",
        "",
        "Links with which customers consent:",
        f"consent: {LINK}",
    ]


def listed(*found: Json, **more: t.Any) -> Json:
    return {"read": True, "incidents": list(found), "count": len(found), **more}


def incident(number: int, severity: str, created: str | None, **more: t.Any) -> Json:
    return {
        "id": str(number),
        "severity": severity,
        "created_date_time": created,
        "display_name": f"Incident {number}",
        **more,
    }


def test_incidents_are_listed_by_severity_and_age_then_the_tenants_not_read() -> None:
    made = incidents.summarize(
        hosts(
            "incidents_result",
            contoso=listed(
                incident(1, "low", "2026-05-10T11:20:00Z", assigned_to="kim@mssp.example"),
                incident(2, "high", "2026-05-10T02:00:00Z", assigned_to=""),
                incident(3, "high", None),
            ),
            litware=refused("not_consented", advice="Consent."),
            fabrikam=listed(incident(4, "high", "2026-05-01T12:00:00Z"), truncated=True),
        ),
        88,
        NOW,
    )
    assert made["coverage"] == {"asked": 3, "answered": 2, "failed": 1}
    assert made["lines"] == [
        "severity  age    tenant    id  assigned to  name",
        "high      9d     fabrikam  4   –            Incident 4",
        "high      10h    contoso   2   –            Incident 2",
        "high      –      contoso   3   –            Incident 3",
        "low       40min  contoso   1   kim          Incident 1",
        "",
        "4 incidents in 2 of 3 tenants (asked 3, answered 2, failed 1)",
        "More incidents exist than incidents_limit allows in: fabrikam",
        "",
        "tenant   result         must act  what to do",
        "litware  not_consented  customer  Consent.",
    ]


def test_no_incident_anywhere_is_0_and_no_answer_is_no_number() -> None:
    quiet = incidents.summarize(hosts("incidents_result", contoso=listed()), 88, NOW)
    assert quiet["lines"] == ["0 incidents in 1 of 1 tenants (asked 1, answered 1, failed 0)"]
    silent = incidents.summarize(hosts("incidents_result", contoso=refused("tls")), 88, NOW)
    assert silent["lines"][0] == "– incidents in 0 of 1 tenants (asked 1, answered 0, failed 1)"
    assert incidents.summarize(hosts("incidents_result"), 88, NOW)["coverage"]["asked"] == 0


@pytest.mark.parametrize(
    ("created", "shown"),
    [
        ("2026-05-10T12:00:01Z", "0min"),
        ("2026-05-10T11:00:00.0000000Z", "1h"),
        ("2026-05-09T12:00:01Z", "23h"),
        ("2026-04-10T12:00:00", "30d"),
        ("soon", None),
        ("", None),
        (None, None),
        (5, None),
    ],
)
def test_an_age_is_in_its_largest_whole_unit(created: t.Any, shown: str | None) -> None:
    assert incidents.age(created, NOW) == shown


def test_onboarding_names_the_step_that_a_tenant_waits_for() -> None:
    steps = [
        {"name": "registered", "status": "ok"},
        {"name": "roles_complete", "status": "pending"},
    ]
    made = onboarding.summarize(
        hosts(
            "onboard_result",
            done={"status": "done", "steps": []},
            waits={
                "status": "waiting",
                "steps": steps,
                "who": "customer",
                "advice": f"Open {LINK}",
                "category": "",
            },
            failed={"status": "failed", **refused("not_licensed", advice="Buy it.")},
            lost=None,
        ),
        88,
        "onboard_result",
    )
    assert made["coverage"] == {"asked": 4, "answered": 2, "failed": 2}
    assert [line.split()[:3] for line in made["lines"][1:5]] == [
        ["failed", "failed", "not_licensed"],
        ["lost", "failed", "unavailable"],
        ["waits", "waiting", "not"],
        ["done", "done", "–"],
    ]
    assert "not roles complete" in made["lines"][3]
    assert made["lines"][5:] == [
        "",
        "1 done, 1 waiting, 2 failed of 4 tenants",
        "",
        "Links with which customers consent:",
        f"waits: {LINK}",
    ]


def test_the_demo_says_where_there_is_more_than_was_listed() -> None:
    ready = {"ready": True, "token": True, "expires_at": "2026-05-10T13:00:00Z", "category": ""}
    made = demo.summarize(
        Hosts(
            ["few", "many", "refused", "lost"],
            {
                "few": {
                    "preflight_result": ready,
                    "incidents_result": listed(incident(1, "high", None)),
                    "demo_hunt": {"count": 0},
                },
                "many": {
                    "preflight_result": ready,
                    "incidents_result": listed(
                        *[incident(n, "high", None) for n in range(12)], truncated=True
                    ),
                    "demo_hunt": {"failed": True, "error": {"category": "bad_query"}},
                },
                "refused": {"preflight_result": refused("app_disabled", text="It is disabled.")},
                "lost": {},
            },
        ),
        88,
    )
    assert made == {
        "coverage": {"asked": 4, "answered": 2, "failed": 2},
        "lines": [
            "tenant   token  roles  open  high  hits  remark",
            "refused  no     –         –     –     –  app_disabled",
            "many     yes    ok      12+   12+     –  bad_query",
            "lost     no     –         –     –     –  unavailable",
            "few      yes    ok        1     1     0  –",
            "",
            "asked 4, answered 2, failed 2",
            "It is disabled.",
            "lost: The host failed before its tenant was queried.",
        ],
    }


def test_a_token_of_another_tenant_is_no_token() -> None:
    stolen = {**refused("wrong_tenant", text="Another's."), "expires_at": "2026-05-10T13:00:00Z"}
    lines = demo.summarize(Hosts(["a"], {"a": {"preflight_result": stolen}}), 88)["lines"]
    assert lines[1].split() == ["a", "no", "–", "–", "–", "–", "wrong_tenant"]


@given(st.lists(st.sampled_from([*summary.CATEGORY_ORDER, "ready"]), max_size=30))
def test_worst_first_keeps_every_row_and_ends_with_the_ready_ones(results: list[str]) -> None:
    rows = [{"result": result, "n": number} for number, result in enumerate(results)]
    made = summary.worst_first(rows)
    assert sorted(made, key=lambda row: int(row["n"])) == rows
    assert [row["result"] == "ready" for row in made] == sorted(
        row["result"] == "ready" for row in made
    )
    if "wrong_tenant" in results:
        assert made[0]["result"] == "wrong_tenant"


@given(st.text(st.characters(codec="utf-8"), max_size=60), st.integers(40, 120))
def test_the_name_of_an_incident_breaks_no_line(name: str, width: int) -> None:
    made = incidents.summarize(
        hosts("incidents_result", a=listed(incident(1, "high", None, display_name=name))),
        width,
        NOW,
    )
    table = made["lines"][:2]
    assert all(_text_table.display_width(line) <= width for line in table)
    assert not any(character in "\n\r\x1b\u202e" for line in table for character in line)


class HostVars:
    def __init__(self, facts: dict[str, Json]) -> None:
        self._facts = facts

    def raw_get(self, host: str) -> Json:
        return self._facts[host]


def test_a_host_that_failed_before_counts_and_a_fact_of_another_kind_is_none() -> None:
    variables = {
        "ansible_play_hosts_all": ["a", "b"],
        "ansible_play_hosts": ["a"],
        "ansible_play_batch": ["a"],
        "hostvars": HostVars({"a": {"preflight_result": "text", "other": 1}, "b": {}}),
    }
    found = collect(variables, ("preflight_result",))
    assert found.asked == ["a", "b"]
    assert found.fact("a", "preflight_result") is None
    assert found.fact("b", "preflight_result") is None


def test_without_a_strategy_only_hosts_left_in_a_batch_are_known() -> None:
    variables = {
        "ansible_play_hosts_all": ["a", "b", "c"],
        "ansible_play_hosts": ["a", "b", "c"],
        "ansible_play_batch": ["b"],
        "hostvars": HostVars({"b": {}}),
    }
    assert collect(variables, ("preflight_result",)).asked == ["b"]


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(AnsibleLookupError, match="fleet_summary is 'hunts'"):
        fleet_summary._summary("hunts", 88, {})
