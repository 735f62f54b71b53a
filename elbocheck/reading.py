"""How an argument may be misread: what a function must be given so that it, so misreading, means the right thing."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from elbocheck.call import Value

Reading = Callable[[Value], Value]


def _each(function: Callable[[float], float]) -> Reading:
    """Elementwise on nested tuples."""

    def reading(value: Value) -> Value:
        return tuple(map(reading, value)) if isinstance(value, tuple) else function(value)

    return reading


def _last_axis(function: Callable[[Any], Any]) -> Reading:
    return lambda value: _tuples(function(np.array(value)).tolist())


def _tuples(value: Value) -> Value:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _softmax(logits: Any) -> Any:
    weights = np.exp(logits)
    return weights / weights.sum(axis=-1, keepdims=True)


_SCALE = {
    "a variance": _each(lambda x: x * x),
    "a log-variance": _each(lambda x: 2 * math.log(x)),
    "a log-scale": _each(math.log),
    "a precision (1/scale^2)": _each(lambda x: 1 / (x * x)),
    "a rate (1/scale)": _each(lambda x: 1 / x),
    "the root of the scale: its square is taken for the scale": _each(math.sqrt),
}
READINGS: dict[str, dict[str, Reading]] = {
    "scale": _SCALE,
    "variance": {
        "a scale": _each(math.sqrt),
        "a log-variance": _each(math.log),
        "a precision (1/variance)": _each(lambda x: 1 / x),
    },
    "log_variance": {
        "a log-scale": _each(lambda x: x / 2),
        "a variance": _each(math.exp),
        "a scale": _each(lambda x: math.exp(x / 2)),
        "twice the log-variance: exp(x / 2) is taken for the variance": _each(lambda x: 2 * x),
    },
    "rate": {"a scale (1/rate)": _each(lambda x: 1 / x), "a log-rate": _each(math.log)},
    "probability": {
        "a logit": _each(lambda x: math.log(x / (1 - x))),
        "the probability of the other outcome": _each(lambda x: 1 - x),
    },
    "logit": {"a probability": _each(lambda x: 1 / (1 + math.exp(-x)))},
    "vector probability": {"logits": _each(math.log)},
    "vector logit": {"probabilities": _last_axis(_softmax)},
    "factor": {
        "a covariance": _last_axis(lambda lower: lower @ np.swapaxes(lower, -1, -2)),
        "an upper factor (its transpose)": _last_axis(lambda lower: np.swapaxes(lower, -1, -2)),
        "a precision matrix": _last_axis(lambda lower: np.linalg.inv(lower @ np.swapaxes(lower, -1, -2))),
    },
    "covariance": {
        "a lower factor": _last_axis(np.linalg.cholesky),
        "a precision matrix": _last_axis(np.linalg.inv),
    },
}
"""By role of the parameter: the misreading in words, and the argument that a function with it needs."""
