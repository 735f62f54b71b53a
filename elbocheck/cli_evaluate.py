"""The commands `evaluate` and `figure`: what they read, what they print and write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elbocheck.cli_data import UnusableInput, trained_on, writing_into
from elbocheck.cli_display import as_objects, print_findings, progress, reader_may_leave

if TYPE_CHECKING:
    from elbocheck.checkpoint import Checkpoint
    from elbocheck.evaluation import Evaluation, Mean
    from vae_min.data import Dataset


def evaluate_command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder that `elbocheck train` wrote.")],
    num_importance_samples: Annotated[
        int, typer.Option("-k", "--num-importance-samples", min=1, help="Draws per image for log p(x).")
    ] = 5000,
    num_examples: Annotated[
        int | None, typer.Option(min=1, help="The first test images.", show_default="all of them")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder with the four MNIST files.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Of the binary test images and of all draws.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of the table.")] = False,
) -> None:
    """Evaluate a trained VAE on test images: ELBO, log evidence, and whether it obeys the identities."""
    from elbocheck.checkpoint import CheckpointError
    from elbocheck.evaluation import EvaluationError, evaluate
    from elbocheck.verdict import exit_code

    saved, dataset = _read(run, data_dir)
    try:
        with progress() as begin:
            found = evaluate(
                saved,
                dataset,
                num_importance_samples=num_importance_samples,
                num_examples=num_examples,
                seed=seed,
                begin=begin,
            )
    except (CheckpointError, EvaluationError) as error:
        raise UnusableInput(str(error)) from error
    with reader_may_leave():
        if as_json:
            print(json.dumps(document(found), indent=2))
        else:
            _print(found)
    raise typer.Exit(exit_code(found.findings))


def figure_command(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders that `elbocheck train` wrote.")],
    out: Annotated[Path, typer.Option(help="Folder for the figures.")] = Path("elbocheck-figures"),
    data_dir: Annotated[Path | None, typer.Option(help="Folder with the four MNIST files.")] = None,
    seed: Annotated[
        int, typer.Option(min=0, max=2**63 - 1, help="Of the draws from the prior and of binary test images.")
    ] = 0,
    num_gap_images: Annotated[
        int, typer.Option(min=0, help="Test images whose log p(x) is computed, with two latent dimensions.")
    ] = 128,
) -> None:
    """Draw codes, samples, manifold, reconstructions, gaps and training of runs on the same data, as PNG and SVG.

    Given an autoencoder and a VAE, in this order, the first figure is Figure 1 of the exercise.
    """
    from elbocheck.checkpoint import CheckpointError
    from elbocheck.gallery import pictures, subject

    saved, dataset = _read(runs[0], data_dir)
    saves = [saved, *(_saved(run) for run in runs[1:])]
    for other in saves[1:]:
        if other.data != saved.data:
            raise UnusableInput(f"{other.path}: trained on {other.data}, {saved.path} on {saved.data}; draw them apart")
    named = dict(zip(_names(saves), saves, strict=True))
    try:
        with writing_into(out), progress() as begin:
            out.mkdir(parents=True, exist_ok=True)  # what cannot be one is known before the work
            subjects = {
                name: subject(one, dataset, num_gap_images=num_gap_images, seed=seed, begin=begin)
                for name, one in named.items()
            }
            written = [path for picture in pictures(subjects, dataset, seed=seed) for path in picture.save(out)]
    except CheckpointError as error:
        raise UnusableInput(str(error)) from error
    with reader_may_leave():
        print(*written, sep="\n")


def _names(saves: list[Checkpoint]) -> list[str]:
    """A name for each run: its kind of model, with its folder where there are several of the kind."""
    kinds = ["VAE" if saved.model == "vae" else saved.model for saved in saves]
    names = [
        kind if kinds.count(kind) == 1 else f"{kind} {saved.path.parent.name}"
        for kind, saved in zip(kinds, saves, strict=True)
    ]
    for name, saved in zip(names, saves, strict=True):
        if names.count(name) > 1:
            raise UnusableInput(f"{saved.path}: a second run of the name {saved.path.parent.name!r}; rename its folder")
    return names


def _read(run: Path, data_dir: Path | None) -> tuple[Checkpoint, Dataset]:
    """A run and the data it was trained on."""
    saved = _saved(run)
    return saved, trained_on(saved, data_dir)


def _saved(run: Path) -> Checkpoint:
    from elbocheck import checkpoint

    try:
        return checkpoint.load(run)
    except checkpoint.CheckpointError as error:
        raise UnusableInput(str(error)) from error


def document(found: Evaluation) -> dict[str, Any]:
    """The evaluation as JSON has it; in nats."""
    from elbocheck.verdict import tally

    return {
        "model": found.model,
        "data": found.data,
        "epoch": found.epoch,
        "epochs": found.config.epochs,
        "objective": found.config.objective,
        "latent_dim": found.config.latent_dim,
        "binarisation": _binarisation(found),
        "seed": found.seed,
        "num_examples": found.num_examples,
        **_pair("elbo", found.elbo),
        **_pair("reconstruction", found.reconstruction),
        **_pair("kl", found.kl),
        "active_units": found.active_units,
        **_pair("log_evidence", found.log_evidence),
        "num_importance_samples": found.sampled.num_samples,
        "pareto_k_max": _finite(float(found.sampled.tail_shape.max())),
        "num_untrusted": int((~found.sampled.trusted).sum()),
        **_exact(found),
        "findings": as_objects(found.findings),
        "summary": {str(verdict): count for verdict, count in tally(found.findings).items()},
    }


def _pair(name: str, mean: Mean) -> dict[str, float | None]:
    return {name: _finite(mean.value), f"{name}_se": _finite(mean.standard_error)}


def _exact(found: Evaluation) -> dict[str, Any]:
    """What the exact evidence gives; nulls where there is none."""
    from elbocheck.evaluation import Mean

    names = (
        "exact_log_evidence",
        "exact_log_evidence_se",
        "exact_num_examples",
        "identity_gap_max",
        "quadrature_error_max",
    )
    if found.identity is None:
        return dict.fromkeys(names)
    mean = Mean.of(found.identity.log_evidence.value)
    gap, error = float(found.identity.gap.abs().max()), float(found.identity.error.max())
    values = (_finite(mean.value), _finite(mean.standard_error), len(found.identity.gap), _finite(gap), _finite(error))
    return dict(zip(names, values, strict=True))


def _finite(value: float) -> float | None:
    """JSON has no NaN and no infinity."""
    return value if abs(value) < float("inf") else None


def _binarisation(found: Evaluation) -> str:
    if found.config.decoder == "linear-normal" and found.config.binarisation == "none":
        return "none"
    return "threshold" if found.config.binarisation == "threshold" else f"each pixel drawn once, seed {found.seed}"


def _print(found: Evaluation) -> None:
    from elbocheck.evaluation import Mean
    from elbocheck.verdict import summary

    print_findings(found.findings)
    k = f"{found.sampled.num_samples:,}"
    lines = {
        "ELBO": found.elbo,
        "reconstruction": found.reconstruction,
        "KL(q || p(z))": found.kl,
        f"log p(x), k = {k}": found.log_evidence,
    }
    if found.identity is not None:
        exact = Mean.of(found.identity.log_evidence.value)
        lines[f"log p(x), exact, {len(found.identity.gap):,} images"] = exact
    width = max(map(len, lines))
    for name, mean in lines.items():
        print(f"{name:<{width}}  {mean.value:9.3f} +- {mean.standard_error:.3f} nats")
    print(f"{'active units':<{width}}  {found.active_units:5} of {found.config.latent_dim}\n")
    print(
        f"{found.num_examples:,} test images of {found.data} (binarisation: {_binarisation(found)}), epoch {found.epoch} of "
        f"{found.config.epochs}; +- is one standard error over images. Importance sampling is too small on average."
    )
    print(summary(found.findings))
