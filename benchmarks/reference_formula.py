"""Divergences and entropies as expressions in their parameters: what the mutants and the right formulas are made from.

Each is one expression in q's parameters a, b and p's parameters c, d, over `log`, `exp`, `sqrt`, `lgamma`, `digamma`, `erf`,
`abs` and `pi`.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import scipy.special
import torch

KL: dict[tuple[str, str], str] = {
    ("normal", "normal"): "log(d / b) + (b**2 + (a - c)**2) / (2 * d**2) - 1/2",
    ("normal_variance", "normal_variance"): "(log(d / b) + (b + (a - c)**2) / d - 1) / 2",
    ("normal_log_variance", "normal_log_variance"): "(d - b + exp(b - d) + (a - c)**2 * exp(-d) - 1) / 2",
    ("normal_log_variance", "standard_normal"): "-(1 + b - a**2 - exp(b)) / 2",
    ("normal", "standard_normal"): "(a**2 + b**2 - 1 - log(b**2)) / 2",
    ("bernoulli", "bernoulli"): "a * log(a / b) + (1 - a) * log((1 - a) / (1 - b))",
    ("bernoulli_logits", "bernoulli_logits"): "(a - b) / (1 + exp(-a)) - log(1 + exp(a)) + log(1 + exp(b))",
    ("binomial", "binomial"): "a * (b * log(b / d) + (1 - b) * log((1 - b) / (1 - d)))",
    ("poisson", "poisson"): "a * log(a / b) - a + b",
    ("geometric", "geometric"): "log(a / b) + (1 - a) / a * log((1 - a) / (1 - b))",
    ("exponential", "exponential"): "log(a / b) + b / a - 1",
    ("gamma", "gamma"): "(a - c) * digamma(a) - lgamma(a) + lgamma(c) + c * log(b / d) + a * (d - b) / b",
    ("gamma_scale", "gamma_scale"): "(a - c) * digamma(a) - lgamma(a) + lgamma(c) + c * log(d / b) + a * (b - d) / d",
    (
        "inverse_gamma",
        "inverse_gamma",
    ): "(a - c) * digamma(a) - lgamma(a) + lgamma(c) + c * log(b / d) + a * (d - b) / b",
    ("chi_square", "chi_square"): "(a - b) / 2 * digamma(a / 2) - lgamma(a / 2) + lgamma(b / 2)",
    ("beta", "beta"): "lgamma(a + b) - lgamma(a) - lgamma(b) - lgamma(c + d) + lgamma(c) + lgamma(d)"
    " + (a - c) * digamma(a) + (b - d) * digamma(b) + (c - a + d - b) * digamma(a + b)",
    ("laplace", "laplace"): "log(d / b) + (abs(a - c) + b * exp(-abs(a - c) / b)) / d - 1",
    ("gumbel", "gumbel"): "log(d / b) + 0.5772156649015329 * (b / d - 1)"
    " + exp((c - a) / d + lgamma(b / d + 1)) - 1 + (a - c) / d",
    ("uniform", "uniform"): "log((d - c) / (b - a))",
    ("pareto", "pareto"): "d * log(a / c) + log(b / d) + d / b - 1",
    ("log_normal", "log_normal"): "log(d / b) + (b**2 + (a - c)**2) / (2 * d**2) - 1/2",
    ("half_normal", "half_normal"): "log(b / a) + a**2 / (2 * b**2) - 1/2",
    ("gamma", "exponential"): "(a - 1) * digamma(a) - lgamma(a) + log(b / c) + a * c / b - a",
    ("exponential", "gamma"): "log(a) - 1 - b * log(c) + lgamma(b) + (b - 1) * (log(a) + 0.5772156649015329) + c / a",
    ("laplace", "normal"): "log(d / b) + (2 * b**2 + (a - c)**2) / (2 * d**2) + log(2 * pi) / 2 - log(2) - 1",
    ("normal", "gumbel"): "(a - c) / d + exp(b**2 / (2 * d**2) - (a - c) / d) + log(d / b) - (1 + log(2 * pi)) / 2",
    ("exponential", "normal"): "log(a) - 1 + log(c_scale) + log(2 * pi) / 2".replace("c_scale", "c")
    + " + (2 / a**2 - 2 * b / a + b**2) / (2 * c**2)",
}
ENTROPY: dict[str, str] = {
    "normal": "log(b) + log(2 * pi) / 2 + 1/2",
    "normal_variance": "log(2 * pi * exp(1) * b) / 2",
    "normal_log_variance": "(b + log(2 * pi) + 1) / 2",
    "bernoulli": "-a * log(a) - (1 - a) * log(1 - a)",
    "geometric": "-(a * log(a) + (1 - a) * log(1 - a)) / a",
    "exponential": "1 - log(a)",
    "gamma": "a - log(b) + lgamma(a) + (1 - a) * digamma(a)",
    "inverse_gamma": "a + log(b) + lgamma(a) - (1 + a) * digamma(a)",
    "beta": "lgamma(a) + lgamma(b) - lgamma(a + b) - (a - 1) * digamma(a) - (b - 1) * digamma(b)"
    " + (a + b - 2) * digamma(a + b)",
    "laplace": "1 + log(2 * b)",
    "gumbel": "log(b) + 0.5772156649015329 + 1",
    "uniform": "log(b - a)",
    "pareto": "log(a / b) + 1 + 1 / b",
    "log_normal": "a + log(b) + log(2 * pi) / 2 + 1/2",
    "half_normal": "log(pi * a**2 / 2) / 2 + 1/2",
}
BACKENDS: dict[str, dict[str, Any]] = {
    "math": {
        "log": math.log, "exp": math.exp, "sqrt": math.sqrt, "lgamma": math.lgamma, "abs": abs, "pi": math.pi,
        "digamma": lambda x: float(scipy.special.digamma(x)), "log2": math.log2, "log10": math.log10,
    },
    "numpy": {
        "log": np.log, "exp": np.exp, "sqrt": np.sqrt, "lgamma": scipy.special.gammaln, "abs": np.abs, "pi": np.pi,
        "digamma": scipy.special.digamma, "log2": np.log2, "log10": np.log10,
    },
    "torch": {
        "log": torch.log, "exp": torch.exp, "sqrt": torch.sqrt, "lgamma": torch.lgamma, "abs": torch.abs, "pi": math.pi,
        "digamma": torch.digamma, "log2": torch.log2, "log10": torch.log10,
    },
    "mpmath": {
        "log": mpmath.log, "exp": mpmath.exp, "sqrt": mpmath.sqrt, "lgamma": mpmath.loggamma, "abs": abs,
        "pi": mpmath.pi, "digamma": mpmath.digamma, "log2": lambda x: mpmath.log(x, 2),
        "log10": lambda x: mpmath.log(x, 10),
    },
}  # fmt: skip


def compiled(tree: ast.expr, names: list[str], backend: str) -> Callable[..., Any]:
    """The expression as a function of these names in order; constants of logarithms are tensors in torch."""
    text = ast.unparse(tree)
    scope = dict(BACKENDS[backend])
    if backend == "torch":
        for name in ("log", "exp"):
            scope[name] = lambda x, f=scope[name]: f(torch.as_tensor(x, dtype=torch.float64))
    if backend == "mpmath":
        text = ast.unparse(_Exact().visit(ast.parse(text, mode="eval")))
        scope |= {"number": lambda digits: mpmath.euler if digits == _EULER else mpmath.mpf(digits)}
    function: Callable[..., Any] = eval(f"lambda {', '.join(names)}: {text}", scope)  # our own expressions
    return function


_EULER = "0.5772156649015329"


class _Exact(ast.NodeTransformer):
    """Constants as numbers of mpmath: Python would divide 1/2 and round Euler's constant first."""

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.parse(f"number('{node.value}')", mode="eval").body
