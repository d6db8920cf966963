"""Draw digits of MNIST as they come, rotated and attacked, with what a small network says of them.

    python examples/rotated_and_attacked.py docs/images/rotated-and-attacked

writes FILE.png and FILE.json: the answers and accuracies. It trains the paper's StdCNN on 9,000 of
the digits that come with spadv, without rotations and without attacks (half a minute on one core),
and shows the first digit of some classes, among 2,000 that it has not seen, which it gets right as
they come; every test digit counts for the accuracies.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

from spadv.empirical.attacks import pgd
from spadv.empirical.data import load
from spadv.empirical.evaluation import predict
from spadv.empirical.training import TrainConfig, train
from spadv.empirical.transforms import rotate
from spadv.style import new_figure, styled

ANGLE = 60
BUDGET = 0.2
SHOWN = (2, 3, 4, 5, 6, 7)
CONFIG: dict[str, Any] = {
    "data": {"name": "mnist-sample"},
    "model": {"name": "stdcnn"},
    "optimiser": {"name": "adam", "learning_rate": 0.003, "weight_decay": 0, "batch_size": 64},
    "epochs": 4,
}


def measured() -> tuple[dict[str, Any], list[torch.Tensor]]:
    """Return answers and accuracies, and the shown digits in three versions."""
    network = train(TrainConfig.from_table(CONFIG), tempfile.mkdtemp()).model.eval()
    test = load("mnist-sample").test
    x, y = test.batch(slice(0, len(test)))
    attacked = torch.cat(
        [
            pgd(network, a, b, budget=BUDGET, step_size=BUDGET / 10, steps=40, random_start=False)
            for a, b in zip(x.split(200), y.split(200), strict=True)
        ]
    ).detach()
    versions = {"natural": x, "rotated": rotate(x, ANGLE), "attacked": attacked}
    answers = {name: predict(network, images) for name, images in versions.items()}
    right = answers["natural"] == y
    shown = [int(torch.nonzero(right & (y == digit))[0]) for digit in SHOWN]
    numbers = {
        "network": "StdCNN, 4 epochs, 9,000 digits, one seed",
        "test_digits": len(y),
        "angle": ANGLE,
        "budget": BUDGET,
        "attack": "PGD, 40 steps, no random start",
        "accuracy": {k: round(float((a == y).double().mean()), 4) for k, a in answers.items()},
        "shown": shown,
        "label": y[shown].tolist(),
        "says": {name: a[shown].tolist() for name, a in answers.items()},
    }
    return numbers, [images[shown, 0] for images in versions.values()]


def draw(numbers: dict[str, Any], pictures: list[torch.Tensor]) -> Any:
    """Return the figure: a row a version, the network's answer above each digit."""
    labels = numbers["label"]
    rows = ("as they come", f"rotated by {ANGLE}°", f"attacked, {BUDGET:g} a pixel")
    with styled():
        figure = new_figure(figsize=(1.15 * len(labels) + 0.5, 4.5))
        for line, name, kind, images in zip(
            figure.subplots(3, len(labels)), rows, numbers["says"], pictures, strict=True
        ):
            for axes, image, said, label in zip(
                line, images, numbers["says"][kind], labels, strict=True
            ):
                axes.imshow(image.numpy(), cmap="gray_r", vmin=0, vmax=1)
                axes.set(xticks=[], yticks=[])
                axes.set_frame_on(False)
                axes.grid(visible=False)
                wrong = said != label
                axes.set_title(
                    f"“{said}”" + (" wrong" if wrong else ""),
                    fontsize=10,
                    color="#b33c00" if wrong else "black",
                    fontweight="bold" if wrong else "normal",
                )
            line[0].set_ylabel(f"{name}\n{numbers['accuracy'][kind]:.1%} right", fontsize=9)
    return figure


def main(stem: str) -> None:
    """Write STEM.png and STEM.json."""
    numbers, pictures = measured()
    figure = draw(numbers, pictures)
    figure.savefig(f"{stem}.png", dpi=110)
    Path(f"{stem}.json").write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
