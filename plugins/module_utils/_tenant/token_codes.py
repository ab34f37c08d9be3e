# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The AADSTS codes that the token endpoint can return to an app-only request, and their meaning.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t


class Refusal(t.NamedTuple):
    """The meaning of a code. `quoted` adds the first sentence of Microsoft's description."""

    category: str
    meaning: str
    who: str | None = None
    advice: str | None = None
    quoted: bool = False


ONE_TENANT: t.Final = "an app-only token requires one specific tenant, not a common endpoint"
NO_CREDENTIAL: t.Final = "the login service received no credential"
NO_USER: t.Final = "the login service expects a user, but this flow has none"
OTHER_CLOUD: t.Final = "the tenant is in another cloud"
NOT_KNOWN: t.Final = "the application has not been consented to there"
NO_CONSENT: t.Final = "consent is missing"
REVOKED: t.Final = "the certificate has been revoked"
ENDED: t.Final = "the certificate is outside its validity period"
BUSY: t.Final = "the login service had a temporary failure"
MALFORMED: t.Final = "the login service rejected the request"
AUDIENCE: t.Final = "the audience is not valid"
MISMATCH: t.Final = "no federated credential of the application matches the assertion's {}"
CLOSED: t.Final = Refusal(
    "tenant_not_found",
    "the customer's tenant is blocked or closed",
    who="customer",
    advice=("The customer must have Microsoft support reopen the tenant; exclude it until then."),
    quoted=True,
)
RESTRICTED: t.Final = Refusal(
    "network",
    ("a proxy or device policy allows sign-in to selected tenants only (tenant restrictions)"),
    advice=(
        "The administrator of the proxy or device policy in this machine's network must allow"
        " this tenant."
    ),
)
CONDITIONAL: t.Final = Refusal(
    "blocked_by_policy", "conditional access blocked the token", quoted=True
)
CROSS_TENANT: t.Final = Refusal(
    "blocked_by_policy",
    "a cross-tenant access policy blocked the token",
    advice=(
        "The cross-tenant access settings of the customer, or of the application's own tenant,"
        " must allow the token."
    ),
    quoted=True,
)
UNMANAGED: t.Final = Refusal(
    "not_consented",
    "the application cannot be used in that tenant",
    advice=("An administrator of that tenant must do what the message says, and can then consent."),
    quoted=True,
)
UNASSIGNED: t.Final = Refusal(
    "not_consented",
    "the resource requires an assigned role, but the application has none",
    quoted=True,
)
PUBLIC: t.Final = Refusal(
    "bad_credentials",
    "the application is registered as a public client, which cannot use a credential",
    advice="In the app registration, set 'Allow public client flows' to no.",
)
OUTSIDE_ITS_TIME: t.Final = 700024
WRONG_SECRET: t.Final = 7000215

# learn.microsoft.com/entra/identity-platform/reference-error-codes, and public reports of real
# responses.
CODES: t.Final[t.Mapping[int, Refusal]] = {
    WRONG_SECRET: Refusal(
        "bad_credentials", "the client secret is wrong (the secret's value is needed, not its id)"
    ),
    70002: Refusal("bad_credentials", "the login service rejected the credential", quoted=True),
    7000222: Refusal("credential_expired", "the client secret has expired"),
    1000502: Refusal("credential_expired", ENDED),
    7000274: Refusal("credential_expired", ENDED),
    7000214: Refusal("bad_credentials", REVOKED),
    7000277: Refusal("bad_credentials", REVOKED),
    7000216: Refusal("bad_credentials", NO_CREDENTIAL),
    7000218: Refusal("bad_credentials", NO_CREDENTIAL),
    700025: PUBLIC,
    700021: Refusal("bad_credentials", "the assertion is for another application"),
    700023: Refusal("bad_credentials", "the assertion is for another audience"),
    OUTSIDE_ITS_TIME: Refusal("bad_credentials", "the assertion is outside its validity period"),
    700027: Refusal(
        "bad_credentials", "the certificate is not registered on the application", quoted=True
    ),
    700030: Refusal(
        "bad_credentials", "the certificate's subject or issuer is not allowed for the application"
    ),
    700211: Refusal("bad_credentials", MISMATCH.format("issuer")),
    700212: Refusal("bad_credentials", MISMATCH.format("audience")),
    700213: Refusal("bad_credentials", MISMATCH.format("subject")),
    700222: Refusal(
        "bad_credentials", "the assertion's issuer is not allowed for a federated credential"
    ),
    700229: Refusal(
        "bad_credentials", "the assertion is a user's token, but an app-only token is required"
    ),
    700238: Refusal(
        "bad_credentials", "the assertion's issuer is not allowed for a federated credential"
    ),
    50012: Refusal(
        "bad_credentials", "the login service could not authenticate the application", quoted=True
    ),
    50013: Refusal("bad_credentials", "the assertion is not valid", quoted=True),
    500133: Refusal("bad_credentials", "the assertion is not valid", quoted=True),
    50027: Refusal("bad_credentials", "the assertion is malformed", quoted=True),
    5002723: Refusal("bad_credentials", "the assertion is malformed", quoted=True),
    50048: Refusal("bad_credentials", "the assertion's subject is not its issuer"),
    900384: Refusal("bad_credentials", "the assertion's signature is not valid", quoted=True),
    700016: Refusal("not_consented", NOT_KNOWN),
    700011: Refusal("not_consented", NOT_KNOWN),
    70001: Refusal("not_consented", NOT_KNOWN, quoted=True),
    7000229: Refusal("not_consented", f"{NOT_KNOWN} (it has no service principal)"),
    65001: Refusal("not_consented", NO_CONSENT),
    65005: Refusal("not_consented", NO_CONSENT, quoted=True),
    650051: UNMANAGED,
    650056: Refusal(
        "not_consented",
        "the application lists no permission for this resource, or consent is missing",
    ),
    650057: Refusal(
        "not_consented", "the application does not list this resource among its permissions"
    ),
    90008: Refusal("not_consented", NO_CONSENT),
    90093: Refusal("not_consented", NO_CONSENT, quoted=True),
    90094: Refusal("not_consented", NO_CONSENT),
    90095: Refusal("not_consented", NO_CONSENT),
    90099: Refusal(
        "not_consented", "the application is not authorized for delegated partners there"
    ),
    50105: UNASSIGNED,
    501051: UNASSIGNED,
    7000112: Refusal("app_disabled", "the application is disabled there"),
    1000031: Refusal(
        "app_disabled", "the application cannot be used there at this time", quoted=True
    ),
    50001: Refusal("not_licensed", "the resource does not exist there, or is disabled"),
    500011: Refusal(
        "not_licensed",
        "the resource has no service principal there, so the product was never set up",
    ),
    500014: Refusal("not_licensed", "the resource's service principal is disabled there"),
    650052: Refusal("not_licensed", "the tenant has no subscription for this service"),
    650054: Refusal("not_licensed", "the resource has been removed there"),
    5000224: CLOSED,
    5000225: CLOSED,
    90002: Refusal("tenant_not_found", "the tenant does not exist in this cloud"),
    900021: Refusal("tenant_not_found", "the tenant is not valid"),
    900023: Refusal("tenant_not_found", "the tenant id is malformed"),
    90019: Refusal("tenant_not_found", "the login service could not identify the tenant"),
    50059: Refusal("tenant_not_found", "the login service could not identify the tenant"),
    50128: Refusal("tenant_not_found", "the login service could not identify the tenant"),
    50049: Refusal("tenant_not_found", "the login service does not know this cloud's host"),
    90051: Refusal("tenant_not_found", "the login service does not know this cloud"),
    90038: Refusal("tenant_not_found", OTHER_CLOUD),
    900382: Refusal("tenant_not_found", OTHER_CLOUD),
    900432: Refusal("tenant_not_found", OTHER_CLOUD),
    50194: Refusal("tenant_not_found", ONE_TENANT),
    9001023: Refusal("tenant_not_found", ONE_TENANT),
    90124: Refusal("tenant_not_found", ONE_TENANT),
    90130: Refusal("tenant_not_found", ONE_TENANT),
    50002: RESTRICTED,
    500021: RESTRICTED,
    500022: RESTRICTED,
    5000211: RESTRICTED,
    28000: Refusal("wrong_audience", "more than one audience was requested"),
    28002: Refusal("wrong_audience", "more than one audience was requested"),
    28003: Refusal("wrong_audience", "no audience was requested"),
    700022: Refusal("wrong_audience", "more than one audience was requested"),
    70011: Refusal("wrong_audience", AUDIENCE),
    1002012: Refusal("wrong_audience", AUDIENCE),
    90009: Refusal("wrong_audience", "the audience is the application itself"),
    900144: Refusal("bad_request", "a field of the request is missing", quoted=True),
    901002: Refusal("bad_request", "the request has a field that this endpoint does not accept"),
    70003: Refusal("bad_request", MALFORMED, quoted=True),
    700005: Refusal("bad_request", MALFORMED, quoted=True),
    90010: Refusal("bad_request", MALFORMED, quoted=True),
    90014: Refusal("bad_request", MALFORMED, quoted=True),
    90023: Refusal("bad_request", MALFORMED, quoted=True),
    9002313: Refusal("bad_request", MALFORMED, quoted=True),
    50020: Refusal("bad_request", NO_USER, quoted=True),
    50034: Refusal("bad_request", NO_USER),
    50058: Refusal("bad_request", NO_USER),
    90072: Refusal("bad_request", NO_USER, quoted=True),
    50005: CONDITIONAL,
    50131: CONDITIONAL,
    53000: CONDITIONAL,
    53001: CONDITIONAL,
    53002: CONDITIONAL,
    53003: CONDITIONAL,
    53004: CONDITIONAL,
    53010: CONDITIONAL,
    53011: CONDITIONAL,
    530031: CONDITIONAL,
    530032: Refusal(
        "blocked_by_policy", "the tenant's security policy blocked the token", quoted=True
    ),
    530034: Refusal(
        "blocked_by_policy",
        "delegated administration is blocked there because of a risk in the partner's tenant",
        who="partner",
        advice="Review the risky accounts in the partner's own tenant.",
    ),
    530035: Refusal("blocked_by_policy", "the tenant's security defaults blocked the token"),
    500212: CROSS_TENANT,
    500213: CROSS_TENANT,
    50196: Refusal("throttled", "the login service detected a request loop"),
    90024: Refusal("throttled", "the login service is throttling"),
    90055: Refusal("throttled", "the tenant sends too many requests to the login service"),
    50000: Refusal("unavailable", BUSY),
    50033: Refusal("unavailable", BUSY),
    90006: Refusal("unavailable", BUSY),
    90012: Refusal("unavailable", BUSY),
    90033: Refusal("unavailable", "the login service is temporarily unavailable"),
    90090: Refusal("unavailable", BUSY),
    90091: Refusal("unavailable", BUSY),
}
