# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far the offboarding of a tenant is, from the results that the tasks of the role
registered."""

from __future__ import annotations

from ansible_collections.mssp.defender_xdr.plugins.filter.offboard_result import offboard_result
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.plugin_utils._onboarding.task import (
    DENIED,
    SKIPPED,
    URL,
    consent,
    statuses,
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
