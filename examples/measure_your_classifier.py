"""Measure a classifier of your own: here scikit-learn's, or a rule written by hand.

Needs scikit-learn for the first part: pip install scikit-learn
"""

import numpy as np

from spadv.theory import CodeGaussian, laws, measure, simplex_word

dist = CodeGaussian(simplex_word(5), p=0.8, shift=1)  # length 31, 31 shifts
rng = np.random.default_rng(0)


def report(name, classifier):
    """Print measured accuracies, and what Theorem 2 allows beside them."""
    found = measure(classifier, dist, samples=20_000, rng=rng, budget=4.0)
    ceiling = laws.theorem2_spatial(found.adversarial_upper.value, dist.p)
    print(name)
    print("  natural              ", found.natural)
    print("  spatial              ", found.spatial)
    print("  adversarial, at most ", found.adversarial_upper)
    print(f"  Theorem 2(a) allows a spatial accuracy up to {ceiling:.4f}")


# A rule by hand: believe x0 unless the evidence of the other coordinates is strong.
evidence = dist.mean
report("by hand", lambda x: np.where(x[:, 0] + 0.5 * x[:, 1:] @ evidence > 0, 1, -1))

try:
    from sklearn.linear_model import LogisticRegression
except ImportError:
    print("scikit-learn is not installed: skipping logistic regression")
else:
    x, y = dist.sample(5_000, rng)
    report("logistic regression", LogisticRegression().fit(x, y))
    shifted = dist.sample_shifted(5_000, rng)
    model = LogisticRegression().fit(shifted.x, shifted.y)
    report("logistic regression on randomly shifted samples", model)
