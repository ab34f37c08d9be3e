# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Indicators: one spelling for each, and those that several tenants share."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    indicators as _report_indicators,
)


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("SHA256", "A" * 64, ("hash", "a" * 64)),
        ("SHA256", "", None),
        ("InitiatingProcessSHA256", "a" * 64, None),
        ("RemoteIP", "203.0.113.7", ("address", "203.0.113.7")),
        ("RemoteIP", "10.1.2.3", None),
        ("RemoteIP", "fe80::1", None),
        ("RemoteIP", "2001:0db8::0001", ("address", "2001:db8::1")),
        ("RemoteUrl", "https://Evil.Example:8443/x?y", ("domain", "evil.example")),
        ("RemoteUrl", "203.0.113.7:443", ("address", "203.0.113.7")),
        ("Url", "http://[bad", None),
        ("SenderFromAddress", "Ana@Evil.Example", ("sender", "ana@evil.example")),
        ("SenderFromDomain", "evil.example", ("domain", "evil.example")),
        ("DeviceName", "evil.example", None),
        ("SHA1", 7, None),
    ],
)
def test_an_indicator_has_one_spelling_and_internal_addresses_are_not_indicators(
    column: str, value: t.Any, expected: tuple[str, str] | None
) -> None:
    assert _report_indicators.indicator(column, value) == expected


def test_only_an_indicator_of_two_tenants_is_shared() -> None:
    rows = [
        ("q", "a", {"SHA1": "a" * 40}),
        ("q", "a", {"SHA1": "a" * 40}),
        ("p", "b", {"SHA1": "A" * 40, "RemoteIP": "203.0.113.9"}),
    ]
    assert _report_indicators.shared(rows) == [
        {"kind": "hash", "value": "a" * 40, "tenants": ["a", "b"], "hunts": ["p", "q"], "rows": 3}
    ]
