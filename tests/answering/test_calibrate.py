"""Calibrate: machines that share what they have in common are those that are fitted one by one."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.svm import SVC

from allchat.answering.abstain import EVIDENCE, GAMMA
from allchat.answering.calibrate import COST, _Apart, _machine, _scale

EXAMPLES, READING = 240, 40


def test_a_machine_of_the_shared_kernel_is_the_one_that_scikit_learn_makes_of_its_rows() -> None:
    random = np.random.default_rng(3)
    rows = random.standard_normal((EXAMPLES, EVIDENCE + READING))
    rows[:, :EVIDENCE] *= np.linspace(0.1, 30, EVIDENCE)
    positive = rows[:, EVIDENCE] + 0.5 * random.standard_normal(EXAMPLES) > 0.3
    apart = _Apart(rows)
    for among in (np.ones(EXAMPLES, dtype=bool), np.arange(EXAMPLES) % 3 > 0, rows[:, 0] > 0):
        made, own = _machine(apart, positive, among=among), rows[among]
        scaled = (own - own.mean(axis=0)) / _scale(own)
        plain = SVC(C=COST, gamma=GAMMA, class_weight="balanced").fit(scaled, positive[among])
        assert np.array_equal(made.vectors, plain.support_vectors_.astype(np.float32))
        assert made.weights == pytest.approx(plain.dual_coef_[0], abs=1e-9)
        assert made.bias == pytest.approx(plain.intercept_[0], abs=1e-9)
        asked = rows[:20]
        values = plain.decision_function((asked - own.mean(axis=0)) / _scale(own))
        assert [made.value(row) for row in asked] == pytest.approx(values, abs=1e-4)  # its vectors are narrow
