# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a request got no response from its service, and whether it may have taken effect.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    interception as _interception,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import proxy as _proxy
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import reasons as _reasons
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.exchange import (
    Answer,
    Operation,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.origin import origin

try:
    import requests
    import urllib3.exceptions
except ImportError:  # `connections` says so when a request is made
    pass


def redirected(name: str, response: requests.Response) -> DefenderError:
    """The error for a redirect."""
    place = "://".join(origin(response.headers.get("Location", ""))[:2]).strip(":/") or "elsewhere"
    return DefenderError(
        "network",
        (
            f"{name} returned {response.status_code}, a redirect to {place}; redirects are not"
            " followed."
        ),
        status=response.status_code,
    )


def too_large(operation: Operation, limit: int) -> DefenderError:
    """The error for a response that is larger than the limit."""
    category = operation.oversize if operation.repeatable else "outcome_unknown"
    return DefenderError(
        category,
        f"{operation.name} returned more than {limit} bytes, the limit set by max_response_size.",
        advice="Request less data at a time, or raise max_response_size.",
    )


def of_the_service(answer: Answer, operation: Operation) -> Answer:
    """The response; raises an error if a filter or portal sent it instead of the service."""
    place = _interception.foreign(answer.status, answer.headers, answer.body)
    if place is None:
        return answer
    # a 4xx means that the filter blocked the request; otherwise a write may have taken effect
    certain = operation.repeatable or (400 <= answer.status < 500 and answer.status != 408)
    raise DefenderError(
        "network" if certain else "outcome_unknown",
        (
            f"{operation.name} returned {answer.status} from something other than the service:"
            f" {place}."
        ),
        status=answer.status,
        advice=_interception.advice(operation.target) if certain else None,
    )


def unanswered(
    e: requests.exceptions.RequestException, operation: Operation, *, sent: bool
) -> DefenderError:
    """The error for a request without a response, without the class names of the libraries.

    :arg sent: whether any byte of the request may have reached the service.
    """
    name, proxy, words = operation.name, operation.proxy, _reasons.words(e)
    via = f" through the proxy {proxy.name}" if proxy else ""
    if sent and not operation.repeatable:
        return DefenderError(
            "outcome_unknown", f"{name}{via} was sent, but its response was lost ({words})."
        )
    reason = e.args[0] if e.args else e
    reason = getattr(reason, "reason", reason)
    unconnected = isinstance(e, requests.exceptions.ConnectTimeout) or isinstance(
        reason, urllib3.exceptions.NewConnectionError
    )
    if proxy and (unconnected or isinstance(e, requests.exceptions.ProxyError)):
        return _proxy.failure(e, name, proxy, operation.target)
    # not for a connection that was cut during the handshake, nor for a failure after it: neither is
    # a problem of trust
    if isinstance(e, requests.exceptions.SSLError) and not sent and "EOF" not in str(reason):
        clause, advice = _reasons.tls(e)
        return DefenderError("tls", f"{name}{via} was not sent: {clause}.", advice=advice)
    if unconnected:
        return DefenderError(
            "network", f"{name} was not sent: no connection to {operation.target} ({words})."
        )
    if isinstance(e, requests.exceptions.Timeout) or isinstance(
        reason, (urllib3.exceptions.ReadTimeoutError, TimeoutError)
    ):
        return DefenderError("timeout", f"{name}{via} got no response in time.")
    return DefenderError("network", f"{name}{via} lost its connection ({words}).")
