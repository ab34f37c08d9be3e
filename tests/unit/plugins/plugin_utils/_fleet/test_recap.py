# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The recap names the hosts that failed, and counts all."""

from __future__ import annotations

import types
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._fleet import recap as _recap


def stats(**hosts: dict[str, int]) -> t.Any:
    return types.SimpleNamespace(
        processed=dict.fromkeys(hosts, 1),
        summarize=lambda host: {**dict.fromkeys(_recap.WORDS, 0), **hosts[host]},
        custom={"_run": {"key": 1}},
    )


RUN = stats(
    woodgrove={"ok": 2, "unreachable": 1},
    contoso={"ok": 3, "changed": 1, "skipped": 2},
    litware={"ok": 1, "failures": 1, "ignored": 1},
)


def test_each_host_that_failed_has_a_line_by_name() -> None:
    assert _recap.failed_hosts(RUN) == [
        "litware   : ok=1 changed=0 unreachable=0 failed=1 skipped=0 ignored=1",
        "woodgrove : ok=2 changed=0 unreachable=1 failed=0 skipped=0",
    ]
    assert _recap.failed_hosts(stats()) == []


def test_the_sums_are_one_line() -> None:
    assert _recap.sums(RUN) == "3 hosts : ok=6 changed=1 unreachable=1 failed=1 skipped=2 ignored=1"
    assert _recap.sums(stats(contoso={"ok": 1})).startswith("1 host : ok=1 ")


def test_core_gets_no_hosts_and_the_rest() -> None:
    rest = _recap.without_hosts(RUN)
    assert (rest.processed, rest.custom) == ({}, {"_run": {"key": 1}})
