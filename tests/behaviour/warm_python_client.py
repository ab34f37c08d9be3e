# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stands for `python <arguments>`: `warm_python_client.py <socket> <arguments>`.

A script runs in a fork of the warm Python that listens on the socket, if that one serves it;
everything else is a process of its own.
"""

from __future__ import annotations

import _socket  # of which `socket` is the slow part
import array
import marshal
import os
import sys


def warm(path: str, arguments: list[str]) -> str:
    """The exit code of the fork, or "none"."""
    mask = os.umask(0)
    os.umask(mask)
    process = {
        "arguments": arguments,
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "mask": mask,
    }
    server = _socket.socket(_socket.AF_UNIX)
    server.connect(path)
    content = marshal.dumps(process)
    text = len(content).to_bytes(4, "little") + content
    files = (_socket.SOL_SOCKET, _socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))
    sent = server.sendmsg([text], [files])
    while sent < len(text):
        sent += server.send(text[sent:])
    return server.recv(64).decode()


def main(path: str, *arguments: str) -> None:
    if arguments and arguments[0].endswith(".py"):
        code = warm(path, list(arguments))
        if code != "none":
            # as a shell says that a signal ended a process
            os._exit(int(code) if int(code) >= 0 else 128 - int(code))
    os.execv(sys.executable, [sys.executable, *arguments])


main(*sys.argv[1:])
