# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What it costs to bring a hunting answer of 100,000 rows into a file, against parsing the same
bytes with ijson alone.

Run it as ``.venv/bin/python tests/bench/rows_to_file.py``. Everything is measured in one run, each
in a process of its own, in turns; the best of the turns counts. "ijson alone" is ``ijson.items``
over ``results.item`` with the fastest backend (yajl2_c), which is faster than ``ijson.parse`` over
the same events, and nothing done with the rows. Ours is the whole way from bytes to the file in its
place. Memory is what the process grew by, at its highest, beyond what it had before the answer
came.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import re
import tempfile
import time
import types
import typing as t
from collections import deque
from pathlib import Path

import ijson
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import export as _export
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import (
    row_sinks as _found_rows,
)

COLUMNS: t.Final = {
    "Timestamp": "DateTime",
    "DeviceId": "String",
    "DeviceName": "String",
    "ActionType": "String",
    "FileName": "String",
    "SHA256": "String",
    "ProcessId": "Int64",
    "ProcessCommandLine": "String",
    "InitiatingProcessFileName": "String",
    "IsInitiatingProcessRemoteSession": "SByte",
    "Score": "Double",
    "AdditionalFields": "Object",
}


def answer(rows: int) -> bytes:
    """A hunt's answer as Graph writes it, with about 560 bytes a row."""

    def row(number: int) -> dict[str, t.Any]:
        digest = hashlib.sha256(str(number).encode()).hexdigest()
        values = (
            f"2026-11-22T09:{number // 60 % 60:02d}:{number % 60:02d}.{number % 10_000_000:07d}Z",
            digest[:40],
            f"pc-{number % 300}.contoso.example",
            "ProcessCreated",
            "powershell.exe",
            digest,
            number,
            f'"powershell.exe" -NoProfile -Command "Get-Item C:\\Users\\zoë\\{digest}"',
            "winword.exe",
            number % 2 == 0,
            number / 7,
            {"Signed": [number % 3 == 0], "Parent": {"Name": "explorer.exe"}},
        )
        return dict(zip(COLUMNS, values, strict=True))

    schema = [{"name": name, "type": kind} for name, kind in COLUMNS.items()]
    body = {
        "@odata.context": "https://graph.microsoft.com/v1.0/$metadata",
        "schema": schema,
        "results": [row(number) for number in range(rows)],
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


class Service:
    """Answers with the bytes of a file, as the transport does: piece by piece."""

    def __init__(self, body: Path) -> None:
        self._body = body

    def query(self, path: str, payload: t.Any, *, timeout: float, into: t.BinaryIO) -> None:
        into.seek(0)
        into.truncate()
        with self._body.open("rb") as file:
            while piece := file.read(65536):
                into.write(piece)


def ours(form: str) -> t.Callable[[Path, Path], None]:
    def work(body: Path, folder: Path) -> None:
        owner = t.cast("t.Any", types.SimpleNamespace(tenant_id="contoso", label="contoso"))
        with _found_rows.on_disk(str(folder / f"rows.{form}"), 0, check_mode=False) as rows:
            schema = rows.take(t.cast("t.Any", Service(body)), "/", {}, timeout=1)
            _export.place(rows.draft, form=form, schema=schema, mode=0o600, owner=owner)

    return work


def alone(
    iterate: t.Callable[..., t.Iterable[t.Any]], *prefix: str
) -> t.Callable[[Path, Path], None]:
    def work(body: Path, folder: Path) -> None:
        with body.open("rb") as file:
            deque(iterate(file, *prefix, use_float=True), maxlen=0)

    return work


CASES: t.Final[dict[str, t.Callable[[Path, Path], None]]] = {
    "ijson.items alone": alone(ijson.items, "results.item"),
    "ijson.basic_parse alone": alone(ijson.basic_parse),
    "ijson.parse alone": alone(ijson.parse),
    "to NDJSON": ours("ndjson"),
    "to CSV": ours("csv"),
    "to Parquet": ours("parquet"),
}


def highest() -> float:
    """The most memory of this process, in MiB."""
    mark = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(mark[1]) / 1024 if mark else 0


def _measured(case: str, body: Path, folder: Path, results: t.Any) -> None:
    Path("/proc/self/clear_refs").write_text(
        "5"
    )  # the highest mark begins anew; what fork and exec left in it does not count
    idle = highest()
    wall, cpu = time.perf_counter(), time.process_time()
    CASES[case](body, folder)
    spent = time.perf_counter() - wall, time.process_time() - cpu
    results.put((*spent, highest() - idle))


def measure(case: str, body: Path, folder: Path) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and MiB, in a fresh process that has all modules."""
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    process = context.Process(target=_measured, args=(case, body, folder, results))
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(f"{case} ended with {process.exitcode}; what it said is above.")
    found: tuple[float, float, float] = results.get()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--turns", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        body = folder / "answer.json"
        body.write_bytes(answer(given.rows))
        found: dict[str, list[tuple[float, float, float]]] = {case: [] for case in CASES}
        for _turn in range(given.turns):
            for case, turns in found.items():
                turns.append(measure(case, body, folder))
        print(
            f"{given.rows} rows, {body.stat().st_size / 1e6:.0f} MB, ijson backend {ijson.backend}"
        )
        base = min(cpu for _wall, cpu, _memory in found["ijson.items alone"])
        print(f"{'':24}  {'wall':>7}  {'CPU':>7}  {'ratio':>6}  {'memory':>8}")
        for case, turns in found.items():
            cpu = min(turn[1] for turn in turns)
            print(
                f"{case:24}  {min(turn[0] for turn in turns):5.2f} s  {cpu:5.2f} s "
                f" {cpu / base:6.2f}  {max(turn[2] for turn in turns):4.0f} MiB"
            )


if __name__ == "__main__":
    main()
