# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab as a process: started by its command line, reached over TLS, and gone when told to go."""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import ssl
import stat
import subprocess
import sys
import typing as t
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import jwt
import msal
import pytest
import requests
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12
from defender_lab import cli

PROGRAM = Path(__file__).parents[3] / "roles" / "lab" / "files" / "defender_lab"
FILES = set(
    "ca.pem bundle.pem inventory.yml truth.json lab.json client.pem client_split.crt"
    " client_split.key client_encrypted.pem client.pfx client_encrypted.pfx expired.pem"
    " renewed.pem assertion.jwt assertion_issuer.key".split()
)


def start(folder: Path, *options: str) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        str(PROGRAM),
        "--dir",
        str(folder),
        "--parent-pid",
        str(os.getpid()),
        *options,
    ]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def wait(folder: Path, process: subprocess.Popen[str]) -> dict[str, t.Any]:
    """lab.json, as soon as it is there; no fixed sleep, and no longer than the process lives."""
    while not (folder / "lab.json").exists():
        try:
            process.wait(0.02)
        except subprocess.TimeoutExpired:
            continue
        pytest.fail(f"the lab left: {process.stdout.read() if process.stdout else ''}")
    return t.cast(dict[str, t.Any], json.loads((folder / "lab.json").read_text()))


@dataclass(frozen=True)
class Running:
    folder: Path
    process: subprocess.Popen[str]
    lab: dict[str, t.Any]
    inventory: dict[str, t.Any]

    @property
    def shared(self) -> dict[str, t.Any]:
        return t.cast(dict[str, t.Any], self.inventory["all"]["children"]["tenants"]["vars"])

    @property
    def hosts(self) -> dict[str, dict[str, str]]:
        return t.cast(
            dict[str, dict[str, str]], self.inventory["all"]["children"]["tenants"]["hosts"]
        )

    def healthy(self) -> str:
        truth = json.loads((self.folder / "truth.json").read_text())["hosts"]
        return str(
            next(one["tenant_id"] for one in truth.values() if one["personality"] == "healthy")
        )

    def msal(self, credential: t.Any, tenant: str = "") -> dict[str, t.Any]:
        authority = f"{self.lab['urls']['login']}/{tenant or self.healthy()}"
        session = requests.Session()
        session.trust_env = (
            False  # REQUESTS_CA_BUNDLE of the environment would win over the line below
        )
        session.verify = str(self.folder / "ca.pem")
        app = msal.ConfidentialClientApplication(
            self.lab["client_id"],
            authority=authority,
            client_credential=credential,
            http_client=session,
            instance_discovery=False,
        )
        return t.cast(
            dict[str, t.Any], app.acquire_token_for_client(["https://graph.microsoft.com/.default"])
        )


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("lab") / "state"
    process = start(folder)
    try:
        lab = wait(folder, process)
        yield Running(folder, process, lab, yaml.safe_load((folder / "inventory.yml").read_text()))
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_the_folder_is_private_and_complete(running) -> None:
    assert stat.S_IMODE(running.folder.stat().st_mode) == 0o700
    found = {
        path.name: stat.S_IMODE(path.stat().st_mode)
        for path in running.folder.iterdir()
        if not path.name.startswith(".")
    }
    assert set(found) == FILES
    assert set(found.values()) == {0o600}


def test_the_inventory_speaks_the_collections_words(running) -> None:
    assert len(running.hosts) == 25
    assert running.shared["ansible_connection"] == "mssp.defender_xdr.tenant"
    for origin in ("login", "graph", "xdr", "endpoint"):
        assert running.shared[f"defender_xdr_{origin}_url"] == running.lab["urls"][origin]
    assert len(set(running.lab["urls"].values())) == 4
    truth = json.loads((running.folder / "truth.json").read_text())["hosts"]
    assert set(truth) == set(running.hosts)
    for host, told in truth.items():
        assert told["tenant_id"] == running.hosts[host]["defender_xdr_tenant_id"]
        assert told["personality"] not in host


def test_who_stands_beside_the_fleet_has_groups_of_its_own(running) -> None:
    groups = running.inventory["all"]["children"]
    assert {name: list(group["hosts"]) for name, group in groups.items() if name != "tenants"} == {
        "prospects": ["prospect1", "prospect2"],
        "provider": ["partner"],
    }
    assert all(group["vars"] == running.shared for group in groups.values())
    lab = running.lab
    assert (
        groups["provider"]["hosts"]["partner"]["defender_xdr_tenant_id"]
        == lab["partner"]["tenant_id"]
    )
    assert [one["name"] for one in lab["prospects"]] == [
        one["defender_xdr_tenant_name"] for one in groups["prospects"]["hosts"].values()
    ]
    assert "access_token" in running.msal(lab["client_secret"], lab["partner"]["tenant_id"])
    assert running.msal(lab["client_secret"], lab["prospects"][0]["tenant_id"])["error_codes"] == [
        700016
    ]


def test_tls_holds_for_both_names_and_only_with_the_labs_ca(running) -> None:
    url = f"{running.lab['urls']['login']}/common/discovery/instance"
    for bundle in ("ca.pem", "bundle.pem"):
        for address in (url, url.replace("127.0.0.1", "localhost")):
            assert (
                requests.get(address, verify=str(running.folder / bundle), timeout=10).status_code
                == 200
            )
    with (
        pytest.raises(urllib.error.URLError),
        urllib.request.urlopen(url, context=ssl.create_default_context()),
    ):
        pass


def test_msal_with_a_secret(running) -> None:
    assert "access_token" in running.msal(running.lab["client_secret"])
    assert running.msal(running.lab["expired_client_secret"])["error_codes"] == [7000222]


def test_msal_with_certificates(running) -> None:
    key, chain = (
        (running.folder / "client_split.key").read_text(),
        (running.folder / "client_split.crt").read_text(),
    )
    thumb = x509.load_pem_x509_certificate(chain.encode()).fingerprint(hashes.SHA1()).hex()
    credentials: list[t.Any] = [
        {"private_key": key, "public_certificate": chain},
        {"private_key": key, "thumbprint": thumb},
        {"private_key_pfx_path": str(running.folder / "client.pfx")},
        {
            "private_key_pfx_path": str(running.folder / "client_encrypted.pfx"),
            "passphrase": running.lab["certificate_password"],
        },
    ]
    for credential in credentials:
        assert "access_token" in running.msal(credential), credential.keys()


def test_msal_with_a_federated_assertion(running) -> None:
    assert "access_token" in running.msal(
        {"client_assertion": (running.folder / "assertion.jwt").read_text}
    )
    mine = {
        "iss": running.lab["federation"]["issuer"],
        "sub": "somebody else",
        "aud": running.lab["federation"]["audience"],
        "exp": 4_000_000_000,
    }
    minted = jwt.encode(
        mine,
        (running.folder / "assertion_issuer.key").read_text(),
        algorithm="RS256",
        headers={"kid": running.lab["federation"]["kid"]},
    )
    assert running.msal({"client_assertion": lambda: minted})["error_codes"] == [700213]


def test_the_encrypted_credentials_open_with_the_password(running) -> None:
    password = running.lab["certificate_password"].encode()
    assert load_pem_private_key(
        (running.folder / "client_encrypted.pem").read_bytes().partition(b"-----BEGIN CERT")[0],
        password,
    )
    assert pkcs12.load_pkcs12((running.folder / "client_encrypted.pfx").read_bytes(), password).cert


def control(running: Running, method: str, path: str, body: t.Any = None) -> t.Any:
    url = f"{running.lab['urls']['login']}/_lab/{path}"
    answer = requests.request(
        method,
        url,
        json=body,
        headers={"X-Lab-Key": running.lab["admin_key"]},
        verify=str(running.folder / "ca.pem"),
        timeout=10,
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_answers_can_be_cut_and_connections_reset(running) -> None:
    token = running.msal(running.lab["client_secret"])["access_token"]
    path = "/v1.0/security/incidents"

    def ask() -> int:
        answer = requests.get(
            running.lab["urls"]["graph"] + path,
            headers={"Authorization": f"Bearer {token}"},
            verify=str(running.folder / "ca.pem"),
            timeout=10,
        )
        assert answer.json()["value"]
        return answer.status_code

    for broken in ({"truncate": True}, {"reset": True}):
        control(running, "POST", "faults", {"origin": "graph", "path": path, **broken})
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            ask()
    assert ask() == 200


def test_a_tenant_that_does_not_exist_is_unknown_to_entra(running) -> None:
    truth = json.loads((running.folder / "truth.json").read_text())["hosts"]
    missing = next(
        one["tenant_id"] for one in truth.values() if one["personality"] == "tenant_does_not_exist"
    )
    url = f"{running.lab['urls']['login']}/{missing}/v2.0/.well-known/openid-configuration"
    assert requests.get(url, verify=str(running.folder / "ca.pem"), timeout=10).json()[
        "error_codes"
    ] == [90002]


def test_a_second_lab_in_the_same_folder_is_refused_in_one_sentence(running) -> None:
    second = start(running.folder)
    output, _unused = second.communicate(timeout=30)
    assert second.returncode == 3
    assert (
        output.strip()
        == f"A lab is already running in {running.folder}; stop it or set another --dir."
    )
    assert (running.folder / "lab.json").exists()


def test_sigterm_ends_it_cleanly_and_the_folder_can_be_used_again(tmp_path) -> None:
    for _unused in range(2):
        process = start(tmp_path / "state", "--tenants", "3")
        wait(tmp_path / "state", process)
        process.send_signal(signal.SIGTERM)
        output, _errors = process.communicate(timeout=30)
        assert (process.returncode, output) == (0, "")
        assert not (tmp_path / "state" / "lab.json").exists()


def test_it_leaves_with_its_parent(tmp_path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE
    )
    process = start(tmp_path, "--tenants", "1", "--parent-pid", str(parent.pid))
    wait(tmp_path, process)
    parent.communicate()
    process.communicate(timeout=30)
    assert process.returncode == 0


def test_a_detached_lab_is_ready_when_the_command_returns_and_can_be_stopped(tmp_path) -> None:
    def run(*words: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, str(PROGRAM), "--dir", str(tmp_path), *words],
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        return done.returncode, done.stderr

    try:
        assert run("--detach", "--tenants", "2", "--parent-pid", str(os.getpid())) == (0, "")
        pid = json.loads((tmp_path / "lab.json").read_text())["pid"]
        assert run("--detach")[0] == 3
        assert json.loads((tmp_path / "lab.json").read_text())["pid"] == pid
    finally:
        assert run("--stop") == (0, "")
    assert not (tmp_path / "lab.json").exists()
    assert run("--stop") == (3, f"No lab is running in {tmp_path}.\n")


def test_a_detached_lab_that_cannot_start_says_why(tmp_path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = [
            sys.executable,
            str(PROGRAM),
            "--dir",
            str(tmp_path),
            "--detach",
            "--port",
            str(taken.getsockname()[1]),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("The lab did not start: ")


@pytest.mark.parametrize("sick", ["150", "unheard=2"])
def test_a_bad_mix_is_one_sentence(tmp_path, sick) -> None:
    process = start(tmp_path, "--sick", sick)
    output, _errors = process.communicate(timeout=30)
    assert process.returncode == 2
    assert output.startswith("--sick: ")
    assert output.count("\n") == 1


def test_what_a_full_collection_left_is_not_looked_through_again() -> None:
    estate = [[number] for number in range(1000)]
    gc.callbacks.append(cli.keep_survivors)
    try:
        gc.collect(1)
        assert any(found is estate for found in gc.get_objects())
        gc.collect()
        assert not any(found is estate for found in gc.get_objects())
    finally:
        gc.callbacks.remove(cli.keep_survivors)
