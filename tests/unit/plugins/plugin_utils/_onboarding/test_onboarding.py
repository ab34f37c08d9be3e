# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far a tenant came or went, from what the tasks of the roles registered."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mssp.defender_xdr.plugins.filter.offboard_result import offboard_result
from ansible_collections.mssp.defender_xdr.plugins.filter.onboard_result import onboard_result
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError

Json = dict[str, t.Any]
URL = "https://login.example/2222/adminconsent?client_id=1111"
SKIPPED: Json = {"changed": False, "skipped": True}
DENIED = DefenderError("app_disabled", "The application is disabled.").as_result()
UNLICENSED = DefenderError("not_licensed", "The tenant has no license.").as_result()


def consent(status: str, **more: t.Any) -> Json:
    missing = {} if status == "complete" else {"graph": ["A.Read.All", "B.Read.All"]}
    return {
        "changed": False,
        "app_id": "1111",
        "status": status,
        "method": "link",
        "consent_url": URL,
        "missing": missing,
        "advice": f"Open {URL}",
        **more,
    }


def statuses(result: Json) -> list[str]:
    return [step["status"] for step in result["steps"]]


def test_everything_done() -> None:
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


def test_a_task_that_crashed_is_unavailable_and_never_done() -> None:
    crash = {"failed": True, "msg": "crashed"}
    for result in (onboard_result(crash), offboard_result(crash)):
        assert (result["status"], result["category"], result["who"]) == (
            "failed",
            "unavailable",
            "caller",
        )


def test_all_access_is_removed_once_a_new_token_was_refused() -> None:
    result = offboard_result(
        consent("complete", method="api"),
        proven=consent("not_consented", advice=""),
        registered={"changed": True},
        registry="/r.yml",
    )
    assert result == {
        "status": "done",
        "steps": [
            {"name": "removed", "status": "ok", "text": "by API"},
            {"name": "tokens_dropped", "status": "ok", "text": "token cache"},
            {"name": "token_refused", "status": "ok", "text": "a new token"},
            {"name": "out_of_the_registry", "status": "ok", "text": "/r.yml"},
        ],
        "text": "",
        "category": "",
        "who": "",
        "advice": "",
    }


def test_an_application_that_is_still_there_waits_for_the_customer() -> None:
    result = offboard_result(consent("complete"), proven=SKIPPED, registered=SKIPPED, registry="/r")
    assert statuses(result) == ["pending", "ok", "pending", "pending"]
    assert (result["status"], result["who"], result["advice"]) == (
        "waiting",
        "customer",
        f"Open {URL}",
    )


def test_a_removal_that_failed_names_its_error() -> None:
    result = offboard_result(DENIED)
    assert statuses(result) == ["failed", "failed", "failed", "skipped"]
    assert (result["status"], result["text"]) == ("failed", "The application is disabled.")


def test_a_status_beside_an_error_is_no_success() -> None:
    both = {**DENIED, "status": "not_consented"}
    assert offboard_result(both)["status"] == "failed"


def test_a_host_that_is_not_confirmed_is_refused() -> None:
    result = offboard_result("woodgrove")
    assert (result["status"], result["category"], result["who"]) == ("failed", "refused", "caller")
    assert "offboard_confirm does not name woodgrove" in result["text"]
    assert set(statuses(result)) == {"pending"}
    assert result.keys() == offboard_result(DENIED).keys()


@pytest.mark.parametrize("made", [onboard_result, offboard_result])
def test_what_is_no_result_is_an_error(made: t.Callable[[t.Any], Json]) -> None:
    with pytest.raises(AnsibleFilterError, match="must be a registered result of consent"):
        made(["a"])
