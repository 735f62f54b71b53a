"""What a loss amounts to: the model and the bound that it optimises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vae_min.audit.finding import Finding

Verdict = Literal["elbo", "weighted", "not-elbo", "undecided"]


@dataclass(frozen=True)
class Effective:
    """loss = reconstruction * (-log p(x|z)) + kl * KL(q || p) + constant, in nats per example; None where not known.

    Parameters
    ----------
    reconstruction, kl, constant : float or None
    likelihood : str or None
    variance : float or None
        Of a normal likelihood whose variance is fixed (for Laplace, its scale).
    beta : float or None
        kl / reconstruction, unless a fixed variance takes it up.
    sampler, kl_reading : str or None
        How the sampler and the KL divergence read the second head.
    summed : bool
        Whether the loss is a sum over the batch: then it is the batch's size times the above.
    """

    reconstruction: float | None = None
    kl: float | None = None
    constant: float | None = None
    likelihood: str | None = None
    variance: float | None = None
    beta: float | None = None
    sampler: str | None = None
    kl_reading: str | None = None
    summed: bool = False


@dataclass(frozen=True)
class Audit:
    """The result of an audit."""

    verdict: Verdict
    findings: tuple[Finding, ...]
    effective: Effective

    @property
    def exit_code(self) -> int:
        """0 for an ELBO without errors, 3 where undecided, else 1: a weight that nobody declared counts as an error."""
        if self.verdict == "undecided":
            return 3
        return 1 if self.verdict != "elbo" or any(f.rank == "error" for f in self.findings) else 0
