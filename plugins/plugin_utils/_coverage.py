# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The coverage of a sweep: which tenants answered, which failed and why, and whether too many did.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import collections
import re
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._batch import Batch

ALARM: t.Final = "wrong_tenant"  # a security event, whatever else failed
OF_THE_TOKEN: t.Final = ("roles", "missing_roles", "expires_at")  # known although the module failed
OF_A_WRITE: t.Final = ("tenant", "writes")  # what was written before the module failed
NAMED: t.Final = 10  # names in a warning; the rest is counted, `failures` has them all


def alarm(host: str, message: str) -> str:
    """The line for a tenant with a token or a response of another tenant."""
    return f"SECURITY EVENT ({ALARM}) in {host}: {message}"


def alarm_in(warning: str) -> tuple[str, str] | None:
    """The host and the message of a line that `alarm` made; None for any other text."""
    head, in_host, rest = warning.partition(f"({ALARM}) in ")
    host, colon, message = rest.partition(": ")
    return (host, message) if warning == alarm(host, message) and colon and in_host else None


def threshold(text: str) -> t.Callable[[int, int], bool]:
    """The function that says whether `failed` of `asked` tenants are too many.

    :arg text: `all`, `any`, `never` or `N%` (that share or more); anything else is `bad_request`.
    """
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
            f"fail_when is {text!r}, but must be all, any, never or a percentage such as 10%.",
        )
    return lambda failed, asked: failed > 0 and failed * 100 >= asked * int(share[1])


def sweep_result(
    batch: Batch, results: t.Mapping[str, Json], failures: t.Mapping[str, Json]
) -> Json:
    """The result of a sweep, in the order of the hosts.

    Its warnings begin with one for each security event; the next one counts all tenants that
    failed.
    """
    hosts = batch.asked
    failed = {
        host: {
            **(failures[host].get("error") or {"category": "unavailable"}),
            "msg": failures[host].get("msg", ""),
            **{name: failures[host][name] for name in kept_keys(failures[host])},
        }
        for host in hosts
        if host in failures
    }
    answered = [host for host in hosts if host in results]
    warnings = [warning for host in answered for warning in results[host].pop("warnings", [])]
    if failed:
        alarms = [alarm(host, failed[host]["msg"]) for host in alarming(failed)]
        warnings = [*alarms, _warning(len(hosts), failed), *warnings]
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


def kept_keys(failure: Json) -> list[str]:
    """The keys of a module's failed result that a failure of a sweep keeps, besides its error."""
    of_writes = OF_A_WRITE if "writes" in failure else ()
    return [name for name in (*OF_THE_TOKEN, *of_writes) if name in failure]


def alarming(failures: t.Mapping[str, Json]) -> list[str]:
    """The hosts whose failure is a security event."""
    return [host for host, error in failures.items() if error["category"] == ALARM]


def _warning(asked: int, failed: t.Mapping[str, dict[str, t.Any]]) -> str:
    by_category = collections.defaultdict(list)
    for host in dict.fromkeys([*alarming(failed), *failed]):
        by_category[failed[host]["category"]].append(host)
    parts = []
    for category, hosts in by_category.items():
        more = f" and {len(hosts) - NAMED} more" if len(hosts) > NAMED else ""
        parts.append(f"{category}: {', '.join(hosts[:NAMED])}{more}")
    return f"{len(failed)} of {asked} tenants failed ({'; '.join(parts)})."


def judge(result: dict[str, t.Any], too_many: t.Callable[[int, int], bool]) -> None:
    """Mark the result as failed if too many tenants failed; it keeps the answers of the others."""
    count = result["coverage"]
    # the play may have ended these hosts on purpose
    unclear = len(result.get("lost_or_ended", ()))
    if too_many(count["failed"] - unclear, count["asked"] - unclear):
        failures = result["failures"]
        host = next(iter([*alarming(failures), *failures]))
        result["failed"] = True
        result["msg"] = (
            f"{count['failed']} of {count['asked']} tenants failed, for example {host}:"
            f" {failures[host]['msg']}"
        )
