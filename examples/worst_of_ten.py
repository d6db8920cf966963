"""Replicate a published spatial accuracy: MNIST, the worst of ten random motions.

Engstrom et al. (ICML 2019): a network that classifies 99.31% of MNIST's test images gets 73.32%
right after the worst of ten random motions within 3 pixels and 30 degrees. Trains a common
network (two convolutions of 5 x 5, a hidden layer of 1024) three times and measures the same, with
spadv's transforms (nearest pixels, whole shifts) and with bilinear ones (any shift), which the
published code uses. Needs MNIST (`spadv data prepare mnist`); an hour on two cores. What is
trained is kept in the folder.

One training gave 99.36% and, for the worst of ten, 34.6% (bilinear) or 21.3% (nearest pixels): the
published number was not reproduced. Of single random motions 85.2% and 79.5% stay right.

    python worst_of_ten.py FOLDER [DATA_ROOT]
"""

import json
import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import affine_grid, grid_sample

from spadv.empirical.data import load
from spadv.empirical.evaluation import EvaluationSettings, evaluate, predict
from spadv.empirical.settings import DataConfig, ModelConfig, OptimiserConfig, Stage
from spadv.empirical.training import TrainConfig, load_run, train
from spadv.empirical.transforms import rotate_translate

DEGREES, PIXELS, SIDE = 30.0, 3, 28
#: The grid is long: only so many images.
GRID_IMAGES = 1000
SEEDS, EPOCHS, MOTIONS = 3, 6, 10
PUBLISHED = {"natural": 0.9931, "worst of ten": 0.7332}


def network(num_classes, in_channels=1):
    """Return the network: some 3.3 million parameters."""
    return nn.Sequential(
        nn.Conv2d(in_channels, 32, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(64 * 7 * 7, 1024),
        nn.ReLU(),
        nn.Linear(1024, num_classes),
    )


def nearest(x, draws):
    """Move images (B, 1, 28, 28) by draws (B, 3) in [-1, 1): whole pixels, nearest neighbours."""
    shifts = (draws[:, 1:].add(1).mul(PIXELS + 0.5).floor() - PIXELS).long()
    return rotate_translate(x, draws[:, 0] * DEGREES, shifts[:, 0], shifts[:, 1])


def bilinear(x, draws):
    """Move images by draws in [-1, 1): any shift, bilinear, black outside."""
    angle = torch.deg2rad(draws[:, 0] * DEGREES)
    shifts = -draws[:, 1:] * 2 * PIXELS / SIDE
    rows = torch.stack([angle.cos(), -angle.sin(), shifts[:, 0]], dim=1)
    below = torch.stack([angle.sin(), angle.cos(), shifts[:, 1]], dim=1)
    places = affine_grid(torch.stack([rows, below], dim=1).float(), x.shape, align_corners=False)
    return grid_sample(x, places, align_corners=False)


def measure(model, images, seed):
    """Return counts of images that stay right, by kind of motion."""
    x, y = images.batch(slice(None))
    found = {"natural": int((predict(model, x) == y).sum())}
    for name, motion in (("nearest", nearest), ("bilinear", bilinear)):
        generator = torch.Generator().manual_seed(seed)
        right = torch.stack(
            [
                predict(model, motion(x, 2 * torch.rand(len(x), 3, generator=generator) - 1)) == y
                for _ in range(MOTIONS)
            ]
        )
        found[f"random, {name}"] = int(right.sum())
        found[f"worst of ten, {name}"] = int(right.all(dim=0).sum())
    return found


def main(folder: Path, root: str | None) -> None:
    """Train, measure and print."""
    data = load("mnist", root=root)
    rows = []
    for seed in range(SEEDS):
        config = TrainConfig(
            DataConfig("mnist"),
            ModelConfig("worst_of_ten:network", normalise=False),
            OptimiserConfig(
                "adam", learning_rate=1e-3, weight_decay=0.0, milestones=(4, 5), batch_size=128
            ),
            (Stage(EPOCHS),),
            seed,
        )
        run = folder / f"seed{seed}"
        train(config, run, data=data)
        model = load_run(run).model
        found = measure(model, data.test, seed)
        grid = EvaluationSettings.only(
            worst_rotation=DEGREES,
            worst_translation=(PIXELS + 0.01) / SIDE,
            images=GRID_IMAGES,
        )
        worst = evaluate(model, data, grid, folder=run).arrays["worst_correct"]
        rows.append(found | {"grid, nearest": int(worst.sum())})
        print(json.dumps(rows[-1]), flush=True)
    (folder / "worst-of-ten.json").write_text(json.dumps({"seeds": rows, "published": PUBLISHED}))
    for name in rows[0]:
        count = len(data.test) * (MOTIONS if name.startswith("random") else 1)
        count = GRID_IMAGES if name.startswith("grid") else count
        values = ", ".join(f"{100 * row[name] / count:.2f}%" for row in rows)
        known = PUBLISHED.get(name.split(",")[0])
        print(f"{name:24} {values}", f"  published {100 * known:.2f}%" if known else "")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None)
