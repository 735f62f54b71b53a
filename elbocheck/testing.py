"""Assertions for a test suite: a divergence, an entropy, a mean, an unbiased gradient, the loss of a VAE.

All statistical assertions of a session share one false-alarm budget (:mod:`elbocheck.ledger`), 1e-6 unless the pytest
plugin's ``elbocheck_budget`` says otherwise. A failure is an ``AssertionError`` that says what is wrong and where.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from elbocheck.auditing import assert_elbo
from elbocheck.call import Value, caller, has_torch
from elbocheck.claim import Claim, Site
from elbocheck.direction import partial_derivatives
from elbocheck.family import Family, family
from elbocheck.formula import judge
from elbocheck.judgement import Judgement
from elbocheck.ledger import SESSION
from elbocheck.verdict import Verdict
from numerics.calibrated import MeanTest, Outcome, num_samples_needed
from numerics.law import Law, NormalApproximation

_ROUNDINGS = 64  # units of roundoff by which a mean and its expected value may differ where draws have no variance

__all__ = ["assert_elbo", "assert_entropy", "assert_kl", "assert_mean", "assert_unbiased_gradient"]


def assert_kl(function: Callable[..., Any], q: str, p: str, *, seed: int = 0) -> Judgement:
    """Assert that a function is the divergence of q from p, in nats, with the right gradients if it takes tensors.

    Parameters
    ----------
    function : callable
        Takes q's parameters and then p's, in the order of ``elbocheck formula --families``.
    q, p : str
        Names of families.
    seed : int
        Of the points.

    Returns
    -------
    Judgement
        What it rests on, and the function's numerical failures.

    Raises
    ------
    AssertionError
        If it is refuted, or undecided: undecided is not a pass.
    FamilyError, UnusableFunction
        If there is no such family, or the function gives no number.

    Examples
    --------
    >>> import math
    >>> assert_kl(lambda q, p: math.log(q / p) + p / q - 1, "exponential", "exponential").verdict.value
    'confirmed'
    >>> assert_kl(lambda q, p: math.log(p / q) + q / p - 1, "exponential", "exponential")
    Traceback (most recent call last):
        ...
    AssertionError: refuted: KL(exponential || exponential): q and p are swapped: it is KL(p || q); or ...
    """
    return _asserted(function, Claim(family(q), family(p)), seed)


def assert_entropy(function: Callable[..., Any], q: str, *, seed: int = 0) -> Judgement:
    """Assert that a function is the entropy of q, in nats; otherwise as :func:`assert_kl`.

    Raises
    ------
    AssertionError, FamilyError, UnusableFunction
        As for :func:`assert_kl`.

    Examples
    --------
    >>> import math
    >>> assert_entropy(lambda rate: 1 - math.log(rate), "exponential").verdict.value
    'confirmed'
    """
    return _asserted(function, Claim(family(q)), seed)


def _asserted(function: Callable[..., Any], claim: Claim, seed: int) -> Judgement:
    judgement = judge(caller(function), claim, seed=seed, has_torch=has_torch())
    name = f"{getattr(function, '__name__', 'a function')} is {claim}"
    worst = max(judgement.witnesses, key=lambda w: w.worst / w.allowed if w.allowed else w.worst)
    SESSION.record(name, f"off by <= {worst.worst:.1e}, {worst.allowed:.1e} allowed", judgement.verdict)
    if judgement.verdict is not Verdict.confirmed:
        said = "; or ".join(judgement.diagnosis)
        raise AssertionError(f"{judgement.verdict}: {claim}: {said}; {judgement.counterexample}")
    return judgement


def assert_mean(
    rows: ArrayLike,
    expected: ArrayLike,
    *,
    detects: float,
    law: Law | None = None,
    false_alarm: float | None = None,
    miss: float = 0.01,
    name: str = "mean",
) -> list[Outcome]:
    """Assert that independent draws have an expected mean.

    Parameters
    ----------
    rows : array, shape (N, ...)
        Independent draws.
    expected : array, shape (...)
        The asserted mean.
    detects : float
        The smallest discrepancy that must be detected, with probability ``1 - miss``.
    law : Law, optional
        What is known of a row about its mean, such as a :class:`~numerics.quadratic_form.QuadraticForm` or a
        :class:`~numerics.law.VarianceBound`: the error rates then hold for this N. Without it the variance is estimated
        and the mean taken as normal, which holds for many draws only.
    false_alarm : float, optional
        Probability that the assertion fails though the mean is right; drawn from the session's budget, of which it is
        a thousandth unless named. Shared by the components.
    miss : float
    name : str
        For the table.

    Returns
    -------
    list of Outcome
        One for each component, in C order.

    Raises
    ------
    AssertionError
        If the mean of a component is outside its interval.
    ValueError
        If the draws are too few to detect the discrepancy (it says how many are needed) or this is not positive, shapes
        do not fit, a draw is not a finite real number, or the session's budget is spent.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> assert_mean(rng.normal(0.7, 1.0, 20_000), 0.7, detects=0.1)[0].guarantee
    'asymptotic'
    >>> assert_mean(rng.normal(0.7, 1.0, 20_000), 0.9, detects=0.1, name="z")
    Traceback (most recent call last):
        ...
    AssertionError: z: the mean of 20000 draws is ..., outside [..., ...] around 0.9
    """
    (draws, right), unit = _columns(rows, expected), _roundoff(rows)
    if not detects > 0:
        raise ValueError(f"detects must be positive, not {detects}")
    rate = SESSION.draw(false_alarm) / len(right)
    outcomes = []
    for i, column in enumerate(draws.T):
        known = law or NormalApproximation(float(column.var(ddof=1)), len(column) - 1)
        size = max(1.0, abs(right[i]), float(np.abs(column).mean()))
        test = MeanTest(known, len(column), rate, miss, _ROUNDINGS * unit * size)
        if test.resolution > detects:
            needed = num_samples_needed(known, detects, rate, miss)
            raise ValueError(f"{name}: {len(column)} draws detect {test.resolution:.2g}, {detects:g} needs {needed}")
        outcomes.append(test.verdict(float(column.mean()), float(right[i])))
    _settle(name, draws, right, outcomes)
    return outcomes


def assert_unbiased_gradient(
    estimates: ArrayLike,
    q: tuple[str, tuple[Any, ...]],
    p: tuple[str, tuple[Any, ...]],
    *,
    detects: float,
    law: Law | None = None,
    false_alarm: float | None = None,
    miss: float = 0.01,
) -> list[Outcome]:
    """Assert that estimates of the gradient of a divergence in q's parameters have the right mean.

    Parameters
    ----------
    estimates : array, shape (N, P)
        Independent estimates of the derivatives of KL(q || p) in q's parameters, in their order, vectors and matrices in
        C order.
    q, p : tuple
        Name and parameters, such as ``("normal", (0.7, 0.4))``.
    detects, law, false_alarm, miss
        As for :func:`assert_mean`.

    Returns
    -------
    list of Outcome

    Raises
    ------
    AssertionError, ValueError
        As for :func:`assert_mean`.
    FamilyError
        If a family is not known.

    Notes
    -----
    The right derivatives are differences of certified enclosures (:func:`elbocheck.direction.derivative`). An estimator
    of the ELBO's gradient is one of the negative divergence's where the likelihood is constant.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(size=100_000)
    >>> slopes = np.stack([0.7 + 0.4 * noise, (0.7 + 0.4 * noise) * noise - 1 / 0.4], axis=1)  # pathwise
    >>> q, p = ("normal", (0.7, 0.4)), ("standard_normal", ())
    >>> len(assert_unbiased_gradient(slopes, q, p, detects=0.05))
    2
    """
    claim = Claim(family(q[0]), family(p[0]))
    expected = partial_derivatives(claim, Site(_parameters(claim.q, q[1]), _parameters(family(p[0]), p[1])))
    name = f"gradient of {claim}"
    return assert_mean(estimates, expected, detects=detects, law=law, false_alarm=false_alarm, miss=miss, name=name)


def _parameters(of: Family, values: tuple[Any, ...]) -> tuple[Value, ...]:
    """Numbers, arrays or tensors as a point of a claim."""
    names = [p.name for p in of.parameters]
    if len(values) != len(names):
        raise ValueError(f"{of.name} takes {len(names)} parameters ({', '.join(names)}), not {len(values)}")
    return tuple(value if isinstance(value, int) else _nested(_numbers(value).tolist()) for value in values)


def _nested(value: Value) -> Value:
    return tuple(map(_nested, value)) if isinstance(value, list) else value


def _numbers(values: Any) -> NDArray[np.float64]:
    array = np.asarray(values.detach() if hasattr(values, "detach") else values)
    if array.dtype.kind not in "fiub":
        raise ValueError(f"real numbers are needed, not an array of {array.dtype}")
    return array.astype(np.float64)


def _roundoff(rows: ArrayLike) -> float:
    """Of the draws' dtype."""
    dtype = np.asarray(rows.detach() if hasattr(rows, "detach") else rows).dtype
    return float(np.finfo(dtype if dtype.kind == "f" else np.float64).eps)


def _columns(rows: ArrayLike, expected: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    draws, right = _numbers(rows), _numbers(expected)
    if draws.ndim == 0 or draws.shape[1:] != right.shape or len(draws) < 2 or right.size == 0:
        raise ValueError(
            f"draws of shape (N, ...) with N >= 2 and a mean of shape (...), not {draws.shape}, {right.shape}"
        )
    if not (np.all(np.isfinite(draws)) and np.all(np.isfinite(right))):
        raise ValueError("a draw or the expected mean is not finite")
    return draws.reshape(len(draws), -1), right.reshape(-1)


def _settle(name: str, draws: NDArray[np.float64], right: NDArray[np.float64], outcomes: list[Outcome]) -> None:
    worst = max(outcomes, key=lambda o: abs(o.mean - (o.lower + o.upper) / 2))
    off = abs(worst.mean - (worst.lower + worst.upper) / 2)
    passed = all(o.passed for o in outcomes)
    figure = f"off by <= {off:.1e}, detects {max(o.resolution for o in outcomes):.1e} ({worst.guarantee})"
    SESSION.record(name, figure, "confirmed" if passed else "refuted")
    for i, outcome in enumerate(outcomes):
        if not outcome.passed:
            component = f" of component {i}" if len(outcomes) > 1 else ""
            raise AssertionError(
                f"{name}: the mean{component} of {len(draws)} draws is {outcome.mean:.6g}, outside "
                f"[{outcome.lower:.6g}, {outcome.upper:.6g}] around {right[i]:.6g}"
            )
