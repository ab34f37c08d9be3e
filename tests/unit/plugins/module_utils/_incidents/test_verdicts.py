# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Determinations that fit their classification."""

from __future__ import annotations

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import (
    verdicts as _verdicts,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents.incident import (
    CLASSIFICATIONS,
    DETERMINATIONS,
)


def test_the_words_are_those_of_the_filters() -> None:
    assert set(_verdicts.DETERMINATIONS) < set(CLASSIFICATIONS)
    assert set(DETERMINATIONS) > _verdicts.KNOWN
    assert set(_verdicts.SAME.values()) <= _verdicts.KNOWN


@pytest.mark.parametrize("classification", CLASSIFICATIONS)
@pytest.mark.parametrize("word", [*DETERMINATIONS, "alien_invasion"])
def test_only_a_known_word_of_another_classification_is_refused(
    word: str, classification: str
) -> None:
    fitting = _verdicts.DETERMINATIONS.get(classification)
    wrong = fitting is not None and word in _verdicts.KNOWN and word not in fitting
    if not wrong:
        _verdicts.check(word, classification)
        return
    with pytest.raises(DefenderError) as caught:
        _verdicts.check(word, classification)
    assert caught.value.category == "bad_request"
    assert all(one in caught.value.message for one in fitting or ())


def test_other_spellings_mean_the_same() -> None:
    assert _verdicts.determination("compromised_user") == "compromised_account"
    assert _verdicts.determination("CompromisedUser") == "compromised_account"
    assert _verdicts.determination("multiStagedAttack") == "multi_staged_attack"
    assert _verdicts.determination("clean") == "not_malicious"
    assert _verdicts.determination("alien_invasion") == "alien_invasion"
