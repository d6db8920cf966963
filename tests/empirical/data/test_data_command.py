"""`spadv data`, as it is typed."""

from __future__ import annotations

from spadv.empirical.data import load, names


def test_the_list_for_machines(spadv, tiny_mnist, tmp_path):
    folder = tiny_mnist(tmp_path)
    done = spadv("data", "list", "--data-root", tmp_path, "--json")
    assert (done.status, done.err) == (0, "")
    assert done.json["root"] == str(tmp_path)
    sets = {row["name"]: row for row in done.json["sets"]}
    assert tuple(sets) == names()
    assert [name for name, row in sets.items() if row["found"]] == ["mnist-sample", "mnist"]
    assert sets["mnist"]["path"] == str(folder)
    assert sets["mnist"]["bytes"] == sum(path.stat().st_size for path in folder.iterdir())
    assert sets["cifar10"] == {
        "name": "cifar10",
        "title": "CIFAR-10",
        "train": 40_000,
        "validation": 10_000,
        "test": 10_000,
        "classes": 10,
        "channels": 3,
        "image_size": 32,
        "embedded": False,
        "found": False,
        "path": str(tmp_path / "cifar-10-batches-py"),
        "bytes": 0,
        "source": sets["cifar100"]["source"],
        "licence": "no licence stated by its makers",
    }
    assert all(row["source"] and row["licence"] for row in sets.values())


def test_the_list_for_people(spadv, tmp_path):
    done = spadv("data", "list", "--data-root", tmp_path)
    assert done.status == 0
    for name in names():
        assert name in done.out
    for word in ("embedded", "CC BY-SA 3.0", "Krizhevsky", "40,000/10,000/10,000"):
        assert word in done.out


def test_a_folder_is_prepared_once(spadv, images, tmp_path):
    for name in ("cat", "[dog]"):
        images(tmp_path / "mine" / name, 20, size=(9, 12))
    done = spadv("data", "prepare", tmp_path / "mine", "--size", 8, "--json")
    data = load(tmp_path / "mine", size=8)
    assert done.status == 0
    assert done.json == {
        "name": "mine",
        "path": str(tmp_path / "mine"),
        "train": 32,
        "validation": 4,
        "test": 4,
        "classes": ["[dog]", "cat"],
        "channels": 3,
        "height": 8,
        "width": 8,
        "mean": list(data.mean),
        "std": list(data.std),
        "digest": data.digest,
        "split": data.split,
        "source": data.source,
    }
    assert len(list((tmp_path / "decoded").iterdir())) == 1
    shown = spadv("data", "prepare", tmp_path / "mine", "--size", 8)
    assert shown.status == 0
    for word in ("mine is ready", "32 / 4 / 4", "[dog], cat", "3 x 8 x 8"):
        assert word in shown.out
    assert data.digest in "".join(shown.out.replace("│", "").split())


def test_known_data_are_prepared(spadv, tiny_mnist, tmp_path):
    tiny_mnist(tmp_path)
    done = spadv("data", "prepare", "mnist", "--data-root", tmp_path, "--json")
    assert (done.status, done.json["train"]) == (0, 50)
    assert done.json["digest"] == load("mnist", root=tmp_path).digest
    assert spadv("data", "prepare", "mnist-sample", "--json").json["test"] == 2000


def test_bad_input_is_one_line(spadv, images, tmp_path):
    images(tmp_path / "mine" / "only", 3)
    for arguments, word in [
        (["data", "prepare", "mnits"], "Did you mean mnist?"),
        (["data", "prepare", tmp_path / "none"], "that exists"),
        (["data", "prepare", tmp_path / "mine"], "two class folders"),
        (["data", "prepare", "mnist", "--size", "32"], "'size'"),
        (["data", "prepare", tmp_path / "mine", "--size", "0"], "'size'"),
        (["data", "prepare"], "Missing argument"),
        (["data", "remove"], "No such command"),
    ]:
        done = spadv(*arguments)
        assert done.status == 2, done
        assert done.out == ""
        assert word in done.err
        assert done.err.count("\n") == 1


def test_no_network_is_one_line_that_helps(spadv, tmp_path, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    done = spadv("data", "prepare", "cifar10", "--data-root", tmp_path)
    assert done.status == 2
    assert "cifar-10-python.tar.gz into" in done.err
    assert done.err.count("\n") == 1


def test_without_a_command_there_is_help(spadv):
    assert "prepare" in spadv("data").out
    assert "prepare" in spadv("data", "--help").out
