"""Figures 1 to 22 and Tables 1 to 8: which benches, which family, what the paper says."""

from __future__ import annotations

from .augmented import figure_of
from .benches import bench
from .plan import REGISTRY, Artefact, Plan, join
from .protocols import protocols
from .sweep import sweep

_TRADE_OFF = (
    "Training with larger random rotations or translations makes networks more invariant to "
    "them, and less robust to l-infinity attacks; this holds for StdCNNs and GCNNs alike."
)


def _fig8(scale: str, seeds: tuple[int, ...]) -> Plan:
    plain = bench("mnist", "stdcnn", "spatial-grey", scale, seeds)
    twin = bench("mnist", "stdcnn", "spatial-grey", scale, seeds, twin=True)
    return figure_of(plain, twin, scale)


REGISTRY.add(
    Artefact(
        id="fig8",
        title="MNIST: networks trained on random rotations and translations",
        locator="Figure 8",
        statement=_TRADE_OFF,
        make=_fig8,
    )
)


def _sweep_mnist(scale: str, seeds: tuple[int, ...]) -> Plan:
    parts = {}
    for twin in (False, True):
        made = bench("mnist", "stdcnn", "spatial-grey", scale, seeds, twin=twin)
        parts[made.label] = sweep(made, scale, budget=0.3, data="MNIST")
    return join(parts)


REGISTRY.add(
    Artefact(
        id="fig16a-d",
        title="MNIST: accuracy and distance to the boundary against training rotation",
        locator="Figure 16(a-d)",
        statement="As training rotations grow to 180 degrees, the accuracy under PGD falls "
        "(from about 65% to about 20% at 0.3), and the mean DeepFool distance too (from about "
        "5 to below 4).",
        make=_sweep_mnist,
    )
)


def _protocols(scale: str, seeds: tuple[int, ...]) -> Plan:
    benches = tuple(
        bench("mnist", "stdcnn", "spatial-grey", scale, seeds, twin=twin) for twin in (False, True)
    )
    return protocols(benches, scale)


REGISTRY.add(
    Artefact(
        id="protocols",
        title="The same networks under the published rules of attack and under corrected ones",
        locator="beyond the paper; Figures 8(b), 8(d) and 16",
        statement="How much of the fall of robustness is due to the attack's clip to [-1, 1] "
        "after normalisation, which changes most images by more than any budget?",
        make=_protocols,
        beyond=True,
    )
)
