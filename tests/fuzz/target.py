"""What fuzzing tries: any text is read, judged and shown, without an exception, and read without a pause."""

import signal
import time
from contextlib import contextmanager, suppress
from xml.etree.ElementTree import fromstring

from derivations.manuscript import ManuscriptError, read_text
from derivations.parser import parse
from derivations.proofread import proofread
from derivations.relation import Judgement
from derivations.syntax import FormulaError
from derivations.written import written
from elbocheck.marked_page import page, typeset
from elbocheck.proofreading import as_annotations, as_json, as_text, tally

NAMES = ("a.tex", "a.md")
READING = 2.0  # seconds for a text of the size that is tried here
JUDGING = 2  # seconds, after which a relation is given up, as `elbocheck.judge` does after five
# what formulas are made of, whole and broken
_WRITTEN = r"""
\log \ln \exp \frac \sqrt \int \sum \sum_j \sum_{j=1}^{J} \sum_i \mathbb{E} \mathbb{E}_q \mathbb{E}_{z\sim\ q(z|x)} E_q D_{KL} KL \mathrm{KL}
p(x) p(z) p(x,z) p(x|z) p(z|x) q(z) q(z|x) q_\phi(z|x) p_\theta(x) \mathcal{N} \mathcal{N}(z;\mu,\sigma^2) N(0,I) N(\mu,\Sigma) \mathcal{L} :=
\mu \sigma \sigma_j \sigma_j^2 \mu_j^2 \Sigma \theta \phi \epsilon \pi x z J j i 0 1 2 \tfrac12 -\frac12 dz \mathrm{d}z \| || \mid | \vert
= \le \ge \geq < > \approx \propto \neq \equiv + - / * \cdot \times , ; ( ) [ ] { } \{ \} \left( \right) \left[ \right] \big( \bigg] \langle \rangle
^ _ ^2 _j ^{(i)} ' & \\ \quad \, \text{(Jensen)} \text{ \underbrace{ \overset{ \stackrel{def}{=} \label{a} \tag{1} \nonumber \boxed{ \over e^{v_j}
$ $$ \[ \] \( \) \begin{align} \end{align} \begin{equation} \end{equation} \begin{aligned} \end{aligned} \begin{verbatim} \end{verbatim}
% \verb ` ``` ```math <!-- --> elbocheck: \n \heartsuit \mathbf{x} \boldsymbol{z} \ {} 99999999999999999999 1.5 ... \dots \alpha \Gamma T ^T ^{-1}
"""
TOKENS = _WRITTEN.split()


class TooLongError(BaseException):
    """A relation was given up; no `except Exception` may swallow that."""


def try_text(text: str, name: str) -> str:
    """Read, judge and show a text; the outcome, ``given up`` if a relation took too long.

    Raises
    ------
    AssertionError
        If it was not read in time, or the page holds what it should not.
    """
    begun = time.process_time()
    manuscript = read_text(text, name)
    chains = written(manuscript.formulas)
    for chain in chains:
        for side in chain.sides:
            with suppress(FormulaError):
                parse(side.source)
    assert time.process_time() - begun < READING, "reading takes too long"
    try:
        with _at_most(JUDGING):
            judgements = list(proofread(chains, manuscript.conventions))
    except ManuscriptError:
        return "unusable"
    except TooLongError:
        return "given up"
    for write in (as_text, as_json, as_annotations):
        list(write(judgements))
    for judgement in judgements:
        typeset(judgement)
    shown = page([manuscript], judgements, tally(judgements))
    assert "<script" not in shown
    return " ".join(sorted({j.verdict for j in judgements})) or "nothing"


def try_typesetting(source: str) -> None:
    """What is shown of a formula is well-formed, whatever it is."""
    fromstring(typeset(Judgement("a", 1, 0, 0, "=", source, source, "proved")))


@contextmanager
def _at_most(seconds: int):
    def give_up(signum, frame):
        raise TooLongError

    before = signal.signal(signal.SIGPROF, give_up)
    signal.setitimer(signal.ITIMER_PROF, seconds, 0.5)  # again and again: what collects garbage swallows exceptions
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
