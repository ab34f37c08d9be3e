# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every hunt of the packs finds its planted story in the right tenants, and neither its look-alike
nor anything in a clean tenant."""

from __future__ import annotations

import contextlib
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._hunts import packs as _packs

# the story that each hunt is for, and what has to be in one of its rows
FINDS: t.Final[t.Mapping[str, tuple[str, str]]] = {
    "clicked_phishing_links": ("phishing", "{url}"),
    "delivered_phishing_siblings": ("phishing", "{sender}"),
    "unproven_first_contacts": ("phishing", "{sender}"),
    "sign_ins_after_clicks": ("phishing", "{attacker_ip}"),
    "scripted_sign_ins": ("phishing", "{attacker_ip}"),
    "risky_sign_ins_from_new_countries": ("phishing", "{attacker_ip}"),
    "hiding_inbox_rules": ("phishing", "{attacker_ip}"),
    "user_consents_to_mail": ("consent", "{app_id}"),
    "unverified_privileged_apps": ("consent", "{app_id}"),
    "bulk_mail_reading_by_apps": ("consent", "{attacker_ip}"),
    "encoded_powershell": ("intrusion", "{c2_domain}"),
    "programs_dropped_by_scripts": ("intrusion", "{payload_sha256}"),
    "programs_that_live_off_the_land": ("intrusion", "comsvcs.dll"),
    "run_keys_to_writable_folders": ("intrusion", "{payload}"),
    "scheduled_tasks_from_writable_folders": ("intrusion", "{payload}"),
    "credential_dumps": ("intrusion", "{payload_sha256}"),
    "lsass_opened_by_strangers": ("intrusion", "rundll32.exe"),
    "commands_over_wmi": ("intrusion", "ADMIN$"),
    "ntlm_administrator_logons": ("intrusion", "adm-"),
    "beacons_from_writable_folders": ("intrusion", "{c2_ip}"),
    "archived_shares": ("exfiltration", "Finance"),
    "uploads_by_copy_tools": ("exfiltration", "{storage_domain}"),
    "shadow_copy_deletion": ("ransomware", "shadows /all"),
    "recovery_and_traces_removed": ("ransomware", "{tool_sha256}"),
    "mass_renames": ("ransomware", "{extension}"),
    "ransom_notes": ("ransomware", "{note}"),
    "attachments_by_hash": ("intrusion", "{document_sha256}"),
    "files_by_hash": ("intrusion", "{payload_sha256}"),
    "addresses_contacted": ("intrusion", "{c2_ip}"),
    "domains_contacted": ("intrusion", "{c2_domain}"),
    "sign_ins_from_addresses": ("phishing", "{attacker_ip}"),
    "links_to_domains": ("phishing", "{url}"),
    "mail_from_senders": ("phishing", "{sender}"),
}


def alone(ground: t.Any, story: t.Any) -> list[t.Any]:
    """The story's look-alikes in tenants that no story has come to."""
    return [
        decoy
        for decoy in story.decoys
        if not any(decoy.tenant_id in other.tenants for other in ground.stories.values())
    ]


@pytest.mark.parametrize("hunt", FINDS)
def test_a_hunt_finds_its_story_in_every_tenant_of_it(ground: t.Any, hunt: str) -> None:
    story, sign = (
        ground.stories[FINDS[hunt][0]],
        FINDS[hunt][1].format(**ground.stories[FINDS[hunt][0]].indicators),
    )
    for tenant in story.tenants:
        rows = ground.rows(hunt, tenant)
        assert any(sign in str(value) for row in rows for value in row.values()), (
            f"{sign} in {tenant}: {rows}"
        )
        assert all("Timestamp" in row for row in rows)


@pytest.mark.parametrize("hunt", FINDS)
def test_a_hunt_is_not_taken_in_by_a_look_alike(ground: t.Any, hunt: str) -> None:
    story = ground.stories[FINDS[hunt][0]]
    assert alone(ground, story)
    for decoy in alone(ground, story):
        assert any(
            row.get(decoy.column) == decoy.value
            for row in ground.world.tables(decoy.tenant_id)[decoy.table]
        ), "the look-alike is planted"
        assert ground.rows(hunt, decoy.tenant_id) == [], decoy.why


@pytest.mark.parametrize("hunt", FINDS)
def test_a_hunt_that_were_less_precise_would_be_found_out(ground: t.Any, hunt: str) -> None:
    """Without one of its lines the hunt is taken in by honest work: otherwise the tests beside this
    one could not fail."""
    from defender_lab.hunting.engine import HuntingRefused

    lines = ground.hunts[hunt]["query"].split("\n")
    tenants = [decoy.tenant_id for decoy in alone(ground, ground.stories[FINDS[hunt][0]])]
    for number, line in enumerate(lines):
        if not line.startswith("//") and line.strip():
            with contextlib.suppress(HuntingRefused):
                if any(
                    ground.rows(hunt, tenant, query="\n".join(lines[:number] + lines[number + 1 :]))
                    for tenant in tenants
                ):
                    return
    raise AssertionError("no line of this hunt keeps it from a look-alike")


def test_no_hunt_finds_anything_in_a_clean_tenant(ground: t.Any) -> None:
    assert ground.clean
    assert {
        hunt: rows
        for hunt in ground.hunts
        for tenant in ground.clean[:2]
        if (rows := ground.rows(hunt, tenant, None))
    } == {}


def test_every_hunt_of_the_packs_is_tested_here(ground: t.Any) -> None:
    assert set(ground.hunts) == set(FINDS)
    assert len(ground.hunts) >= 15


def test_headers_name_the_tables_that_the_queries_read(packs: list[str]) -> None:
    from defender_lab.hunting.engine import hunting_tables

    for hunt in _packs.find(packs):
        used = {table for table in hunting_tables() if hunt.says(table)}
        assert used == set(hunt.tables), hunt.path


def test_every_header_of_the_packs_is_whole(packs: list[str]) -> None:
    for hunt in _packs.find(packs):
        assert all(
            (hunt.title, hunt.description, hunt.tactics, hunt.techniques, hunt.tables, hunt.licence)
        ), hunt.path
        assert all(parameter.description for parameter in (hunt.parameters or {}).values()), (
            hunt.path
        )
        assert Path(hunt.path).read_text(encoding="utf-8").startswith("// ---\n")
