#!/usr/bin/env bash
# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Sourced by each target's runme.sh: a lab of its own in $LAB, gone with the shell, and a HOME that nobody else uses.
set -euo pipefail

WORK="$(mktemp -d)"
LAB="${WORK}/lab"
export LAB HOME="${WORK}/home" ANSIBLE_FORKS=10
mkdir -m 0700 "${HOME}"
# ansible-test runs a copy of the targets; the collection itself is where it says
FILES="${ANSIBLE_COLLECTIONS_PATH%%:*}/ansible_collections/mssp/defender_xdr/roles/lab/files"
PYTHONPATH="${FILES}" python -m defender_lab --dir "${LAB}" --parent-pid $$ --sick not_consented=1,no_defender=1 --tenants 5 &
LAB_PID=$!
trap 'kill "${LAB_PID}"; wait "${LAB_PID}" || true; rm -rf "${WORK}"' EXIT
for _ in $(seq 600); do
    [ -e "${LAB}/lab.json" ] && break
    kill -0 "${LAB_PID}"
    sleep 0.1
done
[ -e "${LAB}/lab.json" ]
