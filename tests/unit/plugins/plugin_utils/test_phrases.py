# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Phrases that summaries share."""

from __future__ import annotations

from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _phrases


def test_a_noun_follows_its_number() -> None:
    assert [_phrases.counted(number, "tenant") for number in (0, 1, 2)] == [
        "0 tenants",
        "1 tenant",
        "2 tenants",
    ]


def test_the_coverage_is_one_line() -> None:
    coverage = {"asked": 3, "answered": 1, "failed": 2, "complete": 1, "partial": 1, "unread": 1}
    assert _phrases.tenants_by_word(coverage) == "asked 3, complete 1, partial 1, unread 1"


def test_links_and_the_tenant_at_the_begin_are_left_out() -> None:
    assert _phrases.without_link("Consent again: https://login.example/x?y") == "Consent again"
    tenant = "Tenant contoso (22222222-2222-2222-2222-222222222222): "
    assert _phrases.without_tenant(f"{tenant}No token.") == "No token."
    assert _phrases.without_tenant(f"No token. {tenant}") == f"No token. {tenant}"
