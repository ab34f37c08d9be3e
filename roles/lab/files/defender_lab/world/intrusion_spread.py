# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The later stages of the story `intrusion`: persistence, LSASS, a second host."""

from __future__ import annotations

from datetime import datetime, timedelta

from defender_lab.world import evidence
from defender_lab.world.chapters import ENDPOINT, AlertPlan
from defender_lab.world.indicators import Intrusion
from defender_lab.world.processes import SYSTEM, Process, start
from defender_lab.world.scene import Scene

DROP = "C:\\Users\\Public\\Libraries"
EDR = "microsoftDefenderForEndpoint"
_RUN = "HKEY_CURRENT_USER\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run"


def persistence(scene: Scene, facts: Intrusion, begin: datetime, payload: Process) -> AlertPlan:
    device = next(
        workstation for workstation in scene.workstations if workstation.owner == payload.account
    )
    at = begin + timedelta(minutes=6)
    task = (
        f'schtasks.exe /create /tn "OneDrive Sync Helper" /tr "{DROP}\\{facts.payload}" /sc'
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
        "RegistryValueData": f"{DROP}\\{facts.payload}",
        "RegistryValueType": "String",
    }
    row = scene.on_device("DeviceRegistryEvents", at, device, payload, "RegistryValueSet", **value)
    pieces = (
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
        EDR,
        at,
        pieces,
    )


def credential_theft(scene: Scene, begin: datetime, payload: Process) -> AlertPlan:
    device = next(
        workstation for workstation in scene.workstations if workstation.owner == payload.account
    )
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
    pieces = (evidence.device(device, at), evidence.process(dump, device, at, "malicious"))
    return AlertPlan(
        "LSASS process memory modified",
        "high",
        "CredentialAccess",
        ("T1003.001",),
        ENDPOINT,
        EDR,
        at,
        pieces,
    )


def lateral_movement(scene: Scene, begin: datetime, payload: Process) -> AlertPlan:
    source = next(
        workstation for workstation in scene.workstations if workstation.owner == payload.account
    )
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
    pieces = (
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
        EDR,
        at,
        pieces,
    )
