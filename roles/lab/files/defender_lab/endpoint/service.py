# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The route table of the Defender for Endpoint API: roles, limits and handlers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from defender_lab.api.defender import WORDS, inactive, refusal, too_many
from defender_lab.api.routes import Call, Route, Service
from defender_lab.endpoint import library, live_response, machine_actions, machines
from defender_lab.endpoint.downloads import Downloads
from defender_lab.endpoint.response_actions import ACTIONS, ROLE_OF_TYPE, investigated, started
from defender_lab.estate.estate import Estate
from defender_lab.service.exchange import Reply
from defender_lab.service.quota import Limit
from defender_lab.store import Store
from defender_lab.tenants.resources import ENDPOINT

Handler = Callable[[Call, Estate], Reply]

READ = ("Machine.Read.All", "Machine.ReadWrite.All")
WRITE = ("Machine.ReadWrite.All",)
LIBRARY = ("Library.Manage",)
ALERTS = ("Alert.Read.All", "Alert.ReadWrite.All")

LIMITS = (Limit(100, 60.0), Limit(1500, 3600.0))
PACKAGE_LIMITS = (Limit(2, 60.0), Limit(120, 3600.0))
INVESTIGATION_LIMITS = (Limit(50, 3600.0),)
LIVE_RESPONSE_LIMITS = (Limit(10, 60.0),)
# the documented paths begin with either
PREFIXES = ("/api", "/api/v1.0")


def service(store: Store) -> Service:
    downloads = Downloads(store.clock)
    routes = tuple(
        route
        for prefix in PREFIXES
        for route in (
            *_machines(prefix, store),
            *_actions(prefix, store),
            *_results(prefix, store, downloads),
            *_library(prefix, store),
        )
    )
    return Service(ENDPOINT, routes, WORDS, refusal, too_many, inactive, downloads.answer)


def _with_estate(store: Store, handler: Handler) -> Callable[[Call], Reply]:
    return lambda call: handler(call, store.estate(call.tenant.id))


def _machines(prefix: str, store: Store) -> tuple[Route, ...]:
    at, on = f"{prefix}/machines", partial(_with_estate, store)
    by_ip = f"{at}/findbyip(ip='{{ip}}',timestamp={{timestamp}})"
    bulk = f"{at}/AddOrRemoveTagForMultipleMachines"
    machine = f"{at}/{{id}}"
    return (
        Route("GET", at, READ, on(machines.listed), "machines", LIMITS),
        Route("GET", f"{at}/findbytag", READ, on(machines.with_tag), "findbytag", LIMITS),
        Route("GET", by_ip, READ, on(machines.with_ip), "findbyip", LIMITS),
        Route("GET", machine, READ, on(machines.got), "machine", LIMITS),
        Route("PATCH", machine, WRITE, on(machines.updated), "machine update", LIMITS),
        Route("POST", f"{machine}/tags", WRITE, on(machines.tagged), "tags", LIMITS),
        Route("POST", bulk, WRITE, on(machines.all_tagged), "bulk tags", LIMITS),
        Route("POST", f"{machine}/setDeviceValue", WRITE, on(machines.valued), "value", LIMITS),
    )


def _actions(prefix: str, store: Store) -> tuple[Route, ...]:
    machine, on = f"{prefix}/machines/{{id}}", partial(_with_estate, store)
    simple = tuple(
        Route(
            "POST",
            f"{machine}/{action.path}",
            (action.role,),
            on(partial(started, action=action)),
            action.path,
            LIMITS,
        )
        for action in ACTIONS
    )
    return (
        *simple,
        Route(
            "POST",
            f"{machine}/startInvestigation",
            ("Alert.ReadWrite.All",),
            on(investigated),
            "startInvestigation",
            INVESTIGATION_LIMITS,
        ),
        Route(
            "POST",
            f"{machine}/runliveresponse",
            ("Machine.LiveResponse",),
            on(live_response.started),
            "runliveresponse",
            LIVE_RESPONSE_LIMITS,
        ),
    )


def _results(prefix: str, store: Store, downloads: Downloads) -> tuple[Route, ...]:
    at, on = f"{prefix}/machineactions", partial(_with_estate, store)
    cancel_roles = tuple(dict.fromkeys(ROLE_OF_TYPE.values()))
    package = on(partial(machine_actions.package_uri, downloads=downloads))
    result = on(partial(live_response.result_link, downloads=downloads))
    link = f"{at}/{{id}}/GetLiveResponseResultDownloadLink(index={{index}})"
    cancel = on(machine_actions.cancelled)
    investigations = f"{prefix}/investigations"
    return (
        Route("GET", at, READ, on(machine_actions.listed), "actions", LIMITS),
        Route("GET", f"{at}/{{id}}", READ, on(machine_actions.got), "action", LIMITS),
        Route("POST", f"{at}/{{id}}/cancel", cancel_roles, cancel, "cancel", LIMITS),
        # the page spells it both ways
        Route("GET", f"{at}/{{id}}/getPackageUri", READ, package, "package", PACKAGE_LIMITS),
        Route("GET", f"{at}/{{id}}/GetPackageUri", READ, package, "package", PACKAGE_LIMITS),
        Route("GET", link, READ, result, "result", LIMITS),
        Route(
            "GET",
            investigations,
            ALERTS,
            on(machine_actions.investigations),
            "investigations",
            LIMITS,
        ),
        Route(
            "GET",
            f"{investigations}/{{id}}",
            ALERTS,
            on(machine_actions.investigation),
            "investigation",
            LIMITS,
        ),
    )


def _library(prefix: str, store: Store) -> tuple[Route, ...]:
    at, on = f"{prefix}/libraryfiles", partial(_with_estate, store)
    return (
        Route("GET", at, LIBRARY, on(library.listed), "library", LIMITS),
        Route("POST", at, LIBRARY, on(library.uploaded), "library upload", LIMITS),
        Route("DELETE", f"{at}/{{name}}", LIBRARY, on(library.deleted), "library delete", LIMITS),
    )
