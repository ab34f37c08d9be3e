# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The answers of a hunt on disk: one file for each query and tenant, there as soon as the tenant
has answered.

``answers.py prepare`` makes their folders and says who has answered before; ``answers.py collect``
puts each query's answers into one file with tenant columns, and what became of every query into
another. Both read JSON from standard input and write JSON to standard output.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import types
import typing as t
from pathlib import Path

if "ansible_collections" not in sys.modules:
    # Ansible's loader is not in this process, and the collection need not lie where Python looks
    # for one
    for name in (
        "ansible_collections",
        "ansible_collections.mssp",
        "ansible_collections.mssp.defender_xdr",
    ):
        package = types.ModuleType(name)
        package.__path__ = [str(Path(__file__).resolve().parents[3])]
        sys.modules[name] = package

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _files
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError

ANSWERS: t.Final = ".answers"
RESULT: t.Final = "hunt_result.json"
Json = dict[str, t.Any]


def prepare(
    dest: Path,
    hunts: t.Mapping[str, str],
    hosts: t.Mapping[str, str],
    resume: bool,
    only_look: bool = False,
) -> Json:
    """The number of rows of each host that answered, by query. Without *resume* nothing is
    remembered.

    :param hunts: by name of the query a digest of all that decides its answer: other text, other
        answers.
    :param hosts: by host the name of its file.
    :param only_look: for check mode: nothing is made and nothing removed.
    """
    if only_look:
        return {
            name: _answered(dest / ANSWERS / name / digest, hosts) if resume else {}
            for name, digest in hunts.items()
        }
    if not resume:
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(dest / ANSWERS)
    answered = {}
    for name, digest in hunts.items():
        folder = dest / ANSWERS / name / digest
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for part in (dest / ANSWERS, folder.parent):
            part.chmod(0o700)
        for old in folder.parent.iterdir():
            if old != folder:
                shutil.rmtree(old)
        # what an interrupted task left beside the answers
        for half in folder.glob(".defender-xdr-*"):
            half.unlink()
        answered[name] = _answered(folder, hosts)
    return answered


def _answered(folder: Path, hosts: t.Mapping[str, str]) -> Json:
    return {host: _rows(folder / file) for host, file in hosts.items() if (folder / file).exists()}


def collect(
    dest: Path,
    hunts: t.Mapping[str, str],
    hosts: t.Mapping[str, str],
    tenants: t.Mapping[str, Json],
    result: Json,
) -> Json:
    """One NDJSON file for each query, put in place whole: every answered tenant's rows, each with
    `tenant_id` and `tenant_name`.

    :param result: what the role says in `hunt_result`, kept beside the rows for whoever reads them
        later.
    """
    counts: Json = {}
    for name, digest in hunts.items():
        folder, counts[name] = dest / ANSWERS / name / digest, {}
        if not any((folder / file).exists() for file in hosts.values()):
            # no file rather than an empty one: an empty one says that tenants answered and nothing
            # was found
            (dest / f"{name}.ndjson").unlink(missing_ok=True)
            continue
        _files.check(str(dest / f"{name}.ndjson"), option="hunt_dest")
        with _files.draft(str(dest / f"{name}.ndjson"), option="hunt_dest") as draft:
            for host in (host for host in hosts if (folder / hosts[host]).exists()):
                counts[name][host] = 0
                with (folder / hosts[host]).open(encoding="utf-8", newline="\n") as rows:
                    for row in rows:
                        draft.file.write(_files.encoded(_of(row.strip(), tenants[host]) + "\n"))
                        counts[name][host] += 1
            draft.keep()
    text = json.dumps(result, ensure_ascii=False, indent=1)
    _files.write(str(dest / RESULT), _files.encoded(text), option="hunt_dest")
    return counts


def _of(row: str, tenant: Json) -> str:
    """The row with its tenant's columns. It stays as the service wrote it, unless it has such
    columns of its own."""
    if row[1:-1].isspace() or row == "{}" or any(f'"{column}"' in row for column in tenant):
        return _dumped({**json.loads(row), **tenant})
    return f"{row[:-1]},{_dumped(tenant)[1:]}"


def _dumped(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _rows(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _line in file)


def main() -> None:
    """Run one of the two on what standard input says."""
    os.umask(0o077)
    said = json.load(sys.stdin)
    dest = Path(said.pop("dest"))
    try:
        json.dump(
            prepare(dest, **said) if sys.argv[1] == "prepare" else collect(dest, **said), sys.stdout
        )
    except DefenderError as e:
        sys.exit(e.message)
    except OSError as e:
        sys.exit(_files.not_written(str(dest), e, option="hunt_dest").message)


if __name__ == "__main__":
    main()
