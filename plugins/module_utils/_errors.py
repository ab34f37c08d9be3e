# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one exception of the collection, its categories, and who has to act.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

CATEGORIES: t.Final[t.Mapping[str, tuple[str, str]]] = {
    # category: (who must act, what to do)
    "not_consented": (
        "customer",
        "An administrator of that tenant has to consent to the application.",
    ),
    "role_missing": (
        "customer",
        (
            "An administrator of that tenant has to consent again, after the role was added to the"
            " application."
        ),
    ),
    "bad_credentials": (
        "partner",
        "Check the application's secret, certificate or federated credential, and the client_id.",
    ),
    "credential_expired": (
        "partner",
        "Create a new credential for the application and hand it to this play.",
    ),
    "tenant_not_found": (
        "caller",
        "Check tenant_id and cloud: an organisation lives in exactly one cloud.",
    ),
    "not_licensed": (
        "customer",
        "The tenant needs a licence for this product, and the product has to be set up once.",
    ),
    "wrong_tenant": (
        "partner",
        (
            "Treat this as a security event: find out why another tenant's token came. Nothing was"
            " sent with it."
        ),
    ),
    "wrong_audience": ("caller", "Ask for a token of the audience that this API expects."),
    "app_disabled": (
        "customer",
        "An administrator of that tenant has to enable the enterprise application again.",
    ),
    "blocked_by_policy": (
        "customer",
        (
            "The tenant's conditional access for workload identities has to allow this application"
            " from this address."
        ),
    ),
    "unsupported": ("caller", "Use another API or leave this tenant out."),
    "bad_query": ("caller", "Correct the query."),
    "bad_request": ("caller", "Correct the option that the message names."),
    "not_found": (
        "caller",
        "Check the id; the object may have been merged, deleted or live in another tenant.",
    ),
    "conflict": ("caller", "Look at the object's state before trying again."),
    "refused": ("caller", "Set the option that the message names if this is what you want."),
    "action_failed": (
        "customer",
        "Read the reason in the message, and check the device before you try again.",
    ),
    "truncated": ("caller", "Ask for less: a shorter time span, fewer columns, or a summary."),
    "throttled": ("caller", "Ask less often, or allow a longer retry_deadline."),
    "unavailable": ("microsoft", "Try again later."),
    "timeout": ("microsoft", "Try again later, or ask for less at a time."),
    "network": (
        "caller",
        "Check name resolution, routes, firewall and proxy of the machine that sends the request.",
    ),
    "tls": (
        "caller",
        "Check ca_path and whatever inspects TLS on the way; validate_certs should stay true.",
    ),
    "outcome_unknown": ("caller", "Look at the object before repeating the action."),
}
RETRYABLE: t.Final = frozenset({"throttled", "unavailable", "timeout", "network"})


class DefenderError(Exception):
    """What went wrong, as the contract's `error` describes it.

    :arg category: one of CATEGORIES.
    :arg message: one sentence with fact and value; the remedy is the advice.
    :arg facts: keys that the result carries beside `error`, such as `missing_roles`.
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
    """The error that was remembered; a KeyError or TypeError when it is not one."""
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
