# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rows of all tenants in one NDJSON file: written beside it while they come, put in place when all are there.

Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import typing as t

from ansible import constants as C
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError

Collect = t.Callable[[str, dict[str, t.Any]], dict[str, t.Any]]


def check(dest: str | None, *, module: str) -> None:
    """Refuse a file that cannot be written, or tokens and secrets in a file, before any tenant is asked."""
    if dest is None:
        return
    if module in ("access_token", "application_credential"):
        raise DefenderError("bad_request", f"dest is set, but the result of {module} is never written to a file; register it instead.")
    folder = os.path.dirname(os.path.abspath(dest))
    if os.path.isdir(dest) or dest.endswith("/"):
        raise DefenderError("bad_request", f"dest is {dest}, which is a folder; name a file in it.")
    try:
        # what mkstemp can do now, the collector can do in a moment; a permission bit alone tells little
        handle, spare = tempfile.mkstemp(prefix=f".{os.path.basename(dest)}.", dir=folder)
    except OSError as e:
        raise DefenderError("bad_request", f"dest is {dest}, but no file can be made in {folder}: {e.strerror}.") from None
    os.close(handle)
    os.unlink(spare)


def partial(dest: str) -> str:
    """Where an interrupted run leaves the rows it had."""
    return f"{dest}.partial"


@contextlib.contextmanager
def collector(dest: str | None, fields: t.Sequence[str] | None, *, rows: str | None) -> t.Iterator[Collect]:
    """Takes each tenant's result and gives back what of it stays in memory.

    :arg rows: the key of a result that holds its rows; a module without one has its whole result as its one row.
    An interrupted run leaves nothing under the final name; the rows it had are in L(partial).
    """

    def trimmed(row: dict[str, t.Any]) -> dict[str, t.Any]:
        return {name: row[name] for name in fields if name in row} if fields else row

    def keep(host: str, answer: dict[str, t.Any]) -> dict[str, t.Any]:
        if rows and rows in answer:
            answer[rows] = [trimmed(row) for row in answer[rows]]
        return answer

    if dest is None:
        yield keep
        return
    # mkstemp makes it 0600 from the first byte on
    handle, spare = tempfile.mkstemp(prefix=f".{os.path.basename(dest)}.", dir=os.path.dirname(os.path.abspath(dest)))
    try:
        # half of a surrogate pair, which UTF-8 cannot say, becomes the escape that JSON has for it
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as f:

            def write(host: str, answer: dict[str, t.Any]) -> dict[str, t.Any]:
                answer = keep(host, answer)
                if answer.get("failed"):
                    return answer
                tenant = {"tenant_id": answer["tenant"]["id"], "tenant_name": answer["tenant"]["name"]}
                for row in answer.pop(rows) if rows and rows in answer else [trimmed(answer)]:
                    f.write(json.dumps({**row, **tenant}, ensure_ascii=False) + "\n")
                return answer

            yield write
            f.flush()
            os.fsync(f.fileno())
        os.replace(spare, dest)
    except OSError as e:
        raise DefenderError("bad_request", f"dest is {dest}, which could not be written: {e.strerror}.") from None
    except Exception:
        raise
    except BaseException:
        os.replace(spare, partial(dest))
        raise
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(spare)


def rescued(result: dict[str, t.Any]) -> str | None:
    """Keep the result that an interrupted sweep without a file has so far, for this user alone, and say where; None where nothing can be written."""
    folder = os.path.join(os.path.expanduser(C.config.get_config_value("ANSIBLE_HOME")), "defender_xdr")
    path = os.path.join(folder, "interrupted_sweep.json")
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        handle, spare = tempfile.mkstemp(prefix=".interrupted_sweep.", dir=folder)
        with os.fdopen(handle, "w", encoding="utf-8") as f:
            json.dump(result, f, ensure_ascii=False)
        os.replace(spare, path)
    except OSError:
        return None
    return path
