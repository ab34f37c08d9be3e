# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The exception of the collection, its categories, and who must act.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

CATEGORIES: t.Final[t.Mapping[str, tuple[str, str]]] = {
    # category: (who must act, what to do)
    "not_consented": (
        "customer",
        "An administrator of that tenant must consent to the application.",
    ),
    "role_missing": (
        "customer",
        (
            "Add the role to the application; then an administrator of that tenant must consent"
            " again."
        ),
    ),
    "bad_credentials": (
        "partner",
        "Check the application's secret, certificate or federated credential, and the client_id.",
    ),
    "credential_expired": (
        "partner",
        "Create a new credential for the application, and set it in the tenant options.",
    ),
    "tenant_not_found": (
        "caller",
        "Check tenant_id and cloud: each tenant is in exactly one cloud.",
    ),
    "not_licensed": (
        "customer",
        "The tenant needs a license for this product, and the product must be set up once.",
    ),
    "wrong_tenant": (
        "partner",
        (
            "Treat this as a security event: find out why the token is for another tenant. Nothing"
            " was sent with it."
        ),
    ),
    "wrong_audience": ("caller", "Request a token with the audience that this API expects."),
    "app_disabled": (
        "customer",
        "An administrator of that tenant must enable the enterprise application again.",
    ),
    "blocked_by_policy": (
        "customer",
        (
            "The tenant's conditional access for workload identities must allow this application"
            " from this IP address."
        ),
    ),
    "unsupported": ("caller", "Use another API, or exclude this tenant."),
    "bad_query": ("caller", "Correct the query."),
    "bad_request": ("caller", "Correct the option that the message names."),
    "not_found": (
        "caller",
        "Check the id; the object may have been merged or deleted, or be in another tenant.",
    ),
    "conflict": ("caller", "Look at the object's state before trying again."),
    "refused": ("caller", "Set the option that the message names if this is what you want."),
    "action_failed": (
        "customer",
        "Read the reason in the message, and check the device before you try again.",
    ),
    "truncated": ("caller", "Ask for less: a shorter time span, fewer columns, or a summary."),
    "throttled": ("caller", "Send fewer requests, or set a longer retry_deadline."),
    "unavailable": ("microsoft", "Try again later."),
    "timeout": ("microsoft", "Try again later, or request less data at a time."),
    "network": (
        "caller",
        "Check name resolution, routes, firewall and proxy on the machine that sends the request.",
    ),
    "tls": (
        "caller",
        "Check ca_path and any proxy that inspects TLS; keep validate_certs set to true.",
    ),
    "outcome_unknown": ("caller", "Check the object before you repeat the action."),
}
RETRYABLE: t.Final = frozenset({"throttled", "unavailable", "timeout", "network"})


class DefenderError(Exception):
    """A failure, as the contract's `error` describes it.

    :arg category: one of CATEGORIES.
    :arg message: one sentence with the fact and the value; the remedy is in `advice`.
    :arg facts: keys of the result besides `error`, such as `missing_roles`.
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
        """What `from_memory` needs to raise the same error again: plain JSON, no secret."""
        names = ("category", "message", "status", "code", "request_id", "who", "advice", "facts")
        return {name: getattr(self, name) for name in names}


def from_memory(memory: t.Mapping[str, t.Any]) -> DefenderError:
    """The cached error; raises KeyError or TypeError for anything else."""
    rest = {
        name: memory[name] for name in ("status", "code", "request_id", "who", "advice", "facts")
    }
    if (
        memory["category"] not in CATEGORIES
        or not isinstance(memory["message"], str)
        or not isinstance(memory["facts"], dict)
    ):
        raise KeyError(memory["category"])
    return DefenderError(memory["category"], memory["message"], **rest)
