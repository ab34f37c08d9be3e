# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Consent as it is wanted: by API where the caller's token allows it, otherwise by a person, who is
told what to do and waited for.

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
    """How long to wait, in seconds, and how often to look."""

    seconds: float
    interval: float


@dataclasses.dataclass(frozen=True)
class Wish:
    """What the caller wants done to an application: `roles` by API, `method` is `auto`, `api`
    or `link`, nobody waits without `patience`."""

    app_id: str
    roles: Roles
    method: str
    purge: bool
    patience: Patience | None
    link: str

    @property
    def visible(self) -> Roles:
        """Those of the roles that stand in tokens."""
        return {name: of for name, of in self.roles.items() if name in RESOURCES}


def wish(tenant: Tenant, app_id: str, params: t.Mapping[str, t.Any]) -> Wish:
    """Out of the module's parameters; raises `bad_request` for what can be told without a
    request."""
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
    return Wish(app_id, roles, params["method"], params["purge"], _patience(params), link)


def _patience(params: t.Mapping[str, t.Any]) -> Patience | None:
    """Out of the options wait, wait_timeout and wait_interval; raises `bad_request` for what is no
    time."""
    for name in ("wait_timeout", "wait_interval"):
        if params[name] < 1:
            raise DefenderError(
                "bad_request", f"{name} is {params[name]}, but must be at least 1 second."
            )
    return Patience(params["wait_timeout"], params["wait_interval"]) if params["wait"] else None


def present(tenant: Tenant, wish: Wish, *, check_mode: bool) -> Json:
    """Everything that is wanted is granted; the result's keys."""
    tokens = _consent.by_tokens(tenant)
    own = wish.app_id == tenant.options.client_id
    by_api = _by_api(tenant, wish, tokens, "present")
    if by_api:
        may_create = _consent.may(tokens, _consent_api.OWNERS)
        api = tenant.api("graph", "consent")
        found, done = _consent_api.ensure_present(
            api,
            wish.app_id,
            wish.roles,
            purge=wish.purge,
            may_create=may_create,
            check_mode=check_mode,
        )
        waits = own and not _complete(tokens, wish.visible)
        if own and done["changed"] and not check_mode:
            # whoever asks next shall not be served a token from before
            tenant.guard.forget()
    else:
        found, done = _consent.known(tenant, wish.app_id, wish.roles, tokens), {"changed": False}
        waits = not _complete(found, wish.roles)
    if waits and wish.patience and not check_mode:
        seen = _granted(tenant, wish, wish.patience, tokens if own else found, own=own)
        if not by_api:
            found, done["changed"] = seen, True
    told = "" if _complete(found, wish.roles) else advice("present", wish)
    return {
        "method": "api" if by_api else "link",
        **done,
        **_grants.compared(found, wish.roles),
        "advice": told,
    }


def absent(tenant: Tenant, wish: Wish, *, check_mode: bool) -> Json:
    """The application unknown in the tenant, and where it is the caller's own nothing of the tenant
    in the token cache; the result's keys."""
    own = wish.app_id == tenant.options.client_id
    dropped = tenant.guard.forget(pretend=True) if own else 0
    found = _consent.by_tokens(tenant)
    by_api, done = False, {"changed": False}
    if found.consented or not own:
        by_api = _by_api(tenant, wish, found, "absent")
        if by_api:
            done = _consent_api.ensure_absent(
                tenant.api("graph", "consent"), wish.app_id, check_mode=check_mode
            )
        elif not own:
            found = _consent.known(tenant, wish.app_id, {}, found)
    if own and found.consented and wish.patience and not check_mode:
        _gone(tenant, wish, wish.patience, found)
        done["changed"] = True
        found = NOBODY
    if own and not check_mode:
        # the refusal which is the proof was remembered just now, and goes too
        tenant.guard.forget()
    left = NOBODY if by_api else found
    return {
        "method": "api" if by_api else "link",
        **done,
        "changed": done["changed"] or dropped > 0,
        **_grants.compared(left, {}),
        "dropped_tokens": dropped,
        "advice": advice("absent", wish) if left.consented else "",
    }


def advice(state: str, wish: Wish) -> str:
    """What somebody at the customer has to do."""
    if state == "present":
        return (
            "A Global Administrator or Privileged Role Administrator of that tenant opens this"
            f" link and accepts: {wish.link}"
        )
    return (
        "An administrator of that tenant opens Enterprise applications in the Microsoft Entra"
        f" admin centre, finds the application by its application id {wish.app_id}, and deletes it"
        " under Properties."
    )


def _by_api(tenant: Tenant, wish: Wish, tokens: Consent, state: str) -> bool:
    """Whether this is done by API; raises `role_missing` where it must be and cannot."""
    missing = _consent_api.lacking(tokens, state)
    if missing and wish.method == "api":
        raise _consent_api.refused(
            tenant, missing, "grant roles" if state == "present" else "remove an application"
        )
    return not missing and wish.method != "link"


def _complete(found: Consent, roles: Roles) -> bool:
    return found.consented and not _grants.compared(found, roles)["missing"]


def _granted(
    tenant: Tenant, wish: Wish, patience: Patience, last: Consent, *, own: bool
) -> Consent:
    """Wait until everything is granted; raises `not_consented` or `role_missing` with the link
    when time is out."""
    roles = wish.visible if own else wish.roles

    def look() -> Consent:
        return _consent.by_tokens(tenant) if own else _consent.read(tenant, wish.app_id, roles)

    last, done = _consent.wait(
        tenant,
        look,
        lambda found: _complete(found, roles),
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
            f" {_grants.in_words(report['missing'])} is missing."
        ),
        who="customer",
        advice=advice("present", wish),
        facts={
            "missing_roles": _grants.flat(report["missing"]),
            "consent_url": wish.link,
            "app_id": wish.app_id,
            **report,
        },
    )


def _gone(tenant: Tenant, wish: Wish, patience: Patience, last: Consent) -> None:
    """Wait until the tenant refuses the application a token; raises `timeout` when time is out."""

    def look() -> Consent:
        return _consent.by_tokens(tenant, RESOURCES[:1])

    unused, done = _consent.wait(
        tenant,
        look,
        lambda found: not found.consented,
        seconds=patience.seconds,
        interval=patience.interval,
        last=last,
    )
    if not done:
        raise DefenderError(
            "timeout",
            (
                f"Tenant {tenant.options.label} still gave application {wish.app_id} a token after"
                f" {patience.seconds:g} seconds."
            ),
            who="customer",
            advice=advice("absent", wish),
            facts={"app_id": wish.app_id},
        )
