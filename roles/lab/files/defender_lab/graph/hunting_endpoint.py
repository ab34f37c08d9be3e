# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Graph's runHuntingQuery: the allowed request body and the format of the response."""

from __future__ import annotations

from defender_lab.api.routes import Call
from defender_lab.hunting.service import Hunts, fitting
from defender_lab.odata.bodies import KIND, object_of
from defender_lab.service.exchange import NotInTheLab, Refused, Reply, dumped

# the reference pages write Query and Timespan, the metadata query and timespan; the service takes
# both
MEMBERS = ("query", "timespan", "workspaceId")


async def run(call: Call, hunts: Hunts) -> Reply:
    query, timespan = _asked(call)
    answer = await hunts.run(call.tenant, query, timespan)
    metadata = f"{call.request.base}/v1.0/$metadata"
    body = {
        "@odata.context": f"{metadata}#microsoft.graph.security.huntingQueryResults",
        "schema": answer.schema,
        "results": answer.results,
    }
    return Reply(200, fitting(dumped(body)), {"Content-Type": KIND})


def _asked(call: Call) -> tuple[str, str | None]:
    parameters = {}
    for name, value in object_of(call.request).items():
        plain = name[:1].lower() + name[1:]
        if plain not in MEMBERS or plain in parameters:
            raise Refused(
                400,
                "BadRequest",
                (
                    f"The parameter '{name}' in the request payload is not a valid parameter for"
                    " the operation 'runHuntingQuery'."
                ),
            )
        if value is not None and not isinstance(value, str):
            raise Refused(
                400,
                "BadRequest",
                f"The parameter '{name}' in the request payload must be of type 'Edm.String'.",
            )
        parameters[plain] = value
    if parameters.get("workspaceId"):
        raise NotInTheLab("workspaceId in a hunt")
    query = parameters.get("query")
    if not query:
        raise Refused(
            400,
            "BadRequest",
            "The parameter 'query' is required for the operation 'runHuntingQuery'.",
        )
    return query, parameters.get("timespan")
