"""Models: consistent densities, functions that stay what they are, and values that are generic."""

import itertools

import pytest
from flint import arb, fmpq

from derivations.gaussian_form import UndefinedError
from derivations.kernel import Term, bind, component, density, equal, log, number, variable
from derivations.model import Model
from derivations.point import RealPoint, place_of
from derivations.vocabulary import Vocabulary

X, Y, Z, T = variable("x", "x"), variable("y", "y"), variable("z", "z"), variable("t", "real")


def function(name, *args, kind="real"):
    return Term("function", args, (name, kind))


def model_of(claim, *hypotheses, seed="0", weighted=True):
    vocabulary = Vocabulary(claim, hypotheses)
    model = Model(vocabulary, seed)
    for space in "xyz":
        if space not in vocabulary.real_spaces:
            model.add_finite(space, 3 if space == "z" else 2, weighted)
        else:
            model.dimensions[space] = 2 if space == "z" else 1
    return model


def test_marginals_and_conditionals_of_a_table_are_consistent(seed):
    model = model_of(equal(density("p", [X, Y, Z]), T), seed=str(seed))
    total = fmpq(0)
    for x, y in itertools.product(model.points("x"), model.points("y")):
        weight = model.weights["x"][x.place] * model.weights["y"][y.place]
        total += weight * model.densities.value("p", {"x": x, "y": y}, {})
        rows = (model.densities.value("p", {"z": z}, {"x": x, "y": y}) for z in model.points("z"))
        assert sum((w * r for w, r in zip(model.weights["z"], rows, strict=True)), fmpq(0)) == 1
    assert total == 1


def test_marginals_of_a_joint_normal_density_are_consistent():
    normal = bind("normal", variable("j", "index"), Z, number(2), number(0), number(1))
    model = model_of(equal(normal, density("p", [X, Z])))
    x, z = RealPoint("x", (fmpq(1, 3),)), RealPoint("z", (fmpq(2, 3), fmpq(1, 5)))
    joint, marginal = model.densities.value("p", {"x": x, "z": z}, {}), model.densities.value("p", {"x": x}, {})
    conditional = model.densities.value("p", {"z": z}, {"x": x})
    assert arb(joint).overlaps(marginal * conditional)
    assert not arb(joint).overlaps(marginal * model.densities.value("p", {"z": z}, {}))


def test_independence_that_is_supposed_holds():
    wide, narrow = density("p", [X], [Y, Z]), density("p", [X], [Z])
    model = model_of(equal(wide, T), equal(wide, narrow))
    for x, y, z in itertools.product(*map(model.points, "xyz")):
        assert model.densities.value("p", {"x": x}, {"y": y, "z": z}) == model.densities.value("p", {"x": x}, {"z": z})
    free = model_of(equal(wide, T))
    x, y, z = (free.points(s)[0] for s in "xyz")
    assert free.densities.value("p", {"x": x}, {"y": y, "z": z}) != free.densities.value("p", {"x": x}, {"z": z})


def test_functions_are_functions_and_positive_where_they_have_to_be(seed):
    model = model_of(equal(log(function("f", X)), function("g", T)), seed=str(seed))
    model.signed = True
    for x in model.points("x"):
        value = model.functions.value("f", "real", (x,))
        assert value > 0
        assert value == model.functions.value("f", "real", (x,))
    assert model.functions.value("g", "real", (fmpq(2),)) != model.functions.value("g", "real", (fmpq(3),))
    assert set(model.record["functions"]["f"]["values"]) == {"0", "1"}


def test_entries_of_vectors_are_drawn_once_and_recorded():
    model = model_of(equal(component(variable("m", "vector"), number(1)), T))
    vector = model.point("vector", "m")
    first = model.component(vector, (1,))
    assert first == model.component(vector, (1,))
    assert model.record["components"]["m"] == {"1": str(first)}
    assert first not in (0, 1)


def test_a_point_has_the_components_it_has():
    model = model_of(equal(T, T))
    with pytest.raises(UndefinedError, match="no such component"):
        model.component(RealPoint("z", (fmpq(1), fmpq(2))), (3,))


def test_whole_numbers():
    assert place_of(fmpq(4)) == 4
    with pytest.raises(ArithmeticError, match="not a whole number"):
        place_of(fmpq(1, 2))
