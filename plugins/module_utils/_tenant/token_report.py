# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The diagnosis of a token: all of its problems for a purpose, instead of the first one.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import difflib
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import claims as _claims
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    permissions as _permissions,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.app_roles import APP_ROLES
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant
from ansible_collections.mssp.defender_xdr.plugins.module_utils._times import SECOND, format_time


def required(resource: str, roles: t.Iterable[str], modules: t.Iterable[str]) -> tuple[str, ...]:
    """The roles to check; raises `bad_request` for a role that the resource does not have, with
    similar names."""
    for role in roles:
        if role not in APP_ROLES[resource]:
            near = difflib.get_close_matches(role, APP_ROLES[resource], n=3)
            elsewhere = [name for name, known in APP_ROLES.items() if role in known]
            hint = (
                f"it is a role of the resource {elsewhere[0]}"
                if elsewhere
                else f"similar roles are {', '.join(near)}"
                if near
                else f"no role of {resource} has a similar name"
            )
            raise DefenderError(
                "bad_request",
                (
                    f"required_roles contains {role}, which the resource {resource} does not have;"
                    f" {hint}."
                ),
            )
    return tuple(dict.fromkeys([*roles, *_permissions.needed(modules, resource)]))


def check(
    tenant: Tenant, resource: str, roles: tuple[str, ...], *, given: str | None, verify: bool
) -> tuple[dict[str, t.Any], DefenderError | None]:
    """The report on a token, and the error for its most serious problem.

    The report has valid, problems, roles, missing_roles, unused_roles, audience, expires_at and,
    for a token that can be decoded, claims.
    """
    try:
        value, claims, error = _token_of(tenant, resource, given)
    except DefenderError as e:
        # a failed request is reported too, although it is not a problem of the token
        return _report([_claims.Problem(e.category, e.category, e.message)], None, roles), e
    if claims is None:
        message = f"Tenant {tenant.options.label}: {error.text}"
        failure = DefenderError(error.category, message, who=error.who, advice=error.advice)
        return _report([error], None, roles), failure
    problems = _claims.problems(
        claims, tenant.guard.expected(resource, roles), now=tenant.clock.wall()
    )
    if verify and (signature_problem := _claims.verify(value, claims, tenant.guard.keys())):
        problems.append(signature_problem)
    return _report(problems, claims, roles), tenant.guard.refusal(
        resource, problems[0], claims, roles
    ) if problems else None


def _token_of(
    tenant: Tenant, resource: str, given: str | None
) -> tuple[str, _claims.Claims | None, _claims.Problem]:
    text = "The token is opaque: it cannot be decoded, so its claims cannot be checked."
    opaque = _claims.unusable("opaque", text, _claims.GIVE_ANOTHER)
    if given:
        return given, _claims.read(given), opaque
    token, claims = tenant.guard.read_token(resource)
    if claims and token.from_cache and tenant.guard.is_old(token):
        # roles that were granted since then are only in a newer token
        token, claims = tenant.guard.read_token(resource, refused=token.value)
    return token.value, claims, opaque


def _report(
    problems: list[_claims.Problem], claims: _claims.Claims | None, roles: tuple[str, ...]
) -> dict[str, t.Any]:
    granted = claims.roles if claims else ()
    return {
        "valid": not problems,
        "problems": [{"code": problem.code, "text": problem.text} for problem in problems],
        "roles": list(granted),
        "missing_roles": _permissions.missing(granted, roles),
        "unused_roles": _permissions.unused(granted, roles),
        "audience": claims.audience if claims else "",
        "expires_at": format_time(claims.expires_at * SECOND) if claims else "",
        **({"claims": claims.raw} if claims else {}),
    }
