"""Certificates: what they prove, that another program agrees, and that changes are refused."""

import copy
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spadv.theory import InputError
from spadv.theory.frontier import Plane, bracket, check_certificate, make_certificate
from spadv.theory.frontier.certificate import _intervals, _normal

CHECKER = Path(__file__).parents[2] / "examples" / "check_certificate.py"


@pytest.fixture(scope="module")
def document():
    return make_certificate(0.7, 1, "-1/63", 0.5)


def signed(document):
    """The document with its digest made anew, as a forger would."""
    text = json.dumps({**document, "digest": ""}, sort_keys=True)
    return {**document, "digest": hashlib.sha256(text.encode()).hexdigest()}


def alone(document):
    return subprocess.run(
        [sys.executable, "-I", CHECKER], input=json.dumps(document), capture_output=True, text=True,
        check=False,
    )  # fmt: skip


def test_the_checker_is_short_and_alone():
    text = CHECKER.read_text()
    assert text.count("\n") <= 60
    assert "spadv" not in text
    assert "." not in "".join(word for word in text.split() if word[:1].isdigit())


def test_proved_values_hold_the_bracket(document):
    found = check_certificate(document)
    known = bracket(Plane(0.7, 1.0, -1 / 63), (0.25, 0.25, 0.5))
    achieved = np.dot((0.25, 0.25, 0.5), known.achieved)
    assert found.lower <= known.upper
    assert found.lower == pytest.approx(achieved, abs=1e-8)
    assert achieved <= found.upper < found.lower + 0.002
    done = alone(document)
    assert done.returncode == 0
    assert f"{found.upper:.6f}" in done.stdout
    assert len(json.dumps(document)) < 300_000


@pytest.mark.slow
@pytest.mark.parametrize(
    ("p", "e", "kappa", "w"),
    [(0.5, 2.5, 0, 0.6), (1, 1, 0.25, 0.5), (0.9, 0, -1, 0.3), (0.6, 4, 1, 1)],
)
def test_other_settings(p, e, kappa, w):
    found = check_certificate(json.loads(json.dumps(made := make_certificate(p, e, kappa, w))))
    known = bracket(Plane(p, e, kappa), ((1 - w) / 2, (1 - w) / 2, w))
    assert np.dot(((1 - w) / 2, (1 - w) / 2, w), known.achieved) <= found.upper
    assert found.lower <= known.upper + 1e-9
    assert alone(made).returncode == 0


def numbers(value, path=()):
    """Every place of a document where a number stands."""
    if isinstance(value, dict):
        value = list(value.items())
    elif isinstance(value, list):
        value = list(enumerate(value))
    else:
        return [path] if isinstance(value, int) else []
    return [found for key, part in value for found in numbers(part, (*path, key))]


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(data=st.data(), change=st.sampled_from([-1, 1, 10**6]))
def test_one_changed_number_is_refused(document, data, change):
    places = numbers(document)
    # Most numbers are moves and thresholds: the others are looked at as often.
    few = [place for place in places if place[0] not in ("moves", "rule")]
    place = data.draw(st.sampled_from(few) | st.sampled_from(places))
    other = copy.deepcopy(document)
    part = other
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] += change
    with pytest.raises(InputError, match="certificate"):
        check_certificate(other)
    assert alone(other).returncode != 0
    # Signed anew, it is refused unless it still proves what it says.
    try:
        found = check_certificate(signed(other))
    except InputError:
        return
    value = 1e-9 * np.array([document["lower"][0], document["upper"][0]])
    if place[0] in ("moves", "rule", "upper", "lower"):
        assert found.lower <= value[1]
        assert found.upper >= value[0]


def test_a_changed_move_is_refused(document):
    other = copy.deepcopy(document)
    level = next(k for k, plan in enumerate(document["moves"][0]) if plan)
    other["moves"][0][level][0][2] -= 1
    with pytest.raises(InputError, match="as it was made"):
        check_certificate(other)
    assert "something was changed" in alone(other).stderr


def test_forged_values_are_refused(document):
    """A smaller upper value, a larger lower one, moves beyond the attack, mass from nowhere."""
    forged = []
    for name, sign in (("upper", -1), ("lower", 1)):
        other = copy.deepcopy(document)
        other[name][0] += sign * 10**6
        forged.append(other)
    level = next(k for k, plan in enumerate(document["moves"][0]) if plan)
    for at, by in ((1, 30), (2, 10**10)):
        other = copy.deepcopy(document)
        other["moves"][0][level][0][at] += by
        forged.append(other)
    other = copy.deepcopy(document)
    other["reach"] += 5
    forged.append(other)
    for other in forged:
        with pytest.raises(InputError, match="certificate"):
            check_certificate(signed(other))
    for other in (forged[0], *forged[2:]):
        assert "refused" in alone(signed(other)).stderr


def test_pieces_and_other_versions(document, tmp_path, spadv):
    path = tmp_path / "certificate.json"
    path.write_text(json.dumps(document)[:1000])
    done = spadv("certify", path)
    assert (done.status, done.err.count("\n")) == (2, 1)
    for other in (signed({**document, "version": 2}), [], {"format": "other"}, signed({"a": 1})):
        with pytest.raises(InputError, match="certificate"):
            check_certificate(other)
    cut = {name: value for name, value in document.items() if name != "moves"}
    with pytest.raises(InputError, match="whole"):
        check_certificate(signed(cut))


def test_commands(tmp_path, spadv):
    path = tmp_path / "certificate.json"
    line = "frontier --codeword random:64:1 --shift 32 --p 0.7 --budget 1 --points 3 --exact never"
    assert spadv(*line.split(), "--certificate", path, "--weight", "0.4").status == 0
    done = spadv("certify", path, "--json")
    assert done.json["weight"] == [2, 5]
    assert 0 < done.json["upper"] - done.json["lower"] < 0.002
    for wrong in (["--weight", "1.5"], ["--shift", "16"]):
        done = spadv(*line.split(), "--certificate", path, *wrong)
        assert (done.status, done.err.count("\n")) == (2, 1)


def test_intervals_hold_the_normal_distribution():
    """mpmath's own function, at points of the series' whole range."""
    iv = _intervals()
    for x in (-11.9, -3.3, -1e-9, 0.0, 0.7, 5.5, 11.9):
        found = _normal(iv.mpf(x))
        with mpmath.workdps(60):
            assert found.a <= mpmath.ncdf(mpmath.mpf(x)) <= found.b
        assert found.delta < 1e-15
