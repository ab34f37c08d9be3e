# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab as a process of its own, its journal counted by kind, and inventories of its first N
tenants."""

from __future__ import annotations

import collections
import contextlib
import json
import os
import re
import ssl
import subprocess
import sys
import time
import typing as t
import urllib.request
from pathlib import Path

FILES = Path(__file__).parents[2] / "roles" / "lab" / "files"


class Lab:
    """A running lab by its folder."""

    def __init__(self, folder: Path, pid: int) -> None:
        self.folder = folder
        self.pid = pid
        self.bundle = folder / "bundle.pem"
        self.facts: dict[str, t.Any] = json.loads((folder / "lab.json").read_text())
        self._tls = ssl.create_default_context(cafile=str(folder / "ca.pem"))
        self._read = 0

    def journal(self) -> list[dict[str, t.Any]]:
        """The requests that came since the last call."""
        lines: list[dict[str, t.Any]] = self._control("GET", f"journal?since={self._read}")["value"]
        self._read = max((line["n"] for line in lines), default=self._read)
        return lines

    def requests(self) -> dict[str, int]:
        """How many requests of each kind came since the last call of this or `journal`."""
        return count(self.journal())

    def set_latency(self, milliseconds: int) -> None:
        """From now on every answer of the login host and the APIs takes so long. The lab waits on
        its event loop, for any number of requests at the same time."""
        self._control("DELETE", "faults")
        if milliseconds:
            self._control("POST", "faults", {"delay": milliseconds / 1000, "times": 10**9})

    def _control(self, method: str, path: str, body: t.Any = None) -> dict[str, t.Any]:
        request = urllib.request.Request(
            f"{self.facts['urls']['login']}/_lab/{path}",
            None if body is None else json.dumps(body).encode(),
            {"X-Lab-Key": self.facts["admin_key"], "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, context=self._tls, timeout=60) as answer:
            return dict(json.load(answer))

    def cpu(self) -> float:
        """CPU seconds that the lab has used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def inventory(self, count: int, *, with_ca: bool = False) -> Path:
        """The lab's own inventory with its first tenants only. The CA comes from the environment,
        as a real user's certifi would, or is an inventory variable that names the same bundle."""
        path = self.folder / f"inventory-{count}{'-ca' if with_ca else ''}.yml"
        head, marker, hosts = (
            (self.folder / "inventory.yml").read_text().partition("      hosts:\n")
        )
        head = "".join(
            line for line in head.splitlines(keepends=True) if "defender_xdr_ca_path:" not in line
        )
        shared = {
            "bench_login_url": self.facts["urls"]["login"],
            "bench_graph_url": self.facts["urls"]["graph"],
            "bench_client_id": self.facts["client_id"],
        }
        shared |= {
            "bench_client_secret": self.facts["client_secret"],
            "bench_ca_path": str(self.bundle),
        }
        if with_ca:
            shared["defender_xdr_ca_path"] = str(self.bundle)
        head += "".join(f"        {name}: {json.dumps(value)}\n" for name, value in shared.items())
        path.write_text(head + marker + "".join(hosts.splitlines(keepends=True)[:count]))
        path.chmod(0o600)
        return path

    def strangers(self, count: int) -> Path:
        """The same tenants as machines that are no tenants, so that a module has to be sent there:
        AnsiballZ."""
        path = self.folder / f"strangers-{count}.yml"
        text = (
            self.inventory(count)
            .read_text()
            .replace("defender_xdr_tenant_", "bench_tenant_")
            .replace("mssp.defender_xdr.tenant", "elsewhere")
        )
        path.write_text(re.sub(r"\bdefender_xdr_", "bench_option_", text))
        path.chmod(0o600)
        return path


def count(journal: t.Iterable[t.Mapping[str, t.Any]]) -> dict[str, int]:
    return dict(collections.Counter(map(kind, journal)))


def kind(line: t.Mapping[str, t.Any]) -> str:
    """What a line of the journal asked for; an answer other than 200 is a kind of its own."""
    name: str = line["origin"]
    if name == "login":
        name = "login token" if line["path"].endswith("/token") else "login other"
    elif name == "graph":
        name = "graph page"
    return name if line["status"] == 200 else f"{name}, {line['status']}"


@contextlib.contextmanager
def running(folder: Path, *, tenants: int, incidents: int) -> t.Iterator[Lab]:
    """A lab with healthy tenants on free ports of the loopback interface, stopped at the end."""
    command = [
        sys.executable,
        "-m",
        "defender_lab",
        "--dir",
        str(folder),
        "--tenants",
        str(tenants),
        "--sick",
        "none",
        "--incidents",
        str(incidents),
    ]
    environment = {**os.environ, "PYTHONPATH": str(FILES)}
    with subprocess.Popen(
        [*command, "--parent-pid", str(os.getpid())], env=environment, start_new_session=True
    ) as process:
        try:
            until = time.monotonic() + 120
            while not (folder / "lab.json").exists():
                if process.poll() is not None or time.monotonic() > until:
                    raise SystemExit("The lab did not start.")
                time.sleep(0.05)
            yield Lab(folder, process.pid)
        finally:
            process.terminate()
