import pytest
import torch
from torch import nn


@pytest.fixture(autouse=True)
def one_thread():
    """Small tensors: threads only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def make_generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def generator():
    return make_generator()


def std_layers():
    """The layers of the paper's MNIST network, for 28x28 images."""
    return [
        nn.Conv2d(1, 10, 3), nn.ReLU(), nn.Conv2d(10, 10, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(10, 20, 3), nn.ReLU(), nn.Conv2d(20, 20, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(320, 50), nn.ReLU(), nn.Dropout(0.5), nn.Linear(50, 10),
    ]  # fmt: skip


def seeded(make, seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return make()


@pytest.fixture
def std():
    return seeded(lambda: nn.Sequential(*std_layers())).eval()


def small_layers(classes=5):
    """Batch-norm, dropout and pooling on 8x8 images with two channels."""
    return [
        nn.Conv2d(2, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 8, 3), nn.ReLU(), nn.Flatten(), nn.Dropout(0.3), nn.Linear(32, classes),
    ]  # fmt: skip


@pytest.fixture
def small():
    net = seeded(lambda: nn.Sequential(*small_layers()))
    with torch.no_grad():  # running statistics that are not the initial ones
        seeded(lambda: net(torch.rand(64, 2, 8, 8)), 1)
    return net.eval()


@pytest.fixture
def batch():
    generator = make_generator(5)
    return (
        torch.rand(16, 2, 8, 8, generator=generator),
        torch.randint(0, 5, (16,), generator=generator),
    )


CLASSES = 5


def patterns(count, seed):
    """Images of five noisy patterns: a task on which a small network is partly robust."""
    generator = make_generator(seed)
    bases = 0.5 + 0.25 * torch.randn(CLASSES, 2, 8, 8, generator=make_generator(99)).sign()
    y = torch.randint(0, CLASSES, (count,), generator=generator)
    noise = 0.25 * torch.randn(count, 2, 8, 8, generator=generator)
    return (bases[y] + noise).clamp_(0, 1), y


@pytest.fixture(scope="session")
def trained_state():
    net = seeded(lambda: nn.Sequential(*small_layers(CLASSES)))
    x, y = patterns(1024, 7)
    optimiser = torch.optim.Adam(net.parameters(), 1e-2)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for _ in range(3):
            for part in torch.randperm(1024).split(64):
                optimiser.zero_grad()
                nn.functional.cross_entropy(net(x[part]), y[part]).backward()
                optimiser.step()
    return net.state_dict()


@pytest.fixture
def trained(trained_state):
    net = nn.Sequential(*small_layers(CLASSES))
    net.load_state_dict(trained_state)
    return net.eval()


@pytest.fixture
def test_set():
    return patterns(200, 8)


def linear_model(generator, classes=4, dtype=torch.float64):
    """A linear network on 1x3x3 images, its weights far from zero."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(9, classes, dtype=dtype))
    weight = torch.rand(classes, 9, generator=generator, dtype=dtype) + 0.5
    signs = torch.randint(0, 2, (classes, 9), generator=generator) * 2 - 1
    net[1].weight.data = weight * signs
    net[1].bias.data = torch.randn(classes, generator=generator, dtype=dtype)
    return net


@pytest.fixture
def linear():
    return linear_model
