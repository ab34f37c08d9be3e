# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible in a fork of a process that has imported ansible-core, for half the price of a new one.

The fork has every setting that core reads when it starts, but not what only a new process has: its
own command line, a Python that reads its environment, and defaults that core binds when it is
imported. A run with an environment of its own is therefore a process of its own.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import typing as t
from pathlib import Path

HERE: t.Final = Path(__file__).resolve().parent
# what a test's Ansible sees of the caller's environment; no setting of the caller's own
KEPT: t.Final = (
    "PATH",
    "LANG",
    "LC_ALL",
    "VIRTUAL_ENV",
    "ANSIBLE_COLLECTIONS_PATH",
    "COVERAGE_PROCESS_CONFIG",
)
# Variables that are read while a run goes on, by this collection or by the test's own plugins, and
# settings of core that no class and no function is defined with.
READ_LATE: t.Final = (
    "ANSIBLE_CALLBACKS_ENABLED",
    "ANSIBLE_FORKS",
    "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED",
    "ANSIBLE_STDOUT_CALLBACK",
    "APP_SECRET",
    "BEHAVIOUR_",
    "DEFENDER_XDR_",
    "NO_PROXY",
    "PROVIDER",
)


def environment(folder: Path, tmp: Path, config: Path) -> dict[str, str]:
    """That of a person who runs Ansible with everything it writes below two folders."""
    return {
        **{name: os.environ[name] for name in KEPT if name in os.environ},
        "HOME": str(folder / "home"),
        "TMPDIR": str(tmp),
        "ANSIBLE_CONFIG": str(config),
        "ANSIBLE_HOME": str(folder / "home/.ansible"),
        "ANSIBLE_LOCAL_TEMP": str(folder / "tmp/local"),
        "ANSIBLE_REMOTE_TMP": str(folder / "tmp/remote"),
        "ANSIBLE_CONNECTION_PLUGINS": str(HERE / "connection_plugins"),
        "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback_plugins"),
        "ANSIBLE_CALLBACKS_ENABLED": "behaviour_results",
        "ANSIBLE_LOAD_CALLBACK_PLUGINS": "1",
        "ANSIBLE_FORKS": "10",
        "ANSIBLE_NOCOLOR": "1",
    }


def serves(plain: t.Mapping[str, str], wanted: t.Mapping[str, str]) -> bool:
    """Whether a fork is the same as a process with this environment.

    plain: what `environment` gave.
    """
    own = {
        name
        for name in plain.keys() | wanted.keys()
        if plain.get(name) != wanted.get(name) and not name.startswith(READ_LATE)
    }
    return not own and _is_empty(wanted)


def _is_empty(wanted: t.Mapping[str, str]) -> bool:
    return not Path(wanted["ANSIBLE_CONFIG"]).stat().st_size


class Forked:
    """A process that another one forked, with what tests use of `subprocess.Popen`."""

    def __init__(self, args: list[str], output: int, status: int) -> None:
        self.args = args
        self.stdout = os.fdopen(output, encoding="utf-8")
        self._status = os.fdopen(status)
        self.pid = int(self._status.readline())
        self.returncode: t.Any = None  # until `communicate` has read it

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        if self.returncode is None:
            self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float) -> tuple[str, None]:
        """All that it writes until its end."""
        late = threading.Timer(timeout, self.kill)
        late.start()
        with self.stdout, self._status:
            output = self.stdout.read()
            self.returncode = int(self._status.readline())
        if late.finished.is_set():
            raise subprocess.TimeoutExpired(self.args, timeout, output)
        late.cancel()
        return output, None


def start(command: str, *arguments: str, env: t.Mapping[str, str], folder: Path) -> Forked:
    """Run `ansible-<command>` with this environment in this folder; modules on the local
    machine run in forks of the warm Python."""
    run = {
        "python": interpreter(),
        "command": command,
        "arguments": arguments,
        "environment": dict(env),
        "folder": str(folder),
    }
    output, its_output = os.pipe()
    status, its_status = os.pipe()
    try:
        files = [its_output, its_output, its_status]
        socket.send_fds(_server(), [json.dumps(run).encode() + b"\n"], files)
    finally:
        os.close(its_output)
        os.close(its_status)
    return Forked([command, *arguments], output, status)


@functools.cache
def _server() -> socket.socket:
    """One for all tests of a process of pytest; it ends when this socket is closed."""
    return _launched("warm_server.py")[0]


@functools.cache
def python() -> list[str]:
    """A command that stands for this Python, where a module's process is the fork of one that has
    imported what it needs."""
    control, folder = _launched("warm_python.py")
    atexit.register(control.close)
    assert control.recv(5) == b"ready"
    client = str(HERE / "warm_python_client.py")
    return [sys.executable, "-IS", client, str(folder / "python")]


@functools.cache
def interpreter() -> str:
    """The path of a program that is `python`, for Ansible."""
    command = python()
    program = Path(command[-1]).with_name("interpreter")
    program.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
    program.chmod(0o700)
    return str(program)


def _launched(program: str) -> tuple[socket.socket, Path]:
    """The socket on which a program is told what to do, and its temporary folder."""
    folder = Path(tempfile.mkdtemp(prefix="warm"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    config = folder / "ansible.cfg"
    config.touch()
    here, there = socket.socketpair()
    with there:
        subprocess.Popen(
            [sys.executable, HERE / program, str(there.fileno())],
            env=environment(folder, folder, config),
            stdin=subprocess.DEVNULL,
            pass_fds=[there.fileno()],
        )
    return here, folder
