# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A machine of another transport that is this one: what is sent there goes by AnsiballZ, but needs
no network to get there."""

from __future__ import annotations

import shutil
import subprocess
import typing as t

from ansible.plugins.connection import ConnectionBase

DOCUMENTATION = r"""
name: elsewhere
short_description: A remote machine for the benchmark
description: Runs commands in a shell, with pipelining.
author: The mssp.defender_xdr contributors
extends_documentation_fragment: connection_pipelining
"""


class Connection(ConnectionBase):
    transport = "elsewhere"
    has_pipelining = True

    def _connect(self) -> Connection:
        return self

    def exec_command(
        self, cmd: str, in_data: bytes | None = None, sudoable: bool = True
    ) -> tuple[int, bytes, bytes]:
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        done = subprocess.run(
            ["/bin/sh", "-c", cmd], input=in_data, capture_output=True, check=False
        )
        return done.returncode, done.stdout, done.stderr

    def put_file(self, in_path: str, out_path: str) -> None:
        super().put_file(in_path, out_path)
        shutil.copyfile(in_path, out_path)

    def fetch_file(self, in_path: str, out_path: str) -> None:
        super().fetch_file(in_path, out_path)
        shutil.copyfile(in_path, out_path)

    def close(self) -> None:
        self._connected: t.Any = False
