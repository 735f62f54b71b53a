"""Assertions for a test suite."""

from elbocheck.auditing import assert_elbo

__all__ = ["assert_elbo"]
