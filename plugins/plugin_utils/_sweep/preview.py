# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a sweep changed or would change, as the same text for `--diff`: counts first, then by
tenant.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import collections
import json
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _text_table
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._phrases import counted


def text(results: t.Mapping[str, Json], failures: t.Mapping[str, Json], noun: str) -> str:
    """The text, with a line break at its end, and without a character that a terminal would obey.

    :arg results: by host, with `changed`, `before` and `after`.
    """
    changed = {host: result for host, result in results.items() if result.get("changed")}
    counts = [
        f"changes: {counted(len(changed), noun)}",
        f"no change: {counted(len(results) - len(changed), 'tenant')}",
        f"failed: {counted(len(failures), 'tenant')}",
    ]
    kinds = collections.Counter(part for result in changed.values() for part in _parts(result))
    common = [f"  {count} x {part}" for part, count in kinds.most_common() if count > 1]
    by_tenant = [f"{host}: {'; '.join(_parts(result))}" for host, result in changed.items()]
    failed = [
        f"{host}: failed, {_text_table.safe_text(str(error.get('msg')))}"
        for host, error in failures.items()
    ]
    return "\n".join(["; ".join(counts), *common, *by_tenant, *failed, ""])


def _parts(result: Json) -> list[str]:
    """The parts of a change, such as `status: active -> in_progress`."""
    before, after = result.get("before") or {}, result.get("after") or {}
    return [
        f"{name}: {_shown(before.get(name))} -> {_shown(after[name])}"
        for name in after
        if before.get(name) != after[name]
    ]


def _shown(value: t.Any) -> str:
    is_line = isinstance(value, str) and value.isprintable()
    return _text_table.safe_text(value if is_line else json.dumps(value, ensure_ascii=False))
