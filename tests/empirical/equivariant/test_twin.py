"""The twins of plain networks: what becomes of layers, counts, and that twins are equivariant."""

import copy
from collections import OrderedDict

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn
from torch.nn.utils import parametrizations

from spadv.empirical.models.equivariant import (
    P4,
    P4M,
    GroupBatchNorm2d,
    GroupConv2d,
    GroupDropout2d,
    GroupGroupNorm,
    LiftingConv2d,
    PooledLinear,
    WholeMapLinear,
    declare_paths,
    equivariance_error,
    exactness_report,
    invariance_error,
    to_equivariant,
)
from spadv.empirical.randomness import make_generator
from spadv.errors import InputError

GROUPS = [P4, P4M]


def count(module):
    return sum(p.numel() for p in module.parameters())


def images(channels=3, side=16, batch=2):
    generator = torch.Generator().manual_seed(0)
    return torch.rand(batch, channels, side, side, generator=generator, dtype=torch.float64)


def awaken(module, side=16, channels=3):
    """Give normalisation layers statistics and parameters that could break the equivariance."""
    module.double().train()
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if parameter.ndim == 1:
                parameter.uniform_(0.2 if name.endswith("weight") else -0.5, 1.0)
        module(images(channels, side, batch=4))
    return module.eval()


def stdcnn():
    return nn.Sequential(
        *(nn.Conv2d(1, 10, 3), nn.ReLU(), nn.Conv2d(10, 10, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(10, 20, 3), nn.ReLU(), nn.Conv2d(20, 20, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(320, 50), nn.ReLU(), nn.Dropout(), nn.Linear(50, 10)),
    )


def vgg16():
    layers, channels = [], 3
    for width in (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0):
        if width:
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
            channels = width
        else:
            layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(512, 10))


def resnet18(blocks=2):
    from torchvision.models import ResNet
    from torchvision.models.resnet import BasicBlock

    model = ResNet(BasicBlock, [blocks] * 4, num_classes=10)
    model.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
    model.maxpool = nn.Identity()
    return model


@pytest.mark.parametrize(
    ("make", "shape", "group", "options", "expected"),
    [
        (stdcnn, (1, 28, 28), "p4", {"channels": "same"}, 89_910),
        (stdcnn, (1, 28, 28), "p4", {"channels": "same", "head": "invariant"}, 89_910),
        (vgg16, (3, 32, 32), "p4", {"head": "invariant"}, 14_718_506),
        (resnet18, (3, 32, 32), "p4", {"head": "invariant"}, 11_165_738),
        (resnet18, (3, 32, 32), "p4", {"head": "invariant", "exact": True}, 11_165_738),
        (resnet18, (3, 32, 32), "p4m", {}, 11_201_415),
    ],
)
def test_published_parameter_counts(make, shape, group, options, expected):
    with torch.device("meta"):
        plain = make()
    twin = to_equivariant(plain, group, input_shape=shape, **options)
    assert count(twin) == expected
    # The shape is found without being given, too.
    if "exact" not in options:
        assert count(to_equivariant(plain, group, **options)) == expected


def test_widths_are_rounded_to_the_nearest_integer():
    plain = nn.Sequential(*(nn.Conv2d(c, d, 1) for c, d in ((3, 64), (64, 128), (128, 256))))
    plain.append(nn.Conv2d(256, 512, 1))

    def widths(**options):
        return [layer.out_channels for layer in to_equivariant(plain, **options)]

    assert widths(group="p4m") == [23, 45, 91, 181]
    assert widths(group="p4") == [32, 64, 128, 256]
    assert widths(group="p4", channels=1.5) == [96, 192, 384, 768]
    assert widths(group="p4", channels="same") == [64, 128, 256, 512]
    # Halves up, and never none.
    small = nn.Sequential(nn.Conv2d(3, 5, 1), nn.Conv2d(5, 1, 1), nn.Conv2d(1, 3, 1))
    assert [layer.out_channels for layer in to_equivariant(small, "p4")] == [3, 1, 2]
    assert to_equivariant(small, "p4")[0].in_channels == 3


@declare_paths(("left",), ("right", "norm"))
class Stems(nn.Module):
    """Two layers see the image, defined in an order that is not the order of the run."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(8)
        self.right, self.left = nn.Conv2d(3, 8, 1), nn.Conv2d(3, 8, 3, padding=1)

    def forward(self, x):
        return F.relu(self.left(x)) + self.norm(self.right(x)).sigmoid()


def two_stems():
    layers = {"stems": Stems(), "norm": nn.GroupNorm(2, 8), "drop": nn.Dropout2d(0.1)}
    layers |= {"slope": nn.PReLU(), "last": nn.Conv2d(8, 6, 3, padding=1), "pool": nn.AvgPool2d(2)}
    return nn.Sequential(OrderedDict(layers))


@pytest.mark.parametrize("group", GROUPS)
def test_what_sees_the_image_is_lifted_whatever_the_order(group):
    twin = to_equivariant(two_stems(), group, channels="same")
    assert isinstance(twin.stems.left, LiftingConv2d)
    assert isinstance(twin.stems.right, LiftingConv2d)
    assert isinstance(twin.last, GroupConv2d)
    assert isinstance(twin.stems.norm, GroupBatchNorm2d)
    assert isinstance(twin.norm, GroupGroupNorm)
    assert isinstance(twin.drop, GroupDropout2d)
    assert equivariance_error(awaken(twin), images(), group).max() < 1e-12


@declare_paths(("conv",), (nn.AvgPool2d(2), "pad"))
class Shortcut(nn.Module):
    """A residual unit with zero-padded channels, as in Madry's network."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(6, 16, 3, stride=2, padding=1, bias=False)
        self.pad = nn.ConstantPad3d((0, 0, 0, 0, 5, 5), 0.0)

    def forward(self, x):
        return self.conv(x) + self.pad(F.avg_pool2d(x, 2))


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("rule", ["same", "sqrt"])
def test_channels_padded_with_zeros(rule, group):
    plain = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.LeakyReLU(0.1), Shortcut())
    options = {"channels": rule, "exact": True, "input_shape": (3, 16, 16)}
    twin = to_equivariant(plain, group, **options)
    assert exactness_report(twin, (3, 16, 16)) == []
    assert equivariance_error(twin.double(), images(), group).max() < 1e-12
    before, behind = twin[2].pad.padding[4:]
    assert before % group.order == behind % group.order == 0
    assert before + behind == (twin[2].conv.out_channels - twin[0].out_channels) * group.order


TORCHVISION = ["resnet18", "vgg11_bn", "densenet121", "mobilenet_v2"]
TORCHVISION += [pytest.param(f, marks=pytest.mark.slow) for f in ("resnext50_32x4d", "mnasnet1_0")]


@pytest.mark.parametrize("name", TORCHVISION)
def test_twins_of_torchvision(name):
    from torchvision import models

    torch.manual_seed(0)
    plain = getattr(models, name)(num_classes=10)
    if name.startswith("vgg"):  # its head of 120 million weights adds nothing here
        plain.avgpool, plain.classifier = nn.AdaptiveAvgPool2d(2), nn.Linear(2048, 10)
    twin = to_equivariant(
        plain, "p4", head="invariant", channels=0.25, exact=True, input_shape=(3, 32, 32)
    )
    assert exactness_report(twin, (3, 32, 32)) == []
    x = images(side=32)
    twin = twin.double().train()
    out = twin(x)
    out.square().sum().backward()
    missing = [name for name, p in twin.named_parameters() if p.grad is None]
    assert missing == []
    assert out.shape == (2, 10)
    assert invariance_error(twin.eval(), x).max() < 1e-9


def test_a_twin_without_exactness_breaks_as_much_as_reported():
    twin = to_equivariant(resnet18(blocks=1), "p4", channels=0.1, head="invariant")
    assert len(exactness_report(twin, (3, 32, 32))) == 6
    awaken(twin, side=32)
    assert invariance_error(twin, images(side=32)).max() > 1e-4
    assert exactness_report(twin, (3, 33, 33)) == []
    assert invariance_error(twin, images(side=33)).max() < 1e-12


@pytest.mark.parametrize("depthwise", [True, False])
def test_grouped_convolutions(depthwise):
    groups = 8 if depthwise else 2
    plain = nn.Sequential(
        nn.Conv2d(3, 8, 1), nn.Conv2d(8, 16, 3, padding=1, groups=groups), nn.Conv2d(16, 2, 1)
    )
    twin = to_equivariant(plain, "p4m", channels=0.5)
    assert twin[1].groups == (4 if depthwise else 2)
    assert equivariance_error(twin.double(), images(), P4M).max() < 1e-12


def test_heads():
    shape = {"input_shape": (1, 28, 28), "channels": "same"}
    paper = to_equivariant(stdcnn(), **shape)
    assert paper[11].in_features == 20 * 4 * 4 * 4
    assert (paper[11].out_features, paper[14].in_features) == (50, 50)
    invariant = to_equivariant(stdcnn(), head="invariant", pool="mean", **shape)
    assert isinstance(invariant[11], WholeMapLinear)
    assert invariant[11].kind == "mean"
    x = images(1, 28)
    assert invariance_error(invariant.double().eval(), x).max() < 1e-12
    assert invariance_error(paper.double().eval(), x).max() > 0.01
    one_place = to_equivariant(vgg16(), head="invariant")
    assert isinstance(one_place[-1], PooledLinear)
    with pytest.raises(InputError, match=r"11 \(Linear\).*head=None"):
        to_equivariant(stdcnn(), head=None, **shape)
    features = to_equivariant(stdcnn()[:11], head=None, **shape)
    assert features(torch.zeros(2, 1, 28, 28)).shape == (2, 1280)


def test_a_single_layer():
    assert isinstance(to_equivariant(nn.Conv2d(3, 4, 3)), LiftingConv2d)


def test_a_shared_layer_stays_shared():
    shared = nn.Conv2d(4, 4, 3, padding=1)
    plain = nn.Sequential(nn.Conv2d(3, 4, 1), shared, nn.ReLU(), shared)
    twin = to_equivariant(plain, channels="same")
    assert twin[1] is twin[3]
    assert equivariance_error(twin.double(), images()).max() < 1e-12


def test_the_plain_network_stays_as_it_is():
    plain = two_stems().train()
    before = copy.deepcopy(plain.state_dict())
    plain.stems.left.eval()
    twin = to_equivariant(plain)
    assert all(torch.equal(value, before[key]) for key, value in plain.state_dict().items())
    assert isinstance(plain.last, nn.Conv2d)
    # Mode and dtype are those of each layer.
    assert twin.training
    assert not twin.stems.left.training
    assert to_equivariant(plain.half()).last.weight.dtype == torch.float16


def test_layers_are_made_where_the_plain_ones_are():
    plain = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4, affine=False)).double()
    twin = to_equivariant(plain)
    assert twin[1].norm.running_mean.dtype == torch.float64
    assert to_equivariant(plain.to("meta"))[1].norm.running_mean.is_meta
    with torch.device("meta"):  # what is made on the meta device still has whole tables
        made = to_equivariant(nn.Conv2d(3, 4, 3, device="cpu"))
    assert equivariance_error(made.double(), images()).max() < 1e-12


def test_anything_goes_behind_the_maps():
    class Tail(nn.Linear):
        def forward(self, x):
            return super().forward(x).softmax(1).cumsum(-1).view(-1, 3)

    plain = nn.Sequential(nn.Conv2d(3, 8, 3), nn.AdaptiveMaxPool2d(1), nn.Flatten())
    plain.extend([nn.Linear(8, 6), nn.BatchNorm1d(6), Tail(6, 6)])
    twin = to_equivariant(plain, head="invariant").double().eval()
    assert invariance_error(twin, images()).max() < 1e-12


def test_names_of_parameters_are_those_of_the_plain_network():
    plain = resnet18(blocks=1)
    names = {name.replace(".norm.", ".") for name, _ in to_equivariant(plain).named_parameters()}
    assert names == {name for name, _ in plain.named_parameters()}


def test_drawn_from_a_generator():
    plain = stdcnn()
    state = torch.get_rng_state()
    first, second, third = (
        to_equivariant(plain, input_shape=(1, 28, 28), generator=make_generator(seed))
        for seed in (7, 7, 8)
    )
    assert torch.equal(torch.get_rng_state(), state)
    assert all(map(torch.equal, first.parameters(), second.parameters()))
    assert not torch.equal(first[0].weight, third[0].weight)
    # What needs no change keeps its parameters.
    assert torch.equal(first[14].weight, plain[14].weight)


@pytest.mark.parametrize("group", GROUPS)
def test_state_of_a_trained_twin(group):
    twin = awaken(to_equivariant(two_stems(), group, channels="same"))
    other = to_equivariant(two_stems(), group, channels="same").double().eval()
    other.load_state_dict(twin.state_dict())
    assert torch.equal(other(images()), twin(images()))
    assert torch.equal(copy.deepcopy(twin)(images()), twin(images()))


#: Layers that do not commute with the group, and words of the refusal.
REFUSED = {
    "wide kernel": (nn.Conv2d(8, 8, (1, 3)), "1 .*kernel_size"),
    "one-sided same": (nn.Conv2d(8, 8, 2, padding="same"), "one-sided"),
    "uneven stride": (nn.Conv2d(8, 8, 3, stride=(2, 1)), "stride"),
    "uneven pool": (nn.MaxPool2d((2, 1)), "MaxPool2d.*kernel_size"),
    "indices": (nn.MaxPool2d(2, return_indices=True), "Indices"),
    "transposed": (nn.ConvTranspose2d(8, 8, 2), "ConvTranspose2d.*not known"),
    "layer norm": (nn.LayerNorm([8, 16, 16]), "LayerNorm"),
    "local response": (nn.LocalResponseNorm(3), "LocalResponseNorm"),
    "prelu": (nn.PReLU(8), "PReLU.*slopes"),
    "running": (nn.InstanceNorm2d(8, track_running_stats=True), "running"),
    "shuffle": (nn.ChannelShuffle(2), "ChannelShuffle"),
    "one-sided pad": (nn.ZeroPad2d((1, 0, 1, 0)), "same on all sides"),
    "uneven adaptive": (nn.AdaptiveAvgPool2d((1, 2)), "not square"),
    "softmax": (nn.Softmax(dim=1), "Softmax"),
    "spectral norm": (parametrizations.spectral_norm(nn.Conv2d(8, 8, 1)), "1 .*parametris"),
    "rows flattened": (nn.Flatten(2), "whole maps"),
    "linear on maps": (nn.Linear(16, 4), "flattened"),
    "padded places": (nn.ConstantPad3d(1, 0.0), "Only channels"),
}


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_equivariant_is_refused(name):
    layer, match = REFUSED[name]
    plain = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), layer)
    with pytest.raises(InputError, match=match):
        to_equivariant(plain, "p4", channels="same", input_shape=(3, 16, 16))


#: Layers that do commute, sizes and all.
ALLOWED = {
    "same": nn.Conv2d(8, 8, 3, padding="same", padding_mode="reflect"),
    "adaptive": nn.AdaptiveMaxPool2d(5),
    "reflection": nn.ReflectionPad2d(2),
    "instance norm": nn.InstanceNorm2d(8, affine=True),
    "lp": nn.LPPool2d(2, 2),
    "gelu": nn.GELU(),
}


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("name", ALLOWED)
def test_what_is_equivariant_is_allowed(name, group):
    plain = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), ALLOWED[name], nn.Conv2d(8, 2, 1))
    twin = to_equivariant(plain, group, channels="same", input_shape=(3, 16, 16))
    assert exactness_report(twin, (3, 16, 16)) == []
    assert equivariance_error(twin.double(), images(), group).max() < 1e-12


def test_code_that_is_not_known_is_refused_until_it_is_declared():
    class Gate(nn.Sequential):
        def forward(self, x):
            return super().forward(x).relu()

    plain = nn.Sequential(nn.Conv2d(3, 4, 1), Gate(nn.Conv2d(4, 4, 1)))
    with pytest.raises(InputError, match=r"'1 \(Gate\)'.*declare_paths"):
        to_equivariant(plain)
    declare_paths(("0",))(Gate)
    assert equivariance_error(to_equivariant(plain).double(), images()).max() < 1e-12

    class Other(Gate):
        def forward(self, x):
            return x.transpose(2, 3)

    with pytest.raises(InputError, match=r"'the module itself \(Other\)'"):
        to_equivariant(Other(nn.Conv2d(3, 4, 1)))


def test_sums_of_image_and_maps_and_of_unlike_widths_are_refused():
    @declare_paths((), ("0",))
    class Residual(nn.Sequential):
        def forward(self, x):
            return x + super().forward(x)

    with pytest.raises(InputError, match="acts differently"):
        to_equivariant(Residual(nn.Conv2d(3, 3, 1)))
    dense = nn.Sequential(nn.Conv2d(3, 6, 1), Residual(nn.Conv2d(6, 6, 1, groups=6)))
    assert to_equivariant(dense, "p4", channels=0.5)[1][0].groups == 3
    # 5 channels of the twin twice, where a layer of 9 * 2 = 18 has 9.
    double = Residual(nn.Conv2d(9, 18, 1, groups=9))
    joined = nn.Sequential(nn.Conv2d(3, 9, 1), Pair(double[0], nn.Conv2d(9, 18, 1)))
    with pytest.raises(InputError, match=r"10 and 9 channels.*channels='same'"):
        to_equivariant(joined, "p4", channels=0.5)


@declare_paths(("first",), ("second",))
class Pair(nn.Module):
    def __init__(self, first, second):
        super().__init__()
        self.first, self.second = first, second

    def forward(self, x):
        return self.first(x) + self.second(x)


def test_a_layer_on_image_and_on_maps_is_refused():
    shared = nn.Conv2d(3, 3, 3, padding=1)
    with pytest.raises(InputError, match=r"'2 \(Conv2d\)'.*several times"):
        to_equivariant(nn.Sequential(shared, nn.ReLU(), shared))


def test_a_layer_that_never_runs_is_refused():
    @declare_paths(("0",))
    class Auxiliary(nn.Sequential):
        def forward(self, x):
            return self[0](x)

    with pytest.raises(InputError, match=r"'1 \(Conv2d\)'.*never runs"):
        to_equivariant(Auxiliary(nn.Conv2d(3, 4, 1), nn.Conv2d(4, 4, 1)))


def test_groups_that_do_not_divide_are_refused():
    plain = nn.Sequential(nn.Conv2d(3, 6, 1), nn.Conv2d(6, 6, 3, groups=2))
    with pytest.raises(InputError, match=r"'1 \(Conv2d\)'.*2 groups.*channels='same'"):
        to_equivariant(plain, "p4")


def test_classes_from_a_convolution_are_not_scaled_by_mistake():
    plain = nn.Sequential(nn.Conv2d(3, 10, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    with pytest.raises(InputError, match="head=None"):
        to_equivariant(plain)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"group": "p3"}, "group"),
        ({"channels": "half"}, "same, sqrt"),
        ({"channels": -1}, "channels"),
        ({"head": "pooled"}, "paper, invariant"),
        ({"pool": "sum"}, "max, mean"),
        ({"exact": True}, "input_shape.*exact=True"),
        ({"input_shape": (1, 28)}, "input_shape"),
        ({"input_shape": (3, 28, 28)}, "input_shape.*channel"),
        ({"input_shape": (1, 8, 8)}, "input_shape"),
        ({"generator": "3"}, "generator"),
    ],
)
def test_bad_options(options, match):
    with pytest.raises(InputError, match=match):
        to_equivariant(stdcnn(), **options)


@pytest.mark.parametrize(
    ("module", "match"),
    [(nn.Linear(3, 2), "Conv2d"), ("resnet18", "torch.nn.Module"), (nn.Sequential(), "Conv2d")],
)
def test_bad_modules(module, match):
    with pytest.raises(InputError, match=match):
        to_equivariant(module)
