# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a connection failed, in plain English: one table of the exceptions of the network libraries.

It looks only at class names and attributes, so that it does not import these libraries.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import re
import typing as t

# Class name anywhere in the chain of an exception: reason. The first matching row counts.
WORDS: t.Final[t.Mapping[str, str]] = {
    "NameResolutionError": "the host name could not be resolved",
    "gaierror": "the host name could not be resolved",
    "ConnectionRefusedError": "connection refused",
    "ConnectionResetError": "connection reset by the other side",
    "ConnectionAbortedError": "connection aborted",
    "BrokenPipeError": "connection closed by the other side",
    "RemoteDisconnected": "connection closed without a response",
    "SSLEOFError": "connection closed during the TLS handshake",
    "SSLZeroReturnError": "connection closed by the other side",
    "BadStatusLine": "the response is not HTTP",
    "LineTooLong": "the response is not HTTP",
    "InvalidChunkLength": "the response was cut short",
    "IncompleteRead": "the response was cut short",
    "DecodeError": "the response could not be decompressed",
    "ContentDecodingError": "the response could not be decompressed",
    "ConnectTimeoutError": "timed out while connecting",
    "ConnectTimeout": "timed out while connecting",
    "ReadTimeoutError": "timed out while waiting for the response",
    "ReadTimeout": "timed out while waiting for the response",
    "TimeoutError": "timed out",
    "SOCKS5AuthError": "the proxy rejected the user name and password",
    "SOCKS5Error": "the proxy could not reach the host",
    "SOCKS4Error": "the proxy could not reach the host",
    "GeneralProxyError": "the response is not SOCKS",
    "UnicodeEncodeError": "the URL contains characters that are not allowed in a URL",
    "MissingSchema": "the URL does not begin with https://",
    "InvalidSchema": "the URL does not begin with https://",
    "InvalidURL": "the URL has no valid host and port",
    "LocationParseError": "the URL has no valid host and port",
    "InvalidHeader": "a header contains characters that are not allowed in a header",
}
CARRIERS: t.Final = ("reason", "original_error", "socket_err")
UNKNOWN: t.Final = "the connection failed"

TRUST = (
    "Set ca_path to a PEM file with the CA that issued the certificate (the CA of the service, or"
    " of a proxy that inspects TLS); keep validate_certs set to true."
)
CLOCK = "Check this machine's clock; if it is right, the certificate must be renewed."
NAME = "Check the URL: its host must be one of the names in the certificate."
# OpenSSL verification codes (X509_V_ERR_...): what is wrong with the certificate, and the advice.
CERTIFICATE: t.Final[t.Mapping[int, tuple[str, str]]] = {
    2: ("was issued by an authority that is not trusted on this machine", TRUST),
    9: ("is not valid yet according to this machine's clock", CLOCK),
    10: ("has expired according to this machine's clock", CLOCK),
    18: ("is self-signed and not trusted on this machine", TRUST),
    19: (
        (
            "was issued by an authority that is not trusted on this machine (self-signed"
            " certificate in the chain)"
        ),
        TRUST,
    ),
    20: ("was issued by an authority that is not trusted on this machine", TRUST),
    21: ("was issued by an authority that is not trusted on this machine", TRUST),
    62: ("is for another host name", NAME),
    64: ("is for another address", NAME),
}
PROTOCOL = "Check the URL, its port and the proxy: this port does not offer TLS."


def chain(error: BaseException) -> list[BaseException]:
    """The exception and the exceptions inside it (arguments, reasons, causes), without repeats."""
    links: list[BaseException] = []
    ahead: list[t.Any] = [error]
    while ahead:
        inner = ahead.pop(0)
        if isinstance(inner, BaseException) and not any(inner is link for link in links):
            links.append(inner)
            carried = (getattr(inner, name, None) for name in CARRIERS)
            ahead += [*inner.args, *carried, inner.__cause__, inner.__context__]
    return links


def words(error: BaseException) -> str:
    """Why the connection failed, without class names, memory addresses or errno numbers."""
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
    """Why the TLS handshake failed, as a clause, and the advice for it."""
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
    """The status and reason phrase of a proxy that refused to open a tunnel."""
    for link in chain(error):
        match = re.match(r"Tunnel connection failed: (\d{3})\s*(.*)", str(link))
        if match:
            return int(match[1]), match[2].strip()
    return None
