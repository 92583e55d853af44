"""Every measure once by hand on a small case, and once against a library that others trust."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap, chi2, wilcoxon
from sklearn.metrics import ndcg_score, recall_score, roc_curve

from allchat.evaluation import metrics
from allchat.evaluation.metrics import (
    comparable,
    confusion,
    coverage_and_risk,
    figure,
    figures_of,
    holds,
    paired,
    quantiles,
    readability,
    recalls,
    retrieval,
)
from allchat.evaluation.records import Quantiles

FAST = settings(max_examples=60, deadline=None, derandomize=True, database=None)
RANKING = ["x", "a", "y", "b", "z"]
RELEVANT = {"a": 1, "b": 1, "c": 1}

# Gold spans


def test_gold_is_compared_without_ligatures_line_breaks_bullets_and_footnotes() -> None:
    assert comparable("• Side e\ufb00ects\nof  it [9]") == "side effects of it"
    assert holds(["side e\ufb00ects\nof  it [9]"], ["The Side effects of it."])
    assert not holds(["another thing"], ["The side effects of it."])
    assert not holds(["a", "b"], [])


# Retrieval


def test_measures_of_retrieval_are_what_their_formulas_give_by_hand() -> None:
    # Two of three relevant pieces, at ranks 2 and 4; the best order has all three in front.
    found = retrieval(RANKING, RELEVANT)
    gain = 1 / math.log2(3) + 1 / math.log2(5)
    ideal = 1 / math.log2(2) + 1 / math.log2(3) + 1 / math.log2(4)
    assert found == pytest.approx(
        {"first": 0.0, "first_three": 1.0, "recall_at_10": 2 / 3, "reciprocal_rank": 1 / 2, "ndcg_at_10": gain / ideal}
    )


def test_without_anything_relevant_or_anything_found_retrieval_is_nought() -> None:
    assert set(retrieval(RANKING, {}).values()) == {0.0}
    assert set(retrieval([], RELEVANT).values()) == {0.0}


def test_what_stands_behind_the_tenth_place_does_not_count() -> None:
    found = retrieval([*"abcdefghij", "gold"], {"gold": 1})
    assert set(found.values()) == {0.0}


@FAST
@given(st.permutations(list("abcdefgh")), st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 3), min_size=1))
def test_ndcg_is_scikit_learns(ranking: list[str], relevant: dict[str, int]) -> None:
    grades = [[relevant.get(key, 0) for key in ranking]]
    scores = [[-rank for rank in range(len(ranking))]]
    assert retrieval(ranking, relevant)["ndcg_at_10"] == pytest.approx(ndcg_score(grades, scores, k=10))


@FAST
@given(st.permutations(list("abcdefgh")), st.sets(st.sampled_from("abcdefgh"), min_size=1))
def test_recall_and_rank_are_their_definitions(ranking: list[str], relevant: set[str]) -> None:
    found = retrieval(ranking, dict.fromkeys(relevant, 1))
    place = min(ranking.index(key) for key in relevant)
    assert found["reciprocal_rank"] == pytest.approx(1 / (place + 1))
    assert (found["first"], found["first_three"]) == (float(place < 1), float(place < 3))
    assert found["recall_at_10"] == 1.0


# Intervals


def test_a_figure_is_the_mean_with_an_interval_around_it() -> None:
    found = figure([1, 1, 0, 1])
    assert (found.value, found.n) == (0.75, 4)
    assert 0 <= found.low <= 0.75 <= found.high <= 1


def test_where_nothing_failed_the_interval_is_the_exact_one() -> None:
    # Clopper and Pearson: no failure in n leaves (alpha / 2) ** (1 / n) as the lower end.
    found = figure([True] * 20)
    assert (found.low, found.high) == (pytest.approx(0.025 ** (1 / 20), abs=1e-6), 1.0)
    assert figure([False] * 20).high == pytest.approx(1 - 0.025 ** (1 / 20), abs=1e-6)


def test_a_constant_number_has_no_width() -> None:
    found = figure([7.0, 7.0])
    assert (found.value, found.low, found.high) == (7.0, 7.0, 7.0)


def test_the_interval_is_scipys_percentile_bootstrap() -> None:
    values = np.random.default_rng(3).normal(10, 2, 200)
    theirs = bootstrap(
        (values,), np.mean, method="percentile", n_resamples=20_000, rng=np.random.default_rng(1)
    ).confidence_interval
    ours = figure(values.tolist())
    assert ours.low == pytest.approx(theirs.low, abs=0.03)
    assert ours.high == pytest.approx(theirs.high, abs=0.03)


def test_the_same_outcomes_give_the_same_interval() -> None:
    assert figure([1, 0, 1, 1, 0]) == figure([1, 0, 1, 1, 0])


def test_a_figure_of_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one outcome"):
        figure([])


def test_a_figure_counts_the_rows_that_have_its_outcome() -> None:
    found = figures_of([{"a": 1.0}, {"a": 0.0, "b": 3.0}])
    assert (found["a"].value, found["a"].n) == (0.5, 2)
    assert (found["b"].value, found["b"].n) == (3.0, 1)


# Paired tests


def test_mcnemar_by_hand() -> None:
    # Five rose, one fell: 2 * (C(6,0) + C(6,1)) / 2**6.
    before, after = [0] * 5 + [1] + [1] * 4, [1] * 5 + [0] + [1] * 4
    found = paired(before, after)
    assert (found.rose, found.fell) == (5, 1)
    assert found.p == pytest.approx(2 * (1 + 6) / 64)
    assert found.added().by == pytest.approx(0.4)


def test_mcnemar_comes_near_the_chi_square_form_for_many() -> None:
    before, after = [0] * 300 + [1] * 250 + [1] * 500, [1] * 300 + [0] * 250 + [1] * 500
    corrected = (abs(300 - 250) - 1) ** 2 / (300 + 250)
    assert paired(before, after).p == pytest.approx(chi2.sf(corrected, 1), rel=0.05)


def test_numbers_are_paired_by_wilcoxon() -> None:
    before, after = [1.0, 2.0, 3.0, 4.0, 5.5], [2.5, 2.0, 4.0, 6.0, 9.0]
    assert paired(before, after).p == pytest.approx(float(wilcoxon(after, before).pvalue))
    # By hand: four differences, all up, 2 / 2**4.
    assert paired(before, after).p == pytest.approx(0.125)


def test_where_nothing_differs_there_is_no_doubt() -> None:
    assert paired([1.0, 0.5], [1.0, 0.5]).p == 1.0


# The guard


def test_a_confusion_matrix_by_hand() -> None:
    labels = ("urgent", "refusal", "search")
    matrix = confusion(["urgent", "urgent", "search"], ["urgent", "search", "search"], labels=labels)
    assert matrix == [[1, 0, 1], [0, 0, 0], [0, 0, 1]]
    assert recalls(matrix, labels=labels) == {"urgent": 0.5, "search": 1.0}


def test_recalls_are_scikit_learns() -> None:
    rng = np.random.default_rng(5)
    labels = ("a", "b", "c")
    expected, found = (list(rng.choice(labels, 60)) for _ in range(2))
    theirs = recall_score(expected, found, labels=list(labels), average=None)
    assert list(recalls(confusion(expected, found, labels=labels), labels=labels).values()) == pytest.approx(
        list(theirs), abs=1e-6
    )


# Calibration


def test_coverage_and_risk_by_hand() -> None:
    found = coverage_and_risk([0.5, 0.1, -0.3], [0.3, -0.5])
    at = {point.shift: (point.coverage, point.risk) for point in found.curve}
    assert at[0.0] == (pytest.approx(2 / 3, abs=1e-6), 0.5)
    assert at[-0.4] == (1.0, 0.5)
    assert at[0.4] == (pytest.approx(1 / 3, abs=1e-6), 0.0)
    # Of the six pairs, 0.5 beats both, 0.1 and -0.3 beat one each.
    assert found.auroc == pytest.approx(4 / 6, abs=1e-6)


def test_coverage_and_risk_are_the_roc_curve_of_scikit_learn() -> None:
    rng = np.random.default_rng(7)
    good, bad = rng.normal(0.5, 0.5, 80), rng.normal(-0.4, 0.5, 60)
    false_rate, true_rate, thresholds = roc_curve([1] * 80 + [0] * 60, [*good, *bad], drop_intermediate=False)
    for point in coverage_and_risk(good.tolist(), bad.tolist()).curve:
        last = int((thresholds >= point.shift).sum()) - 1
        assert (point.coverage, point.risk) == pytest.approx((true_rate[last], false_rate[last]), abs=1e-6)


# Readability


def test_readability_by_hand_is_the_formulas() -> None:
    # One sentence, six words, seven syllables: 0.39 * 6 + 11.8 * 7 / 6 - 15.59.
    (grade,) = readability(["The doctor will see you now."], language="en") or [math.nan]
    assert grade == pytest.approx(0.39 * 6 + 11.8 * 7 / 6 - 15.59, abs=0.01)


def test_readability_without_textstat_is_none_and_not_nought(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(metrics.importlib, "import_module", missing)
    assert readability(["A text."], language="en") is None


def test_spanish_is_measured_by_the_spanish_formula() -> None:
    import textstat

    textstat.set_lang("es")
    text = "Llame a su equipo. Ellos le ayudan."
    assert readability([text], language="es") == [textstat.fernandez_huerta(text)]


# Latency


def test_quantiles_are_numpys_by_name() -> None:
    assert quantiles([4.0, 1.0, 3.0, 2.0]) == Quantiles(p50=2.5, p95=3.85, p99=3.97, most=4.0)
