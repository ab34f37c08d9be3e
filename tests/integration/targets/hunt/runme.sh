#!/usr/bin/env bash
# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# shellcheck source=../setup_lab/start.sh
source ../setup_lab/start.sh

ansible-playbook -i "${LAB}/inventory.yml" test.yml -e "lab=${LAB}" "$@"
