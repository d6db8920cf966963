"""`spadv evaluate`: what it reads, prints, saves, and refuses."""

import json
import sys
import textwrap
from pathlib import Path

import pytest

QUICK = ("--images", 60, "--rotations", "0,90", "--translations", "0.1", "--both", "none")
FAST = (*QUICK, "--budgets", "0,0.1", "--steps", 3, "--distance", 5)


@pytest.fixture
def networks_module(tmp_path, monkeypatch):
    """A module in the current folder with good and bad factories."""
    (tmp_path / "mynets.py").write_text(
        textwrap.dedent(
            """
            import torch

            class Net(torch.nn.Module):
                def __init__(self, outputs=10):
                    super().__init__()
                    torch.manual_seed(0)
                    self.fc = torch.nn.Linear(784, outputs)

                def forward(self, x):
                    return self.fc(x.flatten(1))

            def good():
                return Net()

            def eleven():
                return Net(11)

            def broken():
                raise ValueError("no weights here\\nsecond line")

            ready = Net()
            number = 3
            """
        )
    )
    (tmp_path / "needs.py").write_text("import surely_not_installed\n")
    (tmp_path / "fails.py").write_text("1 / 0\n")
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for name in ("mynets", "needs", "fails"):
        sys.modules.pop(name, None)


@pytest.fixture
def run_folder(tmp_path):
    """A trained network, as `spadv train` leaves it."""
    from spadv.empirical.training import TrainConfig, train

    table = {
        "model": {"name": "lenet"},
        "data": {"name": "mnist-sample", "limit": 200},
        "epochs": 1,
        "optimiser": {"learning_rate": 0.01},
    }
    folder = tmp_path / "run"
    train(TrainConfig.from_table(table), folder)
    return folder


def test_a_run_is_evaluated_on_its_own_data(spadv, run_folder):
    found = spadv("evaluate", run_folder, *FAST, "--json")
    assert found.status == 0, found.err
    document = found.json
    record = document["evaluation"]
    assert record["data"]["name"] == "mnist-sample"
    assert record["data"]["images"] == 60
    assert record["settings"]["budgets"] == [0.0, 0.1]
    assert record["settings"]["step_size"] == 0.01  # grey images
    summary = record["summary"]
    assert [row["value"] for row in summary["rotation"]] == [0, 90]
    assert summary["rotation"][0]["rate_of_invariance"]["value"] == 1
    assert summary["robustness"][0]["one_minus_fooling_rate"]["value"] == 1
    assert summary["distance"]["count"] + summary["distance"]["missing"] == 5
    assert "both" not in summary
    assert document["file"].startswith(str(run_folder / "evaluations"))
    assert json.loads(Path(document["file"]).read_text())["summary"] == summary
    again = spadv("evaluate", run_folder / "checkpoint.pt", *FAST, "--json")
    assert again.json["evaluation"] == record  # nothing was computed anew, seconds included


def test_tables_for_people(spadv, run_folder):
    found = spadv("evaluate", run_folder, *FAST, "--worst-rotation", 10, "--repeats", 2)
    assert found.status == 0, found.err
    for text in (
        "60 test images of mnist-sample",
        "Natural accuracy: 0.",
        "Random rotation",
        "rate of invariance",
        "1 - fooling rate",
        "pgd, 3 steps, corrected protocol",
        "Mean l2 distance",
        "Worst of a grid",
        "2 motions an image",
        "95% intervals",
        "Saved: ",
    ):
        assert text in found.out, text


def test_any_network_by_module_and_factory(spadv, networks_module):
    base = ("evaluate", "mynets:good", "--data", "mnist-sample", *QUICK)
    found = spadv(*base, "--budgets", "none", "--distance", 0, "--json")
    assert found.status == 0, found.err
    assert found.json["file"] is None
    assert found.json["evaluation"]["model"]["class"] == "Net"
    assert set(found.json["evaluation"]["summary"]) == {
        "natural_accuracy",
        "rotation",
        "translation",
    }
    ready = spadv(
        *("evaluate", "mynets:ready", "--data", "mnist-sample", *QUICK),
        *("--budgets", "none", "--distance", 0, "--json"),
    )
    assert ready.json["evaluation"]["identity"] == found.json["evaluation"]["identity"]


def test_comparison_and_figures(spadv, networks_module):
    other = networks_module / "other.py"
    other.write_text("from mynets import Net\n\n\ndef make():\n    net = Net()\n")
    other.write_text(other.read_text() + "    net.fc.weight.data *= -1\n    return net\n")
    arguments = (
        *("evaluate", "mynets:good", "--compare", "other:make", "--data", "mnist-sample"),
        *(*QUICK, "--budgets", "none", "--distance", 0, "--out", "results"),
    )
    found = spadv(*arguments, "--json")
    assert found.status == 0, found.err
    document = found.json
    rows = {(d["what"], d["setting"], d["metric"]): d for d in document["differences"]}
    natural = rows["natural", None, "accuracy"]
    first, second = (
        document[key]["summary"] if key == "evaluation" else document[key]["evaluation"]["summary"]
        for key in ("evaluation", "compared_with")
    )
    expected = first["natural_accuracy"]["value"] - second["natural_accuracy"]["value"]
    assert natural["difference"] == pytest.approx(expected)
    kinds = sorted(path.suffix for path in (networks_module / "results").iterdir())
    assert kinds == [".json", ".json", ".npz", ".npz", ".png", ".png", ".svg", ".svg"]
    text = spadv(*arguments)
    assert "mynets:good minus other:make, image by image" in text.out
    assert "rotation 90" in text.out
    sys.modules.pop("other", None)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere",), "There is no such file or folder"),
        ((".",), "it holds no checkpoint.pt"),
        (("nowhere:f",), "There is no module nowhere here or installed"),
        (("os.nowhere:f",), "There is no module os"),
        (("mynets:goood",), "has no goood. Did you mean good?"),
        (("mynets:broken",), "Calling it fails: ValueError: no weights here"),
        (("mynets:number",), "It is an int"),
        (("os:getcwd",), "It returns a str"),
        (("needs:f",), "It needs surely_not_installed"),
        (("fails:f",), "ZeroDivisionError: division by zero"),
        (("mynets:good",), "does not say what it was trained on"),
        (("mynets:eleven", "--data", "mnist-sample"), "give 10 logits"),
        (("mynets:good", "--data", "mnist-sampel"), "mnist-sampel"),
        (("mynets:good", "--data", "mnist-sample", "--budgets", "0,x"), "'budgets'"),
        (("mynets:good", "--data", "mnist-sample", "--rotations", "0,190"), "'rotations'"),
        (("mynets:good", "--data", "mnist-sample", "--images", "3000"), "at most 2000"),
        (("mynets:good", "--data", "mnist-sample", "--attack", "fgsm"), "'attack'"),
        (("mynets:good", "--data", "mnist-sample", "--protocol", "official"), "Normalised"),
        (("mynets:good", "--data", "mnist-sample", "--level", "2"), "'level'"),
        (("mynets:good", "--data", "mnist-sample", "--device", "tpu"), "'device'"),
        (("mynets:good", "--data", "mnist-sample", "--part", "dev"), "'part'"),
    ],
)
def test_bad_input_is_one_clear_line(spadv, networks_module, arguments, message):
    found = spadv("evaluate", *arguments)
    assert found.status == 2
    assert message in found.err
    assert found.err.count("\n") == 1
    assert found.out == ""


def test_the_current_folder_is_not_left_on_the_path(spadv, networks_module):
    before = list(sys.path)
    spadv("evaluate", "mynets:broken")
    assert sys.path == before


def test_the_level_of_intervals_holds_in_json_too(spadv, run_folder):
    quick = ("evaluate", run_folder, *QUICK, "--budgets", "none", "--distance", 0, "--json")
    for level in (0.95, 0.5):
        found = spadv(*quick, "--level", level).json["evaluation"]["summary"]
        assert found["natural_accuracy"]["interval"]["level"] == level
