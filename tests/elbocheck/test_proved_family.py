"""The table of families covers the theorems, and its points are generic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from derivations import exponential_family, kl_divergence, multivariate_normal, named_family
from elbocheck.family import family
from elbocheck.family_agreement import identities
from elbocheck.proved_family import FAMILIES


def test_every_closed_form_that_is_proved_is_confronted() -> None:
    scripts = (named_family, kl_divergence, multivariate_normal, exponential_family)
    proved = {slug for s in scripts for slug in s.DERIVATIONS if slug.startswith(("kl-", "entropy-"))}
    confronted = {i.slug for i in identities()}
    assert proved - {"kl-normal-standard"} == confronted  # the one has a table of its own
    assert len(confronted) == 32


@pytest.mark.parametrize("name", FAMILIES)
def test_points_are_generic(name: str) -> None:
    family = FAMILIES[name]
    assert len(family.points) >= 2
    for point in family.points:
        q, p = family.pair(point)
        assert all(q[n] != p[n] for n in family.own)
        numbers = np.concatenate([_entries(v) for v in (*(q[n] for n in family.own), *p.values())])
        assert not set(numbers.tolist()) & {0.0, 1.0, 0.5} or name == "categorical"


def _entries(value: object) -> NDArray[np.float64]:
    """Of a triangular matrix those that it has."""
    array = np.asarray(value, dtype=np.float64)
    return array[np.tril_indices(len(array))] if array.ndim == 2 else np.ravel(array)


def test_each_variable_of_the_theorem_has_a_value() -> None:
    family = FAMILIES["pareto"]
    values = family.values(family.points[0])
    assert (values["s"], values["alpha"], values["a"]) == (1.5, 2.3, 1.4)
    family = FAMILIES["dirichlet"]
    assert family.values(family.points[0])["K"] == 3


# the diagonal normal has no axes there, and the exponential family is an account of the normal
@pytest.mark.parametrize("name", sorted(FAMILIES.keys() - {"normal-diagonal", "exponential-family"}))
def test_a_family_is_the_one_that_formulas_are_judged_by(name: str) -> None:
    proved, judged = FAMILIES[name], family(name)
    assert tuple(proved.variables) == tuple(p.name for p in judged.parameters)
    q, _ = proved.pair(proved.points[0])
    assert proved.law(**q) == judged.distribution(*q.values())


def test_another_parametrisation_is_another_family() -> None:
    q, _ = FAMILIES["gamma"].pair(FAMILIES["gamma"].points[0])
    assert FAMILIES["gamma"].law(**q) != family("gamma_scale").distribution(*q.values())


def test_the_inverse_of_a_covariance_is_exact() -> None:
    family = FAMILIES["multivariate-normal"]
    for point in family.points:
        values = family.values(point)
        factor = np.array([[Fraction(x) for x in row] for row in point["scale_tril"][1]])
        assert (np.array(values["P"]) @ factor @ factor.T == np.eye(len(factor))).all()
        assert (np.array(values["P"]) @ factor != np.eye(len(factor))).any()
        assert float(values["c"]) == pytest.approx(np.linalg.det(factor.astype(float)), rel=1e-14)
