"""Every claim gets the verdict it should, and would get another if something were wrong."""

import json

import numpy as np
import pytest
from scipy.stats import norm

import spadv.theory.accuracy as accuracy_module
from spadv.theory import (
    InputError,
    LinearRule,
    Quantity,
    Setting,
    SimulationMismatchError,
    check,
    claim,
    claims,
    clopper_pearson,
)
from spadv.theory.claims import (
    default_shifts,
    largest_p,
    proposition1,
    reference_classifiers,
    select,
    smallest_delta,
    theorem2,
    theorem3,
)
from spadv.theory.claims.reference_classifiers import ReferenceClassifier

SIMPLEX = {"codeword": "simplex:6"}
TWO = {"codeword": "random:64:0", "shift": 32}
# What each claim must say at settings where it says something.
EXPECTED = [
    ("prop1", {**SIMPLEX, "p": 0.5}, "holds"),
    ("prop1", {**SIMPLEX, "p": 0.9}, "holds"),
    ("prop1", {**SIMPLEX, "p": 0.99}, "inconclusive"),
    ("prop1", {"codeword": "++++++++++-", "p": 0.5}, "inconclusive"),
    ("prop1.variance", SIMPLEX, "violated"),
    ("prop1.corrected", SIMPLEX, "holds"),
    ("prop1.p_interval", SIMPLEX, "holds"),
    ("prop1.smallest_delta", {**SIMPLEX, "p": 0.5}, "holds"),
    ("prop1.smallest_delta", {"codeword": "+++++-", "p": 0.5}, "holds"),
    ("prop1.smallest_delta", {**SIMPLEX, "p": 0.99}, "holds"),
    ("prop1.any_j", {**SIMPLEX, "p": 0.6}, "violated"),
    ("prop1.random_shift", {**SIMPLEX, "p": 0.5, "shift": 21}, "holds"),
    ("prop1.random_shift", {**SIMPLEX, "p": 0.5, "shift": 63}, "hypothesis-unsatisfiable"),
    ("thm2a", {**SIMPLEX, "p": 0.6}, "holds-with-equality"),
    ("thm2a", {**SIMPLEX, "p": 0.6, "eta": 0.2}, "hypothesis-unsatisfiable"),
    ("thm2a", {**SIMPLEX, "p": 0.6, "eta": 0.45}, "holds"),
    ("thm2a", {**SIMPLEX, "p": 0.6, "budget": 3.9}, "inconclusive"),
    ("thm2a", {**SIMPLEX, "p": 1.0}, "inconclusive"),
    ("thm2a.no_fraction", {**SIMPLEX, "p": 0.6}, "violated"),
    ("thm2b", {**SIMPLEX, "p": 0.6}, "holds-with-equality"),
    ("thm2b", {**SIMPLEX, "p": 0.6, "eta": 0.36}, "holds"),
    ("thm2b", {**SIMPLEX, "p": 0.6, "eta": 0.2}, "hypothesis-unsatisfiable"),
    ("thm2b", {**SIMPLEX, "p": 0.6, "eta": 0.0}, "hypothesis-unsatisfiable"),
    ("thm2.equality", {**SIMPLEX, "p": 0.6}, "holds-with-equality"),
    ("thm2.equality", {"codeword": "simplex:3", "p": 0.6}, "inconclusive"),
    ("thm2.feasibility", {**SIMPLEX, "p": 0.6}, "holds-with-equality"),
    ("thm2.feasibility", {"codeword": "simplex:3", "p": 0.6}, "holds"),
    ("thm3", {**SIMPLEX, "p": 0.6}, "holds"),
    ("thm3", {**SIMPLEX, "p": 0.6, "shift": 21, "eta": 0.1}, "hypothesis-unsatisfiable"),
    ("thm3.sharper", {**SIMPLEX, "p": 0.6, "eta": 0.5}, "holds"),
    ("thm3.limit", {**SIMPLEX, "p": 0.52, "eta": 0.01}, "hypothesis-unsatisfiable"),
    ("thm3.limit", {**SIMPLEX, "p": 0.6, "eta": 0.5}, "inconclusive"),
    ("robust_bayes", {**SIMPLEX, "p": 0.6, "budget": 1.0}, "holds-with-equality"),
    ("robust_bayes", {"codeword": "+-", "p": 0.5, "budget": 1.8}, "holds-with-equality"),
    ("law.upper", {**SIMPLEX, "p": 0.6, "budget": 1.0}, "holds-with-equality"),
    ("law.lower", {**SIMPLEX, "p": 0.6, "budget": 2.0}, "holds-with-equality"),
    ("law.sharpens", {"p": 0.6}, "holds-with-equality"),
    ("law.natural", {**SIMPLEX, "p": 0.6, "budget": 1.0}, "holds-with-equality"),
    ("law.natural", {**SIMPLEX, "p": 0.6, "budget": 3.0}, "inconclusive"),
    ("law.maximum", {"p": 0.6, "budget": 2.0}, "holds-with-equality"),
    ("law.neyman_pearson", {"budget": 1.0}, "holds-with-equality"),
    ("law.mixture", {**TWO, "p": 0.6, "budget": 1.0}, "holds-with-equality"),
    ("law.norms", {"p": 0.6, "budget": 1.0}, "holds-with-equality"),
    ("law.upper", {**SIMPLEX, "shift": 63, "p": 0.6, "budget": 1.0}, "inconclusive"),
    ("law.upper", {"codeword": "simplex:3", "p": 0.6, "budget": 4.0}, "holds"),
    ("bayes", {**SIMPLEX, "p": 0.6}, "holds-with-equality"),
    ("robust_bayes.mesh", {"p": 0.6, "budget": 1.0}, "holds-with-equality"),
    ("thm2.relaxation", {**SIMPLEX, "p": 0.6}, "holds-with-equality"),
    ("thm3.pointwise", {**SIMPLEX, "shift": 21, "p": 0.6}, "violated"),
    ("thm3.random", {**TWO, "p": 0.95}, "violated"),
    ("thm3.random", {**TWO, "p": 0.6}, "inconclusive"),
    ("frontier.coin", {"p": 0.6, "budget": 1.0}, "holds-with-equality"),
    ("frontier.branch", {**TWO, "p": 0.6, "budget": 1.0}, "holds-with-equality"),
    ("frontier.one_shift", {"p": 0.6, "budget": 3.0}, "holds-with-equality"),
    ("frontier.hull", {**TWO, "p": 0.6, "budget": 3.0}, "holds-with-equality"),
    ("frontier.hull", {**SIMPLEX, "p": 0.6, "budget": 3.0}, "inconclusive"),
    ("frontier.thresholds", {**TWO, "p": 0.6, "budget": 1.0}, "holds-with-equality"),
    ("frontier.levels", {**TWO, "p": 0.6, "budget": 2.0}, "holds-with-equality"),
    ("frontier.levels", {**TWO, "p": 0.6, "budget": 3.0}, "inconclusive"),
    ("frontier.full_budget", {**TWO, "p": 0.6, "budget": 4.0}, "holds-with-equality"),
    ("frontier.certified", {**TWO, "p": 0.6, "budget": 3.0}, "holds-with-equality"),
    ("frontier.laws", {**TWO, "p": 0.6, "budget": 1.0}, "holds-with-equality"),
    ("frontier.pairs", {**SIMPLEX, "shift": 21, "p": 0.6, "budget": 1.0}, "holds-with-equality"),
    ("price", {**SIMPLEX, "p": 0.6, "shift": 21}, "holds"),
    ("worst_case", {**TWO, "p": 0.7, "budget": 1.0}, "holds"),
    ("price.two", {"p": 0.6}, "holds-with-equality"),
    ("price.limit", {"p": 0.5}, "holds"),
    ("worst_case", {"codeword": "random:64:1", "shift": 32, "p": 0.6, "budget": 1.5}, "holds"),
    ("worst_case", {"codeword": "simplex:6", "shift": 21, "p": 0.7, "budget": 1.0}, "holds"),
    ("worst_case", {"codeword": "simplex:6", "shift": 9, "p": 0.7, "budget": 1.0}, "inconclusive"),
]
# Short, long, periodic, with an antipode, of even and of odd length, eps at and above 1.
GRID = [
    {"codeword": "simplex:4", "shift": 5, "p": 0.5},
    {"codeword": "simplex:8", "p": 0.75},
    {"codeword": "legendre:29", "p": 0.95},
    {"codeword": "random:64:0", "shift": 32, "p": 0.9, "eta": 0.02},
    {"codeword": "+++---", "shift": 3, "p": 0.7, "budget": 5.0},
    {"codeword": "+--+--+--+--", "shift": 2, "p": 0.55, "eta": 0.5},
    {"codeword": "random:16:2", "p": 0.8, "budget": 4.0},
    {"codeword": "+-", "p": 0.6, "budget": 1.8, "eta": 0.0},
    {"codeword": "dual-bch:6", "shift": 9, "p": 1.0},
    {"codeword": "simplex:5", "p": 1 - 1e-9, "budget": 2.0, "eta": 1.0},
    {"codeword": "qr:17", "shift": 17, "p": 0.65, "budget": 0.0},
]


@pytest.fixture(autouse=True)
def _fresh_caches():
    clear_caches()
    yield
    clear_caches()


def clear_caches():
    reference_classifiers._at.cache_clear()
    proposition1._bayes_on_shifts.cache_clear()


@pytest.mark.parametrize(("name", "parameters", "verdict"), EXPECTED)
def test_expected_verdicts(name, parameters, verdict):
    result = check(name, samples=2000, **parameters)
    assert result.verdict == verdict, result.note
    assert not result.alarming
    assert result.claim == name
    assert result.statement
    assert result.locator
    json.dumps(result.to_json(), allow_nan=False)


def test_every_claim_is_expected_to_say_something():
    assert {name for name, *_ in EXPECTED} == {c.id for c in claims()}
    for one in claims():
        said = {verdict for name, _, verdict in EXPECTED if name == one.id}
        if one.expected == "holds":
            assert said & {"holds", "holds-with-equality"}
        else:
            assert one.expected in said
        assert claim(one.id) is one


@pytest.mark.parametrize("setting", GRID, ids=lambda s: f"{s['codeword']} {s['p']:g}")
def test_nothing_alarms_on_odd_settings(setting):
    for one in claims():
        result = check(one.id, samples=1500, **setting)
        assert not result.alarming, (one.id, result.note)
        met = all(hypothesis.satisfied for hypothesis in result.hypotheses)
        if met and one.bound_name in ("0", "1"):
            assert result.bound == float(one.bound_name), one.id
        assert result.parameters["samples"] == 1500
        for quantity in result.quantities:
            if quantity.simulated is not None:
                low, high, level = quantity.interval
                assert (low, high) == clopper_pearson(quantity.successes, quantity.trials, level)[
                    :2
                ]


def test_every_number_of_a_statement_selects_its_claims():
    assert [c.id for c in select(["F3"])] == ["frontier.one_shift"]
    assert [c.id for c in select(["2", "L5"])] == [
        "thm2a",
        "thm2a.no_fraction",
        "thm2b",
        "law.lower",
    ]
    assert all(c.numbers for c in claims())
    with pytest.raises(InputError, match="claim"):
        select(["F99"])


def test_largest_p_and_smallest_delta():
    p = largest_p(0.25)
    assert str(p).startswith("0.93552")
    # From the definition: the mixture of two normal tails crosses 85% here.
    odds = np.log(p / (1 - p))
    value = p * norm.cdf(0.5 + odds / 4) + (1 - p) * norm.cdf(0.5 - odds / 4)
    assert value == pytest.approx(0.85, abs=1e-12)
    delta = smallest_delta(0.5)
    assert str(delta).startswith("0.24089")
    assert norm.cdf(2 * (1 - 2 * delta)) == pytest.approx(0.85, abs=1e-12)
    assert np.isnan(largest_p(0.9))
    assert np.isnan(smallest_delta(1 - 1e-6))
    assert largest_p(0.9, ceiling=0.9999) == pytest.approx(1, abs=0.01)
    assert smallest_delta(0.5, ceiling=0.98) == 0
    for kappa in (-0.999, -0.3, 0.1, 0.4):
        back = smallest_delta(largest_p(kappa))
        assert 1 - 2 * back == pytest.approx(kappa, abs=1e-6)
    for bad in (2.0, 1.0, 0.0, float("nan")):
        with pytest.raises(InputError, match="'ceiling'"):
            largest_p(0.2, ceiling=bad)
    for bad in (-1.1, 1.1, float("nan"), None):
        with pytest.raises(ValueError, match="kappa"):
            largest_p(bad)
        with pytest.raises(ValueError, match="'p'"):
            smallest_delta(bad)


def without_time(result):
    data = result.to_json()
    del data["provenance"]
    return data


def test_the_same_seed_gives_the_same_result_in_any_order():
    jobs = [
        (name, {"codeword": word, "p": p, "seed": seed, "samples": 3000})
        for name in ("prop1", "prop1.variance", "thm2a", "thm3", "robust_bayes")
        for word, p, seed in (("simplex:5", 0.6, 0), ("random:20:1", 0.75, 4))
    ]
    first = [without_time(check(name, **given)) for name, given in jobs]
    clear_caches()
    backwards = [without_time(check(name, **given)) for name, given in reversed(jobs)]
    assert first == backwards[::-1]
    other = check("thm2a", codeword="simplex:5", p=0.6, seed=1, samples=3000)
    assert without_time(other)["quantities"] != first[4]["quantities"]


def test_settings_of_one_word_are_equal_and_hash_alike():
    one = Setting("simplex:3", p=0.7, eta=0.1)
    signs = "".join("+" if sign > 0 else "-" for sign in one.word)
    for other in (Setting(signs, p=0.7, eta=0.1), Setting(one.word, 1, 0.7, eta=0.1)):
        assert one == other
        assert hash(one) == hash(other)
    assert one != Setting("simplex:3", p=0.7, eta=0.2)
    assert one != Setting("+-+++-+", p=0.7, eta=0.1)
    assert one.only("p") == Setting("simplex:3", p=0.7)
    with pytest.raises(AttributeError):
        one.p = 0.6


def test_words_may_be_given_as_vectors():
    one = check("thm2a", codeword=np.array([1, 1, -1, 1, -1]), samples=100)
    other = check("thm2a", codeword="++-+-", samples=100)
    assert without_time(one) == without_time(other)


def test_without_samples_nothing_is_simulated():
    for one in claims():
        result = check(one.id, codeword="simplex:4", samples=0)
        assert all(q.simulated is None for q in result.quantities)
        assert not result.alarming


def test_long_words_do_not_take_all_memory():
    result = check("prop1", codeword="simplex:12", p=0.5, samples=10**6)
    assert 500 <= max(q.trials for q in result.quantities) < 10**6


@pytest.mark.parametrize("name", ["prop1", "prop1.random_shift", "thm2a", "robust_bayes"])
def test_a_corrupted_closed_form_is_noticed(name, monkeypatch):
    true = accuracy_module.shifted_accuracy
    monkeypatch.setattr(proposition1, "shifted_accuracy", lambda k, p: true(k, p) - 0.03)
    spatial = LinearRule.spatial_accuracy
    monkeypatch.setattr(LinearRule, "spatial_accuracy", lambda s, d: spatial(s, d) - 0.03)
    with pytest.raises(SimulationMismatchError, match=f"{name}: the simulation of"):
        check(name, codeword="simplex:6", p=0.5, samples=20_000)
    # The registry's claim records it instead.
    assert claim(name).check(Setting("simplex:6", p=0.5, samples=20_000)).alarming


def test_a_corrupted_attack_is_noticed(monkeypatch):
    true = reference_classifiers.optimal_linear_attack
    monkeypatch.setattr(
        reference_classifiers, "optimal_linear_attack", lambda r, x, y, e: true(r, x, y, 0.9 * e)
    )
    with pytest.raises(SimulationMismatchError):
        check("thm2a", codeword="simplex:6", p=0.6, samples=20_000)


@pytest.mark.parametrize("name", ["thm2a", "thm2b", "thm2.feasibility", "thm3", "thm3.sharper"])
@pytest.mark.parametrize("exact", [True, False])
def test_a_classifier_that_breaks_a_law_makes_it_violated(name, exact, monkeypatch):
    impossible = ReferenceClassifier(
        "impossible",
        Quantity("S", 1.0 if exact else None, 5000, 5000),
        Quantity("A", 1.0 if exact else None, 5000, 5000),
    )
    for module in (theorem2, theorem3):
        monkeypatch.setattr(module, "reference_classifiers", lambda setting: (impossible,))
    result = check(name, codeword="simplex:6", p=0.6, eta=0.45)
    assert result.verdict == "violated"
    assert result.alarming
    assert "impossible" in result.note


def test_a_sample_that_may_be_luck_breaks_nothing(monkeypatch):
    # Just above p, but within the interval at level 1 - 1e-9.
    lucky = ReferenceClassifier("lucky", Quantity("S", 0.6), Quantity("A", None, 310, 500))
    monkeypatch.setattr(theorem2, "reference_classifiers", lambda setting: (lucky,))
    assert check("thm2.feasibility", codeword="simplex:6", p=0.6).verdict == "holds-with-equality"


def test_default_shifts_divide():
    for d in (2, 3, 7, 12, 63, 64, 127, 1023, 4095):
        shifts = default_shifts(d)
        assert all(d % m == 0 and d // m >= 2 for m in shifts)
        assert len(set(shifts)) == len(shifts) <= 2
    assert default_shifts(1) == [1]


@pytest.mark.parametrize(
    ("named", "parameters"),
    [
        ("'p'", {"p": 0.49}),
        ("'p'", {"p": float("nan")}),
        ("'p'", {"p": "much"}),
        ("'p'", {"p": None}),
        ("budget", {"budget": float("nan")}),
        ("budget", {"budget": float("inf")}),
        ("budget", {"budget": -1}),
        ("shift", {"shift": 2}),
        ("shift", {"shift": 0}),
        ("shift", {"shift": 1.0}),
        ("shift", {"shift": 126}),
        ("eta", {"eta": -0.1}),
        ("eta", {"eta": 1.5}),
        ("eta", {"eta": float("nan")}),
        ("samples", {"samples": -1}),
        ("samples", {"samples": 10.5}),
        ("seed", {"seed": -1}),
        ("seed", {"seed": None}),
        ("level", {"level": 0}),
        ("level", {"level": 1}),
        ("level", {"level": float("nan")}),
        ("codeword", {"codeword": "simplx:6"}),
        ("codeword", {"codeword": [0, 1]}),
        ("codeword", {"codeword": []}),
        ("codeword", {"codeword": "++++"}),
        ("codeword", {"codeword": -np.ones(7)}),
        ("codeword", {"codeword": None}),
        ("epsilon", {"epsilon": 4}),
        ("parameters", {"Budget": 4}),
    ],
)
@pytest.mark.parametrize("name", ["prop1", "thm2a", "thm3.sharper", "robust_bayes"])
def test_bad_parameters(name, named, parameters):
    with pytest.raises(InputError, match=named) as caught:
        check(name, **parameters)
    assert len(str(caught.value)) < 400
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "thm4", "prop", None, 3])
def test_unknown_claims(name):
    with pytest.raises(InputError, match="claim"):
        check(name)


def test_a_misspelt_claim_is_guessed():
    with pytest.raises(InputError, match=r"Did you mean 'thm2\.equality'"):
        claim("thm2.equalty")
    with pytest.raises(InputError, match=r"Did you mean 'robust_bayes'"):
        claim("robust-bayes")


def test_the_papers_claims_come_first():
    names = [one.id for one in claims()]
    assert len(set(names)) == len(names)
    order = [
        next(i for i, n in enumerate(names) if n.startswith(s)) for s in ("prop", "thm2", "thm3")
    ]
    assert order == sorted(order)
    assert order[0] == 0


def test_statements_are_text():
    for one in claims():
        assert len(one.statement) > 40
        assert "\n" not in one.statement
        assert one.expected in ("holds", "violated", "hypothesis-unsatisfiable")
        assert set(one.parameters) <= {"codeword", "shift", "p", "budget", "eta"}


def test_two_shifts_that_agree_nowhere_have_no_half_spaces():
    """kappa = -1: u says nothing, and the claim about half-spaces in u says nothing either."""
    word = np.tile([1, -1, 1, 1, -1, -1, 1], 4)
    result = check("frontier.full_budget", codeword=[*word, *-word], shift=28, p=0.6, budget=4.0)
    assert result.verdict == "inconclusive"
