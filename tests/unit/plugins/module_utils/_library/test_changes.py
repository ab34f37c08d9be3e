# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The change of a library file against a service that keeps what a form says."""

from __future__ import annotations

import hashlib
import os
import types
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._acting.desired_state import (
    Outcome,
    bring_about,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._library import (
    changes as _changes,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._library import (
    library as _library,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.write_records import Change
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import Recorder

Json = dict[str, t.Any]
CONTENT: t.Final = b"\x00a script\r\n"
DIGEST: t.Final = hashlib.sha256(CONTENT).hexdigest()
NEW: t.Final = {
    "Description": "",
    "ParametersDescription": "",
    "HasParameters": "false",
    "OverrideIfExists": "false",
}


class Service(Recorder):
    """A library; `lost` loses the responses to writes, `strange` is in the response to uploads."""

    def __init__(self, *rows: Json, lost: bool = False, **strange: t.Any) -> None:
        self.rows = {row["fileName"]: row for row in rows}
        self.sent: list[tuple[str, str, t.Any]] = []
        self._lost = lost
        self._strange = strange
        self.tenant = types.SimpleNamespace(
            options=types.SimpleNamespace(tenant_id="t1", label="contoso"),
            clock=types.SimpleNamespace(sleep=lambda seconds: None),
            expected=None,
        )

    def get(self, path: str) -> Json:
        assert path == _library.PATH
        return {"value": list(self.rows.values())}

    def write(self, method: str, path: str, payload: t.Any, *, about: Change) -> Json:
        record = self.record(path, about)
        self.sent.append((method, path, payload))
        answer: Json = {}
        if method == "POST":
            answer = row_of(payload.file_name, payload.content, payload.fields)
            self.rows[payload.file_name] = answer
        else:
            self.rows.pop(path.rpartition("/")[2].replace("%20", " "))
        if self._lost:
            raise DefenderError("outcome_unknown", "The response was lost.")
        record["outcome"] = "succeeded"
        return {**answer, **self._strange}

    @property
    def fields(self) -> dict[str, str]:
        """The fields of the only upload."""
        ((method, _path, form),) = self.sent
        assert (method, form.field, form.content) == ("POST", "File", CONTENT)
        return dict(form.fields)


def row_of(name: str, content: bytes, fields: t.Mapping[str, str]) -> Json:
    return {
        "fileName": name,
        "sha256": hashlib.sha256(content).hexdigest().upper(),
        "description": fields["Description"] or None,
        "hasParameters": fields["HasParameters"] == "true",
        "parametersDescription": fields["ParametersDescription"] or None,
    }


def standing(name: str = "a.ps1", content: bytes = CONTENT, **members: t.Any) -> Json:
    return {**row_of(name, content, NEW), **members}


def parsed(src: Path, **options: t.Any) -> _changes.Request:
    details = dict.fromkeys(_changes.DETAILS)
    defaults = {"name": "a.ps1", "src": str(src), "state": "present"}
    return _changes.parse_request({**details, **defaults, **options})


def act(service: Service, src: Path, *, check_mode: bool = False, **options: t.Any) -> Outcome:
    api = t.cast("t.Any", service)
    subject = _changes.LibraryFile(api, parsed(src, **options))
    return bring_about(api, subject, check_mode=check_mode)


def refused(src: Path, **options: t.Any) -> DefenderError:
    with pytest.raises(DefenderError) as caught:
        parsed(src, **options)
    return caught.value


@pytest.fixture
def src(tmp_path: Path) -> Path:
    path = tmp_path / "local name.ps1"
    path.write_bytes(CONTENT)
    return path


def test_a_new_file_is_uploaded_once_and_replaces_nothing(src: Path) -> None:
    service = Service(standing("b.ps1"))
    predicted = act(service, src, check_mode=True)
    assert service.sent == []
    done = act(service, src)
    assert service.fields == NEW
    assert done.before == {"state": "absent", "sha256": None}
    assert done.after == {"state": "present", "sha256": DIGEST}
    assert (predicted.before, predicted.after) == (done.before, done.after)
    file = _changes.shown(predicted.thing)
    assert file
    assert (file["file_name"], file["sha256"]) == ("a.ps1", DIGEST)
    assert not act(service, src).as_result("file")["changed"]
    assert len(service.sent) == 1


def test_only_what_the_task_names_is_compared(src: Path) -> None:
    service = Service(standing(description="Anything", hasParameters=True))
    assert not act(service, src).as_result("file")["changed"]
    done = act(service, src, description="Something")
    assert done.before == {"state": "present", "sha256": DIGEST, "description": "Anything"}
    assert done.after == {"state": "present", "sha256": DIGEST, "description": "Something"}


def test_an_upload_keeps_the_details_that_the_task_does_not_name(src: Path) -> None:
    old = standing(
        content=b"old", description="A", hasParameters=True, parametersDescription="-All"
    )
    service = Service(old)
    act(service, src)
    kept = {"Description": "A", "ParametersDescription": "-All", "HasParameters": "true"}
    assert service.fields == {**kept, "OverrideIfExists": "true"}


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        ({"description": " B\n"}, {"Description": "B"}),
        ({"description": ""}, {"Description": ""}),
        ({"parameters_description": ""}, {"ParametersDescription": "", "HasParameters": "true"}),
        ({"has_parameters": False}, {"ParametersDescription": "", "HasParameters": "false"}),
        (
            {"parameters_description": "", "has_parameters": False},
            {"ParametersDescription": "", "HasParameters": "false"},
        ),
    ],
)
def test_a_detail_is_changed_alone_and_once(src: Path, options: Json, sent: dict[str, str]) -> None:
    service = Service(standing(description="A", hasParameters=True, parametersDescription="-All"))
    assert act(service, src, **options).as_result("file")["changed"]
    kept = {"Description": "A", "ParametersDescription": "-All", "HasParameters": "true"}
    assert service.fields == {**kept, **sent, "OverrideIfExists": "true"}
    assert not act(service, src, **options).as_result("file")["changed"]
    assert len(service.sent) == 1


def test_described_parameters_are_parameters(src: Path) -> None:
    service = Service()
    act(service, src, parameters_description="-All")
    assert service.fields == {
        **NEW,
        "ParametersDescription": "-All",
        "HasParameters": "true",
    }


def test_a_file_is_deleted_once_by_its_quoted_name(src: Path) -> None:
    service = Service(standing("a b.ps1"))
    options: Json = {"name": "a b.ps1", "state": "absent"}
    src.unlink()
    predicted = act(service, src, check_mode=True, **options)
    done = act(service, src, **options)
    assert [call[:2] for call in service.sent] == [("DELETE", "/api/libraryfiles/a%20b.ps1")]
    assert (done.before, done.after) == ({"state": "present"}, {"state": "absent"})
    assert (predicted.before, predicted.after) == (done.before, done.after)
    assert _changes.shown(predicted.thing) is _changes.shown(done.thing) is None
    assert not act(service, src, **options).as_result("file")["changed"]


@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_lost_response_is_settled_by_a_look(src: Path, state: str) -> None:
    service = Service(standing(content=b"old"), lost=True)
    assert act(service, src, state=state).as_result("file")["changed"]
    assert len(service.sent) == 1


def test_a_response_about_another_file_is_not_used(src: Path) -> None:
    done = act(Service(fileName="b.ps1"), src)
    assert done.thing["file_name"] == "a.ps1"
    with pytest.raises(DefenderError) as caught:
        act(Service(tenantId="99999999-8888-7777-6666-555555555555"), src)
    assert (caught.value.category, caught.value.facts) == ("wrong_tenant", {"changed": True})


@pytest.mark.parametrize("name", ["", " ", "..", "a/b.ps1", "a\\b.ps1", "a\nb", "a" * 256])
def test_a_name_that_is_no_plain_name_is_refused(src: Path, name: str) -> None:
    for state in ("present", "absent"):
        error = refused(src, name=name, state=state)
        assert (error.category, error.message[:5]) == ("bad_request", "name ")


def test_a_source_that_is_no_readable_file_is_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (tmp_path, pipe, tmp_path / "nowhere"):
        error = refused(path)
        assert (error.category, f"src is {path}" in error.message) == ("bad_request", True)


def test_a_file_that_is_too_large_is_refused(src: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _changes.LARGEST == 20_971_520
    monkeypatch.setattr(_changes, "LARGEST", len(CONTENT))
    assert parsed(src).content == CONTENT
    src.write_bytes(CONTENT + b"x")
    error = refused(src)
    assert (error.category, "which is larger than" in error.message) == ("bad_request", True)


def test_parameters_that_contradict_each_other_are_refused(src: Path) -> None:
    error = refused(src, has_parameters=False, parameters_description="-All")
    assert error.category == "bad_request"
