"""Bad parameters of a check are named, whatever the claim."""

import numpy as np
import pytest

from spadv.theory import InputError, check, claim, claims


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
