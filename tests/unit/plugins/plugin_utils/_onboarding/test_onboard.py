# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far the onboarding of a tenant is, from the results that the tasks of the role registered."""

from __future__ import annotations

import pytest
from ansible_collections.mssp.defender_xdr.plugins.filter.onboard_result import onboard_result
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.plugin_utils._onboarding.task import (
    DENIED,
    SKIPPED,
    UNLICENSED,
    URL,
    Json,
    consent,
    statuses,
)


def test_a_completed_onboarding_has_every_step_ok() -> None:
    result = onboard_result(
        consent("complete"),
        waited=SKIPPED,
        first_read={"count": 1},
        registered={"changed": True},
        registry="/r.yml",
    )
    assert result == {
        "status": "done",
        "steps": [
            {"name": "registered", "status": "ok", "text": "application 1111"},
            {"name": "link_sent", "status": "ok", "text": URL},
            {"name": "consented", "status": "ok", "text": "by a person"},
            {"name": "roles_complete", "status": "ok", "text": ""},
            {"name": "licence_present", "status": "ok", "text": ""},
            {"name": "first_read", "status": "ok", "text": "1 of its incidents"},
            {"name": "in_the_registry", "status": "ok", "text": "/r.yml"},
        ],
        "changed": True,
        "text": "",
        "category": "",
        "who": "",
        "advice": "",
        "consent_url": URL,
        "missing_roles": [],
    }


def test_a_customer_who_has_not_consented_is_waited_for() -> None:
    result = onboard_result(consent("not_consented"), waited=SKIPPED, first_read=SKIPPED)
    assert statuses(result) == ["ok", "ok", *["pending"] * 4, "skipped"]
    assert (result["status"], result["who"], result["category"]) == ("waiting", "customer", "")
    assert result["text"] == "The tenant has not granted A.Read.All, B.Read.All."
    assert result["advice"] == f"Open {URL}"
    assert result["missing_roles"] == ["A.Read.All", "B.Read.All"]


def test_a_customer_who_consented_to_too_little_is_waited_for() -> None:
    result = onboard_result(consent("incomplete"), first_read=SKIPPED, registry="/r.yml")
    assert statuses(result) == ["ok", "ok", "ok", "pending", "pending", "pending", "pending"]


def test_a_grant_by_api_sends_no_link_and_the_later_result_counts() -> None:
    first = consent("incomplete", method="api", changed=True)
    result = onboard_result(first, waited=consent("complete"), first_read={"count": 0})
    assert statuses(result) == ["ok", "skipped", "ok", "ok", "ok", "ok", "skipped"]
    assert (result["status"], result["changed"]) == ("done", True)
    assert result["steps"][2]["text"] == "by API"


@pytest.mark.parametrize(
    ("first_read", "category", "licence"),
    [
        (UNLICENSED, "not_licensed", "failed"),
        (DefenderError("timeout", "Too slow.").as_result(), "timeout", "pending"),
        ({"failed": True, "msg": "crashed"}, "unavailable", "pending"),
    ],
)
def test_a_first_read_that_failed_is_no_success(
    first_read: Json, category: str, licence: str
) -> None:
    result = onboard_result(
        consent("superfluous"), first_read=first_read, registered=SKIPPED, registry="/r.yml"
    )
    assert statuses(result)[4:] == [licence, "failed", "pending"]
    assert (result["status"], result["category"]) == ("failed", category)
    assert result["text"] == first_read["msg"]
    assert result["who"]


def test_without_reading_the_license_is_not_checked() -> None:
    result = onboard_result(consent("complete"), first_read=SKIPPED, read=False)
    assert statuses(result)[4:] == ["skipped", "skipped", "skipped"]
    assert result["status"] == "done"


@pytest.mark.parametrize("waited", [None, SKIPPED])
def test_a_consent_task_that_failed_fails_the_steps(waited: Json | None) -> None:
    result = onboard_result(DENIED, waited=waited, first_read=SKIPPED)
    assert statuses(result) == ["failed"] * 4 + ["pending", "pending", "skipped"]
    assert (result["status"], result["category"], result["who"], result["text"]) == (
        "failed",
        "app_disabled",
        "customer",
        "The application is disabled.",
    )


def test_a_consent_that_came_too_late_keeps_what_was_known() -> None:
    late = {**DefenderError("not_consented", "Nobody consented in time.").as_result()}
    result = onboard_result(consent("not_consented"), waited=late, first_read=SKIPPED)
    assert statuses(result)[:4] == ["ok", "ok", "failed", "failed"]
    assert (result["text"], result["consent_url"]) == ("Nobody consented in time.", URL)
