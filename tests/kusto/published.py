# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many hunting queries of a folder get through the request building unchanged, and what the lab
answers to them.

Run it as ``.venv/bin/python tests/kusto/published.py FOLDER [--show]``, for example on a checkout
of Microsoft's repository microsoft/Microsoft-365-Defender-Hunting-Queries. A query is a file .kql,
.csl or .txt or without a suffix, or a fenced block of a file .md. With node and the packages of
package.json (NODE_PATH) Microsoft's parser says which of them are valid against the documented
tables; a query that is valid there must neither be refused by the check before sending nor be
answered with an error, and this ends with 1 where one is.
"""

from __future__ import annotations

import argparse
import collections
import re
import shutil
import subprocess
import sys
import tempfile
import typing as t
import uuid
from datetime import UTC, datetime
from pathlib import Path

HERE: t.Final = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "roles/lab/files"))

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import kql as _kql
from defender_lab.hunting.engine import HuntingEngine, HuntingRefused
from defender_lab.world.world import WorldTenant, build_world

NOW: t.Final = datetime(2026, 9, 20, 12, tzinfo=UTC)
TENANT: t.Final = str(uuid.UUID(int=1))
FENCED = re.compile(r"^```[^\n`]*\n(.*?)^```", re.S | re.M)


def queries(folder: Path) -> dict[str, str]:
    """The texts by file, and by number where a file has several."""
    found = {}
    for path in sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and path.suffix in (".kql", ".csl", ".txt", ".md", "")
    ):
        if path.name.startswith(".") or path.name.isupper():  # .gitignore, LICENSE
            continue
        text = path.read_text(encoding="utf-8-sig", errors="replace")
        texts = FENCED.findall(text) if path.suffix == ".md" else [text]
        for number, each in enumerate(texts, 1):
            if each.strip():
                found[f"{path.relative_to(folder)}{f' ({number})' if len(texts) > 1 else ''}"] = (
                    each
                )
    return found


def built(query: str) -> bool:
    """Whether the query leaves as it came."""
    return _kql.with_parameters(_kql.text(query, None), {}) == query


def checked(query: str) -> str:
    """What the check before sending says against the query, or nothing."""
    try:
        _kql.check(query)
    except DefenderError as e:
        return e.message
    return ""


def valid(texts: t.Mapping[str, str]) -> dict[str, str] | None:
    """By query the first mistake that Microsoft's parser sees, or nothing; None without the
    parser."""
    node = shutil.which("node")
    if not node:
        return None
    with tempfile.TemporaryDirectory() as folder:
        names = {f"{number:05d}.kql": name for number, name in enumerate(texts)}
        for file, name in names.items():
            (Path(folder) / file).write_text(texts[name], encoding="utf-8")
        done = subprocess.run(
            [node, str(HERE / "check.mjs"), folder], capture_output=True, text=True, check=False
        )
    if done.returncode not in (0, 1):
        print(done.stderr.strip(), file=sys.stderr)
        return None
    mistakes = dict.fromkeys(texts, "")
    for line in done.stdout.splitlines():
        if said := re.search(r"(\d{5}\.kql):(\d+:\d+: Error .*)", line):
            mistakes[names[said[1]]] = mistakes[names[said[1]]] or said[2]
    return mistakes


def answered(texts: t.Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """By query how the lab answers: "runs", or the status, and its words."""
    engine = HuntingEngine(
        build_world([WorldTenant(TENANT, "contoso", "contoso.onmicrosoft.com")], seed=7, now=NOW)
    )
    found = {}
    for name, text in texts.items():
        try:
            engine.run(TENANT, text, None, now=NOW)
            found[name] = ("runs", "")
        except HuntingRefused as refused:
            found[name] = (str(refused.status), refused.message)
        except Exception as wrong:  # a crash of the lab is a finding of this script
            found[name] = ("crash", repr(wrong))
    engine.close()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--show",
        action="store_true",
        help="every query that is not valid, not built or not run, and why",
    )
    given = parser.parse_args()
    texts = queries(given.folder)
    changed = [name for name, text in texts.items() if not built(text)]
    refused = {name: why for name, text in texts.items() if (why := checked(text))}
    mistakes = valid(texts)
    answers = answered(texts)
    good = [name for name in texts if not (mistakes or {}).get(name)]
    wrongly = [name for name in good if name in refused]
    kinds = collections.Counter(answers[name][0] for name in good)
    print(f"{len(texts)} queries")
    print(f"{len(texts) - len(changed)} get through the request building unchanged")
    print(
        f"{len(good)} are valid for Microsoft's parser"
        if mistakes is not None
        else "Microsoft's parser is not here, so that all count as valid"
    )
    print(
        f"of those the check before sending refuses {len(wrongly)}, and of the others"
        f" {len(refused) - len(wrongly)}"
    )
    print(
        f"of those the lab runs {kinds.pop('runs', 0)}, does not support {kinds.pop('501', 0)},"
        f" and answers with an error {kinds.total()}"
    )
    if given.show:
        for name in texts:
            said = {
                "check": refused.get(name),
                "parser": (mistakes or {}).get(name),
                answers[name][0]: answers[name][1] or None,
            }
            if any(said.values()):
                print(
                    f"--- {name}",
                    *(f"    {who}: {what}" for who, what in said.items() if what is not None),
                    sep="\n",
                )
    return int(bool(changed) or (mistakes is not None and bool(wrongly or kinds.total())))


if __name__ == "__main__":
    raise SystemExit(main())
