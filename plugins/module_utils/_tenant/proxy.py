# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The proxy that an option or a variable sets: checked, normalized, and shown without its password.

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

# scheme: default port
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
    407: "Add the proxy's user name and password to {source}: http://USER:PASSWORD@HOST:PORT.",
    403: "The proxy's rules must allow {target} for this machine and this user.",
    502: "The proxy could not reach {target}; check its name resolution and routes.",
    503: "The proxy could not reach {target}; check its name resolution and routes.",
    504: "The proxy could not reach {target}; check its name resolution and routes.",
}


@dataclasses.dataclass(frozen=True)
class Proxy:
    """A proxy: `url` for the HTTP library (with credentials), `name` for messages (without)."""

    url: str = dataclasses.field(repr=False)
    name: str
    source: str


def checked(source: str, value: str) -> Proxy:
    """The proxy that the value describes; raises `bad_request` for one that cannot work.

    The scheme may be missing.

    :arg source: the option or variable that holds the value, for messages.
    """
    match = re.fullmatch(r"(?:([a-z][a-z0-9+.-]*)://)?(.*)", value.strip(), re.I | re.S)
    prefix, rest = match.groups() if match else (None, value)
    scheme = (prefix or "http").lower()
    # everything up to the last @ is user and password: the password may contain any character
    login, at, place = rest.rpartition("@")
    name = f"{scheme}://{place}" if prefix else place
    if scheme not in SCHEMES:
        raise _unusable(
            source, name, f"{scheme} is not a proxy scheme", f"Use {', '.join(SCHEMES)}."
        )
    address, slash, path = re.split(r"([/?#])", f"{place}/", maxsplit=1)
    if path.strip("/") or slash != "/":
        advice = f"Use only host and port, as in {FORM}; PAC files are not supported."
        raise _unusable(source, name, "a proxy address must not have a path", advice)
    host, port = _host_and_port(source, name, address, SCHEMES[scheme])
    if scheme.startswith("socks") and importlib.util.find_spec("socks") is None:
        advice = "Run on the machine that runs the task: pip install 'requests[socks]'"
        raise _unusable(source, name, "SOCKS requires the Python package PySocks", advice)
    place = f"{host}:{port}"
    credentials = f"{_login(login)}@" if at and login else ""
    return Proxy(f"{scheme}://{credentials}{place}", f"{scheme}://{place}", source)


def source_of(value: str, environ: t.Mapping[str, str]) -> str:
    """The environment variable that holds this value."""
    names = (name for name in VARIABLES if environ.get(name) == value)
    return next(names, "the system's proxy setting")


def bypassed(host: str, port: int, environ: t.Mapping[str, str]) -> bool:
    """Whether `no_proxy` lists this host, also in forms that the HTTP library does not support.

    These are upper case, `*.example.com`, a scheme before the name, and IPv6 networks and
    addresses.
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
    """The error for a request that failed at its proxy.

    :arg target: the requested host and port.
    """
    refusal = tunnel_refusal(error)
    if refusal:
        status, phrase = refusal
        reason = f"the proxy returned {status} {phrase}".rstrip()
        default = "Check {source} and the proxy's log."
        advice = STATUS_ADVICE.get(status, default).format(source=proxy.source, target=target)
    else:
        status, reason = None, words(error)
        advice = f"Check {proxy.source} (host and port), and that the proxy is running."
    if "appears to only use HTTP" in str(error):
        reason = "the proxy uses HTTP, not HTTPS"
        advice = (
            f"Use http:// in {proxy.source}; the requests through the proxy are still encrypted."
        )
    message = f"{what} failed at the proxy {proxy.name} ({proxy.source}): {reason}."
    return DefenderError("network", message, status=status, advice=advice)


def _host_and_port(source: str, name: str, address: str, default: int) -> tuple[str, int]:
    match = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::([^:]*))?", address)
    host, port = match.groups() if match else ("", None)
    if not match:
        advice = f"Use {FORM}, with brackets around an IPv6 address: http://[::1]:3128."
        raise _unusable(source, name, "host and port cannot be distinguished", advice)
    if not _is_host(host):
        raise _unusable(source, name, "it has no valid host", f"Use {FORM}.")
    if port is None:
        return host, default
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        reason = (
            f"its port {port!r} is not a number from 1 to 65535" if port else "its port is empty"
        )
        raise _unusable(source, name, reason, f"Use {FORM}.")
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
    """User and password, percent-encoded; the value may contain them encoded or plain."""
    parts = [unquote(part) for part in login.split(":", maxsplit=1)]
    return ":".join(quote(_latin(part), safe="") for part in parts)


def _latin(text: str) -> str:
    """The text for the HTTP library, which sends Latin-1: other characters as their UTF-8 bytes."""
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("latin-1")
    return text


def _unusable(source: str, name: str, reason: str, advice: str) -> DefenderError:
    return DefenderError(
        "bad_request", f"{source} is {name!r}, which cannot be used: {reason}.", advice=advice
    )
