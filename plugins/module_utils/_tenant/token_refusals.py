# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors of the token endpoint as errors of the contract.

The AADSTS code identifies the cause; the OAuth error does not: `invalid_client` stands for a wrong
secret as well as for a tenant that Microsoft has closed. A code that is missing from the table is
therefore reported in Microsoft's words, without naming a cause.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import datetime
import re
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _scrub
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.token_codes import (
    CODES,
    OUTSIDE_ITS_TIME,
    Refusal,
)

# The OAuth errors that have one cause, for responses with an unknown code.
OAUTH_ERRORS: t.Final[t.Mapping[str, str]] = {
    "invalid_tenant": "tenant_not_found",
    "temporarily_unavailable": "unavailable",
    "server_error": "unavailable",
}
LOOK_UP: t.Final = "Look up the code: https://login.microsoftonline.com/error?code={}"
CLOCK: t.Final = "Correct this machine's clock, for example with NTP."
RENEW: t.Final = (
    "Renew the token in assertion_file; it is short-lived, and the file is read for each request."
)
SKEW: t.Final = 120  # seconds; a smaller difference is not reported
LONGEST: t.Final = 300
END = re.compile(r"\s*(?:Trace ID|Correlation ID|Timestamp|Request ID)\s*:.*", re.S | re.I)
SENTENCE = re.compile(r"(.+?[.!?])(?=\s+[\"'(\[]?[A-Z]|\s*$)", re.S)
TIME = re.compile(r"Current time: (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)")


class Caller(t.NamedTuple):
    """What this side knows about a refused request.

    `signs` is true if this machine signed the assertion itself; `wall` and `service_time` are
    seconds since 1970.
    """

    secrets: t.Sequence[str] = ()
    signs: bool = False
    wall: float | None = None
    service_time: float | None = None


def from_token_answer(
    label: str,
    status: int,
    body: t.Mapping[str, t.Any],
    *,
    advice: str | None = None,
    caller: Caller | None = None,
) -> DefenderError:
    """The error for a refused token request.

    :arg label: how messages name the tenant, such as `contoso (2222...)`.
    :arg body: the JSON of the response, with error, error_codes, error_description, correlation_id.
    :arg advice: what the customer's administrator can do (the consent link); used if consent is
        missing.
    """
    caller = caller or Caller()
    listed = body.get("error_codes")
    codes = [code for code in listed if isinstance(code, int)] if isinstance(listed, list) else []
    description = _text(body.get("error_description"))
    codes = codes or [int(n) for n in re.findall(r"AADSTS(\d+)", description)]
    word = _line(_text(body.get("error")), caller.secrets)
    name = f"AADSTS{codes[0]}" if codes else word or str(status)
    refusal = _refusal(status, codes, word, description, caller)
    meaning = refusal.meaning
    sentence = first_sentence(description, caller.secrets) if refusal.quoted else ""
    if sentence:
        meaning = f"{meaning}: {sentence}"
    link = advice if refusal.category == "not_consented" else None
    return DefenderError(
        refusal.category,
        f"No token for tenant {label}: {meaning} ({name}).",
        status=status,
        code=name,
        request_id=body.get("correlation_id"),
        who=refusal.who,
        advice=refusal.advice or link,
    )


def first_sentence(description: str, secrets: t.Sequence[str] = ()) -> str:
    """The first sentence of Microsoft's description, without its code, trace ids, secrets and full
    stop."""
    text = END.sub("", re.sub(r"^\s*AADSTS\d+:\s*", "", description))
    match = SENTENCE.match(text)
    return _line(match[1] if match else text, secrets).rstrip(".")


def _text(value: t.Any) -> str:
    return value if isinstance(value, str) else ""


def _line(text: str, secrets: t.Sequence[str]) -> str:
    plain = _scrub.text(" ".join(text.split()), secrets)
    plain = "".join(c for c in plain if c.isprintable())
    return plain if len(plain) <= LONGEST else f"{plain[: LONGEST - 1]}…"


def _refusal(
    status: int, codes: t.Sequence[int], word: str, description: str, caller: Caller
) -> Refusal:
    code = next((code for code in codes if code in CODES), None)
    if code == OUTSIDE_ITS_TIME:
        return _outside_its_time(description, caller)
    if code == 700027 and "expired" in description:
        return Refusal("credential_expired", "the certificate has expired on the application")
    if code is not None:
        return CODES[code]
    if status == 429 or status >= 500:
        category = "throttled" if status == 429 else "unavailable"
        return Refusal(category, f"the login service returned {status}", quoted=True)
    if not codes and not word:
        return Refusal(
            "network",
            f"something other than the login service returned {status}",
            advice=(
                "Check login_url, and the proxy or filter between this machine and the login"
                " service."
            ),
        )
    category = OAUTH_ERRORS.get(word, "bad_request")
    look_up = LOOK_UP.format(codes[0]) if codes else "Check the sign-in log of the application."
    return Refusal(
        category,
        f"the login service returned {word or status}",
        advice=look_up if category == "bad_request" else None,
        quoted=True,
    )


def _outside_its_time(description: str, caller: Caller) -> Refusal:
    """Why an assertion is outside its validity period: this machine's clock, or a stale file.

    The clock is named if it is off, or if this machine signed the assertion itself.
    """
    meaning, service_time = CODES[OUTSIDE_ITS_TIME].meaning, caller.service_time
    if match := TIME.search(description):
        service_time = datetime.datetime.fromisoformat(f"{match[1]}+00:00").timestamp()
    skew = (caller.wall - service_time) if caller.wall and service_time else 0.0
    if abs(skew) > SKEW:
        word = "ahead of" if skew > 0 else "behind"
        clock = f"this machine's clock is {_span(abs(skew))} {word} the login service's clock"
        return Refusal("bad_credentials", f"{meaning}, because {clock}", "caller", CLOCK)
    if caller.signs:
        meaning = f"{meaning}, so this machine's clock may be wrong"
        return Refusal("bad_credentials", meaning, "caller", CLOCK, quoted=True)
    return Refusal("bad_credentials", meaning, "caller", RENEW, quoted=True)


def _span(seconds: float) -> str:
    if seconds < 7200:
        return f"{int(seconds // 60)} minutes"
    return f"{int(seconds // 3600)} hours" if seconds < 172_800 else f"{int(seconds // 86400)} days"
