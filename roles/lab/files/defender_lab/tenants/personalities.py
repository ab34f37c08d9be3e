# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be wrong with a customer tenant, as data: one entry per kind, with the error category
that a caller must get."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

EMAIL_TABLES = frozenset(
    {
        "EmailAttachmentInfo",
        "EmailEvents",
        "EmailPostDeliveryEvents",
        "EmailUrlInfo",
        "UrlClickEvents",
    }
)


@dataclass(frozen=True, slots=True)
class Personality:
    """``category`` is what listing incidents (``api: auto``) must come to, None when it answers;
    ``differs`` names other outcomes by operation."""

    name: str
    category: str | None = None
    differs: Mapping[str, str | None] = field(default_factory=dict)
    consented: bool = True
    withheld: frozenset[str] = frozenset()
    no_roles: bool = False
    extra: tuple[str, ...] = ()
    expired_secret: bool = False
    exists: bool = True
    provisioned: bool = True
    resources_absent: frozenset[str] = frozenset()
    absent_tables: frozenset[str] = frozenset()
    foreign_token: bool = False
    token_refused: str | None = None
    quota: tuple[int, float] | None = None
    fails_every: int = 0
    delay: float = 0.0


_TOKENS_TOO = ("access_token:graph", "access_token:xdr")


def _from_the_token_on(category: str) -> dict[str, str | None]:
    return dict.fromkeys((*_TOKENS_TOO, "incident_info", "hunting_query"), category)


HEALTHY = Personality("healthy")
SICK: tuple[Personality, ...] = (
    Personality(
        "not_consented", "not_consented", _from_the_token_on("not_consented"), consented=False
    ),
    Personality(
        "consent_incomplete",
        "role_missing",
        {"incident_info": "role_missing", "hunting_query": None},
        withheld=frozenset(
            {
                "SecurityIncident.Read.All",
                "SecurityIncident.ReadWrite.All",
                "Incident.ReadWrite.All",
            }
        ),
    ),
    Personality(
        "secret_expired",
        "credential_expired",
        _from_the_token_on("credential_expired"),
        expired_secret=True,
    ),
    Personality(
        "tenant_does_not_exist",
        "tenant_not_found",
        _from_the_token_on("tenant_not_found"),
        exists=False,
    ),
    Personality(
        "no_defender",
        "not_licensed",
        {
            "access_token:graph": None,
            "access_token:xdr": "not_licensed",
            "incident_info": "not_licensed",
            "hunting_query": "not_licensed",
        },
        provisioned=False,
        resources_absent=frozenset({"xdr", "endpoint"}),
    ),
    Personality(
        "not_licensed",
        None,
        {"hunting_query:EmailEvents": "not_licensed"},
        absent_tables=EMAIL_TABLES,
    ),
    Personality(
        "wrong_token", "wrong_tenant", _from_the_token_on("wrong_tenant"), foreign_token=True
    ),
    Personality(
        "conditional_access",
        "blocked_by_policy",
        _from_the_token_on("blocked_by_policy"),
        token_refused="conditional_access",
    ),
    Personality(
        "app_disabled",
        "app_disabled",
        _from_the_token_on("app_disabled"),
        token_refused="app_disabled",
    ),
    Personality("throttled", None, quota=(2, 10.0)),
    Personality("flaky", None, fails_every=3),
    Personality("slow", None, delay=0.4),
    Personality(
        "consent_empty",
        "role_missing",
        {"incident_info": "role_missing", "hunting_query": "role_missing"},
        no_roles=True,
    ),
)
# never drawn by a percentage: these are asked for by name. ``extra`` are roles of Graph beyond
# those the app lists
ASKED_FOR: tuple[Personality, ...] = (
    Personality(
        "consent_by_api",
        "role_missing",
        {"incident_info": "role_missing", "hunting_query": "role_missing"},
        no_roles=True,
        extra=("AppRoleAssignment.ReadWrite.All", "Application.ReadWrite.All"),
    ),
)
PROVIDER = Personality(
    "provider",
    extra=(
        "Application.ReadWrite.All",
        "AppRoleAssignment.ReadWrite.All",
        "CrossTenantInformation.ReadBasic.All",
        "DelegatedAdminRelationship.Read.All",
        "Directory.Read.All",
    ),
)
BY_NAME: Mapping[str, Personality] = MappingProxyType(
    {personality.name: personality for personality in (HEALTHY, *SICK, *ASKED_FOR)}
)
DEFAULT_SICK = 12
DEFAULT_OF = 25


def mix(tenants: int, sick: str) -> list[Personality]:
    """One personality per tenant. ``sick`` is ``none``, ``default`` (12 of 25, one of each kind), a
    percentage, or a list such as ``throttled=2,flaky=1`` whose rest is healthy. ValueError says
    what is wrong."""
    if "=" in sick:
        chosen = [kind for part in sick.split(",") for kind in _named(part)]
    else:
        shares = {"none": 0.0, "default": DEFAULT_SICK / DEFAULT_OF}
        share = shares[sick] if sick in shares else float(sick) / 100
        if not 0 <= share <= 1:
            raise ValueError(f"{sick} is not a percentage between 0 and 100")
        count = round(tenants * share)
        chosen = [SICK[number % len(SICK)] for number in range(count)]
    if len(chosen) > tenants:
        raise ValueError(
            f"{len(chosen)} tenants with problems exceed the {tenants} tenants of the lab"
        )
    return chosen + [HEALTHY] * (tenants - len(chosen))


def _named(part: str) -> list[Personality]:
    name, unused, count = part.strip().partition("=")
    if name not in BY_NAME:
        raise ValueError(f"{name} is not a personality; choose from {', '.join(BY_NAME)}")
    return [BY_NAME[name]] * int(count)
