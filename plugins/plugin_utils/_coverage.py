# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which tenants answered, which did not and why, and whether too many failed.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import collections
import re
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._batch import Batch

NAMED: t.Final = 10  # names in a warning; the rest is counted, `failures` has them all


def threshold(text: str) -> t.Callable[[int, int], bool]:
    """Whether `failed` of `asked` tenants are too many, for `all`, `any`, `never` or `N%`
    (that share or more)."""
    if text == "never":
        return lambda failed, asked: False
    if text == "any":
        return lambda failed, asked: failed > 0
    if text == "all":
        return lambda failed, asked: failed == asked > 0
    share = re.fullmatch(r"([0-9]{1,3})\s*%", text)
    if share is None or not 0 < int(share[1]) <= 100:
        raise DefenderError(
            "bad_request",
            f"fail_when is {text!r}, which is neither all, any, never nor a share such as 10%.",
        )
    return lambda failed, asked: failed > 0 and failed * 100 >= asked * int(share[1])


def sweep_result(
    batch: Batch, results: t.Mapping[str, Json], failures: t.Mapping[str, Json]
) -> Json:
    """The result of a sweep, in the order of the hosts, with a warning for those that did not
    answer."""
    hosts = batch.asked
    failed = {
        host: {
            **(failures[host].get("error") or {"category": "unavailable"}),
            "msg": failures[host].get("msg", ""),
        }
        for host in hosts
        if host in failures
    }
    answered = [host for host in hosts if host in results]
    warnings = [warning for host in answered for warning in results[host].pop("warnings", [])]
    if failed:
        warnings.insert(0, _warning(len(hosts), failed))
    return {
        "changed": any(results[host].get("changed") for host in answered),
        "results": {host: results[host] for host in answered},
        "answered": answered,
        "failures": failed,
        "coverage": {"asked": len(hosts), "answered": len(answered), "failed": len(failed)},
        **({"ended": list(batch.ended)} if batch.ended else {}),
        **(
            {"lost_or_ended": [host for host in hosts if host in batch.unclear]}
            if batch.unclear
            else {}
        ),
        **({"warnings": warnings} if warnings else {}),
    }


def _warning(asked: int, failed: t.Mapping[str, dict[str, t.Any]]) -> str:
    by_category = collections.defaultdict(list)
    for host, error in failed.items():
        by_category[error["category"]].append(host)
    parts = []
    for category, hosts in by_category.items():
        more = f" and {len(hosts) - NAMED} more" if len(hosts) > NAMED else ""
        parts.append(f"{category}: {', '.join(hosts[:NAMED])}{more}")
    return f"{len(failed)} of {asked} tenants did not answer ({'; '.join(parts)})."


def judge(result: dict[str, t.Any], too_many: t.Callable[[int, int], bool]) -> None:
    """Mark the result as failed where too many tenants did not answer; what was answered stays in
    it."""
    count = result["coverage"]
    # a host that the play ended on purpose is no failure
    unclear = len(result.get("lost_or_ended", ()))
    if too_many(count["failed"] - unclear, count["asked"] - unclear):
        first = next(iter(result["failures"].values()))
        result["failed"] = True
        result["msg"] = (
            f"Of {count['asked']} tenants {count['failed']} did not answer. The first of them:"
            f" {first['msg']}"
        )
