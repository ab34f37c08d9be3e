# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A machine of another transport that happens to be this one: what is not `local` to Ansible, but
needs no network."""

from __future__ import annotations

import os
import shutil
import subprocess
import typing as t

from ansible.plugins.connection import ConnectionBase

DOCUMENTATION = r"""
name: other
short_description: A remote machine for the behaviour tests
description: Runs commands in a shell and copies files. Each use is a line in the file of the
  variable.
author: The mssp.defender_xdr contributors
options:
  other_log:
    description: File to write a line to for each command and file.
    type: path
    vars: [{name: ansible_other_log}]
"""


class Connection(ConnectionBase):
    transport = "other"
    has_pipelining = False

    def _connect(self) -> Connection:
        return self

    def _log(self, what: str) -> None:
        with open(self.get_option("other_log"), "a", encoding="utf-8") as f:
            f.write(f"{what}\n")

    def exec_command(
        self, cmd: str, in_data: bytes | None = None, sudoable: bool = True
    ) -> tuple[int, bytes, bytes]:
        self._log("exec")
        done = subprocess.run(
            ["/bin/sh", "-c", cmd], input=in_data, capture_output=True, check=False
        )
        return done.returncode, done.stdout, done.stderr

    def put_file(self, in_path: str, out_path: str) -> None:
        self._log(f"put {os.path.basename(out_path)}")
        shutil.copyfile(in_path, out_path)

    def fetch_file(self, in_path: str, out_path: str) -> None:
        self._log(f"fetch {os.path.basename(in_path)}")
        shutil.copyfile(in_path, out_path)

    def close(self) -> None:
        self._connected: t.Any = False
