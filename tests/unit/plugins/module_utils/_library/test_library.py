# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The list of library files, from the example of Microsoft's page."""

from __future__ import annotations

import types
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._library import (
    library as _library,
)

Json = dict[str, t.Any]
# learn.microsoft.com/defender-endpoint/api/list-library-files
PAGE: t.Final[list[Json]] = [
    {
        "fileName": "script1.ps1",
        "sha256": "6e212a0db618507c44e4ec8ee7499dfef7e5767e5f8d31144df3b96fd1145caf",
        "description": None,
        "creationTime": "2019-10-24T10:54:23.2009016Z",
        "lastUpdatedTime": "2019-10-24T10:54:23.2009016Z",
        "createdBy": "admin",
        "hasParameters": True,
        "parametersDescription": "test",
    },
    {
        "fileName": "memdump.exe",
        "sha256": "fa70b87730290c0d30fe255d1dfb65de82f96286ebfeeb1d88ed3cc831329825",
        "description": "Process memory dump",
        "creationTime": "2018-10-24T10:54:23.2009016Z",
        "lastUpdatedTime": "2018-10-24T10:54:23.2009016Z",
        "createdBy": "admin",
        "hasParameters": False,
    },
]


class FakeApi:
    def __init__(self, **pages: Json) -> None:
        self.pages = {_library.PATH if name == "first" else name: pages[name] for name in pages}
        options = types.SimpleNamespace(tenant_id="t1", label="contoso")
        self.tenant = types.SimpleNamespace(options=options)

    def get(self, path: str) -> Json:
        return self.pages[path]


def files(**pages: Json) -> list[Json]:
    return _library.files(t.cast("t.Any", FakeApi(**pages)))


def test_files_have_the_names_of_the_api_in_snake_case_and_are_sorted() -> None:
    first, second = files(first={"value": PAGE})
    assert first["file_name"] == "memdump.exe"
    assert second == {
        "file_name": "script1.ps1",
        "sha256": "6e212a0db618507c44e4ec8ee7499dfef7e5767e5f8d31144df3b96fd1145caf",
        "description": None,
        "creation_time": "2019-10-24T10:54:23.2009016Z",
        "last_updated_time": "2019-10-24T10:54:23.2009016Z",
        "created_by": "admin",
        "has_parameters": True,
        "parameters_description": "test",
    }
    assert set(second) == set(_library.FIELDS)


def test_a_next_link_is_followed_but_not_in_a_circle() -> None:
    rest = {"value": PAGE[1:]}
    assert len(files(first={"value": PAGE[:1], "@odata.nextLink": "more"}, more=rest)) == 2
    with pytest.raises(DefenderError, match="does not end; it returned 2 files") as caught:
        files(
            first={"value": PAGE[:1], "@odata.nextLink": "more"},
            more={**rest, "@odata.nextLink": "more"},
        )
    assert caught.value.category == "unavailable"


@pytest.mark.parametrize(
    ("answer", "category"),
    [
        ({}, "unavailable"),
        ({"value": [{"sha256": "x"}]}, "unavailable"),
        (
            {"value": [{**PAGE[0], "tenantId": "99999999-8888-7777-6666-555555555555"}]},
            "wrong_tenant",
        ),
    ],
)
def test_a_response_that_is_no_library_of_the_tenant_is_not_used(
    answer: Json, category: str
) -> None:
    with pytest.raises(DefenderError) as caught:
        files(first=answer)
    assert caught.value.category == category
