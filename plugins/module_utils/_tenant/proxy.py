# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The proxy that an option or a variable names: checked, normalised, and named in messages without
its password.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import ipaddress
import re
import typing as t
from urllib.parse import quote, unquote

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.reasons import (
    tunnel_refusal,
    words,
)

# scheme: port where none is given
SCHEMES: t.Final[t.Mapping[str, int]] = {
    "http": 80,
    "https": 443,
    "socks4": 1080,
    "socks4a": 1080,
    "socks5": 1080,
    "socks5h": 1080,
}
FORM: t.Final = "http://HOST:PORT"
# in the order in which Python reads them
VARIABLES: t.Final = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
STATUS_ADVICE: t.Final[t.Mapping[int, str]] = {
    407: "Put the proxy's user and password into {source}: http://USER:PASSWORD@HOST:PORT.",
    403: "The proxy's rules have to allow {target} for this machine and this user.",
    502: "The proxy could not reach {target}; its own name resolution and routes decide.",
    503: "The proxy could not reach {target}; its own name resolution and routes decide.",
    504: "The proxy could not reach {target}; its own name resolution and routes decide.",
}


@dataclasses.dataclass(frozen=True)
class Proxy:
    """A proxy as the HTTP library takes it (with credentials), and as messages name it
    (without)."""

    url: str = dataclasses.field(repr=False)
    name: str
    source: str


def checked(source: str, value: str) -> Proxy:
    """The proxy out of its text, which may lack the scheme; raises `bad_request` for one that
    cannot work.

    :arg source: the option or variable that holds the value, for messages.
    """
    match = re.fullmatch(r"(?:([a-z][a-z0-9+.-]*)://)?(.*)", value.strip(), re.I | re.S)
    given, rest = match.groups() if match else (None, value)
    scheme = (given or "http").lower()
    # everything up to the last @ is user and password, whatever characters the password holds
    login, at, place = rest.rpartition("@")
    name = f"{scheme}://{place}" if given else place
    if scheme not in SCHEMES:
        raise _unusable(
            source, name, f"{scheme} is no scheme of a proxy", f"Use {', '.join(SCHEMES)}."
        )
    address, slash, path = re.split(r"([/?#])", f"{place}/", maxsplit=1)
    if path.strip("/") or slash != "/":
        advice = f"Give host and port only, as {FORM}; the URL of a PAC file is not read."
        raise _unusable(source, name, "a proxy's address has no path", advice)
    host, port = _host_and_port(source, name, address, SCHEMES[scheme])
    if scheme.startswith("socks") and importlib.util.find_spec("socks") is None:
        advice = "Run where the task runs: pip install 'requests[socks]'"
        raise _unusable(source, name, "SOCKS needs the Python package PySocks", advice)
    place = f"{host}:{port}"
    credentials = f"{_login(login)}@" if at and login else ""
    return Proxy(f"{scheme}://{credentials}{place}", f"{scheme}://{place}", source)


def source_of(value: str, environ: t.Mapping[str, str]) -> str:
    """The variable of the environment that holds this value."""
    found = (name for name in VARIABLES if environ.get(name) == value)
    return next(found, "the system's proxy setting")


def bypassed(host: str, port: int, environ: t.Mapping[str, str]) -> bool:
    """Whether `no_proxy` names this host, also in spellings that the HTTP library does not know.

    Those are capitals, `*.example.com`, a scheme before the name, and networks and addresses of
    IPv6.
    """
    entries = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    return any(
        _names(entry.lower(), host, port) for entry in re.split(r"[,;\s]+", entries) if entry
    )


def _names(entry: str, host: str, port: int) -> bool:
    name = re.sub(r"^[a-z]+://", "", entry).rstrip("/") if "://" in entry else entry
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host) in ipaddress.ip_network(name.strip("[]"), strict=False)
    for place in (host, f"{host}:{port}", f"[{host}]:{port}"):
        suffix = name.removeprefix("*").removeprefix(".")
        if suffix and (place == suffix or place.endswith(f".{suffix}")):
            return True
    return name == "*"


def failure(error: BaseException, what: str, proxy: Proxy, target: str) -> DefenderError:
    """The error for a request that did not get past its proxy.

    :arg target: host and port that the proxy was asked for.
    """
    refusal = tunnel_refusal(error)
    if refusal:
        status, phrase = refusal
        reason = f"it answered {status} {phrase}".rstrip()
        default = "Look into the proxy's log, and check {source}."
        advice = STATUS_ADVICE.get(status, default).format(source=proxy.source, target=target)
    else:
        status, reason = None, words(error)
        advice = f"Check {proxy.source} (host and port), and whether the proxy runs."
    if "appears to only use HTTP" in str(error):
        reason = "it speaks HTTP, not HTTPS"
        advice = (
            f"Write http:// in {proxy.source}; what is sent through the proxy is encrypted"
            " all the same."
        )
    message = f"{what} did not get past the proxy {proxy.name} ({proxy.source}): {reason}."
    return DefenderError("network", message, status=status, advice=advice)


def _host_and_port(source: str, name: str, address: str, default: int) -> tuple[str, int]:
    match = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::([^:]*))?", address)
    host, port = match.groups() if match else ("", None)
    if not match:
        advice = f"Write {FORM}, and an IPv6 address in brackets: http://[::1]:3128."
        raise _unusable(source, name, "host and port cannot be told apart", advice)
    if not _is_host(host):
        raise _unusable(source, name, "it has no valid host", f"Write {FORM}.")
    if port is None:
        return host, default
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        reason = (
            f"its port {port!r} is not a number from 1 to 65535" if port else "its port is empty"
        )
        raise _unusable(source, name, reason, f"Write {FORM}.")
    return host, int(port)


def _is_host(host: str) -> bool:
    if not host.startswith("["):
        return bool(re.fullmatch(r"[\w.-]+", host))
    try:
        ipaddress.IPv6Address(host[1:-1])
    except ValueError:
        return False
    return True


def _login(login: str) -> str:
    """User and password, percent-encoded; either may have been given encoded or plain."""
    parts = [unquote(part) for part in login.split(":", maxsplit=1)]
    return ":".join(quote(_latin(part), safe="") for part in parts)


def _latin(text: str) -> str:
    """The HTTP library sends Latin-1; what that cannot hold is sent as its bytes in UTF-8."""
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("latin-1")
    return text


def _unusable(source: str, name: str, reason: str, advice: str) -> DefenderError:
    return DefenderError(
        "bad_request", f"{source} is {name!r}, which cannot be used: {reason}.", advice=advice
    )
