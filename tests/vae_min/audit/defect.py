"""The defects that occur in public code, each a rewriting of a program's source."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from .site import SITES, Site

Edit = tuple[str, str]


@dataclass(frozen=True)
class Defect:
    """A finding's code, what was done, and the edits that do it, by program."""

    code: str
    name: str
    edits: dict[str, tuple[Edit, ...]] = field(default_factory=dict)
    also: frozenset[str] = frozenset()  # codes that say the same arithmetic with another cause


class InjectionError(ValueError):
    """An edit's fragment does not occur in the source once."""


def inject(source: str, *defects: tuple[Edit, ...]) -> str:
    """The source after all edits.

    Raises
    ------
    InjectionError
        If a fragment does not occur once.
    """
    for old, new in (edit for defect in defects for edit in defect):
        if source.count(old) != 1:
            raise InjectionError(f"{source.count(old)} places for {old!r}, not one")
        source = source.replace(old, new)
    return source


def _sites(*needed: str) -> Iterator[tuple[str, Site]]:
    for name, site in SITES.items():
        if all(getattr(site, need) for need in needed):
            yield name, site


def _scale(code: str, name: str, new: str) -> Defect:
    edits = {
        program: ((site.scale, new.format(scale=site.scale, v=f"({site.log_variance})")),)
        for program, site in _sites("scale", "log_variance")
    }
    return Defect(code, name, edits)


def _noise(code: str, name: str, new: str) -> Defect:
    return Defect(
        code,
        name,
        {p: ((s.noise, new.format(noise=s.noise, like=s.like)),) for p, s in _sites("noise", "like")},
    )


def _code(code: str, name: str, new: str) -> Defect:
    edits = {
        p: (
            (
                s.code,
                s.code.replace(
                    s.z,
                    f"({new.format(z=s.z, loc=s.code_loc)})" if s.z[0] == "(" else new.format(z=s.z, loc=s.code_loc),
                ),
            ),
        )
        for p, s in _sites("code", "code_loc")
    }
    return Defect(code, name, edits)


_KL = "0.5 * ({m} ** 2 + torch.exp({v}) - 1 - {v})"
_REDUCED = {"sum": ".sum()", "mean": ".mean()", "": ""}


def _kl(
    code: str, name: str, elements: str, after: str = "{kl}", latent: str = "sum", also=(), named: bool = False, but=()
) -> Defect:
    edits = {}
    for program, site in _sites("kl", "kl_loc", "kl_log_variance"):
        if program in but or (named and not site.kl_log_variance.isidentifier()):
            continue
        new = elements.format(m=site.kl_loc, v=f"({site.kl_log_variance})")
        rows = f"({new}).{latent}(dim=1){_REDUCED[site.kl_batch]}"
        edits[program] = ((site.kl, after.format(kl=f"({rows})", m=site.kl_loc)),)
    return Defect(code, name, edits, frozenset(also))


def _kl_batch(code: str, name: str, batch: str, new: str, also=()) -> Defect:
    edits = {}
    for program, site in _sites("kl", "kl_loc"):
        if (site.kl_batch or f"rows-{site.outer}") == batch:
            rows = _KL.format(m=site.kl_loc, v=f"({site.kl_log_variance})")
            edits[program] = ((site.kl, new.format(rows=f"({rows}).sum(dim=1)", m=site.kl_loc)),)
    return Defect(code, name, edits, frozenset(also))


def _reconstruction(
    code: str, name: str, new: str, batch: tuple[str, ...] = ("sum", "mean", ""), also=(), **needs
) -> Defect:
    edits = {}
    for program, site in _sites("reconstruction", "elements"):
        if site.reconstruction_batch not in batch or any(getattr(site, key) != value for key, value in needs.items()):
            continue
        elements = site.elements.format(output=site.output, x=site.x)
        reduced = new.format(
            elements=f"({elements})",
            output=site.output,
            x=site.x,
            batch=_REDUCED[site.reconstruction_batch],
            old=site.reconstruction,
        )
        edits[program] = ((site.reconstruction, reduced),)
    return Defect(code, name, edits, frozenset(also))


def _head(code: str, name: str, field_name: str, new: str) -> Defect:
    return Defect(
        code,
        name,
        {p: ((getattr(s, field_name), new.format(old=getattr(s, field_name))),) for p, s in _sites(field_name)},
    )


def _batch(code: str, name: str, new: str, **needs) -> Defect:
    edits = {
        p: ((s.batch, new.format(old=s.batch)),)
        for p, s in _sites("batch")
        if all(getattr(s, key) == value for key, value in needs.items())
    }
    return Defect(code, name, edits)


def _here(code: str, name: str, also=(), **programs: Edit | tuple[Edit, ...]) -> Defect:
    edits = {p: (e,) if isinstance(e[0], str) else e for p, e in programs.items()}
    return Defect(code, name, edits, frozenset(also))


_ROWS = "{elements}.flatten(1).sum(dim=1){batch}"
_LOGIT_BCE = 'F.binary_cross_entropy_with_logits({output}, {x}, reduction="none").flatten(1).sum(dim=1){batch}'
_TWICE = (
    'F.binary_cross_entropy_with_logits(torch.sigmoid({output}), {x}, reduction="none").flatten(1).sum(dim=1){batch}'
)
_CLIPPED = 'F.binary_cross_entropy({output}.clamp(1e-6, 1 - 1e-6), {x}, reduction="none").flatten(1).sum(dim=1){batch}'
_GUARDED = 'F.binary_cross_entropy({output}.clamp(0.2, 0.8), {x}, reduction="none").flatten(1).sum(dim=1){batch}'

SAMPLER = (
    _scale("sampler-scale-mismatch", "half an exponential", "0.5 * torch.exp({v})"),
    _scale("sampler-scale-mismatch", "exp of a log-variance", "torch.exp({v})"),
    _scale("sampler-scale-mismatch", "raw head", "{v}"),
    _scale("sampler-scale-mismatch", "softplus of a log-variance", "torch.nn.functional.softplus({v})"),
    _scale("sampler-scale-mismatch", "precision for variance", "torch.exp(-0.5 * {v})"),
    _scale("sampler-scale-mismatch", "scale squared", "({scale}) ** 2"),
    _scale("sampler-scale-mismatch", "square root of the scale", "torch.exp(0.25 * {v})"),
    _here(
        "sampler-scale-mismatch",
        "the sampler takes the scale for a log-variance",
        scale_head=("mu + sigma * noise", "mu + torch.exp(0.5 * sigma) * noise"),
        iwae=("mu + sigma * eps", "mu + torch.exp(0.5 * sigma) * eps"),
    ),
    _here(
        "sampler-scale-mismatch",
        "the sampler takes the scale for a variance",
        scale_head=("mu + sigma * noise", "mu + torch.sqrt(sigma) * noise"),
        iwae=("mu + sigma * eps", "mu + torch.sqrt(sigma) * eps"),
    ),
    _here(
        "sampler-scale-mismatch",
        "the sampler takes the variance for a scale",
        scale_head=("mu + sigma * noise", "mu + sigma**2 * noise"),
        iwae=("mu + sigma * eps", "mu + sigma**2 * eps"),
        distributions=("qz.rsample()", "qz.mean + qz.variance * torch.randn_like(qz.mean)"),
        learned_prior=("q_z.rsample()", "q_z.mean + q_z.variance * torch.randn_like(q_z.mean)"),
        continuous_bernoulli=("q.rsample()", "q.mean + q.variance * torch.randn_like(q.mean)"),
        lightning=("z = q.rsample()", "z = mu + torch.exp(log_var) * torch.randn_like(mu)"),
        subclass=(
            "std = logvar.mul(0.5).exp_()\n            eps",
            "std = logvar.exp()\n            eps",
        ),
    ),
    _here(
        "sampler-scale-mismatch",
        "claimed otherwise",
        scale_head=('head="scale"', 'head="log_variance"'),
        normal=('head="log_variance"', 'head="log_scale"'),
    ),
    _noise("noise-law", "uniform noise", "torch.rand_like({like})"),
    _noise("noise-law", "centred uniform noise of variance one", "12**0.5 * (torch.rand_like({like}) - 0.5)"),
    _noise("noise-law", "signs", "(2.0 * torch.randint(0, 2, {like}.shape) - 1)"),
    _here(
        "noise-law",
        "uniform noise",
        iwae_gradient=("torch.randn(inputs", "torch.rand(inputs"),
        subclass=("new(std.size()).normal_()", "new(std.size()).uniform_()"),
        distributions=("qz.rsample()", "qz.mean + qz.stddev * torch.rand_like(qz.mean)"),
    ),
    _noise("noise-shared", "one noise vector for the batch", "torch.randn({like}.shape[-1])"),
    _noise("noise-shared", "one noise number for all latents", "torch.randn_like({like}[..., :1])"),
    _here(
        "noise-shared",
        "one noise vector for the batch",
        distributions=("qz.rsample()", "qz.mean + qz.stddev * torch.randn_like(qz.mean[0])"),
        lightning=("q.rsample()", "mu + std * torch.randn(mu.shape[-1])"),
    ),
    _noise("noise-frozen", "reseeded noise", "(torch.manual_seed(0), {noise})[1]"),
    _noise(
        "noise-frozen",
        "a generator seeded in the loss",
        "torch.randn({like}.shape, generator=torch.Generator().manual_seed(1234))",
    ),
    _noise("noise-frozen", "one noise for all steps", "torch.linspace(-1.6, 1.7, {like}.numel()).view({like}.shape)"),
    _scale("gradient-cut", "detached scale", "({scale}).detach()"),
    _code("gradient-cut", "detached code", "({z}).detach()"),
    _here(
        "gradient-cut",
        "sample for rsample",
        distributions=("qz.rsample()", "qz.sample()"),
        lightning=("q.rsample()", "q.sample()"),
        continuous_bernoulli=("q.rsample()", "q.sample()"),
        learned_prior=("q_z.rsample()", "q_z.sample()"),
    ),
    Defect(
        "head-modified",
        "the head is halved in place",
        {p: ((s.scale, f"{s.log_variance}.mul_(0.5).exp()"),) for p, s in _sites("scale", "in_place")},
    ),
    Defect(
        "head-modified",
        "the head is exponentiated in place",
        {p: ((s.scale, f"{s.log_variance}.mul_(0.5).exp_()"),) for p, s in _sites("scale", "in_place")},
    ),
    _code("mean-in-training", "the decoder sees the mean", "{loc}"),
    _noise("mean-in-training", "noise times zero", "0 * {noise}"),
    Defect(
        "mean-in-evaluation",
        "no noise in eval mode",
        {p: ((s.noise, f"({s.noise} if {s.training} else 0.0)"),) for p, s in _sites("noise", "training")},
    ),
    _here(
        "mean-in-evaluation",
        "the mean in eval mode",
        subclass=("return mu + std * torch.randn_like(std)", "return mu"),
        tutorial=(
            "        std = torch.exp",
            "        if not self.training:\n            return mu\n        std = torch.exp",
        ),
    ),
    _head("head-range", "rectified log-variance", "head", "torch.relu({old})"),
    _head("head-range", "rectified mean", "loc_head", "torch.relu({old})"),
    _head("head-range", "sigmoid of the log-variance", "head", "torch.sigmoid({old})"),
    _here(
        "head-range",
        "a scale that can be zero",
        scale_head=("F.softplus(self.to_sigma(h)) + 1e-3", "F.relu(self.to_sigma(h))"),
    ),
)

KL = (
    _kl("kl-missing", "no divergence", "0.0 * {m}"),
    _here("kl-missing", "no divergence", distributions=("return log_px - kl", "return log_px")),
    _kl("kl-sign", "the divergence is subtracted from the loss", _KL, "-{kl}"),
    _here(
        "kl-sign",
        "the divergence is added to the bound",
        distributions=("log_px - kl\n", "log_px + kl\n"),
        learned_prior=("(log_p_x - kl)", "(log_p_x + kl)"),
        lightning=("elbo = kl - recon_loss", "elbo = -kl - recon_loss"),
        continuous_bernoulli=("(kl_divergence(q, p)", "(-kl_divergence(q, p)"),
        monte_carlo=("logpx_z + logpz - logqz_x", "logpx_z - logpz + logqz_x"),
    ),
    _kl("kl-latent-mean", "mean over the latents", _KL, latent="mean"),
    _here(
        "kl-latent-mean",
        "mean over the latents",
        distributions=(
            "kl = kl_divergence(qz, self.prior(qz))",
            "kl = kl_divergence(qz.base_dist, self.prior(qz).base_dist).mean(-1)",
        ),
        continuous_bernoulli=("kl_divergence(q, p).sum(-1)", "kl_divergence(q, p).mean(-1)"),
        learned_prior=("self.prior()).sum(-1)", "self.prior()).mean(-1)"),
        lightning=("kl.sum(-1)", "kl.mean(-1)"),
    ),
    _kl_batch("kl-batch-mean", "mean over the batch beside a sum", "sum", "({rows}).mean()"),
    _kl_batch("kl-batch-mean", "divided by the batch twice", "mean", "({rows}).mean() / {m}.shape[0]"),
    _kl_batch(
        "kl-batch-mean",
        "a mean over the batch and the latents",
        "sum",
        "({rows}).mean() / {m}.shape[1]",
        also=("kl-latent-mean",),
    ),
    _kl_batch(
        "kl-batch-sum", "sum over the batch beside a mean", "mean", "({rows}).sum()", also=("reconstruction-batch",)
    ),
    _kl_batch(
        "kl-batch-sum", "sum over the batch in each row", "rows-mean", "({rows}).sum()", also=("reconstruction-batch",)
    ),
    _kl_batch(
        "kl-batch-sum", "sum over the batch in each row", "rows-sum", "({rows}).sum()", also=("reconstruction-batch",)
    ),
    _here(
        "kl-batch-sum",
        "sum over the batch beside a mean",
        ("reconstruction-batch",),
        distributions=("return log_px - kl", "return log_px - kl.sum()"),
        learned_prior=("self.prior()).sum(-1)", "self.prior()).sum()"),
        continuous_bernoulli=("kl_divergence(q, p).sum(-1)", "kl_divergence(q, p).sum()"),
    ),
    _kl("kl-half", "no half", _KL, "2 * {kl}", but=("squared_error",)),  # there it makes the variance 1: no defect
    _kl("kl-term", "half on the square alone", "0.5 * {m} ** 2 + torch.exp({v}) - 1 - {v}"),
    _kl("kl-term", "half on the variance alone", "{m} ** 2 + 0.5 * (torch.exp({v}) - 1 - {v})"),
    _kl("kl-term", "lost log", "0.5 * ({m} ** 2 + torch.exp({v}) - 1)"),
    _kl("kl-term", "lost square of the mean", "0.5 * ({m} + torch.exp({v}) - 1 - {v})"),
    _kl("kl-term", "no mean", "0.5 * (torch.exp({v}) - 1 - {v})"),
    _kl("kl-term", "sign of the log", "0.5 * ({m} ** 2 + torch.exp({v}) - 1 + {v})"),
    _kl("kl-term", "variance without the exponential", "0.5 * ({m} ** 2 + {v} - 1 - {v})"),
    _kl(
        "kl-term",
        "square of the variance",
        "0.5 * ({m} ** 2 + torch.exp({v}) ** 2 - 1 - {v})",
        also=("sampler-scale-mismatch",),
    ),
    _kl("kl-arguments", "mean and log-variance swapped", "0.5 * ({v} ** 2 + torch.exp({m}) - 1 - {m})", named=True),
    _kl("kl-arguments", "q and p swapped", "0.5 * ((1 + {m} ** 2) / torch.exp({v}) - 1 + {v})"),
    _here(
        "kl-arguments",
        "q and p swapped",
        distributions=("kl_divergence(qz, self.prior(qz))", "kl_divergence(self.prior(qz), qz)"),
        learned_prior=("kl_divergence(q_z, self.prior())", "kl_divergence(self.prior(), q_z)"),
        continuous_bernoulli=("kl_divergence(q, p)", "kl_divergence(p, q)"),
    ),
    _kl("kl-log-base", "decimal logarithm", "0.5 * ({m} ** 2 + torch.exp({v}) - 1 - torch.log10(torch.exp({v})))"),
    _kl("kl-log-base", "binary logarithm", "0.5 * ({m} ** 2 + torch.exp({v}) - 1 - torch.log2(torch.exp({v})))"),
    _kl("kl-clamped", "free bits of each latent", "torch.clamp(" + _KL + ", min=0.5)"),
    _kl("kl-clamped", "at most 0.1 nats of each latent", "torch.clamp(" + _KL + ", max=0.1)"),
    _kl("kl-clamped", "absolute value against a target", "(" + _KL + " - 0.5).abs()"),
    _here(
        "kl-clamped",
        "absolute value of an estimate",
        lightning=("kl = log_qzx - log_pz", "kl = (log_qzx - log_pz).abs()"),
    ),
    _kl("kl-weight", "a small weight", _KL, "0.00025 * {kl}", also=("variance-mismatch",)),
    _kl("kl-weight", "a large weight", _KL, "5.0 * {kl}", also=("variance-mismatch",)),
    _here(
        "kl-weight",
        "a weight",
        distributions=("log_px - kl\n", "log_px - 0.1 * kl\n"),
        lightning=("elbo = kl - recon_loss", "elbo = 0.1 * kl - recon_loss"),
        learned_prior=("(log_p_x - kl)", "(log_p_x - 2.5 * kl)"),
        continuous_bernoulli=("(kl_divergence(q, p)", "(0.7 * kl_divergence(q, p)"),
    ),
    _here("kl-weight", "beta not declared", beta=("        beta=beta,\n", "")),
    _here(
        "kl-weight-stuck",
        "a step that is never counted",
        annealed=(("self.global_step = 600", "self.global_step = 50"), ("        self.global_step += 1\n", "")),
    ),
)

RECONSTRUCTION = (
    _reconstruction(
        "reconstruction-mean",
        "mean over the pixels",
        "{elements}.flatten(1).mean(dim=1){batch}",
        also=("reconstruction-reduction",),
    ),
    _here(
        "reconstruction-mean",
        "mean over the pixels",
        ("reconstruction-reduction",),
        monte_carlo=("-torch.sum(cross_ent, dim=1)", "-torch.mean(cross_ent, dim=1)"),
        lightning=("log_pxz.sum(dim=1)", "log_pxz.mean(dim=1)"),
        continuous_bernoulli=("log_prob(x).sum(-1)", "log_prob(x).mean(-1)"),
    ),
    _reconstruction(
        "reconstruction-mean",
        "mean over the batch and the pixels beside a sum",
        "{elements}.mean()",
        ("sum",),
        also=("reconstruction-reduction", "reconstruction-batch"),
    ),
    _here(
        "reconstruction-mean",
        "the default reduction",
        ("reconstruction-reduction", "reconstruction-batch"),
        tutorial=('x.view(-1, 12), reduction="sum")', "x.view(-1, 12))"),
        conditional=('(recon_x, x, reduction="sum")', "(recon_x, x)"),
        squared_error=('F.mse_loss(recons, input, reduction="sum") / input.shape[0]', "F.mse_loss(recons, input)"),
        laplace=('F.l1_loss(x_hat, x, reduction="sum")', "F.l1_loss(x_hat, x)"),
    ),
    _here(
        "reconstruction-reduction",
        "sum over the channels, mean over the rest",
        ("reconstruction-mean",),
        convolution=(".sum(dim=[1, 2, 3])", ".sum(dim=1).mean(dim=[1, 2])"),
    ),
    _reconstruction(
        "reconstruction-batch",
        "mean over the batch beside a sum",
        "{elements}.flatten(1).sum(dim=1).mean()",
        ("sum",),
        also=("kl-batch-sum",),
    ),
    _reconstruction(
        "reconstruction-batch",
        "sum over the batch beside a mean",
        "{elements}.sum()",
        ("mean",),
        also=("kl-batch-mean",),
    ),
    _reconstruction(
        "sigmoid-twice", "logits expected, probabilities given", _LOGIT_BCE, bernoulli=True, probabilities=True
    ),
    _reconstruction(
        "sigmoid-twice", "sigmoid before the loss with logits", _TWICE, bernoulli=True, probabilities=False
    ),
    _here(
        "sigmoid-twice",
        "sigmoid in the likelihood",
        distributions=("Bernoulli(logits=self.decoder(z))", "Bernoulli(logits=torch.sigmoid(self.decoder(z)))"),
        monte_carlo=(
            "F.binary_cross_entropy_with_logits(x_logit",
            "F.binary_cross_entropy_with_logits(torch.sigmoid(x_logit)",
        ),
    ),
    _reconstruction(
        "sigmoid-missing", "clipped logits as probabilities", _CLIPPED, bernoulli=True, probabilities=False
    ),
    _here("sigmoid-missing", "no sigmoid", iwae_gradient=("nn.Linear(16, 12), nn.Sigmoid())", "nn.Linear(16, 12))")),
    _batch("data-range", "data in [-1, 1]", "(2 * {old} - 1)", bernoulli=True, probabilities=False),
    _batch("data-range", "data in [0, 10]", "(10 * {old})", bernoulli=True, probabilities=False),
    _batch("grey-values", "grey values", "torch.rand_like({old})", bernoulli=True),
    _here("variance-mismatch", "variance squared", normal=("(2 * NOISE_VARIANCE)", "(2 * NOISE_VARIANCE**2)")),
    _here("variance-mismatch", "lost two", normal=("(2 * NOISE_VARIANCE)", "NOISE_VARIANCE")),
    _here("variance-mismatch", "squared error alone", normal=(" / (2 * NOISE_VARIANCE)", "")),
    _here(
        "log-scale-missing",
        "squares over a learned variance",
        shared_variance=(" ** 2 + log_sigma + 0.5", " ** 2 + 0.5"),
        predicted_variance=(
            "0.5 * (log_var + (x - mean) ** 2 / log_var.exp())",
            "0.5 * ((x - mean) ** 2 / log_var.exp())",
        ),
    ),
    _here(
        "scale-unused",
        "squares alone",
        predicted_variance=("(log_var + (x - mean) ** 2 / log_var.exp())", "((x - mean) ** 2)"),
        shared_variance=("((x - x_hat) / log_sigma.exp()) ** 2 + log_sigma", "(x - x_hat) ** 2"),
    ),
    _kl("batch-size-weight", "batch over data set", _KL, "({m}.shape[0] / 50) * {kl}"),
    _reconstruction("guard", "probabilities clipped far from the ends", _GUARDED, bernoulli=True, probabilities=True),
    _reconstruction(
        "guard",
        "errors above one replaced",
        "torch.where({elements} > 0.7, torch.full_like({elements}, 0.7), {elements}).flatten(1).sum(dim=1){batch}",
    ),
    _here(
        "guard",
        "a constant inside the logarithm",
        importance_one=(("torch.log(p + 1e-10)", "torch.log(p + 0.1)"), ("1 - p + 1e-10", "1 - p + 0.1")),
    ),
)

IMPORTANCE = (
    _here(
        "weights-unnormalised",
        "exponentials of log-weights",
        iwae_gradient=("F.softmax(log_weight, dim=1).detach()", "torch.exp(log_weight).detach()"),
    ),
    _here("weights-not-detached", "weights with gradients", iwae_gradient=(".detach()", "")),
    _here("weights-sign", "weights of the inverse", iwae_gradient=("F.softmax(log_weight", "F.softmax(-log_weight")),
    _here(
        "weights-sign",
        "the inverse ratio",
        iwae=("log_w = log_px + log_pz - log_qz", "log_w = log_qz - log_px - log_pz"),
    ),
    _here(
        "weights-term",
        "no posterior in the weights",
        iwae=("log_px + log_pz - log_qz", "log_px + log_pz"),
        iwae_gradient=("log_Ph + log_PxGh - log_QhGx", "log_Ph + log_PxGh"),
    ),
    _here(
        "weights-term",
        "no prior in the weights",
        iwae=("log_px + log_pz - log_qz", "log_px - log_qz"),
        iwae_gradient=("log_Ph + log_PxGh - log_QhGx", "log_PxGh - log_QhGx"),
    ),
    _here(
        "kl-inside-weights",
        "the closed form inside the weights",
        iwae=("log_px + log_pz - log_qz", "log_px - 0.5 * (mu**2 + sigma**2 - 1 - 2 * sigma.log()).sum(-1)"),
        iwae_gradient=(
            "log_Ph + log_PxGh - log_QhGx",
            "log_PxGh - 0.5 * (mu_h**2 + log_var_h.exp() - 1 - log_var_h).sum(-1, keepdim=True)",
        ),
    ),
    _here(
        "mean-of-logs",
        "mean of the log-weights",
        iwae=("torch.logsumexp(log_w, dim=0) - math.log(self.k)", "torch.mean(log_w, dim=0)"),
        iwae_gradient=("torch.sum(weight * log_weight, 1)", "torch.mean(log_weight, 1)"),
    ),
    _here(
        "value-only",
        "the value of the bound, the gradient of the mean",
        iwae=(
            "torch.logsumexp(log_w, dim=0) - math.log(self.k)",
            "(log_w - log_w.detach()).mean(0) + torch.logsumexp(log_w.detach(), dim=0) - math.log(self.k)",
        ),
    ),
)

LOGGING = (
    _here("reported-sign", "the loss is logged as the bound", lightning=('"elbo": -elbo', '"elbo": elbo')),
    _here("reported-sign", "minus the divergence is logged", lightning=('"kl": kl.mean()', '"kl": -kl.mean()')),
    _here(
        "reported-scale",
        "the mean over the latents is logged",
        lightning=('"kl": kl.mean()', '"kl": kl.mean() / z.shape[1]'),
    ),
    _here(
        "reported-scale",
        "the divergence is logged without its half",
        scale_head=('"kl": model(x)["kl"].mean()', '"kl": 2 * model(x)["kl"].mean()'),
    ),
)

DEFECTS = (*SAMPLER, *KL, *RECONSTRUCTION, *IMPORTANCE, *LOGGING)
