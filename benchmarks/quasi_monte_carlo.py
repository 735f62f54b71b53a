"""Errors of plain and of randomised quasi-Monte Carlo on the Gaussian integrands of the ELBO: prints their ratio.

    python benchmarks/quasi_monte_carlo.py [--seed K] [--write]

Integrands: the log ratio of two diagonal normals and its derivatives (the KL term), and the log-likelihood of one
binary pixel under a logistic decoder (the reconstruction term). Truth is the certified enclosure where there is one,
and the mean of all quasi-Monte Carlo replicates where not; the root mean square error of plain Monte Carlo follows from
its variance, that of a scrambled Sobol set from replicates.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

import numpy as np
import section

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from numerics.moments import estimate
from numerics.monte_carlo import PathwiseRows, log_ratio
from numerics.proposal import IndependentNormal
from numerics.quadrature import kl_divergence_normal, kl_divergence_normal_gradient
from numerics.quasi_monte_carlo import SobolRows

LOG2_POINTS = 16
CLAIMED_DIMENSION = 5  # in ten dimensions a decoder's gain is smaller, as the last lines show
REPLICATES = 64
LEAST = 100


def log_likelihood(value, loc, scale):
    """Log-probability of a pixel that is on, with logit 0.8 z_1 - 0.5 z_2 + ... + 0.3."""
    weights = np.resize([0.8, -0.5], value.shape[-1])
    return -np.log1p(np.exp(-(value @ weights + 0.3)))


def errors(rows, truth, seed):
    """Root mean square errors at 2**16 points: plain Monte Carlo's, and that of a scrambled Sobol set, by column."""
    plain = estimate(rows, 2**20, seed=seed)
    sobol = estimate(SobolRows(rows, LOG2_POINTS), REPLICATES, seed=seed)
    truth = sobol.mean if truth is None else truth
    squared = sobol.squares / sobol.count + (sobol.mean - truth) ** 2
    return np.sqrt(plain.variance / 2**LOG2_POINTS), np.sqrt(squared)


def survey(seed):
    """One row for each integrand and dimension, and the least ratio of those that the claim is about."""
    rows, least = [], np.inf
    for dimension in (1, 2, 5, 10):
        q = IndependentNormal(np.linspace(0.3, -0.6, dimension), np.linspace(0.4, 1.3, dimension))
        p = [0.0] * dimension, [1.0] * dimension
        in_loc, in_scale = kl_divergence_normal_gradient(q.loc, q.scale, *p)
        truth = [float(ball) for ball in (kl_divergence_normal(q.loc, q.scale, *p), *in_loc, *in_scale)]
        kl = PathwiseRows(partial(log_ratio, p_loc=p[0], p_scale=p[1]), q)
        for name, integrand, expected in (
            ("log q - log p", kl, truth),
            ("log p(x given z)", PathwiseRows(log_likelihood, q), None),
        ):
            plain, sobol = errors(integrand, expected, seed)
            groups = {"": slice(0, 1), ", d/dloc": slice(1, dimension + 1), ", d/dscale": slice(dimension + 1, None)}
            for suffix, columns in groups.items():
                worst = np.argmin(plain[columns] / sobol[columns])
                mc, qmc = plain[columns][worst], sobol[columns][worst]
                if dimension <= CLAIMED_DIMENSION:
                    least = min(least, mc / qmc)
                rows.append((dimension, name + suffix, f"{mc:.2e}", f"{qmc:.2e}", f"{mc / qmc:.0f}"))
    return rows, least


def report(rows, least):
    """The table as Markdown."""
    lines = [
        f"2^{LOG2_POINTS} points, root mean square errors over {REPLICATES} replicates; of several components the worst.",
        f"The least ratio up to dimension {CLAIMED_DIMENSION} is {least:.0f}; claimed is at least {LEAST}.",
        "",
        "| dimension | integrand | error of Monte Carlo | error of quasi-Monte Carlo | ratio |",
        "| --- | --- | --- | --- | --- |",
        *(f"| {' | '.join(map(str, row))} |" for row in rows),
    ]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="into docs/benchmark.md")
    options = parser.parse_args()
    rows, least = survey(options.seed)
    table = report(rows, least)
    print(table)
    if options.write:
        section.write("quasi-monte-carlo", f"python benchmarks/quasi_monte_carlo.py --seed {options.seed}", table)
    return 0 if least >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
