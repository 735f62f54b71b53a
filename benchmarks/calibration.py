"""Error rates of the statistical assertions, counted over 20,000 repetitions: prints each count against its claim.

    python benchmarks/calibration.py [--seed K] [--write]

Every test declares 1 % false alarms and 1 % misses. Correct rows must fail at most 1.2 % of the time, rows with a bias
of the declared size must pass at most 1.2 % of the time. Sequential tests face an adversary who looks after every
draw and keeps the worst moment: a false alarm is a rejection at any time, a miss an acceptance at any time. The normal
approximation is shown for comparison; it claims nothing at a finite number of draws.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import section

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from numerics.calibrated import MeanTest
from numerics.density import Gamma
from numerics.law import NormalApproximation, VarianceBound
from numerics.quadratic_form import QuadraticForm
from numerics.quadrature import kl_divergence, variance_log_ratio
from numerics.sequential import SequentialTest

REPETITIONS = 20_000
BATCH = 1_000
RATE, CLAIM = 0.01, 0.012

Q, P = Gamma(0.6, 1.3), Gamma(2.5, 0.7)


def quadratic(form):
    """Rows of a quadratic form about 0."""

    def draw(rng, shape):
        noise = rng.standard_normal((*shape, len(form.square)))
        return (noise**2 - 1) @ np.array(form.square) + noise @ np.array(form.linear)

    return draw


def gamma_log_ratio(rng, shape):
    """Centred rows of the estimator of KL(Q || P): constants drop out with the certified divergence."""
    z = rng.gamma(Q.concentration, 1 / Q.rate, shape)
    log_q, log_p = ((d.concentration - 1) * np.log(z) - d.rate * z for d in (Q, P))
    with_constants = log_q - log_p + float(log_constant(Q) - log_constant(P))
    return with_constants - float(kl_divergence(Q, P))


def log_constant(d):
    from scipy.special import gammaln

    return d.concentration * np.log(d.rate) - gammaln(d.concentration)


def student(rng, shape):
    """Heavy tails: a Student variable of three degrees of freedom has variance 3 and no third moment."""
    return rng.standard_t(3, shape)


FORM = QuadraticForm((0.7,), (-0.4,))
PAIR = QuadraticForm((-0.45, 0.2), (1.3, 0.1))
GAMMA_VARIANCE = VarianceBound(float(variance_log_ratio(Q, P).upper()))
CASES = [
    *(
        (f"mean of {n}, quadratic form", MeanTest(f, n, RATE, RATE), quadratic(f))
        for f in (FORM, PAIR)
        for n in (2, 30, 300)
    ),
    ("mean of 100, certified variance, gamma", MeanTest(GAMMA_VARIANCE, 100, RATE, RATE), gamma_log_ratio),
    ("sequential, quadratic form", SequentialTest(FORM, 0.5, RATE, RATE), quadratic(FORM)),
    ("sequential, quadratic form (pair)", SequentialTest(PAIR, 0.5, RATE, RATE), quadratic(PAIR)),
    ("sequential, certified variance, gamma", SequentialTest(GAMMA_VARIANCE, 1.0, RATE, RATE), gamma_log_ratio),
    ("sequential, known variance, Student 3", SequentialTest(VarianceBound(3.0), 1.0, RATE, RATE), student),
    ("mean of 2, normal approximation", MeanTest(NormalApproximation(FORM.variance), 2, RATE, RATE), quadratic(FORM)),
]


def count(test, draw, seed):
    """False alarms, misses at a bias of either sign, and the mean number of draws at the first decision."""
    rng = np.random.default_rng(seed)
    alarms, misses, draws = 0, {-1: 0, 1: 0}, 0
    size = test.resolution if isinstance(test, MeanTest) else test.discrepancy
    for _ in range(REPETITIONS // BATCH):
        rows = draw(rng, (BATCH, test.num_samples))
        if isinstance(test, MeanTest):
            lower, upper = test.interval(0.0)
            means = rows.mean(axis=1)
            alarms += np.sum((means < lower) | (means > upper))
            draws += means.size * test.num_samples
        else:
            decisions = test.decide(rows, 0.0)
            alarms += np.sum((decisions == -1).any(axis=1))
            draws += np.sum(np.argmax(decisions != 0, axis=1) + 1)
        for sign in misses:
            if isinstance(test, MeanTest):
                misses[sign] += np.sum((means + sign * size >= lower) & (means + sign * size <= upper))
            else:
                misses[sign] += np.sum((test.decide(rows + sign * size, 0.0) == 1).any(axis=1))
    return alarms, max(misses.values()), draws / REPETITIONS, size


def survey(seed):
    """The table as Markdown, and whether every guarantee held that is not an asymptotic one."""
    lines = [
        f"{REPETITIONS:,} repetitions, {RATE:.0%} declared for each, so at most {CLAIM * REPETITIONS:.0f} are allowed.",
        "",
        "| test | guarantee | detects | most draws | mean draws | false alarms | misses | |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    sound = True
    for name, test, draw in CASES:
        alarms, misses, used, size = count(test, draw, seed)
        guarantee = test.law.guarantee
        holds = max(alarms, misses) <= CLAIM * REPETITIONS
        sound &= holds or guarantee == "asymptotic"
        cells = (name, guarantee, f"{size:.3f}", test.num_samples, f"{used:.1f}", alarms, misses)
        lines.append(f"| {' | '.join(map(str, cells))} | {'holds' if holds else 'does not hold'} |")
    return "\n".join(lines), sound


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="into docs/benchmark.md")
    options = parser.parse_args()
    table, sound = survey(options.seed)
    print(table)
    if options.write:
        section.write("calibration", f"python benchmarks/calibration.py --seed {options.seed}", table)
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
