"""Exit codes of an audit."""

import pytest

from vae_min.audit.effective import Audit, Effective
from vae_min.audit.finding import Finding

ERROR, NOTE = Finding("reported-sign", "m", "e"), Finding("grey-values", "m", "e")


@pytest.mark.parametrize(
    ("verdict", "findings", "code"),
    [
        ("elbo", (), 0),
        ("elbo", (NOTE,), 0),
        ("elbo", (NOTE, ERROR), 1),
        ("weighted", (), 1),
        ("not-elbo", (NOTE,), 1),
        ("undecided", (NOTE,), 3),
    ],
)
def test_only_a_bound_without_errors_passes(verdict, findings, code) -> None:
    assert Audit(verdict, findings, Effective()).exit_code == code
