"""Times of the attacks, as ratios to torchattacks, foolbox and ART, where they are installed.

Run with `make bench`, or alone: pytest benchmarks/test_attacks.py -m '' -s. Competitors run
in turns with ours, so that a busy machine slows all of them; the ratio is that of the
fastest runs, in processor time on one thread and in elapsed time on more. Nothing here
asserts a time, but every comparison asserts that the attacks agree.
"""

import time
import warnings

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from spadv.empirical.attacks import apgd, attacking, deepfool, pgd, profile, strong_attack
from spadv.empirical.data import load
from spadv.empirical.models import build

BATCH, EPS, STEP, STEPS, ROUNDS = 250, 0.1, 0.01, 40, 3
BUDGETS = [0, 0.02, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.25, 0.3]
THREADS = sorted({1, torch.get_num_threads()})


@pytest.fixture(params=THREADS, ids=lambda n: f"{n}-threads")
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def scene():
    """Return the MNIST network of the paper, trained for three epochs, and a batch of images."""
    data = load("mnist-sample")
    net = build("stdcnn", num_classes=10, in_channels=1, image_size=28)
    optimiser = torch.optim.Adam(net.parameters(), 1e-3)
    generator = torch.Generator().manual_seed(0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for _ in range(3):
            for index in torch.randperm(len(data.train), generator=generator).split(128):
                x, y = data.train.batch(index)
                optimiser.zero_grad()
                nn.functional.cross_entropy(net(x), y).backward()
                optimiser.step()
    x, y = data.test.batch(slice(0, BATCH))
    return net.eval(), x, y


def fooled(net, images, y):
    with torch.no_grad():
        return (net(images).argmax(1) != y).float().mean().item()


def in_turns(calls, rounds=ROUNDS):
    """Return the fastest time and the last result of each call, made in turns."""
    times, results = {name: [] for name in calls}, {}
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    for _ in range(rounds):
        for name, call in calls.items():
            begin = clock()
            results[name] = call()
            times[name].append(clock() - begin)
    return {name: min(found) for name, found in times.items()}, results


def quietly(make):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make()


def torchattacks_pgd(net, x, y):
    torchattacks = quietly(lambda: pytest.importorskip("torchattacks"))
    return lambda: torchattacks.PGD(net, eps=EPS, alpha=STEP, steps=STEPS, random_start=False)(x, y)


def foolbox_pgd(net, x, y):
    foolbox = quietly(lambda: pytest.importorskip("foolbox"))
    model = foolbox.PyTorchModel(net, bounds=(0, 1))
    attack = foolbox.attacks.LinfPGD(abs_stepsize=STEP, steps=STEPS, random_start=False)
    return lambda: attack.run(model, x, y, epsilon=EPS)


def art_pgd(net, x, y):
    quietly(lambda: pytest.importorskip("art"))
    from art.attacks.evasion import ProjectedGradientDescentPyTorch
    from art.estimators.classification import PyTorchClassifier

    classifier = PyTorchClassifier(
        net, nn.CrossEntropyLoss(), tuple(x.shape[1:]), 10, clip_values=(0, 1)
    )
    attack = ProjectedGradientDescentPyTorch(
        classifier, eps=EPS, eps_step=STEP, max_iter=STEPS, batch_size=BATCH, verbose=False
    )
    images, labels = x.numpy(), y.numpy()
    return lambda: torch.from_numpy(attack.generate(images, labels))


COMPETITORS = {"torchattacks": torchattacks_pgd, "foolbox": foolbox_pgd, "art": art_pgd}


@pytest.mark.parametrize("name", COMPETITORS)
def test_pgd(benchmark, scene, threads, name):
    net, x, y = scene
    theirs = quietly(lambda: COMPETITORS[name](net, x, y))
    options = {"budget": EPS, "step_size": STEP, "steps": STEPS, "random_start": False}
    calls = {"ours": lambda: pgd(net, x, y, **options), "theirs": theirs}
    times, found = quietly(lambda: in_turns(calls))
    differ = ((found["ours"] - found["theirs"]).abs() > 1e-5).float().mean().item()
    assert differ < 0.05  # pixels: signs of gradients that are zero up to rounding
    assert abs(fooled(net, found["ours"], y) - fooled(net, found["theirs"], y)) < 0.01
    ratio = times["theirs"] / times["ours"]
    benchmark.extra_info["ratio"] = round(ratio, 2)
    benchmark.extra_info["differing_pixels"] = round(differ, 4)
    benchmark.pedantic(calls["ours"], rounds=1)
    print(f"\npgd, {threads} threads: {name} {times['theirs']:.2f} s, ours {times['ours']:.2f} s, "
          f"ratio {ratio:.2f}; {differ:.2%} of pixels differ")  # fmt: skip


@pytest.mark.parametrize("iterate", ["last", "best"])
def test_profile_of_ten_budgets(benchmark, scene, threads, iterate):
    foolbox = quietly(lambda: pytest.importorskip("foolbox"))
    net, x, y = scene
    model = foolbox.PyTorchModel(net, bounds=(0, 1))
    attack = foolbox.attacks.LinfPGD(abs_stepsize=STEP, steps=STEPS)

    def ours():
        return profile(
            net, x, y, budgets=BUDGETS, steps=STEPS, step_size=STEP, iterate=iterate,
            generator=torch.Generator().manual_seed(0),
        )  # fmt: skip

    calls = {"ours": ours, "theirs": lambda: attack(model, x, y, epsilons=BUDGETS)}
    times, found = quietly(lambda: in_turns(calls, rounds=1))
    robust = found["ours"].correct.float().mean(1)
    assert ((robust - (~found["theirs"][2]).float().mean(1)).abs() < 0.03).all()
    benchmark.extra_info["ratio_to_foolbox"] = round(times["theirs"] / times["ours"], 2)
    benchmark.pedantic(calls["ours"], rounds=1)
    print(f"\nprofile {iterate}, {threads} threads: {times['theirs']:.1f} s / "
          f"{times['ours']:.1f} s = {times['theirs'] / times['ours']:.2f}")  # fmt: skip


def test_deepfool(benchmark, scene, threads):
    foolbox = quietly(lambda: pytest.importorskip("foolbox"))
    net, x, _ = scene
    with torch.no_grad():
        labels = net(x).argmax(1)
    model = foolbox.PyTorchModel(net, bounds=(0, 1))
    attack = foolbox.attacks.L2DeepFoolAttack()
    calls = {"ours": lambda: deepfool(net, x), "theirs": lambda: attack.run(model, x, labels)}
    times, found = quietly(lambda: in_turns(calls, rounds=1))
    l2 = found["ours"][1].mean(), (found["theirs"] - x).flatten(1).norm(dim=1).mean()
    assert abs(l2[0] - l2[1]) < 0.1  # foolbox clips to [0, 1]
    benchmark.extra_info["ratio_to_foolbox"] = round(times["theirs"] / times["ours"], 2)
    benchmark.pedantic(calls["ours"], rounds=1)
    print(f"\ndeepfool, {threads} threads: {times['theirs']:.2f} s / {times['ours']:.2f} s"
          f" = {times['theirs'] / times['ours']:.2f}")  # fmt: skip


@pytest.mark.parametrize("kind", ["apgd", "targeted"])
def test_auto_pgd(benchmark, scene, threads, kind):
    torchattacks = quietly(lambda: pytest.importorskip("torchattacks"))
    net, x, y = scene
    generator = torch.Generator().manual_seed(0)
    if kind == "apgd":
        calls = {
            "ours": lambda: apgd(net, x, y, budget=EPS, steps=50, generator=generator),
            "theirs": lambda: torchattacks.APGD(net, eps=EPS, steps=50)(x, y),
        }
    else:  # ours includes the untargeted attack
        calls = {
            "ours": lambda: (
                strong_attack(net, x, y, budget=EPS, steps=20, generator=generator).images
            ),
            "theirs": lambda: torchattacks.APGDT(net, eps=EPS, steps=20)(x, y),
        }
    times, found = quietly(lambda: in_turns(calls, rounds=1))
    assert fooled(net, found["ours"], y) >= fooled(net, found["theirs"], y) - 0.02
    benchmark.extra_info["ratio_to_torchattacks"] = round(times["theirs"] / times["ours"], 2)
    benchmark.pedantic(calls["ours"], rounds=1)
    print(f"\n{kind}, {threads} threads: {times['theirs']:.2f} s / {times['ours']:.2f} s"
          f" = {times['theirs'] / times['ours']:.2f}")  # fmt: skip


def test_share_of_the_machine(benchmark, scene, threads):
    """How much of the speed of a large matrix product the attack reaches."""
    net, x, y = scene
    with attacking(net) as plain, FlopCounterMode(display=False) as counter:
        leaf = x.clone().requires_grad_()
        plain(leaf).sum().backward()
    work = counter.get_total_flops() * STEPS
    a = torch.rand(2048, 2048)
    options = {"budget": EPS, "step_size": STEP, "steps": STEPS, "random_start": False}
    calls = {"product": lambda: a @ a, "ours": lambda: pgd(net, x, y, **options)}
    times, _ = in_turns(calls, rounds=5)
    peak = 2 * 2048**3 / times["product"]
    speed = work / times["ours"]
    benchmark.extra_info["gflops_per_image_and_step"] = work / STEPS / BATCH / 1e9
    benchmark.extra_info["share_of_product"] = round(speed / peak, 2)
    benchmark.pedantic(calls["ours"], rounds=1)
    print(f"\n{threads} threads: {work / STEPS / BATCH / 1e6:.2f} MFLOP an image and step, "
          f"{speed / 1e9:.1f} of {peak / 1e9:.1f} GFLOP/s = {speed / peak:.0%}")  # fmt: skip
