"""What the signs and names in reports mean, once: reports and the glossary show the same.

Each sign stands with its form in LaTeX, "" where it is a word, and its meaning in plain text.
"""

from __future__ import annotations

#: Of the theory.
THEORY = (
    ("S", "S", "spatial accuracy: on randomly shifted input, the mean over the shifts"),
    ("A", "A", "adversarial accuracy: right whatever an attack within the budget does"),
    (
        "e",
        r"e=\varepsilon\sqrt d",
        "budget of the attack in units free of the length d; ε is the largest change of a "
        "coordinate. At e = 2 the classes' means can be merged, at e = 4 exchanged",
    ),
    ("p", "p", "probability that the noisy label feature x₀ equals the label"),
    ("κ", r"\kappa_j", "autocorrelation of the word at a shift, from -1 to 1: how much it agrees"),
    (
        "δ",
        r"\delta",
        "relative distance: the smallest share of places in which the word and a shift of it "
        "differ; (1 - κ)/2 at the nearest shift",
    ),
    ("η", r"\eta", "error that a theorem grants: it assumes an accuracy of at least 1 - η"),
    ("d, m, n", "d, m, n", "length of the word; by how much a shift moves it; number of shifts"),
    ("f*", "f^*", "the Bayes classifier, the most accurate one on input that is not shifted"),
    (
        "simplex:6",
        "",
        "a word by family and size: simplex:K (maximal-length, d = 2^K - 1), legendre:N, qr:N "
        "(quadratic residues), dual-bch:K, random:D:SEED, low:D:M (far from its shifts by "
        "multiples of M); or its signs, as ++-",
    ),
)

#: Of the experiments with networks.
NETWORKS = (
    ("S", "S", "spatial accuracy: on randomly rotated or translated test images"),
    (
        "A",
        "A",
        "adversarial accuracy: what the attacks that were tried leave, an upper bound on what is "
        "right under every attack",
    ),
    ("R, T, RT", "", "test images rotated, translated, both; the number is the largest range"),
    (
        "Aug-R, Aug-T, Aug-RT",
        "",
        "training images rotated by up to so many degrees, translated by up to that share of the "
        "side, both (180 i degrees and i)",
    ),
    ("invariance", "", "share of images whose predicted class a random transformation leaves"),
    ("1 - fooling", "", "share of images whose predicted class the attack leaves"),
    ("PGD 0.3", "", "attack with budget 0.3: the largest change of a pixel, of [0, 1]"),
    ("Adv-PGD, Adv-TRADES", "", "adversarial training with that budget"),
    ("CuSP", "", "rotations and budgets in training grow together, stage by stage"),
    ("StdCNN, GCNN", "", "a plain network, and its twin that is equivariant to quarter turns"),
    ("→", "", "trained so first, then so, from the weights reached"),
)
