"""The closed forms on JAX arrays, as they come and compiled, in a process that does not share JAX's settings."""

import importlib.util
import os
import subprocess
import sys

import pytest

SCRIPT = """
import jax
import numpy as np

jax.config.update("jax_enable_x64", True)
from tests.numerics.reference import CLAIM, FAMILIES, REGIMES, relative_errors

for name, family in FAMILIES.items():
    compiled = jax.jit(family.function)  # once for a dtype: all regimes go through it together
    for dtype in CLAIM:
        cases = [family.parameters(regime, dtype, np.random.default_rng(SEED), 20) for regime in REGIMES]
        arrays = [jax.numpy.asarray(np.concatenate(parameters)) for parameters in zip(*cases)]
        for function in (family.function, compiled):
            values = np.asarray(function(*arrays))
            assert values.dtype == dtype, (name, values.dtype)
            for regime, parameters, found in zip(REGIMES, cases, np.split(values, len(REGIMES))):
                errors = relative_errors(found, family.truths(parameters), dtype)
                assert errors.max() <= CLAIM[dtype][regime] * SCALE, (name, regime, dtype)
"""


def run(seed, scale):
    script = SCRIPT.replace("SEED", str(seed)).replace("SCALE", scale)
    environment = os.environ | {"JAX_PLATFORMS": "cpu"}
    return subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True, env=environment)


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")
def test_every_family_in_every_regime(seed):
    done = run(seed, "1")
    assert done.returncode == 0, done.stderr[-2000:]
    refused = run(seed, "1e-6")  # the twin: a claim that rounding alone breaks
    assert "AssertionError: ('normal'" in refused.stderr
