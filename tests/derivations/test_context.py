"""The contexts in which sides are read: families of normal laws, symbols for the ELBO of either sign, p as a posterior."""

from dataclasses import replace

from derivations.context import contexts, families_of, shown
from derivations.convention import Family
from derivations.parser import parse
from derivations.surroundings import Surroundings

HERE = Surroundings()


def pair(left, right):
    return parse(left), parse(right)


def test_scales_may_be_isotropic_only_where_an_identity_matrix_stands():
    assert any(f.isotropic for f in families_of(pair("p(z)", r"N(z; \mu, \sigma^2 I)"), HERE))
    assert not any(f.isotropic for f in families_of(pair("p(z)", r"N(z; \mu, \sigma^2)"), HERE))
    said = replace(HERE, isotropic=True)
    assert any(f.isotropic for f in families_of(pair("p(z)", r"N(z; \mu, \sigma^2)"), said))
    assert not any(f.isotropic for f in families_of(pair("p(z)", "q(z)"), said))


def test_a_bound_of_no_sign_has_both():
    found = [names.symbols["ScriptF"] for names, _ in contexts(pair(r"\mathcal{F}", "p(x)"), HERE, Family(vector=True))]
    assert len(set(found)) == 2
    bound = [names.symbols["ELBO"] for names, _ in contexts(pair("ELBO", "p(x)"), HERE, Family(vector=True))]
    assert len(set(bound)) == 1


def test_a_bare_p_beside_q_may_be_the_posterior():
    laws = {names.laws.get("p") for names, _ in contexts(pair(r"KL(q\|p)", "0"), HERE, Family(vector=True))}
    assert len(laws) == 2


def test_symbols_are_shown_without_their_font():
    assert [shown(s) for s in ("ScriptL", "L(", "law")] == ["L", "L", "E"]
