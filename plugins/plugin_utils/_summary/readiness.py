# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a tenant is ready, from the results about its token and its incidents.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json

Result = t.Mapping[str, t.Any]
# for a task that ended without a result of its module, such as one with an undefined variable
NO_RESULT: t.Final[Result] = {
    "category": "unavailable",
    "who": "caller",
    "advice": "See the output of the task.",
}


def result(
    token: Result, *, read: Result | None = None, host: str | None = None, asked_at: str = ""
) -> Json:
    """The fact `preflight_result`.

    :arg token: of `access_token_info`, or of a sweep with it.
    :arg read: of `incident_info` or of a sweep with it; None if nothing was to be read.
    :arg host: the host of the tenant in the results of a sweep.
    """
    token = _of_host(token, host)
    decisive, is_good = token, bool(token.get("valid"))
    if is_good and read is not None:
        decisive = _of_host(read, host)
        is_good = "count" in decisive
    reason = {} if is_good else decisive.get("error") or NO_RESULT
    return {
        "ready": is_good,
        "token": bool(token.get("valid")),
        "category": reason.get("category", ""),
        "text": "" if is_good else decisive.get("msg", ""),
        "who": reason.get("who", ""),
        "advice": reason.get("advice", ""),
        "roles": token.get("roles", []),
        "missing_roles": token.get("missing_roles", []),
        "expires_at": token.get("expires_at", ""),
        "asked_at": asked_at,
    }


def _of_host(answer: Result, host: str | None) -> Result:
    """What a task for this host alone would have registered."""
    if host is None or "coverage" not in answer:
        return answer
    failure = answer["failures"].get(host)
    if failure:
        return {**failure, "error": failure}
    found: Result = answer["results"].get(host, {})
    return found
