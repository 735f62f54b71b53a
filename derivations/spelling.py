r"""What people write for the same thing: one spelling for fonts, sizes, spacing, ornaments and names that have several.

>>> normalised(r"\dfrac{1}{2} \mathrm{KL}").split()
['\\frac{1}{2}', '\\Divergence']
"""

from __future__ import annotations

import re

from derivations.syntax import FormulaError

_FONT = r"(?:mathbf|boldsymbol|bm|bs|mathrm|mathit|mathsf|mathtt|mathcal|mathbb|mathscr|mathds|mathfrak|text|textbf|textit|textrm|textsc|textsf|texttt|textnormal|operatorname\*?|vec|bf|rm|cal|mbox|pmb|mathop|scriptstyle|scriptscriptstyle|underline)"
_ENDS = r"(?![a-zA-Z])"
_KL = r"(?:KL|kl|Kl)"
# an output of a network, such as mu_phi(x), and an entry of it, such as mu_phi(x)_j
_OUTPUT_OF = r"(?<![a-zA-Z\\])(?P<letter>f|g|\\mu(?![a-zA-Z])|\\sigma(?![a-zA-Z]))"
_OUTPUT = r"(?:f|g|\\mu|\\sigma)\s*(?:_\s*(?:\{\s*\\[a-z]+\s*\}|\\[a-z]+))?\s*\(\s*[xzXZ]\s*\)"
_ENTRY = r"\(\s*(?P<at>[xzXZ])\s*\)\s*_\s*(?P<brace>\{)?\s*(?P<entry>[a-z])\s*(?(brace)\})(?![a-z])"
_SIMPLE = (
    (r"\\text\s*\{\s*~\s*\}", r"\\sim "),
    (r"\\Bbb(?![a-zA-Z])", r"\\mathbb"),
    (r"\\(?:left|right|middle)\s*\.", " "),
    (r"\\math(?:bin|rel|ord)\s*\{\s*([-+])\s*\}|(?<![_^])(?<![_^]\s)\{\s*([-+])\s*\}", r" \1\2 "),
    (r"\\(?:left|right|middle|[bB]igg?[lrm]?)(?![a-zA-Z])", " "),
    (r"\\(?:displaystyle|textstyle|limits|nolimits|quad|qquad|enspace|thinspace|!|,|;|:|>|\s)(?![a-zA-Z])", " "),
    (r"\\[,;:!> ]|~", " "),
    (r"\\[hv]space\*?\s*\{[^{}]*\}|\\(?:hfill|hphantom|vphantom|phantom)\s*(?:\{(?:[^{}]|\{[^{}]*\})*\})?", " "),
    (r"\\(?:textcolor|colorbox)\s*\{\w+\}", " "),
    (
        r"\\(?:boxed|fbox|lefteqn|smash|mathrlap|mathllap|mathclap|cancel|bcancel|color\s*\{\w+\}|mathrel|mathbin|mathord|mathopen|mathclose|ensuremath)(?![a-zA-Z])",
        " ",
    ),
    (
        r"\\(?:mathbb|mathcal|mathrm|operatorname\*?|mathds|mathbf|mathsf|bm|text)\s*(?:\{\s*E\s*\}|E(?![a-zA-Z]))",
        r"\\Expectation ",
    ),
    (r"\\(?:mathcal|mathrm|mathscr|operatorname|text|cal)\s*(?:\{\s*N(?:ormal)?\s*\}|N(?![a-zA-Z]))", r"\\Normal "),
    (
        r"\\(?:mathcal|mathscr|cal)\s*(?:\{\s*(?P<curly>[A-Z])\s*\}|(?P<bare>[A-Z])(?![a-zA-Z]))",
        r"\\Script\g<curly>\g<bare> ",
    ),
    (r"\\(?:mathbb|mathds|mathbf|mathrm|text)\s*(?:\{\s*D\s*\}|D(?![a-zA-Z]))", "D"),
    (r"\\(?:mathbb|mathds|mathrm|operatorname|text)\s*(?:\{\s*H\s*\}|H(?![a-zA-Z]))", r"\\ScriptH "),
    (r"\\(?:mathbf|mathbb|mathds|boldsymbol|bm)\s*(?:\{\s*0\s*\}|0)", r" \\Zero "),
    (r"\\(?:mathbf|boldsymbol|bm)\s*(?:\{\s*1\s*\}|1)", r" \\One "),
    (rf"\\{_FONT}\s*\{{\s*{_KL}\s*\}}", " KL "),
    (
        rf"\\{_FONT}\s*\{{\s*(?:ELBO|elbo|Elbo)\s*\}}|(?<![a-zA-Z\\])ELBO(?![a-zA-Z])|\\(?:ELBO|elbo)(?![a-zA-Z])",
        r" \\ELBO ",
    ),
    (
        rf"\\{_FONT}\s*\{{\s*([tT])r(?:ace)?\s*\}}|\\(?:tr|Tr)(?![a-zA-Z])|(?<![a-zA-Z\\])(?:tr|Tr)\s*(?=[(\[{{\\])",
        r" \\Trace ",
    ),
    (rf"\\{_FONT}\s*\{{\s*det\s*\}}|(?<![a-zA-Z\\])det(?![a-zA-Z])", r" \\det "),
    (rf"\\{_FONT}\s*(?:\{{\s*d\s*\}}|(?<=[a-z])\s+d(?=\\|[a-zA-Z](?![a-zA-Z])|\{{))\s*(?=[a-zA-Z\\{{])(?!\\?in)", "d"),
    (rf"\\{_FONT}\s*\{{\s*([a-zA-Z]|\\[a-zA-Z]+|diag|exp|log|ln)\s*\}}", r" \1 "),
    (
        (
            r"\\(?P<accent>hat|tilde|bar|check|breve|widetilde|widehat)(?![a-zA-Z])\s*(?:\{\s*(?P<braced>\\?[a-zA-Z]+)\s*\}|(?P<plain>\\[a-zA-Z]+|[a-zA-Z]))"
            r"(?:\s*_\s*(?:\{(?P<label>[^{}]*)\}|(?P<letter>\w)))?"
        ),
        r" \g<braced>\g<plain>_{\\Word\g<accent> ,\g<label>\g<letter>} ",
    ),
    (rf"\\{_FONT}\s*\{{(?P<several>(?:\s*[a-zA-Z]\s*[,|])+\s*[a-zA-Z]\s*)\}}", r" \g<several> "),
    (rf"\\{_FONT}\s*\{{\s*(?P<word>[a-zA-Z]+)[-\s]?(?P<second>[a-zA-Z]*)\.?\s*\}}", r" \\Word\g<word>\g<second> "),
    (r"\{\s*\\(?:rm|text|cal|bf)\s+(?P<old>[a-zA-Z]{2,})\s*\}", r"{\\Word\g<old> }"),
    (rf"\\{_FONT}(?![a-zA-Z])", " "),
    (r"\\Word(?:KL|kl)(?![a-zA-Z])", " KL "),
    (r"(?<![a-zA-Z\\])(?P<constant>const|constant)\.?(?![a-zA-Z])", r" \\Word\g<constant> "),
    (r"\\Word(?:Bernoulli|Bern|Ber)(?![a-zA-Z])|(?<![a-zA-Z\\])(?:Bernoulli|Bern)(?![a-zA-Z])", r" \\Bernoulli "),
    (r"\\WordELBO(?![a-zA-Z])", r" \\ELBO "),
    (r"_\s*\{\s*(?P<label>[a-zA-Z]{3,})\s*\}", r"_{\\Word\g<label> }"),
    (r"(?P<letter>\\(?:theta|phi|psi))\s*\^\s*\{\s*(?P<label>[a-zA-Z]{3,})\s*\}", r"\g<letter>^{\\Word\g<label> }"),
    (r"_\{\\Word(?P<kl>KL|kl) \}", r"_{KL}"),
    (r"(?<![a-zA-Z\\])N\s*(?=\([^()]*[,;])", r"\\Normal "),
    (
        r"(?:\||\\(?:[lr]?vert))\s*(?P<matrix>(?:2\s*\\pi\s*e?\s*)?\\Sigma\s*(?:_\s*(?:\w|\\[a-z]+|\{[^{}]*\}))?(?:\s*\([xX]\))?)\s*(?:\||\\(?:[lr]?vert)(?![a-zA-Z]))",
        r"\\det(\g<matrix>)",
    ),
    (r"\\(?:mid|vert|lvert|rvert|given)(?![a-zA-Z])", "|"),
    (r"\\(?:\||parallel|Vert|lVert|rVert)(?![a-zA-Z])|\\\||\|\s*\|", "‖"),
    (r"‖(?P<vector>[^‖]*)‖\s*(?:_\s*(?:\{\s*2\s*\}|2)\s*)?\^\s*(?:\{\s*2\s*\}|2)", r" \\Norm(\g<vector>) "),
    (r"\\(?:sim|thicksim)(?![a-zA-Z])", "∼"),
    (r"\\in(?![a-zA-Z])", "∈"),
    (
        r"\\int\s*_\s*(?:\{\s*-\s*\\infty\s*\}\s*\^\s*(?:\{\s*\+?\s*\\infty\s*\}|\\infty)|\{\s*R\s*(?:\^\s*(?:\w|\{\s*\w\s*\}))?\s*\})",
        r"\\int ",
    ),
    (r"\\cdot\s*(?=[|‖;,)\]])", r"\\Dot "),
    (r"(?<![a-zA-Z\\])(?:X\s*=\s*(?=x(?![a-zA-Z]))|Y\s*=\s*(?=y(?![a-zA-Z]))|Z\s*=\s*(?=z(?![a-zA-Z])))", ""),
    (r"_\s*\{\s*(?:<|\\lt(?![a-zA-Z]))\s*(?P<before>\w+)\s*\}", r"_{≺\g<before>}"),
    (r"_\s*\{\s*\\leq?(?:slant)?(?![a-zA-Z])\s*(?P<until>\w+)\s*\}", r"_{≼\g<until>}"),
    (r"\\(?:cdot|times|ast|odot)(?![a-zA-Z])", "⋅"),
    (r"\\(?:cdots|ldots|dots|dotsc|dotsb)(?![a-zA-Z])|\.\.\.", "…"),
    (r"\\(?:langle|lbrace)(?![a-zA-Z])", "⟨"),
    (r"\\(?:rangle|rbrace)(?![a-zA-Z])", "⟩"),
    (r"\\\{", "("),
    (r"\\\}", ")"),
    (r"\\(?:lbrack)(?![a-zA-Z])", "["),
    (r"\\(?:rbrack)(?![a-zA-Z])", "]"),
    (r"\\(?:dfrac|tfrac|cfrac|nicefrac|sfrac)(?![a-zA-Z])", r"\\frac"),
    (r"\\ln(?![a-zA-Z])|(?<![a-zA-Z\\])(?:log|ln)(?![a-zA-Z])", r"\\log "),
    (r"(?<![a-zA-Z\\])exp(?![a-zA-Z])", r"\\exp "),
    (r"(?<![a-zA-Z\\])diag(?![a-zA-Z])", r"\\diag "),
    (r"\\(?P<variant>var)(?P<greek>epsilon|phi|theta|sigma|rho)(?![a-zA-Z])", r"\\\g<greek>"),
    (r"(?<![a-zA-Z\\])d(?P<outer>[xyz])d(?P<inner>[xyz])(?![a-zA-Z])", r"d\g<outer> d\g<inner>"),
    (r"\\iiint(?![a-zA-Z])", r"\\int \\int \\int "),
    (r"\\iint(?![a-zA-Z])", r"\\int \\int "),
    (
        r"\\frac\s*\{\s*(?:\\partial|d)\s*\}\s*\{\s*(?:\\partial|d)\s*(?P<parameter>\\[a-z]+)\s*\}",
        r"\\Gradient_{\g<parameter>}",
    ),
    (
        r"(?:(?<![a-zA-Z\\])[Dd]|\\ScriptD)\s*_\s*(?:KL|\{\s*KL\s*\}|\{\s*\{\s*KL\s*\}\s*\})|(?<![a-zA-Z\\])KL(?![a-zA-Z])|\\(?:KL|kld|KLD|DKL|kl)(?![a-zA-Z])",
        r"\\Divergence ",
    ),
    (r"\{\s*\\Divergence\s*\}", r"\\Divergence "),
    (r"\\ScriptL\s*_\s*(?:\{\s*\\(?:ELBO|Wordelbo)\s*\}|\\(?:ELBO|Wordelbo))", r"\\ELBO "),
    (r"\\intercal(?![a-zA-Z])", r"\\top "),
    (
        r"(?<![a-zA-Z\\])(?P<starred>[pqPQ])\s*[\^_]\s*(?:\*|\\star(?![a-zA-Z])|\{\s*(?:\*|\\star)\s*\}|\{\s*⋅\s*\})",
        r"\g<starred>_{\\Wordstar }",
    ),
    (r"\^\s*(?:\{\s*\\prime\s*\}|\\prime(?![a-zA-Z]))", "'"),
    (
        r"(?P<square>(?:\\[a-z]+|[a-z])(?:\s*_\s*(?:\w|\{[^{}]*\}))?)\s*\^\s*\{\s*(?:2\s*\(\s*(?P<of>\w)\s*\)|\(\s*(?P<its>\w)\s*\)\s*2)\s*\}",
        r"{\g<square>^{(\g<of>\g<its>)}}^2",
    ),
    (r"\\nabla\s*_", r"\\Gradient_"),
    (rf"[\[(]\s*(?P<output>{_OUTPUT})\s*[\])]\s*(?=_\s*(?:\{{\s*[a-z]\s*\}}|[a-z]))", r"\g<output>"),
    (
        rf"{_OUTPUT_OF}\s*_\s*\{{?\s*(?P<parameter>\\[a-z]+)\s*\}}?\s*{_ENTRY}",
        r"\g<letter>_{\g<parameter>,\g<entry>}(\g<at>)",
    ),
    (rf"{_OUTPUT_OF}\s*{_ENTRY}", r"\g<letter>_{\g<entry>}(\g<at>)"),
)
_GREEK = [
    "μ",
    "mu",
    "σ",
    "sigma",
    "Σ",
    "Sigma",
    "θ",
    "theta",
    "φ",
    "phi",
    "ϕ",
    "phi",
    "ε",
    "epsilon",
    "ϵ",
    "epsilon",
    "α",
    "alpha",
    "β",
    "beta",
    "γ",
    "gamma",
    "λ",
    "lambda",
    "ψ",
    "psi",
    "ρ",
    "rho",
    "τ",
    "tau",
    "ν",
    "nu",
    "η",
    "eta",
    "ω",
    "omega",
    "π",
    "pi",
    "δ",
    "delta",
]
_SIGNS = {
    "∫": r"\int ",
    "∑": r"\sum ",
    "∏": r"\prod ",
    "∥": r"\| ",
    "²": "^2",
    "½": r"\frac{1}{2} ",
    "·": r"\cdot ",
    "√": r"\sqrt ",
    "−": "-",
    "∣": r"\mid ",
    "⊙": r"\odot ",
    "×": r"\times ",
    "∇": r"\nabla ",
    "∂": r"\partial ",
    "∞": r"\infty ",
    "⊤": r"\top ",
    "𝔼": r"\mathbb{E}",
    "ℍ": r"\mathbb{H}",
    "ℝ": r"\mathbb{R}",
    "ℒ": r"\mathcal{L}",
    "𝓛": r"\mathcal{L}",
    "𝒩": r"\mathcal{N}",
    "𝓝": r"\mathcal{N}",
    **{digit: f"_{value}" for value, digit in enumerate("₀₁₂₃₄₅₆₇₈₉")},
    **dict(zip("ᵢⱼₖₙ", ("_i", "_j", "_k", "_n"), strict=True)),
}
_LETTERS = str.maketrans(
    {**{letter: rf"\{name} " for letter, name in zip(_GREEK[::2], _GREEK[1::2], strict=True)}, **_SIGNS}
)
_GREEK_SUM = re.compile(r"(?P<sign>[ΣΠ])(?=\s*_\s*\{\s*\w\s*=)")  # by its lower limit a sum or a product, and no letter
_SUBSTITUTIONS = tuple((re.compile(pattern), replacement) for pattern, replacement in _SIMPLE)
_SHORT_FRACTION = re.compile(r"\\frac\s*(?P<above>\d)\s*(?P<below>\d|\{)")
_BRACED = re.compile(r"\\(?:underbrace|overbrace|underline|overline|underset|overset)(?![a-zA-Z])")
_BALANCED = r"[^‖()\[\]{}|]*(?:\([^‖()\[\]]*\)[^‖()\[\]{}|]*)*"
_LENGTH = re.compile(rf"‖(?P<vector>{_BALANCED})‖\s*(?:_\s*(?:\{{\s*2\s*\}}|2)(?!\d))?(?!\s*[_^])")
_EXPECTED = re.compile(r"(?<![a-zA-Z])E(?![a-zA-Z])")
_DIFFERENTIAL = re.compile(
    r"(?<![a-zA-Z\\^_])d\s*(?:\{\s*(?P<braced>[a-zA-Z]|\\[a-z]+)\s*\}|(?P<variable>[a-zA-Z]|\\[a-z]+))\s*(?P<script>(?:[_^]\s*(?:\{[^{}]*\}|\w)|')*)(?![a-zA-Z])"
)


def normalised(source: str) -> str:
    """The formula without fonts, sizes, spacing and ornaments, in one spelling for what has several."""
    source = _GREEK_SUM.sub(lambda m: "∑" if m["sign"] == "Σ" else "∏", source)
    plain = _without_braces(source.replace("&", " ").replace("\n", " ").translate(_LETTERS))
    for pattern, replacement in _SUBSTITUTIONS:
        plain = pattern.sub(replacement, plain)
    plain = _with_fractions(plain.replace(" ,}", " }"))
    for _ in range(2):
        plain = _SHORT_FRACTION.sub(
            lambda m: rf"\frac{{{m['above']}}}" + (f"{{{m['below']}}}" if m["below"] != "{" else "{"), plain
        )
    plain = _LENGTH.sub(r" \\sqrt{ \\Norm(\g<vector>) } ", plain)
    if r"\int" in plain:
        plain = _DIFFERENTIAL.sub(lambda m: f" ∂{m['variable'] or m['braced']}{''.join(m['script'].split())} ", plain)
    return plain


def _closing(text: str, start: int) -> int:
    """The place after the brace that closes the one at `start`."""
    depth = 0
    for i in range(start, len(text)):
        depth += (text[i] == "{") - (text[i] == "}")
        if depth == 0:
            return i + 1
    raise FormulaError("a brace is not closed")


def _without_braces(text: str) -> str:
    r"""``\underbrace{a}_{b}`` as ``{a}``: what stands under or over a formula is no part of it."""
    while match := _BRACED.search(text):
        start = text.find("{", match.end())
        if start < 0 or text[match.end() : start].strip():
            raise FormulaError(f"{match.group()} without braces")
        end = _closing(text, start)
        if match.group() in (r"\underset", r"\overset"):
            text = text[: match.start()] + _set(match.group(), text[start:end], text[end:])
            continue
        note = re.compile(r"\s*[_^]\s*").match(text, end)
        after = end
        if note:
            after = _closing(text, note.end()) if text[note.end() : note.end() + 1] == "{" else note.end() + 1
        text = text[: match.start()] + text[start:end] + text[after:]
    return text


def _set(command: str, beside: str, rest: str) -> str:
    r"""What follows ``\underset{law}``: its operator, with the law as a subscript if it is an expectation."""
    start = rest.find("{")
    if start < 0 or rest[:start].strip():
        raise FormulaError(f"{command} without braces")
    end = _closing(rest, start)
    law = f"_{beside}" if command == r"\underset" and _EXPECTED.search(rest[start:end]) else ""
    return rest[start + 1 : end - 1] + law + rest[end:]


def _with_fractions(text: str) -> str:
    r"""``{a \over b}`` as ``\frac{a}{b}``."""
    while (at := text.find(r"\over")) >= 0 and not text[at + 5 : at + 6].isalpha():
        start = depth = 0
        for i in range(at - 1, -1, -1):
            depth += (text[i] == "}") - (text[i] == "{")
            if depth < 0:
                start = i
                break
        else:
            raise FormulaError(r"\over without braces")
        end = _closing(text, start)
        text = rf"{text[:start]}\frac{{{text[start + 1 : at]}}}{{{text[at + 5 : end - 1]}}}{text[end:]}"
    return text
