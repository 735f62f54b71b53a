"""Formulas are taken apart where a reader would: relations, rows, notes, chains over several displays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derivations.manuscript import read_text
from derivations.written import RELATIONS, written


def chains(text, name="notes.tex"):
    return [[(s.relation, s.source) for s in c.sides] for c in written(read_text(text, name).formulas)]


def only(text):
    (chain,) = chains(text)
    return chain


@pytest.mark.parametrize(("symbol", "relation"), RELATIONS.items())
def test_every_relation(symbol, relation):
    assert only(f"$a {symbol} b$") == [("", "a"), (relation, "b")]


@pytest.mark.parametrize(
    ("formula", "sides"),
    [
        (r"\sum_{j=1}^{J} a_j = b", [r"\sum_{j=1}^{J} a_j", "b"]),
        (r"E_{q(z \ge 0)}[x = y] \ge 1", [r"E_{q(z \ge 0)}[x = y]", "1"]),
        (r"\left( a = b \right) = c", [r"\left( a = b \right)", "c"]),
        (r"\underbrace{a}_{\geq 0} = c", [r"\underbrace{a}_{\geq 0}", "c"]),
        (r"\{ z : z > 0 \} = c", [r"\{ z : z > 0 \}", "c"]),
    ],
)
def test_relations_inside_brackets_are_no_relations(formula, sides):
    assert [source for _, source in only(f"$${formula}$$")] == sides


def test_what_compares_nothing_is_no_chain():
    assert chains("$a + b$ and $$c$$ and $\\sum_{j=1}^J$") == []


def test_rows_of_an_alignment():
    text = (
        "\\begin{align}\na &= b \\\\\n&\\quad + c \\label{x} \\\\[2pt]\n&\\le d \\nonumber \\\\\ne &= f\n\\end{align}"
    )
    first, second = chains(text)
    assert first == [("", "a"), ("=", "b + c"), ("<=", "d")]
    assert second == [("", "e"), ("=", "f")]


def test_a_row_with_its_own_left_side_begins_a_chain_even_with_a_sign():
    first, second = chains("\\begin{align} a &= b \\\\ -D &= c \\end{align}")
    assert (first, second) == ([("", "a"), ("=", "b")], [("", "-D"), ("=", "c")])


def test_rows_inside_braces_and_inner_environments_stay_together():
    text = "$$a = \\begin{cases} b \\\\ c \\end{cases} = {d \\\\ e}$$"
    assert [s for _, s in only(text)] == ["a", "\\begin{cases} b \\\\ c \\end{cases}", "{d \\\\ e}"]


def test_split_and_aligned_are_layout():
    text = "\\begin{equation}\\begin{split} a &= b \\\\ &= c \\end{split}\\end{equation}"
    assert only(text) == [("", "a"), ("=", "b"), ("=", "c")]


def test_a_display_that_begins_with_a_relation_goes_on():
    assert only("$$a = b$$ so that, since $x = y$ is another, $$= c$$".replace("$x = y$", "$x$")) == [
        ("", "a"),
        ("=", "b"),
        ("=", "c"),
    ]
    assert len(chains("$$a = b$$ and $x = y$ and $$\\le c$$")) == 2


def test_a_display_of_another_file_does_not_go_on():
    formulas = [*read_text("$$a = b$$", "a.tex").formulas, *read_text("$$= c$$", "b.tex").formulas]
    assert [len(c.sides) for c in written(formulas)] == [2, 2]


@pytest.mark.parametrize(
    ("end", "note"),
    [
        (r"\quad \text{(Jensen)}", "(Jensen)"),
        (r"\qquad\text{by Bayes' rule}.", "by Bayes' rule"),
        (r", && \text{(why)}", "(why)"),
        (r" \text{ (definition) } ,", "(definition)"),
    ],
)
def test_notes_beside_a_side(end, note):
    (chain,) = written(read_text(f"\\begin{{align}} a &= b {end} \\end{{align}}", "n.tex").formulas)
    assert [(s.source, s.note) for s in chain.sides] == [("a", ""), ("b", note)]


def test_text_that_is_part_of_a_formula_stays():
    assert only(r"$D_\text{KL}(q) = \text{KL}$") == [("", r"D_\text{KL}(q)"), ("=", r"\text{KL}")]


@pytest.mark.parametrize(
    ("written_as", "relation"),
    [(r"\stackrel{\text{def}}{=}", ":="), (r"\overset{(a)}{\geq}", ">="), (r"\overset{\triangle}{=}", ":=")],
)
def test_marks_over_a_relation(written_as, relation):
    assert only(f"$$a {written_as} b$$") == [("", "a"), (relation, "b")]


def test_every_side_has_its_line():
    text = "one\n\\begin{align}\n\n  a\n  &= b\n  + c \\\\\n  &= d\n\\end{align}"
    (chain,) = written(read_text(text, "n.tex").formulas)
    assert [(s.source.split()[0], s.line) for s in chain.sides] == [("a", 4), ("b", 5), ("d", 7)]


@given(st.text(alphabet="ab=<>\\&{}()[]$+- \n.,", max_size=120))
def test_any_formula_is_taken_apart(source):
    for chain in written(read_text(f"\\[{source}\\]", "n.tex").formulas):
        assert len(chain.sides) > 1
        assert chain.sides[0].relation == ""
        assert all(s.relation in RELATIONS.values() for s in chain.sides[1:])


@pytest.mark.parametrize("name", ["align", "align*", "aligned", "eqnarray", "gather*"])
def test_an_environment_inside_dollars_is_layout(name):
    text = f"$$\n\\begin{{{name}}}\na &= b \\\\\n&= c\n\\end{{{name}}}\n$$"
    (chain,) = written(read_text(text, "n.md").formulas)
    assert [(s.relation, s.source, s.line) for s in chain.sides] == [("", "a", 3), ("=", "b", 3), ("=", "c", 4)]


@pytest.mark.parametrize(
    ("formula", "sides"),
    [
        ("a &= b \\\\\\\n&= c", ["a", "b", "c"]),
        ("a &= b \\\\\n&= c", ["a", "b", "c"]),
        (r"a = b \\, c", ["a", r"b \, c"]),
        (r"a &= b &\quad \cdots \quad (1) \\ &= c \quad (2)", ["a", "b", "c"]),
        (r"a = b (1)", ["a", "b (1)"]),
        (r"a = b \quad (c)", ["a", r"b \quad (c)"]),
    ],
)
def test_what_markdown_takes_and_the_numbers_of_equations_are_no_part_of_a_side(formula, sides):
    assert [source for _, source in only(f"$${formula}$$")] == sides


@pytest.mark.parametrize(
    "row",
    [
        r"- \sum_{j=1}^J c_j",
        r"&{} - c",
        r"&\phantom{=} - c",
        r"&\quad\mathrel{\phantom{=}} - c",
        r"& \underbrace{-c}_{d}",
        r"&\textcolor{red}{- c}",
        r"\color{red} - c",
        r"\mathbin{+} c",
    ],
)
def test_a_row_that_begins_with_a_sign_in_any_dress_goes_on(row):
    _, (relation, source) = only(rf"\begin{{align}} a &= b \\ {row} \end{{align}}")
    assert (relation, source) == ("=", f"b {row.replace('&', '').strip().removeprefix(chr(92) + 'quad')}")


@pytest.mark.parametrize("end", ["-", "+ {}", r"\times"])
def test_a_row_that_ends_with_a_sign_awaits_the_next(end):
    assert only(rf"\begin{{align}} a &= b {end} \\ & c \end{{align}}") == [("", "a"), ("=", f"b {end} c")]


def test_a_row_without_operator_and_relation_is_not_left_away():
    mean = r"\mathbb{E}_{z \sim q}[c]"
    assert only(rf"\begin{{align}} a &= b \\ & {mean} \end{{align}}") == [("", "a"), ("=", rf"b \newline {mean}")]
    assert only(r"\begin{align} a &= b \\ & (c + d) \end{align}") == [("", "a"), ("=", r"b \newline (c + d)")]


@pytest.mark.parametrize(
    "row", [r"z \sim q", r"\text{by Jensen}", r"\forall x", r"e = f", r"-e \overset{(i)}{\ge} f", r"q \gets p"]
)
def test_a_row_that_says_something_else_stands_for_itself(row):
    assert chains(rf"\begin{{gather}} a = b \\ {row} \end{{gather}}")[0] == [("", "a"), ("=", "b")]


def test_a_sign_before_a_bracket_that_is_never_closed_begins_a_chain():
    assert len(chains(r"\begin{align} a &= b \\ -D((c) &= e \end{align}")) == 1


@pytest.mark.parametrize("row", ["- b &= c", r"{} - b \le c", r"\phantom{a} - b = c"])
def test_a_left_side_in_two_rows_is_one(row):
    sides = only(rf"\begin{{align}} a \\ {row} \end{{align}}")
    assert sides[0][1].startswith("a ")
    assert sides[0][1].endswith("- b")
    assert len(sides) == 2


@pytest.mark.parametrize(
    "system",
    [
        "\\[\\left\\{\n\\begin{aligned} a &= b \\\\\nc &= d \\end{aligned} \\right.\\]",
        "\\[\n\\begin{cases} a = b \\\\\nc = d \\end{cases}\\]",
        "$$\\left[\n\\begin{array}{rcl} a &=& b \\\\\nc &=& d \\end{array}\\right.$$",
    ],
)
def test_relations_beside_one_brace_are_relations_each(system):
    assert chains(system) == [[("", "a"), ("=", "b")], [("", "c"), ("=", "d")]]
    assert [c.sides[1].line for c in written(read_text(system, "notes.tex").formulas)] == [2, 3]


@pytest.mark.parametrize(
    "formula",
    [r"2 \left( \begin{aligned} a = b \\ + c \end{aligned} \right) = d", r"f = \begin{cases} a \\ b \end{cases}"],
)
def test_brackets_around_rows_that_are_a_factor_or_a_side_stay(formula):
    (chain,) = chains(f"$${formula}$$")
    assert len(chain) == 2


@pytest.mark.parametrize(
    "opening", ["alignat}{2}", "alignat*}{3}", "IEEEeqnarray}{rCl}", "IEEEeqnarray*}{rCl}", "xalignat}{2}"]
)
def test_the_columns_of_an_environment_are_no_factor(opening):
    environment = opening.split("}")[0]
    assert only(f"\\begin{{{opening} a &= b \\end{{{environment}}}") == [("", "a"), ("=", "b")]


def test_the_columns_of_an_inner_environment_are_no_factor_and_a_number_in_braces_is_one():
    assert only(r"$$\begin{alignedat}{2} a &= b \end{alignedat}$$") == [("", "a"), ("=", "b")]
    assert only(r"\begin{align}{2} a &= b \end{align}") == [("", "{2} a"), ("=", "b")]


@pytest.mark.parametrize("between", ["In $J$ dimensions", "Minimise"])
def test_a_display_that_begins_with_a_minus_after_words_stands_for_itself(between):
    first, second = chains(f"$$a = b.$$ {between} $$-c = d$$")
    assert (first, second) == ([("", "a"), ("=", "b")], [("", "-c"), ("=", "d")])
    assert chains(f"$$a = b$$ {between} $$-c$$") == [[("", "a"), ("=", "b")]]


def test_a_display_that_begins_with_a_sign_and_adjoins_another_goes_on():
    assert only("$$a = b$$\n$$- c$$") == [("", "a"), ("=", "b - c")]
    assert only("$$a = b$$\n$$+ c = d$$") == [("", "a"), ("=", "b + c"), ("=", "d")]
    assert chains("$$a = b$$\n\\begin{multline} -c \\\\ = d \\end{multline}") == [
        [("", "a"), ("=", "b")],
        [("", "-c"), ("=", "d")],
    ]


@pytest.mark.parametrize("word", ["since", "because", "where", "using that if"])
def test_what_a_row_is_justified_by_is_no_part_of_the_chain(word):
    text = rf"\begin{{align}} a &= b & \text{{{word} }} c = d \\ &= e \end{{align}}"
    assert chains(text) == [[("", "a"), ("=", "b"), ("=", "e")], [("", "c"), ("=", "d")]]


def test_what_follows_from_a_row_goes_on():
    assert chains(r"\begin{align} a &= b \text{ hence } c = d \\ &= e \end{align}")[1] == [
        ("", "c"),
        ("=", "d"),
        ("=", "e"),
    ]


def test_a_phantom_with_braces_in_it_is_space():
    assert only(r"\begin{align} a &= b \\ &\phantom{={}} - c \end{align}")[1][1].endswith("- c")


def test_prose_between_rows_is_no_part_of_them():
    text = "\\begin{align} a &= b \\\\\n\\intertext{by {\\em Jensen}'s\ninequality}\n&\\le c \\\\ &= d \\end{align}"
    (chain,) = written(read_text(text, "notes.tex").formulas)
    assert [(s.relation, s.source, s.line) for s in chain.sides] == [
        ("", "a", 1),
        ("=", "b", 1),
        ("<=", "c", 4),
        ("=", "d", 4),
    ]


@pytest.mark.parametrize(
    "words",
    [
        "if $q = p$,",
        "taking $q(z|x) = p(z|x)$,",
        "at the optimum",
        "Now choose the true posterior as encoder.",
        "We now set $q(z|x)$ to $p(z|x)$. Then",
        "which is an equality because the posterior is exact",
    ],
)
def test_a_condition_between_rows_stays(words):
    text = rf"\begin{{align}} a &= b \\ \intertext{{{words}}} c &= d \end{{align}}"
    assert chains(text) != [[("", "a"), ("=", "b")], [("", "c"), ("=", "d")]]
