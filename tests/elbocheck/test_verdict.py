import pytest

from elbocheck.verdict import Finding, Verdict, exit_code, summary, tally


def finding(verdict: Verdict) -> Finding:
    return Finding("kl-normal", "closed form", "0.72 against 0.36", verdict, "q = N(0.7, 0.4), p = N(-0.6, 1.3)")


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ((Verdict.proved,), 0),
        ((Verdict.confirmed,), 0),
        ((Verdict.proved, Verdict.confirmed), 0),
        ((Verdict.undecided,), 3),
        ((Verdict.proved, Verdict.undecided, Verdict.confirmed), 3),
        ((Verdict.refuted,), 1),
        ((Verdict.undecided, Verdict.refuted), 1),
        ((Verdict.refuted, Verdict.undecided, Verdict.proved), 1),
    ],
)
def test_exit_code_is_that_of_the_worst_verdict(verdicts: tuple[Verdict, ...], code: int) -> None:
    assert exit_code(finding(verdict) for verdict in verdicts) == code


@pytest.mark.parametrize("function", [exit_code, tally, summary])
def test_no_findings_is_an_error_not_a_pass(function) -> None:
    with pytest.raises(ValueError, match="nothing was checked"):
        function([])


def test_summary_names_every_verdict_and_merges_none() -> None:
    verdicts = [Verdict.confirmed, Verdict.proved, Verdict.confirmed, Verdict.undecided]
    assert summary(map(finding, verdicts)) == "1 proved, 2 confirmed, 0 refuted, 1 undecided"


@pytest.mark.parametrize("detail", ["", "  "])
def test_a_refutation_without_counterexample_is_rejected(detail: str) -> None:
    with pytest.raises(ValueError, match=r"kl-normal, closed form: .* must show its counterexample"):
        Finding("kl-normal", "closed form", "0.72 against 0.36", Verdict.refuted, detail)


def test_other_verdicts_need_no_detail() -> None:
    others = set(Verdict) - {Verdict.refuted}
    assert {Finding("kl-normal", "closed form", "0.72", verdict).verdict for verdict in others} == others
