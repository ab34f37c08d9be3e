# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose an action is, and whether it goes on: the two sources agree but for what the service
shows."""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices.investigations import (
    INVESTIGATIONS,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices.source import (
    MACHINE_ACTIONS,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.endpoint import MACHINE, Endpoint

MARK: t.Final = "(run 1)"


def test_a_machine_action_is_of_the_task_whose_mark_is_in_its_comment() -> None:
    action = {"id": "a", "requestor_comment": f"Ticket {MARK}", "status": "pending"}
    assert MACHINE_ACTIONS.is_started_by(action, MARK, earlier=("a",))
    assert not MACHINE_ACTIONS.is_started_by(action, "(run 2)", earlier=())
    assert not MACHINE_ACTIONS.is_started_by({"id": "a"}, MARK, earlier=())


def test_an_investigation_is_of_the_task_if_it_was_not_there_before() -> None:
    investigation = {"id": "63017", "status": "in_progress", "state": "running"}
    assert INVESTIGATIONS.is_started_by(investigation, MARK, earlier=("63016",))
    assert not INVESTIGATIONS.is_started_by(investigation, MARK, earlier=("63017",))


def test_only_what_goes_on_by_itself_is_waited_for() -> None:
    for status, expected in (("pending", True), ("in_progress", True), ("failed", False)):
        assert MACHINE_ACTIONS.is_waited_for({"status": status}) is expected
    for state, expected in (("running", True), ("pending_approval", False)):
        action = {"status": "in_progress", "state": state}
        assert INVESTIGATIONS.is_waited_for(action) is expected


def test_a_source_reads_one_action_and_those_of_a_device() -> None:
    endpoint = t.cast("t.Any", Endpoint())
    scan = endpoint.start("RunAntiVirusScan")
    investigation = endpoint.start("StartInvestigation")
    (listed,) = MACHINE_ACTIONS.of_device(endpoint, MACHINE, ["run_anti_virus_scan"])
    assert listed == MACHINE_ACTIONS.get(endpoint, scan["id"])
    assert (listed["id"], listed["type"]) == (scan["id"], "run_anti_virus_scan")
    (listed,) = INVESTIGATIONS.of_device(endpoint, MACHINE, [])
    assert listed == INVESTIGATIONS.get(endpoint, investigation["id"])
    assert (listed["id"], listed["type"]) == (investigation["id"], "start_investigation")
