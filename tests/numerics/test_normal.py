import math

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from numerics import normal
from numerics.excess import excess

CLAIM = {np.float64: {"moderate": 1e-13, "near": 1e-13, "extreme": 1e-10}}
CLAIM[np.float32] = dict.fromkeys(CLAIM[np.float64], 2.5e-7)
NUM_CASES = 300

# Multiples of 1/64 and powers of two: shifts and stretches of them are exact in float64.
sixty_fourths = st.integers(-640, 640).map(lambda k: k / 64)
positive_sixty_fourths = st.integers(1, 640).map(lambda k: k / 64)
powers_of_two = st.integers(-8, 8).map(lambda k: 2.0**k)
locs = st.floats(-1e3, 1e3)
scales = st.floats(1e-3, 1e3)
relaxed = settings(deadline=None)


def random_parameters(regime, rng):
    loc, p_loc = rng.normal(size=(2, NUM_CASES))
    scale, p_scale = np.exp(rng.normal(size=(2, NUM_CASES)))
    if regime == "near":
        offset = 10.0 ** rng.uniform(-12, -1, (2, NUM_CASES)) * rng.choice([-1, 1], (2, NUM_CASES))
        p_loc, p_scale = loc * (1 + offset[0]), scale * (1 + offset[1])
        p_loc[::3] = loc[::3]
        p_scale[1::3] = scale[1::3]
    if regime == "extreme":
        scale, p_scale = 10.0 ** rng.uniform(-20, 20, (2, NUM_CASES))
    return loc, scale, p_loc, p_scale


def worst_relative_error(values, truths, dtype):
    """Over the cases whose true value the dtype represents with full precision, or whose value must be infinite."""
    info, errors = np.finfo(dtype), []
    for value, truth in zip(values, truths, strict=True):
        if truth > info.max:
            errors.append(0.0 if np.isposinf(value) else math.inf)
        elif truth == 0 or truth >= info.smallest_normal:
            errors.append(float(abs(mpmath.mpf(float(value)) - truth) / (truth or 1)))
    assert len(errors) > NUM_CASES / 2
    return max(errors)


def test_kl_divergence_is_the_defining_integral(point, kl_by_definition, kl_100_digits):
    truth = kl_by_definition(*point)
    assert float(normal.kl_divergence(*point)) == pytest.approx(float(truth), rel=1e-15, abs=0)
    # The oracle of the accuracy tests is measured by the same integral.
    assert abs(kl_100_digits(*point) - truth) < 1e-25


def test_kl_divergence_wrong_twin_is_not_the_integral(point, wrong_twin, kl_by_definition):
    truth = float(kl_by_definition(*point))
    assert abs(wrong_twin(*point) - truth) > 1e-2 * truth


@pytest.mark.parametrize("dtype", CLAIM, ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize("regime", ["moderate", "near", "extreme"])
@pytest.mark.parametrize("convert", [np.asarray, torch.as_tensor], ids=["numpy", "torch"])
def test_kl_divergence_accuracy(regime, dtype, convert, seed, kl_100_digits):
    parameters = [p.astype(dtype) for p in random_parameters(regime, np.random.default_rng(seed))]
    with np.errstate(over="ignore"):  # float32 has no 1e79
        values = normal.kl_divergence(*map(convert, parameters))
    assert np.asarray(values).dtype == dtype
    truths = [kl_100_digits(*case) for case in zip(*parameters, strict=True)]
    assert worst_relative_error(np.asarray(values), truths, dtype) <= CLAIM[dtype][regime]


def test_accuracy_test_rejects_the_textbook_expression(seed, kl_100_digits):
    m, s, n, t = parameters = random_parameters("near", np.random.default_rng(seed))
    values = np.log(t / s) + (s**2 + (m - n) ** 2) / (2 * t**2) - 0.5
    truths = [kl_100_digits(*case) for case in zip(*parameters, strict=True)]
    assert worst_relative_error(values, truths, np.float64) > 1.0


@relaxed
@given(locs, scales, locs, scales)
def test_kl_divergence_is_zero_iff_equal(m, s, n, t):
    assume(m == n or abs(m - n) > 1e-150 * t)  # below, the square underflows
    value = float(normal.kl_divergence(m, s, n, t))
    assert value >= 0.0
    assert (value == 0.0) == (m == n and s == t)
    assert float(normal.kl_divergence(m, s, m, s)) == 0.0


@relaxed
@given(sixty_fourths, positive_sixty_fourths, sixty_fourths, positive_sixty_fourths, sixty_fourths, powers_of_two)
def test_kl_divergence_is_affine_invariant(m, s, n, t, shift, stretch):
    moved = normal.kl_divergence(stretch * m + shift, stretch * s, stretch * n + shift, stretch * t)
    assert float(moved) == pytest.approx(float(normal.kl_divergence(m, s, n, t)), rel=1e-14, abs=0)


def test_entropy_is_not_affine_invariant():
    """The property above can fail: it distinguishes a divergence from an entropy."""
    assert float(normal.entropy(2.0)) != pytest.approx(float(normal.entropy(1.0)), rel=0.1, abs=0)


def test_entropy_and_cross_entropy_are_their_integrals(point):
    m, s, n, t = point
    with mpmath.workdps(30):
        grid = mpmath.linspace(m - 15 * s, m + 15 * s, 13)
        entropy = -mpmath.quad(lambda z: mpmath.npdf(z, m, s) * mpmath.log(mpmath.npdf(z, m, s)), grid)
        cross = -mpmath.quad(lambda z: mpmath.npdf(z, m, s) * mpmath.log(mpmath.npdf(z, n, t)), grid)
    assert float(normal.entropy(s)) == pytest.approx(float(entropy), rel=1e-14, abs=0)
    assert float(normal.cross_entropy(m, s, n, t)) == pytest.approx(float(cross), rel=1e-14, abs=0)
    # The twin: q and p exchanged.
    assert float(normal.cross_entropy(n, t, m, s)) != pytest.approx(float(cross), rel=1e-2, abs=0)


@pytest.mark.parametrize("value", [-3.0, 0.25, 40.0])
def test_log_prob_is_the_log_of_the_density(point, value):
    loc, scale = point[:2]
    with mpmath.workdps(30):
        density = mpmath.exp(-((mpmath.mpf(value) - loc) ** 2) / (2 * mpmath.mpf(scale) ** 2))
        truth = float(mpmath.log(density / mpmath.sqrt(2 * mpmath.pi * mpmath.mpf(scale) ** 2)))
    assert float(normal.log_prob(value, loc, scale)) == pytest.approx(truth, rel=1e-14, abs=0)
    assert float(normal.log_prob(value, loc, scale**2)) != pytest.approx(truth, rel=1e-2, abs=0)


def test_log_prob_is_analytic(point):
    """Cauchy's integral formula: the mean over a circle in the complex plane is the value at its centre."""
    value, loc, scale, _ = np.asarray(point)[[2, 0, 1, 3]]
    circle = 0.1 * np.exp(2j * np.pi * np.arange(64) / 64)
    centre = normal.log_prob(value, loc, scale)
    for around in ((value + circle, loc, scale), (value, loc + circle, scale), (value, loc, scale + circle)):
        assert normal.log_prob(*around).mean() == pytest.approx(centre, rel=1e-13, abs=0)
    with_modulus = -(abs(value + circle - loc) ** 2) / (2 * scale**2) - np.log(scale) - np.log(2 * np.pi) / 2
    assert with_modulus.mean() != pytest.approx(centre, rel=1e-4, abs=0)


def near_equal_and_generic(seed):
    near = random_parameters("near", np.random.default_rng(seed))
    moderate = random_parameters("moderate", np.random.default_rng(seed))
    return [np.concatenate(pair)[::5] for pair in zip(near, moderate, strict=True)]


def true_gradient(m, s, n, t):
    """Of the textbook expression, differentiated by hand and evaluated at 100 digits."""
    m, s, n, t = map(mpmath.mpf, (m, s, n, t))
    shift = (m - n) / t**2
    return shift, s / t**2 - 1 / s, -shift, 1 / t - (s**2 + (m - n) ** 2) / t**3


def test_torch_gradient_of_kl_divergence(seed):
    cases = near_equal_and_generic(seed)
    tensors = [torch.tensor(c, requires_grad=True) for c in cases]
    gradients = torch.autograd.grad(normal.kl_divergence(*tensors).sum(), tensors)
    with mpmath.workdps(100):
        for *case, in_m, in_s, in_n, in_t in zip(*cases, *gradients, strict=True):
            truth = true_gradient(*map(float, case))
            # In p_scale two terms of opposite sign may cancel; what can be kept is the precision of the terms.
            floor = float(abs(truth[0])) * 1e-9
            for computed, exact in zip((in_m, in_s, in_n, in_t), truth, strict=True):
                assert float(computed) == pytest.approx(float(exact), rel=1e-9, abs=floor)


def test_textbook_gradient_is_wrong_near_equality():
    p_scale = torch.tensor([1.5, 2.0, 3.0], dtype=torch.float64).sqrt()
    stable, usual = (((1 + 1.7e-12) * p_scale).requires_grad_() for _ in range(2))
    normal.kl_divergence(0.0, stable, 0.0, p_scale).sum().backward()
    (torch.log(p_scale / usual) + usual**2 / (2 * p_scale**2) - 0.5).sum().backward()
    with mpmath.workdps(100):
        pairs = zip(stable.tolist(), p_scale.tolist(), strict=True)
        truth = torch.tensor([float(true_gradient(0, s, 0, t)[1]) for s, t in pairs], dtype=torch.float64)
    assert torch.allclose(stable.grad, truth, rtol=1e-9, atol=0)
    assert not torch.allclose(usual.grad, truth, rtol=1e-6, atol=0)


@pytest.mark.parametrize(("q_scale", "p_scale"), [(1e-20, 1e20), (1e-20, 1.0), (1e20, 1e-20), (1.0, 1e20)])
def test_gradient_is_finite_at_extremes(q_scale, p_scale):
    q, p = (torch.tensor(s, dtype=torch.float64, requires_grad=True) for s in (q_scale, p_scale))
    normal.kl_divergence(0.5, q, 0.25, p).backward()
    with mpmath.workdps(100):
        _, in_q, _, in_p = true_gradient(0.5, q_scale, 0.25, p_scale)
    assert q.grad.item() == pytest.approx(float(in_q), rel=1e-9, abs=0)
    assert p.grad.item() == pytest.approx(float(in_p), rel=1e-9, abs=0)


@pytest.mark.parametrize("dtype", CLAIM, ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize("convert", [np.asarray, torch.as_tensor], ids=["numpy", "torch"])
def test_standard_form_accuracy(dtype, convert, seed):
    rng = np.random.default_rng(seed)
    tiny = 10.0 ** rng.uniform(-12, 0, NUM_CASES) * rng.choice([-1, 1], NUM_CASES)
    log_variance = np.concatenate([rng.normal(size=NUM_CASES), tiny, rng.uniform(-80, 80, NUM_CASES)]).astype(dtype)
    loc = (
        rng.normal(size=log_variance.size) * np.minimum(abs(log_variance), 1) * rng.integers(0, 2, log_variance.size)
    ).astype(dtype)
    values = np.asarray(normal.kl_divergence_standard(convert(loc[:, None]), convert(log_variance[:, None])))
    with mpmath.workdps(100):
        pairs = [(mpmath.mpf(float(m)), mpmath.mpf(float(v))) for m, v in zip(loc, log_variance, strict=True)]
        truths = [(m**2 + mpmath.exp(v) - 1 - v) / 2 for m, v in pairs]
        assert worst_relative_error(values, truths, dtype) <= CLAIM[dtype]["near"]
        usual = (np.exp(log_variance) - 1 - log_variance + loc**2) / 2
        assert worst_relative_error(usual, truths, dtype) > 0.1


def test_standard_form_is_a_sum_of_divergences():
    loc, scale = np.array([[0.7, -1.1, 0.2], [0.0, 3.0, -0.4]]), np.array([[0.4, 2.3, 1.1], [0.9, 0.2, 1.7]])
    value = normal.kl_divergence_standard(loc, 2 * np.log(scale))
    expected = normal.kl_divergence(loc, scale, 0.0, 1.0).sum(axis=-1)
    assert value.shape == (2,)
    assert value == pytest.approx(expected, rel=1e-14, abs=0)
    # The twin: a log standard deviation where a log variance belongs.
    assert normal.kl_divergence_standard(loc, np.log(scale)) != pytest.approx(expected, rel=1e-2, abs=0)


def test_standard_form_gradient(seed):
    rng = np.random.default_rng(seed)
    tiny = 10.0 ** rng.uniform(-12, 0, 50) * rng.choice([-1, 1], 50)
    log_variance = torch.tensor(np.concatenate([[0.0], tiny, rng.uniform(-40, 40, 50)]), requires_grad=True)
    loc = torch.tensor(rng.normal(size=101), requires_grad=True)
    normal.kl_divergence_standard(loc, log_variance).backward()
    expected = torch.expm1(log_variance.detach()) / 2
    torch.testing.assert_close(log_variance.grad, expected, rtol=1e-9, atol=0)
    torch.testing.assert_close(loc.grad, loc.detach(), rtol=1e-15, atol=0)


@pytest.mark.parametrize(("dtype", "claim"), [(torch.float64, 1e-9), (torch.float32, 1e-6)])
@pytest.mark.parametrize("scale", [0.7, 2.3])
def test_hessian_at_equality_is_the_fisher_information(scale, dtype, claim):
    """Of loc and scale; and of loc and log-variance in the VAE form, whose p has them 0."""

    def hessian(function, *values):
        point = torch.tensor(values, dtype=dtype)
        found = torch.autograd.functional.hessian(lambda q: function(*q), point)
        assert found.dtype == dtype
        return found.double()

    square = float(torch.tensor(scale, dtype=dtype)) ** 2
    information = torch.diag(torch.tensor([1.0, 2.0], dtype=torch.float64) / square)
    p = torch.tensor([0.3, scale], dtype=dtype)
    at_equality = hessian(lambda m, s: normal.kl_divergence(m, s, p[0], p[1]), 0.3, scale)
    torch.testing.assert_close(at_equality, information, rtol=claim, atol=0)
    standard = hessian(lambda m, v: normal.kl_divergence_standard(m[None], v[None]), 0.0, 0.0)
    torch.testing.assert_close(standard, torch.diag(torch.tensor([1.0, 0.5]).double()), rtol=claim, atol=0)
    # The twin: beside equality it is another one.
    beside = hessian(lambda m, s: normal.kl_divergence(m, s, p[0], p[1]), 0.3, 1.1 * scale)
    assert abs(beside[1, 1] - information[1, 1]) > 0.05 * information[1, 1]


def exact_standard(loc, log_variance):
    """In float64, of parameters of float32: the excess by its series where the subtraction loses digits."""
    m, v = loc.double(), log_variance.double()
    series = sum(v**k / math.factorial(k) for k in range(2, 9))
    return 0.5 * (m * m + torch.where(v.abs() < 0.05, series, torch.expm1(v) - v)).sum(-1)


def standard_rows(dimension, seed):
    """Many rows: generic, of one summand, small, of large log-variances, and just large enough for the subtraction."""
    generator = torch.Generator().manual_seed(seed)
    for loc_scale, scale, shift in (
        (1, 1, 0),
        (0.1, 1, 0),
        (1e-3, 1e-3, 0),
        (0, 8, 0),
        (0, 0.02, 0.63),
        (0, 0.02, -0.79),
    ):
        noise = torch.randn(2, 30_000, dimension, generator=generator)
        yield loc_scale * noise[0], scale * noise[1] + shift


@pytest.mark.filterwarnings("ignore")  # torch's own, on what it does not trace
@pytest.mark.parametrize("dimension", [1, 20, 64])
def test_standard_form_of_many_rows_in_float32(dimension, seed):
    traced = torch.compile(normal.kl_divergence_standard, backend="eager")
    worst = dict.fromkeys(("eager", "traced", "numpy"), 0.0)
    for loc, log_variance in standard_rows(dimension, seed):
        exact = exact_standard(loc, log_variance)
        values = {
            "eager": normal.kl_divergence_standard(loc, log_variance),
            "traced": traced(loc, log_variance),
            "numpy": torch.as_tensor(normal.kl_divergence_standard(loc.numpy(), log_variance.numpy())),
        }
        for name, value in values.items():
            assert value.dtype == torch.float32
            worst[name] = max(worst[name], ((value.double() - exact) / exact).abs().max().item())
    assert max(worst.values()) <= CLAIM[np.float32]["moderate"], worst


def test_rows_that_are_added_in_float32_miss_the_claim(seed):
    """The twin of the widened sum, and that of the row that must be large enough for the subtraction."""
    errors = []
    for loc, log_variance in standard_rows(20, seed):
        exact = exact_standard(loc, log_variance)
        narrow = 0.5 * (loc * loc + excess(log_variance)).sum(-1)
        subtraction = 0.5 * (loc * loc + torch.expm1(log_variance) - log_variance).double().sum(-1)
        errors.append([((v.double() - exact) / exact).abs().max().item() for v in (narrow, subtraction)])
    assert max(narrow for narrow, _ in errors) > CLAIM[np.float32]["moderate"]
    assert errors[2][1] > 1e-5


def rows_of_few_terms(length, seed):
    """A million numbers each: large ones and small ones of very different sizes; and rows that are just large enough for a
    subtraction in float32, where its errors are largest."""
    generator = torch.Generator().manual_seed(seed)
    shape = (10**6 // length, length)

    def sizes(least, greatest):
        row = torch.empty(shape[0], 1).uniform_(least, greatest, generator=generator)
        return 10 ** (row + torch.empty(2, *shape).uniform_(-4, 0, generator=generator))

    yield tuple(sizes(-1, 0.7) * torch.randint(-1, 2, (2, *shape), generator=generator))
    loc, rate = sizes(-4, -0.3)
    yield loc, -rate
    for place, excess_there in ((0.4055, 0.0946), (1.6098, 2.391)):
        noise = torch.rand(2, *shape, generator=generator)
        loc = torch.zeros(shape)
        loc[:, 0] = (length * (0.5 + 0.01 * noise[0, :, 0] - excess_there)).clip(0).sqrt()
        yield loc, place * (1 + 1e-3 * noise[1])


def of_four_roundings(loc, log_variance):
    """The twin, for log-variances of size log 2 at most: four roundings in each excess, and rows are added in float32."""
    square = log_variance**2
    part = log_variance - square * (1 / 6 - square * (1 / 360 - square / 15120))
    total = loc[:, 0] * 0
    for term in (loc * loc + log_variance * part / (2 - part)).unbind(-1):
        total = total + term
    return 0.5 * total


@pytest.mark.filterwarnings("ignore")  # torch's own, on what it does not trace
@pytest.mark.parametrize("length", [2, 3, 5, 8])
def test_standard_form_of_terms_of_very_different_sizes(length, seed):
    traced = torch.compile(normal.kl_divergence_standard, backend="eager")
    errors = []
    for rows in rows_of_few_terms(length, seed):
        exact = exact_standard(*rows)
        values = (
            function(*rows).float().double() for function in (normal.kl_divergence_standard, traced, of_four_roundings)
        )
        errors.append([((value - exact) / exact)[exact > 0].abs().max().item() for value in values])
    assert max(max(ours) for *ours, _ in errors) <= CLAIM[np.float32]["moderate"], errors
    assert errors[1][-1] > CLAIM[np.float32]["moderate"], errors


def test_squares_that_float32_cannot_hold():
    loc = np.array([[2e19, 0.0]], np.float32)
    expected = 0.5 * np.square(loc.astype(np.float64)).sum(-1)
    traced = torch.compile(normal.kl_divergence_standard, backend="eager")
    for value in (
        normal.kl_divergence_standard(loc, 0 * loc),
        normal.kl_divergence_standard(torch.tensor(loc), torch.zeros(1, 2)),
        traced(torch.tensor(loc), torch.zeros(1, 2)),
    ):
        assert np.asarray(value) == pytest.approx(expected, rel=1e-7, abs=0)
    with np.errstate(over="ignore"):
        assert np.isinf(0.5 * np.square(loc[0, 0]))


@pytest.mark.parametrize("length", [1, 2, 8, 20])
def test_an_exponential_of_which_half_is_a_number(length):
    log_variance = torch.zeros(3, length)
    log_variance[:, 0] = torch.tensor([88.6, 89.4, 89.5])
    value = normal.kl_divergence_standard(torch.zeros(3, length), log_variance)
    exact = exact_standard(torch.zeros(3, length), log_variance)
    torch.testing.assert_close(value[:2].double(), exact[:2], rtol=2.5e-7, atol=0)
    assert value[2] == math.inf
    assert exact[2] > torch.finfo(torch.float32).max
    assert (0.5 * log_variance[1].exp()).sum() == math.inf  # the usual expression


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_shapes_broadcast_and_dtype_is_kept(dtype):
    loc, scale = torch.zeros(4, 1, dtype=dtype), torch.ones(3, dtype=dtype)
    results = [
        normal.log_prob(loc, 0.5, scale),
        normal.cross_entropy(loc, scale, 0.5, 2.0),
        normal.kl_divergence(loc, scale, 0.5, 2.0),
    ]
    assert all(r.shape == (4, 3) and r.dtype == dtype for r in results)
    assert normal.entropy(scale).dtype == normal.kl_divergence_standard(loc, loc).dtype == dtype
    assert normal.kl_divergence_standard(loc, loc).shape == (4,)
    assert normal.kl_divergence_standard(loc, torch.ones(1, dtype=torch.float64)).dtype == torch.float64


@pytest.mark.parametrize("q", [(0.7, 0.4), (-1.1, 2.3)])
def test_divergences_from_other_families(q):
    p = (-0.6, 1.3)
    with mpmath.workdps(25):
        loc, scale, m, b = map(mpmath.mpf, (*q, *p))
        densities = {
            normal.kl_divergence_laplace: lambda x: -abs(x - m) / b - mpmath.log(2 * b),
            normal.kl_divergence_gumbel: lambda x: -(x - m) / b - mpmath.exp(-(x - m) / b) - mpmath.log(b),
        }
        grid = sorted([*mpmath.linspace(loc - 12 * scale, loc + 12 * scale, 13), m])
        for function, log_p in densities.items():

            def integrand(x, log_p=log_p):
                density = mpmath.npdf(x, loc, scale)
                return density * (mpmath.log(density) - log_p(x))

            truth = float(mpmath.quad(integrand, grid))
            assert float(function(*q, *p)) == pytest.approx(truth, rel=1e-12, abs=0)
            # The twin: q and p exchange their parameters.
            assert float(function(*p, *q)) != pytest.approx(truth, rel=1e-2, abs=0)
