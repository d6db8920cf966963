"""Questions that the paper leaves open."""

from __future__ import annotations

from .benches import bench
from .plan import Plan, artefact
from .protocols import protocols

Seeds = tuple[int, ...]


@artefact(
    "protocols",
    "MNIST: the same networks under the published rules of attack and under corrected ones",
    "beyond the paper; Figures 8(b), 8(d) and 16",
    "How much of the fall of robustness is due to the attack's clip to [-1, 1] after "
    "normalisation, which changes most images by more than any budget?",
    beyond=True,
)
def _protocols(scale: str, seeds: Seeds) -> Plan:
    benches = tuple(
        bench("mnist", "stdcnn", "spatial-grey", scale, seeds, twin=twin) for twin in (False, True)
    )
    return protocols(benches, scale)
