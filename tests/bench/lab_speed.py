# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many requests a second the lab answers on one core, over keep-alive TLS.

Run it as ``python tests/bench/lab_speed.py [--seconds 5] [--connections 32]``. The lab is bound to
one core, the client to another.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

FILES = Path(__file__).parents[2] / "roles" / "lab" / "files"


def ready(folder: Path, process: subprocess.Popen[bytes]) -> dict[str, object]:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if (folder / "lab.json").exists():
            return dict(json.loads((folder / "lab.json").read_text()))
        if process.poll() is not None:
            raise SystemExit("the lab did not start")
        time.sleep(0.05)
    raise SystemExit("the lab did not become ready")


def token(lab: dict[str, object], tenant: str, tls: ssl.SSLContext) -> str:
    form = {
        "grant_type": "client_credentials",
        "client_id": lab["client_id"],
        "client_secret": lab["client_secret"],
        "scope": "https://graph.microsoft.com/.default",
    }
    url = f"{lab['urls']['login']}/{tenant}/oauth2/v2.0/token"  # type: ignore[index]
    with urllib.request.urlopen(url, urllib.parse.urlencode(form).encode(), context=tls) as answer:
        return str(json.load(answer)["access_token"])


async def hammer(url: str, requests: list[bytes], tls: ssl.SSLContext, until: float) -> int:
    """One connection: a request, its whole answer, the next request."""
    parts = urllib.parse.urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, ssl=tls)
    done = 0
    while time.monotonic() < until:
        writer.write(requests[done % len(requests)])
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        length = next(
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        )
        await reader.readexactly(length)
        if status != 200:
            raise SystemExit(f"answered {status}")
        done += 1
    writer.close()
    return done


def spent(pid: int) -> float:
    """CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def request(url: str, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    lines = [
        f"{method} {path} HTTP/1.1",
        f"Host: {urllib.parse.urlsplit(url).netloc}",
        f"Content-Length: {len(body)}",
        *(f"{k}: {v}" for k, v in headers.items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--tenants", type=int, default=50)
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {**os.environ, "PYTHONPATH": str(FILES)}
        command = [
            sys.executable,
            "-m",
            "defender_lab",
            "--dir",
            name,
            "--sick",
            "none",
            "--tenants",
            str(options.tenants),
            "--parent-pid",
            str(os.getpid()),
        ]
        process = subprocess.Popen(command, env=environment)
        os.sched_setaffinity(process.pid, {cores[0]})
        os.sched_setaffinity(0, {cores[-1]})
        started = time.monotonic()
        try:
            lab = ready(folder, process)
            print(f"ready after {time.monotonic() - started:.1f} s with {options.tenants} tenants")
            tls = ssl.create_default_context(cafile=str(folder / "ca.pem"))
            tenants = [one["tenant_id"] for one in lab["tenants"]]  # type: ignore[attr-defined]
            urls: dict[str, str] = lab["urls"]  # type: ignore[assignment]
            bearer = [{"Authorization": f"Bearer {token(lab, tenant, tls)}"} for tenant in tenants]
            kinds = {
                "incidents, one page of 12": [
                    request(urls["graph"], "GET", "/v1.0/security/incidents", one) for one in bearer
                ],
                "one incident with its alerts": [
                    request(
                        urls["graph"], "GET", "/v1.0/security/incidents?$top=1&$expand=alerts", one
                    )
                    for one in bearer
                ],
                "discovery documents": [
                    request(
                        urls["login"], "GET", f"/{tenant}/v2.0/.well-known/openid-configuration", {}
                    )
                    for tenant in tenants
                ],
            }
            for kind, requests in kinds.items():
                url = urls["login"] if kind.startswith("discovery") else urls["graph"]
                before, begun = spent(process.pid), time.monotonic()
                until = begun + options.seconds

                async def all_of_them(
                    url: str = url, requests: list[bytes] = requests, until: float = until
                ) -> int:
                    return sum(
                        await asyncio.gather(
                            *(
                                hammer(url, requests[i:] + requests[:i], tls, until)
                                for i in range(options.connections)
                            )
                        )
                    )

                done = asyncio.run(all_of_them())
                wall, cpu = time.monotonic() - begun, spent(process.pid) - before
                print(
                    f"{kind}: {done / wall:.0f} requests/s, {done / cpu:.0f} per CPU second of the"
                    " lab"
                )
        finally:
            process.terminate()
            process.wait(10)


if __name__ == "__main__":
    main()
