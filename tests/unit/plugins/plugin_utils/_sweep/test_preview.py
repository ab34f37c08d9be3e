# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a person reads of a sweep's changes."""

from __future__ import annotations

from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import (
    preview as _preview,
)

ACTIVE = {"status": "active", "assigned_to": None, "comment": None}


def test_counts_come_first_and_then_each_tenant() -> None:
    after = {**ACTIVE, "status": "in_progress"}
    results = {
        "contoso": {
            "changed": True,
            "before": ACTIVE,
            "after": {**after, "assigned_to": "sam", "comment": "two\nlines"},
        },
        "fabrikam": {"changed": True, "before": ACTIVE, "after": after},
        "litware": {"changed": False, "before": after, "after": after},
    }
    failures = {"tailspin": {"category": "not_consented", "msg": "No consent."}}
    assert _preview.text(results, failures, "incident") == (
        "changes: 2 incidents; no change: 1 tenant; failed: 1 tenant\n"
        "  2 x status: active -> in_progress\n"
        "contoso: status: active -> in_progress; assigned_to: null -> sam; comment: null ->"
        ' "two\\nlines"\n'
        "fabrikam: status: active -> in_progress\n"
        "tailspin: failed, No consent.\n"
    )
    assert _preview.text({}, {}, "incident") == (
        "changes: 0 incidents; no change: 0 tenants; failed: 0 tenants\n"
    )


def test_no_character_reaches_the_terminal_that_it_would_obey() -> None:
    evil = "a\x1b[2J\x9b2J\u202e"
    results = {"contoso": {"changed": True, "before": {"tag": []}, "after": {"tag": [evil]}}}
    shown = _preview.text(results, {"litware": {"msg": evil}}, "incident")
    assert not set("\x1b\x9b\u202e") & set(shown)
