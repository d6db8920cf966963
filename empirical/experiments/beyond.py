"""Questions that the paper leaves open."""

from __future__ import annotations

from .ablation import ablation
from .bench import Bench
from .benches import bench
from .exact import exact_networks
from .families import product_front
from .metrics import invariance_and_accuracy
from .plan import Plan, artefact, join
from .protocols import protocols
from .stronger import stronger_attacks

Seeds = tuple[int, ...]


def _cusp(scale: str, seeds: Seeds) -> Bench:
    return bench("cifar10", "vgg16", "cusp", scale, seeds)


def _pair(data: str, network: str, recipe: str, scale: str, seeds: Seeds) -> tuple[Bench, Bench]:
    plain, twin = (bench(data, network, recipe, scale, seeds, twin=twin) for twin in (False, True))
    return plain, twin


@artefact(
    "protocols",
    "MNIST: the same networks under the published rules of attack and under corrected ones",
    "beyond the paper; Figures 8(b), 8(d) and 16",
    "How much of the fall of robustness is due to the attack's clip to [-1, 1] after "
    "normalisation, which changes most images by more than any budget?",
    beyond=True,
)
def _protocols(scale: str, seeds: Seeds) -> Plan:
    return protocols(_pair("mnist", "stdcnn", "spatial-grey", scale, seeds), scale)


@artefact(
    "protocols-cifar10",
    "CIFAR10: the same networks under the published rules of attack and under corrected ones",
    "beyond the paper; Figure 1(b, d)",
    "How much of the steep drops of Figure 1(b) is due to the attack's clip to [-1, 1] after "
    "normalisation?",
    beyond=True,
)
def _protocols_cifar10(scale: str, seeds: Seeds) -> Plan:
    return protocols(_pair("cifar10", "vgg16", "spatial", scale, seeds), scale)


@artefact(
    "invariance-vs-accuracy",
    "Adversarial training: rate of invariance beside accuracy under rotation",
    "beyond the paper; Figures 2(b), 3(b) and 7",
    "Does the accuracy under rotation fall with the training budget as the rate of invariance "
    "does? An earlier version of the paper reports that it hardly changes.",
    beyond=True,
)
def _invariance_and_accuracy(scale: str, seeds: Seeds) -> Plan:
    grey = bench("mnist", "madry_lenet", "madry-grey", scale, seeds).but(label="MNIST LeNet")
    colour = _cusp(scale, seeds).but(label="CIFAR10 VGG16")
    return join(
        {
            "MNIST": invariance_and_accuracy(grey, scale),
            "CIFAR10": invariance_and_accuracy(colour, scale),
        }
    )


@artefact(
    "stronger-attack",
    "CIFAR10: CuSP and its baselines under attacks stronger than PGD-10",
    "beyond the paper; Table 1",
    "PGD-10 is weak. Does the order of the trainings stay under Auto-PGD and AutoAttack, and "
    "does CuSP come near pure PGD on the adversarial axis?",
    beyond=True,
)
def _stronger(scale: str, seeds: Seeds) -> Plan:
    return stronger_attacks(_cusp(scale, seeds), scale)


@artefact(
    "cusp-ablation",
    "CIFAR10: which part of CuSP's curriculum matters",
    "beyond the paper; Table 1",
    "Growing rotations alone, growing budgets alone, both, neither, both in reverse, and both in "
    "small steps: what does each reach?",
    beyond=True,
)
def _ablation(scale: str, seeds: Seeds) -> Plan:
    return ablation(_cusp(scale, seeds))


@artefact(
    "pareto-front",
    "CIFAR10: CuSP against adversarial training with other rotations and budgets",
    "beyond the paper; Figure 6",
    "Does CuSP reach beyond what plain adversarial training reaches when its rotation and its "
    "budget are varied?",
    beyond=True,
)
def _front(scale: str, seeds: Seeds) -> Plan:
    return product_front(_cusp(scale, seeds), scale)


@artefact(
    "exact-invariance",
    "MNIST: networks that are exactly invariant to quarter turns",
    "beyond the paper; Figure 8",
    "Flattened heads of GCNNs are not invariant. Is a network with a pooled head, exactly "
    "invariant to quarter turns without any augmentation, less robust to attacks?",
    beyond=True,
)
def _exact(scale: str, seeds: Seeds) -> Plan:
    return exact_networks(*_pair("mnist", "stdcnn", "spatial-grey", scale, seeds))


@artefact(
    "exact-invariance-cifar10",
    "CIFAR10: networks that are exactly invariant to quarter turns",
    "beyond the paper; Figure 9",
    "The strided layers of a P4 ResNet18 break its equivariance on 32 x 32 images. What changes "
    "if they are made exact?",
    beyond=True,
)
def _exact_cifar10(scale: str, seeds: Seeds) -> Plan:
    return exact_networks(*_pair("cifar10", "resnet18", "spatial", scale, seeds), strided=True)
