"""`spadv place`: networks of others measured alike, and one folder that proves its numbers."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from spadv.empirical.evaluation import public
from spadv.stats import clopper_pearson

SMALL = ("--images", 40, "--strong-images", 20, "--data", "mnist-sample")


@pytest.fixture
def linear(tmp_path):
    """A linear network with its description, in a folder of its own."""
    home = tmp_path / "networks"
    home.mkdir()
    torch.manual_seed(0)
    torch.save({"1.weight": torch.randn(10, 784), "1.bias": torch.zeros(10)}, home / "lin.pt")
    layers = [{"layer": "flatten"}, {"layer": "linear", "features": [784, 10]}]
    told = {"trained": "not at all", "published": {"natural error": 0.9}, "source": {"by": "me"}}
    description = {"name": "lin", "weights": "lin.pt", "classes": 10, "layers": layers, **told}
    (home / "lin.json").write_text(json.dumps(description))
    return home / "lin.json"


def test_every_number_follows_from_the_committed_outcomes(spadv, linear, tmp_path):
    """Ten lines of numpy on the .npz file give the rates of NAME.json."""
    found = spadv("place", linear, *SMALL, "--out", tmp_path, "--json").json
    document = json.loads((tmp_path / "lin.json").read_text())
    assert found["networks"] == [document]
    assert document["published"] == {"natural error": 0.9}
    common, strong = (
        np.load((tmp_path / name).with_suffix(".npz")) for name in document["records"]
    )
    right = common["clean"] == common["labels"]
    assert public.rate(document, "natural", None, "accuracy")["successes"] == right.sum()
    for number, angle in enumerate((30.0, 180.0)):
        kept = common["rotation"][number, 0] == common["clean"]
        assert public.rate(document, "rotation", angle, "unchanged")["successes"] == kept.sum()
    for number, budget in enumerate((0.1, 0.3)):
        held = common["robustness"][number] == common["labels"]
        assert public.rate(document, "pgd", budget, "accuracy")["successes"] == held.sum()
        held = (strong["robustness"][number] == strong["labels"]) & (
            strong["clean"] == strong["labels"]
        )
        row = public.rate(document, "strong", budget, "accuracy")
        assert (row["successes"], row["trials"]) == (held.sum(), 20)
    table = (tmp_path / "table.md").read_text()
    assert "| lin |" in table
    assert "natural error 90.0" in table
    figure = public.figure(public.read_folder(tmp_path))
    assert any("lin" in text.get_text() for axis in figure.axes for text in axis.texts)


def test_a_second_network_joins_and_a_changed_rate_is_refused(spadv, linear, tmp_path):
    spadv("place", linear, *SMALL, "--out", tmp_path)
    spadv("place", linear, *SMALL, "--name", "again", "--out", tmp_path)
    names = [document["name"] for document in public.read_folder(tmp_path)]
    assert names == ["again", "lin"]
    path = tmp_path / "again.json"
    document = json.loads(path.read_text())
    document["rates"][0]["successes"] += 1
    path.write_text(json.dumps(document))
    result = spadv("place", "--out", tmp_path)
    assert result.status == 2
    assert "its rates differ" in result.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--name", "a b"), "letters"),
        (("--data", "no-such-data"), "no-such-data"),
        (("--images", 0), "images"),
    ],
)
def test_bad_input_is_one_line(spadv, linear, tmp_path, arguments, message):
    result = spadv("place", linear, *SMALL, *arguments, "--out", tmp_path)
    assert result.status == 2
    assert message in result.err
    assert len(result.err.strip().splitlines()) == 1 or "Usage" in result.err


def test_without_a_description_the_data_must_be_told(spadv, tmp_path, monkeypatch):
    (tmp_path / "own_net.py").write_text(
        "import torch\ndef make():\n    return torch.nn.Sequential(torch.nn.Flatten(), "
        "torch.nn.Linear(784, 10))\n"
    )
    monkeypatch.chdir(tmp_path)
    result = spadv("place", "own_net:make", "--out", tmp_path)
    assert result.status == 2
    assert "does not say it" in result.err


def test_the_committed_results_follow_from_their_outcomes():
    """Every rate of docs/results/public, from the outcomes of the images alone."""
    folder = Path(__file__).parents[3] / "docs" / "results" / "public"
    documents = public.read_folder(folder)
    table = (folder / "table.md").read_text()
    assert all(f"| {document['name']} |" in table for document in documents)
    (certified,) = [d for d in documents if d["name"] == "kw_mnist"]
    # No attack may leave less than the certificate promises, 94.2% of all 10,000 images: of
    # 2,000 of them (Clopper-Pearson) at least what is not significantly less.
    held = public.rate(certified, "pgd", 0.1, "accuracy")
    assert clopper_pearson(held["successes"], held["trials"], 0.999).high > 0.942
    # Every network is labelled in every panel, also where two lie at one place.
    for axes in public.figure(documents).axes:
        mine = [d for d in documents if axes.get_title(loc="left").startswith(f"{d['data']}, ")]
        labels = {n for text in axes.texts for n in text.get_text().split(", ") if n.isdecimal()}
        assert labels == {str(n) for n in range(1, len(mine) + 1)}
