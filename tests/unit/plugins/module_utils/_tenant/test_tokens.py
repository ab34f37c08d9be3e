# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tokens: when the cache serves them, when they are renewed, and which refusals are cached."""

from __future__ import annotations

import multiprocessing
import typing as t
from pathlib import Path

import msal.oauth2cli
import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import options as _options
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import tokens as _token
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.clock import Clock
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.exchange import Answer
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tokens import TokenSource
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.module_utils._tenant.bench import (
    GRAPH,
    ONE,
    TWO,
    Bench,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.papers import Papers
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    CONSENT_URL,
    NOW,
    SECRET,
    TENANT,
    FakeClock,
    FakeHttp,
    answer,
    not_consented,
    parameters,
    refusal,
    token_answer,
)
from hypothesis import given
from hypothesis import strategies as st

# The last four digits of the tenant decide when its tokens are renewed: 0x5555 % 300 seconds before
# the last five minutes.
RENEWED = 300 + 0x5555 % 300


def test_the_lifetime_is_what_the_answer_says_even_as_text(bench: Bench) -> None:
    assert bench.source(token_answer(ONE, expires_in=5400)).get().expires_at == NOW + 5400
    assert (
        bench.source(token_answer(TWO, expires_in="3599")).get(force=True).expires_at == NOW + 3599
    )


# The cache
@pytest.fixture
def no_msal(monkeypatch: pytest.MonkeyPatch) -> t.Callable[[], None]:
    def explode(*_args: t.Any, **_kwargs: t.Any) -> None:
        raise AssertionError("an MSAL client was built")

    return lambda: monkeypatch.setattr(msal.oauth2cli, "Client", explode)


def test_a_cached_token_needs_no_request_and_not_even_msal(
    bench: Bench, no_msal: t.Callable[[], None]
) -> None:
    bench.source(token_answer(ONE)).get()
    no_msal()
    again = bench.source().get()
    assert again == _token.Token(ONE, NOW + 3599, NOW, from_cache=True)


def test_a_held_token_needs_not_even_the_disk(bench: Bench, no_msal: t.Callable[[], None]) -> None:
    source = bench.source(token_answer(ONE), token_cache="none")
    first = source.get()
    no_msal()
    assert source.get() is first


def test_without_a_cache_each_task_asks_and_nothing_is_written(bench: Bench) -> None:
    for token in (ONE, TWO):
        assert bench.source(token_answer(token), token_cache="none").get().value == token
    assert not bench.folder.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"tenant_id": "99999999-8888-7777-6666-555555555555"},
        {"client_id": TENANT},
        {"login_url": "https://localhost:8443"},
    ],
)
def test_a_token_in_the_cache_serves_only_its_own_tenant_application_and_login_host(
    bench: Bench, changes: dict[str, str]
) -> None:
    bench.source(token_answer(ONE)).get()
    assert bench.source(token_answer(TWO), **changes).get().value == TWO


def test_a_token_in_the_cache_serves_only_its_own_audience(bench: Bench) -> None:
    bench.source(token_answer(ONE)).get()
    assert (
        bench.source(token_answer(TWO), audience="https://api.security.microsoft.com").get().value
        == TWO
    )


def test_the_cache_holds_no_credential(bench: Bench) -> None:
    bench.source(token_answer(ONE)).get()
    bench.refused(not_consented(), client_id=TENANT)
    assert SECRET not in "".join(path.read_text() for path in bench.folder.iterdir())


@pytest.mark.parametrize(
    ("passed", "renewed"),
    [(3599 - RENEWED - 1, False), (3599 - RENEWED, True), (3599, True), (9999, True)],
)
def test_a_token_is_renewed_some_minutes_before_its_end(
    bench: Bench, passed: int, renewed: bool
) -> None:
    source = bench.source(token_answer(ONE), token_answer(TWO))
    source.get()
    bench.time.passed = passed
    assert source.get().value == (TWO if renewed else ONE)
    assert len(bench.http.asked) == 1 + renewed


@given(digits=st.integers(0, 0xFFFF), passed=st.integers(0, 3599))
def test_no_token_is_used_in_its_last_five_minutes_and_none_renewed_before_its_last_ten(
    digits: int, passed: int
) -> None:
    time = FakeClock()
    options = _options.check(parameters(tenant_id=f"{TENANT[:-4]}{digits:04x}"))
    http = FakeHttp(token_answer(ONE), token_answer(TWO))
    source = TokenSource(
        options, GRAPH, http=t.cast("t.Any", http), clock=time.clock, consent_url=""
    )
    source.get()
    time.passed = passed
    fresh = source.get().value == TWO
    if passed >= 3299:
        assert fresh
    if passed < 2999:
        assert not fresh


def test_tenants_renew_at_times_of_their_own(time: FakeClock) -> None:
    renewals = set()
    for digits in range(0, 300, 10):
        options = _options.check(parameters(tenant_id=f"{TENANT[:-4]}{digits:04x}"))
        source = TokenSource(
            options, GRAPH, http=t.cast("t.Any", FakeHttp()), clock=time.clock, consent_url=""
        )
        renewals.add(
            next(
                left
                for left in range(700)
                if source._lasts(_token.Token("x", NOW + left, NOW - 3600, from_cache=True))
            )
        )
    assert len(renewals) == 30


def test_a_short_lived_token_is_used_for_half_its_life(bench: Bench) -> None:
    source = bench.source(token_answer(ONE, expires_in=100), token_answer(TWO, expires_in=100))
    source.get()
    bench.time.passed = 49
    assert source.get().value == ONE
    bench.time.passed = 50
    assert source.get().value == TWO


def test_force_asks_whatever_is_known_and_its_answer_is_kept(bench: Bench) -> None:
    bench.source(token_answer(ONE)).get()
    assert bench.source(token_answer(TWO)).get(force=True) == _token.Token(
        TWO, NOW + 3599, NOW, from_cache=False
    )
    assert bench.source().get().value == TWO


def test_a_token_that_an_api_refused_is_not_handed_out_again(bench: Bench) -> None:
    source = bench.source(token_answer(ONE), token_answer(TWO))
    source.get()
    assert source.get(refused=ONE).value == TWO
    assert bench.source().get(refused=ONE).value == TWO


def test_another_process_may_have_renewed_a_refused_token_already(bench: Bench) -> None:
    mine = bench.source(token_answer(ONE))
    mine.get()
    http = bench.http
    bench.source(token_answer(TWO)).get(force=True)
    assert mine.get(refused=ONE) == _token.Token(TWO, NOW + 3599, NOW, from_cache=True)
    assert len(http.asked) == 1


@pytest.mark.parametrize(
    "entry",
    [
        {"token": ONE},
        {"token": 7, "expires_at": NOW + 999, "obtained_at": NOW},
        {"token": ONE, "expires_at": "x", "obtained_at": NOW},
    ],
)
def test_an_entry_with_gaps_is_no_token(bench: Bench, entry: dict[str, t.Any]) -> None:
    bench.put(entry)
    assert bench.source(token_answer(TWO)).get().value == TWO


# Refusals
def test_a_tenant_without_consent_is_told_with_the_link(bench: Bench) -> None:
    error = bench.refused(not_consented())
    assert (error.category, error.who, error.status, error.code) == (
        "not_consented",
        "customer",
        400,
        "AADSTS700016",
    )
    assert error.request_id == "bbbbbbbb-0000-1111-2222-333333333333"
    assert error.message.startswith(f"No token for tenant contoso ({TENANT}): ")
    assert error.advice == f"An administrator of that tenant must consent: {CONSENT_URL}"


def test_a_refusal_is_believed_for_three_minutes(bench: Bench) -> None:
    first = bench.refused(not_consented())
    bench.time.passed = 179
    again = bench.refused()
    told = {name: value for name, value in again.as_result().items() if name != "msg"}
    assert told == {name: value for name, value in first.as_result().items() if name != "msg"}
    assert again.message == (
        f"{first.message} Cached refusal, 179 s old; checked again after 180 s, or at once by"
        " access_token with force_refresh."
    )
    bench.time.passed = 180
    assert bench.source(token_answer(ONE)).get().value == ONE


def test_a_refusal_with_an_unknown_code_is_cached_like_any_other(bench: Bench) -> None:
    first = bench.refused(refusal(4242424, "invalid_client", f"No {SECRET}. More.", status=401))
    assert (first.category, first.code) == ("bad_request", "AADSTS4242424")
    assert SECRET not in str(first.as_result())
    assert bench.refused().message.startswith(first.message)


@pytest.mark.parametrize(("code", "status"), [(50012, 500), (4242424, 503), (4242424, 429)])
def test_no_secret_is_in_microsofts_words_at_any_status(
    bench: Bench, code: int, status: int
) -> None:
    error = bench.refused(refusal(code, "server_error", f"No {SECRET}. More.", status=status))
    assert ": No " in error.message
    assert SECRET not in str(error.as_result())


def test_a_clock_that_is_wrong_is_told_and_not_cached(bench: Bench, papers: Papers) -> None:
    # the date of the answer is the only clock of the service that this one shows
    late = refusal(700024, "invalid_client", "Client assertion is not within its valid time range.")
    late = Answer(401, {"date": "Mon, 23 Nov 2026 12:30:00 GMT"}, late.body)
    app = papers.application
    text = (app.certificate_pem + app.key_pem).decode()
    error = bench.refused(late, late, client_secret=None, certificate=text)
    assert (error.category, error.who) == ("bad_credentials", "caller")
    assert "this machine's clock is 30 minutes behind the login service's clock" in error.message
    again = bench.source(token_answer(ONE), client_secret=None, certificate=text)
    assert again.get().value == ONE


@pytest.mark.parametrize("body", [b"", b"denied", b'{"message": "denied"}'])
def test_what_is_not_of_the_login_service_is_a_matter_of_the_network(
    bench: Bench, body: bytes
) -> None:
    error = bench.refused(Answer(403, {}, body))
    assert (error.category, error.who, error.status) == ("network", "caller", 403)


def test_a_refusal_out_of_the_future_is_not_believed(bench: Bench) -> None:
    bench.refused(not_consented())
    bench.time.passed = -1
    assert bench.source(token_answer(ONE)).get().value == ONE


def test_force_asks_in_spite_of_a_refusal(bench: Bench) -> None:
    bench.refused(not_consented())
    assert bench.source(token_answer(ONE)).get(force=True).value == ONE
    assert bench.source().get().value == ONE


def test_another_credential_is_tried_at_once(bench: Bench, tmp_path: Path) -> None:
    wrong = refusal(7000215, "invalid_client", "Invalid client secret provided.", status=401)
    assert bench.refused(wrong).category == "bad_credentials"
    assert (
        bench.source(token_answer(ONE), client_secret="the-right-secret-long-and-unique")
        .get()
        .value
        == ONE
    )


def test_a_file_with_another_secret_in_it_is_another_credential(
    bench: Bench, tmp_path: Path
) -> None:
    path = tmp_path / "secret"
    path.write_text("old")
    changes: dict[str, t.Any] = {"client_secret": None, "client_secret_file": str(path)}
    expired = refusal(
        7000222, "invalid_client", "The provided client secret keys are expired.", status=401
    )
    assert bench.refused(expired, **changes).category == "credential_expired"
    assert bench.refused(**changes).category == "credential_expired"
    path.write_text("new")
    assert bench.source(token_answer(ONE), **changes).get().value == ONE


REMEMBERED = [
    (7000215, "bad_credentials"),
    (7000222, "credential_expired"),
    (7000112, "app_disabled"),
    (500011, "not_licensed"),
    (90002, "tenant_not_found"),
    (53003, "blocked_by_policy"),
    (70011, "wrong_audience"),
]


@pytest.mark.parametrize(("code", "category"), REMEMBERED)
def test_a_refusal_that_somebody_must_act_on_is_remembered(
    bench: Bench, code: int, category: str
) -> None:
    assert bench.refused(refusal(code, "whatever", "A sentence.")).category == category
    assert bench.refused().category == category


PASSING = [
    (answer(429, None, retry_after="60"), "throttled"),
    (answer(503, b"<html>"), "unavailable"),
    (answer(500, {"error": "server_error", "error_codes": [90006]}), "unavailable"),
    (answer(400, {"error": "temporarily_unavailable", "error_codes": [90033]}), "unavailable"),
    (DefenderError("network", "POST x lost its connection."), "network"),
    (DefenderError("timeout", "POST x got no response in time."), "timeout"),
    (DefenderError("tls", "POST x was not sent."), "tls"),
]


@pytest.mark.parametrize(("problem", "category"), PASSING)
def test_a_refusal_that_may_pass_is_not_remembered(
    bench: Bench, problem: Answer | DefenderError, category: str
) -> None:
    assert bench.refused(problem).category == category
    assert bench.source(token_answer(ONE)).get().value == ONE


def test_a_credential_that_cannot_be_read_is_not_remembered_and_nothing_is_sent(
    bench: Bench, tmp_path: Path
) -> None:
    path = tmp_path / "app.pem"
    path.write_text("nonsense")
    assert (
        bench.refused(client_secret=None, certificate_path=str(path)).category == "bad_credentials"
    )
    assert bench.http.asked == []
    assert [each.read_bytes() for each in bench.folder.iterdir()] == [b""]


@pytest.mark.parametrize(
    "change",
    [
        {"salt": 1},
        {"refused_at": "x"},
        {"refusal": None},
        {"refusal": {}},
        {"refusal": {"category": "unheard_of"}},
        {"credential": "x"},
    ],
)
def test_a_damaged_memory_is_no_refusal(bench: Bench, change: dict[str, t.Any]) -> None:
    bench.refused(not_consented())
    bench.put({**bench.entry(), **change})
    assert bench.source(token_answer(ONE)).get().value == ONE


@pytest.mark.parametrize("change", [{"message": 5}, {"facts": "abc"}])
def test_a_memory_with_members_of_another_type_is_no_refusal(
    bench: Bench, change: dict[str, t.Any]
) -> None:
    bench.refused(not_consented())
    entry = bench.entry()
    bench.put({**entry, "refusal": {**entry["refusal"], **change}})
    assert bench.source(token_answer(ONE)).get().value == ONE


# One request for the whole machine
class CountingHttp:
    """A login service that every process can count."""

    def __init__(self, tally: Path, reply: Answer) -> None:
        self.tally = tally
        self.reply = reply

    def send(self, *_args: t.Any, **_kwargs: t.Any) -> Answer:
        with self.tally.open("a", encoding="utf-8") as f:
            f.write("asked\n")
        return self.reply


def fetch(folder: Path, ready: t.Any, reply: Answer, told: t.Any) -> None:
    options = _options.check(parameters(token_cache=str(folder / "tokens")))
    http: t.Any = CountingHttp(folder / "tally", reply)
    clock = Clock(wall=lambda: float(NOW))
    ready.wait()
    try:
        told.put(
            TokenSource(options, GRAPH, http=http, clock=clock, consent_url=CONSENT_URL).get().value
        )
    except DefenderError as e:
        told.put(e.category)


# pytest-xdist has threads of its own, and Ansible forks just so
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize(
    ("reply", "outcome"), [(token_answer(ONE), ONE), (not_consented(), "not_consented")]
)
def test_ten_processes_at_once_ask_once(tmp_path: Path, reply: Answer, outcome: str) -> None:
    context = multiprocessing.get_context("fork")
    ready, told = context.Barrier(10), context.Queue()
    workers = [
        context.Process(target=fetch, args=(tmp_path, ready, reply, told)) for _unused in range(10)
    ]
    for worker in workers:
        worker.start()
    outcomes = [told.get(timeout=60) for _unused in workers]
    for worker in workers:
        worker.join(60)
    assert outcomes == [outcome] * 10
    assert (tmp_path / "tally").read_text() == "asked\n"
