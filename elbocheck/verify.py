"""The main job: prove the identities, confront the witnesses, train on digits, check the trained network, report."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from derivations.catalogue import prove
from derivations.certificate import export
from derivations.derivation import Derivation, StepError
from derivations.document import fragment, main
from derivations.kernel import KernelError
from derivations.latex import text
from derivations.replay import replay
from elbocheck import agreement, family_agreement, network, report, witness
from elbocheck.atomic import write_text
from elbocheck.evaluation import plane_identity
from elbocheck.gallery import Subject, pictures
from elbocheck.progress import Begin, silent
from elbocheck.proof_page import view
from elbocheck.training import few_threads
from elbocheck.verdict import Finding, Verdict, summary
from numerics.calibrated import Budget
from vae_min.config import EXERCISE
from vae_min.data import Dataset, fixed_binarisation
from vae_min.evaluate import Identity
from vae_min.model import Autoencoder, VariationalAutoencoder
from vae_min.train import Run, train

# what each proof must prove, written a second time: a script that proved something else would not do
STATEMENTS = {
    "elbo-gap": "log p(x) = E_{z ~ q(z | x)}[log p(x | z)] - KL(q(z | x) || p(z)) + KL(q(z | x) || p(z | x))",
    "normal-negative-entropy": "int N_J(z; mu, diag sigma^2) log N_J(z; mu, diag sigma^2) dz"
    " = -(J / 2) log(2 pi) - (1 / 2) sum_{j=1}^J (log sigma_j^2 + 1)",
    "normal-cross-entropy": "int N_J(z; mu, diag sigma^2) log N_J(z; 0, I) dz"
    " = -(J / 2) log(2 pi) - (1 / 2) sum_{j=1}^J (mu_j^2 + sigma_j^2)",
    "kl-normal-standard": "-KL(N_J(z; mu, diag sigma^2) || N_J(z; 0, I))"
    " = (1 / 2) sum_{j=1}^J (1 + log sigma_j^2 - mu_j^2 - sigma_j^2)",
}
NUM_SAMPLES = 2**20  # of the reparameterised estimator
NUM_KL_SAMPLES = 10_000  # of each test image's KL
NUM_LOSS_IMAGES = 64
NUM_IDENTITY_IMAGES = 128


@dataclass(frozen=True)
class Outcome:
    """What a run of `verify` found: every witness's word, further numbers by name, and where the report is."""

    data: str
    seed: int
    findings: tuple[Finding, ...]
    numbers: dict[str, str]
    report: Path


def verify(dataset: Dataset, out: Path, *, seed: int = 0, begin: Begin = silent) -> Outcome:
    """Run the whole chain on a data set and write ``report.html``, the LaTeX and the figures below `out`.

    Parameters
    ----------
    dataset
        Images of digits; the preset of its name is trained.
    out
        Folder for what is written; made if need be.
    seed
        Of every random number; the same seed gives the same numbers.
    begin
        Shows progress.

    Raises
    ------
    OSError
        If a file cannot be written.
    vae_min.train.TrainingError
        If training leaves the finite numbers.
    """
    (out / "derivations").mkdir(parents=True, exist_ok=True)  # an unusable folder is known before the work
    for stale in ("report.html", "verify.md"):  # an earlier run's verdict must not outlive a run that fails
        (out / stale).unlink(missing_ok=True)
    budget = Budget()
    derivations, findings = prove_all(begin)
    for slug, derivation in derivations.items():
        write_text(out / "derivations" / f"{slug}.tex", fragment(derivation))
    write_text(out / "derivations" / "main.tex", main(derivations))
    families, proved = prove_families(begin)
    findings += [*proved, *confront(derivations, seed, budget, begin)]
    findings += confront_families(families, seed, budget, begin)
    with few_threads(dataset):
        autoencoder, vae = (_train(c, dataset, seed, begin) for c in (Autoencoder, VariationalAutoencoder))
        checked, numbers, identity = check(vae, dataset, seed, budget, begin)
    findings += checked
    whole = report.Report(
        title="elbocheck: is the ELBO right?",
        data=dataset.name,
        seed=seed,
        versions=_versions(),
        findings=tuple(family_agreement.condensed(findings)),
        proofs=tuple(map(view, derivations.values())),
        figures=_draw(out, autoencoder, vae, identity, dataset, seed),
        numbers=numbers,
    )
    write_text(out / "verify.md", table(findings))
    report.write(whole, out / "report.html")
    return Outcome(dataset.name, seed, tuple(findings), numbers, out / "report.html")


def prove_all(begin: Begin = silent) -> tuple[dict[str, Derivation], list[Finding]]:
    """Prove every identity of the table; one whose proof fails is reported with the step that did not hold."""
    return _prove_each("prove", STATEMENTS, lambda d: "; ".join(text(t.conclusion) for t in d.theorems), begin)


def prove_families(begin: Begin = silent) -> tuple[dict[str, Derivation], list[Finding]]:
    """Prove the identities of named families; what the right side of the first theorem says is for its witnesses to judge."""
    statements = {i.slug: i.statement for i in family_agreement.identities()}
    return _prove_each("prove the families", statements, lambda d: text(d.theorems[0].sides[0]), begin)


def _prove_each(
    name: str, statements: Mapping[str, str], read: Callable[[Derivation], str], begin: Begin
) -> tuple[dict[str, Derivation], list[Finding]]:
    derivations: dict[str, Derivation] = {}
    findings: list[Finding] = []
    with begin(name, len(statements)) as advance:
        for slug, statement in statements.items():
            try:
                derivation = prove(slug)
                rules = replayed(derivation)
                proved = read(derivation)
                if proved != statement:
                    raise StepError(f"{slug}: proves {proved}, not {statement}")
            except (StepError, KernelError) as error:
                findings.append(Finding(slug, "kernel", "not proved", Verdict.undecided, str(error)))
            else:
                derivations[slug] = derivation
                figure = f"{len(derivation.steps)} steps, {rules} rule applications, replayed"
                findings.append(Finding(slug, "kernel", figure, Verdict.proved))
            advance(1)
    return derivations, findings


def replayed(derivation: Derivation) -> int:
    """The number of rule applications of a proof, each done again by the kernel from its JSON certificate.

    Raises
    ------
    derivations.kernel.KernelError
        If a rule does not apply, or the certificate proves another theorem.
    """
    certificate = json.loads(json.dumps(export(*derivation.theorems)))
    pairs = zip(replay(certificate), derivation.theorems, strict=True)
    if any((found.hypotheses, found.conclusion) != (t.hypotheses, t.conclusion) for found, t in pairs):
        raise KernelError(f"{derivation.slug}: the certificate proves another theorem")
    return len(certificate["steps"])


def confront(derivations: dict[str, Derivation], seed: int, budget: Budget, begin: Begin = silent) -> list[Finding]:
    """Confront the witnesses of the identities of normal distributions."""
    with begin("confront", 2) as advance:
        findings = agreement.confront_normal_integrals(derivations)
        advance(1)
        findings += agreement.confront_kl_normal_standard(
            derivations.get("kl-normal-standard"), seed=seed, num_samples=NUM_SAMPLES, budget=budget
        )
        advance(1)
    return findings


def confront_families(
    derivations: dict[str, Derivation], seed: int, budget: Budget, begin: Begin = silent
) -> list[Finding]:
    """Confront the witnesses of the identities of named families."""
    with begin("confront the families", len(list(family_agreement.identities()))) as advance:
        return family_agreement.confront_families(derivations, seed=seed, budget=budget, advance=advance)


def _train(model_class: type[Any], dataset: Dataset, seed: int, begin: Begin) -> Run[Any]:
    config = replace(EXERCISE[dataset.name], seed=seed)
    name = "train the VAE" if model_class is VariationalAutoencoder else "train the autoencoder"
    with begin(name, config.epochs) as advance:
        return train(model_class, config, dataset, on_epoch=lambda epoch: advance(1))


def check(
    run: Run[VariationalAutoencoder], dataset: Dataset, seed: int, budget: Budget, begin: Begin = silent
) -> tuple[list[Finding], dict[str, str], Identity]:
    """The identities on the trained VAE: findings, the mean ELBO and evidence as further numbers, and their terms."""
    x = fixed_binarisation(dataset.test.images, seed=seed)
    with begin("check the KL of each test image", len(x)) as advance:
        findings = network.check_kl(
            witness.kl_witnesses(run.model, x, num_samples=NUM_KL_SAMPLES, seed=seed), budget, advance
        )
    findings.append(network.check_loss(witness.loss_witness(run.model, run.config, x[:NUM_LOSS_IMAGES], seed=seed)))
    few = x[:NUM_IDENTITY_IMAGES]
    with begin("check log p(x) = ELBO + KL on the plane", len(few)) as advance:
        identity = plane_identity(run.model, few, advance)
    findings += network.check_identity(identity)
    numbers = {
        "false alarms of all statistical lines together": f"at most {budget.total:g}",
        f"mean ELBO of {len(few)} test images": f"{identity.elbo.value.mean():.4f} nats",
        "mean log p(x) of the same": f"{identity.log_evidence.value.mean():.4f} nats",
        "mean KL(q || p(z|x)) of the same": f"{identity.posterior_kl.value.mean():.4f} nats",
    }
    return findings, numbers, identity


def _draw(
    out: Path,
    autoencoder: Run[Autoencoder],
    vae: Run[VariationalAutoencoder],
    identity: Identity,
    dataset: Dataset,
    seed: int,
) -> list[report.Figure]:
    """Write the figures below `out`, as PNG and SVG; the report holds the PNG."""
    subjects = {
        "autoencoder": Subject(autoencoder.model, autoencoder.history),
        "VAE": Subject(vae.model, vae.history, identity),
    }
    shown = []
    for picture in pictures(subjects, dataset, seed=seed):
        png = next(path for path in picture.save(out) if path.suffix == ".png")
        shown.append((picture.title, picture.caption, png.read_bytes(), "image/png"))
    return shown


def table(findings: Sequence[Finding]) -> str:
    """The table in Markdown, with what each refuted or undecided line has to say, and the tally of its lines."""
    findings = family_agreement.condensed(findings)
    rows = [
        (f"`{f.identity}`", *(t.replace("|", "\\|") for t in (f.witness, f.figure)), str(f.verdict)) for f in findings
    ]
    header = ["| identity | witness | figure | verdict |", "| --- | --- | --- | --- |"]
    details = [f"\n{f.identity}, {f.witness}: {f.detail}" for f in findings if f.detail]
    lines = [*header, *(f"| {' | '.join(row)} |" for row in rows), *details, "", summary(findings)]
    return "\n".join(lines) + "\n"


def _versions() -> dict[str, str]:
    names = ("elbocheck", "sympy", "numpy", "torch", "python-flint")
    return {
        "Python": platform.python_version(),
        **{n: version(n) for n in names},
        "threads": str(torch.get_num_threads()),
    }
