"""Networks as people bring them: in place, lazy, in another dtype, within inference mode."""

import ast
import warnings
from pathlib import Path

import pytest
import torch
from torch import nn

from spadv.empirical.attacks import (
    Averaged,
    apgd,
    deepfool,
    pgd,
    profile,
    strong_attack,
    trades_attack,
)
from spadv.empirical.data import Images
from spadv.empirical.evaluation import EvaluationSettings, evaluate, predict, rate_of_invariance
from spadv.empirical.models import build
from spadv.empirical.models.equivariant import equivariance_error
from spadv.empirical.randomness import as_generator
from spadv.empirical.transforms import Augmentation, augment, random_crop, random_flip
from spadv.errors import InputError, StoreError

SOURCES = Path(__file__).parents[2] / "empirical"


class Net(nn.Module):
    """A small network, working in place from its first line on or not at all."""

    def __init__(self, in_place, body=None):
        super().__init__()
        self.in_place = in_place
        generator = torch.Generator().manual_seed(3)
        self.layer = nn.Linear(16, 3)
        for p in self.layer.parameters():
            p.data.normal_(generator=generator)
        self.act = nn.ReLU(inplace=in_place)
        self.body = body

    def forward(self, x):
        if self.in_place:
            x -= 0.13
            x /= 0.31
        else:
            x = (x - 0.13) / 0.31
        x = self.act(x)
        x = x if self.body is None else self.body(x)
        return self.layer(x.flatten(1))


@pytest.fixture
def x():
    return torch.rand(12, 1, 4, 4, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def y():
    return torch.arange(12) % 3


STEPS = {"budget": 0.1, "step_size": 0.03, "steps": 4}
CALLS = {
    "pgd": lambda f, x, y: pgd(f, x, y, **STEPS),
    "best": lambda f, x, y: pgd(f, x, y, iterate="best", restarts=2, **STEPS),
    "own labels": lambda f, x, y: pgd(f, x, None, **STEPS),
    "from a start": lambda f, x, y: pgd(f, x, y, start=x, **STEPS),
    "trades": lambda f, x, y: trades_attack(f, x, budget=0.1, steps=3),
    "apgd": lambda f, x, y: apgd(f, x, y, budget=0.1, steps=4),
    "strong": lambda f, x, y: strong_attack(f, x, y, budget=0.1, steps=3).images,
    "deepfool": lambda f, x, y: deepfool(f, x)[1],
    "profile": lambda f, x, y: profile(f, x, y, budgets=[0, 0.05, 0.1], steps=3).adversarial,
    "predict": lambda f, x, y: predict(f, x),
    "invariance": lambda f, x, y: rate_of_invariance(f, x, rotation=60, repeats=5).outcomes,
    "equivariance": lambda f, x, y: equivariance_error(f, x, after="invariant"),
}


@pytest.mark.parametrize("name", CALLS)
def test_working_in_place_changes_nothing(name, x, y):
    before = x.clone()
    with torch.random.fork_rng():
        expected = CALLS[name](Net(False), x, y)
        found = CALLS[name](Net(True), x, y)
    assert torch.equal(found, expected)
    assert torch.equal(x, before)


SETTINGS = EvaluationSettings.only(
    rotations=(60.0,), worst_rotation=40.0, budgets=(0.1,), steps=3, distance_images=5
)


def eight_bits(x, y):
    return Images((x * 255).to(torch.uint8), y)


def test_an_evaluation_of_a_network_that_works_in_place(x, y):
    images = eight_bits(x, y)
    before = images.pixels.clone()
    one, two = (evaluate(Net(kind), images, SETTINGS).summary() for kind in (False, True))
    assert one == two
    assert torch.equal(images.pixels, before)


def test_networks_are_called_in_one_place():
    """Whoever calls a network of others goes through `calling.py`; the rest is named here."""
    allowed = {
        ("attacks/protocol.py", "logits_from_normalised"),  # a module that holds the network
        ("evaluation/target.py", "forward"),
        ("models/exporting.py", "_program"),  # makes a network, calls none
        ("attacks/context.py", "logits"),  # a `Logits`
        ("attacks/context.py", "tracked_logits"),
        ("evaluation/predict.py", "__call__"),
        ("training/loop.py", "forward"),  # on images that nobody else holds
        ("training/loop.py", "count_correct"),
        ("models/equivariant/walk.py", "_resized"),  # a pooling layer, on images of its own
    }
    found = set()
    rooms = ("attacks", "evaluation", "models", "training", "transforms")
    for path in (path for room in rooms for path in (SOURCES / room).rglob("*.py")):
        place = path.relative_to(SOURCES).as_posix()
        for function in ast.walk(ast.parse(path.read_text())):
            if not isinstance(function, ast.FunctionDef):
                continue
            for node in ast.walk(function):
                if isinstance(node, ast.Call):
                    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                    if name in ("model", "network", "net", "_network", "module"):
                        found.add((place, function.name))
    assert found == allowed


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("kind", [torch.float64, torch.float32])
def test_images_and_network_of_different_dtypes(name, kind, x, y):
    network = Net(False).to(torch.float64 if kind == torch.float32 else torch.float32)
    found = CALLS[name](network, x.to(kind), y)
    if found.is_floating_point() and found.shape == x.shape:
        assert found.dtype == kind
        assert ((found - x.to(kind)).abs() <= 0.1).all()
    assert torch.isfinite(found.double()).all()


def test_an_evaluation_of_a_network_in_double_precision(x, y):
    images = eight_bits(x, y)
    single = evaluate(Net(False), images, SETTINGS).summary()
    double = evaluate(Net(False).double(), images, SETTINGS).summary()
    assert double["natural_accuracy"] == single["natural_accuracy"]


@pytest.mark.parametrize("name", CALLS)
def test_inside_inference_mode(name, x, y):
    network = Net(False)
    expected = CALLS[name](network, x, y)
    with torch.inference_mode():
        found = CALLS[name](network, x.clone(), y.clone())
        assert torch.equal(found, expected)


def test_an_evaluation_inside_inference_mode(x, y):
    network = Net(False)
    expected = evaluate(network, eight_bits(x, y), SETTINGS).summary()
    with torch.inference_mode():
        assert evaluate(network, eight_bits(x, y), SETTINGS).summary() == expected


@pytest.mark.parametrize("name", [name for name in CALLS if name != "equivariance"])
def test_lazy_layers_have_no_weights_yet(name, x, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch says that they are experimental
        network = nn.Sequential(nn.Flatten(), nn.LazyLinear(3))
        other = nn.Sequential(nn.LazyBatchNorm2d(), nn.Flatten(), nn.Linear(16, 3))
    for lazy in (network, other):
        with pytest.raises(InputError, match="call the network once"):
            CALLS[name](lazy, x, y)


@pytest.mark.parametrize("name", CALLS)
def test_another_default_dtype(name, x, y):
    network = Net(False)
    expected = CALLS[name](network, x, y)
    torch.set_default_dtype(torch.float64)
    try:
        assert torch.equal(CALLS[name](network, x, y), expected)
    finally:
        torch.set_default_dtype(torch.float32)


class Identity(torch.autograd.Function):
    """An identity that hides its gradient."""

    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        return torch.zeros_like(gradient)


MASKS = {"round": lambda x: torch.round(x * 7) / 7, "hidden": Identity.apply}
ATTACKS = [name for name in CALLS if name in ("pgd", "best", "trades", "apgd", "strong", "profile")]


@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.parametrize("mask", MASKS)
def test_a_gradient_of_zero_is_not_robustness(name, mask, x, y):
    with pytest.warns(UserWarning, match=r"exactly zero at \d+ of 12 images"):
        CALLS[name](Net(False, MASKS[mask]), x, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        CALLS[name](Net(False), x, y)


def test_some_gradients_of_zero_are_counted(x, y):
    """The network is blind to images whose first pixel is dark."""

    def mask(x):
        return torch.where(x[:, :, :1, :1] > 0.5, x, x.detach())

    network = Net(False, mask)
    seen = (((x[:, 0, 0, 0] - 0.13) / 0.31).relu() > 0.5).sum()
    with pytest.warns(UserWarning, match=f"zero at {12 - seen} of 12"):
        pgd(network, x, y, start=x, **STEPS)


def test_the_record_of_an_evaluation_says_so(x, y):
    record = evaluate(Net(False, MASKS["hidden"]), eight_bits(x, y), SETTINGS)
    assert any("exactly zero at 12 of 12" in note for note in record.notes)
    assert evaluate(Net(False), eight_bits(x, y), SETTINGS).notes == []


class Saturated(Net):
    """Probabilities, most of them 0 or 1."""

    def forward(self, x):
        return (30 * super().forward(x)).softmax(1)


def test_distances_of_a_network_that_returns_probabilities(x, y):
    with pytest.warns(UserWarning, match="probabilities, not logits"):
        _, l2 = deepfool(Saturated(False), x)
    assert bool(((l2 <= 4) | l2.isinf()).all())
    record = evaluate(Saturated(False), eight_bits(x, y), SETTINGS)
    assert any("probabilities" in note for note in record.notes)
    distance = record.summary()["distance"]
    if distance["interval"] is not None:
        assert 0 <= distance["interval"]["low"] <= distance["value"] <= 4


def test_no_distance_is_below_zero():
    """Two images, one almost on the boundary: Student's interval alone would reach below 0."""
    weight = torch.zeros(2, 16)
    weight[1, 0] = 1.0
    network = nn.Sequential(nn.Flatten(), nn.Linear(16, 2, bias=False))
    network[1].weight.data = weight
    pixels = torch.zeros(2, 1, 4, 4, dtype=torch.uint8)
    pixels[0, 0, 0, 0], pixels[1, 0, 0, 0] = 1, 250
    settings = EvaluationSettings.only(distance_images=2)
    found = evaluate(network, Images(pixels, torch.ones(2, dtype=torch.int64)), settings)
    assert found.summary()["distance"]["interval"]["low"] == 0


def test_an_evaluation_is_of_one_networks_gradients(tmp_path, x, y):
    """Weights, repr and predictions are equal; what the attack sees is not."""
    images = eight_bits(x, y)
    evaluate(Net(False), images, SETTINGS, folder=tmp_path)
    evaluate(Net(False), images, SETTINGS, folder=tmp_path)  # the same network goes on
    with pytest.raises(StoreError, match="its gradients differ"):
        evaluate(Net(False, MASKS["hidden"]), images, SETTINGS, folder=tmp_path)


FACTORY = """
import torch
from torch import nn

class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(16, 3)
        nn.init.eye_(self.layer.weight)
        nn.init.zeros_(self.layer.bias)

    def forward(self, x):
        return self.layer(x.flatten(1)) + {more}
"""


def test_an_evaluation_is_of_one_networks_code(tmp_path, monkeypatch, x, y):
    from spadv.empirical.evaluation.target import load_target

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    images, results = eight_bits(x, y), []
    for more in ("0", "0  # a remark", "0 * x.max()"):
        Path("factory_of_one.py").write_text(FACTORY.format(more=more))
        for name in [name for name in __import__("sys").modules if name == "factory_of_one"]:
            del __import__("sys").modules[name]
        __import__("linecache").checkcache()
        try:
            network = load_target("factory_of_one:Own")[0]
            evaluate(network, images, SETTINGS, folder=tmp_path / "out")
            results.append("")
        except StoreError as error:
            results.append(str(error))
    assert results[:2] == ["", ""]
    assert "its source differs" in results[2]


def test_a_seed_stands_for_a_generator(x, y):
    def made(seed):
        return as_generator(seed)

    network = Net(False)
    calls = (
        lambda g: pgd(network, x, y, generator=g, **STEPS),
        lambda g: trades_attack(network, x, budget=0.1, steps=2, generator=g),
        lambda g: apgd(network, x, y, budget=0.1, steps=3, generator=g),
        lambda g: strong_attack(network, x, y, budget=0.1, steps=3, generator=g).images,
        lambda g: profile(network, x, y, budgets=[0.1], steps=2, generator=g).adversarial,
        lambda g: rate_of_invariance(network, x, rotation=60, generator=g).outcomes,
        lambda g: random_crop(x, 2, g),
        lambda g: random_flip(x, g),
        lambda g: augment(x, Augmentation.parse("crop:1,R:60"), g),
        lambda g: build("mlp_a", num_classes=3, in_channels=1, image_size=4, generator=g)(x),
    )
    for call in calls:
        assert torch.equal(call(4), call(made(4)))
    for call in calls[:6]:  # None is the seed 0
        assert torch.equal(call(None), call(made(0)))
    short = pgd(network, x, y, budget="8/255", step_size="2/255", steps=10)
    assert torch.equal(short, calls[0](0)) is False
    assert float((short - x).abs().max()) <= 8 / 255


class Noisy(nn.Module):
    """A linear network whose weights are drawn anew at every call, far from their mean."""

    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.weight = nn.Parameter(torch.randn(16, 3, generator=generator))

    def forward(self, x):
        return (x.flatten(1) - 0.5) @ (self.weight + 3 * torch.randn(16, 3))


def test_a_random_network_goes_on_with_its_evaluation(tmp_path, x, y):
    class Hazy(Net):
        def forward(self, x):
            return super().forward(x + 0.01 * torch.rand_like(x))

    for _ in range(3):
        evaluate(Hazy(False), eight_bits(x, y), SETTINGS, folder=tmp_path)


def test_random_networks_are_noted_and_averaged(x, y):
    """Against the mean network, whose gradient is known: averaged draws find its direction."""
    images = eight_bits(x, y)
    notes = evaluate(Noisy(), images, SETTINGS).notes
    assert any("network is random: two calls" in note for note in notes)
    assert not any("random" in note for note in evaluate(Net(False), images, SETTINGS).notes)
    assert not any("random" in note for note in evaluate(Averaged(Noisy(), 4), images).notes)
    mean = nn.Sequential(nn.Flatten(), nn.Linear(16, 3, bias=False))
    mean[1].weight.data = Noisy().weight.data.T
    labels, losses = mean(x - 0.5).argmax(1), []
    for network in (Noisy(), Averaged(Noisy(), 64), mean):
        with torch.random.fork_rng():
            torch.manual_seed(1)
            found = pgd(network, x, labels, random_start=False, **STEPS)
        losses.append(float(nn.functional.cross_entropy(mean(found - 0.5), labels).detach()))
    clean = float(nn.functional.cross_entropy(mean(x - 0.5), labels).detach())
    single, averaged, best = (loss - clean for loss in losses)
    assert averaged > 1.3 * single
    assert averaged > 0.7 * best


@pytest.mark.parametrize(("side", "exact"), [(32, False), (33, True)])
def test_an_invariant_head_that_is_not_exact_is_noted(side, exact):
    """The evaluation says what the exactness of the layers says, and turning images shows."""
    sizes = {"num_classes": 3, "in_channels": 1, "image_size": side, "width": 0.1}
    network = build("resnet18", group="p4", head="invariant", **sizes).eval()
    pixels = torch.randint(0, 256, (4, 1, side, side), dtype=torch.uint8)
    record = evaluate(network, Images(pixels, torch.arange(4) % 3), SETTINGS_OF_TURNS)
    noted = any("not exactly invariant" in note for note in record.notes)
    error = float(equivariance_error(network, pixels / 255, after="invariant").max())
    assert noted == (error > 1e-4) == (not exact)


SETTINGS_OF_TURNS = EvaluationSettings.only(rotations=(90.0,))
