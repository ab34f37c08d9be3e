# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Figures and comments: what nobody answered is not known, and never 0."""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._triage import facts, plan
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.triages import (
    EVIDENCE,
    hunted,
    incident,
    listed,
)

Json = dict[str, t.Any]
UNLICENSED: t.Final = {"a": {"category": "not_licensed", "msg": "No such table."}}


def described(**more: t.Any) -> Json:
    (found,) = plan.plan(listed(a=[incident("1", **more)]))["incidents"]
    return t.cast("Json", found)


def row(entity: str, device: str, events: int) -> Json:
    return {"Entity": entity, "DeviceName": device, "Events": events}


def test_only_rows_about_the_incident_count() -> None:
    rows = [row("ana.lima", "pc1", 3), row("ana.lima", "pc2", 4), row("somebody", "pc3", 99)]
    found = facts.hits(
        described(evidence=EVIDENCE),
        [
            hunted("logons_of_users", {"a": rows}),
            hunted("connections_to_addresses", {"a": []}),
            hunted("files_by_hash", None, UNLICENSED),
        ],
    )
    logons, connections, files = (found[name] for name in plan.HUNTS)
    assert (logons["events"], logons["devices"]) == (7, 2)
    assert (connections["asked"], connections["events"]) == (True, 0)
    assert (files["events"], files["devices"], files["category"]) == (None, None, "not_licensed")
    assert facts.total(found) == "7+"
    assert facts.comment(described(evidence=EVIDENCE), found, timespan="7d") == (
        "Evidence: 1 alert, 1 device, 1 user, 1 address, 1 hash. Hunts over 7d: 7 logons of the"
        " users on 2 devices; no connections to the addresses; events of files with the hashes not"
        " known (not_licensed)."
    )


def test_nobody_who_answered_makes_no_figure() -> None:
    lost = [hunted(name, None, UNLICENSED) for name in plan.HUNTS]
    found = facts.hits(described(evidence=EVIDENCE), lost)
    assert facts.total(found) is None
    assert " 0 " not in facts.comment(described(evidence=EVIDENCE), found, timespan="7d")


def test_an_incident_without_evidence_asks_nothing() -> None:
    bare = described()
    found = facts.hits(bare, [hunted(name, {"b": []}) for name in plan.HUNTS])
    assert {figure["asked"] for figure in found.values()} == {False}
    assert facts.total(found) is None
    assert facts.comment(bare, found, timespan="7d") == "Evidence: none."


def test_truncated_rows_are_a_lower_bound() -> None:
    swept = hunted("logons_of_users", {"a": [row("ana.lima", "pc1", 1)]})
    swept["results"]["a"]["truncated"] = True
    found = facts.hits(described(evidence=EVIDENCE[:1]), [swept])
    assert facts.total(found) == "1+"
    text = facts.comment(described(evidence=EVIDENCE[:1]), found, timespan="7d")
    assert text.endswith("Hunts over 7d: at least 1 logons of the users on 1 device.")


def test_a_hunt_that_was_skipped_was_not_asked() -> None:
    skipped = {"item": {"name": "logons_of_users"}, "skipped": True}
    found = facts.hits(described(evidence=EVIDENCE), [skipped])
    assert not found["logons_of_users"]["asked"]
