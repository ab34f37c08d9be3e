# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one exception of the collection, and the tables that turn Microsoft's refusals into it.

Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""

from __future__ import annotations

import re
import typing as t

CATEGORIES: t.Final[t.Mapping[str, tuple[str, str]]] = {
    # category: (who must act, what to do)
    "not_consented": ("customer", "An administrator of that tenant has to consent to the application."),
    "role_missing": ("customer", "An administrator of that tenant has to consent again, after the role was added to the application."),
    "bad_credentials": ("partner", "Check the application's secret, certificate or federated credential, and the client_id."),
    "credential_expired": ("partner", "Create a new credential for the application and hand it to this play."),
    "tenant_not_found": ("caller", "Check tenant_id and cloud: an organisation lives in exactly one cloud."),
    "not_licensed": ("customer", "The tenant needs a licence for this product, and the product has to be set up once."),
    "wrong_tenant": ("caller", "Ask for a token of this tenant; nothing was sent with the other one."),
    "wrong_audience": ("caller", "Ask for a token of the audience that this API expects."),
    "app_disabled": ("customer", "An administrator of that tenant has to enable the enterprise application again."),
    "blocked_by_policy": ("customer", "The tenant's conditional access for workload identities has to allow this application from this address."),
    "unsupported": ("caller", "Use another API or leave this tenant out."),
    "bad_query": ("caller", "Correct the query."),
    "bad_request": ("caller", "Correct the option that the message names."),
    "not_found": ("caller", "Check the id; the object may have been merged, deleted or live in another tenant."),
    "conflict": ("caller", "Look at the object's state before trying again."),
    "truncated": ("caller", "Ask for less: a shorter time span, fewer columns, or a summary."),
    "throttled": ("caller", "Ask less often, or allow a longer retry_deadline."),
    "unavailable": ("microsoft", "Try again later."),
    "timeout": ("microsoft", "Try again later, or ask for less at a time."),
    "network": ("caller", "Check name resolution, routes, firewall and proxy of the machine that sends the request."),
    "tls": ("caller", "Check ca_path and whatever inspects TLS on the way; validate_certs should stay true."),
    "outcome_unknown": ("caller", "Look at the object before repeating the action."),
}
RETRYABLE: t.Final = frozenset({"throttled", "unavailable", "timeout", "network"})


class DefenderError(Exception):
    """What went wrong, as the contract's C(error) describes it.

    :arg category: one of CATEGORIES.
    :arg message: one sentence with fact and value; the remedy is the advice.
    :arg facts: keys that the result carries beside C(error), such as C(missing_roles).
    """

    def __init__(
        self,
        category: str,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        who: str | None = None,
        advice: str | None = None,
        facts: t.Mapping[str, t.Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.category = category
        self.message = message
        self.status = status
        self.code = code
        self.request_id = request_id
        self.who = who or CATEGORIES[category][0]
        self.advice = advice or CATEGORIES[category][1]
        self.facts = dict(facts or {})

    def as_result(self) -> dict[str, t.Any]:
        """The keys of a failed result: failed, msg, error, and the facts."""
        return {
            "failed": True,
            "changed": False,
            "msg": self.message,
            "error": {
                "category": self.category,
                "status": self.status,
                "code": self.code,
                "request_id": self.request_id,
                "retryable": self.category in RETRYABLE,
                "who": self.who,
                "advice": self.advice,
            },
            **self.facts,
        }

    def as_memory(self) -> dict[str, t.Any]:
        """What L(from_memory) needs to raise the same error again: plain JSON, no secret."""
        names = ("category", "message", "status", "code", "request_id", "who", "advice", "facts")
        return {name: getattr(self, name) for name in names}


def from_memory(memory: t.Mapping[str, t.Any]) -> DefenderError:
    """The error that was remembered; a KeyError or TypeError when it is not one."""
    rest = {name: memory[name] for name in ("status", "code", "request_id", "who", "advice", "facts")}
    if memory["category"] not in CATEGORIES or not isinstance(memory["message"], str) or not isinstance(memory["facts"], dict):
        raise KeyError(memory["category"])
    return DefenderError(memory["category"], memory["message"], **rest)


# Codes of the token end point: learn.microsoft.com/entra/identity-platform/reference-error-codes, and public reports.
TOKEN_CODES: t.Final[t.Mapping[int, tuple[str, str]]] = {
    7000215: ("bad_credentials", "the client secret is wrong (the secret's value is needed, not its id)"),
    7000222: ("credential_expired", "the client secret has expired"),
    7000218: ("bad_credentials", "no credential reached the login service"),
    700027: ("bad_credentials", "the certificate is not registered on the application, or has expired there"),
    700024: ("bad_credentials", "the assertion is outside its time of validity (clock, or a stale federated token)"),
    700030: ("bad_credentials", "the certificate's subject or issuer is not allowed for the application"),
    700211: ("bad_credentials", "no federated credential of the application matches the assertion's issuer"),
    700212: ("bad_credentials", "no federated credential of the application matches the assertion's audience"),
    700213: ("bad_credentials", "no federated credential of the application matches the assertion's subject"),
    50012: ("bad_credentials", "the login service could not authenticate the application"),
    50027: ("bad_credentials", "the assertion is malformed, or is no assertion at all"),
    50013: ("bad_credentials", "the assertion is not valid"),
    700016: ("not_consented", "the application is not known there: it was never consented to"),
    7000112: ("app_disabled", "the application is disabled there"),
    65001: ("not_consented", "consent is missing"),
    650056: ("not_consented", "the application lists no permission for this resource, or consent is missing"),
    650057: ("not_consented", "the application does not list this resource among its permissions"),
    500011: ("not_licensed", "the resource has no service principal there, so the product was never set up"),
    500014: ("not_licensed", "the resource's service principal is disabled there"),
    650052: ("not_licensed", "the tenant has no subscription for this service"),
    90002: ("tenant_not_found", "the tenant does not exist in this cloud"),
    900021: ("tenant_not_found", "the tenant is not valid"),
    900023: ("tenant_not_found", "the tenant id is malformed"),
    900382: ("tenant_not_found", "the tenant lives in another cloud"),
    90038: ("tenant_not_found", "the tenant lives in another cloud"),
    90099: ("not_consented", "the application is not authorised for delegated partners there"),
    9001023: ("tenant_not_found", "an app-only token needs one tenant, not a common end point"),
    90124: ("tenant_not_found", "an app-only token needs one tenant, not a common end point"),
    90130: ("tenant_not_found", "an app-only token needs one tenant, not a common end point"),
    70011: ("wrong_audience", "the audience is not valid"),
    1002012: ("wrong_audience", "the audience is not valid"),
    28000: ("wrong_audience", "more than one audience was asked for"),
    28002: ("wrong_audience", "more than one audience was asked for"),
    900144: ("bad_request", "a field of the request is missing"),
    901002: ("bad_request", "the request has a field that this end point does not take"),
    53003: ("blocked_by_policy", "conditional access blocked the token"),
    530031: ("blocked_by_policy", "conditional access blocked the token"),
    530032: ("blocked_by_policy", "the tenant's security policy blocked the token"),
    50034: ("bad_request", "the login service asked for a user, which this flow has none of"),
    50196: ("throttled", "the login service saw a request loop"),
    90033: ("unavailable", "the login service is unavailable for a moment"),
    90024: ("throttled", "the login service is throttling"),
    90006: ("unavailable", "the login service failed for a moment"),
    90055: ("throttled", "the tenant sends too many requests to the login service"),
}
# Where the code is unknown, the OAuth word decides.
TOKEN_WORDS: t.Final[t.Mapping[str, str]] = {
    "invalid_client": "bad_credentials",
    "unauthorized_client": "not_consented",
    "invalid_resource": "not_licensed",
    "invalid_scope": "wrong_audience",
    "invalid_grant": "blocked_by_policy",
    "access_denied": "blocked_by_policy",
    "invalid_tenant": "tenant_not_found",
    "temporarily_unavailable": "unavailable",
    "server_error": "unavailable",
}


def from_token_answer(label: str, status: int, body: t.Mapping[str, t.Any], *, advice: str | None = None) -> DefenderError:
    """The error for a refused token request.

    :arg label: how messages name the tenant, such as C(contoso (2222...)).
    :arg body: the answer's JSON with error, error_codes, error_description, correlation_id.
    :arg advice: what the customer's administrator can do (the consent link); used where consent is what is missing.
    """
    given = body.get("error_codes")
    codes = [code for code in given if isinstance(code, int)] if isinstance(given, list) else []
    codes = codes or [int(n) for n in re.findall(r"AADSTS(\d+)", str(body.get("error_description")))]
    word = str(body.get("error") or "")
    known = next((TOKEN_CODES[code] for code in codes if code in TOKEN_CODES), None)
    if known:
        category, meaning = known
        if category == "bad_credentials" and "expired" in str(body.get("error_description")) and 700027 in codes:
            category = "credential_expired"
    elif status == 429 or status >= 500:
        category, meaning = ("throttled" if status == 429 else "unavailable"), f"the login service answered {status}"
    else:
        category, meaning = TOKEN_WORDS.get(word, "bad_request"), f"the login service answered {word or status}"
    name = f"AADSTS{codes[0]}" if codes else word or str(status)
    return DefenderError(
        category,
        f"Tenant {label} gives no token: {meaning} ({name}).",
        status=status,
        code=name,
        request_id=body.get("correlation_id"),
        advice=advice if category == "not_consented" else None,
    )


class Rule(t.NamedTuple):
    """A refusal of an API is of a category when status, code and text all match; None matches all."""

    category: str
    status: int | None = None
    code: str | None = None
    text: str | None = None
    hunting: bool | None = None


# First match wins. Sources: Graph's and Defender's pages on errors, and public reports of real answers.
API_RULES: t.Final = (
    Rule("role_missing", 403, text=r"Missing application roles"),
    Rule("not_licensed", 403, text=r"Account is not provisioned"),
    Rule("not_licensed", 401, text=r"Account mode is inactive|No Tvm license"),
    Rule("not_licensed", 403, code="DisabledFeature"),
    Rule("bad_request", 403, code="DisallowedOperation"),
    Rule("wrong_audience", 401, text=r"[Ii]nvalid audience|audience"),
    Rule("bad_credentials", 401),
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
    Rule("truncated", 400, text=r"exceeded the allowed result size|maximum allowed size", hunting=True),
    Rule("timeout", 400, text=r"timed? ?out|preempted", hunting=True),
    Rule("bad_query", 400, hunting=True),
    Rule("timeout", 500, text=r"^$|preempted|timed? ?out", hunting=True),
    Rule("timeout", 503, text=r"preempted", hunting=True),
    Rule("bad_request", 400),
    Rule("throttled", 429),
    Rule("unsupported", 501),
    Rule("timeout", 504),
)


def from_api_answer(label: str, what: str, status: int, body: t.Any, *, request_id: str | None = None, hunting: bool = False) -> DefenderError:
    """The error for a refused API call.

    :arg what: the call in words, such as C(GET /v1.0/security/incidents).
    :arg body: the answer's JSON, C({"error": {"code", "message", "target" or "innerError"}}), or whatever came instead.
    :arg hunting: true where a 400 speaks of the query and not of the request.
    """
    error = body.get("error") if isinstance(body, dict) else None
    error = error if isinstance(error, dict) else {}
    inner = error.get("innerError") or error.get("innererror")
    inner = inner if isinstance(inner, dict) else {}
    code, text = str(error.get("code") or ""), str(error.get("message") or "")
    category = "unavailable" if status >= 500 else "bad_request"
    for rule in API_RULES:
        fits = rule.status in (None, status) and rule.code in (None, code) and rule.hunting in (None, hunting)
        if fits and (rule.text is None or re.search(rule.text, text)):
            category = rule.category
            break
    facts: dict[str, t.Any] = {}
    if roles := re.search(r"API required roles: (.*?), application roles", text):
        facts["missing_roles"] = [role.strip() for role in roles.group(1).split(",")]
    said = f"{code}: {text}" if code and text else code or text or "an answer without a message"
    return DefenderError(
        category,
        f"Tenant {label}: {what} was answered {status} ({said}).",
        status=status,
        code=code or None,
        request_id=request_id or inner.get("request-id") or error.get("target"),
        facts=facts,
    )
