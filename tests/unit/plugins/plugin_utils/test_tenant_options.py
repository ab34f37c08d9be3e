# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a tenant option comes from: task, variable, environment, ansible.cfg, default; in an
Ansible of its own, which must load the plugin."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import certifi
import pytest

# Every row of the contract's table, with a value in each source, and how core reads it. tenant_id
# is apart: a tenant is always named.
OPTIONS = (
    "tenant_name client_id client_secret client_secret_file certificate_path certificate"
    " private_key_path certificate_password assertion_file cloud region api login_url graph_url"
    " xdr_url endpoint_url graph_audience xdr_audience endpoint_audience ca_path proxy token_cache"
).split()
NUMBERS = ["request_timeout", "retries", "retry_deadline"]
SWITCHES = ["certificate_chain", "validate_certs"]
SOURCES = [
    "client_secret",
    "client_secret_file",
    "certificate_path",
    "certificate",
    "assertion_file",
]
CHOICES = {
    "cloud": ["gcc", "gcc_high", "dod"],
    "region": ["us", "eu", "uk"],
    "api": ["graph", "xdr", "auto"],
}
PATHS = [
    "client_secret_file",
    "certificate_path",
    "private_key_path",
    "assertion_file",
    "ca_path",
    "token_cache",
]

RESOLVER = """
import json, os, sys, tempfile
import ansible.constants as C
from ansible.config.manager import ConfigManager
from ansible.plugins.loader import init_plugin_loader
init_plugin_loader()
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _tenant_options
_tenant_options._defined()
definitions = C.config._plugins
cfg = tempfile.NamedTemporaryFile("w", suffix=".cfg")
C.config = ConfigManager(conf_file=cfg.name)
C.config._plugins = definitions
for line in sys.stdin:
    case = json.loads(line)
    before = dict(os.environ)
    os.environ.update(case.get("env", {}))
    cfg.seek(0)
    cfg.truncate()
    cfg.write(case.get("ini", ""))
    cfg.flush()
    C.config._parsers.clear()
    getattr(C.config._get_ini_config_value, "cache_clear", lambda: None)()
    C.config._parse_config_file()
    try:
        marked = case.get("templates")
        render = lambda value: f"<{value}>" if marked else value
        given = case.get("vars", {}), render, case.get("task", {})
        answer = _tenant_options.resolve(*given, late=case.get("late", False))
        if obtain := answer.pop("late_credential", None):
            answer["late"] = {name: value for name, value in obtain().items() if value}
    except Exception as e:
        answer = {"error": f"{type(e).__name__}: {e}", "facts": getattr(e, "facts", None)}
    os.environ.clear()
    os.environ.update(before)
    print(json.dumps(answer), flush=True)
"""


class Resolver:
    """One Ansible that resolves case after case; nothing of this machine's settings reaches it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def __call__(self, *cases: dict[str, t.Any]) -> list[t.Any]:
        return [self._one(case) for case in cases]

    def _one(self, case: dict[str, t.Any]) -> t.Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(case) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


def _environment() -> dict[str, str]:
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DEFENDER_XDR_", "ANSIBLE_CONFIG"))
    }
    root = Path(__file__).parents[4]
    if root.parts[-3:] == ("ansible_collections", "mssp", "defender_xdr"):
        env["ANSIBLE_COLLECTIONS_PATH"] = str(root.parents[2])
    return env


@pytest.fixture(scope="session")
def resolved() -> t.Iterator[Resolver]:
    env = _environment()
    command = [sys.executable, "-c", RESOLVER]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env, cwd="/"
    ) as process:
        yield Resolver(process)
        assert process.stdin
        process.stdin.close()


def value(option: str, at: int) -> t.Any:
    """A value of the option's kind, another one in each source."""
    if option in NUMBERS:
        return 50 + at
    if option in SWITCHES:
        return at % 2 == (option == "certificate_chain")
    if option in CHOICES:
        return CHOICES[option][at]
    return f"/values/{option}-{at}" if option in PATHS else f"{option}-{at}"


def in_vars(option: str, at: int) -> dict[str, t.Any]:
    return {"vars": {f"defender_xdr_{option}": value(option, at)}}


def in_env(option: str, at: int) -> dict[str, t.Any]:
    return {"env": {f"DEFENDER_XDR_{option.upper()}": str(value(option, at))}}


def in_ini(option: str, at: int) -> dict[str, t.Any]:
    return {"ini": f"[defender_xdr]\n{option} = {value(option, at)}\n"}


EVERY = [*OPTIONS, *NUMBERS, *SWITCHES]


@pytest.mark.parametrize("source", [in_vars, in_env, in_ini])
def test_every_option_of_the_contract_can_be_set_in_each_source(
    resolved: Resolver, source: t.Callable[[str, int], dict[str, t.Any]]
) -> None:
    # what only says something about a credential comes along with one
    with_credential = {"private_key_path", "certificate_password", "certificate_chain"}
    cases = []
    for option in EVERY:
        case = source(option, 1)
        if option in with_credential:
            other = source("certificate_path", 1)
            if source is in_ini:
                case = {"ini": case["ini"] + other["ini"].removeprefix("[defender_xdr]\n")}
            else:
                case = {name: {**case[name], **other[name]} for name in case}
        cases.append(case)
    wanted = [
        {
            option: value(option, 1),
            **(
                {"certificate_path": value("certificate_path", 1)}
                if option in with_credential
                else {}
            ),
        }
        for option in EVERY
    ]
    assert resolved(*cases) == wanted


def test_the_task_goes_before_the_variable_that_before_the_environment_and_that_before_the_file(
    resolved: Resolver,
) -> None:
    layers = [lambda option, at: {"task": {option: value(option, at)}}, in_vars, in_env, in_ini]
    plain = [
        option
        for option in EVERY
        if option not in SOURCES
        and option not in ("private_key_path", "certificate_password", "certificate_chain")
    ]
    cases: list[dict[str, t.Any]] = []
    wanted = []
    for option in plain:
        for nearest in range(3):
            case: dict[str, t.Any] = {}
            for at, layer in enumerate(layers[nearest : nearest + 2]):
                case.update(layer(option, at))
            cases.append(case)
            wanted.append({option: value(option, 0)})
    assert resolved(*cases) == wanted


def test_a_tenant_is_named_by_variable_or_task_and_by_nothing_else(resolved: Resolver) -> None:
    tenant = "11111111-2222-3333-4444-555555555555"
    assert resolved(
        {"env": {"DEFENDER_XDR_TENANT_ID": tenant}},
        {"ini": f"[defender_xdr]\ntenant_id = {tenant}\n"},
        {"vars": {"defender_xdr_tenant_id": tenant}},
        {"task": {"tenant_id": tenant}, "vars": {"defender_xdr_tenant_id": "another"}},
    ) == [{}, {}, {"tenant_id": tenant}, {"tenant_id": tenant}]


def test_what_nobody_set_is_left_to_the_modules_own_default(resolved: Resolver) -> None:
    assert resolved(
        {},
        {"task": {"client_id": None}},
        {"task": {"client_id": None}, "vars": {"defender_xdr_client_id": "x"}},
    ) == [{}, {}, {"client_id": "x"}]


def test_the_modules_own_arguments_pass_untouched(resolved: Resolver) -> None:
    assert resolved(
        {"task": {"status": ["active"], "limit": 0, "expand_alerts": False, "filter": ""}}
    ) == [{"status": ["active"], "limit": 0, "expand_alerts": False, "filter": ""}]


def test_variables_are_rendered_in_the_hosts_context_and_only_ours(resolved: Resolver) -> None:
    given = {
        "defender_xdr_client_id": "{{ id }}",
        "defender_xdr_nonsense": "{{ never }}",
        "timeout": 5,
        "other": "{{ never }}",
    }
    assert resolved({"templates": True, "vars": given}) == [{"client_id": "<{{ id }}>"}]


def test_only_the_nearest_credential_counts_with_what_belongs_to_it(resolved: Resolver) -> None:
    certificate = {
        "certificate_path": "/values/app.pem",
        "certificate_password": "a-password",
        "certificate_chain": True,
    }
    variables = {f"defender_xdr_{name}": value for name, value in certificate.items()}
    cases: list[tuple[dict[str, t.Any], dict[str, t.Any]]] = [
        # a task with a credential of its own drops all of the inventory's
        (
            {"task": {"client_secret": "task-secret"}, "vars": variables},
            {"client_secret": "task-secret"},
        ),
        (
            {"task": {"certificate_path": "/values/own.pem"}, "vars": variables},
            {"certificate_path": "/values/own.pem"},
        ),
        # a variable drops that of the environment, and the environment that of the file
        (
            {"vars": {"defender_xdr_client_secret": "var-secret"}, **in_env("certificate_path", 0)},
            {"client_secret": "var-secret"},
        ),
        (
            {"vars": {"defender_xdr_assertion_file": "/values/a"}, **in_env("client_secret", 0)},
            {"assertion_file": "/values/a"},
        ),
        (
            {**in_env("client_secret", 0), **in_ini("certificate_path", 1)},
            {"client_secret": "client_secret-0"},
        ),
        # what belongs to another source's credential does not travel to the nearest
        (
            {
                "vars": {"defender_xdr_client_secret": "var-secret"},
                **in_env("certificate_password", 0),
            },
            {"client_secret": "var-secret"},
        ),
        # an empty variable names no credential
        (
            {"vars": {"defender_xdr_client_secret": ""}, **in_env("assertion_file", 0)},
            {"assertion_file": "/values/assertion_file-0"},
        ),
        # all of one source
        ({"vars": variables}, certificate),
        # two in the nearest source are both told, so that the module can refuse them
        (
            {"vars": {"defender_xdr_client_secret": "one", "defender_xdr_assertion_file": "/two"}},
            {"client_secret": "one", "assertion_file": "/two"},
        ),
    ]
    assert resolved(*(case for case, _wanted in cases)) == [wanted for _case, wanted in cases]


@pytest.mark.parametrize(
    ("variables", "more"),
    [
        ({"client_secret": "{secret}"}, {}),
        ({"client_secret": "{secret}"}, in_env("certificate_path", 0)),
        ({"client_secret": "{secret}"}, in_env("certificate_password", 0)),
        ({"certificate_path": "/app.pem", "certificate_password": "{secret}"}, {}),
        ({"certificate_path": "/{app}.pem", "certificate_chain": True}, {}),
        ({"assertion_file": "/{a}"}, {**in_env("client_secret", 0), **in_ini("client_secret", 1)}),
        ({"client_secret": "{one}", "assertion_file": "/{two}"}, {}),
        ({"certificate_password": "{secret}"}, in_env("certificate_path", 0)),
    ],
)
def test_a_late_credential_is_the_one_that_an_early_one_would_be(
    resolved: Resolver, variables: dict[str, str], more: dict[str, t.Any]
) -> None:
    given = {f"defender_xdr_{name}": value for name, value in variables.items()}
    case = {"vars": {**given, "defender_xdr_client_id": "{id}"}, **more}
    early, found = resolved(case, {**case, "late": True})
    late = found.pop("late")
    assert found == {"client_id": "{id}"}
    assert early == {**found, **late}


def test_only_a_credential_that_is_a_template_is_late(resolved: Resolver) -> None:
    secret = {"defender_xdr_client_secret": "{{ secret }}"}
    assert resolved(
        {"late": True, "vars": {"defender_xdr_client_secret": "plain"}},
        {"late": True, "vars": secret, "task": {"client_secret": "of the task"}},
        {"late": True, "templates": True, "vars": secret},
    ) == [
        {"client_secret": "plain"},
        {"client_secret": "of the task"},
        {"late": {"client_secret": "<{{ secret }}>"}},
    ]


HOST = "11111111-2222-3333-4444-555555555555"
OTHER = "99999999-8888-7777-6666-555555555555"


@pytest.mark.parametrize(
    ("task", "more", "name"),
    [
        ({}, {}, "contoso"),
        ({"tenant_id": HOST.upper()}, {}, "contoso"),
        ({"tenant_name": "by task"}, {}, "by task"),
        ({}, {"defender_xdr_tenant_name": "by variable"}, "by variable"),
        ({"tenant_id": OTHER}, {}, None),
        ({"tenant_id": OTHER}, {"defender_xdr_tenant_name": "by variable"}, None),
        (
            {"tenant_id": OTHER, "tenant_name": "by task"},
            {"defender_xdr_tenant_name": "by variable"},
            "by task",
        ),
    ],
)
def test_the_name_of_the_host_is_that_of_its_own_tenant(
    resolved: Resolver, task: dict[str, t.Any], more: dict[str, t.Any], name: str | None
) -> None:
    variables = {"inventory_hostname": "contoso", "defender_xdr_tenant_id": HOST, **more}
    (found,) = resolved({"vars": variables, "task": task})
    assert found.get("tenant_name") == name
    assert found["tenant_id"] == task.get("tenant_id", HOST)


def test_the_name_of_a_host_that_is_no_tenant_is_nobodys(resolved: Resolver) -> None:
    environment = {"DEFENDER_XDR_TENANT_NAME": "by environment"}
    cases: list[dict[str, t.Any]] = [
        {"vars": {"inventory_hostname": "localhost"}, "task": {"tenant_id": OTHER}},
        {
            "vars": {"inventory_hostname": "localhost", "defender_xdr_tenant_name": "by variable"},
            "task": {"tenant_id": OTHER},
        },
        {
            "vars": {"inventory_hostname": "contoso", "defender_xdr_tenant_id": HOST},
            "task": {"tenant_id": OTHER},
            "env": environment,
        },
    ]
    assert [found.get("tenant_name") for found in resolved(*cases)] == [
        None,
        "by variable",
        "by environment",
    ]


KINDS = [
    ({"secret": "canary"}, "a dictionary"),
    (["canary"], "a list"),
    ({}, "a dictionary"),
    ([], "a list"),
]


@pytest.mark.parametrize("option", [*EVERY, "tenant_id"])
@pytest.mark.parametrize(("given", "kind"), KINDS)
def test_an_option_that_is_no_plain_value_is_refused_without_showing_it(
    resolved: Resolver, option: str, given: t.Any, kind: str
) -> None:
    host = {"inventory_hostname": "contoso", "defender_xdr_tenant_id": HOST}
    cases: list[dict[str, t.Any]] = [
        {"vars": {**host, f"defender_xdr_{option}": given}},
        {"vars": host, "task": {option: given}},
    ]
    for name, found in zip((f"defender_xdr_{option}", option), resolved(*cases), strict=True):
        assert found["error"].startswith(f"DefenderError: {name} is {kind}, but must be ")
        assert "canary" not in json.dumps(found)
        assert found["facts"]["tenant"]["name"] == "contoso"


def test_a_secret_may_be_a_number_but_no_truth_value(resolved: Resolver) -> None:
    cases = [
        {"vars": {"defender_xdr_certificate": "PEM", "defender_xdr_certificate_password": value}}
        for value in (1234, True)
    ]
    number, word = resolved(*cases)
    assert number["certificate_password"] == "1234"
    assert "defender_xdr_certificate_password is true or false, but must be text" in word["error"]
    assert word["error"].endswith("Quote it.")


def test_a_path_in_the_file_is_found_beside_the_file_and_none_still_means_none(
    resolved: Resolver,
) -> None:
    (found,) = resolved({"ini": "[defender_xdr]\ntoken_cache = none\n"})
    assert Path(found["token_cache"]).name == "none"


def test_a_play_keyword_feeds_no_option(resolved: Resolver) -> None:
    assert resolved(
        {
            "vars": {
                "timeout": 5,
                "ansible_timeout": 6,
                "port": 7,
                "ansible_password": "x",
                "remote_user": "y",
                "ansible_user": "z",
            }
        }
    ) == [{}]


PREPARED = """
from ansible.plugins.loader import init_plugin_loader
init_plugin_loader()
from ansible_collections.mssp.defender_xdr.plugins.action import incident_info
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import connections
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _tenant_options
shared = connections.tls_context, _tenant_options._defined
made = [each.cache_info().misses for each in shared]
connections.tls_context(PATH, True)
_tenant_options._defined()
print(made, [each.cache_info().misses for each in shared])
"""


@pytest.mark.parametrize("named", [False, True])
def test_what_every_worker_needs_is_there_before_the_first_is_forked(named: bool) -> None:
    path = certifi.where() if named else None
    env = {**_environment(), **({"DEFENDER_XDR_CA_PATH": path} if path else {})}
    code = PREPARED.replace("PATH", repr(path))
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=env, cwd="/", check=True
    )
    assert done.stdout.split("\n")[-2] == "[1, 1] [1, 1]", done.stderr


def test_a_ca_path_that_cannot_be_loaded_is_no_matter_of_the_import() -> None:
    env = {**_environment(), "DEFENDER_XDR_CA_PATH": "/nowhere/ca.pem"}
    done = subprocess.run(
        [sys.executable, "-c", PREPARED.replace("PATH", "None")],
        capture_output=True,
        text=True,
        env=env,
        cwd="/",
        check=True,
    )
    assert done.stdout.split("\n")[-2] == "[1, 1] [2, 1]", done.stderr
