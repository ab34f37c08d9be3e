# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The summary of incidents: their order, their age, and the tenants that were not read."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _times
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _text_table
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._summary import incidents
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.plugin_utils._summary.facts import (
    hosts,
    incident,
    listed,
    refused,
)
from hypothesis import given
from hypothesis import strategies as st

NOW = _times.parse_time("now", "2026-05-10T12:00:00Z", at=0)


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
