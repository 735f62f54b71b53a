"""How the judge of formulas fares: mutants of the closed forms, torch's formulas, right formulas under many seeds.

    python -m benchmarks.formula [--part P] [--seeds N] [--every K] [--jobs J] [--write docs/formula.md]

Mutants are made from the syntax trees of `benchmarks/reference_formula.py`; whether one is equivalent to its original is
decided at 50 digits at 40 points, without the judge.
"""

from __future__ import annotations

import argparse
import ast
import copy
import math
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import torch
from flint import arb
from torch import distributions

import numerics.beta
import numerics.categorical
import numerics.dirichlet
import numerics.exponential
import numerics.gamma
import numerics.geometric
import numerics.gumbel
import numerics.half_normal
import numerics.inverse_gamma
import numerics.laplace
import numerics.log_normal
import numerics.multivariate_normal
import numerics.normal
import numerics.pareto
import numerics.poisson
import numerics.uniform
import numerics.von_mises
from benchmarks.reference_formula import ENTROPY, KL, compiled
from benchmarks.section import insert
from elbocheck.call import caller
from elbocheck.claim import Claim, Enclose, Site, enclosure
from elbocheck.family import FamilyError, family
from elbocheck.formula import judge
from elbocheck.judgement import Judgement, UnusableFunction
from numerics.ball import working_precision

Function = Callable[..., Any]


@dataclass(frozen=True)
class Original:
    """A right formula: what it claims, its expression, the names of its arguments."""

    claim: Claim
    tree: ast.expr
    names: list[str]


def originals() -> list[Original]:
    """Every reference expression."""
    texts = [(Claim(family(q), family(p)), text) for (q, p), text in KL.items()]
    texts += [(Claim(family(q)), text) for q, text in ENTROPY.items()]
    return [
        Original(claim, ast.parse(text, mode="eval").body, list("abcd")[: len(claim.names)]) for claim, text in texts
    ]


# --- mutants ---


def mutants(tree: ast.expr, names: list[str]) -> Iterator[ast.expr]:
    """Every expression that differs in one place: sign, operator, term, factor, square, constant, function, variable."""
    seen = {ast.dump(tree)}
    for index, node in enumerate(ast.walk(tree)):
        for other in _replacements(node, names) if isinstance(node, ast.expr) else ():
            mutant = _replaced(tree, index, other)
            if ast.dump(mutant) not in seen:
                seen.add(ast.dump(mutant))
                yield mutant


def _replaced(tree: ast.expr, index: int, other: ast.expr) -> ast.expr:
    whole = ast.Expression(copy.deepcopy(tree))
    target = list(ast.walk(whole.body))[index]

    class Swap(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            return copy.deepcopy(other) if node is target else self.generic_visit(node)

    return ast.parse(ast.unparse(Swap().visit(whole)), mode="eval").body


def _replacements(node: ast.expr, names: list[str]) -> Iterator[ast.expr]:
    yield ast.UnaryOp(ast.USub(), node)
    match node:
        case ast.BinOp(left, op, right):
            yield from (left, right)
            yield from (
                ast.BinOp(left, other(), right)
                for other in (ast.Add, ast.Sub, ast.Mult, ast.Div)
                if not isinstance(op, other | ast.Pow)
            )
            yield ast.BinOp(right, op, left)
        case ast.UnaryOp(operand=operand):
            yield operand
        case ast.Call(func, [argument]):
            yield argument
            yield from (ast.Call(ast.Name(n), [argument], []) for n in _SIMILAR.get(ast.unparse(func), ()))
        case ast.Constant(value):
            yield from (ast.Constant(v) for v in (2 * value, value / 2, value + 1, 0))
        case ast.Name(name) if name in names:
            yield from (ast.Name(n) for n in names if n != name)
            yield ast.BinOp(node, ast.Pow(), ast.Constant(2))
            yield ast.Call(ast.Name("exp"), [node], [])


_SIMILAR = {
    "log": ("log2", "log10", "exp"),
    "exp": ("log",),
    "lgamma": ("digamma", "log"),
    "digamma": ("lgamma", "log"),
    "abs": (),
}


def is_equivalent(mutant: ast.expr, original: Original) -> bool:
    """Whether the two agree to 30 of 50 digits at 40 points of another seed."""
    with mpmath.workdps(50):
        functions = [compiled(tree, original.names, "mpmath") for tree in (mutant, original.tree)]
        for site in original.claim.sites("generic", 40, seed=987_654_321):
            arguments = [mpmath.mpf(x) for x in site.arguments]
            try:
                value, right = (f(*arguments) for f in functions)
                if not abs(value - right) <= mpmath.mpf(10) ** -30 * max(1, abs(right)):
                    return False
            except (ArithmeticError, ValueError, TypeError):
                return False
    return True


@dataclass
class Survey:
    """What became of the mutants of one formula."""

    name: str
    counts: Counter[str]
    equivalent: list[str]
    wrong: list[str]


def _survey(index: int, every: int) -> Survey:
    original = originals()[index]
    survey = Survey(str(original.claim), Counter(), [], [])
    for mutant in list(mutants(original.tree, original.names))[index % every :: every]:
        verdict, judgement = _verdict(original.claim, compiled(mutant, original.names, "numpy"))
        shown = f"`{ast.unparse(mutant)}` as {original.claim}: {verdict}"
        equivalent = is_equivalent(mutant, original)
        survey.counts["equivalent" if equivalent else verdict] += 1
        if judgement is not None and verdict == "refuted":
            survey.counts["diagnosed"] += judgement.diagnosis[0] != UNKNOWN
        if equivalent:
            survey.equivalent.append(shown)
        if verdict not in (("confirmed",) if equivalent else ("refuted", "unusable")):
            survey.wrong.append(shown)
    return survey


def survey_mutants(every: int, pool: Executor) -> tuple[str, int]:
    """A table of what became of the mutants of each formula, and the number of wrong verdicts."""
    surveys = []
    for survey in pool.map(_survey, count := range(len(originals())), [every] * len(count)):
        surveys.append(survey)
        print(survey.name, dict(survey.counts), *survey.wrong, sep="\n    ", file=sys.stderr, flush=True)
    total = sum((s.counts for s in surveys), start=Counter())
    header = "| formula | mutants | refuted | raise everywhere | undecided | confirmed | equivalent | diagnosed |"
    rows = [_row(s.name, s.counts) for s in surveys]
    table = "\n".join([header, "| --- |" + " --: |" * 7, *rows, _row("**all**", total)])
    equal = [line for s in surveys for line in s.equivalent]
    wrong = [line for s in surveys for line in s.wrong]
    listed = "".join(f"\n- {line}" for line in equal)
    text = f"{table}\n\nWrong verdicts: {len(wrong)}."
    text += "".join(f"\n- {line}" for line in wrong)
    return f"{text}\n\nThe {len(equal)} equivalent ones, with their verdicts:\n{listed}", len(wrong)


def _row(name: str, counts: Counter[str]) -> str:
    kinds = ("refuted", "unusable", "undecided", "confirmed", "equivalent")
    cells = [sum(counts[k] for k in kinds), *(counts[k] for k in kinds), counts["diagnosed"]]
    return f"| {name.replace('||', '&#124;&#124;')} | {' | '.join(map(str, cells))} |"


def _verdict(
    claim: Claim, function: Function, seed: int = 0, has_torch: bool = False, enclose: Enclose = enclosure
) -> tuple[str, Judgement | None]:
    try:
        judgement = judge(caller(function), claim, seed=seed, has_torch=has_torch, enclose=enclose)
    except UnusableFunction:
        return "unusable", None
    return str(judgement.verdict), judgement


UNKNOWN = "it differs; the cause is unknown"


# --- torch's formulas ---

d = distributions
ONE = torch.tensor(1.0, dtype=torch.float64)
TORCH: dict[str, Function] = {
    "normal": d.Normal,
    "normal_variance": lambda m, v: d.Normal(m, v.sqrt()),
    "normal_log_variance": lambda m, v: d.Normal(m, (v / 2).exp()),
    "standard_normal": lambda: d.Normal(0 * ONE, ONE),
    "multivariate_normal": lambda m, tril: d.MultivariateNormal(m, scale_tril=tril),
    "multivariate_normal_covariance": lambda m, c: d.MultivariateNormal(m, c),
    "bernoulli": d.Bernoulli,
    "bernoulli_logits": lambda x: d.Bernoulli(logits=x),
    "categorical": d.Categorical,
    "categorical_logits": lambda x: d.Categorical(logits=x),
    "binomial": lambda n, probs: d.Binomial(n, probs),
    "poisson": d.Poisson,
    "geometric": d.Geometric,
    "exponential": d.Exponential,
    "gamma": d.Gamma,
    "inverse_gamma": d.InverseGamma,
    "chi_square": d.Chi2,
    "beta": d.Beta,
    "dirichlet": d.Dirichlet,
    "laplace": d.Laplace,
    "gumbel": d.Gumbel,
    "uniform": d.Uniform,
    "pareto": d.Pareto,
    "log_normal": d.LogNormal,
    "half_normal": d.HalfNormal,
    "von_mises": d.VonMises,
    "wishart": lambda df, tril: d.Wishart(df, scale_tril=tril),
}


def torch_kl(q: str, p: str) -> Function:
    """`torch.distributions.kl_divergence` as a function of the parameters of two families, by their names."""
    count = len(family(q).parameters)
    return lambda *a: d.kl_divergence(TORCH[q](*a[:count]), TORCH[p](*a[count:]))


def torch_pairs() -> list[tuple[str, str]]:
    """Names of two families for which torch may have a formula; each in one parametrisation."""
    others = [
        name for name in TORCH if name.endswith(("_variance", "_covariance", "_logits", "_scale")) or "stand" in name
    ]
    pairs = [(q, p) for q in TORCH for p in TORCH if q == p or not {q, p} & set(others)]
    left_out = {("beta", "normal"), ("standard_normal", "standard_normal")}  # enclosures take seconds; no parameters
    return [pair for pair in [*pairs, ("normal_log_variance", "standard_normal")] if pair not in left_out]


def torch_value(q: str, p: str, arguments: Sequence[Any]) -> float | None:
    """Torch's divergence, None where it has no formula."""
    try:
        return float(torch_kl(q, p)(*(torch.tensor(x, dtype=torch.float64) for x in arguments)).detach())
    except (KeyError, NotImplementedError, ValueError):
        return None


def torch_claims() -> Iterator[Claim]:
    """Pairs for which torch has a formula and the divergence is finite."""
    for q, p in torch_pairs():
        try:
            claim = Claim(family(q), family(p))
        except (FamilyError, ArithmeticError):
            continue
        if torch_value(q, p, claim.sites("generic", 1, 0)[0].arguments) is not None:
            yield claim


def infinite_in_torch(seed: int = 0) -> dict[str, float]:
    """What torch returns for pairs whose divergence is infinite because q has mass where p has none, by name."""
    rng, found = np.random.default_rng(seed), {}
    for q, p in torch_pairs():
        try:
            Claim(family(q), family(p))
        except FamilyError as error:
            value = torch_value(q, p, family(q).drawn(rng, 0.0) + family(p).drawn(rng, 0.0))
            if "is infinite" in str(error) and value is not None:
                found[f"KL({q} || {p})"] = value
        except ArithmeticError:
            continue
    return found


def _torch_row(q: str, p: str) -> tuple[str, str]:
    """The row of a pair, and its verdict."""
    claim = Claim(family(q), family(p))
    verdict, judgement = _verdict(claim, torch_kl(q, p), has_torch=True)
    worst = max(w.worst for w in judgement.witnesses) if judgement else math.nan
    failures = [*judgement.failures, *(n for n in judgement.notes if "not for batches" in n)] if judgement else []
    shown = "; ".join(f.partition(": at ")[0] for f in failures)
    cells = [str(claim).replace("||", "&#124;&#124;"), verdict, f"{worst:.1e}", shown or "none seen"]
    return f"| {' | '.join(cells)} |", verdict


def survey_torch(pool: Executor) -> tuple[str, int]:
    """A table of torch's formulas and a line on infinite divergences, and how many of both were not right."""
    names = [(c.q.name, c.p.name) for c in torch_claims() if c.p]
    rows = []
    for row, verdict in pool.map(_torch_row, *zip(*names, strict=True)):
        rows.append((row, verdict))
        print(row, file=sys.stderr, flush=True)
    header = ["| torch.distributions | verdict | worst error | failures |", "| --- | --- | --: | --- |"]
    infinite = infinite_in_torch()
    finite = [name for name, value in infinite.items() if value != math.inf]
    said = f"Of {len(infinite)} pairs whose divergence is infinite, torch returns another value for {len(finite)}"
    last = f"{said}{': ' if finite else ''}{', '.join(finite)}."
    table = "\n".join([*header, *(row for row, _ in rows), "", last])
    return table, sum(verdict != "confirmed" for _, verdict in rows) + len(finite)


# --- false alarms ---

OURS: dict[tuple[str, str], Function] = {
    ("normal", "normal"): numerics.normal.kl_divergence,
    ("gamma", "gamma"): numerics.gamma.kl_divergence,
    ("beta", "beta"): numerics.beta.kl_divergence,
    ("exponential", "exponential"): numerics.exponential.kl_divergence,
    ("laplace", "laplace"): numerics.laplace.kl_divergence,
    ("poisson", "poisson"): numerics.poisson.kl_divergence,
    ("geometric", "geometric"): numerics.geometric.kl_divergence,
    ("gumbel", "gumbel"): numerics.gumbel.kl_divergence,
    ("half_normal", "half_normal"): numerics.half_normal.kl_divergence,
    ("log_normal", "log_normal"): numerics.log_normal.kl_divergence,
    ("pareto", "pareto"): numerics.pareto.kl_divergence,
    ("uniform", "uniform"): numerics.uniform.kl_divergence,
}


def right_formulas(original: Original) -> Iterator[tuple[str, Function, bool]]:
    """Implementations of one claim: the expression in three libraries, as a float32 function, torch's, ours."""
    for backend in ("math", "numpy", "torch"):
        yield backend, compiled(original.tree, original.names, backend), backend == "torch"
    exact = compiled(original.tree, original.names, "numpy")
    yield "numpy, times 1", lambda *a: exact(*a) * 1.0, False
    claim = original.claim
    if claim.p is not None:
        if torch_value(claim.q.name, claim.p.name, claim.sites("generic", 1, 0)[0].arguments) is not None:
            yield "torch.distributions", torch_kl(claim.q.name, claim.p.name), True
        if (claim.q.name, claim.p.name) in OURS:
            yield "numerics", OURS[claim.q.name, claim.p.name], True


def reference(original: Original) -> Enclose:
    """The expression at 60 digits: a hundred times faster than an enclosure, and compared with it at one seed."""
    function = compiled(original.tree, original.names, "mpmath")

    @lru_cache(maxsize=1000)
    def value(claim: Claim, site: Site, digits: int) -> Any:
        with mpmath.workdps(60), working_precision(200):
            arguments = [mpmath.mpf(f.numerator) / f.denominator for f in map(Fraction, site.arguments)]
            return arb(mpmath.nstr(function(*arguments), 50))

    return value


def _alarms(index: int, seeds: int) -> tuple[str, int, list[str]]:
    """The claim, the number of judgements, and those that were not a confirmation."""
    original = originals()[index]
    runs, alarms, by_digits = 0, [], reference(original)
    for seed in range(1, seeds + 1):
        for name, function, has_torch in right_formulas(original):
            enclose = enclosure if seed == 1 else by_digits
            verdict, judgement = _verdict(original.claim, function, seed, has_torch, enclose)
            runs += 1
            if verdict != "confirmed":
                alarms.append(f"{original.claim}, {name}, seed {seed}: {verdict} {judgement}")
    return str(original.claim), runs, alarms


def survey_alarms(seeds: int, pool: Executor) -> tuple[str, int]:
    """How many judgements of right formulas, of other seeds each, were not a confirmation."""
    runs, alarms = 0, []
    for claim, judgements, wrong in pool.map(_alarms, count := range(len(originals())), [seeds] * len(count)):
        runs, alarms = runs + judgements, alarms + wrong
        print(f"{claim}: {runs} runs so far", *wrong, sep="\n    ", file=sys.stderr, flush=True)
    text = (
        f"{runs:,} judgements of {len(originals())} claims, several right implementations of each, {seeds} seeds: "
        f"{len(alarms)} false alarms. The first seed is judged with the enclosures, the others with the expression at 60 "
        "digits, which stands in for them because it is fast."
    )
    return text, len(alarms)


def main() -> int:
    parser = argparse.ArgumentParser(description="mutants refuted, torch confirmed, false alarms")
    parser.add_argument("--part", choices=("mutants", "torch", "alarms"), action="append")
    parser.add_argument("--seeds", type=int, default=50, help="of the points, for the false alarms")
    parser.add_argument("--every", type=int, default=1, help="judge one mutant in so many")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--write", type=Path, help="the page whose sections are written")
    options = parser.parse_args()
    with ProcessPoolExecutor(options.jobs, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        return _run(options, pool)


def _run(options: argparse.Namespace, pool: Executor) -> int:
    surveys: dict[str, tuple[str, Callable[[], tuple[str, int]]]] = {
        "mutants": (f" --every {options.every}", lambda: survey_mutants(options.every, pool)),
        "torch": ("", lambda: survey_torch(pool)),
        "alarms": (f" --seeds {options.seeds}", lambda: survey_alarms(options.seeds, pool)),
    }
    wrong = 0
    for part in options.part or surveys:
        arguments, survey = surveys[part]
        text, count = survey()
        wrong += count
        command = f"python -m benchmarks.formula --part {part}{arguments} --write {options.write}"
        print(text)
        if options.write:
            page = options.write.read_text(encoding="utf-8")
            options.write.write_text(insert(page, part, command, text), encoding="utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
