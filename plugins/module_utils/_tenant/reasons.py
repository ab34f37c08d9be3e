# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a connection failed, in words: one table from the exceptions of the network libraries to
plain English.

It goes by the names of classes and by attributes, so that it needs none of these libraries itself.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import re
import typing as t

# The name of a class anywhere in the chain of an exception; the first row that fits.
WORDS: t.Final[t.Mapping[str, str]] = {
    "NameResolutionError": "the host name is not known",
    "gaierror": "the host name is not known",
    "ConnectionRefusedError": "connection refused",
    "ConnectionResetError": "connection reset by the other side",
    "ConnectionAbortedError": "connection aborted",
    "BrokenPipeError": "connection closed by the other side",
    "RemoteDisconnected": "connection closed without an answer",
    "SSLEOFError": "connection closed during the TLS handshake",
    "SSLZeroReturnError": "connection closed by the other side",
    "BadStatusLine": "the answer is not HTTP",
    "LineTooLong": "the answer is not HTTP",
    "InvalidChunkLength": "the answer broke off",
    "IncompleteRead": "the answer broke off",
    "DecodeError": "the answer could not be unpacked",
    "ContentDecodingError": "the answer could not be unpacked",
    "ConnectTimeoutError": "timed out while connecting",
    "ConnectTimeout": "timed out while connecting",
    "ReadTimeoutError": "timed out while waiting for the answer",
    "ReadTimeout": "timed out while waiting for the answer",
    "TimeoutError": "timed out",
    "SOCKS5AuthError": "it refused user and password",
    "SOCKS5Error": "it could not reach the host",
    "SOCKS4Error": "it could not reach the host",
    "GeneralProxyError": "the answer is not SOCKS",
    "UnicodeEncodeError": "the address holds characters that no address may hold",
    "MissingSchema": "it does not begin with https://",
    "InvalidSchema": "it does not begin with https://",
    "InvalidURL": "it has no valid host and port",
    "LocationParseError": "it has no valid host and port",
    "InvalidHeader": "a header holds characters that no header may hold",
}
CARRIERS: t.Final = ("reason", "original_error", "socket_err")
UNKNOWN: t.Final = "the connection failed"

TRUST = (
    "Set ca_path to a PEM file with the CA that issued it: that of the proxy which inspects"
    " TLS, or of the service; validate_certs should stay true."
)
CLOCK = "Check the clock of this machine; if it is right, the certificate has to be renewed."
NAME = "Check the URL: it has to use a name that is in the certificate."
# Verification codes of OpenSSL (X509_V_ERR_...): what is wrong with the certificate, and what to
# do.
CERTIFICATE: t.Final[t.Mapping[int, tuple[str, str]]] = {
    2: ("is of an authority that is not trusted here", TRUST),
    9: ("is not valid yet, by the clock of this machine", CLOCK),
    10: ("has expired, by the clock of this machine", CLOCK),
    18: ("is self-signed and not trusted here", TRUST),
    19: (
        "is of an authority that is not trusted here (self-signed certificate in the chain)",
        TRUST,
    ),
    20: ("is of an authority that is not trusted here", TRUST),
    21: ("is of an authority that is not trusted here", TRUST),
    62: ("is for another host name", NAME),
    64: ("is for another address", NAME),
}
PROTOCOL = (
    "Check the URL, its port, and the proxy; this port does not offer TLS as the service does."
)


def chain(error: BaseException) -> list[BaseException]:
    """The exception and all that it carries: arguments, reasons and causes, each once."""
    found: list[BaseException] = []
    ahead: list[t.Any] = [error]
    while ahead:
        inner = ahead.pop(0)
        if isinstance(inner, BaseException) and not any(inner is known for known in found):
            found.append(inner)
            carried = (getattr(inner, name, None) for name in CARRIERS)
            ahead += [*inner.args, *carried, inner.__cause__, inner.__context__]
    return found


def words(error: BaseException) -> str:
    """Why it failed, without a class name, an address of memory or a number of an operating
    system."""
    inner = chain(error)
    names = {type(link).__name__ for link in inner}
    for name, reason in WORDS.items():
        if name in names:
            return reason
    if any(name.startswith("SSL") for name in names):
        return tls(error)[0]
    texts = (link.strerror for link in inner if isinstance(link, OSError))
    text = next((text for text in texts if isinstance(text, str) and text), UNKNOWN)
    return text[:1].lower() + text[1:]


def tls(error: BaseException) -> tuple[str, str]:
    """Why TLS could not be set up, as a clause, and the advice that belongs to it."""
    for link in chain(error):
        code = getattr(link, "verify_code", None)
        if isinstance(code, int) and code in CERTIFICATE:
            clause, advice = CERTIFICATE[code]
            return f"the server's certificate {clause}", advice
        if code:
            text = getattr(link, "verify_message", "")
            return f"the server's certificate was not accepted ({text})", TRUST
    reasons = (getattr(link, "reason", None) for link in chain(error))
    reason = next((text for text in reasons if isinstance(text, str) and text), "")
    if reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"):
        return "the other side does not speak TLS", PROTOCOL
    text = reason.lower().replace("_", " ")
    return (f"TLS failed ({text})" if text else "TLS failed"), TRUST


def tunnel_refusal(error: BaseException) -> tuple[int, str] | None:
    """Status and reason phrase with which a proxy refused to open a tunnel."""
    for link in chain(error):
        match = re.match(r"Tunnel connection failed: (\d{3})\s*(.*)", str(link))
        if match:
            return int(match[1]), match[2].strip()
    return None
