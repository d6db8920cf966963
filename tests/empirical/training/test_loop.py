"""One loop against hand-written ones: the same weights, bit for bit."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from spadv.empirical.attacks import attacking, pgd
from spadv.empirical.data import DataSet, Images, load
from spadv.empirical.models import build
from spadv.empirical.randomness import make_generator
from spadv.empirical.settings import TrainOptions
from spadv.empirical.training import TrainConfig, TrainResult, load_run, train
from spadv.empirical.training.loop import Losses, Trainer
from spadv.random import derive_seed
from spadv.theory import InputError, RunFailedError, StoreError

SMALL = {"model": {"name": "lenet"}, "data": {"limit": 300}, "epochs": 2}


@pytest.fixture(scope="module")
def data() -> DataSet:
    return load("mnist-sample")


def trained(folder: Path, table: dict[str, Any], data: DataSet | None = None) -> TrainResult:
    """Train in the layout of the loops written out here, which sum in the same order."""
    options = TrainOptions(channels_last=False)
    return train(TrainConfig.from_table(table), folder, data=data, options=options)


def same(one: nn.Module, other: nn.Module) -> bool:
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def batches(data: DataSet, epoch: int, count: int = 300, size: int = 128) -> list[Tensor]:
    order = torch.randperm(count, generator=make_generator(0, "order", epoch))
    return list(order.split(size))


def fresh(data: DataSet) -> nn.Module:
    return build(
        "lenet",
        num_classes=10,
        in_channels=1,
        image_size=28,
        mean=data.mean,
        std=data.std,
        generator=make_generator(0, "weights"),
    )


def test_natural_training_is_plain_sgd(tmp_path: Path, data: DataSet) -> None:
    """Written out with nothing of the loop: gather, divide by 255, cross-entropy, SGD."""
    table = SMALL | {"optimiser": {"learning_rate": 0.05, "milestones": [1]}}
    result = trained(tmp_path, table, data)
    model = fresh(data)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
    for epoch in range(2):
        optimiser.param_groups[0]["lr"] = 0.05 * 0.1**epoch
        total = 0.0
        for index in batches(data, epoch):
            x = data.train.pixels[index].float() / 255
            loss = functional.cross_entropy(model(x), data.train.labels[index])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += loss.item() * len(index)
        assert result.metrics[epoch]["train_loss"] == pytest.approx(total / 300, rel=1e-5)
    for mine, theirs in zip(model.parameters(), result.model.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=2e-4, atol=2e-6)


def test_pgd_training_learns_from_the_adversarial_example_alone(
    tmp_path: Path, data: DataSet
) -> None:
    table = SMALL | {"epochs": 1, "objective": "pgd:0.1,steps=2,step=0.06"}
    result = trained(tmp_path, table, data)
    model = fresh(data)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
    for step, index in enumerate(batches(data, 0)):
        x, y = data.train.batch(index)
        generator = torch.Generator().manual_seed(derive_seed(0, "step", 0, step))
        torch.rand((len(x), 6), generator=generator, dtype=torch.float64)  # the augmentation's
        start = x + (torch.rand(x.shape, generator=generator) * 0.2 - 0.1)
        start = start.clamp(0, 1)
        attacked = pgd(model, x, y, budget=0.1, step_size=0.06, steps=2, start=start)
        assert ((attacked - x).abs() <= 0.1).all()
        optimiser.zero_grad()
        functional.cross_entropy(model(attacked), y).backward()
        optimiser.step()
    for mine, theirs in zip(model.parameters(), result.model.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-3, atol=1e-5)


def test_the_loss_of_trades() -> None:
    """CE(f(x), y) + beta KL(softmax f(x) || softmax f(x')), averaged over the batch."""
    generator = make_generator(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 3))
    x, other = (torch.rand((5, 1, 2, 2), generator=generator) for _ in range(2))
    y = torch.tensor([0, 1, 2, 0, 1])
    loss, correct = Losses(model)(x, y, torch.full((5,), 1 / 5), other, 6.0)
    p, q = (functional.softmax(model(z).double(), 1) for z in (x, other))
    expected = -p.log()[range(5), y].mean() + 6 * (p * (p.log() - q.log())).sum(1).mean()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    assert correct.item() == (p.argmax(1) == y).sum().item()


@pytest.mark.parametrize("objective", ["natural", "pgd:0.1,steps=2", "trades:0.1,steps=2"])
def test_the_same_seed_gives_the_same_bits_and_leaves_global_state(
    tmp_path: Path, data: DataSet, objective: str
) -> None:
    table = {"model": {"name": "stdcnn"}, "data": {"limit": 200}, "augment": "R:30"}
    table["objective"] = objective
    before = torch.get_rng_state()
    one = trained(tmp_path / "1", table, data)
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(1234)  # nothing may hang on global state
    two = trained(tmp_path / "2", table, data)
    three = trained(tmp_path / "3", table | {"seed": 1}, data)
    assert same(one.model, two.model)
    assert not same(one.model, three.model)


def test_a_budget_of_zero_is_natural_training(tmp_path: Path, data: DataSet) -> None:
    table = SMALL | {"epochs": 1}
    one = trained(tmp_path / "1", table, data)
    two = trained(tmp_path / "2", table | {"objective": "pgd:0"}, data)
    assert same(one.model, two.model)


def test_a_restart_is_a_second_training(tmp_path: Path, data: DataSet) -> None:
    """a -> b in one run equals b warm-started from the checkpoint of a, momentum included."""
    stages = [{"epochs": 1}, {"epochs": 1, "restart": True}]
    both = trained(tmp_path / "both", SMALL_STAGES | {"stages": stages}, data)
    plain = [{"epochs": 1}, {"epochs": 1}]
    going_on = trained(tmp_path / "on", SMALL_STAGES | {"stages": plain}, data)
    trained(tmp_path / "a", SMALL_STAGES | {"stages": [{"epochs": 1}]}, data)
    assert not same(both.model, going_on.model)  # momentum was dropped
    model = fresh(data)
    first = torch.load(tmp_path / "a" / "checkpoint.pt", weights_only=True)["model"]
    model.load_state_dict(first)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
    for index in batches(data, 1):
        x, y = data.train.batch(index)
        optimiser.zero_grad()
        functional.cross_entropy(model(x), y).backward()
        optimiser.step()
    for mine, theirs in zip(model.parameters(), both.model.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-3, atol=1e-5)


SMALL_STAGES = {"model": {"name": "lenet"}, "data": {"limit": 300}}


def test_warm_start(tmp_path: Path, data: DataSet) -> None:
    first = trained(tmp_path / "a", SMALL, data)
    model = {"name": "lenet", "weights": str(tmp_path / "a" / "checkpoint.pt")}
    table = SMALL | {"model": model, "epochs": 1, "optimiser": {"learning_rate": 1e-9}}
    second = trained(tmp_path / "b", table, data)
    for mine, theirs in zip(first.model.parameters(), second.model.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-6)
    wrong = {"name": "stdcnn", "weights": model["weights"]}
    with pytest.raises(StoreError, match="another network"):
        trained(tmp_path / "c", SMALL | {"model": wrong}, data)
    with pytest.raises(StoreError, match=r"nothing\.pt"):
        trained(tmp_path / "d", SMALL | {"model": model | {"weights": "nothing.pt"}}, data)


def test_divergence_is_named_and_the_last_good_checkpoint_stays(
    tmp_path: Path, data: DataSet
) -> None:
    stages = [{"epochs": 1}, {"epochs": 1, "restart": True}]
    table = SMALL_STAGES | {"stages": stages}
    table["optimiser"] = {"learning_rate": 1e-3, "milestones": [1], "gamma": 1.0}
    config = TrainConfig.from_table(table)
    exploding = [config.learning_rate_at(0), 1e30]

    class Explodes(TrainConfig):
        def learning_rate_at(self, epoch: int) -> float:
            return exploding[epoch]

    wild = Explodes(**{f: getattr(config, f) for f in config.__dataclass_fields__})
    with pytest.raises(RunFailedError, match=r"epoch 2, step \d+ \(stage 2, learning rate 1e\+30"):
        train(wild, tmp_path, data=data)
    kept = torch.load(tmp_path / "checkpoint.pt", weights_only=True)["model"]
    assert all(torch.isfinite(tensor).all() for tensor in kept.values())
    assert len((tmp_path / "metrics.jsonl").read_text().splitlines()) == 1
    assert not (tmp_path / "provenance.json").exists()


def test_too_many_images_asked_for(tmp_path: Path, data: DataSet) -> None:
    with pytest.raises(InputError, match="at most the 9000"):
        trained(tmp_path, SMALL | {"data": {"limit": 10**6}}, data)


def test_training_and_validation_part_together(tmp_path: Path, data: DataSet) -> None:
    table = {"data": {"train_on": "train+validation"}, "model": {"name": "mlp_a"}}
    result = trained(tmp_path, table, data)
    assert result.metrics[0]["train_images"] == 10_000


def test_the_attack_sees_the_network_in_evaluation_mode(data: DataSet) -> None:
    model = build("stdcnn", num_classes=10, in_channels=1, image_size=28)
    model.train()
    with attacking(model):
        assert not any(module.training for module in model.modules())
    assert all(module.training for module in model.modules())


def small_images(data: DataSet, count: int) -> DataSet:
    """Every other pixel: behind the poolings of VGG16 maps have one place before its last norm."""
    parts = {name: getattr(data, name).take(count) for name in ("train", "validation", "test")}
    halved = {
        name: Images(part.pixels[:, :, ::2, ::2].contiguous(), part.labels)
        for name, part in parts.items()
    }
    return dataclasses.replace(data, **halved)


def test_a_last_batch_of_one_image(tmp_path: Path, data: DataSet) -> None:
    """Batch-norm on maps of one place has no statistics of one image: it joins the batch before."""
    small = small_images(data, 40)
    model = {"name": "vgg16", "options": {"width": 0.05}}
    table = {"model": model, "data": {"limit": 9}, "optimiser": {"batch_size": 8}}
    result = trained(tmp_path / "a", table, small)
    assert result.metrics[0]["train_images"] == 9
    with pytest.raises(InputError, match="at least two images"):
        trained(tmp_path / "b", table | {"optimiser": {"batch_size": 1}}, small)
    # Where a single image works, as without batch-norm, it stays alone.
    alone = trained(tmp_path / "c", table | {"model": {"name": "mlp_a"}}, small)
    assert alone.metrics[0]["train_images"] == 9


def test_no_test_images_are_noticed_before_training(tmp_path: Path, data: DataSet) -> None:
    without = dataclasses.replace(data, test=data.test.take(0))
    with pytest.raises(InputError, match="hold test images"):
        trained(tmp_path / "run", SMALL, without)
    assert not (tmp_path / "run" / "config.json").exists()


def test_the_default_dtype_and_inference_mode_change_nothing(tmp_path: Path, data: DataSet) -> None:
    table = {"model": {"name": "vgg16", "group": "p4", "options": {"width": 0.05}}}
    table |= {"augment": "R:60", "objective": "trades:0.1,steps=2"}
    data = small_images(data, 20)
    plain = trained(tmp_path / "a", table, data).model
    torch.set_default_dtype(torch.float64)
    try:
        double = trained(tmp_path / "b", table, data).model
    finally:
        torch.set_default_dtype(torch.float32)
    assert same(plain, double)
    with torch.inference_mode():
        inside = trained(tmp_path / "c", table, data).model
    assert same(plain, inside)


class InFrames(nn.Module):
    """A network with a weight of five axes, which has no channels-last layout."""

    def __init__(self) -> None:
        super().__init__()
        self.flat = nn.Conv2d(1, 8, 5, stride=3)
        self.deep = nn.Conv3d(1, 4, (8, 3, 3), stride=3)
        self.head = nn.Linear(4 * 2 * 2, 10)

    def forward(self, x: Tensor) -> Tensor:
        maps = functional.relu(self.flat(x)).unsqueeze(1)
        logits: Tensor = self.head(functional.relu(self.deep(maps)).flatten(1))
        return logits


@pytest.mark.parametrize(
    "model",
    [
        {"name": "stdcnn"},
        {"name": "stdcnn", "group": "p4", "options": {"channels": "sqrt"}},
        {"name": f"{__name__}:InFrames"},
    ],
)
def test_the_layout_changes_sums_only(model: dict[str, Any], tmp_path: Path, data: DataSet) -> None:
    table = SMALL | {"model": model, "epochs": 1}
    plain = trained(tmp_path / "plain", table, data).model
    usual = train(TrainConfig.from_table(table), tmp_path / "usual", data=data).model
    for one, other in zip(usual.parameters(), plain.parameters(), strict=True):
        assert one.is_contiguous()
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)
    x, _ = data.test.batch(slice(0, 20))
    loaded = load_run(tmp_path / "usual").model
    with torch.no_grad():
        assert torch.equal(loaded.eval()(x), usual.eval()(x))


def test_maps_of_grey_images_have_channels_last_from_the_first_layer_on(data: DataSet) -> None:
    config = TrainConfig.from_table({**SMALL, "data": {"limit": 20}})
    network = fresh(data)
    first = next(layer for layer in network.modules() if isinstance(layer, nn.Conv2d))
    seen: list[Tensor] = []
    first.register_forward_hook(lambda layer, inputs, output: seen.append(output))
    images = data.train.subset(torch.arange(20))
    Trainer(config, network, images, torch.device("cpu"), channels_last=True).run_step()
    assert seen
    for maps in seen:
        assert maps.is_contiguous(memory_format=torch.channels_last)
        assert not maps.is_contiguous()
