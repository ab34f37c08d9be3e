# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets, certificates and federated credentials: made, rotated with an overlap, removed with
care; every request that leaves."""

from __future__ import annotations

import base64
import contextlib
import datetime
import errno
import hashlib
import io
import json
import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _files
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant
from ansible_collections.mssp.defender_xdr.plugins.modules import application_credential
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.modules.registrations import (
    APP,
    ID,
    calls,
    graph,
    writes,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.modules.runs import (
    failed,
    read,
    run,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.papers import Papers
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    CLIENT,
    NOW,
    SECRET,
    FakeClock,
    FakeHttp,
    answer,
    graph_token,
    jwt_of,
    token_answer,
)
from cryptography.hazmat.primitives.serialization import Encoding

APP_READ = ("GET", f"/applications(appId='{APP}')")
FEDERATED_READ = ("GET", f"/applications/{ID}/federatedIdentityCredentials")
TEXT = "[6gyXA5S20@MN+WRXAJ]I-TO7g1:h2P8"  # the secret of Microsoft's own example
GITHUB = {
    "issuer": "https://token.actions.githubusercontent.com",
    "subject": "repo:contoso/soc:ref:refs/heads/main",
}
Tenants = t.Callable[..., t.Any]
Json = dict[str, t.Any]


def day(days: float) -> str:
    """So many days from the stand-in clock's noon of 2026-11-23, as Graph writes times."""
    return datetime.datetime.fromtimestamp(NOW + days * 86400, datetime.UTC).strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )


def password(
    key_id: str, *, start: float, end: float, name: str = "ansible", hint: str | None = "[6g"
) -> Json:
    return {
        "keyId": key_id,
        "displayName": name,
        "hint": hint,
        "startDateTime": day(start),
        "endDateTime": day(end),
        "secretText": None,
    }


def fic(key_id: str, name: str = "github", **changes: t.Any) -> Json:
    return {
        "id": key_id,
        "name": name,
        **GITHUB,
        "audiences": ["api://AzureADTokenExchange"],
        "description": None,
        **changes,
    }


def application(*passwords: Json, keys: t.Sequence[Json] = (), app_id: str = APP) -> t.Any:
    body = {
        "id": ID,
        "appId": app_id,
        "displayName": "Contoso MDR",
        "passwordCredentials": list(passwords),
        "keyCredentials": list(keys),
    }
    return answer(200, body)


def federated(*found: Json) -> t.Any:
    return answer(200, {"value": list(found)})


def made(key_id: str = "f0b0b335-1d71-4883-8f98-567911bfdca6", *, days: float = 180) -> t.Any:
    """What addPassword answers; the only place that has the secret."""
    return answer(
        200,
        {**password(key_id, start=0, end=days), "customKeyIdentifier": None, "secretText": TEXT},
    )


NEW = "f0b0b335-1d71-4883-8f98-567911bfdca6"
SEEN = (
    application(password(NEW, start=0, end=180)),
    federated(),
)  # what was made is there for the next run
TROUBLE = DefenderError(
    "network", "GET lost its connection."
)  # which does not matter any more when something was made


def secret(tenant: t.Any, **arguments: t.Any) -> Json:
    return run(
        application_credential,
        tenant,
        **{"app_id": APP, "type": "secret", "name": "ansible", "return_secret": True, **arguments},
    )


def ids(result: Json) -> list[str]:
    return [each["key_id"] for each in result["credentials"]]


# secrets


def test_a_secret_is_made_and_returned_once(tenant_with: Tenants) -> None:
    http = graph(application(), federated(), made(), *SEEN)
    result = secret(tenant_with(http))
    assert calls(http) == [
        APP_READ,
        FEDERATED_READ,
        ("POST", f"/applications/{ID}/addPassword"),
        APP_READ,
        FEDERATED_READ,
    ]
    assert http.asked[1].params == {
        "$select": "id,appId,displayName,passwordCredentials,keyCredentials"
    }
    assert http.asked[3].payload == {
        "passwordCredential": {"displayName": "ansible", "endDateTime": day(180)}
    }
    assert not http.asked[3].repeatable
    assert (result["changed"], result["secret_text"]) == (True, TEXT)
    assert result["credential"] == {
        "type": "secret",
        "display_name": "ansible",
        "key_id": "f0b0b335-1d71-4883-8f98-567911bfdca6",
        "hint": "[6g",
        "start": day(0),
        "end": day(180),
        "days_left": 180,
        "in_use": False,
        "superseded": False,
    }
    assert ids(result) == ["f0b0b335-1d71-4883-8f98-567911bfdca6"]
    assert TEXT not in json.dumps(
        {name: value for name, value in result.items() if name != "secret_text"}
    )


@pytest.mark.parametrize(
    ("days_left", "makes"), [(30, False), (29.99, True), (0, True), (-5, True)]
)
def test_a_secret_is_made_anew_when_too_few_days_are_left(
    tenant_with: Tenants, days_left: float, makes: bool
) -> None:
    found = application(password("old", start=-100, end=days_left))
    http = graph(found, federated(), *([made(), *SEEN] if makes else []))
    result = secret(tenant_with(http))
    http.done()
    assert result["changed"] is makes
    assert ("secret_text" in result) is makes
    # the predecessor stays for its time, even where it looks ended
    assert "old" in ids(result)


@pytest.mark.parametrize(("age", "stays"), [(6.99, True), (7, False)])
def test_the_predecessor_goes_when_its_grace_is_over(
    tenant_with: Tenants, tmp_path: Path, age: float, stays: bool
) -> None:
    found = application(
        password("old", start=-170, end=10, hint="old"), password("new", start=-age, end=180 - age)
    )
    http = graph(found, federated(), *([] if stays else [answer(204)]))
    (tmp_path / "secret").write_text(TEXT)
    result = secret(tenant_with(http), dest=str(tmp_path / "secret"), return_secret=None)
    assert writes(http) == (
        [] if stays else [("POST", f"/applications/{ID}/removePassword", {"keyId": "old"})]
    )
    assert result["changed"] is not stays
    assert ids(result) == (["old", "new"] if stays else ["new"])


def test_a_new_secret_is_handed_over_even_if_its_predecessor_cannot_be_removed(
    tenant_with: Tenants, tmp_path: Path
) -> None:
    refused = answer(
        403,
        {
            "error": {
                "code": "Authorization_RequestDenied",
                "message": "Insufficient privileges to complete the operation.",
            }
        },
    )
    tenant = tenant_with(
        graph(
            application(password("old", start=-200, end=-20)), federated(), made(), TROUBLE, refused
        )
    )
    result = secret(tenant, dest=str(tmp_path / "secret"), keep_old_for=0)
    assert result["secret_text"] == TEXT
    assert ids(result) == ["old", "f0b0b335-1d71-4883-8f98-567911bfdca6"]
    assert tenant.warnings[0].startswith(
        "secret ansible (old) could not be removed: Tenant contoso"
    )


def test_a_secret_that_was_made_is_waited_for_until_the_next_run_would_find_it(
    tenant_with: Tenants, time: FakeClock
) -> None:
    http = graph(application(), federated(), made(), application(), federated(), *SEEN)
    assert secret(tenant_with(http))["secret_text"] == TEXT
    http.done()
    assert time.slept == [1.0]


def test_secrets_of_other_names_are_left_alone(tenant_with: Tenants) -> None:
    found = application(
        password("other", start=-500, end=-100, name="vault"), password("new", start=-100, end=80)
    )
    http = graph(found, federated())
    assert secret(tenant_with(http))["changed"] is False
    assert writes(http) == []


def test_rotation_does_not_take_the_secret_that_is_in_use(tenant_with: Tenants) -> None:
    found = application(
        password("mine", start=-170, end=10, hint=SECRET[:3]),
        password("new", start=-20, end=160),
        app_id=CLIENT,
    )
    http = graph(found, federated())
    tenant = tenant_with(http)
    result = secret(tenant, app_id=CLIENT)
    assert writes(http) == []
    assert result["changed"] is False
    assert [(each["key_id"], each["in_use"]) for each in result["credentials"]] == [
        ("mine", True),
        ("new", False),
    ]
    assert tenant.warnings == [
        "secret ansible (mine) is kept because this task authenticates with it; switch the task"
        " to secret ansible (new), or remove new by key_id if nobody has it."
    ]


def test_a_secret_without_its_first_characters_may_be_the_one_in_use(tenant_with: Tenants) -> None:
    found = application(
        password("mine", start=-170, end=10, hint=None),
        password("new", start=-20, end=160),
        app_id=CLIENT,
    )
    assert ids(secret(tenant_with(graph(found, federated())), app_id=CLIENT)) == ["mine", "new"]


def test_check_mode_makes_and_removes_nothing(tenant_with: Tenants, tmp_path: Path) -> None:
    http = graph(application(password("old", start=-200, end=-20)), federated())
    result = secret(
        tenant_with(http), check_mode=True, dest=str(tmp_path / "secret"), keep_old_for=0
    )
    assert list(tmp_path.iterdir()) == []
    assert writes(http) == []
    assert result["changed"] is True
    assert "secret_text" not in result
    assert result["diff"] == {
        "before": {"credentials": [f"secret ansible (old) until {day(-20)}"]},
        "after": {"credentials": [f"secret ansible (new) until {day(180)}"]},
    }


def test_a_secret_without_a_place_is_refused_before_anything_is_sent(tenant_with: Tenants) -> None:
    for nowhere in ({"return_secret": False}, {"return_secret": None}):
        error = failed(
            application_credential,
            tenant_with(FakeHttp()),
            app_id=APP,
            type="secret",
            name="ansible",
            **nowhere,
        )
        assert error.category == "bad_request"
        assert "register the task's result, or set dest or return_secret" in error.message


def test_a_secret_goes_into_a_file_of_its_owner_and_not_into_the_result(
    tenant_with: Tenants, tmp_path: Path
) -> None:
    dest = tmp_path / "secret"
    result = secret(
        tenant_with(graph(application(), federated(), made(), *SEEN)),
        dest=str(dest),
        return_secret=None,
    )
    assert dest.read_text() == TEXT
    assert dest.stat().st_mode & 0o777 == 0o600
    assert "secret_text" not in result
    assert [each.name for each in tmp_path.iterdir()] == ["secret"]


def test_a_file_that_cannot_be_made_is_told_before_a_secret_is(
    tenant_with: Tenants, tmp_path: Path
) -> None:
    for dest, said in (
        (tmp_path, "which is a folder"),
        (tmp_path / "none" / "secret", "no file can be created in"),
    ):
        error = failed(
            application_credential,
            tenant_with(FakeHttp()),
            app_id=APP,
            type="secret",
            name="ansible",
            dest=str(dest),
        )
        assert said in error.message


def test_a_secret_that_could_not_be_written_is_removed_again(
    tenant_with: Tenants, tmp_path: Path
) -> None:
    dest = tmp_path / "secret"
    http = graph(application(), federated(), made(), answer(204))
    inner = http.send

    def send(method: str, url: str, **rest: t.Any) -> t.Any:
        if url.endswith("addPassword"):
            dest.mkdir()  # after every check
        return inner(method, url, **rest)

    http.send = send  # type: ignore[method-assign]
    error = failed(
        application_credential,
        tenant_with(http),
        app_id=APP,
        type="secret",
        name="ansible",
        dest=str(dest),
    )
    assert error.message.endswith("The new secret was removed again.")
    assert writes(http)[-1] == (
        "POST",
        f"/applications/{ID}/removePassword",
        {"keyId": "f0b0b335-1d71-4883-8f98-567911bfdca6"},
    )
    assert TEXT not in str(error)
    assert list(tmp_path.iterdir()) == [dest]


@pytest.mark.parametrize(
    ("content", "warns"), [("[6g-and-so-on", False), ("another", True), (None, True)]
)
def test_a_file_that_does_not_hold_the_secret_is_said(
    tenant_with: Tenants, tmp_path: Path, content: str | None, warns: bool
) -> None:
    dest = tmp_path / "secret"
    if content is not None:
        dest.write_text(content)
    tenant = tenant_with(graph(application(password("new", start=-1, end=179)), federated()))
    assert secret(tenant, dest=str(dest))["changed"] is False
    assert bool(tenant.warnings) is warns


def test_a_secret_whose_answer_was_lost_is_taken_away_again(tenant_with: Tenants) -> None:
    lost = DefenderError("outcome_unknown", "POST was sent, but its response was lost.")
    now = application(
        password("before", start=-9, end=5),
        password("orphan", start=0, end=180),
        password("else", start=0, end=9, name="vault"),
    )
    http = graph(
        application(password("before", start=-9, end=5)), federated(), lost, now, answer(204)
    )
    error = failed(
        application_credential,
        tenant_with(http),
        app_id=APP,
        type="secret",
        name="ansible",
        return_secret=True,
    )
    assert error.category == "outcome_unknown"
    assert "It had been created and was removed again; run the task again." in error.message
    assert [body for unused_method, unused_url, body in writes(http)][1:] == [{"keyId": "orphan"}]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            {"rotate_before": 180},
            "rotate_before is 180, but must be from 0 to less than valid_for (180)",
        ),
        ({"keep_old_for": -1}, "keep_old_for is -1"),
        ({"issuer": "https://x.example"}, "issuer is set, but type is secret"),
        ({"app_id": "Contoso MDR"}, "app_id is 'Contoso MDR', which is not a GUID"),
        ({"type": "certificate"}, "neither public_certificate nor public_certificate_path is set"),
        (
            {"type": "certificate", "public_certificate": "no PEM"},
            "public_certificate cannot be read as a certificate",
        ),
        (
            {"type": "certificate", "public_certificate_path": "/nowhere.pem"},
            "public_certificate_path is /nowhere.pem, which cannot be read",
        ),
        (
            {"type": "federated", "issuer": "https://x.example"},
            "type is federated, but subject is not set",
        ),
        (
            {"type": "federated", "issuer": "x.example", "subject": "s"},
            "issuer is 'x.example', but must be the https URL",
        ),
    ],
)
def test_what_can_be_told_at_once_is_refused_before_anything_is_sent(
    tenant_with: Tenants, arguments: Json, said: str
) -> None:
    given = {"app_id": APP, "type": "secret", "name": "ansible", "return_secret": True, **arguments}
    error = failed(application_credential, tenant_with(FakeHttp()), **given)
    assert said in error.message


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"app_id": APP}, "state is present but all of the following are missing: type, name"),
        (
            {"app_id": APP, "state": "absent"},
            "state is absent but any of the following are missing: name, key_id",
        ),
        (
            {"app_id": APP, "state": "absent", "name": "a", "key_id": "b"},
            "mutually exclusive: name|key_id",
        ),
        ({"type": "secret", "name": "ansible"}, "missing required arguments: app_id"),
    ],
)
def test_the_spec_refuses(arguments: Json, said: str) -> None:
    unused_params, refused = read(application_credential, arguments)
    assert said in " ".join(refused)


def test_an_application_that_is_not_there_has_no_credential(tenant_with: Tenants) -> None:
    gone = answer(
        404, {"error": {"code": "Request_ResourceNotFound", "message": "Resource does not exist."}}
    )
    error = failed(
        application_credential,
        tenant_with(graph(gone)),
        app_id=APP,
        type="secret",
        name="ansible",
        return_secret=True,
    )
    assert (error.category, f"has no application {APP}" in error.message) == ("not_found", True)


# certificates


def key(
    key_id: str, der: bytes, *, start: float, end: float, name: str = "ansible", told: bool = True
) -> Json:
    """A keyCredential; Graph gives the key where one application's keyCredentials are selected, and
    null elsewhere."""
    return {
        "keyId": key_id,
        "displayName": name,
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
        "customKeyIdentifier": hashlib.sha1(der, usedforsecurity=False).hexdigest().upper(),
        "key": base64.b64encode(der).decode() if told else None,
        "startDateTime": day(start),
        "endDateTime": day(end),
    }


def der_of(papers: Papers, which: str = "application") -> bytes:
    return t.cast("bytes", getattr(papers, which).certificate.public_bytes(Encoding.DER))


def certificate(tenant: t.Any, papers: Papers, **arguments: t.Any) -> Json:
    if "public_certificate_path" not in arguments:
        arguments["public_certificate"] = papers.application.certificate_pem.decode()
    given = {
        "app_id": APP,
        "type": "certificate",
        "name": "ansible",
        "rotate_before": 0,
        **arguments,
    }
    return run(application_credential, tenant, **given)


def test_a_certificate_is_added_to_those_that_are_there(
    tenant_with: Tenants, papers: Papers
) -> None:
    other = key("other", der_of(papers, "stranger"), start=-9, end=20, told=False)
    http = graph(application(keys=[other]), federated(), answer(204), TROUBLE)
    result = certificate(tenant_with(http), papers)
    [(method, url, body)] = writes(http)
    assert (method, url) == ("PATCH", f"/applications/{ID}")
    kept, added = body["keyCredentials"]
    assert kept == other
    assert added.pop("keyId") == result["credential"]["key_id"]
    assert added == {
        "displayName": "ansible",
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
        "key": base64.b64encode(der_of(papers)).decode(),
        "startDateTime": added["startDateTime"],
        "endDateTime": papers.application.certificate.not_valid_after_utc.strftime(
            "%Y-%m-%dT%H:%M:%SZ"
        ),
    }
    assert http.asked[3].repeatable
    assert result["credential"]["sha256"] == hashlib.sha256(der_of(papers)).hexdigest()
    assert "PRIVATE" not in str(body)


@pytest.mark.parametrize("form", ["pem", "der", "key null"])
def test_a_certificate_that_is_there_is_left_alone(
    tenant_with: Tenants, papers: Papers, tmp_path: Path, form: str
) -> None:
    file = tmp_path / "app.cer"
    file.write_bytes(
        der_of(papers)
        if form == "der"
        else papers.application.key_pem + papers.application.certificate_pem
    )
    http = graph(
        application(keys=[key("there", der_of(papers), start=-1, end=29, told=form != "key null")]),
        federated(),
    )
    result = certificate(tenant_with(http), papers, public_certificate_path=str(file))
    assert writes(http) == []
    assert (result["changed"], result["credential"]["key_id"]) == (False, "there")


def test_last_years_certificate_goes_after_its_grace_and_all_others_stay(
    tenant_with: Tenants, papers: Papers
) -> None:
    old, new = (
        key("old", der_of(papers, "stranger"), start=-300, end=20),
        key("new", der_of(papers), start=-8, end=29),
    )
    other = key("other", der_of(papers, "authority"), start=-300, end=20, name="else")
    http = graph(application(keys=[old, other, new]), federated(), answer(204))
    result = certificate(tenant_with(http), papers)
    assert writes(http) == [("PATCH", f"/applications/{ID}", {"keyCredentials": [other, new]})]
    assert ids(result) == ["other", "new"]


def in_days(tenant: t.Any, http: FakeHttp, days: float) -> t.Any:
    """The tenant so many days later, with a token of that day."""
    time = FakeClock()
    time.passed = days * 86400
    http.script[0] = token_answer(
        graph_token(
            roles=["Application.ReadWrite.OwnedBy"], nbf=0, exp=int(NOW + time.passed + 3600)
        )
    )
    return Tenant(tenant.options, clock=time.clock, http=t.cast("t.Any", http))


def test_adding_and_removing_in_one_run_loses_nothing(tenant_with: Tenants, papers: Papers) -> None:
    old = key("old", der_of(papers, "stranger"), start=-300, end=-1)
    http = graph(application(keys=[old]), federated(), answer(204), TROUBLE, answer(204))
    # when the certificate of the tests is valid
    days = (papers.application.certificate.not_valid_before_utc.timestamp() - NOW) / 86400 + 1
    result = certificate(in_days(tenant_with(http), http, days), papers, keep_old_for=0)
    first, second = (body["keyCredentials"] for unused_method, unused_url, body in writes(http))
    assert [each["keyId"] for each in first] == ["old", result["credential"]["key_id"]]
    assert second == first[1:]


def test_a_certificate_that_was_registered_yesterday_stays(
    tenant_with: Tenants, papers: Papers
) -> None:
    """Its successor, an emergency one, or one that a person registered by the start that the
    certificate names itself."""
    issued = papers.not_yet_valid.certificate.not_valid_before_utc
    began = (issued.timestamp() - NOW) / 86400
    ours = key("ours", der_of(papers), start=began + 0.5, end=began + 40)
    successor = key("successor", der_of(papers, "stranger"), start=began - 300, end=began + 300)
    emergency = key("emergency", der_of(papers, "authority"), start=began + 19, end=began + 29)
    by_hand = key("by hand", der_of(papers, "not_yet_valid"), start=began, end=began + 9)
    by_hand["startDateTime"] = issued.strftime("%Y-%m-%dT%H:%M:%SZ")
    later = [successor, emergency]
    for keep_old_for in (0, 7):
        http = graph(application(keys=[ours, *later, by_hand]), federated())
        tenant = in_days(tenant_with(http), http, began + 20)
        result = certificate(tenant, papers, keep_old_for=keep_old_for)
        assert writes(http) == []
        assert result["changed"] is False
        assert (
            "certificate ansible (by hand) was registered without a start date"
            in tenant.warnings[-1]
        )


def test_a_certificate_of_our_own_never_begins_when_it_says_itself(
    tenant_with: Tenants, papers: Papers
) -> None:
    http = graph(application(), federated(), answer(204), TROUBLE)
    tenant = tenant_with(http)
    certificate(tenant, papers)
    [(unused_method, unused_url, body)] = writes(http)
    began = datetime.datetime.fromisoformat(body["keyCredentials"][0]["startDateTime"])
    assert began > papers.application.certificate.not_valid_before_utc


def test_the_certificate_in_use_stays(tenant_with: Tenants, papers: Papers) -> None:
    mine = {
        "client_secret": None,
        "certificate": (papers.stranger.certificate_pem + papers.stranger.key_pem).decode(),
    }
    keys = [
        key("mine", der_of(papers, "stranger"), start=-300, end=20),
        key("new", der_of(papers), start=-8, end=29),
    ]
    tenant = tenant_with(graph(application(keys=keys, app_id=CLIENT), federated()), **mine)
    result = certificate(tenant, papers, app_id=CLIENT)
    assert [(each["key_id"], each["in_use"]) for each in result["credentials"]] == [
        ("mine", True),
        ("new", False),
    ]
    assert "is kept because this task authenticates with it" in tenant.warnings[-1]


def test_a_certificate_near_its_end_is_a_warning(tenant_with: Tenants, papers: Papers) -> None:
    tenant = tenant_with(
        graph(application(keys=[key("there", der_of(papers), start=-1, end=29)]), federated())
    )
    certificate(tenant, papers, rotate_before=4000)
    assert "issue its replacement now" in tenant.warnings[0]


@pytest.mark.parametrize(
    ("which", "said"),
    [("expired", "the certificate expired on"), ("elliptic", "the key is not an RSA key")],
)
def test_a_certificate_that_entra_would_not_take_is_not_sent(
    tenant_with: Tenants, papers: Papers, which: str, said: str
) -> None:
    pem = getattr(papers, which).certificate_pem.decode()
    error = failed(
        application_credential,
        tenant_with(FakeHttp()),
        app_id=APP,
        type="certificate",
        name="ansible",
        public_certificate=pem,
    )
    assert (error.category, said in error.message) == ("bad_request", True)


# federated credentials


def let_in(tenant: t.Any, **arguments: t.Any) -> Json:
    return run(
        application_credential,
        tenant,
        **{"app_id": APP, "type": "federated", "name": "github", **GITHUB, **arguments},
    )


def test_a_federated_credential_is_made(tenant_with: Tenants) -> None:
    http = graph(
        application(), federated(), answer(201, fic("fic")), application(), federated(fic("fic"))
    )
    result = let_in(tenant_with(http))
    assert writes(http) == [
        (
            "POST",
            FEDERATED_READ[1],
            {"name": "github", **GITHUB, "audiences": ["api://AzureADTokenExchange"]},
        )
    ]
    shown = result["credential"]
    assert (shown["key_id"], shown["subject"], shown["days_left"], shown["end"]) == (
        "fic",
        GITHUB["subject"],
        None,
        None,
    )


def test_a_federated_credential_that_is_as_wanted_is_left_alone(tenant_with: Tenants) -> None:
    http = graph(application(), federated(fic("fic")))
    assert let_in(tenant_with(http))["changed"] is False
    assert writes(http) == []


def test_a_federated_credential_is_changed_in_place(tenant_with: Tenants) -> None:
    http = graph(
        application(),
        federated(fic("fic", subject="repo:contoso/old")),
        answer(204),
        application(),
        federated(fic("fic")),
    )
    result = let_in(tenant_with(http))
    assert writes(http) == [
        (
            "PATCH",
            f"{FEDERATED_READ[1]}/fic",
            {**GITHUB, "audiences": ["api://AzureADTokenExchange"]},
        )
    ]
    assert ids(result) == ["fic"]
    assert result["credentials"][0]["subject"] == GITHUB["subject"]


def test_a_pair_of_issuer_and_subject_that_another_name_has_is_refused(
    tenant_with: Tenants,
) -> None:
    error = failed(
        application_credential,
        tenant_with(graph(application(), federated(fic("twin", "main")))),
        app_id=APP,
        type="federated",
        name="github",
        **GITHUB,
    )
    assert (
        error.category,
        "federated main (twin) already has this issuer and subject" in error.message,
    ) == ("conflict", True)


def test_more_federated_credentials_than_entra_takes_are_refused(tenant_with: Tenants) -> None:
    full = federated(*(fic(str(number), f"n{number}", subject=str(number)) for number in range(20)))
    error = failed(
        application_credential,
        tenant_with(graph(application(), full)),
        app_id=APP,
        type="federated",
        name="github",
        **GITHUB,
    )
    assert "has 20 federated credentials, and Entra ID allows 20" in error.message


def test_a_lost_answer_to_a_federated_credential_is_settled_by_looking(
    tenant_with: Tenants,
) -> None:
    http = graph(
        application(),
        federated(),
        DefenderError("outcome_unknown", "lost"),
        *[federated(fic("fic")), application(), federated(fic("fic"))],
    )
    assert let_in(tenant_with(http))["credential"]["key_id"] == "fic"


# absent


def absent(tenant: t.Any, **arguments: t.Any) -> Json:
    return run(application_credential, tenant, **{"app_id": APP, "state": "absent", **arguments})


def test_one_is_removed_by_its_id_and_all_of_a_name_by_the_name(
    tenant_with: Tenants, papers: Papers
) -> None:
    found = [
        application(
            password("a", start=-9, end=9),
            password("b", start=-9, end=9),
            keys=[key("c", der_of(papers), start=-9, end=9)],
        ),
        federated(fic("f")),
    ]
    http = graph(*found, answer(204))
    assert ids(absent(tenant_with(http), key_id="a")) == ["c", "b", "f"]
    assert writes(http) == [("POST", f"/applications/{ID}/removePassword", {"keyId": "a"})]
    http = graph(*found, answer(204), answer(204), answer(204))
    assert ids(absent(tenant_with(http), name="ansible")) == ["f"]
    assert [body for unused_method, unused_url, body in writes(http)] == [
        {"keyId": "a"},
        {"keyId": "b"},
        {"keyCredentials": []},
    ]
    http = graph(*found, answer(204))
    assert ids(absent(tenant_with(http), name="ansible", type="certificate")) == ["a", "b", "f"]
    http = graph(*found, answer(204))
    absent(tenant_with(http), name="github")
    assert writes(http) == [("DELETE", f"{FEDERATED_READ[1]}/f", None)]


def test_what_is_gone_is_as_wanted(tenant_with: Tenants) -> None:
    http = graph(application(password("a", start=-9, end=9)), federated())
    assert absent(tenant_with(http), key_id="b")["changed"] is False
    assert writes(http) == []


@pytest.mark.parametrize(
    "reply",
    [
        answer(
            400,
            {
                "error": {
                    "code": "Request_BadRequest",
                    "message": "No password credential found with keyId 'a'.",
                }
            },
        ),
        answer(
            404,
            {"error": {"code": "Request_ResourceNotFound", "message": "Resource does not exist."}},
        ),
    ],
)
def test_one_that_goes_meanwhile_is_as_wanted(tenant_with: Tenants, reply: t.Any) -> None:
    http = graph(
        application(password("a", start=-9, end=9), password("b", start=-9, end=9)),
        federated(),
        reply,
    )
    assert absent(tenant_with(http), key_id="a")["changed"] is True


def test_a_removal_is_sent_again_because_twice_is_as_good_as_once(tenant_with: Tenants) -> None:
    http = graph(
        application(password("a", start=-9, end=9), password("b", start=-9, end=9)),
        federated(),
        answer(204),
    )
    assert ids(absent(tenant_with(http), key_id="a")) == ["b"]
    assert http.asked[-1].repeatable


@pytest.mark.parametrize("empty", ["", " "])
@pytest.mark.parametrize("option", ["name", "key_id", "app_id"])
def test_an_empty_text_names_no_credential(tenant_with: Tenants, option: str, empty: str) -> None:
    given = {
        "app_id": APP,
        "state": "absent",
        **({} if option == "key_id" else {"name": "ansible"}),
        option: empty,
    }
    error = failed(application_credential, tenant_with(FakeHttp()), **given)
    assert (error.category, error.message.startswith(f"{option} is ")) == ("bad_request", True)


def test_the_last_valid_one_is_removed_with_force_only(tenant_with: Tenants) -> None:
    found = [
        application(password("last", start=-9, end=9), password("ended", start=-9, end=-1)),
        federated(),
    ]
    http = graph(*found)
    error = failed(
        application_credential, tenant_with(http), app_id=APP, state="absent", key_id="last"
    )
    assert (error.category, "would have no valid credential left" in error.message) == (
        "conflict",
        True,
    )
    assert writes(http) == []
    assert ids(absent(tenant_with(graph(*found, answer(204))), key_id="last", force=True)) == [
        "ended"
    ]
    assert ids(absent(tenant_with(graph(*found, answer(204))), key_id="ended")) == ["last"]


def test_the_one_in_use_is_removed_with_force_only(tenant_with: Tenants) -> None:
    found = [
        application(
            password("mine", start=-9, end=9, hint=SECRET[:3]),
            password("b", start=-9, end=9),
            app_id=CLIENT,
        ),
        federated(),
    ]
    error = failed(
        application_credential,
        tenant_with(graph(*found)),
        app_id=CLIENT,
        state="absent",
        key_id="mine",
    )
    assert "secret ansible (mine) of application Contoso MDR" in error.message
    assert "This task authenticates with" in error.message
    assert ids(
        absent(tenant_with(graph(*found, answer(204))), app_id=CLIENT, key_id="mine", force=True)
    ) == ["b"]


def test_the_federated_credential_in_use_is_known_by_its_token(
    tenant_with: Tenants, tmp_path: Path
) -> None:
    file = tmp_path / "assertion"
    file.write_text(
        jwt_of(
            {"iss": GITHUB["issuer"], "sub": GITHUB["subject"], "aud": "api://AzureADTokenExchange"}
        )
    )
    found = [
        application(app_id=CLIENT),
        federated(fic("mine"), fic("other", "other", subject="another")),
    ]
    tenant = tenant_with(graph(*found), client_secret=None, assertion_file=str(file))
    result = absent(tenant, app_id=CLIENT, key_id="none")
    assert [(each["key_id"], each["in_use"]) for each in result["credentials"]] == [
        ("mine", True),
        ("other", False),
    ]


def test_check_mode_removes_nothing(tenant_with: Tenants) -> None:
    http = graph(
        application(password("a", start=-9, end=9), password("b", start=-9, end=9)), federated()
    )
    assert absent(tenant_with(http), key_id="a", check_mode=True)["changed"] is True
    assert writes(http) == []


# Times, what is listed, and what is left after a failure


def test_days_are_counted_by_the_services_own_clock(tenant_with: Tenants) -> None:
    found = application(password("there", start=-100, end=80))
    found.headers["date"] = "Thu, 03 Dec 2026 12:00:00 GMT"  # ten days after this machine's
    fics = federated()
    fics.headers["date"] = found.headers["date"]
    result = secret(tenant_with(graph(found, fics)))
    assert result["credential"]["days_left"] == 70


def test_only_what_has_a_later_successor_of_its_name_is_superseded(tenant_with: Tenants) -> None:
    found = application(
        password("late", start=-2, end=160),
        password("twin", start=-2, end=160),
        password("early", start=-90, end=100),
        password("mine", start=-170, end=10, hint=SECRET[:3]),
        password("else", start=-170, end=20, name="vault"),
        app_id=CLIENT,
    )
    fics = federated(fic("fic"), fic("main", "main", subject="main"))
    result = absent(tenant_with(graph(found, fics)), app_id=CLIENT, key_id="none")
    listed = [(each["key_id"], each["superseded"]) for each in result["credentials"]]
    assert listed == [
        ("mine", False),
        ("else", False),
        ("early", True),
        ("late", False),
        ("twin", False),
        ("fic", False),
        ("main", False),
    ]


def test_the_last_one_of_all_can_go(tenant_with: Tenants) -> None:
    http = graph(application(password("last", start=-9, end=9)), federated(), answer(204))
    result = absent(tenant_with(http), key_id="last", force=True)
    assert (result["credentials"], result["credential"]) == ([], {})
    assert result["diff"]["after"] == {"credentials": []}


def test_a_diff_names_credentials_without_an_end(tenant_with: Tenants) -> None:
    result = absent(tenant_with(graph(application(), federated(fic("fic")))), key_id="none")
    assert result["diff"]["before"] == {"credentials": ["federated github (fic)"]}


def test_what_needs_force_says_so(tenant_with: Tenants) -> None:
    for app_id, hint in ((CLIENT, SECRET[:3]), (APP, "xyz")):
        found = application(password("last", start=-9, end=9, hint=hint), app_id=app_id)
        error = failed(
            application_credential,
            tenant_with(graph(found, federated())),
            app_id=app_id,
            state="absent",
            key_id="last",
        )
        assert (error.category, "force: true" in error.advice) == ("conflict", True)


def test_a_predecessor_stays_while_its_successor_is_not_valid_yet(
    tenant_with: Tenants, papers: Papers, tmp_path: Path
) -> None:
    future = papers.not_yet_valid
    (tmp_path / "app.pem").write_bytes(future.certificate_pem)
    # an hour before the certificate is valid
    days = (future.certificate.not_valid_before_utc.timestamp() - NOW - 3600) / 86400
    old = key("old", der_of(papers, "stranger"), start=days - 90, end=days + 1)
    http = graph(application(keys=[old]), federated(), answer(204), TROUBLE)
    result = certificate(
        in_days(tenant_with(http), http, days),
        papers,
        keep_old_for=0,
        public_certificate_path=str(tmp_path / "app.pem"),
    )
    assert ids(result) == ["old", result["credential"]["key_id"]]
    assert len(writes(http)) == 1


def test_a_predecessor_that_was_made_in_this_very_second_is_one(
    tenant_with: Tenants, tmp_path: Path
) -> None:
    http = graph(
        application(password("old", start=0, end=10, hint="old")),
        federated(),
        made(),
        *SEEN,
        answer(204),
    )
    result = secret(tenant_with(http), dest=str(tmp_path / "secret"), keep_old_for=0)
    assert writes(http)[-1][2] == {"keyId": "old"}
    assert ids(result) == [NEW]


def test_a_secret_without_an_end_is_not_made_anew(tenant_with: Tenants) -> None:
    endless = {**password("there", start=-100, end=0), "endDateTime": None}
    result = secret(tenant_with(graph(application(endless), federated())))
    assert (result["changed"], result["credential"]["key_id"]) == (False, "there")


def test_a_warning_names_the_option_that_holds_the_present_secret(tenant_with: Tenants) -> None:
    found = application(
        password("held", start=-100, end=80), password("other", start=-1, end=179, hint="abc")
    )
    tenant = tenant_with(graph(found, federated()))
    secret(tenant, current_secret=TEXT)
    assert "current_secret" in tenant.warnings[0]
    assert "dest" not in tenant.warnings[0]


def test_a_secret_with_half_a_character_is_not_lost(tenant_with: Tenants, tmp_path: Path) -> None:
    odd = answer(200, {**password(NEW, start=0, end=180), "secretText": "a\ud800b"})
    http = graph(application(), federated(), odd, *SEEN)
    secret(tenant_with(http), dest=str(tmp_path / "secret"))
    assert (tmp_path / "secret").read_bytes() == b"a\xed\xa0\x80b"


def test_an_application_that_is_not_known_everywhere_yet_is_waited_for(
    tenant_with: Tenants, time: FakeClock
) -> None:
    absent_yet = answer(404, {"error": {"code": "Request_ResourceNotFound", "message": "None."}})
    http = graph(application(), federated(), absent_yet, made(), *SEEN)
    assert secret(tenant_with(http))["secret_text"] == TEXT
    assert len(time.slept) == 1


def unwritten(tenant: t.Any, dest: Path) -> DefenderError:
    return failed(
        application_credential, tenant, app_id=APP, type="secret", name="ansible", dest=str(dest)
    )


@pytest.mark.parametrize("removed", [True, False])
def test_a_secret_for_a_full_disk_is_removed_again_or_named(
    tenant_with: Tenants, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, removed: bool
) -> None:
    class Full(io.BytesIO):
        def write(self, data: t.Any) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def on_a_full_disk(path: str, **rest: t.Any) -> t.Any:
        draft = _files.Draft(path, option="dest", folder=str(tmp_path))
        draft.discard()
        draft.file = Full()
        return contextlib.nullcontext(draft)

    monkeypatch.setattr(_files, "draft", on_a_full_disk)
    refused = answer(403, {"error": {"code": "Authorization_RequestDenied", "message": "No."}})
    http = graph(application(), federated(), made(), answer(204) if removed else refused)
    error = unwritten(tenant_with(http), tmp_path / "secret")
    assert writes(http)[-1] == ("POST", f"/applications/{ID}/removePassword", {"keyId": NEW})
    assert str(tmp_path / "secret") in error.message
    assert os.strerror(errno.ENOSPC) in error.message
    assert TEXT not in str(error.as_result())
    assert error.facts == ({} if removed else {"key_ids": [NEW]})
    assert (NEW in error.message) is not removed


LOST = answer(
    503, {"error": {"code": "ServiceUnavailable", "message": "Busy."}}, request_id="r-503"
)
REFUSED = answer(403, {"error": {"code": "Authorization_RequestDenied", "message": "No."}})


def lost(tenant: t.Any, **arguments: t.Any) -> DefenderError:
    return failed(
        application_credential,
        tenant,
        **{"app_id": APP, "type": "secret", "name": "ansible", "return_secret": True, **arguments},
    )


def test_a_lost_secret_is_told_with_what_the_service_said(tenant_with: Tenants) -> None:
    error = lost(tenant_with(graph(application(), federated(), LOST, application())))
    assert (error.category, error.status, error.code, error.request_id) == (
        "outcome_unknown",
        503,
        "ServiceUnavailable",
        "r-503",
    )
    assert "key_id" in error.advice
    assert error.facts == {}


def test_a_secret_that_is_answered_without_its_text_is_told_with_the_request(
    tenant_with: Tenants,
) -> None:
    textless = answer(200, password(NEW, start=0, end=180))
    http = graph(application(), federated(), textless, application())
    assert f"/applications/{ID}/addPassword" in lost(tenant_with(http)).message


@pytest.mark.parametrize(
    ("suspect", "ours"),
    [
        ({}, True),
        ({"hint": None}, True),
        ({"endDateTime": "2027-05-22T12:00:00.9999999Z"}, True),
        ({"endDateTime": day(179)}, False),
        ({"endDateTime": None}, False),
        ({"startDateTime": "soon"}, False),
        ({"startDateTime": day(-300 / 86400)}, True),
        ({"startDateTime": day(-301 / 86400)}, False),
        ({"startDateTime": day(300 / 86400)}, True),
        ({"startDateTime": day(301 / 86400)}, False),
    ],
)
@pytest.mark.parametrize("dest", [False, True])
def test_a_lost_secret_is_removed_only_where_it_is_ours_without_doubt(
    tenant_with: Tenants, tmp_path: Path, dest: bool, suspect: Json, ours: bool
) -> None:
    orphan = {**password("orphan", start=0, end=180), **suspect}
    replies = [answer(204)] if ours else []
    http = graph(application(), federated(), LOST, application(orphan), *replies)
    error = lost(tenant_with(http), **({"dest": str(tmp_path / "secret")} if dest else {}))
    removed = [("POST", f"/applications/{ID}/removePassword", {"keyId": "orphan"})]
    assert writes(http)[1:] == (removed if ours else [])
    assert error.facts == ({} if ours else {"key_ids": ["orphan"]})


def test_a_lost_secret_that_cannot_be_looked_for_is_told(tenant_with: Tenants) -> None:
    error = lost(tenant_with(graph(application(), federated(), LOST, REFUSED)))
    assert (error.category, error.facts) == ("outcome_unknown", {})
    assert "Authorization_RequestDenied" in error.message
    assert "None" not in error.message


def test_a_lost_secret_that_cannot_be_removed_is_named(tenant_with: Tenants) -> None:
    there = application(password("orphan", start=0, end=180))
    error = lost(tenant_with(graph(application(), federated(), LOST, there, REFUSED)))
    assert error.facts == {"key_ids": ["orphan"]}
    assert "Authorization_RequestDenied" in error.message
    assert "orphan" in error.message
