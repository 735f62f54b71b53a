"""What the prose of a text says in words alone, where that is not what the field takes for granted.

Only set phrases are known, and nothing is proved by them: what they speak of is left undecided.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from derivations.written import WrittenChain

_LAW = (
    r"(?:Laplac\w+|uniform|mixture|Student\w*|Cauchy|Bernoulli|categorical|Dirichlet|Beta|Gamma|von Mises|Gumbel|logistic"
    r"|flow|learned|learnt|learnable|trainable|VampPrior)\b"
)
_IS = r"\s*,?\s*(?:which\s+|that\s+)?(?:is|are|be|denotes?|follows|being|has|as|stands?\s+for)\s+(?!not\b)"
_PRIOR = re.compile(
    rf"\bprior(?:\s+(?:distribution|density|law))?\s*(?:\$[^$]*\$)?{_IS}(?:[\w-]+\s+){{0,4}}?{_LAW}|\b{_LAW}\s+prior\s*\$\s*p",
    re.IGNORECASE,
)
_PRIOR_VARIANCE = re.compile(
    r"\bprior\b\s*(?:\$[^$]*\$)?(?:(?!posterior|encoder|approximat)[^.$]){0,60}\b(?:co)?variance\s+(?:matrix\s+)?\$(?P<scale>[^$]+)\$",
    re.IGNORECASE,
)
_SIGMA = re.compile(
    rf"\$\s*\\sigma(?:_\w|_\{{\w\}})?\s*\${_IS}(?:(?:the|a|its)\s+)?(?:[\w-]+\s+){{0,2}}?(?:variances?|precisions?)\b"
)
_V = re.compile(
    rf"\$\s*v(?:_\w|_\{{\w\}})?\s*\${_IS}(?:(?:the|a|its)\s+)?(?:(?!log)\w+\s+){{0,2}}?(?:variances?|precisions?|standard\s+deviations?)\b"
)
_BOUND = r"\$\s*(?P<bound>\\mathcal\s*\{?\s*[LF]\s*\}?|[LF])(?P<call>\s*\([^$]*\))?\s*\$"
_LOWER = r"negative\s+(?:of\s+the\s+)?(?:ELBO|evidence\s+lower|variational\s+lower|variational\s+bound|lower\s+bound)\b"
_NEGATIVE = (
    re.compile(rf"{_BOUND}{_IS}(?:the|a|an|our|this)\s+{_LOWER}", re.IGNORECASE),
    re.compile(rf"{_LOWER}(?:\s+bound)?\s*,?\s*{_BOUND}", re.IGNORECASE),
)
_VARYING = (
    re.compile(r"\$\s*(?P<letter>[abc])\s*\$(?:(?!\bnot\b)[^.$]){0,60}\bdepends?\s+on\b[^.$]{0,20}\$\s*z"),
    re.compile(
        rf"\$\s*(?P<letter>[abc])\s*\${_IS}[^.$]{{0,60}}\$(?:(?!\\mathbb|\\int|E_|E\[)[^$])*(?<![a-zA-Z])z(?![a-zA-Z])[^$]*\$"
    ),
)
_STEPS = re.compile(r"\bnon-?\s?Markov", re.IGNORECASE)
_AGGREGATE = re.compile(r"\baggregated?\s+(?:approximate\s+)?posterior\b", re.IGNORECASE)
_BASE = re.compile(r"\blog(?:arithm)?s?\b[^.$]{0,40}\bbase[\s-](?:two|2|ten|10)\b", re.IGNORECASE)
_FONTS = re.compile(r"\\(?:math\w+|bm|boldsymbol)|[{}\s]")


def unusual_in_words(chains: Iterable[WrittenChain]) -> Iterator[str]:
    """``z`` for another prior, ``q`` and ``v`` for other scales, ``q(z)`` for a mean; ``steps`` for no Markov chain, ``log`` for a base."""
    prose = _prose(chains)
    scales = (_FONTS.sub("", m["scale"]) for m in _PRIOR_VARIANCE.finditer(prose))
    if _PRIOR.search(prose) or any(scale not in ("I", "1", "I_d", "I_J", "I_D") for scale in scales):
        yield "z"
    said = (("q", _SIGMA), ("v", _V), ("q(z)", _AGGREGATE), ("steps", _STEPS), ("log", _BASE))
    yield from (name for name, words in said if words.search(prose))


def negative_in_words(chains: Iterable[WrittenChain]) -> Iterator[str]:
    """The symbols for a bound that are said to be the negative ELBO."""
    prose = _prose(chains)
    for match in (m for words in _NEGATIVE for m in words.finditer(prose)):
        letter = "L" if "L" in match["bound"] else "F"
        yield f"Script{letter}" if "mathcal" in match["bound"] else f"{letter}("


def varying_in_words(chains: Iterable[WrittenChain]) -> Iterator[str]:
    """The letters for numbers that are said to depend on z."""
    prose = _prose(chains)
    yield from (m["letter"] for words in _VARYING for m in words.finditer(prose))


def _prose(chains: Iterable[WrittenChain]) -> str:
    return "\n".join(chain.prose for chain in chains)
