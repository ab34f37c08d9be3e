# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Years of rotation in a moment: whatever goes wrong on the way, the secret in its file lives on,
and what is over goes."""

from __future__ import annotations

import datetime
import tempfile
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import options as _options
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant
from ansible_collections.mssp.defender_xdr.plugins.modules import application_credential
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.modules.runs import run
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    CLIENT,
    NOW,
    FakeClock,
    answer,
    graph_token,
    parameters,
    token_answer,
)
from hypothesis import given, settings
from hypothesis import strategies as st

APP = "631a96bc-a705-4eda-9f99-fdaf9f54f6a2"
DAY = 86400
Json = dict[str, t.Any]
# What becomes of addPassword: whether it takes effect, and what is answered. A killed run gets no
# answer and says nothing more.
FAULTS: dict[str, tuple[bool, int | str]] = {
    "well": (True, 200),
    "503 after": (True, 503),
    "504 after": (True, 504),
    "408 after": (True, 408),
    "500 before": (False, 500),
    "503 before": (False, 503),
    "408 before": (False, 408),
    "lost after": (True, "lost"),
    "lost before": (False, "lost"),
    "without a secret": (True, "empty"),
    "no JSON": (True, "text"),
    "killed after": (True, "killed"),
}


class Killed(BaseException):
    """The process is gone: nothing after this runs."""


def stamp(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Directory:
    """The secrets of one application; it answers what the module asks, and nothing else."""

    def __init__(self, clock: FakeClock, app_id: str = APP) -> None:
        self.clock = clock
        self.app_id = app_id
        self.passwords: list[Json] = []
        self.texts: dict[str, str] = {}
        self.made: list[tuple[float, float]] = []  # when, and until when
        self.gone: list[str] = []
        self.writes = self.sent = 0
        self.fault = "well"

    @property
    def now(self) -> float:
        return NOW + self.clock.passed

    def add(self, days: float, name: str = "ansible") -> Json:
        """A new secret, by the module or by hand in the portal."""
        end = int(self.now + days * DAY)
        self.made.append((self.now, end))
        number = len(self.made)
        key_id, text = f"key{number}", f"{number:03d}-is-a-secret-that-is-long"
        one = {
            "keyId": key_id,
            "displayName": name,
            "hint": text[:3],
            "startDateTime": stamp(self.now),
            "endDateTime": stamp(end),
        }
        self.passwords.append(one)
        self.texts[key_id] = text
        return one

    def lists(self, key_id: str) -> bool:
        return key_id in {each["keyId"] for each in self.passwords}

    def send(self, method: str, url: str, *, payload: t.Any = None, **unused: t.Any) -> t.Any:
        if url.endswith("/token"):
            return token_answer(
                graph_token(roles=["Application.ReadWrite.OwnedBy"], exp=int(self.now + 3600))
            )
        self.sent += 1
        self.writes += method != "GET"
        if url.endswith("/addPassword"):
            return self._added(payload["passwordCredential"])
        if url.endswith("/removePassword"):
            self.gone.append(payload["keyId"])
            self.passwords = [each for each in self.passwords if each["keyId"] != payload["keyId"]]
            return answer(204)
        if url.endswith("/federatedIdentityCredentials"):
            return answer(200, {"value": []})
        return answer(
            200,
            {
                "id": "id",
                "appId": self.app_id,
                "displayName": "app",
                "passwordCredentials": self.passwords,
                "keyCredentials": [],
            },
        )

    def _added(self, asked: Json) -> t.Any:
        effect, outcome = FAULTS[self.fault]
        one: Json = {}
        if effect:
            end = datetime.datetime.fromisoformat(asked["endDateTime"]).timestamp()
            one = self.add((end - self.now) / DAY, asked["displayName"])
        if outcome == "killed":
            raise Killed
        if outcome == "lost":
            raise DefenderError("outcome_unknown", "POST was sent, but its response was lost.")
        if outcome == "empty":
            return answer(200, one)
        if outcome == "text":
            return answer(200, b"<html>")
        if outcome != 200:
            return answer(
                int(outcome),
                {"error": {"code": "serviceNotAvailable", "message": "Try again later."}},
            )
        return answer(200, {**one, "secretText": self.texts[one["keyId"]]})


def task(directory: Directory, **arguments: t.Any) -> Json:
    caller = (
        {"client_secret": arguments.pop("client_secret")} if "client_secret" in arguments else {}
    )
    options = _options.check(parameters(**caller))
    tenant = Tenant(options, clock=directory.clock.clock, http=t.cast("t.Any", directory))
    result = run(
        application_credential,
        tenant,
        **{"app_id": directory.app_id, "type": "secret", "name": "ansible", **arguments},
    )
    return {**result, "said": tenant.warnings}


@settings(max_examples=settings().max_examples // 2)
@given(
    pauses=st.lists(st.floats(min_value=0, max_value=120), min_size=1, max_size=15),
    valid_for=st.integers(2, 90),
    rotate_before=st.integers(0, 60),
    keep_old_for=st.integers(0, 30),
)
def test_a_secret_in_its_file_lives_on_whenever_the_task_runs(
    pauses: list[float], valid_for: int, rotate_before: int, keep_old_for: int
) -> None:
    directory = Directory(FakeClock())
    rules: Json = {
        "valid_for": valid_for,
        "rotate_before": min(rotate_before, valid_for - 1),
        "keep_old_for": keep_old_for,
    }
    with tempfile.TemporaryDirectory() as folder:
        dest = Path(folder) / "secret"
        for pause in pauses:
            directory.clock.passed += pause * DAY
            made = len(directory.made)
            left = max((end for _start, end in directory.made), default=0) - directory.now
            task(directory, dest=str(dest), **rules)
            # one more exactly when too little is left of the latest
            due = left < max(rules["rotate_before"] * DAY, 1)
            assert len(directory.made) == made + due
            assert dest.read_text() == directory.texts[f"key{len(directory.made)}"]
            lives = {each["keyId"] for each in directory.passwords}
            grace_ends = directory.made[-1][0] + keep_old_for * DAY
            for number in range(1, len(directory.made)):
                # times travel in whole seconds, so that the very second of an end is nobody's
                if directory.now < grace_ends - 1 and number == len(directory.made) - 1:
                    assert f"key{number}" in lives
                elif directory.now > grace_ends + 1:
                    assert f"key{number}" not in lives
            assert f"key{len(directory.made)}" in lives
            writes = directory.writes
            assert task(directory, dest=str(dest), **rules)["changed"] is False
            assert directory.writes == writes


steps = st.lists(
    st.tuples(
        st.floats(min_value=0, max_value=60),  # days that pass before it
        st.sampled_from(
            [*FAULTS, "by hand for a year", "by hand for a week", "file lost", "file older"]
        ),
        st.integers(0, 20),  # keep_old_for
    ),
    min_size=1,
    max_size=15,
)


@settings(max_examples=settings().max_examples // 2)
@given(steps=steps)
def test_whatever_goes_wrong_the_secret_in_the_file_is_never_removed(
    steps: list[tuple[float, str, int]],
) -> None:
    directory = Directory(FakeClock())
    with tempfile.TemporaryDirectory() as folder:
        dest = Path(folder) / "secret"
        history: list[str] = []
        for pause, step, keep_old_for in steps:
            directory.clock.passed += pause * DAY
            if step.startswith("by hand"):
                directory.add(365 if step.endswith("year") else 7)
                continue
            if step == "file lost":
                dest.unlink(missing_ok=True)
            if step == "file older" and history:
                dest.write_text(history[0])
            held = dest.read_text() if dest.exists() else None
            known = next((key for key, text in directory.texts.items() if text == held), None)
            before = {each["keyId"]: each for each in directory.passwords}
            directory.fault = step if step in FAULTS else "well"
            directory.gone = []
            refusal: BaseException | None = None
            try:
                task(directory, dest=str(dest), keep_old_for=keep_old_for)
            except (Killed, DefenderError) as e:
                refusal = e
            if isinstance(refusal, DefenderError):
                assert (refusal.category, refusal.as_result()["error"]["retryable"]) == (
                    "outcome_unknown",
                    False,
                )
            if refusal is not None:
                # at most what this very call made is taken back
                assert not set(directory.gone) & set(before)
            now_held = dest.read_text() if dest.exists() else None
            now_known = next(
                (key for key, text in directory.texts.items() if text == now_held), None
            )
            if now_held and now_held not in history:
                history.append(now_held)
            removed = set(directory.gone) & set(before)
            # without a file that holds a secret of the application, nothing goes
            assert not removed or (now_known is not None and directory.lists(now_known))
            if known in before:
                assert now_held == held or keep_old_for == 0 or directory.lists(str(known))
            for key_id in removed:
                start = directory.made[int(str(now_known)[3:]) - 1][0]
                began = directory.made[int(key_id[3:]) - 1][0]
                assert began <= start <= directory.now - keep_old_for * DAY + 1
                assert key_id != now_known


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault != "well"])
@pytest.mark.parametrize("keep_old_for", [0, 7])
def test_after_an_accident_the_next_run_puts_a_new_secret_into_the_file(
    tmp_path: Path, fault: str, keep_old_for: int
) -> None:
    directory = Directory(FakeClock())
    dest = tmp_path / "secret"
    arguments: Json = {"dest": str(dest), "keep_old_for": keep_old_for}
    task(directory, **arguments)
    directory.clock.passed += 160 * DAY
    directory.fault = fault
    with pytest.raises((DefenderError, Killed)):
        task(directory, **arguments)
    assert directory.lists("key1")
    assert dest.read_text() == directory.texts["key1"]
    directory.fault = "well"
    # a moment later the file has a new one, and the old one its grace
    directory.clock.passed += 5
    task(directory, **arguments)
    newest = f"key{len(directory.made)}"
    assert dest.read_text() == directory.texts[newest]
    assert directory.lists(newest)
    assert directory.lists("key1") is (keep_old_for > 0)
    directory.clock.passed += 8 * DAY
    task(directory, **arguments)
    # nobody has what the accident left, so that it goes as any predecessor does
    assert [each["keyId"] for each in directory.passwords] == [newest]


@pytest.mark.parametrize("days", [20, 365])
def test_an_emergency_secret_of_today_stays(tmp_path: Path, days: int) -> None:
    directory = Directory(FakeClock())
    dest = tmp_path / "secret"
    task(directory, dest=str(dest))
    directory.clock.passed += 100 * DAY
    emergency = directory.add(days)["keyId"]
    for keep_old_for in (0, 7):
        result = task(directory, dest=str(dest), keep_old_for=keep_old_for)
        assert result["changed"] is False
        assert result["credential"]["key_id"] == "key1"
        assert f"secret ansible ({emergency}) is not the secret in dest" in result["said"][0]
    assert directory.gone == []


def test_without_the_file_nothing_is_made_or_removed_and_a_person_is_told_what_to_do(
    tmp_path: Path,
) -> None:
    directory = Directory(FakeClock())
    dest = tmp_path / "secret"
    task(directory, dest=str(dest))
    directory.clock.passed += 160 * DAY
    directory.fault = "killed after"
    with pytest.raises(Killed):
        task(directory, dest=str(dest))
    directory.fault = "well"
    dest.unlink()
    writes = directory.writes
    result = task(directory, dest=str(dest), keep_old_for=0)
    assert (result["changed"], directory.writes) == (False, writes)
    assert (
        f"dest is {dest}, which is not confirmed to hold secret ansible (key2)" in result["said"][0]
    )
    assert (
        "secret ansible (key1) is kept because nothing proves that anybody has secret ansible"
        " (key2)"
    ) in result["said"][1]


def test_a_registered_secret_may_have_been_lost_so_that_its_predecessor_stays() -> None:
    directory = Directory(FakeClock())
    first = task(directory, return_secret=True)
    directory.clock.passed += 160 * DAY
    second = task(directory, return_secret=True, keep_old_for=0)
    assert directory.gone == []
    directory.clock.passed += 10 * DAY
    result = task(directory, return_secret=True)
    assert (result["changed"], directory.gone) == (False, [])
    assert "nothing proves that anybody has secret ansible (key2)" in result["said"][0]
    # the vault still has the first one, which is due: there is a third one for it, and nothing goes
    third = task(directory, return_secret=True, current_secret=first["secret_text"])
    assert third["secret_text"] == directory.texts["key3"]
    assert directory.gone == []
    # the vault has the third one
    directory.clock.passed += 8 * DAY
    result = task(directory, return_secret=True, current_secret=third["secret_text"])
    assert directory.gone == ["key1", "key2"]
    assert second["secret_text"] not in str(result)


def test_the_secret_that_the_task_authenticates_with_shows_that_the_caller_has_it() -> None:
    directory = Directory(FakeClock(), CLIENT)
    for _year in range(2):
        directory.add(180)
        directory.clock.passed += 170 * DAY
    stays = task(
        directory, return_secret=True, client_secret=directory.texts["key1"], rotate_before=1
    )
    assert directory.gone == []
    assert "key1) is kept because this task authenticates with it" in stays["said"][0]
    goes = task(
        directory, return_secret=True, client_secret=directory.texts["key2"], rotate_before=1
    )
    assert (goes["changed"], directory.gone) == (True, ["key1"])


def test_two_secrets_with_the_same_first_characters_are_not_told_apart(tmp_path: Path) -> None:
    directory = Directory(FakeClock())
    dest = tmp_path / "secret"
    directory.add(180)
    directory.clock.passed += 100 * DAY
    directory.add(180)["hint"] = directory.passwords[0]["hint"]
    directory.clock.passed += 20 * DAY
    dest.write_text(directory.texts["key1"])
    result = task(directory, dest=str(dest), keep_old_for=0)
    assert (result["changed"], directory.gone) == (False, [])


def test_another_runs_secret_is_not_taken_for_ones_own(tmp_path: Path) -> None:
    """Two runs at once: the answer of one is lost, and the other put its own secret into the same
    file."""
    directory = Directory(FakeClock())
    dest = tmp_path / "secret"
    inner = directory.send

    def send(method: str, url: str, **rest: t.Any) -> t.Any:
        if url.endswith("/addPassword"):
            dest.write_text(directory.texts[directory.add(180)["keyId"]])
        return inner(method, url, **rest)

    directory.send = send  # type: ignore[method-assign]
    directory.fault = "503 before"
    with pytest.raises(DefenderError) as caught:
        task(directory, dest=str(dest))
    assert directory.gone == []
    assert caught.value.facts["key_ids"] == ["key1"]
    # and where both were made, nobody can say which is whose
    directory.passwords, directory.made = [], []
    directory.fault = "503 after"
    with pytest.raises(DefenderError) as caught:
        task(directory, return_secret=True)
    assert directory.gone == []
    assert caught.value.facts["key_ids"] == ["key1", "key2"]
    assert "It may be key1 or key2" in caught.value.message
