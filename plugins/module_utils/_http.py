# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The only file that opens sockets: one request with its repeats, under one deadline, over verified TLS.

Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""

from __future__ import annotations

import dataclasses
import email.utils
import functools
import json
import random
import re
import ssl
import time
import typing as t
import uuid
from urllib.parse import urlencode, urlsplit

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError

try:
    import certifi
    import requests
    import requests.adapters
    import urllib3
    import urllib3.exceptions

    Adapter: t.Any = requests.adapters.HTTPAdapter
    REQUESTS_ERROR = None
except ImportError as e:
    Adapter = object
    REQUESTS_ERROR = e

# Read calls and throttled ones are repeated. Graph and Defender answer these when a moment later may be better;
# 408 and 504 say that the service gave up on this very request, which a write must not repeat blindly.
REPEAT_READ = frozenset({408, 429, 500, 502, 503, 504})
REPEAT_WRITE = frozenset({429})
LONGEST_WAIT = 300.0
CHUNK = 65536


@dataclasses.dataclass(frozen=True)
class Clock:
    """Time as the transport sees it, injected so that no test sleeps."""

    now: t.Callable[[], float] = time.monotonic
    sleep: t.Callable[[float], None] = time.sleep
    wall: t.Callable[[], float] = time.time
    jitter: t.Callable[[], float] = random.random


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a service answered: status, headers without regard to case, body, and the id that its support asks for."""

    status: int
    headers: t.Mapping[str, str]
    body: bytes = dataclasses.field(repr=False)

    def json(self) -> t.Any:
        """The body as JSON, or None when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def request_id(self) -> str | None:
        return self.headers.get("request-id") or self.headers.get("x-ms-request-id")


class _Adapter(Adapter):  # type: ignore[misc]
    """Connections on a TLS context that was built once; requests would load the CA bundle for each connection again.

    A session of requests is around it in most programs. Here it would cost more than the connection, and all that it adds (cookies, netrc,
    redirects, variables that name CAs) is what must not happen here.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._proxies: dict[tuple[str, str, int], dict[str, str]] = {}
        self.headers = {name: value for name, value in requests.utils.default_headers().items() if name != "Accept"}
        super().__init__(pool_connections=16, pool_maxsize=64)

    def proxies(self, url: str) -> dict[str, str]:
        """What the environment says for this origin, remembered: asking costs as much as sending."""
        place = origin(url)
        if place not in self._proxies:
            self._proxies[place] = requests.utils.get_environ_proxies(url)
        return self._proxies[place]

    def init_poolmanager(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)

    def proxy_manager_for(self, proxy: str, **kwargs: t.Any) -> t.Any:
        return super().proxy_manager_for(proxy, ssl_context=self._context, **kwargs)

    def cert_verify(self, conn: t.Any, url: str, verify: t.Any, cert: t.Any) -> None:
        """Leave the decision to the context: verification, host name and CAs are set there."""


@functools.lru_cache(maxsize=16)
def tls_context(ca_path: str | None, validate_certs: bool) -> ssl.SSLContext:
    """The TLS context for these CAs, built once a process; a parent that calls it spares every fork the 30 ms."""
    try:
        context = ssl.create_default_context(cafile=ca_path or certifi.where())
    except (OSError, ssl.SSLError) as e:
        raise DefenderError("tls", f"ca_path is {ca_path}, which cannot be loaded as a bundle of CA certificates: {e.strerror or e}.") from None
    if not validate_certs:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


@functools.lru_cache(maxsize=16)
def _adapter(ca_path: str | None, validate_certs: bool) -> _Adapter:
    """One pool of connections for all tenants with the same trust."""
    if not validate_certs:
        # said once, by whoever set the option; not for every connection
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    return _Adapter(tls_context(ca_path, validate_certs))


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port: what must not change under a token. Empty for what is no plain URL."""
    try:
        parts = urlsplit(url)
        place = parts.scheme, (parts.hostname or "").lower(), parts.port or 443
    except ValueError:
        place = "", "", 0
    # libraries disagree on what a backslash before an @ means, so that it belongs nowhere
    return ("", "", 0) if "\\" in url else place


def retry_after(headers: t.Mapping[str, str], text: str, *, wall: float) -> float | None:
    """Seconds a service asks to wait: the header as seconds or as a date, or the words "in N seconds" in the body."""
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", value):
        return min(float(value), LONGEST_WAIT)
    if value:
        try:
            return min(max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - wall), LONGEST_WAIT)
        except ValueError:
            pass
    said = re.search(r"\bin (\d+) seconds?\b", text)
    return min(float(said[1]), LONGEST_WAIT) if said else None


class Http:
    """Sends requests for one tenant: repeats, deadline and waiting are its own, connections are shared."""

    def __init__(
        self,
        *,
        ca_path: str | None = None,
        validate_certs: bool = True,
        proxy: str | None = None,
        timeout: float = 30,
        retries: int = 4,
        deadline: float = 300,
        clock: Clock | None = None,
    ) -> None:
        if REQUESTS_ERROR:
            raise DefenderError("bad_request", "The Python package requests is not installed where this runs.", advice="Run: pip install requests")
        self._trust = (ca_path, validate_certs)
        self._proxy = proxy
        self._timeout = timeout
        self._retries = retries
        self._deadline = deadline
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
        into: t.BinaryIO | None = None,
    ) -> Answer:
        """One request and, where that is safe, its repeats; the last answer whatever its status.

        :arg repeat: the statuses worth a repeat, where they are not those of any read.
        :arg into: a file that takes the body of a 200 in place of the answer.
        :arg repeatable: false for a write, which is repeated only when the service said that it did not run (429).
        Raises C(network), C(tls), C(timeout), or C(outcome_unknown) when the answer to a write was lost.
        """
        adapter = _adapter(*self._trust)
        sent = {**adapter.headers, "Accept": "application/json", "client-request-id": str(uuid.uuid4()), **(headers or {})}
        if payload is not None:
            data, sent["Content-Type"] = json.dumps(payload, ensure_ascii=False).encode(), "application/json; charset=utf-8"
        end = self._clock.now() + self._deadline
        what = f"{method} {url.split('?')[0]}"
        request = requests.PreparedRequest()
        try:
            # as text: requests would take a mapping apart member by member
            request.prepare(method, url, headers=sent, params=urlencode(params) if params else None, data=data)
        except requests.exceptions.RequestException as e:
            raise DefenderError("network", f"{what} was not sent, because that is no address ({type(e).__name__}).") from None
        wire = {"proxies": {"https": self._proxy} if self._proxy else adapter.proxies(url), "verify": self._trust[1]}
        again = repeat or (REPEAT_READ if repeatable else REPEAT_WRITE)
        attempt = 0
        while True:
            attempt += 1
            left = end - self._clock.now()
            problem: DefenderError | None = None
            answer: Answer | None = None
            try:
                limit = max(0.1, min(timeout or self._timeout, left))
                answer = self._once(adapter, request, what, end, into, timeout=(min(limit, 10), limit), **wire)
            except requests.exceptions.RequestException as e:
                problem = _problem(e, what, repeatable=repeatable)
                if problem.category in ("tls", "outcome_unknown"):
                    raise problem from None
            if answer is not None and answer.status not in again:
                return answer
            pause = self._pause(attempt, answer)
            if attempt > self._retries or self._clock.now() + pause >= end:
                if answer is None:
                    raise problem or DefenderError("network", f"{what} got no answer.")
                return answer
            self.waited += pause
            self._clock.sleep(pause)

    def _pause(self, attempt: int, answer: Answer | None) -> float:
        asked = retry_after(answer.headers, answer.body[:2000].decode("utf-8", "replace"), wall=self._clock.wall()) if answer else None
        # jitter upward only: coming back early is another 429
        return asked + self._clock.jitter() if asked is not None else min(30.0, 0.5 * 2 ** (attempt - 1)) * (0.5 + self._clock.jitter())

    def _once(self, adapter: _Adapter, request: requests.PreparedRequest, what: str, end: float, into: t.BinaryIO | None, **kwargs: t.Any) -> Answer:
        """One exchange; the body is read in pieces so that a trickle cannot outlast the deadline."""
        with adapter.send(request, stream=True, **kwargs) as response:
            if 300 <= response.status_code < 400:
                place = "://".join(origin(response.headers.get("Location", ""))[:2]).strip(":/") or "elsewhere"
                raise DefenderError(
                    "network",
                    f"{what} was answered {response.status_code} with a redirect to {place}; no request here follows one.",
                    status=response.status_code,
                )
            body = bytearray()
            spool = into if response.status_code == 200 else None
            if spool:
                spool.seek(0)
                spool.truncate()
            for chunk in response.iter_content(CHUNK):
                if spool:
                    spool.write(chunk)
                else:
                    body += chunk
                if self._clock.now() > end:
                    raise requests.exceptions.ReadTimeout(f"the answer was not complete within {self._deadline} s")
            return Answer(response.status_code, {name.lower(): value for name, value in response.headers.items()}, bytes(body))


def _problem(e: requests.exceptions.RequestException, what: str, *, repeatable: bool) -> DefenderError:
    """Why no answer came. Texts of requests name hosts and reasons only; a proxy URL's password is not among them."""
    reason = e.args[0] if e.args else e
    reason = getattr(reason, "reason", reason)
    if isinstance(e, requests.exceptions.ProxyError):
        return DefenderError(
            "network", f"{what} did not get past the proxy: {type(reason).__name__}.", advice="Check proxy, and the variables HTTPS_PROXY and NO_PROXY."
        )
    if isinstance(e, requests.exceptions.SSLError) and "EOF" not in str(reason):  # a connection cut in mid-handshake is no matter of trust
        return DefenderError("tls", f"{what} was not sent, because TLS could not be set up: {reason}.")
    if isinstance(e, requests.exceptions.ConnectTimeout) or isinstance(reason, urllib3.exceptions.NewConnectionError):
        return DefenderError(
            "network",
            f"{what} got no connection: {type(e).__name__ if isinstance(e, requests.exceptions.ConnectTimeout) else str(reason).rsplit(': ', 1)[-1]}.",
        )
    if not repeatable:
        return DefenderError("outcome_unknown", f"{what} was sent, but its answer was lost ({type(e).__name__}).")
    if isinstance(e, requests.exceptions.Timeout) or isinstance(reason, urllib3.exceptions.ReadTimeoutError):
        return DefenderError("timeout", f"{what} was not answered in time.")
    return DefenderError("network", f"{what} lost its connection ({type(reason).__name__}).")
