# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TLS connections: shared by the tenants of one process, never by two processes, and subject to a
deadline.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import contextlib
import functools
import os
import ssl
import threading
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import proxy as _proxy
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import reasons as _reasons

try:
    import certifi
    import requests
    import requests.adapters
    import urllib3
    import urllib3.exceptions

    HTTPAdapter: t.Any = requests.adapters.HTTPAdapter
    REQUESTS_ERROR = None
except ImportError as e:
    HTTPAdapter = object
    REQUESTS_ERROR = e

# the variables that select the proxy of a request
ENVIRONMENT: t.Final = (*_proxy.VARIABLES, "no_proxy", "NO_PROXY")


class Budget:
    """The time left for one operation, and whether any byte of its request was sent.

    :arg now: the monotonic clock; `end` is a moment on it.
    :arg wait: the maximum number of seconds of one wait for the service.
    """

    def __init__(self, now: t.Callable[[], float], *, end: float, wait: float) -> None:
        self.sent = False
        self._now = now
        self._end = end
        self._wait = wait

    def seconds(self) -> float:
        """How long the next wait may take; raises `TimeoutError` when the deadline has passed."""
        left = self._end - self._now()
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        return min(self._wait, left)


_current = threading.local()


@contextlib.contextmanager
def within(budget: Budget) -> t.Iterator[None]:
    """Apply the budget to everything that this thread reads and sends in the meantime."""
    _current.budget = budget
    try:
        yield
    finally:
        _current.budget = None


class _Socket(ssl.SSLSocket):
    """Checks the budget before each wait, so that a slow peer cannot exceed it byte by byte."""

    def read(self, len: int = 1024, buffer: t.Any = None) -> t.Any:  # noqa: A002 - the name in ssl
        self._budget()
        return super().read(len, buffer)

    def send(self, data: t.Any, flags: int = 0) -> int:
        if budget := self._budget():
            # the handshake does not call this method: these are bytes of the request
            budget.sent = True
        return super().send(data, flags)

    def _budget(self) -> Budget | None:
        budget: Budget | None = getattr(_current, "budget", None)
        if budget:
            self.settimeout(budget.seconds())
        return budget


class Adapter(HTTPAdapter):  # type: ignore[misc]
    """A pool of connections on a TLS context that was built once.

    A session of `requests` would load the CA bundle for each connection, and would use cookies,
    .netrc, redirects and CA variables, none of which are wanted here.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._proxies: dict[tuple[t.Any, ...], _proxy.Proxy | None] = {}
        self.headers = dict(requests.utils.default_headers())
        del self.headers["Accept"]
        # as many as requests may be in progress by default; more would be closed after each use
        super().__init__(pool_connections=16, pool_maxsize=256)

    def proxy(self, url: str, *, origin: tuple[str, str, int]) -> _proxy.Proxy | None:
        """The environment's proxy for this origin; cached, because the lookup is as slow as a
        request."""
        key = (origin, *map(os.environ.get, ENVIRONMENT))
        if key not in self._proxies:
            value = requests.utils.select_proxy(url, requests.utils.get_environ_proxies(url))
            if _proxy.bypassed(*origin[1:], os.environ):
                value = None
            source = _proxy.source_of(value, os.environ) if value else ""
            self._proxies[key] = _proxy.checked(source, value) if value else None
        return self._proxies[key]

    def init_poolmanager(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)

    def proxy_manager_for(self, proxy: str, **kwargs: t.Any) -> t.Any:
        return super().proxy_manager_for(proxy, ssl_context=self._context, **kwargs)

    def cert_verify(self, conn: t.Any, url: str, verify: t.Any, cert: t.Any) -> None:
        """Do nothing: the context defines verification, host name check and CAs."""


# A context belongs to no connection: if the parent builds it, each fork saves 30 ms.
@functools.lru_cache(maxsize=16)
def tls_context(ca_path: str | None, validate_certs: bool) -> ssl.SSLContext:
    """The TLS context for these CAs; raises `tls` for a bundle that cannot be loaded."""
    try:
        context = ssl.create_default_context(cafile=ca_path or certifi.where())
    except (OSError, ssl.SSLError) as e:
        reason = (
            "it contains no PEM certificate" if isinstance(e, ssl.SSLError) else _reasons.words(e)
        )
        message = (
            f"ca_path is {ca_path}, which cannot be loaded as a bundle of CA certificates:"
            f" {reason}."
        )
        advice = "Set ca_path to a file with the CA certificates in PEM."
        raise DefenderError("tls", message, advice=advice) from None
    context.sslsocket_class = _Socket
    if not validate_certs:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


@functools.lru_cache(maxsize=16)
def adapter(ca_path: str | None, validate_certs: bool) -> Adapter:
    """This process's connections for all tenants with the same trust."""
    if REQUESTS_ERROR:
        raise DefenderError(
            "bad_request",
            "The Python package requests is not installed where the module runs.",
            advice="Run: pip install requests",
        )
    if not validate_certs:
        # the documentation of the option warns; urllib3 would warn for each connection
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    return Adapter(tls_context(ca_path, validate_certs))


# A forked worker that used its parent's connections would share their TLS state with other workers,
# and could read the response to another worker's request, which may be for another tenant.
os.register_at_fork(after_in_child=adapter.cache_clear)
