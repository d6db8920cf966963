"""Times of the theory half. Pairs are measured in one run and their ratio is kept.

Run with `make bench`; nothing here asserts a time.
"""

import subprocess
import sys
import time

import numpy as np
import pytest

from spadv.theory import CodeGaussian, ShiftBayes, bayes, check, measure, simplex_word
from spadv.theory.claims import reference_classifiers
from spadv.theory.orbit import periodic_autocorrelation

WORD = simplex_word(10)  # d = 1023
SIZE = 20_480


def best_of(call, repeats=5):
    """Return the shortest of several times: the least disturbed by others on the machine."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def consume(stream):
    for _ in stream:
        pass


def test_autocorrelation_of_a_million_places(benchmark):
    values = benchmark(periodic_autocorrelation, simplex_word(20))
    assert (values[1:] == -1).all()


def test_streaming_against_raw_normals(benchmark):
    dist, rng = CodeGaussian(WORD, 0.7), np.random.default_rng(0)
    buffer = np.empty((64, dist.d + 1))

    def raw():
        for _ in range(SIZE // len(buffer)):
            rng.standard_normal(out=buffer)

    def stream():
        consume(dist.stream(SIZE, rng))

    benchmark.pedantic(stream, rounds=5, warmup_rounds=1)
    ours, numpys = best_of(stream), best_of(raw)
    benchmark.extra_info["times_of_raw_normals"] = round(ours / numpys, 3)
    benchmark.extra_info["normals_a_second"] = round(SIZE * (dist.d + 1) / ours)


def test_reduced_sampler_against_streaming(benchmark):
    # d = 1023, m = 31: n = 33 correlations in place of 1024 coordinates.
    dist, rng = CodeGaussian(WORD, 0.7, 31), np.random.default_rng(0)

    def reduced():
        dist.sample_correlations(SIZE, rng)

    def whole():
        for x, _ in dist.stream(SIZE, rng):
            dist.correlations(x)

    benchmark.pedantic(reduced, rounds=10, warmup_rounds=1)
    short, long = best_of(reduced), best_of(whole)
    drawn = best_of(lambda: consume(dist.stream(SIZE, rng)))
    benchmark.extra_info["n_shifts"] = dist.n_shifts
    benchmark.extra_info["streaming_over_reduced"] = round(drawn / short, 1)
    benchmark.extra_info["streaming_and_correlating_over_reduced"] = round(long / short, 1)


def test_measuring_a_classifier_under_attack(benchmark):
    dist = CodeGaussian(simplex_word(6), 0.7)
    rule = bayes(dist)
    benchmark.pedantic(
        lambda: measure(rule, dist, samples=SIZE, rng=np.random.default_rng(0), budget=4.0),
        rounds=3,
    )


def test_spatial_accuracy_of_shift_bayes(benchmark):
    rule = ShiftBayes(CodeGaussian(simplex_word(6), 0.7))
    benchmark.pedantic(
        lambda: rule.spatial_accuracy(samples=200_000, rng=np.random.default_rng(0)), rounds=3
    )


@pytest.mark.parametrize("module", ["numpy", "scipy.special", "spadv.theory"])
def test_import_time(benchmark, module):
    benchmark.pedantic(
        lambda: subprocess.run([sys.executable, "-c", f"import {module}"], check=True),
        rounds=5,
        warmup_rounds=1,
    )


@pytest.mark.parametrize("samples", [0, 20_000])
def test_checking_a_theorem(benchmark, samples):
    def fresh():
        reference_classifiers._at.cache_clear()

    result = benchmark.pedantic(
        lambda: check("thm2a", codeword="simplex:6", p=0.6, samples=samples), setup=fresh, rounds=5
    )
    assert result.verdict == "holds-with-equality"
