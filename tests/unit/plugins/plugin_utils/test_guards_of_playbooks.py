# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What playbooks refuse before the first request: no host, and an unknown fail_when or time
range."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mssp.defender_xdr.plugins.filter.host_pattern import host_pattern
from ansible_collections.mssp.defender_xdr.plugins.test.too_many_failed import too_many_failed
from ansible_collections.mssp.defender_xdr.plugins.test.valid_fail_when import valid_fail_when
from ansible_collections.mssp.defender_xdr.plugins.test.valid_timespan import valid_timespan


@pytest.mark.parametrize(
    "pattern", ["", ",", " : ", "[]", "['', ',']", "!", "&", ":!&", [], [""], [",", None], None, ()]
)
def test_a_pattern_without_a_name_is_an_error(pattern: t.Any) -> None:
    with pytest.raises(AnsibleFilterError, match="chosen is .*, which names no host"):
        host_pattern(pattern, "chosen")


@pytest.mark.parametrize(
    "pattern", ["contoso", "all", "*", "a,,b", "tenants:!test", ["", "a"], "~x.*", "['a']", "0"]
)
def test_a_pattern_with_a_name_is_returned_as_it_is(pattern: t.Any) -> None:
    assert host_pattern(pattern) is pattern


@pytest.mark.parametrize("text", ["all", "any", "never", "1%", "100%", "10 %"])
def test_a_known_fail_when_is_valid(text: str) -> None:
    assert valid_fail_when(text)
    assert too_many_failed({"asked": 3, "failed": 3}, text) is (text != "never")


@pytest.mark.parametrize("text", ["", "some", "0%", "101%", "10", "ALL", None, 10, []])
def test_an_unknown_fail_when_is_an_error(text: t.Any) -> None:
    assert not valid_fail_when(text)
    with pytest.raises(AnsibleFilterError, match="must be all, any, never or a percentage"):
        too_many_failed({"asked": 3, "failed": 0}, text)


@pytest.mark.parametrize("text", ["", None, "7d", "P7D", "14d/7d", "2026-11-01T00:00:00Z/P7D"])
def test_a_time_range_that_a_query_accepts_is_valid(text: t.Any) -> None:
    assert valid_timespan(text)


@pytest.mark.parametrize("text", ["yesterday", "7", 7, "7d/", "P", [], "2026-13-01T00:00:00Z"])
def test_a_time_range_that_a_query_refuses_is_not_valid(text: t.Any) -> None:
    assert not valid_timespan(text)


def test_all_is_the_default() -> None:
    assert not too_many_failed({"asked": 3, "failed": 2})
    assert too_many_failed({"asked": 3, "failed": 3})


def test_the_coverage_of_a_report_counts_the_unread() -> None:
    assert too_many_failed({"asked": 4, "complete": 2, "partial": 1, "unread": 1}, "25%")
    assert not too_many_failed({"asked": 4, "complete": 3, "partial": 1, "unread": 0}, "any")


@pytest.mark.parametrize(
    "coverage", [None, 5, "text", {}, {"asked": 1}, {"asked": "1", "failed": 1}]
)
def test_what_is_no_coverage_is_an_error(coverage: t.Any) -> None:
    with pytest.raises(AnsibleFilterError, match="must be a coverage"):
        too_many_failed(coverage, "any")
