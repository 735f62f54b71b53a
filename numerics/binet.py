r"""
Binet's function :math:`\mu(t) = \log\Gamma(t) - (t - \tfrac12)\log t + t - \tfrac12\log 2\pi` as partial fractions.

Binet's second formula makes :math:`t\,\mu(t)` a Stieltjes function of :math:`1/t^2`,

.. math:: \mu(t) = \frac1\pi \int_0^\infty \frac{t}{t^2 + s^2} \log\frac{1}{1 - e^{-2\pi s}}\, ds .

Its rational interpolants have real nodes and positive weights: they are quadrature rules of that integral. So differences
of :math:`\mu` are differences of fractions, which are computed without cancellation; this is what digamma and
log-gamma, subtracted, cannot give.
"""

from numerics.array import Array, as_arrays

# (s_k^2, weight): the interpolant in 1/t^2 of t mu(t) at the 18 Chebyshev points of [0, 1], rounded to float64.
NODES = (
    (0.0032413165167265905, 0.061227416732910926),
    (0.05316053713396723, 0.015742985753105537),
    (0.1815302860779759, 0.004695953333409721),
    (0.4190641170848476, 0.00130428067533766),
    (0.8190471847925893, 0.0003036468653373966),
    (1.4777103479999694, 5.2872103683297595e-05),
    (2.576996113146283, 5.859203904202105e-06),
    (4.497885926361939, 3.1426294896621573e-07),
    (8.256435616749437, 4.4026954193596315e-09),
)


def binet_divergence(x: Array, y: Array, difference: Array) -> Array:
    r"""
    Bregman divergence of Binet's function, for arguments not below 1.

    Parameters
    ----------
    x, y : array
        At least 1, of one shape.
    difference : array
        x - y.

    Returns
    -------
    array
        :math:`\mu(x) - \mu(y) - \mu'(y)(x - y)`.

    Notes
    -----
    For one fraction :math:`t / (t^2 + \sigma)`,

    .. math:: \frac{x}{x^2 + \sigma} - \frac{y}{y^2 + \sigma} - (x - y) \frac{\sigma - y^2}{(y^2 + \sigma)^2}
        = \frac{(x - y)^2}{(x^2 + \sigma)(y^2 + \sigma)} \left(x - \frac{2 \sigma (x + y)}{y^2 + \sigma}\right).

    The second derivative of the sum differs from that of :math:`\mu` by at most :math:`10^{-15}` of
    :math:`\psi'(t) - 1/t` for every t from 1 on, hence the divergences of :math:`\mu(t) - \tfrac12 \log t` differ by
    no more, relatively.

    References
    ----------
    .. [1] NIST Digital Library of Mathematical Functions, eq. 5.9.11 (Binet's formulas).

    Examples
    --------
    >>> round(float(binet_divergence(2.0, 1.0, 1.0)), 12)
    0.037494894062
    """
    _, x, y, difference = as_arrays(x, y, difference)
    square_x, square_y, total = x * x, y * y, 2.0 * (x + y)
    result: Array = 0.0
    for node, weight in NODES:
        inverse = 1.0 / (square_y + node)
        result = result + weight * inverse * (difference / (square_x + node)) * (x - node * total * inverse)
    return difference * result


def binet_slope(x: Array, y: Array, difference: Array) -> Array:
    r"""
    Difference of the derivatives of Binet's function, for arguments not below 1.

    Parameters
    ----------
    x, y : array
        At least 1, of one shape.
    difference : array
        x - y.

    Returns
    -------
    array
        :math:`\mu'(x) - \mu'(y)`.

    Notes
    -----
    For one fraction, with :math:`A = 1/(x^2 + \sigma)` and :math:`B = 1/(y^2 + \sigma)`, it is
    :math:`(x - y)(x + y) A B \bigl(1 - 2 \sigma (A + B)\bigr)`.

    References
    ----------
    .. [1] NIST Digital Library of Mathematical Functions, eq. 5.9.11 (Binet's formulas).

    Examples
    --------
    >>> round(float(binet_slope(2.0, 1.0, 1.0)), 12)
    0.05685281944
    """
    _, x, y, difference = as_arrays(x, y, difference)
    square_x, square_y = x * x, y * y
    result: Array = 0.0
    for node, weight in NODES:
        a, b = 1.0 / (square_x + node), 1.0 / (square_y + node)
        result = result + weight * a * (1.0 - 2.0 * node * (a + b)) * (difference * b)
    return (x + y) * result


def binet_curvature(t: Array) -> Array:
    r"""
    Second derivative of Binet's function, for arguments not below 1.

    Parameters
    ----------
    t : array
        At least 1.

    Returns
    -------
    array
        :math:`\mu''(t)`; its error is as described for :func:`binet_divergence`.

    Notes
    -----
    For one fraction, with :math:`A = 1/(t^2 + \sigma)`, it is :math:`2 t A^2 (1 - 4 \sigma A)`.

    References
    ----------
    .. [1] NIST Digital Library of Mathematical Functions, eq. 5.9.11 (Binet's formulas).

    Examples
    --------
    >>> round(float(binet_curvature(1.0)), 12)  # pi^2/6 - 3/2
    0.144934066848
    """
    _, t = as_arrays(t)
    result: Array = 0.0
    for node, weight in NODES:
        a = 1.0 / (t * t + node)
        result = result + weight * (t * a) * a * (1.0 - 4.0 * node * a)
    return 2.0 * result


def binet_curvature_difference(x: Array, y: Array, difference: Array) -> Array:
    r"""
    Difference of the second derivatives of Binet's function, for arguments not below 1.

    Parameters
    ----------
    x, y : array
        At least 1, of one shape.
    difference : array
        x - y.

    Returns
    -------
    array
        :math:`\mu''(x) - \mu''(y)`.

    Notes
    -----
    With A and B as in :func:`binet_slope`, :math:`x A^n - y B^n = (x - y) \bigl(A^n - y (x + y) A B (A^{n-1} + A^{n-2} B
    + \dots + B^{n-1})\bigr)` for n = 2 and 3.

    References
    ----------
    .. [1] NIST Digital Library of Mathematical Functions, eq. 5.9.11 (Binet's formulas).

    Examples
    --------
    >>> round(float(binet_curvature_difference(2.0, 1.0, 1.0)), 12)
    -0.125
    """
    _, x, y, difference = as_arrays(x, y, difference)
    square_x, square_y = x * x, y * y
    result: Array = 0.0
    for node, weight in NODES:
        a, b = 1.0 / (square_x + node), 1.0 / (square_y + node)
        joint = (y * a) * ((x + y) * b)
        squares = a * a - joint * (a + b)
        cubes = a * a * a - joint * (a * a + a * b + b * b)
        result = result + weight * (squares - 4.0 * node * cubes)
    return 2.0 * difference * result
