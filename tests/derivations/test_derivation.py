"""Every derivation as a proof check, and its negative controls: no false line is ever proved."""

import functools
import itertools
import os
import random
import re
from collections import Counter

import pytest
import sympy

from derivations import conversion, kl_divergence, reason
from derivations.catalogue import DERIVATIONS, prove
from derivations.certificate import export
from derivations.conversion import everywhere, in_turn, prove_equal
from derivations.derivation import Reason, StepError, ancestry, by_theorem, derive
from derivations.expectation import moments, under
from derivations.kernel import KernelError, alpha_equal, number
from derivations.latex import text
from derivations.notation import Family, Index, Natural, Normal, Point, Vector, to_kernel
from derivations.replay import replay

from .finite_model import Undecided
from .mutation import bayesian_model, differ, mutants, situations

pytestmark = pytest.mark.usefixtures("precise")

NORMAL = ["z in R^J", "sigma_j > 0 for all j in {1, .., J}"]
HYPOTHESES = {
    "elbo-gap": [
        "E_{z ~ q(z | x)}|log p(x | z)| < inf",
        "E_{z ~ q(z | x)}|log (q(z | x) / p(z))| < inf",
        "int q(z | x) dz = 1",
        "q(z | x) > 0 for all z",
        "p(z) > 0 for all z",
        "p(x, z) > 0 for all z",
        "p(x) > 0",
    ],
    "normal-negative-entropy": NORMAL,
    "normal-cross-entropy": NORMAL,
    "kl-normal-standard": NORMAL,
}


@pytest.mark.parametrize("slug", DERIVATIONS)
def test_derivation(slug):
    """The proof replays, its steps join, and each part says what its chain says."""
    derivation = prove(slug)
    for theorem, replayed in zip(derivation.theorems, replay(export(*derivation.theorems)), strict=True):
        assert (replayed.hypotheses, replayed.conclusion) == (theorem.hypotheses, theorem.conclusion)
    for part in derivation.parts:
        lines = [part.start, *(s.expression for s in part.steps)]
        for (before, after), step in zip(itertools.pairwise(lines), part.steps, strict=True):
            assert step.theorem.sides == ((after, before) if step.relation == ">=" else (before, after))
            assert step.theorem.conclusion.head == ("equal" if step.relation == "=" else "at_most")
        ends = (lines[-1], lines[0]) if part.relation == ">=" else (lines[0], lines[-1])
        assert part.theorem.sides == ends


@pytest.mark.parametrize("slug", HYPOTHESES)
def test_it_supposes_what_is_expected_and_is_true(slug, seed):
    derivation = prove(slug)
    assert [text(h) for h in derivation.hypotheses] == HYPOTHESES[slug]
    for model, env in situations(slug, random.Random(f"{slug} {seed}")):
        for t in (*derivation.theorems, *(s.theorem for s in derivation.steps)):
            assert model.holds(t.hypotheses, t.conclusion, env) is True


BAYESIAN = {"kl-nonnegative", "kl-chain-rule", "elbo-bound", "elbo-tight", "elbo-jensen", "elbo-terms", "elbo-gap"}
BAYESIAN |= {"elbo-sampled", "elbo-conditional", "elbo-hierarchical", "elbo-surgery"}


@pytest.mark.parametrize("slug", sorted(BAYESIAN & set(DERIVATIONS)))
def test_statements_about_densities_are_true_in_finite_models(slug, seed):
    """Each part and each step, under hypotheses that hold there: nothing is proved from what is never so."""
    derivation, rng = prove(slug), random.Random(f"bayesian {slug} {seed}")
    proved = (*derivation.theorems, *(s.theorem for s in derivation.steps))
    for _ in range(5):
        model, env = bayesian_model(
            [p for t in proved for p in (*t.hypotheses, t.conclusion)], rng, slug == "elbo-hierarchical"
        )
        for theorem in proved:
            assert model.holds(theorem.hypotheses, theorem.conclusion, env) is True, text(theorem.conclusion)


@pytest.mark.parametrize("slug", HYPOTHESES)
def test_every_theorem_on_the_way_is_true(slug, seed):
    """All theorems of the proof, where the models can evaluate them; free indices range over the components."""
    rng = random.Random(f"ancestry {slug} {seed}")
    checked = 0
    model, env = next(iter(situations(slug, rng)))
    env = {("z", "z"): rng.choice(model.domains["z"]), ("j", "index"): model.domains["index"][2], **env}
    theorems = ancestry(*prove(slug).theorems)
    for theorem in rng.sample(theorems, min(len(theorems), 250)):
        try:
            verdict = model.holds(theorem.hypotheses, theorem.conclusion, env)
        except (Undecided, KeyError):
            continue
        assert verdict is not False, text(theorem.conclusion)
        checked += verdict is True
    assert checked > 100


# --- negative controls ---


@functools.cache
def reasons(slug):
    """The conversions of all scripts and some more: every mutant meets all of them, not only those of its step."""
    x, z, mu, sigma, j, J = Point("x"), Point("z"), Vector("mu"), Vector("sigma"), Index("j"), Natural("J")
    with sympy.evaluate(False):
        law = Family("q")(z | x) if slug == "elbo-gap" else Normal(z, mu[j], sigma[j] ** 2, (j, J))
    under_law, over_z = under(to_kernel(z), to_kernel(law)), under(to_kernel(z), None)
    opened = (conversion.unfold_kl, conversion.unfold_expectation, conversion.unfold_log_normal, conversion.expand_log)
    bayes = everywhere(conversion.unfold_conditional("p"))
    logs = everywhere(conversion.expand_log)
    lemmas = ("normal-negative-entropy", "normal-cross-entropy") if slug == "kl-normal-standard" else ()
    return (
        conversion.same,
        conversion.simplify,
        reason.EXPECTATION.conversion,
        kl_divergence.DENSITY.conversion,
        kl_divergence.SUM.conversion,
        under_law,
        in_turn(bayes, conversion.expand),
        in_turn(everywhere(conversion.unfold_kl), conversion.expand),
        in_turn(under_law, logs, conversion.simplify),
        in_turn(everywhere(*opened), bayes, conversion.simplify),
        in_turn(everywhere(*opened[:2]), over_z, logs, conversion.expand),
        in_turn(everywhere(conversion.unfold_kl, moments), conversion.simplify),
        *((in_turn(everywhere(*(by_theorem(prove(s)) for s in lemmas)), conversion.expand),) if lemmas else ()),
    )


def normal_form(line, convert):
    try:
        return convert(line).sides[1]
    except KernelError:
        return None


def proved(left, right, conversions, forms):
    """Whether a conversion proves ``left = right``; the forms of the left side are remembered in `forms`."""
    for convert in conversions:
        if convert not in forms:
            forms[convert] = normal_form(left, convert)
        other = None if forms[convert] is None else normal_form(right, convert)
        if other is not None and alpha_equal(forms[convert], other):
            assert prove_equal(left, right, convert).sides == (left, right)
            return True
    return False


STEPS = [(slug, i) for slug in HYPOTHESES for i in range(1, len(prove(slug).steps) + 1)]


@pytest.mark.parametrize(("slug", "number"), STEPS)
def test_no_false_line_is_proved(slug, number, seed):
    """Mutants of a line against the line before it; ELBOCHECK_MUTANTS of each line are tried, ``all`` of them if asked."""
    derivation, rng = prove(slug), random.Random(f"{slug} {number} {seed}")
    before, line = (
        [derivation.parts[0].start, *(s.expression for s in derivation.steps)][i] for i in (number - 1, number)
    )
    candidates, forms = list(mutants(line)), {}
    wanted = os.environ.get("ELBOCHECK_MUTANTS", "4")
    chosen = candidates if wanted == "all" else rng.sample(candidates, min(int(wanted), len(candidates)))
    assert proved(before, line, reasons(slug), forms)
    verdicts = [(differ(slug, before, m, rng), proved(before, m, reasons(slug), forms), n, text(m)) for n, m in chosen]
    counts = Counter((false, was_proved) for false, was_proved, _, _ in verdicts)
    print(f"{slug} {number}: {len(chosen)} of {len(candidates)} mutants; (false, proved): {dict(counts)}")
    for false, was_proved, name, printed in verdicts:
        if not false:
            print(
                f"  {'proved' if was_proved else 'not proved'}, {'true' if false is False else 'no value'}: {name}: {printed}"
            )
    assert [v for v in verdicts if v[0] and v[1]] == []


def test_every_kind_of_mistake_is_made_and_refuted(seed):
    """Of all mutants of all lines nearly all are false, and false where it can be seen."""
    counts, refuted, rng = Counter(), Counter(), random.Random(f"kinds {seed}")
    by_name = {}
    for slug in HYPOTHESES:
        derivation = prove(slug)
        lines = [derivation.parts[0].start, *(s.expression for s in derivation.steps)]
        for before, line in itertools.pairwise(lines):
            for name, mutant in mutants(line):
                by_name.setdefault(name, []).append((slug, before, mutant))
    for name, cases in by_name.items():
        for case in rng.sample(cases, min(6, len(cases))):
            counts[name] += 1
            refuted[name] += differ(*case, rng) is True
    print(f"{counts.total()} mutants, {refuted.total()} false at a generic point; not: {dict(counts - refuted)}")
    assert refuted.total() > 0.8 * counts.total()
    asked = {
        "sign flipped",
        "term dropped",
        "1/2 lost",
        "square lost",
        "log lost",
        "divergence swapped",
        "range from 0",
    }
    assert asked | {"conditioning swapped", "J for 1", "mu and sigma exchanged"} <= set(+refuted)


# --- what `derive` says ---


def chain(*lines):
    return derive("a-slug", "A title", "nowhere", list(lines))


def test_a_broken_chain_names_slug_step_sides_and_reason():
    b = Natural("b")
    with sympy.evaluate(False):
        good, bad = Reason("by rearranging", conversion.expand), Reason("by wishful thinking", conversion.expand)
        lines = [(b + 1) ** 2, (b**2 + 2 * b + 1, good), (b**2 + 2 * b, bad)]
    message = (
        "a-slug, step 2: b^2 + 2 b + 1  =  b^2 + 2 b\n  not by 'by wishful thinking': the two sides do not become equal\n"
        "  refuted: b = 2; b^2 + 2 b + 1 is 9; b^2 + 2 b is 8"
    )
    with pytest.raises(StepError, match=f"^{re.escape(message)}$"):
        chain(*lines)


def test_a_reason_that_does_not_apply_is_named():
    b = Natural("b")
    with sympy.evaluate(False):
        lines = [b + 1, (1 + b, Reason("definition of the KL divergence", conversion.unfold_kl))]
    with pytest.raises(StepError, match=r"a-slug, step 1: b \+ 1  =  1 \+ b\n  not by 'definition of .*': not kl"):
        chain(*lines)


def test_a_chain_is_what_was_written():
    b = Natural("b")
    with sympy.evaluate(False):
        derivation = chain(b + b, (2 * b, Reason("by counting", conversion.expand)))
    assert derivation.theorems[0].sides == (to_kernel(b) + to_kernel(b), number(2) * to_kernel(b))
    assert [s.reason for s in derivation.steps] == ["by counting"]
    assert derivation.uses == ()
    assert derivation.axioms == ("field", "reflexivity", "rewrite")


def test_ancestry_is_in_order_and_complete():
    theorem = prove("kl-normal-standard").theorems[0]
    order = ancestry(theorem)
    position = {id(t): i for i, t in enumerate(order)}
    assert order[-1] is theorem
    assert len(position) == len(order)
    assert all(position[id(p)] < position[id(t)] for t in order for p in t.premises)


def test_by_theorem_applies_to_its_left_side_only():
    derivation = prove("normal-cross-entropy")
    start, end = derivation.theorems[0].sides
    rewritten = by_theorem(derivation)(start)
    assert rewritten.sides == (start, end)
    with pytest.raises(KernelError, match="not the left side of normal-cross-entropy"):
        by_theorem(derivation)(end)
