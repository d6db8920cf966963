"""The catalogue is whole, says the paper's settings, and shares its trainings."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from spadv.empirical.attacks.protocol import resolve
from spadv.empirical.data import describe
from spadv.empirical.experiments import EXPERIMENTS, SCALES, experiment, merge
from spadv.empirical.experiments.plan import Gain, Trend, join
from spadv.empirical.experiments.presets import Preset
from spadv.empirical.experiments.setup import LEVELS
from spadv.empirical.models import build
from spadv.errors import InputError

PAPER = {f"fig{n}" for n in range(1, 23)} | {f"table{n}" for n in range(1, 9)}


def plan(name, scale="paper", seeds=1, places=None):
    return experiment(name).plan(scale, seeds, places)


def digests(made):
    return {job.digest for job in made.jobs}


def configs(name, variant, scale="paper"):
    (found,) = [v for v in plan(name, scale).variants if v.name == variant]
    return found.jobs[0].config


def lines(panel):
    """Return the labels of a panel's lines, and the names of their variants."""
    return [(label, getattr(rest[-1], "name", None)) for label, *rest in panel.lines]


def test_every_figure_and_table_is_there_and_nothing_else():
    wholes = {
        name for name, a in EXPERIMENTS.items() if not (a.beyond or a.part_of or name == "demo")
    }
    assert wholes == PAPER
    questions = {name for name, one in EXPERIMENTS.items() if one.beyond}
    assert {"protocols", "invariance-vs-accuracy", "stronger-attack", "cusp-ablation"} < questions
    assert {"exact-invariance", "pareto-front"} < questions


def test_the_order_is_that_of_the_paper():
    names = list(EXPERIMENTS)
    assert names[0] == "fig1"
    assert names[-1] == "demo"
    assert names.index("fig2") < names.index("fig2a-d") < names.index("fig3") < names.index("fig10")
    assert names.index("fig22") < names.index("table1") < names.index("protocols")


def test_parts_are_in_their_wholes():
    for name, one in EXPERIMENTS.items():
        if one.part_of:
            part, whole = plan(name), plan(one.part_of)
            assert digests(part) <= digests(whole)
            start = "abcdefghijklmnopqrstuvwxyz".index(one.first)
            shown = [(panel.title, lines(panel)) for panel in part.panels]
            held = whole.panels[start : start + len(part.panels)]
            assert [(panel.title, lines(panel)) for panel in held] == shown


def test_where_both_metrics_are_shown_each_is_claimed():
    claims = plan("fig7").claims
    asked = [(one.measure.kind, one.measure.metric) for one in claims]
    first = [("robustness", "accuracy"), ("robustness", "unchanged")]
    assert asked == first + 4 * [("rotation", "accuracy")] + 4 * [("rotation", "unchanged")]
    assert not any(one.paired for one in claims)
    assert [c.claim.partition(": ")[2] for c in claims[:2]] == [
        "larger ranges in training lower the accuracy under l-infinity attacks",
        "larger ranges in training make the network less robust to l-infinity attacks",
    ]
    assert claims[2].claim.endswith("larger budgets in training lower the accuracy under rotations")
    assert claims[3].claim.endswith(
        "has a lower accuracy under rotations than a naturally trained one"
    )
    assert all(one.paired for one in plan("fig1").claims)


def test_the_words_of_a_claim_say_which_side_has_more():
    natural = "than a naturally trained one"
    for claim in (claim for name in EXPERIMENTS for claim in plan(name).claims):
        grows = re.search(r"\b(more|raise|higher)\b", claim.claim)
        falls = re.search(r"\b(less|lower|nearer|loses?)\b", claim.claim)
        if isinstance(claim, Trend):
            assert bool(grows) != bool(falls), claim.claim
            assert claim.rising == bool(grows), claim.claim
        elif claim.claim.endswith(natural):
            more, less = (bool(each.level) for each in (claim.more, claim.less))
            assert (more, less) == ((True, False) if grows else (False, True)), claim.claim


def test_numbers_of_the_text_stand_beside_the_networks_it_speaks_of():
    for name in ("fig1", "fig1a-b"):
        known = {(v.name, number.text) for v, number in plan(name).published}
        assert known == {("StdCNN, Aug-R 180", "below 50%"), ("StdCNN, Aug-R 60", "above 10%")}
    assert not plan("fig1e-f").published


@pytest.mark.parametrize(
    ("name", "figure", "deviation"),  # of the training pixels
    [
        ("protocols-vgg16", "fig1", (0.2470 + 0.2435 + 0.2616) / 3),
        ("protocols-stdcnn", "fig8", 0.3081),
    ],
)
def test_a_figure_under_three_rules_is_of_its_own_networks(name, figure, deviation):
    def trainings(one):
        return {job.digest for variant in one.variants for job in variant.jobs}

    rules = plan(name)
    parts = [plan(f"{figure}{letters}") for letters in ("a-b", "e-f", "i-l")]
    assert trainings(rules) == set().union(*map(trainings, parts))
    for i, part in enumerate(parts):
        corrected, official, equal = (claim.variants for claim in rules.claims[5 * i : 5 * i + 3])
        own = part.claims[-1].variants
        for found in (corrected, official, equal):
            assert [v.jobs[0].digest for v in found] == [v.jobs[0].digest for v in own]
        assert official[0].jobs[0].evaluations != equal[0].jobs[0].evaluations
        budgets = [found[0].jobs[0].evaluations[0].budgets for found in (official, equal)]
        assert budgets[1] == pytest.approx([deviation * one for one in budgets[0]], rel=1e-3)
    told = {number.text for _, number in rules.published}
    assert told == ({"around 65%", "20%"} if figure == "fig8" else set())
    assert all(", Aug-R " in variant.name for variant, _ in rules.published)


@pytest.mark.parametrize("figure", ["fig1", "fig8"])
def test_the_parts_of_a_figure_make_up_the_whole(figure):
    whole, found = plan(figure), {}
    for letters in ("a-b", "c-d", "e-f", "g-h", "i-l", "m-p"):
        part = plan(f"{figure}{letters}")
        (group,) = {job.config.model.group for job in part.jobs}
        assert group == ("p4" if letters[0] in "cgm" else None)
        found |= {panel.title: part for panel in part.panels}
    assert list(found) == list(dict.fromkeys(panel.title for panel in whole.panels))
    parts = list({id(part): part for part in found.values()}.values())
    assert set().union(*map(digests, parts)) == digests(whole)
    assert [c.claim for part in parts for c in part.claims] == [c.claim for c in whole.claims]


def test_what_the_published_rules_change_beside_the_budget_is_named():
    shape = {"num_classes": 10, "in_channels": 1, "image_size": 28}
    networks = {group: build("stdcnn", group=group, **shape) for group in (None, "p4")}
    for name in ("protocols", "protocols-cifar10", "protocols-stdcnn", "protocols-vgg16"):
        contrasts = [claim for claim in plan(name).claims if not isinstance(claim, Trend)]
        assert len(contrasts) >= 4
        for claim in contrasts:
            (job, *_) = claim.less.jobs
            rules = resolve(job.evaluations[0].protocol, networks[job.config.model.group])
            told = "mode" in claim.claim, "predicted labels" in claim.claim
            assert told == (rules.train_mode, rules.predicted_labels)
            assert "clip" in claim.claim
            assert rules.clip == (-1, 1)


def test_each_attack_judges_the_same_networks():
    gains = [one for one in plan("stronger-attack").claims if isinstance(one, Gain)]
    table = {one.name: one.jobs[0].digest for one in plan("table1").variants}
    plain = [table[name] for name in ("3 PGD (Aug 0)", "4 PGD (Aug 180)")]
    cusp = [digest for name, digest in table.items() if "CuSP" in name]
    for gain in gains:
        assert [one.jobs[0].digest for one in gain.less] == plain
        assert [one.jobs[0].digest for one in gain.more] == cusp
    used = [{one.jobs[0].evaluations[0].attack for one in (*g.less, *g.more)} for g in gains]
    assert used == [{"pgd"}, {"apgd"}, {"autoattack"}]


@pytest.mark.parametrize("scale", SCALES)
def test_cusp_is_compared_with_as_many_epochs(scale):
    def epochs(job):
        stages = sum(stage.epochs for stage in job.config.stages)
        return stages + (epochs(job.start) if job.start else 0)

    contrasts = plan("equal-epochs", scale).claims[:-1]
    assert len(contrasts) == 6
    for one in contrasts:
        assert epochs(one.more.jobs[0]) == epochs(one.less.jobs[0]), one.claim
    warm = contrasts[-1]
    assert warm.more.jobs[0].start == warm.less.jobs[0].start


@pytest.mark.parametrize("scale", SCALES)
def test_the_training_attack_alone_differs(scale):
    few, many = (
        [job.config for v in plan("training-attack", scale).variants[i : i + 2] for job in v.jobs]
        for i in (0, 2)
    )
    for one, other in zip(few, many, strict=True):
        (short,), (long,) = one.stages, other.stages
        assert (short.objective.steps, long.objective.steps) == (3, 10)
        assert one == replace(other, stages=(replace(long, objective=short.objective),))
        # At each step's size the whole budget can be crossed.
        for objective in (short.objective, long.objective):
            assert objective.budget == 8 / 255
            assert objective.steps * objective.step_size > objective.budget
    if scale in ("paper", "cpu"):  # where Table 1 is trained against one of the two
        table = digests(plan("table1", scale))
        assert len(digests(plan("training-attack", scale)) & table) == len(few)


def test_table_1_has_the_rows_of_the_paper():
    assert [variant.name[:2] for variant in plan("table1").variants] == [
        f"{n} " for n in range(1, 10)
    ]


def test_the_whole_paper_is_planned_without_data():
    jobs = []
    for scale in SCALES:
        for one in EXPERIMENTS.values():
            jobs += one.plan(scale).jobs
    assert len(jobs) > 1000


def test_panels_are_as_many_as_the_captions_say():
    counts = {"fig1": 16, "fig2": 12, "fig3": 4, "fig4": 4, "fig5": 4, "fig6": 2, "fig7": 4}
    counts |= {"fig8": 16, "fig9": 16, "fig10": 16, "fig11": 16, "fig12": 14, "fig13": 11}
    counts |= {"fig14": 2, "fig16": 12} | {f"fig{n}": 2 for n in range(17, 23)}
    for name, count in counts.items():
        assert len(plan(name).panels) == count, name
    assert len(plan("fig15").boundaries) == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("table1", "fig6"), ("fig6", "fig17"), ("table4", "fig18"), ("table5", "fig19"),
        ("table6", "fig22"), ("table1", "table4"), ("table3", "table1"),
        ("stronger-attack", "table1"),
        ("fig16a-d", "fig8"), ("fig5", "fig16"), ("fig5c-d", "fig1"), ("fig16i-l", "fig11"),
        ("fig15", "fig8"), ("protocols", "fig8"), ("protocols-cifar10", "fig1"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("scale", SCALES)
def test_trainings_are_shared(one, other, scale):
    first, second = digests(plan(one, scale)), digests(plan(other, scale))
    assert first <= second or second <= first


@pytest.mark.parametrize("scale", SCALES)
def test_some_trainings_are_shared(scale):
    for one, other in (
        ("fig3", "table1"),  # PGD at 8/255 with crop and flip
        ("fig7", "fig1"),
        ("fig7", "fig2e-h"),
        ("table7", "table1"),  # the schedule 75-90-100
        ("cusp-ablation", "table1"),
        ("equal-epochs", "table1"),
        ("exact-invariance", "fig8"),
        ("fig14", "fig1"),
    ):
        assert digests(plan(one, scale)) & digests(plan(other, scale)), (one, other)


def test_sharing_also_holds_for_what_is_measured():
    figure, sweep = (merge(plan(name).jobs) for name in ("fig8", "fig16a-d"))
    measured = {job.digest: job.evaluations for job in figure}
    assert all(measured[job.digest] == job.evaluations for job in sweep)


def test_aug_0_is_one_training_on_mnist():
    found = {v.name: v.jobs[0].digest for v in plan("fig8").variants}
    assert found["StdCNN, Aug-R 0"] == found["StdCNN, Aug-T 0"] == found["StdCNN, Aug-RT 0"]
    found = {v.name: v.jobs[0].digest for v in plan("fig1").variants}
    assert found["StdCNN, Aug-R 0"] != found["StdCNN, Aug-T 0"]  # crop and flip


def test_the_scale_of_the_paper_shrinks_nothing():
    for name in EXPERIMENTS:
        if name != "demo":
            assert plan(name).deviations == (), name
    for name, one in EXPERIMENTS.items():
        if one.plan("paper", 1).variants and name != "demo":
            for scale in ("smoke", "cpu"):
                assert plan(name, scale).deviations, (name, scale)


def test_small_scales_name_their_networks_and_images():
    deviations = plan("table1", "cpu").deviations
    assert "network: vgg16 with channels times 0.125 in place of vgg16" in deviations
    assert "epochs: 12 in place of 120" in deviations
    assert "test images: the first 2,000 in place of all" in deviations
    deviations = plan("fig8", "smoke").deviations
    assert "data: mnist-sample in place of mnist" in deviations
    assert "LeNet P4: network: lenet P4 in place of stdcnn P4" in deviations


def test_small_twins_have_about_as_many_parameters():
    models = {job.config.model.group: job.config.model for job in plan("fig8", "small").jobs}
    sizes = {"num_classes": 10, "in_channels": 1, "image_size": 28}
    one, other = (
        sum(p.numel() for p in build(m.name, **sizes, group=m.group, **m.options).parameters())
        for m in (models[None], models["p4"])
    )
    assert 1 < other / one < 2


@pytest.mark.parametrize("scale", ["smoke", "small", "cpu"])
def test_names_are_those_of_the_networks_trained(scale):
    """No label says VGG16, or StdCNN, over a LeNet that stands for it."""
    others = re.compile(r"(?<!for )\b(StdCNN|GCNN|VGG16|ResNet\d*|WRN-34|MLP [ab])\b")
    for name in EXPERIMENTS:
        made = plan(name, scale)
        lenets = {v for v in made.variants if v.jobs[0].config.model.name == "lenet"}
        assert not [v.name for v in lenets if others.search(v.name)], name
        for panel in made.panels:
            shown = set()
            for *_, last in panel.lines:
                shown |= set(last) if isinstance(last, tuple) else {last}
            if shown <= lenets:
                assert not others.search(panel.title), (name, panel.title)


# Facts of the paper and of the published scripts.


def test_splits():
    for name, sizes in {
        "mnist": (55_000, 5_000, 10_000),
        "cifar10": (40_000, 10_000, 10_000),
        "cifar100": (40_000, 10_000, 10_000),
        "tiny-imagenet": (80_000, 10_000, 10_000),
    }.items():
        info = describe(name)
        assert (info.train, info.validation, info.tests) == sizes
    for one in EXPERIMENTS.values():
        if one.id == "demo":
            continue
        for job in one.plan("paper", 1).jobs:
            assert job.config.data.limit is None
            assert job.config.data.train_on == "train"


def test_spatial_training():
    for name, variant in (("fig1", "StdCNN, Aug-R 60"), ("fig8", "GCNN, Aug-T 0.1")):
        config = configs(name, variant)
        optimiser = config.optimiser
        assert (optimiser.name, optimiser.learning_rate, optimiser.momentum) == ("sgd", 0.1, 0.9)
        assert (optimiser.weight_decay, optimiser.batch_size) == (5e-4, 128)
        assert (config.epochs, optimiser.milestones) == (120, (50, 100))
        assert config.model.normalise
        assert config.precision == "float32"
    augment = configs("fig1", "StdCNN, Aug-R 60").stages[0].augment
    assert augment.describe() == "crop:4,flip,R:60"
    assert configs("fig8", "StdCNN, Aug-R 60").stages[0].augment.describe() == "R:60"
    assert configs("fig1", "StdCNN, Aug-RT 0.1").stages[0].augment.describe() == "RT:0.1"
    assert configs("fig1", "StdCNN, Aug-T 0.1").stages[0].augment.describe() == "T:0.1"


def test_networks():
    models = {}
    for name, variant in (
        ("fig1", "StdCNN, Aug-R 0"), ("fig1", "GCNN, Aug-R 0"), ("fig8", "GCNN, Aug-R 0"),
        ("fig9", "GCNN, Aug-R 0"), ("fig13", "StdCNN, Aug-R 0"), ("fig4", "WRN-34, Adv-TRADES 0"),
    ):  # fmt: skip
        model = configs(name, variant).model
        models[name, variant[:4]] = (model.name, model.group, dict(model.options))
    assert models["fig1", "StdC"] == ("vgg16", None, {})
    assert models["fig1", "GCNN"] == ("vgg16", "p4", {"channels": "sqrt"})
    assert models["fig8", "GCNN"] == ("stdcnn", "p4", {"channels": "same"})
    assert models["fig9", "GCNN"] == ("resnet18", "p4m", {"channels": "sqrt"})
    assert models["fig13", "StdC"] == ("densenet121", None, {})
    assert models["fig4", "WRN-"] == ("wrn34_10", None, {})


def test_madry_on_mnist():
    config = configs("fig2", "MNIST LeNet, Adv-PGD 0.3")
    objective = config.stages[0].objective
    assert (objective.name, objective.budget, objective.steps) == ("pgd", 0.3, 40)
    assert objective.step == 0.01
    optimiser = config.optimiser
    assert (optimiser.name, optimiser.learning_rate, optimiser.batch_size) == ("adam", 1e-4, 50)
    assert config.epochs * 55_000 / 50 == pytest.approx(100_000, rel=0.01)


def test_madry_on_cifar10():
    config = configs("fig2", "CIFAR10 ResNet, Adv-PGD 8/255")
    objective, optimiser = config.stages[0].objective, config.optimiser
    assert (objective.budget, objective.steps, objective.step) == (8 / 255, 10, 2 / 255)
    assert (optimiser.weight_decay, optimiser.decay, optimiser.batch_size) == (2e-4, "kernels", 128)
    steps = -(-40_000 // 128)
    assert config.epochs * steps == pytest.approx(80_000, rel=0.01)
    assert [m * steps for m in optimiser.milestones] == pytest.approx([40_000, 60_000], rel=0.01)


def test_trades():
    config = configs("fig4", "WRN-34, Adv-TRADES 8/255")
    objective = config.stages[0].objective
    assert (objective.name, objective.budget, objective.steps) == ("trades", 8 / 255, 10)
    assert (objective.step, objective.beta) == (0.007, 5.0)
    assert config.optimiser.weight_decay == 2e-4


def test_cusp():
    config = configs("table1", "7 CuSP-PGD")
    rows = [
        (s.epochs, s.augment.rotation, s.objective.budget * 255, s.objective.step * 255)
        for s in config.stages
    ]
    assert [tuple(map(round, row)) for row in rows] == [
        (75, 120, 2, 2), (15, 150, 4, 2), (30, 180, 8, 2)
    ]  # fmt: skip
    assert all((s.augment.crop, s.augment.flip) == (4, True) for s in config.stages)
    optimiser = config.optimiser
    assert (optimiser.milestones, optimiser.gamma) == ((75, 90, 100), 0.1)
    assert (optimiser.learning_rate, optimiser.weight_decay) == (0.1, 5e-4)
    assert not optimiser.shuffle
    assert not config.model.normalise
    trades = configs("table4", "10 CuSP-TRADES")
    assert [round(s.augment.rotation) for s in trades.stages] == [120, 120, 180]
    assert [round(s.objective.budget * 255) for s in trades.stages] == [2, 4, 8]
    assert {(s.objective.beta, s.objective.step) for s in trades.stages} == {(5.0, 0.007)}


def test_warm_starts_and_sequences():
    rows = {v.name: v.jobs[0] for v in plan("table4").variants}
    for name, start in {
        "5 PGD (Aug 0) → Aug 180": "3 PGD (Aug 0)",
        "6 Aug 180 → PGD (Aug 0)": "2 natural (Aug 180)",
        "8 PGD (Aug 0) → CuSP-PGD": "3 PGD (Aug 0)",
        "9 Aug 180 → CuSP-PGD": "2 natural (Aug 180)",
        "11 PGD (Aug 0) → CuSP-TRADES": "3 PGD (Aug 0)",
        "12 Aug 180 → CuSP-TRADES": "2 natural (Aug 180)",
    }.items():
        assert rows[name].start.digest == rows[start].digest
    assert rows["5 PGD (Aug 0) → Aug 180"].config.stages[0].objective.name == "natural"
    assert rows["6 Aug 180 → PGD (Aug 0)"].config.stages[0].objective.budget == 8 / 255


def test_schedules_of_table_7():
    found = {v.name: v.jobs[0].config for v in plan("table7").variants}
    for label, milestones in (
        ("75-90-100", (75, 90, 100)),
        ("40-80", (40, 80)),
        ("50-100", (50, 100)),
    ):
        (name,) = [name for name in found if name.endswith(f"CuSP-PGD [{label}]")]
        config = found[name]
        assert config.optimiser.milestones == milestones
        ends = [sum(s.epochs for s in config.stages[: i + 1]) for i in range(3)]
        assert ends == [*milestones[:2], 120]


def test_evaluation():
    found = Preset("mnist", "stdcnn", "spatial-grey").at("paper", (0,)).evaluation
    assert (found.steps, found.step_size, max(found.budgets)) == (40, 0.01, 0.3)
    assert (found.images, found.iterate, found.protocol) == (None, "last", "corrected")
    found = Preset("cifar10", "vgg16", "spatial").at("paper", (0,)).evaluation
    assert (found.steps, found.step_size) == (10, 2 / 255)
    assert max(found.budgets) == 8 / 255
    assert found.distance_images == 10_000


def test_the_levels_that_the_text_names_are_among_the_papers():
    assert {0.0, 60.0, 180.0} <= set(LEVELS["Aug-R"]["paper"])
    assert {0.1, 0.3} <= set(LEVELS["grey"]["paper"])
    assert {k / 255 for k in (0, 2, 4, 8)} == set(LEVELS["colour"]["paper"])


# Other things that plans do.


def test_seeds_are_the_trainings_of_each_variant():
    made = experiment("table1").plan("cpu", 2)
    assert all([job.config.seed for job in v.jobs] == [0, 1] for v in made.variants)
    assert len(experiment("table1").plan("cpu").variants[0].jobs) == 3
    with pytest.raises(InputError, match="seeds"):
        experiment("table1").plan("cpu", 0)
    with pytest.raises(InputError, match="cpu"):
        experiment("table1").plan("cpus")


def test_a_data_set_can_stand_for_another(tmp_path):
    place = str(tmp_path / "copy")
    made = plan("table1", "paper", places={"cifar10": place})
    assert {job.config.data.name for job in merge(made.jobs)} == {place}
    assert all(job.config.optimiser.shuffle for job in merge(made.jobs))
    assert made.deviations[0].startswith("data: copy in place of cifar10")
    assert not digests(made) & digests(plan("table1"))
    assert digests(plan("fig8", places={"cifar10": place})) == digests(plan("fig8"))
    started = plan("fig15", places={"mnist": place})
    assert {v.jobs[0].config.data.name for v in started.boundaries} == {place}


def test_equal_names_in_one_plan_are_refused():
    with pytest.raises(InputError, match="different names"):
        join({"a": plan("fig3"), "b": plan("fig3")})


def test_unknown_experiments_are_named_with_the_nearest():
    with pytest.raises(InputError, match="fig16"):
        experiment("fig61")
