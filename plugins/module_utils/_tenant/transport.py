# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One request with its repeats, under one deadline and one size limit, over verified TLS.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import email.utils
import json
import random
import re
import time
import typing as t
import uuid
from urllib.parse import urlencode, urlsplit

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    connections as _connections,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    interception as _interception,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import proxy as _proxy
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import reasons as _reasons
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.connections import (
    Adapter,
    Budget,
)

try:
    import requests
    import urllib3.exceptions
except ImportError:  # `_connections` says so when a request is made
    pass

# Read calls and throttled ones are repeated. Graph and Defender answer these when a moment later
# may be better; 408 and 504 say that the service gave up on this very request, which a write must
# not repeat blindly.
REPEAT_READ = frozenset({408, 429, 500, 502, 503, 504})
REPEAT_WRITE = frozenset({429})
LONGEST_WAIT = 300.0
CHUNK = 65536
TIMEOUT = 30.0  # seconds to wait for a service, where neither option nor caller says otherwise
CONNECT_TIMEOUT = 10.0
MAX_SIZE = 512 * 2**20


@dataclasses.dataclass(frozen=True)
class Clock:
    """Time as the transport sees it, injected so that no test sleeps."""

    now: t.Callable[[], float] = time.monotonic
    sleep: t.Callable[[float], None] = time.sleep
    wall: t.Callable[[], float] = time.time
    jitter: t.Callable[[], float] = random.random


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a service answered: status, headers without regard to case, body, and the id that its
    support asks for."""

    status: int
    headers: t.Mapping[str, str]
    body: bytes = dataclasses.field(repr=False)

    def json(self) -> t.Any:
        """The body as JSON, or None when it is none, or nested more deeply than can be read."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def request_id(self) -> str | None:
        return self.headers.get("request-id") or self.headers.get("x-ms-request-id")


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port: what must not change under a token. Empty for what is no plain URL."""
    try:
        parts = urlsplit(url)
        place = parts.scheme, (parts.hostname or "").lower(), parts.port or 443
    except ValueError:
        place = "", "", 0
    # libraries disagree on what a backslash before an @ means, and on white space before the query
    strange = "\\" in url or re.match(r"[^?#]*\s", url)
    return ("", "", 0) if strange else place


def retry_after(headers: t.Mapping[str, str], text: str, *, wall: float) -> float | None:
    """Seconds a service asks to wait: the header as seconds or as a date, or the words "in N
    seconds" in the body."""
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
    said = re.search(r"\bin (\d+) seconds?\b", text)
    return min(float(said[1]), LONGEST_WAIT) if said else None


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Operation:
    """One request and what bounds it, the same for each of its attempts."""

    adapter: Adapter
    request: requests.PreparedRequest
    name: str  # method and URL without its query, for messages
    proxy: _proxy.Proxy | None
    end: float
    wait: float
    repeatable: bool
    oversize: str
    into: t.BinaryIO | None

    @property
    def target(self) -> str:
        """Host and port, for messages."""
        unused, host, port = origin(str(self.request.url))
        return f"{host}:{port}"


class Http:
    """Sends requests for one tenant: repeats, deadline and waiting are its own, connections are
    shared."""

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
        """One request and, where that is safe, its repeats; the last answer whatever its status.

        :arg repeatable: false for a write, which is repeated only when the service said that it did
            not run (429).
        :arg timeout: seconds to wait for the service, unless the option `request_timeout` is set.
        :arg repeat: the statuses worth a repeat, where they are not those of any read.
        :arg oversize: the category of an answer beyond the size limit.
        :arg into: a file that takes the body of a 200 in place of the answer.
        Raises `network`, `tls` or `timeout`, or `outcome_unknown` when the answer to a write was
        lost.
        """
        name = f"{method} {url.split('?')[0]}"
        adapter = _connections.adapter(*self._trust)
        operation = _Operation(
            adapter=adapter,
            request=_prepared(
                method,
                url,
                name,
                {**adapter.headers, **(headers or {})},
                params=params,
                data=data,
                payload=payload,
            ),
            name=name,
            proxy=self._proxy or adapter.proxy(url, origin=origin(url)),
            end=self._clock.now() + self._deadline,
            wait=self._timeout or timeout or TIMEOUT,
            repeatable=repeatable,
            oversize=oversize,
            into=into,
        )
        again = repeat or (REPEAT_READ if repeatable else REPEAT_WRITE)
        attempt = 0
        while True:
            attempt += 1
            outcome = self._attempt(operation)
            if isinstance(outcome, Answer) and outcome.status not in again:
                return _of_the_service(outcome, operation)
            pause = self._pause(attempt, outcome)
            if attempt > self._retries or self._clock.now() + pause >= operation.end:
                if isinstance(outcome, Answer):
                    return _of_the_service(outcome, operation)
                raise outcome
            self.waited += pause
            self._clock.sleep(pause)

    def _attempt(self, operation: _Operation) -> Answer | DefenderError:
        """The answer, or a failure that is worth a repeat; any other failure is raised."""
        budget = Budget(self._clock.now, end=operation.end, wait=operation.wait)
        try:
            return self._exchange(operation, budget)
        except requests.exceptions.RequestException as e:
            problem = _problem(e, operation, sent=budget.sent)
        # a proxy refuses the same thing again, and each 407 counts against an account
        refused_by_proxy = 400 <= (problem.status or 0) < 500
        if refused_by_proxy or problem.category in ("tls", "outcome_unknown"):
            raise problem
        return problem

    def _exchange(self, operation: _Operation, budget: Budget) -> Answer:
        """One request and its answer, read in pieces so that neither size nor time exceeds its
        limit."""
        limit = max(0.1, min(operation.wait, operation.end - self._clock.now()))
        timeouts = (min(limit, CONNECT_TIMEOUT), limit)
        proxies = {"https": operation.proxy.url} if operation.proxy else {}
        sending = {"proxies": proxies, "verify": self._trust[1], "timeout": timeouts}
        with (
            _connections.within(budget),
            operation.adapter.send(operation.request, stream=True, **sending) as response,
        ):
            if 300 <= response.status_code < 400:
                raise _redirected(operation.name, response)
            spool = operation.into if response.status_code == 200 else None
            if spool:
                spool.seek(0)
                spool.truncate()
            body, size = bytearray(), 0
            for chunk in response.iter_content(CHUNK):
                size += len(chunk)
                if size > self._max_size:
                    raise self._too_large(operation)
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

    def _too_large(self, operation: _Operation) -> DefenderError:
        category = operation.oversize if operation.repeatable else "outcome_unknown"
        return DefenderError(
            category,
            (
                f"{operation.name} was answered with more than {self._max_size} bytes, which is"
                " max_response_size."
            ),
            advice="Ask for less at a time, or raise max_response_size.",
        )

    def _pause(self, attempt: int, outcome: Answer | DefenderError) -> float:
        """Seconds before the next attempt: what the service asks for, otherwise twice as long as
        before."""
        jitter = self._clock.jitter()
        if isinstance(outcome, Answer):
            text = outcome.body[:2000].decode("utf-8", "replace")
            asked = retry_after(outcome.headers, text, wall=self._clock.wall())
            if asked is not None:
                # jitter upward only: coming back early is another 429
                return asked + jitter
        return float(min(30.0, 0.5 * 2 ** (attempt - 1)) * (0.5 + jitter))


def _prepared(
    method: str,
    url: str,
    name: str,
    headers: t.Mapping[str, str],
    *,
    params: t.Mapping[str, str] | None,
    data: t.Any,
    payload: t.Any,
) -> requests.PreparedRequest:
    """The request with its own id, which its repeats keep; raises `network` for what is no
    address."""
    every = {"Accept": "application/json", "client-request-id": str(uuid.uuid4()), **headers}
    if payload is not None:
        data = json.dumps(payload, ensure_ascii=False).encode()
        every["Content-Type"] = "application/json; charset=utf-8"
    request = requests.PreparedRequest()
    try:
        # as text: requests would take a mapping apart member by member
        request.prepare(
            method, url, headers=every, params=urlencode(params) if params else None, data=data
        )
    except requests.exceptions.RequestException as e:
        raise DefenderError(
            "network", f"{name} was not sent, because that is not an address: {_reasons.words(e)}."
        ) from None
    return request


def _redirected(name: str, response: requests.Response) -> DefenderError:
    place = "://".join(origin(response.headers.get("Location", ""))[:2]).strip(":/") or "elsewhere"
    return DefenderError(
        "network",
        (
            f"{name} was answered {response.status_code} with a redirect to {place}; no request"
            " here follows one."
        ),
        status=response.status_code,
    )


def _of_the_service(answer: Answer, operation: _Operation) -> Answer:
    """The answer, unless a filter or portal on the way gave it in place of the service."""
    place = _interception.foreign(answer.status, answer.headers, answer.body)
    if place is None:
        return answer
    # a filter that blocks has let nothing through; after any other answer to a write nobody knows
    certain = operation.repeatable or (400 <= answer.status < 500 and answer.status != 408)
    raise DefenderError(
        "network" if certain else "outcome_unknown",
        (
            f"{operation.name} was answered {answer.status} by something else than the service:"
            f" {place}."
        ),
        status=answer.status,
        advice=_interception.advice(operation.target) if certain else None,
    )


def _problem(
    e: requests.exceptions.RequestException, operation: _Operation, *, sent: bool
) -> DefenderError:
    """Why no answer came, in words; the texts of the libraries name classes and objects.

    :arg sent: whether any byte of the request may have reached the service.
    """
    name, proxy, words = operation.name, operation.proxy, _reasons.words(e)
    via = f" through the proxy {proxy.name}" if proxy else ""
    if sent and not operation.repeatable:
        return DefenderError(
            "outcome_unknown", f"{name}{via} was sent, but its answer was lost ({words})."
        )
    reason = e.args[0] if e.args else e
    reason = getattr(reason, "reason", reason)
    unconnected = isinstance(e, requests.exceptions.ConnectTimeout) or isinstance(
        reason, urllib3.exceptions.NewConnectionError
    )
    if proxy and (unconnected or isinstance(e, requests.exceptions.ProxyError)):
        return _proxy.failure(e, name, proxy, operation.target)
    # a connection cut in mid-handshake is no matter of trust, and neither is what happens once TLS
    # stands
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
        return DefenderError("timeout", f"{name}{via} was not answered in time.")
    return DefenderError("network", f"{name}{via} lost its connection ({words}).")
