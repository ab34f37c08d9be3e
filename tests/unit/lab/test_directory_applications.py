# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Applications on Graph: what may be written, what comes back, and the words of what is refused."""

from __future__ import annotations

import base64
import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from defender_lab.certificates import authority, client
from defender_lab.tenants.application import Application
from defender_lab.tenants.registrations import moment

MTP = "8ee8fdad-f234-4243-8f3b-15c294843740"
INCIDENT_READ = "a9790345-4595-42e4-971a-ccdc79f19b7c"


def unique(word: str) -> str:
    return f"{word} {uuid.uuid4()}"


def test_the_days_left_of_every_credential_stay_the_same_for_hours() -> None:
    """Two tasks of one test may see different seconds, and must see the same days."""
    app = Application()
    made = app.registration(str(uuid.uuid4()), "partner.example")
    records = [one.record for one in made.passwords] + [one.record for one in made.keys]
    assert len(records) == 4
    for record in records:
        left = moment(record, "endDateTime") - datetime.now(UTC)
        assert timedelta(hours=2) < left % timedelta(days=1) < timedelta(hours=22)


def test_an_application_has_what_the_reference_shows(desk) -> None:
    """The keys are those of the documented example."""
    answer = desk.home("POST", "applications", body={"displayName": "Display name"})
    made = answer.json()
    assert (answer.status, made["displayName"], made["signInAudience"]) == (
        201,
        "Display name",
        "AzureADandPersonalMicrosoftAccount",
    )
    assert made["@odata.context"].endswith("/v1.0/$metadata#applications/$entity")
    documented = (
        "id deletedDateTime isFallbackPublicClient appId applicationTemplateId identifierUris"
        " createdDateTime displayName isDeviceOnlyAuthSupported groupMembershipClaims"
        " optionalClaims addIns publisherDomain samlMetadataUrl signInAudience tags"
        " tokenEncryptionKeyId api appRoles publicClient info keyCredentials"
        " parentalControlSettings passwordCredentials requiredResourceAccess web"
    )
    assert set(documented.split()) <= set(made)
    assert made["id"] != made["appId"]
    assert desk.home("GET", f"applications/{made['id']}").json()["appId"] == made["appId"]
    assert desk.home("GET", f"applications(appId='{made['appId']}')").json()["id"] == made["id"]


def test_it_is_changed_by_parts_and_removed(desk) -> None:
    made = desk.registered(unique("changed"))
    access = [{"resourceAppId": MTP, "resourceAccess": [{"id": INCIDENT_READ, "type": "Role"}]}]
    body = {
        "requiredResourceAccess": access,
        "web": {"redirectUris": ["https://a.example/done"]},
        "description": "new",
    }
    assert desk.home("PATCH", f"applications/{made['id']}", body=body).status == 204
    seen = desk.home("GET", f"applications/{made['id']}").json()
    assert (seen["requiredResourceAccess"], seen["description"], seen["displayName"]) == (
        access,
        "new",
        made["displayName"],
    )
    assert seen["web"]["redirectUris"] == ["https://a.example/done"]
    assert seen["web"]["implicitGrantSettings"] == {
        "enableIdTokenIssuance": False,
        "enableAccessTokenIssuance": False,
    }
    assert desk.home("DELETE", f"applications/{made['id']}").status == 204
    gone = desk.home("GET", f"applications/{made['id']}")
    assert (gone.status, gone.error()["code"]) == (404, "Request_ResourceNotFound")
    assert gone.error()["message"] == (
        f"Resource '{made['id']}' does not exist or one of its queried reference-property"
        " objects are not present."
    )


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "displayName"),
        ({"displayName": ""}, "displayName"),
        ({"displayName": "x", "signInAudience": "Everybody"}, "signInAudience"),
        (
            {"displayName": "x", "web": {"redirectUris": ["http://far.example/"]}},
            "web.redirectUris",
        ),
        ({"displayName": "x", "web": {"redirectUris": "https://a.example"}}, "web.redirectUris"),
        (
            {
                "displayName": "x",
                "requiredResourceAccess": [{"resourceAppId": "nonsense", "resourceAccess": []}],
            },
            "requiredResourceAccess",
        ),
        (
            {
                "displayName": "x",
                "requiredResourceAccess": [
                    {"resourceAppId": MTP, "resourceAccess": [{"id": "x", "type": "Role"}]}
                ],
            },
            "requiredResourceAccess",
        ),
        ({"displayName": "x", "appId": MTP}, "appId"),
        ({"displayName": "x", "colour": "red"}, "colour"),
    ],
)
def test_a_body_that_does_not_fit_makes_nothing(desk, body, named) -> None:
    before = len(desk.home("GET", "applications", "$top=999").json()["value"])
    answer = desk.home("POST", "applications", body=body)
    assert (answer.status, answer.error()["code"]) == (400, "Request_BadRequest")
    assert f"'{named}'" in answer.error()["message"]
    assert len(desk.home("GET", "applications", "$top=999").json()["value"]) == before


def test_lists_filter_select_count_and_page(desk) -> None:
    word = str(uuid.uuid4())
    names = [f"{word} {number}" for number in (2, 1, 3)]
    for name in names:
        desk.registered(name)

    def found(**query: str) -> list[str]:
        return [
            one["displayName"] for one in desk.home("GET", "applications", query).json()["value"]
        ]

    assert found(**{"$filter": f"displayName eq '{names[0].upper()}'"}) == [names[0]]
    assert found(**{"$filter": f"startswith(displayName,'{word}')"}) == names
    eventual = {"ConsistencyLevel": "eventual"}
    others = {"$filter": f"startswith(displayName,'{word}') and not displayName eq '{names[0]}'"}
    refused = desk.home("GET", "applications", others)
    assert (refused.status, refused.error()["code"]) == (400, "Request_UnsupportedQuery")
    assert refused.error()["message"].startswith(
        "Operator 'not' is not supported because the required parameters might be missing."
    )
    page = desk.home("GET", "applications", {**others, "$count": "true"}, headers=eventual).json()
    assert [one["displayName"] for one in page["value"]] == names[1:]
    query = {
        "$filter": f"startswith(displayName,'{word}')",
        "$count": "true",
        "$top": "2",
        "$orderby": "displayName",
        "$select": "displayName",
    }
    page = desk.home("GET", "applications", query, headers=eventual).json()
    assert (page["@odata.count"], page["value"]) == (
        3,
        [{"displayName": one} for one in sorted(names)[:2]],
    )
    path, unused, rest = page["@odata.nextLink"].partition("?")
    assert path.endswith("/v1.0/applications")
    last = desk.home("GET", "applications", rest, headers=eventual).json()
    assert [one["displayName"] for one in last["value"]] == sorted(names)[2:]
    assert "@odata.nextLink" not in last


@pytest.mark.parametrize(
    ("query", "code", "text"),
    [
        (
            "$top=1000",
            "Request_UnsupportedQuery",
            "Invalid page size specified: '1000'. Must be between 1 and 999 inclusive.",
        ),
        (
            "$top=0",
            "Request_UnsupportedQuery",
            "Invalid page size specified: '0'. Must be between 1 and 999 inclusive.",
        ),
        (
            "$orderby=displayName",
            "Request_UnsupportedQuery",
            "Sorting not supported for current query.",
        ),
        ('$search="displayName:a"', "Request_UnsupportedQuery", "'ConsistencyLevel: eventual'"),
        (
            "$filter=colour eq 'a'",
            "BadRequest",
            (
                "Invalid filter clause: Could not find a property named 'colour' on type"
                " 'microsoft.graph.application'"
            ),
        ),
        (
            "$select=colour",
            "BadRequest",
            (
                "Parsing OData Select and Expand failed: Could not find a property named 'colour'"
                " on type 'microsoft.graph.application'."
            ),
        ),
        ("$skip=5", "BadRequest", "'$skip' is not allowed"),
    ],
)
def test_a_query_that_is_refused(desk, query, code, text) -> None:
    answer = desk.home("GET", "applications", query)
    assert (answer.status, answer.error()["code"]) == (400, code)
    assert text in answer.error()["message"]


def test_a_count_without_the_header_is_left_out(desk) -> None:
    assert "@odata.count" not in desk.home("GET", "applications", "$count=true").json()


def test_a_secret_is_shown_once_and_removed_by_its_id(desk) -> None:
    made = desk.registered(unique("secret"))
    where = f"applications/{made['id']}"
    added = desk.home(
        "POST", f"{where}/addPassword", body={"passwordCredential": {"displayName": "first"}}
    )
    told = added.json()
    assert added.status == 200
    assert set(told) - {"@odata.context"} == {
        "customKeyIdentifier",
        "endDateTime",
        "keyId",
        "startDateTime",
        "secretText",
        "hint",
        "displayName",
    }
    assert told["secretText"].startswith(told["hint"])
    listed = desk.home("GET", where).json()["passwordCredentials"]
    assert [(one["keyId"], one["displayName"], one["secretText"]) for one in listed] == [
        (told["keyId"], "first", None)
    ]
    years = datetime.fromisoformat(told["endDateTime"]) - datetime.fromisoformat(
        told["startDateTime"]
    )
    assert years == timedelta(days=730)
    assert told["secretText"] not in json.dumps(desk.control("GET", "journal").json())
    assert told["secretText"] not in repr(
        vars(desk.lab.directory.registrations.find(made["appId"]))
    )
    assert desk.home("POST", f"{where}/removePassword", body={"keyId": told["keyId"]}).status == 204
    assert desk.home("GET", where).json()["passwordCredentials"] == []
    again = desk.home("POST", f"{where}/removePassword", body={"keyId": told["keyId"]})
    assert (again.status, again.error()["message"]) == (
        400,
        f"No password credential found with keyId '{told['keyId']}'.",
    )


@pytest.mark.parametrize("end", ["2020-01-01T00:00:00Z", "tomorrow"])
def test_a_secret_that_would_have_ended_is_refused(desk, end) -> None:
    made = desk.registered(unique("ended"))
    answer = desk.home(
        "POST",
        f"applications/{made['id']}/addPassword",
        body={"passwordCredential": {"endDateTime": end}},
    )
    assert answer.status == 400
    assert desk.home("GET", f"applications/{made['id']}").json()["passwordCredentials"] == []


def certificate() -> bytes:
    return client(authority("Somebody's CA"), "rotation.partner.example").der


def test_certificates_are_replaced_as_a_list(desk) -> None:
    made = desk.registered(unique("keys"))
    where = f"applications/{made['id']}"
    first, second = certificate(), certificate()

    def entry(der: bytes) -> dict[str, str]:
        return {
            "type": "AsymmetricX509Cert",
            "usage": "Verify",
            "key": base64.b64encode(der).decode(),
        }

    assert desk.home("PATCH", where, body={"keyCredentials": [entry(first)]}).status == 204
    listed = desk.home("GET", where).json()["keyCredentials"]
    assert [(one["type"], one["usage"], one["key"]) for one in listed] == [
        ("AsymmetricX509Cert", "Verify", None)
    ]
    chosen = desk.home("GET", where, "$select=keyCredentials").json()["keyCredentials"]
    assert base64.b64decode(chosen[0]["key"]) == first
    # as it was listed, without its key: it stays
    assert (
        desk.home("PATCH", where, body={"keyCredentials": [*listed, entry(second)]}).status == 204
    )
    both = desk.home("GET", where).json()["keyCredentials"]
    assert [one["keyId"] for one in both][0] == listed[0]["keyId"]
    assert len(both) == 2
    # left out: it goes
    assert desk.home("PATCH", where, body={"keyCredentials": both[1:]}).status == 204
    assert [one["keyId"] for one in desk.home("GET", where).json()["keyCredentials"]] == [
        both[1]["keyId"]
    ]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"type": None}, "KeyCredentialsInvalidType"),
        ({"usage": "Sign"}, "KeyCredentialsInvalidUsage"),
        ({"key": "AAAA"}, "KeyCredentialsInvalidValue"),
        ({"key": "not base64!"}, "KeyCredentialsInvalidValue"),
        ({"key": None}, "KeyCredentialsInvalidValue"),
        ({"endDateTime": "2099-01-01T00:00:00Z"}, "KeyCredentialsInvalidEndDate"),
        ({"startDateTime": "2001-01-01T00:00:00Z"}, "KeyCredentialsInvalidStartDate"),
    ],
)
def test_a_certificate_that_is_none(desk, change, code) -> None:
    made = desk.registered(unique("bad key"))
    entry = {
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
        "key": base64.b64encode(certificate()).decode(),
        **change,
    }
    answer = desk.home("PATCH", f"applications/{made['id']}", body={"keyCredentials": [entry]})
    assert (answer.status, answer.error()["code"]) == (400, code)


def test_federated_credentials(desk) -> None:
    made = desk.registered(unique("federated"))
    where = f"applications/{made['id']}/federatedIdentityCredentials"
    body = {
        "name": "pipeline",
        "issuer": "https://ci.example",
        "subject": "repo:a",
        "audiences": ["api://AzureADTokenExchange"],
    }
    answer = desk.home("POST", where, body=body)
    assert answer.status == 201
    told = answer.json()
    assert {name: told[name] for name in body} == body
    assert [one["id"] for one in desk.home("GET", where).json()["value"]] == [told["id"]]
    assert desk.home("GET", f"{where}/pipeline").json()["id"] == told["id"]
    twice = desk.home("POST", where, body={**body, "subject": "repo:b"})
    assert (twice.status, twice.error()["message"]) == (
        409,
        "FederatedIdentityCredential with name pipeline already exists.",
    )
    same = desk.home("POST", where, body={**body, "name": "other"})
    assert (same.status, same.error()["code"]) == (409, "Request_MultipleObjectsWithSameKeyValue")
    renamed = desk.home("PATCH", f"{where}/{told['id']}", body={"name": "new"})
    assert renamed.status == 400
    assert "immutable" in renamed.error()["message"]
    assert desk.home("PATCH", f"{where}/{told['id']}", body={"subject": "repo:c"}).status == 204
    assert desk.home("GET", f"{where}/{told['id']}").json()["subject"] == "repo:c"
    assert desk.home("DELETE", f"{where}/{told['id']}").status == 204
    assert desk.home("GET", where).json()["value"] == []


def test_more_than_twenty_federated_credentials(desk) -> None:
    made = desk.registered(unique("twenty"))
    where = f"applications/{made['id']}/federatedIdentityCredentials"
    body = {"issuer": "https://ci.example", "audiences": ["api://AzureADTokenExchange"]}
    answers = [
        desk.home(
            "POST", where, body={**body, "name": f"n{number}", "subject": f"s{number}"}
        ).status
        for number in range(21)
    ]
    assert answers == [201] * 20 + [400]


@pytest.mark.parametrize(
    "change",
    [
        {"name": None},
        {"name": "not friendly/"},
        {"issuer": "ftp://x"},
        {"audiences": []},
        {"audiences": ["a", "b"]},
        {"subject": ""},
        {"colour": "red"},
    ],
)
def test_a_federated_credential_that_is_none(desk, change) -> None:
    made = desk.registered(unique("bad federated"))
    body = {
        "name": "n",
        "issuer": "https://ci.example",
        "subject": "s",
        "audiences": ["api://AzureADTokenExchange"],
        **change,
    }
    assert (
        desk.home(
            "POST", f"applications/{made['id']}/federatedIdentityCredentials", body=body
        ).status
        == 400
    )


def test_the_directory_has_its_own_words_for_a_missing_role(desk, tenant) -> None:
    answer = desk.graph(tenant, "GET", "applications")
    assert (answer.status, answer.error()["code"]) == (403, "Authorization_RequestDenied")
    assert answer.error()["message"] == "Insufficient privileges to complete the operation."


def test_an_owners_role_is_good_for_what_the_caller_made(desk, tenant) -> None:
    """One more app of the provider, with the owners' role only."""
    foreign = desk.registered(unique("foreign"))
    desk.become(tenant, roles={"graph": ["Application.ReadWrite.OwnedBy"]})
    mine = desk.graph(tenant, "POST", "applications", body={"displayName": "mine"}).json()
    assert (
        desk.graph(
            tenant, "PATCH", f"applications/{mine['id']}", body={"displayName": "ours"}
        ).status
        == 204
    )
    assert desk.graph(tenant, "GET", f"applications/{foreign['id']}").status == 404
    desk.lab.directory.registrations.find(mine["appId"]).owners.clear()
    for method, path in (("PATCH", ""), ("DELETE", ""), ("POST", "/addPassword")):
        assert (
            desk.graph(tenant, method, f"applications/{mine['id']}{path}", body={}).status == 403
        ), method
    assert desk.graph(tenant, "GET", f"applications/{mine['id']}").status == 200


def test_a_list_of_secrets_takes_away_and_never_adds(desk) -> None:
    made = desk.registered(unique("less"))
    where = f"applications/{made['id']}"
    first, second = (
        desk.home("POST", f"{where}/addPassword", body={}).json()["keyId"] for unused in range(2)
    )
    for wrong in ([{"displayName": "mine"}], [{"keyId": str(uuid.uuid4())}], "all", [5]):
        assert desk.home("PATCH", where, body={"passwordCredentials": wrong}).status == 400
    assert desk.home("PATCH", where, body={"passwordCredentials": None}).status == 204
    assert (
        desk.home("PATCH", where, body={"passwordCredentials": [{"keyId": second}]}).status == 204
    )
    assert [one["keyId"] for one in desk.home("GET", where).json()["passwordCredentials"]] == [
        second
    ]
    assert first != second
