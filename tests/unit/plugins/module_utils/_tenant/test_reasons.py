# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a connection failed, in words: no exception of the libraries shows its class or its
object."""

from __future__ import annotations

import errno
import http.client
import inspect
import os
import re
import socket
import ssl
import typing as t

import pytest
import requests.exceptions
import urllib3.exceptions
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import reasons as _reasons


def caused(error: BaseException, cause: BaseException) -> BaseException:
    error.__cause__ = cause
    return error


def os_error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
            "the host name could not be resolved",
        ),
        (os_error(errno.ECONNREFUSED), "connection refused"),
        (os_error(errno.ECONNRESET), "connection reset by the other side"),
        (os_error(errno.ENETUNREACH), "network is unreachable"),
        (os_error(errno.EHOSTUNREACH), "no route to host"),
        (
            http.client.RemoteDisconnected("Remote end closed"),
            "connection closed without a response",
        ),
        (http.client.IncompleteRead(b"x"), "the response was cut short"),
        (http.client.BadStatusLine("SSH-2.0"), "the response is not HTTP"),
        (TimeoutError("timed out"), "timed out"),
        (requests.exceptions.ReadTimeout("x"), "timed out while waiting for the response"),
        (ValueError("<object at 0x7f>"), "the connection failed"),
    ],
)
def test_each_cause_has_its_words_however_deep_it_lies(error: BaseException, reason: str) -> None:
    wrapped = requests.exceptions.ConnectionError(
        urllib3.exceptions.ProtocolError("Connection aborted.", error)
    )
    for shape in (error, wrapped, caused(requests.exceptions.ConnectionError("x"), error)):
        assert _reasons.words(shape) == reason


def test_an_unreachable_network_is_not_a_timeout() -> None:
    # urllib3 derives its error for any failed connection from the one for a timeout
    connection = t.cast("t.Any", type("C", (), {"__repr__": lambda self: "<C at 0x7f>"})())
    error = urllib3.exceptions.NewConnectionError(connection, "Failed: <C at 0x7f>")
    assert _reasons.words(error) == "the connection failed"
    assert _reasons.words(caused(error, os_error(errno.ENETUNREACH))) == "network is unreachable"


def test_no_class_of_the_libraries_is_a_reason() -> None:
    modules = (requests.exceptions, urllib3.exceptions, http.client, ssl, socket)
    classes = [
        each
        for module in modules
        for _name, each in inspect.getmembers(module, inspect.isclass)
        if issubclass(each, Exception)
    ]
    for each in classes:
        reason = _reasons.words(each.__new__(each))
        assert not re.search(r"[a-z][A-Z]|Error|0x|\d", reason.replace("TLS", "")), each


def verification(code: int, text: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, text
    return error


@pytest.mark.parametrize(
    ("code", "clause", "advice"),
    [
        (10, "has expired according to this machine's clock", "this machine's clock"),
        (9, "is not valid yet according to this machine's clock", "this machine's clock"),
        (18, "is self-signed and not trusted on this machine", "ca_path"),
        (19, "self-signed certificate in the chain", "ca_path"),
        (20, "was issued by an authority that is not trusted on this machine", "ca_path"),
        (62, "is for another host name", "URL"),
        (64, "is for another address", "URL"),
        (66, "was not accepted (EE certificate key too weak)", "ca_path"),
    ],
)
def test_a_certificate_that_is_not_accepted_is_told_with_the_remedy(
    code: int, clause: str, advice: str
) -> None:
    error = requests.exceptions.SSLError(
        urllib3.exceptions.SSLError(verification(code, "EE certificate key too weak"))
    )
    reason, remedy = _reasons.tls(error)
    assert reason.startswith("the server's certificate ")
    assert clause in reason
    assert advice in remedy


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("WRONG_VERSION_NUMBER", "the other side does not speak TLS"),
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", "TLS failed (sslv3 alert handshake failure)"),
        ("", "TLS failed"),
    ],
)
def test_a_handshake_that_failed_is_told(reason: str, words: str) -> None:
    error = ssl.SSLError(1, "[SSL] (_ssl.c:1006)")
    error.reason = reason
    assert _reasons.tls(error)[0] == _reasons.words(error) == words


def test_the_status_of_a_proxy_is_found() -> None:
    refusal = OSError("Tunnel connection failed: 407 Proxy Authentication Required")
    error = urllib3.exceptions.ProxyError("Unable to connect to proxy", refusal)
    assert _reasons.tunnel_refusal(error) == (407, "Proxy Authentication Required")
    assert _reasons.tunnel_refusal(OSError("Tunnel connection failed: 502")) == (502, "")
    assert _reasons.tunnel_refusal(OSError("nothing of the kind")) is None
