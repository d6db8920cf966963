"""The point groups: axioms, and the action on arrays against 2x2 matrices."""

import itertools

import numpy as np
import pytest
import torch

from spadv.empirical.models.equivariant import P4, P4M, get_group
from spadv.errors import InputError

GROUPS = [P4, P4M]
TURN = np.array([[0, -1], [1, 0]])  # counter-clockwise by 90 degrees, x to the right, y up
MIRROR = np.array([[-1, 0], [0, 1]])  # left to right


def matrix(element):
    """The element as a matrix, from its definition r^i m^j alone."""
    turned = np.linalg.matrix_power(TURN, element % 4)
    return turned @ MIRROR if element >= 4 else turned


@pytest.mark.parametrize("group", GROUPS)
def test_the_table_is_that_of_the_matrices(group):
    for a, b in itertools.product(range(group.order), repeat=2):
        assert (matrix(group.multiply(a, b)) == matrix(a) @ matrix(b)).all()
    for a in range(group.order):
        assert (matrix(a) @ matrix(group.inverse(a)) == np.eye(2)).all()


@pytest.mark.parametrize("group", GROUPS)
def test_axioms(group):
    elements = range(group.order)
    for a, b, c in itertools.product(elements, repeat=3):
        assert group.multiply(group.multiply(a, b), c) == group.multiply(a, group.multiply(b, c))
    for a in elements:
        assert group.multiply(a, 0) == a == group.multiply(0, a)
        assert group.multiply(a, group.inverse(a)) == 0
        assert sorted(group.multiply(a, b) for b in elements) == list(elements)


@pytest.mark.parametrize("side", [2, 3, 4])
@pytest.mark.parametrize("element", range(8))
def test_transform_moves_places_as_the_matrix_does(element, side):
    x = torch.arange(side * side).view(side, side)
    moved = P4M.transform(x, element)
    # Doubled coordinates about the centre are whole numbers for every side.
    for row, column in itertools.product(range(side), repeat=2):
        start = np.array([2 * column - (side - 1), (side - 1) - 2 * row])
        right, up = matrix(element) @ start
        assert moved[(side - 1 - up) // 2, (right + side - 1) // 2] == x[row, column]


@pytest.mark.parametrize("group", GROUPS)
def test_both_actions_are_homomorphisms(group):
    x = torch.randn(2, 3 * group.order, 3, 5)
    for a, b in itertools.product(range(group.order), repeat=2):
        product = group.multiply(a, b)
        assert torch.equal(group.act(group.act(x, b), a), group.act(x, product))
        assert torch.equal(group.transform(group.transform(x, b), a), group.transform(x, product))


@pytest.mark.parametrize("group", GROUPS)
def test_the_action_on_maps_moves_elements(group):
    places = torch.arange(group.order).view(1, -1)
    for g in range(group.order):
        # What was at h is found at gh.
        moved = group.act(places, g)[0]
        assert all(moved[group.multiply(g, h)] == h for h in range(group.order))


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_filter_permutation_is_the_transform(size):
    weight = torch.randn(size, size)
    for g, places in enumerate(P4M.filter_permutation(size)):
        assert torch.equal(weight.flatten()[places], P4M.transform(weight, g).flatten())


def test_a_group_made_on_the_meta_device_still_knows_its_tables():
    with torch.device("meta"):
        assert P4.source(1).device.type == "cpu"
        assert P4.filter_permutation(3).device.type == "cpu"


def test_names():
    assert [P4M.label(g) for g in (0, 3, 5)] == ["r0", "r270", "mirror r90"]
    assert get_group("p4") is P4
    assert get_group(P4M) is P4M
    assert str(P4M) == "p4m"


@pytest.mark.parametrize("wrong", [-1, 4, 1.5, "r90"])
def test_bad_elements(wrong):
    with pytest.raises(InputError, match="element"):
        P4.label(wrong)


def test_bad_names_and_maps():
    with pytest.raises(InputError, match="p4, p4m"):
        get_group("p5")
    with pytest.raises(InputError, match="multiple of 8"):
        P4M.act(torch.zeros(1, 12, 3, 3), 1)
    with pytest.raises(InputError, match="size"):
        P4.filter_permutation(0)
