"""Selecting claims, running a grid, and summing results up."""

import dataclasses
import itertools

import pytest

from spadv.result import EQUALITY, HOLDS, INCONCLUSIVE, UNSATISFIABLE, VERDICTS, VIOLATED
from spadv.theory import Grid, InputError, Quantity, Result, claim, claims
from spadv.theory.claims import run, select, settings, summarise

IDS = [c.id for c in claims()]
SMALL = Grid(codewords=["simplex:3", "+-+++"], shifts=[1], ps=[0.6], samples=50)


def ids(*given):
    return [c.id for c in select(given)]


def result(name, verdict, quantities=(), expected=None):
    of = claim(name)
    expected = of.expected if expected is None else expected
    return Result(
        name, of.locator, of.statement, {}, verdict, expected=expected, quantities=tuple(quantities)
    )


def test_select_by_identifier_beginning_and_pattern():
    assert [c.id for c in select(None)] == [c.id for c in select([])] == IDS
    for name in IDS:
        assert ids(name) == [name]  # itself alone, even where others begin with it
    for length, name in itertools.product(range(1, 6), IDS):
        text = name[:length]
        if text not in IDS:
            assert ids(text) == [i for i in IDS if i.startswith(text)]
    assert ids("prop1*") == [i for i in IDS if i.startswith("prop1")]
    assert ids("*limit") == [i for i in IDS if i.endswith("limit")]
    assert ids("*") == IDS
    assert ids("thm3", "prop1", "thm3") == ["prop1", "thm3"]
    assert ids("thm", "robust") == [i for i in IDS if i.startswith(("thm", "robust"))]


@pytest.mark.parametrize(
    ("bad", "hint"), [("thm4", "thm"), ("porp1", "prop1"), ("zzz*", ""), ("", "")]
)
def test_unknown_claims_are_refused_with_a_hint(bad, hint):
    for call in (select, run):
        with pytest.raises(InputError, match=f"'claim' must be one of prop1,.*{hint}"):
            call(["prop1", bad])


def test_run_follows_its_plan_and_reports_progress():
    calls = []
    found = run(["thm2a", "prop1"], SMALL, progress=lambda *a: calls.append(a))
    assert calls == []  # nothing is computed before it is asked for
    results = list(found)
    plan = [("prop1", s) for s in settings(claim("prop1"), SMALL)]
    plan += [("thm2a", s) for s in settings(claim("thm2a"), SMALL)]
    assert [r.claim for r in results] == [name for name, _ in plan]
    for r, (_, setting) in zip(results, plan, strict=True):
        assert r.parameters["codeword"] == setting.codeword
        assert r.parameters["samples"] == 50
    assert [done for done, _, _ in calls] == list(range(len(plan) + 1))
    assert {total for _, total, _ in calls} == {len(plan)}
    assert [m for _, _, m in calls] == [*(name for name, _ in plan), ""]


@pytest.mark.parametrize(
    ("grid", "named"),
    [
        (Grid(codewords=["nonsense:3"]), "codeword"),
        (Grid(codewords=["simplex:3"], shifts=[2]), "shift"),
        (Grid(codewords=["simplex:3"], ps=[0.4]), "'p'"),
        (Grid(codewords=["simplex:3"], budgets=[-1.0]), "budget"),
        (Grid(codewords=["simplex:3"], etas=[1.5]), "eta"),
        (Grid(codewords=["simplex:3"], samples=-1), "samples"),
        (Grid(codewords=["simplex:3"], level=1.0), "level"),
    ],
)
def test_bad_grids_are_refused_before_anything_is_computed(grid, named):
    calls = []
    with pytest.raises(InputError, match=named):
        run(["thm2a"], grid, progress=lambda *a: calls.append(a))
    assert calls == []


def test_the_summary_of_a_real_run():
    results = list(run(None, SMALL))
    found = summarise(reversed(results))
    assert [s.claim.id for s in found] == IDS  # in the registry's order
    for one in found:
        mine = [r for r in results if r.claim == one.claim.id]
        assert one.checks == len(mine) == sum(one.counts.values())
        assert one.ok
        assert one.mismatches == 0
        for verdict in VERDICTS:
            assert one.counts.get(verdict, 0) == sum(r.verdict == verdict for r in mine)
        assert one.counts[one.verdict] > 0
        assert one.compared == sum(q.p_value is not None for r in mine for q in r.quantities)
    assert sum(s.checks for s in found) == len(results)
    assert summarise([]) == []


ORDER = [VIOLATED, EQUALITY, HOLDS, UNSATISFIABLE, INCONCLUSIVE]


@pytest.mark.parametrize("name", ["thm2a", "prop1.variance", "thm3.limit"])
def test_the_strongest_verdict_wins(name):
    order = list(ORDER)
    if claim(name).expected == UNSATISFIABLE:
        order = [VIOLATED, UNSATISFIABLE, EQUALITY, HOLDS, INCONCLUSIVE]
    for size in range(1, 6):
        for mix in itertools.combinations(VERDICTS, size):
            (found,) = summarise([result(name, v) for v in mix] * 2)
            assert found.verdict == min(mix, key=order.index)
            assert found.counts == dict.fromkeys(mix, 2)
            assert list(found.counts) == sorted(mix, key=order.index)


MEANINGS = [
    ("thm2a", [HOLDS, INCONCLUSIVE], "holds"),
    ("thm2a", [HOLDS, EQUALITY], "holds, attained"),
    ("thm2a", [INCONCLUSIVE], "not decided here"),
    ("thm2a", [UNSATISFIABLE, INCONCLUSIVE], "vacuous here"),
    ("thm2a", [VIOLATED, HOLDS], "NOT AS EXPECTED"),
    ("prop1.variance", [VIOLATED], "refuted (expected)"),
    ("prop1.variance", [VIOLATED, INCONCLUSIVE, UNSATISFIABLE], "refuted (expected)"),
    ("prop1.variance", [HOLDS], "NOT AS EXPECTED"),
    ("prop1.variance", [VIOLATED, EQUALITY], "NOT AS EXPECTED"),
    ("prop1.variance", [INCONCLUSIVE], "not decided here"),
    ("thm3.limit", [UNSATISFIABLE, INCONCLUSIVE], "vacuous (expected)"),
    ("thm3.limit", [INCONCLUSIVE], "not decided here"),
    ("thm3.limit", [VIOLATED], "NOT AS EXPECTED"),
]


@pytest.mark.parametrize(("name", "verdicts", "meaning"), MEANINGS)
def test_meaning(name, verdicts, meaning):
    (found,) = summarise([result(name, v) for v in verdicts])
    assert found.meaning == meaning
    assert found.ok == (meaning != "NOT AS EXPECTED")


def test_a_simulation_that_contradicts_is_counted_and_named():
    good, wrong = Quantity("S", 0.5, 500, 1000), Quantity("S", 0.5, 900, 1000)
    silent = Quantity("S", 0.5)
    (found,) = summarise([result("thm2a", HOLDS, [good, silent]), result("thm2a", HOLDS, [wrong])])
    assert (found.compared, found.mismatches, found.ok) == (2, 1, False)
    assert found.meaning == "SIMULATION CONTRADICTS"
    (found,) = summarise([result("thm2a", HOLDS, [good, silent])])
    assert (found.compared, found.mismatches, found.ok) == (1, 0, True)


def test_results_of_unknown_claims_are_refused():
    stray = dataclasses.replace(result("thm2a", HOLDS), claim="thm2z")
    with pytest.raises(InputError, match=r"'claim' must be one of .*Did you mean"):
        summarise([stray])
