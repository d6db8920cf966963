"""The same answers on a GPU: skipped where there is none."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from spadv.empirical.attacks import (
    apgd,
    cuda_graph,
    deepfool,
    pgd,
    profile,
    strong_attack,
    trades_attack,
)
from spadv.empirical.data import DataSet, load
from spadv.empirical.evaluation import EvaluationSettings, evaluate
from spadv.empirical.models import Classifier, build, names
from spadv.empirical.randomness import make_generator
from spadv.empirical.training import TrainConfig, TrainOptions, train
from spadv.empirical.training.loop import Losses, Trainer
from spadv.empirical.transforms import Augmentation, augment, rotate, rotate_translate, translate

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")

GPU = torch.device("cuda")
#: Of logits in full float32.
TIGHT = 1e-4


@pytest.fixture(scope="module")
def data() -> DataSet:
    return load("mnist-sample")


@pytest.fixture
def exact() -> Iterator[None]:
    """Full float32, to compare with the CPU."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    yield
    torch.backends.cudnn.allow_tf32 = before


@pytest.fixture(scope="module")
def network(data: DataSet, tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    """A StdCNN that knows digits, trained on the GPU."""
    config = TrainConfig.from_table(
        {
            "data": {"limit": 4000},
            "model": {"name": "stdcnn"},
            "epochs": 3,
            "optimiser": {"learning_rate": 0.05},
        }
    )
    options = TrainOptions(device="cuda")
    made = train(config, tmp_path_factory.mktemp("runs") / "std", data=data, options=options)
    assert made.test_correct > 0.9 * made.test_images
    return made.model


def on_cpu(model: nn.Module) -> nn.Module:
    return copy.deepcopy(model).cpu()


@pytest.mark.parametrize("as_bytes", [True, False])
def test_transforms_agree_to_the_last_bit(data: DataSet, as_bytes: bool) -> None:
    x = data.test.pixels[:64]
    if not as_bytes:
        x = data.test.batch(slice(0, 64))[0]
    angles = torch.linspace(-180, 180, 64)
    moves = torch.arange(64) % 11 - 5
    for made in (
        lambda z: rotate(z, angles.to(z.device)),
        lambda z: translate(z, moves.to(z.device), (-moves).to(z.device)),
        lambda z: rotate_translate(z, angles.to(z.device), moves.to(z.device), moves.to(z.device)),
    ):
        assert torch.equal(made(x.to(GPU)).cpu(), made(x))


def test_augmentation_on_a_gpu_has_the_same_distribution(data: DataSet) -> None:
    """A CUDA generator draws other numbers; the angles and shifts stay in their ranges."""
    random = Augmentation(rotation=30.0, translation=0.1)
    x = data.test.pixels[:256].to(GPU)
    made = augment(x, random, torch.Generator(GPU).manual_seed(1))
    again = augment(x, random, torch.Generator(GPU).manual_seed(1))
    assert torch.equal(made, again)
    assert made.device.type == "cuda"
    assert not torch.equal(made, x)


@pytest.mark.usefixtures("exact")
@pytest.mark.parametrize("name", names())
def test_networks_agree(name: str) -> None:
    """Width reduced where a network has it; logits and gradients to float32 rounding."""
    grey = name in ("stdcnn", "madry_lenet")
    size, channels = (28, 1) if grey else (32, 3)
    model = build(name, num_classes=10, in_channels=channels, image_size=size).eval()
    x = torch.rand((4, channels, size, size), generator=make_generator(0))
    other = on_cpu(model).to(GPU)
    y, z = model(x), other(x.to(GPU)).cpu()
    scale = float(y.detach().abs().max())
    assert float((y - z).detach().abs().max()) < TIGHT * max(scale, 1.0)


@pytest.mark.usefixtures("exact")
@pytest.mark.parametrize("group", ["p4", "p4m"])
def test_quarter_turns_do_not_change_an_exact_twin(group: str) -> None:
    model = build(
        "stdcnn",
        num_classes=10,
        in_channels=1,
        image_size=28,
        group=group,
        head="invariant",
        exact=True,
    )
    model = model.eval().to(GPU)
    x = torch.rand((8, 1, 28, 28), generator=make_generator(1)).to(GPU)
    with torch.no_grad():
        turned = [model(torch.rot90(x, k, (2, 3))) for k in range(4)]
    for other in turned[1:]:
        torch.testing.assert_close(turned[0], other, rtol=1e-4, atol=1e-5)


def test_a_network_predicts_the_same_classes(network: Classifier, data: DataSet) -> None:
    x, _ = data.test.batch(slice(0, 1000))
    with torch.no_grad():
        here, there = on_cpu(network)(x).argmax(1), network(x.to(GPU)).argmax(1).cpu()
    assert int((here != there).sum()) <= 2


@pytest.mark.parametrize("iterate", ["last", "best"])
def test_pgd_stays_in_ball_and_box_and_succeeds_as_often(
    network: Classifier, data: DataSet, iterate: str
) -> None:
    x, y = data.test.batch(slice(0, 500))
    settings: dict[str, Any] = {"budget": 0.1, "step_size": 0.01, "steps": 20, "iterate": iterate}
    rates = []
    for model, device in ((network, GPU), (on_cpu(network), torch.device("cpu"))):
        a, b = x.to(device), y.to(device)
        made = pgd(model, a, b, **settings, generator=make_generator(3))
        assert made.device.type == device.type
        assert bool(((made - a).abs() <= 0.1).all())
        assert float(made.min()) >= 0
        assert float(made.max()) <= 1
        with torch.no_grad():
            rates.append((model(made).argmax(1) == b).cpu())
    # The same start and steps: outcomes differ where rounding decides.
    assert int((rates[0] != rates[1]).sum()) <= 25
    assert int(rates[0].sum()) < 450


def test_every_attack_runs_there(network: Classifier, data: DataSet) -> None:
    x, y = (part.to(GPU) for part in data.test.batch(slice(0, 64)))
    with torch.no_grad():
        clean = network(x).argmax(1)
    right = clean == y
    for made in (
        trades_attack(network, x, budget=0.2, steps=10, generator=make_generator(0)),
        apgd(network, x, y, budget=0.2, steps=20, generator=make_generator(0)),
        apgd(network, x, y, budget=0.2, steps=20, loss="dlr", generator=make_generator(0)),
        strong_attack(network, x, y, budget=0.2, steps=10, generator=make_generator(0)).images,
    ):
        assert bool(((made - x).abs() <= 0.2 + 1e-7).all())
        with torch.no_grad():
            found = network(made).argmax(1)
        assert int((found == y)[right].sum()) < int(right.sum())
    near, far = deepfool(network, x)
    cpu_far = deepfool(on_cpu(network), x.cpu())[1]
    assert near.device.type == "cuda"
    assert np.median(far.cpu().numpy() / cpu_far.numpy()) == pytest.approx(1, abs=0.02)


def test_a_profile_begins_with_the_clean_predictions(network: Classifier, data: DataSet) -> None:
    x, y = data.test.batch(slice(0, 300))
    found = profile(
        network,
        x.to(GPU),
        y.to(GPU),
        budgets=(0.0, 0.05, 0.1, 0.2),
        steps=10,
        generator=make_generator(4),
    )
    assert (found.adversarial[0] == found.clean).all()
    accuracy = (found.adversarial.cpu() == y).double().mean(1)
    assert bool((accuracy.diff() <= 0.02).all())
    assert accuracy[-1] < accuracy[0]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])  # not float16, whose scaling waits
@pytest.mark.parametrize("objective", ["natural", "pgd:0.1,steps=3", "trades:0.1,steps=3"])
@pytest.mark.parametrize("group", [None, "p4"])
def test_a_step_never_waits_for_the_gpu(
    data: DataSet, objective: str, group: str | None, precision: str
) -> None:
    """CUDA raises at every hidden synchronisation but the looks at the loss."""
    table = {
        "model": {"name": "stdcnn", "group": group},
        "data": {"limit": 1280},
        "augment": "RT:0.1",
        "objective": objective,
        "epochs": 1,
        "precision": precision,
    }
    config = TrainConfig.from_table(table)
    model = build(
        "stdcnn",
        num_classes=10,
        in_channels=1,
        image_size=28,
        group=group,
        mean=data.mean,
        std=data.std,
    ).to(GPU)
    trainer = Trainer(config, model, data.train.take(1280).to(GPU), GPU, channels_last=not group)
    trainer.begin_epoch()
    trainer.run_step()
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        for _ in range(5):
            trainer.run_step()
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("objective", ["natural", "pgd:0.1,steps=3"])
def test_training_learns_and_leaves_the_gpu_s_random_state(
    data: DataSet, tmp_path: Path, objective: str
) -> None:
    config = TrainConfig.from_table(
        {
            "model": {"name": "lenet", "group": "p4"},
            "data": {"limit": 3000},
            "objective": objective,
            "augment": "R:30",
            "epochs": 2,
            "optimiser": {"learning_rate": 0.02, "batch_size": 32},
        }
    )
    before = torch.cuda.get_rng_state()
    made = train(config, tmp_path / "run", data=data, options=TrainOptions(device="cuda"))
    assert torch.equal(torch.cuda.get_rng_state(), before)
    assert made.metrics[1]["train_loss"] < made.metrics[0]["train_loss"]
    assert made.test_correct > 0.5 * made.test_images
    assert "cuda" in (tmp_path / "run" / "provenance.json").read_text()


def test_an_evaluation_begun_on_a_gpu_is_finished_by_a_cpu(
    network: Classifier, data: DataSet, tmp_path: Path
) -> None:
    settings = EvaluationSettings(
        rotations=(0.0, 90.0, 180.0),
        translations=(0.0, 0.2),
        both=(),
        budgets=(0.0, 0.1),
        steps=5,
        images=300,
        distance_images=20,
    )
    first = evaluate(network, data, settings, folder=tmp_path, device=GPU)
    again = evaluate(on_cpu(network), data, settings, folder=tmp_path)
    fresh = evaluate(on_cpu(network), data, settings)
    for part, array in first.arrays.items():
        assert (array == again.arrays[part]).all()
        if part != "distance":
            assert (array != fresh.arrays[part]).mean() < 0.02, part


def test_data_parallel_training_over_nccl(tmp_path: Path) -> None:
    """One process is a world too: the same loss as without one."""
    launch = ["torch.distributed.run", "--standalone", "--nproc-per-node", "1", "-m"]
    losses = []
    for folder, start in (("alone", []), ("world", launch)):
        command = [sys.executable, "-m", *start, "spadv.cli.main", "train", "--model", "lenet"]
        command += ["--limit", "512", "--epochs", "1", "--device", "cuda", "--seed", "3"]
        command += ["--out", str(tmp_path / folder)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
        row = (tmp_path / folder / "metrics.jsonl").read_text().splitlines()[0]
        losses.append(json.loads(row)["train_loss"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-2)


def test_losses_count_on_the_device() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 3)).to(GPU)
    x = torch.rand((5, 1, 2, 2), generator=make_generator(0)).to(GPU)
    y = torch.tensor([0, 1, 2, 0, 1], device=GPU)
    weight = torch.full((5,), 0.2, device=GPU)
    loss, correct = Losses(model)(x, y, weight, x, None)
    expected = nn.functional.cross_entropy(model(x), y)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    assert int(correct) == int((model(x).argmax(1) == y).sum())


@pytest.mark.parametrize("group", [None, "p4"])
@pytest.mark.parametrize("attack", ["pgd", "trades", "official", "bfloat16", "profile"])
def test_a_replayed_attack_is_the_same_to_the_last_bit(
    data: DataSet, monkeypatch: pytest.MonkeyPatch, attack: str, group: str | None
) -> None:
    """Recorded steps against steps done one by one, on changing batches and weights."""
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", True)
    made: dict[bool, list[torch.Tensor]] = {}
    graphs: list[Any] = []
    record = cuda_graph._record

    def watched(*arguments: Any) -> Any:
        graphs.append(record(*arguments))
        return graphs[-1]

    monkeypatch.setattr(cuda_graph, "_record", watched)
    for replayed in (True, False):
        if not replayed:
            monkeypatch.setattr(cuda_graph, "FEWEST", 1000)
        model = build(
            "stdcnn",
            num_classes=10,
            in_channels=1,
            image_size=28,
            group=group,
            mean=data.mean,
            std=data.std,
            generator=make_generator(0),
        ).to(GPU)
        found = []
        for batch in range(4):
            x, y = data.test.to(GPU).batch(slice(64 * batch, 64 * batch + 64 - 8 * (batch == 3)))
            known: dict[str, Any] = {"generator": make_generator(batch), "steps": 12}
            if attack == "trades":
                found.append(trades_attack(model, x, budget=0.3, **known))
            elif attack == "profile":
                found.append(profile(model, x, y, budgets=(0.0, 0.1, 0.3), **known).adversarial)
            else:
                rules = "official" if attack == "official" else "corrected"
                known |= {"precision": "bfloat16"} if attack == "bfloat16" else {}
                known |= {"step_size": 0.05, "protocol": rules}
                found.append(pgd(model, x, y, budget=0.3, **known))
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter.add_(0.05 * torch.sign(parameter))
        made[replayed] = found
    # The published script attacks twins in training mode: nothing is recorded then.
    assert len(graphs) == (0 if attack == "official" and group else 4)
    assert None not in graphs
    for one, other in zip(made[True], made[False], strict=True):
        assert torch.equal(one, other)


def test_a_network_that_looks_at_values_is_attacked_step_by_step(data: DataSet) -> None:
    """It cannot be recorded, and is not: it is no network of this library."""

    class Looking(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(784, 10)
            self.calls = 0

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.calls += 1
            return self.linear(x.flatten(1)) * (1.0 if float(x.detach().sum()) > 0 else 2.0)

    model = Looking().to(GPU)
    x, y = data.test.to(GPU).batch(slice(0, 16))
    pgd(model, x, y, budget=0.1, step_size=0.01, steps=20, generator=make_generator(0))
    assert model.calls >= 20


def test_a_recording_that_cuda_refuses_goes_on_step_by_step() -> None:
    x = torch.zeros(4, device=GPU)

    def step() -> None:
        x.add_(1 if float(x[0]) >= 0 else 0)  # reading a value is not allowed in a recording

    cuda_graph.repeat(step, 10, GPU, repeatable=True)
    assert x.tolist() == [10.0] * 4
    cuda_graph.repeat(step, 10, GPU, repeatable=True)
    assert x.tolist() == [20.0] * 4
    cuda_graph._recorders.clear()
