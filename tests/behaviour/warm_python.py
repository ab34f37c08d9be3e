# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Python that has imported what the modules import from elsewhere and forks for each of their
processes: `warm_python.py <fd>`.

It listens on the Unix socket `python` in its temporary folder, which it tells on the socket `fd`,
and ends when the other end of that one is closed. `warm_python_client.py` is what Ansible starts in
its place.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import importlib
import marshal
import os
import runpy
import select
import signal
import socket
import sys
import time
import types
import typing as t
import zipimport

IMPORTED: t.Final = (
    "argparse",
    "cryptography.hazmat.primitives.ciphers.aead",
    "cryptography.hazmat.primitives.kdf.hkdf",
    "cryptography.hazmat.primitives.serialization.pkcs12",
    "cryptography.x509",
    "ctypes",
    "decimal",
    "difflib",
    "filecmp",
    "jwt",
    "msal",
    "requests",
    "shlex",
    "subprocess",
    "syslog",
)
# Variables that a process reads when it starts and never again.
READ_AT_START: t.Final = ("COVERAGE_", "LANG", "LC_", "OPENSSL", "PYTHON")
SET_BY_PYTHON: t.Final = "LC_CTYPE"  # where there is no locale
UNFINISHED: t.Final = ".unfinished"


def main() -> None:
    for name in IMPORTED:
        importlib.import_module(name)
    compiled = Compiled(os.path.join(os.environ["TMPDIR"], "compiled"))
    gc.collect()
    gc.freeze()  # the memory that all forks share stays shared
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # pytest gets it too, and closes the socket
    control = socket.socket(fileno=int(sys.argv[1]))
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.join(os.environ["TMPDIR"], "python"))
        listening.listen()
        control.send(b"ready")
        while control not in select.select([control, listening], [], [])[0]:
            client, _address = listening.accept()
            compiled.learn()
            gc.freeze()
            if os.fork() == 0:
                listening.close()
                attend(client)
                return
            client.close()


def attend(client: socket.socket) -> None:
    """Fork once more, and tell the client how that one ended, or that it needs a new process."""
    message, files, _flags, _address = socket.recv_fds(client, 65536, 3)
    size, content = int.from_bytes(message[:4], "little"), message[4:]
    while len(content) < size:
        content += client.recv(65536)
    process = marshal.loads(content)
    if not serves(os.environ, process["environment"]):
        client.send(b"none")
        os._exit(0)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        client.close()
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        run(**process)
        return
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with contextlib.suppress(BrokenPipeError):  # the client was killed
        client.send(str(code).encode())
    os._exit(0)


def serves(own: t.Mapping[str, str], wanted: t.Mapping[str, str]) -> bool:
    """Whether a fork is the same as a new process with the wanted environment."""
    return all(
        own.get(name) == wanted.get(name)
        for name in own.keys() | wanted.keys()
        if name.startswith(READ_AT_START) and name != SET_BY_PYTHON
    )


def run(arguments: list[str], environment: dict[str, str], folder: str, mask: int) -> None:
    """What `python` does with a script."""
    os.chdir(folder)
    os.umask(mask)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    sys.argv = arguments
    sys.path[0] = os.path.dirname(arguments[0])
    runpy.run_path(arguments[0], run_name="__main__")


class Compiled:
    """The code of each file in a module's zip, compiled once, where Python compiles it twice in
    each process: what one process compiled, this one reads ahead of the next ones.

    folder: where the processes put it.
    """

    def __init__(self, folder: str) -> None:
        importer: t.Any = zipimport
        self._compile = importer._compile_source
        self._rename = importer._bootstrap_external._imp._fix_co_filename
        self._folder = folder
        self._ahead: dict[str, types.CodeType] = {}
        os.mkdir(folder)
        importer._compile_source = self.code

    def learn(self) -> None:
        """Read what was compiled since the last time."""
        for name in os.listdir(self._folder):
            if name not in self._ahead and not name.endswith(UNFINISHED):
                with open(os.path.join(self._folder, name), "rb") as file:
                    self._ahead[name] = marshal.loads(file.read())

    def code(self, path: str, source: bytes) -> types.CodeType:
        """In place of zipimport's own."""
        name = hashlib.sha256(source).hexdigest()
        if name not in self._ahead:
            self._ahead[name] = self._compile(path, source)
            kept = os.path.join(self._folder, name)
            unfinished = f"{kept}{os.getpid()}{UNFINISHED}"
            with open(unfinished, "wb") as new:
                marshal.dump(self._ahead[name], new)
            os.replace(unfinished, kept)
        self._rename(self._ahead[name], path)
        return self._ahead[name]


if __name__ == "__main__":
    main()
