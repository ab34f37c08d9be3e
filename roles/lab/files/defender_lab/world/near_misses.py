# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Benign activity that is one step short of an attack: for each kind of trace that a story leaves,
a variant that lacks one of its signs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from defender_lab.world.chance import sha256
from defender_lab.world.clouds import activity, application, graph_call, sign_in
from defender_lab.world.mail import click, mail
from defender_lab.world.processes import SYSTEM, start
from defender_lab.world.scene import Scene


def _phishing(scene: Scene, at: datetime) -> None:
    reader, traveller = scene.people[1], scene.people[2]
    home, phone = scene.workstations[0].public_ip, "192.0.2.77"
    # unknown and unproven, but it asks for nothing
    weak = {
        "AuthenticationDetails": '{"SPF":"pass","DKIM":"none","DMARC":"none","CompAuth":"none"}',
        "IsFirstContact": 1,
    }
    link = "https://club.adatum.example/summer"
    row = mail(
        scene,
        at,
        "club@adatum.example",
        "Chess Club",
        "192.0.2.78",
        reader,
        "Summer tournament",
        [link],
        **weak,
    )
    click(scene, at + timedelta(minutes=5), reader, link, str(row["NetworkMessageId"]), home)
    # another address right after a click, but on a managed telephone
    sign_in(scene, at + timedelta(minutes=40), reader, phone, "DE")
    # one factor on a device that nobody manages, but a browser
    bare = {
        "IsManaged": 0,
        "IsCompliant": 0,
        "AuthenticationRequirement": "singleFactorAuthentication",
    }
    sign_in(scene, at + timedelta(hours=5), traveller, phone, "DE", **bare)
    # mail is sent elsewhere, but by a rule of the whole organisation
    raw = {
        "Operation": "New-TransportRule",
        "Parameters": [{"Name": "RedirectTo", "Value": scene.admin.upn}],
    }
    activity(
        scene,
        at,
        scene.admin,
        "New-TransportRule",
        home,
        "DE",
        ObjectName="Suspected spam",
        IsAdminOperation=True,
        RawEventData=raw,
    )


def _intrusion(scene: Scene, at: datetime) -> None:
    device, server = scene.workstations[0], scene.servers[0]
    agent = start(
        "CcmExec.exe",
        "C:\\Windows\\CCM\\CcmExec.exe",
        at - timedelta(days=3),
        SYSTEM,
        pid=scene.pid(),
    )
    script = start(
        "powershell.exe",
        "powershell.exe -NoProfile -File C:\\Windows\\CCM\\inventory.ps1",
        at,
        SYSTEM,
        pid=scene.pid(),
        parent=agent,
    )
    # a script leaves a program, but where only administrators write
    tool = {
        "FileName": "inventory.exe",
        "FolderPath": "C:\\Windows\\CCM\\Cache\\inventory.exe",
        "SHA256": sha256("inventory"),
    }
    scene.on_device("DeviceFileEvents", at, device, script, "FileCreated", **tool)
    # a program starts with the desktop, but from such a place
    key = "HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run"
    value = {
        "RegistryKey": key,
        "RegistryValueName": "Phone",
        "RegistryValueData": "C:\\Program Files\\Phone\\phone.exe",
        "RegistryValueType": "String",
    }
    scene.on_device("DeviceRegistryEvents", at, device, agent, "RegistryValueSet", **value)
    # a command comes over WMI, but with nothing to fetch its output
    host = start("WmiPrvSE.exe", "wmiprvse.exe -secured -Embedding", at, SYSTEM, pid=scene.pid())
    scene.run(
        at,
        device,
        start(
            "powershell.exe",
            "powershell.exe -NoProfile -File C:\\Windows\\CCM\\check.ps1",
            at,
            SYSTEM,
            pid=scene.pid(),
            parent=host,
        ),
        host,
    )
    # an administrator comes from another device, but over Kerberos
    lsass = start("lsass.exe", "lsass.exe", at - timedelta(days=4), SYSTEM, pid=712)
    who = {
        "AccountDomain": scene.admin.netbios.lower(),
        "AccountName": scene.admin.account.lower(),
        "AccountSid": scene.admin.sid,
    }
    origin = {
        "RemoteIP": device.ip,
        "RemoteDeviceName": device.name,
        "RemoteIPType": "Private",
        "Protocol": "Kerberos",
    }
    scene.on_device(
        "DeviceLogonEvents",
        at,
        server,
        lsass,
        "LogonSuccess",
        LogonType="Network",
        IsLocalAdmin=True,
        **who,
        **origin,
    )
    # a program calls home from where anybody writes, but seldom
    updater = start(
        "updater.exe",
        "updater.exe",
        at,
        SYSTEM,
        pid=scene.pid(),
        folder="C:\\ProgramData\\Phone",
        image="phone-updater",
        parent=agent,
    )
    for hour in range(4):
        scene.connect(
            at + timedelta(hours=hour), device, updater, "192.0.2.79", "updates.lamna.example"
        )


def _consent(scene: Scene, at: datetime) -> None:
    user, app_id = scene.people[1], "b9a7d3c5-2f61-4e8b-8c0d-5e6f7a8b9c0d"
    # a user lets an app read mail, but its publisher is verified
    application(
        scene,
        at,
        app_id,
        "Lamna Mail Archive",
        ["Mail.Read", "offline_access"],
        verified=True,
        admin=False,
        risk=12,
        level="High",
    )
    # an app reads mail, but a few messages
    for number in range(9):
        graph_call(
            scene,
            at + timedelta(minutes=number),
            "GET",
            f"https://graph.microsoft.com/v1.0/me/messages/{number}",
            app_id,
            user,
            "192.0.2.80",
            "Mail.Read",
        )


def _ransomware(scene: Scene, at: datetime) -> None:
    server = scene.servers[0]
    backup = start(
        "BackupAgent.exe",
        "BackupAgent.exe --service",
        at - timedelta(days=9),
        SYSTEM,
        pid=scene.pid(),
    )
    # files get another ending, but no more than a job has
    for number in range(12):
        old, folder = f"ledger{number}.mdf", "D:\\Data"
        renamed = {
            "FileName": f"{old}.bak",
            "FolderPath": f"{folder}\\{old}.bak",
            "PreviousFileName": old,
            "PreviousFolderPath": folder,
        }
        scene.on_device(
            "DeviceFileEvents",
            at + timedelta(seconds=number),
            server,
            backup,
            "FileRenamed",
            **renamed,
        )
    # a text tells how to recover, but in one place
    text = {
        "FileName": "how_to_restore.txt",
        "FolderPath": "D:\\Backup\\how_to_restore.txt",
        "SHA256": sha256("how to restore"),
    }
    scene.on_device("DeviceFileEvents", at, server, backup, "FileCreated", **text)


def _exfiltration(scene: Scene, at: datetime) -> None:
    # much is packed, but the server's own
    tasks = start(
        "svchost.exe",
        "svchost.exe -k netsvcs -p -s Schedule",
        at - timedelta(days=9),
        SYSTEM,
        pid=scene.pid(),
    )
    pack = start(
        "7z.exe",
        "7z.exe a D:\\Backup\\weekly.7z D:\\Data",
        at,
        SYSTEM,
        pid=scene.pid(),
        folder="C:\\Program Files\\7-Zip",
        parent=tasks,
    )
    scene.run(at, scene.servers[-1], pack, tasks)


PLANT: Mapping[str, Callable[[Scene, datetime], None]] = {
    "phishing": _phishing,
    "intrusion": _intrusion,
    "consent": _consent,
    "ransomware": _ransomware,
    "exfiltration": _exfiltration,
}
