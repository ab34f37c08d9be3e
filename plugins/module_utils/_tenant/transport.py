# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One request with its retries, one deadline and one size limit, over verified TLS.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import contextlib
import email.utils
import itertools
import re
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    connections as _connections,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    failed_exchange as _failed,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import proxy as _proxy
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    service_load as _load,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.clock import Clock
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.connections import Budget
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.exchange import (
    Answer,
    Operation,
    prepared,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.origin import origin

# if it is missing, `connections` reports it when a request is made
with contextlib.suppress(ImportError):
    import requests

# Reads and throttled requests are retried. Graph and Defender return these statuses for temporary
# failures. After 408 and 504 a write may have taken effect, so it is not retried.
REPEAT_READ = frozenset({408, 429, 500, 502, 503, 504})
REPEAT_WRITE = frozenset({429})
LONGEST_WAIT = 300.0
CHUNK = 65536
TIMEOUT = 30.0  # seconds to wait for a service, unless the option or the caller sets another value
CONNECT_TIMEOUT = 10.0
MAX_SIZE = 512 * 2**20


def retry_after(headers: t.Mapping[str, str], text: str, *, wall: float) -> float | None:
    """The seconds to wait that a service requests: the header as seconds or as a date, or the words
    "in N seconds" in the body."""
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", value):
        return min(float(value), LONGEST_WAIT)
    if value:
        try:
            return min(
                max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - wall), LONGEST_WAIT
            )
        except ValueError:
            pass
    in_body = re.search(r"\bin (\d+) seconds?\b", text)
    return min(float(in_body[1]), LONGEST_WAIT) if in_body else None


def _load_of(outcome: Answer | DefenderError) -> _load.Load:
    if isinstance(outcome, DefenderError) or outcome.status == 503:
        return "overloaded"
    return "throttled" if outcome.status == 429 else "answered"


class Http:
    """Sends the requests of one tenant, with its own retries, deadline and waits, over shared
    connections.

    `waited` is the number of seconds before retries, `sent` the number of attempts of which any
    byte left.
    """

    def __init__(
        self,
        *,
        ca_path: str | None = None,
        validate_certs: bool = True,
        proxy: str | None = None,
        timeout: float | None = None,
        retries: int = 4,
        deadline: float = 300,
        max_size: int = MAX_SIZE,
        clock: Clock | None = None,
    ) -> None:
        self._trust = (ca_path, validate_certs)
        self._proxy = _proxy.checked("proxy", proxy) if proxy else None
        self._timeout = timeout
        self._retries = retries
        self._deadline = deadline
        self._max_size = max_size
        self._clock = clock or Clock()
        self.waited = 0.0
        self.sent = 0

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: t.Mapping[str, str] | None = None,
        params: t.Mapping[str, str] | None = None,
        data: t.Any = None,
        payload: t.Any = None,
        repeatable: bool = True,
        timeout: float | None = None,
        repeat: frozenset[int] | None = None,
        oversize: str = "unavailable",
        into: t.BinaryIO | None = None,
    ) -> Answer:
        """Send a request, with retries where they are safe; returns the last response.

        :arg repeatable: false for a write, which is retried only if the service did not process it
            (429).
        :arg timeout: seconds to wait for the service, unless the option `request_timeout` is set.
        :arg repeat: the statuses to retry, if they differ from those of other reads.
        :arg oversize: the category of the error for a response that exceeds the size limit.
        :arg into: a file that receives the body of a 200; the body of the response is then empty.
        Raises `network`, `tls` or `timeout`, or `outcome_unknown` if the response to a write was
        lost.
        """
        operation = self._prepared(
            method,
            url,
            headers or {},
            params=params,
            data=data,
            payload=payload,
            bounds={
                "wait": self._timeout or timeout or TIMEOUT,
                "again": repeat or (REPEAT_READ if repeatable else REPEAT_WRITE),
                "repeatable": repeatable,
                "oversize": oversize,
                "into": into,
            },
        )
        for attempt in itertools.count(1):
            outcome = self._attempt(operation)
            if attempt == 1:
                _load.report(operation.target, _load_of(outcome))
            pause = self._pause_before_next(attempt, outcome, operation)
            if pause is None:
                break
            self.waited += pause
            self._clock.sleep(pause)
        if isinstance(outcome, DefenderError):
            raise outcome
        return _failed.of_the_service(outcome, operation)

    def _prepared(
        self,
        method: str,
        url: str,
        headers: t.Mapping[str, str],
        *,
        bounds: t.Mapping[str, t.Any],
        **content: t.Any,
    ) -> Operation:
        """The request with its limits; its deadline starts now."""
        name = f"{method} {url.split('?')[0]}"
        adapter = _connections.adapter(*self._trust)
        return Operation(
            adapter=adapter,
            request=prepared(method, url, name, {**adapter.headers, **headers}, **content),
            name=name,
            proxy=self._proxy or adapter.proxy(url, origin=origin(url)),
            end=self._clock.now() + self._deadline,
            **bounds,
        )

    def _pause_before_next(
        self, attempt: int, outcome: Answer | DefenderError, operation: Operation
    ) -> float | None:
        """Seconds before the next attempt, or None after the last."""
        if isinstance(outcome, Answer) and outcome.status not in operation.again:
            return None
        pause = self._pause(attempt, outcome)
        if attempt > self._retries or self._clock.now() + pause >= operation.end:
            return None
        return pause

    def _attempt(self, operation: Operation) -> Answer | DefenderError:
        """The response, or a failure that can be retried; any other failure is raised."""
        budget = Budget(self._clock.now, end=operation.end, wait=operation.wait)
        try:
            return self._exchange(operation, budget)
        except requests.exceptions.RequestException as e:
            problem = _failed.unanswered(e, operation, sent=budget.sent)
        finally:
            self.sent += budget.sent
        # a proxy would refuse it again, and each 407 may count towards a lockout of the account
        refused_by_proxy = 400 <= (problem.status or 0) < 500
        if refused_by_proxy or problem.category in ("tls", "outcome_unknown"):
            raise problem
        return problem

    def _exchange(self, operation: Operation, budget: Budget) -> Answer:
        """One request and its response, read in chunks to enforce the limits of size and time."""
        limit = max(0.1, min(operation.wait, operation.end - self._clock.now()))
        timeouts = (min(limit, CONNECT_TIMEOUT), limit)
        proxies = {"https": operation.proxy.url} if operation.proxy else {}
        sending = {"proxies": proxies, "verify": self._trust[1], "timeout": timeouts}
        with (
            _connections.within(budget),
            operation.adapter.send(operation.request, stream=True, **sending) as response,
        ):
            if 300 <= response.status_code < 400:
                raise _failed.redirected(operation.name, response)
            spool = operation.into if response.status_code == 200 else None
            if spool:
                spool.seek(0)
                spool.truncate()
            body, size = bytearray(), 0
            for chunk in response.iter_content(CHUNK):
                size += len(chunk)
                if size > self._max_size:
                    raise _failed.too_large(operation, self._max_size)
                if spool:
                    spool.write(chunk)
                else:
                    body += chunk
                if self._clock.now() > operation.end:
                    raise requests.exceptions.ReadTimeout("the deadline has passed")
            return Answer(
                response.status_code,
                {name.lower(): value for name, value in response.headers.items()},
                bytes(body),
            )

    def _pause(self, attempt: int, outcome: Answer | DefenderError) -> float:
        """Seconds before the next attempt: as the service requests, otherwise exponential."""
        jitter = self._clock.jitter()
        if isinstance(outcome, Answer):
            text = outcome.body[:2000].decode("utf-8", "replace")
            requested = retry_after(outcome.headers, text, wall=self._clock.wall())
            if requested is not None:
                # the jitter is only added: an early retry would get another 429
                return requested + jitter
        return float(min(30.0, 0.5 * 2 ** (attempt - 1)) * (0.5 + jitter))
