"""Texts to try: formulas of whole tokens, of broken ones, and true relations with a change in them."""

from hypothesis import strategies as st
from target import NAMES, TOKENS

TRUE = (
    r"\log p(x,z) = \log p(x|z) + \log p(z)",
    r"\log p(x) \ge \mathbb{E}_{q(z|x)}[\log p(x|z)] - D_{KL}(q(z|x) \| p(z))",
    r"D_{KL}(q(z|x)\|p(z)) = -\frac{1}{2}\sum_{j=1}^{J}\left(1+\log\sigma_j^2-\mu_j^2-\sigma_j^2\right)",
    r"\int \mathcal{N}(z;\mu,\Sigma)\log\mathcal{N}(z;0,I)\,dz = -\frac{J}{2}\log 2\pi - \frac12\sum_{j=1}^J(\mu_j^2+\sigma_j^2)",
    r"\mathcal{L}(\theta,\phi;x) := \mathbb{E}_{q_\phi(z|x)}\left[\log\frac{p_\theta(x,z)}{q_\phi(z|x)}\right]",
)
tokens = st.lists(st.sampled_from(TOKENS), max_size=30).map(" ".join)
noise = st.text(alphabet="$\\[](){}%`~-<!>ab=&|^_+,.;:'pqxzdEKLDj12 \n\x00é∞", max_size=60)


@st.composite
def changed(draw):
    """A true relation, a piece of it replaced by tokens."""
    source = draw(st.sampled_from(TRUE))
    start = draw(st.integers(0, len(source)))
    end = min(len(source), start + draw(st.integers(0, 12)))
    inserted = draw(st.lists(st.sampled_from(TOKENS), max_size=3).map(" ".join))
    return source[:start] + inserted + source[end:]


displayed = st.one_of(tokens, changed()).map("\\[ {} \\]\n".format)
texts = st.lists(st.one_of(displayed, noise, tokens), max_size=4).map("\n".join)
names = st.sampled_from(NAMES)
