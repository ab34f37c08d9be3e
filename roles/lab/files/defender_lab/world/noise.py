# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An ordinary month of a tenant: the activity of users and systems."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from defender_lab.world.chance import sha256
from defender_lab.world.clouds import MICROSOFT_365, activity, graph_call, sign_in
from defender_lab.world.devices import Device
from defender_lab.world.mail import attach, click, mail
from defender_lab.world.processes import SYSTEM, Process, shell, start
from defender_lab.world.scene import Scene

_PROGRAMS = (
    ("msedge.exe", '"msedge.exe" --profile-directory=Default'),
    ("OUTLOOK.EXE", '"OUTLOOK.EXE"'),
    ("EXCEL.EXE", '"EXCEL.EXE" "C:\\Users\\Public\\Documents\\Plan.xlsx"'),
    ("WINWORD.EXE", '"WINWORD.EXE" /n "C:\\Users\\Public\\Documents\\Letter.docx"'),
    ("Teams.exe", '"Teams.exe" --system-initiated'),
    ("notepad.exe", "notepad.exe"),
    ("powershell.exe", "powershell.exe -NoProfile -File C:\\Scripts\\map-drives.ps1"),
)
_CHORES = (
    ("svchost.exe", "svchost.exe -k netsvcs -p"),
    ("taskhostw.exe", "taskhostw.exe"),
    ("MpCmdRun.exe", "MpCmdRun.exe SignatureUpdate"),
    ("schtasks.exe", "schtasks.exe /query /fo csv"),
    ("wuauclt.exe", "wuauclt.exe /RunHandlerComServer"),
)
_SITES = (
    "www.woodgrove.example",
    "news.wideworld.example",
    "updates.lamna.example",
    "cdn.proseware.example",
    "mail.adatum.example",
    "docs.litware.example",
)
_SUBJECTS = (
    "Weekly report",
    "Lunch on Thursday?",
    "Minutes of the meeting",
    "Your order has shipped",
    "Newsletter",
    "Re: offer",
    "Travel request",
)
_MODULES = ("kernel32.dll", "ws2_32.dll", "mso.dll", "clr.dll", "bcrypt.dll")


def fill(scene: Scene) -> None:
    for moment in _moments(scene, 60):
        _work(scene, moment)
    for moment in _moments(scene, 24):
        _chore(scene, moment)
    for moment in _moments(scene, 24):
        _logon(scene, moment)
    for moment in _moments(scene, 30):
        _post(scene, moment)
    for moment in _moments(scene, 45):
        person = scene.rng.choice(scene.people)
        failed = scene.rng.random() < 0.12
        sign_in(
            scene,
            moment,
            person,
            scene.devices[0].public_ip,
            "DE",
            ErrorCode=50126 if failed else 0,
        )
    for moment in _moments(scene, 20):
        person = scene.rng.choice(scene.people)
        action = scene.rng.choice(
            (
                "FileAccessed",
                "FileModified",
                "FileDownloaded",
                "MailItemsAccessed",
                "TeamsSessionStarted",
            )
        )
        activity(scene, moment, person, action, scene.devices[0].public_ip, "DE", MICROSOFT_365)
    for moment in _moments(scene, 6):
        person = scene.rng.choice(scene.people)
        uri = f"https://graph.microsoft.com/v1.0/users/{person.object_id}/calendarView"
        graph_call(
            scene,
            moment,
            "GET",
            uri,
            "d3590ed6-52b3-4102-aeff-aad2292ab01c",
            person,
            scene.devices[0].public_ip,
            "Calendars.Read User.Read",
        )


def _moments(scene: Scene, count: int) -> Iterator[datetime]:
    for _unused in range(count):
        yield scene.now - timedelta(seconds=scene.rng.uniform(600, 30 * 86400 - 600))


def _ordinary_ip(scene: Scene) -> str:
    # the campaigns use the octets above 100
    return f"{scene.rng.choice(('198.51.100', '203.0.113'))}.{scene.rng.randrange(1, 100)}"


def _work(scene: Scene, moment: datetime) -> None:
    device = scene.rng.choice(scene.devices)
    name, command = scene.rng.choice(_PROGRAMS)
    desktop = shell(device.owner, moment)
    program = start(name, command, moment, device.owner, pid=scene.pid(), parent=desktop)
    scene.run(moment, device, program, desktop)
    if name in ("msedge.exe", "OUTLOOK.EXE", "Teams.exe"):
        for _unused in range(2):
            scene.connect(
                moment + timedelta(seconds=scene.rng.uniform(1, 600)),
                device,
                program,
                _ordinary_ip(scene),
                scene.rng.choice(_SITES),
            )
    else:
        _document(scene, moment + timedelta(minutes=2), device, program)


def _document(scene: Scene, moment: datetime, device: Device, program: Process) -> None:
    name = f"Draft-{scene.rng.randrange(1000)}.docx"
    folder = f"C:\\Users\\{device.owner.account}\\Documents"
    about = {
        "FileName": name,
        "FolderPath": f"{folder}\\{name}",
        "SHA256": sha256(f"{device.id}{name}"),
        "FileSize": scene.rng.randrange(9_000, 900_000),
    }
    scene.on_device(
        "DeviceFileEvents",
        moment,
        device,
        program,
        scene.rng.choice(("FileCreated", "FileModified")),
        **about,
    )
    module = scene.rng.choice(_MODULES)
    loaded = {
        "FileName": module,
        "FolderPath": f"C:\\Windows\\System32\\{module}",
        "SHA256": sha256(module),
    }
    scene.on_device("DeviceImageLoadEvents", moment, device, program, "ImageLoaded", **loaded)


def _chore(scene: Scene, moment: datetime) -> None:
    device = scene.rng.choice(scene.devices)
    name, command = scene.rng.choice(_CHORES)
    services = start("services.exe", "services.exe", moment - timedelta(days=2), SYSTEM, pid=700)
    chore = start(name, command, moment, SYSTEM, pid=scene.pid(), parent=services)
    scene.run(moment, device, chore, services)
    key = "HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows Defender\\Signature Updates"
    value = {
        "RegistryKey": key,
        "RegistryValueName": "SignaturesLastUpdated",
        "RegistryValueData": "1",
        "RegistryValueType": "Binary",
    }
    scene.on_device("DeviceRegistryEvents", moment, device, chore, "RegistryValueSet", **value)
    if scene.rng.random() < 0.4:
        scene.on_device(
            "DeviceEvents",
            moment,
            device,
            chore,
            "AntivirusScanCompleted",
            AdditionalFields='{"ScanTypeIndex":"Quick"}',
        )


def _logon(scene: Scene, moment: datetime) -> None:
    device = scene.rng.choice(scene.devices)
    lsass = start("lsass.exe", "lsass.exe", moment - timedelta(days=2), SYSTEM, pid=712)
    person = device.owner
    who = {
        "AccountDomain": person.netbios.lower(),
        "AccountName": person.account.lower(),
        "AccountSid": person.sid,
    }
    failed = scene.rng.random() < 0.1
    kind = "RemoteInteractive" if device.server else "Interactive"
    outcome = {"FailureReason": "InvalidUserNameOrPassword"} if failed else {}
    scene.on_device(
        "DeviceLogonEvents",
        moment,
        device,
        lsass,
        "LogonFailed" if failed else "LogonSuccess",
        LogonType=kind,
        IsLocalAdmin=person.admin,
        **who,
        **outcome,
    )


def _post(scene: Scene, moment: datetime) -> None:
    person = scene.rng.choice(scene.people)
    site = scene.rng.choice(_SITES)
    domain = site.partition(".")[2]
    links = [f"https://{site}/{scene.rng.randrange(10**6)}"] if scene.rng.random() < 0.6 else []
    attached = scene.rng.random() < 0.2
    subject = scene.rng.choice(_SUBJECTS)
    spam = (
        {"ThreatTypes": "Spam", "DeliveryAction": "Junked", "DeliveryLocation": "Junk folder"}
        if scene.rng.random() < 0.1
        else {}
    )
    row = mail(
        scene,
        moment,
        f"info@{domain}",
        domain.partition(".")[0].title(),
        _ordinary_ip(scene),
        person,
        subject,
        links,
        AttachmentCount=int(attached),
        **spam,
    )
    if attached:
        attach(scene, moment, row, "Agenda.pdf", sha256(f"{row['NetworkMessageId']}"), 48_000)
    if links and scene.rng.random() < 0.4:
        click(
            scene,
            moment + timedelta(minutes=scene.rng.uniform(2, 300)),
            person,
            links[0],
            str(row["NetworkMessageId"]),
            scene.devices[0].public_ip,
        )
