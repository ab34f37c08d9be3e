# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report's door: collects what the hosts' facts say, writes the files, and only then judges.

Facts are read as they are, not through Jinja: what a customer called an incident is never a
template, and thousands of them are not walked through an engine that would look for one.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import json
import os
import re
import typing as t
from pathlib import Path

from ansible.plugins.action import ActionBase
from ansible.release import __version__ as core_version
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _files, _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _batch, _coverage, _execution
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    facts as _report_facts,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    indicators as _report_indicators,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    model as _report_model,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import page as _report_page
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    questions as _questions,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    service_levels as _service_levels,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    tables as _report_tables,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.inputs import (
    Setting,
    Tenant,
)

TENANT_ID: t.Final = "defender_xdr_tenant_id"
TENANT_NAME: t.Final = "defender_xdr_tenant_name"


class Report(ActionBase):
    """Makes a report of the play's hosts in the worker of one of them."""

    spec: t.ClassVar[Json]  # of the module report, from its action file
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: Json | None = None) -> Json:
        super().run(tmp, task_vars)
        del tmp
        try:
            arguments = dict(self._task.args)
            params = _execution.validated(self.spec, arguments)
            params["hosts"] = _batch.named(arguments, params["hosts"])
            too_many = _coverage.threshold(params["fail_when"])
            if params["hosts"] == []:
                return nobody()
            sla = _service_levels.check_sla(params["sla"])
            report = self._made(params, sla, task_vars or {})
            result: Json = {
                "changed": False,
                "coverage": report["coverage"],
                "summary": _report_tables.markdown(report),
                "files": {},
            }
            if params["dest"]:
                written = files(report, params["formats"])
                result["changed"] = write(params["dest"], written, check_mode=self._task.check_mode)
                result["files"] = {name: os.path.join(params["dest"], name) for name in written}
        except DefenderError as e:
            return e.as_result()
        count = report["coverage"]
        if too_many(count["unread"], count["asked"]):
            result["failed"] = True
            where = f" The report is in {params['dest']}." if params["dest"] else ""
            result["msg"] = (
                f"Of {count['asked']} tenants {count['unread']} could not be read; fail_when is"
                f" {params['fail_when']}.{where}"
            )
        return result

    def _made(self, params: Json, sla: dict[str, dict[str, float]], variables: Json) -> Json:
        hosts = params["hosts"]
        ended: t.Collection[str] = ()
        if hosts is None:
            hosts = variables["ansible_play_hosts_all"]
            ended = _batch.batch(self._task, variables).ended
        known = {host: self._host(host, params["tier_variable"], variables) for host in hosts}
        tenant_ids = {host: one["id"].lower() for host, one in known.items()}
        incidents = {
            host: one["incidents"] for host, one in known.items() if one["incidents"] is not None
        }
        if params["incidents"] is not None:
            incidents = _report_facts.swept(params["incidents"], hosts, tenant_ids)
        elif params["incidents_from"]:
            incidents = _report_facts.filed(params["incidents_from"], hosts, tenant_ids)
        # a host that the play ended on purpose before it was asked anything is no tenant of this
        # report
        for host in ended:
            if known[host]["preflight"] is None and host not in incidents:
                del known[host]
        own: Json = next((one["hunts"] for one in known.values() if one["hunts"]), {})
        hunts = _report_facts.hunted(params["hunts_from"]) if params["hunts_from"] else own
        tenants = [
            Tenant(
                host=host,
                name=one["name"],
                tenant_id=one["id"],
                tier=one["tier"],
                preflight=one["preflight"],
                incidents=incidents.get(host),
            )
            for host, one in known.items()
        ]
        shared = _report_indicators.shared(
            _report_facts.found(hunts, {tenant_id: host for host, tenant_id in tenant_ids.items()})
        )
        setting = Setting(
            title=params["title"],
            at=_times.now(),
            sla=sla,
            versions={"mssp.defender_xdr": version(), "ansible-core": core_version},
            asked=[*params["asked"], *_questions.questions(tenants, hunts)],
        )
        return _report_model.build(tenants, hunts, shared, setting)

    def _host(self, host: str, tier: str, variables: Json) -> Json:
        """What the report takes from a host's variables. Only names that a person wrote in the
        inventory may be templates."""
        hostvars = variables["hostvars"]
        if host not in hostvars:
            raise DefenderError(
                "bad_request", f"hosts names {host}, which is not in the inventory."
            )
        raw = hostvars.raw_get(host)

        def value(name: str, default: str) -> str:
            text = raw.get(name)
            if text is None:
                return default
            # hostvars[host] templates the value, which takes as long as all the rest together
            if isinstance(text, str) and "{{" in text:
                text = hostvars[host][name]
            return str(text)

        incidents = raw.get("incidents_result")
        if incidents is not None:
            listed = incidents.get("incidents") or []
            incidents = {**incidents, "incidents": [_report_facts.kept(one) for one in listed]}
        return {
            "id": value(TENANT_ID, ""),
            "name": value(TENANT_NAME, host),
            "tier": value(tier, _service_levels.UNTIERED),
            "preflight": raw.get("preflight_result"),
            "incidents": incidents,
            "hunts": raw.get("hunt_result"),
        }


def files(report: Json, formats: t.Collection[str]) -> dict[str, bytes]:
    """The contents of the files by name."""
    made: dict[str, bytes] = {}
    if "html" in formats:
        made["report.html"] = _report_page.page(report).encode("utf-8", "replace")
    if "json" in formats:
        made["report.json"] = _files.encoded(
            json.dumps(report, ensure_ascii=False, indent=1) + "\n"
        )
    if "markdown" in formats:
        made["report.md"] = _report_tables.markdown(report).encode("utf-8", "replace")
    if "csv" in formats:
        made |= _report_tables.csvs(report)
    return made


def write(dest: str, written: t.Mapping[str, bytes], *, check_mode: bool = False) -> bool:
    """Put the files in place, each whole, for their owner alone; whether one of them changes."""
    paths = {os.path.join(dest, name): content for name, content in written.items()}
    if not check_mode:
        try:
            os.makedirs(dest, mode=0o700, exist_ok=True)
        except OSError as e:
            raise DefenderError(
                "bad_request",
                f"dest is {dest}, where the report could not be written: {e.strerror}.",
            ) from None
        for path in paths:
            _files.check(path)
    changes = [
        _files.write(path, content, check_mode=check_mode) for path, content in paths.items()
    ]
    return any(changes)


def nobody() -> Json:
    """The result for an empty list of hosts."""
    count: Json = {"asked": 0, "read": 0, "partly": 0, "unread": 0, "by_category": {}, "by_who": {}}
    text = "hosts is empty, so that there is no tenant to report and nothing was written."
    return {
        "changed": False,
        "coverage": count,
        "summary": "",
        "files": {},
        "msg": text,
        "warnings": [text],
    }


def version() -> str:
    """This collection's version, out of what an installation or a checkout says of itself."""
    root = Path(__file__).resolve().parents[3]
    for name, words in (
        ("MANIFEST.json", r'"version": "([^"]+)"'),
        ("galaxy.yml", r"(?m)^version: (\S+)"),
    ):
        if (root / name).is_file() and (
            said := re.search(words, (root / name).read_text(encoding="utf-8"))
        ):
            return said[1]
    return "unknown"
