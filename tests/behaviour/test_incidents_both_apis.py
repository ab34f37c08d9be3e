# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Both generations of Microsoft's API answer alike, and as a bare client sees the same world. In
process: hundreds of combinations."""

from __future__ import annotations

import dataclasses
import itertools
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.modules import incident_info
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _execution
from ansible_collections.mssp.defender_xdr.tests.behaviour.conftest import _lab
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Json, Lab

INCIDENTS: t.Final = 130  # three pages of Graph, two of the older API
# what both generations know of an incident
BOTH: t.Final = (
    "id display_name status severity classification determination assigned_to custom_tags comments"
    " created_date_time last_update_date_time redirect_incident_id"
).split()
# Graph's names of the same, for the bare client
NAMES: t.Final = (
    "id displayName status severity classification determination assignedTo customTags comments"
    " createdDateTime lastUpdateDateTime redirectIncidentId"
).split()
MINUTE: t.Final = 60


@dataclasses.dataclass(frozen=True)
class Asked:
    """One tenant, and its incidents as a bare client reads them from Graph."""

    lab: Lab
    tenant_id: str
    cache: str
    world: list[Json]

    def run(self, api: str, **params: t.Any) -> Json:
        """The module's result, without Ansible around it."""
        if api == "xdr":
            # the older API allows 50 calls a minute
            self.lab.control("POST", "clock", advance=MINUTE)
        own = {
            "tenant_id": self.tenant_id,
            "client_id": self.lab.facts["client_id"],
            "client_secret": self.lab.facts["client_secret"],
            "ca_path": self.lab.facts["ca_path"],
            "token_cache": self.cache,
            "api": api,
            **{f"{name}_url": url for name, url in self.lab.urls.items()},
        }
        return _execution.run_here(
            incident_info,
            _execution.validated(incident_info.SPEC, {**own, **params}),
            (),
            check_mode=False,
        )

    def failure(self, api: str, **params: t.Any) -> DefenderError:
        with pytest.raises(DefenderError) as raised:
            self.run(api, **params)
        return raised.value

    def calls(self, since: int) -> list[tuple[str, str]]:
        lines = self.lab.journal(since)
        return [
            (line["origin"], line["path"])
            for line in lines
            if self.tenant_id in (line["tenant"], line["path"].split("/")[1])
        ]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Lab]:
    """A lab whose tenants have more incidents than fit on a page of either API."""
    yield from _lab(
        tmp_path_factory, "both", "--tenants", "8", "--sick", "none", "--incidents", str(INCIDENTS)
    )


@pytest.fixture(scope="module")
def tenants(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Asked]:
    """One tenant after the other; a test that changes a tenant takes one for itself."""

    def build() -> t.Iterator[Asked]:
        for one in lab.facts["tenants"]:
            yield Asked(
                lab,
                one["tenant_id"],
                str(tmp_path_factory.mktemp("tokens") / "cache"),
                lab.incidents(one["tenant_id"]),
            )

    return build()


@pytest.fixture(scope="module")
def shared(tenants: t.Iterator[Asked]) -> Asked:
    """The tenant that no test changes."""
    asked = next(tenants)
    assert len(asked.world) == INCIDENTS
    return asked


@pytest.fixture
def own(tenants: t.Iterator[Asked], shared: Asked) -> Asked:
    """A tenant that no other test uses."""
    return next(tenants)


# An independent evaluation: over what the bare client read, in Graph's own words, typed by hand.


CAMEL: t.Final = {
    "in_progress": "inProgress",
    "false_positive": "falsePositive",
    "true_positive": "truePositive",
    "informational_expected_activity": "informationalExpectedActivity",
    "not_enough_data_to_validate": "notEnoughDataToValidate",
    "not_malicious": "notMalicious",
    "security_testing": "securityTesting",
}


def expected(world: list[Json], options: Json) -> list[Json]:
    """The incidents that fit, newest by creation first. The lab writes every time with seven
    decimals, so times compare as text."""

    def fits(one: Json) -> bool:
        words = ("status", "severity", "classification", "determination")
        return (
            all(
                one[name] in [CAMEL.get(word, word) for word in options[name]]
                for name in words
                if name in options
            )
            and (
                "assigned_to" not in options or (one["assignedTo"] or "") in options["assigned_to"]
            )
            and one["createdDateTime"] >= options.get("created_since", "")
            and one["createdDateTime"] < options.get("created_before", "9")
            and one["lastUpdateDateTime"] >= options.get("updated_since", "")
            and one["lastUpdateDateTime"] < options.get("updated_before", "9")
        )

    return sorted(
        filter(fits, world), key=lambda one: (one["createdDateTime"], int(one["id"])), reverse=True
    )


def words(one: Json) -> Json:
    """A Graph incident in the collection's words, as far as both generations know it."""
    told = dict(zip(BOTH, (one[name] for name in NAMES), strict=True))
    for name in ("status", "classification", "determination"):
        told[name] = "".join(
            f"_{letter.lower()}" if letter.isupper() else letter for letter in told[name]
        )
    told["comments"] = [
        {
            "comment": said["comment"],
            "created_by_display_name": said["createdByDisplayName"],
            "created_date_time": said["createdDateTime"],
        }
        for said in told["comments"]
    ]
    return told


def moments(world: list[Json], name: str) -> tuple[str, str]:
    """Two times of incidents, the earlier a quarter from the oldest; a bound on the very tick tells
    including from excluding."""
    ordered = sorted(one[name] for one in world)
    return ordered[len(ordered) // 4], ordered[3 * len(ordered) // 4]


def options_of(world: list[Json]) -> list[Json]:
    """Each option with the values that differ in kind."""
    people = sorted({one["assignedTo"] for one in world if one["assignedTo"]})
    created, updated = moments(world, "createdDateTime"), moments(world, "lastUpdateDateTime")
    return [
        {"status": ["active"]},
        {"status": ["active", "in_progress"]},
        {"status": ["redirected"]},
        {"severity": ["high"]},
        {"severity": ["low", "informational", "unknown"]},
        {"classification": ["unknown"]},
        {"classification": ["informational_expected_activity", "false_positive"]},
        {"determination": ["unknown"]},
        {"determination": ["not_malicious", "not_enough_data_to_validate", "security_testing"]},
        {"assigned_to": people[:1]},
        {"assigned_to": [""]},
        {"assigned_to": ["", people[-1]]},
        {"assigned_to": ["nobody@o'hara.example"]},
        {"created_since": created[0]},
        {"created_before": created[1]},
        {"updated_since": updated[0]},
        {"updated_before": updated[1]},
        {"limit": 1},
        {"limit": 50},
        {"limit": 100},
        {"limit": INCIDENTS},
        {"fields": ["status", "severity"]},
    ]


def assert_alike(asked: Asked, options: Json) -> None:
    given = {"limit": 0, **options}
    graph, xdr = asked.run("graph", **given), asked.run("xdr", **given)
    assert (graph["api"], xdr["api"]) == ("graph", "xdr")
    truth = expected(asked.world, options)
    limit = given["limit"] or len(truth)
    shown = [words(one) for one in truth[:limit]]
    mark = max(
        (one["last_update_date_time"].rstrip("0Z").rstrip(".") + "Z" for one in shown), default=""
    )
    chosen = ["id", *given["fields"]] if "fields" in given else BOTH
    for told in (graph, xdr):
        assert [{name: one[name] for name in chosen} for one in told["incidents"]] == [
            {name: one[name] for name in chosen} for one in shown
        ]
        assert "fields" not in given or all(set(one) == set(chosen) for one in told["incidents"])
        assert (told["count"], told["truncated"]) == (len(shown), len(truth) > limit)
        assert told["watermark"].rstrip("0Z").rstrip(".") + "Z" * bool(mark) == mark
    assert not graph.get("warnings")
    assert ["retir" in warning for warning in xdr["warnings"]] == [True]


def test_every_option_gives_equal_answers_through_both_apis(shared: Asked) -> None:
    for options in options_of(shared.world):
        assert_alike(shared, options)


def test_every_pair_of_options_gives_equal_answers_through_both_apis(shared: Asked) -> None:
    every = options_of(shared.world)
    pairs = [
        {**one, **other}
        for one, other in itertools.combinations(every, 2)
        if not set(one) & set(other)
    ]
    assert len(pairs) > 150
    for options in pairs:
        assert_alike(shared, options)


def test_a_filter_is_written_in_the_words_of_the_api_that_answers(shared: Asked) -> None:
    truth = [
        one["id"]
        for one in expected(shared.world, {"status": ["active", "redirected"], "severity": ["low"]})
    ]
    graph = shared.run(
        "graph", limit=0, severity=["low"], filter="status eq 'active' or status eq 'redirected'"
    )
    xdr = shared.run(
        "xdr", limit=0, severity=["low"], filter="status eq 'Active' or status eq 'Redirected'"
    )
    assert (
        [one["id"] for one in graph["incidents"]]
        == [one["id"] for one in xdr["incidents"]]
        == truth
    )


def test_one_incident_is_the_same_through_both_apis(shared: Asked) -> None:
    redirected = next(one for one in shared.world if one["redirectIncidentId"])
    for one in (redirected, shared.world[0]):
        graph, xdr = shared.run("graph", id=one["id"]), shared.run("xdr", id=one["id"])
        for told in (graph, xdr):
            assert [{name: incident[name] for name in BOTH} for incident in told["incidents"]] == [
                words(one)
            ]
            assert (told["count"], told["truncated"]) == (1, False)
    assert isinstance(words(redirected)["redirect_incident_id"], str)


@pytest.mark.parametrize("api", ["graph", "xdr"])
def test_an_incident_that_does_not_exist_is_not_found(api: str, shared: Asked) -> None:
    assert shared.failure(api, id="1").category == "not_found"


def test_alerts_are_the_same_through_both_apis(shared: Asked) -> None:
    graph, xdr = (
        shared.run(api, limit=20, expand_alerts=True)["incidents"] for api in ("graph", "xdr")
    )
    known = (
        "id",
        "title",
        "severity",
        "status",
        "category",
        "service_source",
        "created_date_time",
        "last_update_date_time",
        "incident_id",
    )
    for one, other in zip(graph, xdr, strict=True):
        assert [{name: alert[name] for name in known} for alert in one["alerts"]] == [
            {name: alert[name] for name in known} for alert in other["alerts"]
        ]
    assert sum(len(one["alerts"]) for one in graph) > 20


def test_what_only_graph_can_tell_is_refused_by_the_older_api_before_a_page_is_read(
    own: Asked,
) -> None:
    since = own.lab.now()
    assert own.failure("xdr", status=["awaiting_action"]).category == "unsupported"
    assert not [path for origin, path in own.calls(since) if origin == "xdr"]


# Where Graph fails over the alerts of a page


def test_incidents_come_one_by_one_where_the_page_with_alerts_keeps_failing(own: Asked) -> None:
    whole = own.run("graph", limit=3, expand_alerts=True)
    own.lab.control(
        "POST",
        "faults",
        tenant=own.tenant_id,
        origin="graph",
        path="/v1.0/security/incidents",
        status=503,
        times=1,
    )
    since = own.lab.now()
    one_by_one = own.run("graph", limit=3, expand_alerts=True, retries=0)
    assert one_by_one["incidents"] == whole["incidents"]
    assert any(one["alerts"] for one in whole["incidents"])
    assert [path for origin, path in own.calls(since) if origin == "graph"][:2] == [
        "/v1.0/security/incidents"
    ] * 2
    assert not one_by_one.get("warnings")


def test_an_incident_whose_alerts_never_come_is_listed_without_them_and_named(own: Asked) -> None:
    whole = own.run("graph", limit=3, expand_alerts=True)["incidents"]
    options = {"created_since": whole[2]["created_date_time"], "expand_alerts": True, "retries": 0}
    path, number = "/v1.0/security/incidents", whole[1]["id"]
    for place in (f"{path}/{number}", path):
        own.lab.control(
            "POST", "faults", tenant=own.tenant_id, origin="graph", path=place, status=503, times=1
        )
    told = own.run("graph", **options)
    assert [one["id"] for one in told["incidents"]] == [one["id"] for one in whole]
    assert [one.get("alerts") for one in told["incidents"]] == [
        whole[0]["alerts"],
        None,
        whole[2]["alerts"],
    ]
    assert [number in warning for warning in told["warnings"]] == [True]


def test_alerts_that_came_with_a_later_page_are_no_warning(own: Asked) -> None:
    whole = own.run("graph", limit=3, expand_alerts=True)
    path, number = "/v1.0/security/incidents", whole["incidents"][1]["id"]
    for place in (f"{path}/{number}", path):
        own.lab.control(
            "POST", "faults", tenant=own.tenant_id, origin="graph", path=place, status=503, times=1
        )
    told = own.run("graph", limit=3, expand_alerts=True, retries=0)
    assert told["incidents"] == whole["incidents"]
    assert not told.get("warnings")


# api: auto


def login(calls: list[tuple[str, str]]) -> int:
    return sum(origin == "login" for origin, _unused in calls)


def test_auto_takes_graph_where_it_is_allowed_and_remembers_it(own: Asked) -> None:
    own.lab.control("POST", "consent", tenant=own.tenant_id, roles={"xdr": []})
    assert (told := own.run("auto", limit=5))["api"] == "graph"
    assert not told.get("warnings")
    since = own.lab.now()
    assert own.run("auto", limit=5)["incidents"] == told["incidents"]
    assert set(own.calls(since)) == {("graph", "/v1.0/security/incidents")}


def test_auto_takes_the_older_api_where_only_that_is_allowed_warns_and_remembers_it(
    own: Asked,
) -> None:
    own.lab.control("POST", "consent", tenant=own.tenant_id, roles={"graph": []})
    told = own.run("auto", limit=5)
    assert told["api"] == "xdr"
    assert [("MC1220762" in warning, own.tenant_id in warning) for warning in told["warnings"]] == [
        (True, True)
    ]
    since = own.lab.now()
    assert own.run("auto", limit=5)["warnings"] == told["warnings"]
    assert set(own.calls(since)) == {("xdr", "/api/incidents")}


def test_auto_tells_what_graph_lacks_where_nothing_is_allowed_and_sends_no_call(own: Asked) -> None:
    own.lab.control("POST", "consent", tenant=own.tenant_id, roles={"graph": [], "xdr": []})
    since = own.lab.now()
    error = own.failure("auto", limit=5)
    assert (error.category, error.facts["missing_roles"]) == (
        "role_missing",
        ["SecurityIncident.Read.All"],
    )
    assert {origin for origin, _unused in own.calls(since)} == {"login"}
    since = own.lab.now()
    assert own.failure("auto", limit=5).category == "role_missing"
    assert login(own.calls(since)) <= 2
