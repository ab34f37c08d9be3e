# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors of Microsoft's APIs as errors of the contract: one table of status, code and text.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError


class Rule(t.NamedTuple):
    """The category of an API's error whose status, code and text all match; None matches
    anything."""

    category: str
    status: int | None = None
    code: str | None = None
    text: str | None = None
    hunting: bool | None = None
    who: str | None = None
    advice: str | None = None


# The login service accepted the credential and issued this token: the credential is not to blame.
TOKEN_REFUSED: t.Final = (
    "The API refused a token that the login service had just issued. Check this machine's clock,"
    " and request a new token: access_token with force_refresh."
)
# First match wins. Sources: Graph's and Defender's pages on errors, and public reports of real
# responses.
API_RULES: t.Final = (
    Rule("role_missing", 403, text=r"Missing application roles"),
    Rule("not_licensed", 403, text=r"Account is not provisioned"),
    Rule("not_licensed", 401, text=r"Account mode is inactive|No Tvm license"),
    Rule("not_licensed", 403, code="DisabledFeature"),
    Rule("bad_request", 403, code="DisallowedOperation"),
    Rule("wrong_audience", 401, text=r"[Ii]nvalid audience|audience"),
    Rule("bad_credentials", 401, who="caller", advice=TOKEN_REFUSED),
    Rule("blocked_by_policy", 403, text=r"[Cc]onditional [Aa]ccess"),
    Rule("role_missing", 403),
    Rule("unsupported", 400, text=r"Resource not found for the segment"),
    Rule("unsupported", 404, text=r"Resource not found for the segment|No HTTP resource was found"),
    Rule("not_found", 404),
    Rule("timeout", 408),
    Rule("conflict", 409),
    Rule("conflict", 412),
    Rule("conflict", 400, code="ActiveRequestAlreadyExists"),
    Rule("conflict", 400, text=r"already in progress|already exists"),
    Rule(
        "truncated",
        400,
        text=r"exceeded the allowed result size|maximum allowed size",
        hunting=True,
    ),
    Rule("timeout", 400, text=r"timed? ?out|preempted", hunting=True),
    Rule("bad_query", 400, hunting=True),
    Rule("timeout", 500, text=r"^$|preempted|timed? ?out", hunting=True),
    Rule("timeout", 503, text=r"preempted", hunting=True),
    Rule("bad_request", 400),
    Rule("throttled", 429),
    Rule("unsupported", 501),
    Rule("timeout", 504),
)


def from_api_answer(
    label: str,
    what: str,
    status: int,
    body: t.Any,
    *,
    request_id: str | None = None,
    hunting: bool = False,
) -> DefenderError:
    """The error for a refused API call.

    :arg what: the call, such as `GET /v1.0/security/incidents`.
    :arg body: the JSON of the response, `{"error": {"code", "message", "target" or
        "innerError"}}`, or whatever the response contains instead.
    :arg hunting: true if a 400 is about the query, not about the request.
    """
    error = body.get("error") if isinstance(body, dict) else None
    error = error if isinstance(error, dict) else {}
    inner = error.get("innerError") or error.get("innererror")
    inner = inner if isinstance(inner, dict) else {}
    code, text = str(error.get("code") or ""), str(error.get("message") or "")
    if status in (401, 403) and isinstance(body, dict) and body and not (error or request_id):
        return DefenderError(
            "network",
            f"Tenant {label}: {what} returned {status} from something other than the service.",
            status=status,
            advice=(
                "Check the proxy or filter between this machine and the service; it sent this"
                " response."
            ),
        )
    matching = (rule for rule in API_RULES if _matches(rule, status, code, text, hunting=hunting))
    rule = next(matching, Rule("unavailable" if status >= 500 else "bad_request"))
    facts: dict[str, t.Any] = {}
    if roles := re.search(r"API required roles: (.*?), application roles", text):
        facts["missing_roles"] = [role.strip() for role in roles.group(1).split(",")]
    detail = f"{code}: {text}" if code and text else code or text or "no error message"
    return DefenderError(
        rule.category,
        f"Tenant {label}: {what} returned {status} ({detail}).",
        status=status,
        code=code or None,
        request_id=request_id or inner.get("request-id") or error.get("target"),
        who=rule.who,
        advice=rule.advice,
        facts=facts,
    )


def _matches(rule: Rule, status: int, code: str, text: str, *, hunting: bool) -> bool:
    if rule.status not in (None, status) or rule.code not in (None, code):
        return False
    return rule.hunting in (None, hunting) and (
        rule.text is None or bool(re.search(rule.text, text))
    )
