# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring consent into the requested state: by API if the caller's token allows it, otherwise by an
administrator.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._consent import (
    comparison as _grants,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._consent import (
    granting as _consent_api,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._consent import reading as _consent
from ansible_collections.mssp.defender_xdr.plugins.module_utils._consent.comparison import (
    Consent,
    Roles,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.clouds import RESOURCES
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.consent_link import (
    consent_link,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant

NOBODY: t.Final = Consent("token", consented=False)


@dataclasses.dataclass(frozen=True)
class Patience:
    """How long to wait and how often to check, in seconds."""

    seconds: float
    interval: float


@dataclasses.dataclass(frozen=True)
class ConsentRequest:
    """The requested consent: `roles` by API; `method` is `auto`, `api` or `link`; without
    `patience` the task does not wait."""

    app_id: str
    roles: Roles
    method: str
    purge: bool
    patience: Patience | None
    link: str

    @property
    def visible(self) -> Roles:
        """The roles that tokens can show."""
        return {name: of for name, of in self.roles.items() if name in RESOURCES}


def consent_request(tenant: Tenant, app_id: str, params: t.Mapping[str, t.Any]) -> ConsentRequest:
    """The requested consent from the module's parameters; raises `bad_request` for invalid ones."""
    roles: Roles = {}
    if params["state"] == "present":
        roles = _grants.wanted(params, "xdr" if tenant.options.api == "xdr" else "graph")
    link = consent_link(
        tenant.options.tenant_id,
        app_id,
        form=params["link_form"],
        api=next((name for name in roles if name in RESOURCES), "graph"),
        redirect_uri=params["redirect_uri"],
        state=params["link_state"],
        cloud=tenant.options.cloud,
        login_url=tenant.options.login_url,
    )
    return ConsentRequest(app_id, roles, params["method"], params["purge"], _patience(params), link)


def _patience(params: t.Mapping[str, t.Any]) -> Patience | None:
    """From the options wait, wait_timeout and wait_interval; raises `bad_request` for invalid
    times."""
    for name in ("wait_timeout", "wait_interval"):
        if params[name] < 1:
            raise DefenderError(
                "bad_request", f"{name} is {params[name]}, but must be at least 1 second."
            )
    return Patience(params["wait_timeout"], params["wait_interval"]) if params["wait"] else None


def present(tenant: Tenant, request: ConsentRequest, *, check_mode: bool) -> Json:
    """Ensure that every required role is granted; returns the result's keys."""
    tokens = _consent.by_tokens(tenant)
    is_caller = request.app_id == tenant.options.client_id
    by_api = _by_api(tenant, request, tokens, "present")
    if by_api:
        may_create = _consent.may(tokens, _consent_api.OWNERS)
        api = tenant.api("graph", "consent")
        consent, done = _consent_api.ensure_present(
            api,
            request.app_id,
            request.roles,
            purge=request.purge,
            may_create=may_create,
            check_mode=check_mode,
        )
        waits = is_caller and not _complete(tokens, request.visible)
        if is_caller and done["changed"] and not check_mode:
            # the next task must not get a cached token from before
            tenant.guard.forget()
    else:
        consent, done = (
            _consent.read_with_tokens(tenant, request.app_id, request.roles, tokens),
            {"changed": False},
        )
        waits = not _complete(consent, request.roles)
    if waits and request.patience and not check_mode:
        granted = _granted(
            tenant, request, request.patience, tokens if is_caller else consent, is_caller=is_caller
        )
        if not by_api:
            consent, done["changed"] = granted, True
    advice_text = "" if _complete(consent, request.roles) else advice("present", request)
    return {
        "method": "api" if by_api else "link",
        **done,
        **_grants.compared(consent, request.roles),
        "advice": advice_text,
    }


def absent(tenant: Tenant, request: ConsentRequest, *, check_mode: bool) -> Json:
    """Remove the application from the tenant and, if it is the caller's own, the tenant's tokens
    from the cache; returns the result's keys."""
    is_caller = request.app_id == tenant.options.client_id
    dropped = tenant.guard.forget(pretend=True) if is_caller else 0
    consent = _consent.by_tokens(tenant)
    by_api, done = False, {"changed": False}
    if consent.consented or not is_caller:
        by_api = _by_api(tenant, request, consent, "absent")
        if by_api:
            done = _consent_api.ensure_absent(
                tenant.api("graph", "consent"), request.app_id, check_mode=check_mode
            )
        elif not is_caller:
            consent = _consent.read_with_tokens(tenant, request.app_id, {}, consent)
    if is_caller and consent.consented and request.patience and not check_mode:
        _gone(tenant, request, request.patience, consent)
        done["changed"] = True
        consent = NOBODY
    if is_caller and not check_mode:
        # also drop the cached refusal that proves the removal
        tenant.guard.forget()
    left = NOBODY if by_api else consent
    return {
        "method": "api" if by_api else "link",
        **done,
        "changed": done["changed"] or dropped > 0,
        **_grants.compared(left, {}),
        "dropped_tokens": dropped,
        "advice": advice("absent", request) if left.consented else "",
    }


def advice(state: str, request: ConsentRequest) -> str:
    """What an administrator of the customer must do."""
    if state == "present":
        return (
            "A Global Administrator or Privileged Role Administrator of that tenant must open"
            f" this link and accept: {request.link}"
        )
    return (
        "An administrator of that tenant must open Enterprise applications in the Microsoft Entra"
        f" admin center, find the application by its application id {request.app_id}, and delete it"
        " under Properties."
    )


def _by_api(tenant: Tenant, request: ConsentRequest, tokens: Consent, state: str) -> bool:
    """Whether to use the API; raises `role_missing` if `method` requires it and roles are
    missing."""
    missing = _consent_api.lacking(tokens, state)
    if missing and request.method == "api":
        raise _consent_api.refused(
            tenant, missing, "grant roles" if state == "present" else "remove an application"
        )
    return not missing and request.method != "link"


def _complete(consent: Consent, roles: Roles) -> bool:
    return consent.consented and not _grants.compared(consent, roles)["missing"]


def _granted(
    tenant: Tenant, request: ConsentRequest, patience: Patience, last: Consent, *, is_caller: bool
) -> Consent:
    """Wait until everything is granted; raises `not_consented` or `role_missing` with the link
    after the timeout."""
    roles = request.visible if is_caller else request.roles

    def look() -> Consent:
        return (
            _consent.by_tokens(tenant)
            if is_caller
            else _consent.read(tenant, request.app_id, roles)
        )

    last, done = _consent.wait(
        tenant,
        look,
        lambda consent: _complete(consent, roles),
        seconds=patience.seconds,
        interval=patience.interval,
        last=last,
    )
    if done:
        return last
    report = _grants.compared(last, roles)
    raise DefenderError(
        "role_missing" if last.consented else "not_consented",
        (
            f"Tenant {tenant.options.label} did not consent within {patience.seconds:g} seconds;"
            f" missing roles: {_grants.in_words(report['missing'])}."
        ),
        who="customer",
        advice=advice("present", request),
        facts={
            "missing_roles": _grants.flat(report["missing"]),
            "consent_url": request.link,
            "app_id": request.app_id,
            **report,
        },
    )


def _gone(tenant: Tenant, request: ConsentRequest, patience: Patience, last: Consent) -> None:
    """Wait until the tenant refuses the application a token; raises `timeout` after the timeout."""

    def look() -> Consent:
        return _consent.by_tokens(tenant, RESOURCES[:1])

    unused, done = _consent.wait(
        tenant,
        look,
        lambda consent: not consent.consented,
        seconds=patience.seconds,
        interval=patience.interval,
        last=last,
    )
    if not done:
        raise DefenderError(
            "timeout",
            (
                f"Tenant {tenant.options.label} still issues tokens to application {request.app_id}"
                f" after {patience.seconds:g} seconds."
            ),
            who="customer",
            advice=advice("absent", request),
            facts={"app_id": request.app_id},
        )
