# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter for a list of actions."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import (
    action_list as _list,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError

EIGHT: t.Final = _times.read_time("2026-11-20T08:00:00Z")
KEY: t.Final = "5382F7EA-7557-4ab7-9782-d50480024a4e"


def texts(machine_id: str | None = None, **options: t.Any) -> list[str | None]:
    params = {**dict.fromkeys(_list.FILTERS), **options}
    return _list.filter_texts(params, machine_id, at=EIGHT)


def test_all_options_are_in_the_filter_in_the_words_of_the_service() -> None:
    assert texts() == [None]
    assert texts(
        "a" * 40,
        id=[KEY],
        type=["isolate", "run_anti_virus_scan"],
        status=["timed_out"],
        since="1h",
    ) == [
        f"id eq '{KEY.lower()}' and machineId eq '{'a' * 40}' and (type eq 'Isolate' or type eq"
        " 'RunAntiVirusScan') and status eq 'TimeOut' and creationDateTimeUtc ge"
        " 2026-11-20T07:00:00Z"
    ]


def test_many_ids_are_requested_in_batches() -> None:
    keys = [f"{number:08}-0000-0000-0000-000000000000" for number in range(120)]
    filters = [str(text) for text in texts(id=keys, status=["failed"])]
    assert [text.count("id eq") for text in filters] == [50, 50, 20]
    assert all(text.endswith(" and status eq 'Failed'") for text in filters)
    assert all(any(key in text for text in filters) for key in keys)


def test_an_id_that_cannot_be_one_is_refused() -> None:
    with pytest.raises(DefenderError, match="id is '../machines', but the id of an action") as e:
        texts(id=["../machines"])
    assert e.value.category == "bad_request"
