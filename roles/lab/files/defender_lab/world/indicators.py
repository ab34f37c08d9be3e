# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The indicators of each campaign: the same in every affected tenant, and used by nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from defender_lab.world.chance import chance, guid, sha1, sha256


@dataclass(frozen=True)
class Phishing:
    sender_domain: str
    sender: str
    sender_ip: str
    url: str
    url_domain: str
    attacker_ip: str


@dataclass(frozen=True)
class Intrusion:
    sender: str
    sender_ip: str
    document: str
    document_sha256: str
    payload: str
    payload_image: str
    payload_sha256: str
    payload_sha1: str
    c2_domain: str
    c2_ip: str


@dataclass(frozen=True)
class Consent:
    app_name: str
    app_id: str
    attacker_ip: str


@dataclass(frozen=True)
class Ransomware:
    extension: str
    note: str
    tool: str
    tool_image: str
    tool_sha256: str


@dataclass(frozen=True)
class Exfiltration:
    storage_domain: str
    storage_ip: str
    remote: str
    rclone_image: str
    rclone_sha256: str


@dataclass(frozen=True)
class Indicators:
    phishing: Phishing
    intrusion: Intrusion
    consent: Consent
    ransomware: Ransomware
    exfiltration: Exfiltration


def indicators(seed: int) -> Indicators:
    rng = chance(seed, "indicators")
    # the last octets below 100 belong to ordinary traffic
    hosts = rng.sample(range(101, 250), 5)
    courier = chance(seed, "courier").choice(
        [host for host in range(101, 250) if host not in hosts]
    )
    word = rng.choice(("ledger", "remittance", "payables", "invoicing"))
    payload, tool, rclone = (f"{name}-{seed}" for name in ("payload", "locker", "rclone"))
    return Indicators(
        Phishing(
            sender_domain=f"{word}-notice.example",
            sender=f"accounts@{word}-notice.example",
            sender_ip=f"203.0.113.{hosts[0]}",
            url=f"https://signin.{word}-notice.example/session/verify",
            url_domain=f"signin.{word}-notice.example",
            attacker_ip=f"198.51.100.{hosts[1]}",
        ),
        Intrusion(
            sender="orders@northwind-parts.example",
            sender_ip=f"203.0.113.{courier}",
            document="Purchase_Order_Q3.docm",
            document_sha256=sha256(f"document-{seed}"),
            payload="WinHelperSvc.exe",
            payload_image=payload,
            payload_sha256=sha256(payload),
            payload_sha1=sha1(payload),
            c2_domain="telemetry-cdn-sync.example",
            c2_ip=f"203.0.113.{hosts[2]}",
        ),
        Consent(
            app_name="Mail Organizer Pro", app_id=guid(rng), attacker_ip=f"198.51.100.{hosts[3]}"
        ),
        Ransomware(
            extension=".lockd9",
            note="HOW_TO_RECOVER.txt",
            tool="svcupd.exe",
            tool_image=tool,
            tool_sha256=sha256(tool),
        ),
        Exfiltration(
            storage_domain="s3.colddrive-storage.example",
            storage_ip=f"203.0.113.{hosts[4]}",
            remote="cold:inbox",
            rclone_image=rclone,
            rclone_sha256=sha256(rclone),
        ),
    )
