# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Years of rotation in a moment: whenever the task runs, a secret that was handed over lives on, and what is over goes."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _options
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import Tenant
from ansible_collections.mssp.defender_xdr.plugins.modules import application_credential
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.modules.test_modules import run
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import NOW, FakeClock, answer, graph_token, parameters, token_answer
from hypothesis import given
from hypothesis import strategies as st

APP = "631a96bc-a705-4eda-9f99-fdaf9f54f6a2"
DAY = 86400
Json = dict[str, t.Any]


def stamp(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Directory:
    """The secrets of one application; it answers what the module asks, and nothing else."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.passwords: list[Json] = []
        self.made: list[tuple[float, float]] = []  # when, and until when
        self.writes = 0

    @property
    def now(self) -> float:
        return NOW + self.clock.passed

    def send(self, method: str, url: str, *, payload: t.Any = None, **unused: t.Any) -> t.Any:
        if url.endswith("/token"):
            return token_answer(graph_token(roles=["Application.ReadWrite.OwnedBy"], exp=int(self.now + 3600)))
        self.writes += method != "GET"
        if url.endswith("/addPassword"):
            end = datetime.datetime.fromisoformat(payload["passwordCredential"]["endDateTime"]).timestamp()
            self.made.append((self.now, end))
            one = {"keyId": f"key{len(self.made)}", "displayName": "ansible", "hint": "abc", "startDateTime": stamp(self.now), "endDateTime": stamp(end)}
            self.passwords.append(one)
            return answer(200, {**one, "secretText": "abc-and-a-secret-that-is-long"})
        if url.endswith("/removePassword"):
            self.passwords = [each for each in self.passwords if each["keyId"] != payload["keyId"]]
            return answer(204)
        if url.endswith("/federatedIdentityCredentials"):
            return answer(200, {"value": []})
        return answer(200, {"id": "id", "appId": APP, "displayName": "app", "passwordCredentials": self.passwords, "keyCredentials": []})


@given(
    pauses=st.lists(st.floats(min_value=0, max_value=120), min_size=1, max_size=25),
    valid_for=st.integers(2, 90),
    rotate_before=st.integers(0, 60),
    keep_old_for=st.integers(0, 30),
)
def test_a_secret_lives_on_whenever_the_task_runs(pauses: list[float], valid_for: int, rotate_before: int, keep_old_for: int) -> None:
    time = FakeClock()
    directory = Directory(time)
    rules: Json = {"valid_for": valid_for, "rotate_before": min(rotate_before, valid_for - 1), "keep_old_for": keep_old_for}

    def task() -> Json:
        tenant = Tenant(_options.check(parameters()), clock=time.clock)
        tenant.http = t.cast("t.Any", directory)
        return run(application_credential, tenant, app_id=APP, type="secret", name="ansible", return_secret=True, **rules)

    for pause in pauses:
        time.passed += pause * DAY
        made = len(directory.made)
        left = max((end for _start, end in directory.made), default=0) - directory.now
        result = task()
        # one more exactly when too little is left of the latest, and only then is there anything to hand over
        due = left < max(rules["rotate_before"] * DAY, 1)
        assert len(directory.made) == made + due
        assert ("secret_text" in result) is due
        lives = {each["keyId"] for each in directory.passwords}
        grace_ends = directory.made[-1][0] + keep_old_for * DAY
        for number, (_start, end) in enumerate(directory.made, start=1):
            behind = len(directory.made) - number
            over = min(end, grace_ends)
            if behind == 0 or (behind == 1 and directory.now < over - 1):
                assert f"key{number}" in lives
            # times travel in whole seconds, so that the very second of an end is nobody's
            elif directory.now > over + 1:
                assert f"key{number}" not in lives
        writes = directory.writes
        assert task()["changed"] is False
        assert directory.writes == writes
