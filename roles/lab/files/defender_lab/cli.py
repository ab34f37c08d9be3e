# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the lab: creates the tenants, opens the four ports, writes the state folder, and stops on a
signal."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import os
import secrets
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from defender_lab.assembly import assembled
from defender_lab.certificates import authority, server
from defender_lab.process.background import Failed, NotRunning, detached, stopped
from defender_lab.process.folder import InUse, claimed
from defender_lab.process.publication import Publication
from defender_lab.process.server import Server, context
from defender_lab.tenants.application import Application
from defender_lab.tenants.fleet import Host, company, draw
from defender_lab.tenants.personalities import BY_NAME


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="defender_lab", description=__doc__)
    parser.add_argument(
        "--dir",
        type=Path,
        required=True,
        help="state folder for the inventory, credentials and lab.json, which is written last",
    )
    parser.add_argument(
        "--tenants", type=int, default=25, help="number of customer tenants (default: %(default)s)"
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=1,
        help="the same seed gives the same tenants and data (default: %(default)s)",
    )
    parser.add_argument(
        "--port",
        type=int,
        default=0,
        help="first of four consecutive ports (default: any free ports)",
    )
    parser.add_argument(
        "--sick",
        default="default",
        help=(
            "which tenants have problems: none, default, a percentage, or kind=count,...; kinds:"
            f" {', '.join(BY_NAME)}"
        ),
    )
    parser.add_argument(
        "--incidents", type=int, default=12, help="incidents per tenant (default: %(default)s)"
    )
    parser.add_argument(
        "--prospects",
        type=int,
        default=2,
        help="number of additional tenants without consent (default: %(default)s)",
    )
    parser.add_argument(
        "--threads",
        action="store_true",
        help="serve each connection in its own thread, as many real services do; slower",
    )
    parser.add_argument(
        "--parent-pid", type=int, default=0, help="stop when this process has ended"
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--detach",
        action="store_true",
        help="start in the background and return when the lab is ready",
    )
    how.add_argument("--stop", action="store_true", help="stop the lab that runs in --dir")
    return parser.parse_args(argv)


# what a caller may tell apart: 3 says that there was nothing to do
DONE, FAILED, MISUSED, NOTHING_TO_DO = 0, 1, 2, 3


def main(argv: list[str] | None = None) -> int:
    options = arguments(argv)
    folder: Path = options.dir.resolve()
    try:
        if options.stop:
            stopped(folder)
            return DONE
        hosts = draw(options.tenants, options.seed, options.sick)
        if options.detach:
            detached(
                folder,
                [word for word in (sys.argv[1:] if argv is None else argv) if word != "--detach"]
                + ["--dir", str(folder)],
            )
            return DONE
        with claimed(folder):
            asyncio.run(serve(folder, hosts, options))
    except ValueError as error:
        return _print(f"--sick: {error}.", MISUSED)
    except (InUse, NotRunning) as error:
        return _print(str(error), NOTHING_TO_DO)
    except (Failed, OSError) as error:
        return _print(str(error), FAILED)
    return DONE


def _print(text: str, code: int) -> int:
    print(text, file=sys.stderr)
    return code


def keep_survivors(phase: str, collection: dict[str, int]) -> None:
    """Never again look through what a full garbage collection left.

    The data of the tenants stays until the end, and of a thousand tenants it is so much that each
    full collection would stop the lab for half a second.
    """
    if phase == "stop" and collection["generation"] == 2:
        gc.freeze()


async def serve(folder: Path, hosts: list[Host], options: argparse.Namespace) -> None:
    gc.callbacks.append(keep_survivors)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    app, ca, admin_key = Application(), authority("Defender lab CA"), secrets.token_urlsafe(32)
    beside = company(options.seed, options.prospects)
    with assembled(
        hosts,
        app,
        admin_key,
        seed=options.seed,
        incidents=options.incidents,
        now=datetime.now(UTC),
        beside=beside,
    ) as lab:
        serving = Server(lab, context(server(ca)), threads=options.threads)
        try:
            await serving.start(options.port)
            Publication(
                folder,
                serving.urls,
                tuple(hosts),
                beside,
                app,
                ca,
                admin_key,
                secrets.token_urlsafe(24),
            ).publish()
            await _until(stop, options.parent_pid)
        finally:
            await serving.stop()


async def _until(stop: asyncio.Event, parent: int) -> None:
    """Wait for the signal, or for the parent to be gone."""
    while not stop.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), 0.5 if parent else None)
        if parent and not _alive(parent):
            return


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
