# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The summary of the demo: token, roles, incidents and hits of each tenant."""

from __future__ import annotations

from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._summary import demo
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._summary.hosts import Hosts
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.plugin_utils._summary.facts import (
    incident,
    listed,
    refused,
)


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
