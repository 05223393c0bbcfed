"""TeX to readable text: what changes, and that nothing is lost."""

from __future__ import annotations

import re
import time
from unicodedata import combining, normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.core.arxiv.tex import readable

CASES = [
    # Text that only looks like TeX stays.
    ("50% of users & Q&A, issue #3", "50% of users & Q&A, issue #3"),
    ("costs $5 and $10", "costs $5 and $10"),
    ("from $17.7K to $18K", "from $17.7K to $18K"),
    ("$5 for V_max and $10", "$5 for V_max and $10"),
    ("about ~5x at (~3 s), http://x.edu/~g/a_b.html", "about ~5x at (~3 s), http://x.edu/~g/a_b.html"),
    ("run it with --help", "run it with --help"),
    ("snake_case in {De, It} and {0,1}", "snake_case in {De, It} and {0,1}"),
    # What was typed without TeX, or for another program.
    ("half {open", "half open"),
    ("half closed} with {0, 1} kept", "half closed with {0, 1} kept"),
    ("{Large Language Models} and more", "Large Language Models and more"),
    ("p < 10^-6, 3 x 10^12 cm^-2 s^-1 of 5 m^2", "p < 10⁻⁶, 3 x 10¹² cm⁻² s⁻¹ of 5 m²"),
    ("R^2 = 0.9 in O(n^2), K^-3π and pass^k, e^iπ", "R² = 0.9 in O(n²), K^-3π and pass^k, e^iπ"),
    ("**Bold** and *two words*, but A* and p < 0.05*", "Bold and two words, but A* and p < 0.05*"),
    ("# Summary of `code` and __two words__ in __init__", "Summary of code and two words in __init__"),
    ("2*3*4 = 24 for **kwargs, C^*-algebras", "2*3*4 = 24 for **kwargs, C^*-algebras"),
    ("see [our page](https://a.b/c_d)", "see our page (https://a.b/c_d)"),
    ('a "quoted phrase" and \'one\' more', "a “quoted phrase” and ‘one’ more"),
    ("a 5' 10\" model's and models' f'(x)", "a 5' 10\" model's and models' f'(x)"),
    # Typography.
    ("``quotes'' and ''these''", "“quotes” and “these”"),
    ("Rayleigh--Sommerfeld, 7--10 -- or---so", "Rayleigh–Sommerfeld, 7–10 – or—so"),
    ("Fig.~2 of Section~3", "Fig. 2 of Section 3"),
    (r"6\% \& \$5 \#1 a\_b", "6% & $5 #1 a_b"),
    # Commands.
    (r"\textbf{bold} \emph{and} {\em this} \textsc{That} \texttt{[EOS]}", "bold and this That [EOS]"),
    (r"\textbf{R}epresent \underline{E}fficient", "Represent Efficient"),
    (r"\textit{\textbf{a $x^2$ b}}", "a x² b"),
    (r"Erd\H{o}s, na\"ive, \'{e}t\'e, \v{S}, S\o ren, \c{c}", "Erdős, naïve, été, Š, Søren, ç"),
    (r"we propose \method, (\bpf{}) and \rev{this}", "we propose method, (bpf) and this"),
    (r"DialNav~\cite{han2025} works", "DialNav [han2025] works"),
    (r"see \url{http://a.b/c_d%20e~f}", "see http://a.b/c_d%20e~f"),
    (r"\href{https://a.b/~c}{our \emph{page}}", "our page (https://a.b/~c)"),
    (r"\begin{itemize}\item one \item two\end{itemize}", "• one • two"),
    (r"made on \today, \S 3", "made on today, § 3"),
    (r"pass\textasciicircum{}k, x\textsuperscript{2}", "pass^k, x²"),
    (r"{\textbraceleft}0, 1\textbraceright{} \& more", "{0, 1} & more"),
    (r"\textit{Co}unter} part", "Counter part"),
    (r"\textbf{never closed", "never closed"),
    # Formulae.
    (r"$\alpha$-stable, $10^{-3}$, $\ell_2$, CO$_2$", "α-stable, 10⁻³, ℓ₂, CO₂"),
    (r"$90^\circ$, $14.3\times$, 4$\times$2, $48\times48$", "90°, 14.3×, 4×2, 48×48"),
    (r"${\sim}14%$ and $1{,}000$ or 1{,}000", "∼14% and 1,000 or 1,000"),
    (r"$x_{i,j}$, $x^{2k+1}$, $x^{2^n}$, $y^T$", "x_(i,j), x^(2k+1), x^(2ⁿ), y^T"),
    (r"$M_{\text{spur}}$, $F_{0.5}$, $M_{ab}c$", "M_spur, F₀.₅, M_(ab)c"),
    (r"$\mathcal{O}(n\log n)$, $\log\log n$", "O(n log n), log log n"),
    (r"$\mathbf{x}\in\mathbb R^n$, $\mathbb{E}[X]$", "x ∈ ℝⁿ, E[X]"),
    (r"$\tilde{O}(\sqrt{T})$, $\hatχ \approx +1$, $\widetilde Y$", "Õ(√T), χ̂ ≈ +1, Ỹ"),
    (r"$\frac{a}{b+1}$, $\sqrt[3]{x+y}$", "a/(b+1), ³√(x+y)"),
    (r"$\frac{1}{\frac{a}{b}}$, $\frac{\frac{a}{\frac{b}{c}}}{d}$", "1/(a/b), (a/(b/c))/d"),
    (r"$\dfrac12$, $\tfrac{1}{x_{i+j}}$, $\cfrac{1}{1+\cfrac{1}{x}}$", "1/2, 1/(x_(i+j)), 1/(1+1/x)"),
    (r"$\binom{n}{k}$, $10^-6$, \frac{1}{\frac{2}{3}}", "(n choose k), 10⁻⁶, 1/(2/3)"),
    (r"$\|x\|_2^2$, $\{1, \dots, n\}$, $\left( x \right)$", "‖x‖₂², {1, …, n}, ( x )"),
    (r"$0.98 \pm 0.01$, $t \mid n$, $κ= 0.3$", "0.98 ± 0.01, t | n, κ = 0.3"),
    (r"\(d-\ell_o\) and \[ a \le b \] and $$ c $$", "d-ℓ_o and a ≤ b and c"),
    (r"\begin{equation*} g(t)=1 \end{equation*}", "g(t)=1"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "text"), CASES)
def test_it_reads(source: str, text: str) -> None:
    assert readable(source) == text


@pytest.mark.parametrize("text", [text for _, text in CASES])
def test_it_leaves_readable_text_alone(text: str) -> None:
    assert readable(text) == text


def test_it_keeps_paragraphs_and_folds_all_other_white_space() -> None:
    abstract = "  One\nsentence  here.\n  A new\tparagraph.\n\nAnd a third.\n"
    assert readable(abstract) == "One sentence here.\nA new paragraph.\nAnd a third."


def test_an_indented_line_in_the_middle_of_a_sentence_begins_no_paragraph() -> None:
    """Some authors indent every line."""
    abstract = "In this note,\n  we study tides\n  in harbours. Tides are late.\n  Ships follow."
    assert readable(abstract) == "In this note, we study tides in harbours. Tides are late.\nShips follow."


def test_it_parts_sentences_that_lost_the_line_break_between_them() -> None:
    assert (
        readable("of the instance.Each view counts.We test.") == "of the instance. Each view counts. We test."
    )
    assert readable("uses torch.Tensor and e.g.The") == "uses torch.Tensor and e.g.The"


@pytest.mark.parametrize(
    "source",
    [
        "$" + r"\frac{1}{" * 5000 + "x" + "}" * 5000 + "$",
        "$" + r"\frac{" * 5000 + "x" + "}{y}" * 5000 + "$",
        "$" + r"\sqrt{" * 300 + "x" + "}" * 300 + "$",
        "{" * 50_000 + "x" + "}" * 50_000,
        "x^{" * 5000 + "2" + "}" * 5000,
        r"\begin{equation}" * 1000,
        "*a " * 6000,
        "[a](" * 4000,
    ],
)
def test_it_takes_little_time_whatever_stands_in_what(source: str) -> None:
    started = time.process_time()
    readable(source)
    assert time.process_time() - started < 2


def test_what_stands_too_deep_is_left_as_it_is() -> None:
    depth = 200
    text = readable("A sum $" + r"\frac{1}{" * depth + "x" + "}" * depth + "$ of parts.")
    assert text.startswith("A sum ")
    assert text.endswith(" of parts.")


GLUE = st.sampled_from(
    [" ", "% ", " $", "$ ", " {", "} ", "\\", " \\emph{", "}", "~", "_", "^", " & ", "\n  ", "``"]
)


def without_accents(text: str) -> str:
    return "".join(each for each in normalize("NFD", text) if not combining(each))


@given(st.lists(st.one_of(st.from_regex(r"[b-df-hj-np-tv-z]{5,8}", fullmatch=True), GLUE), max_size=24))
def test_it_never_loses_a_word_and_never_fails(pieces: list[str]) -> None:
    source = "".join(pieces)
    words = [piece for piece in pieces if re.fullmatch(r"[a-z]{5,8}", piece)]
    # A command's own name may go with its braces: \name{…}.
    text = without_accents(readable(source))  # \~b is a letter with one
    assert all(word in text or re.search(rf"\\\w*{word}\w*\s*{{", source) for word in words)


@given(st.text(max_size=200))
def test_it_takes_any_text(source: str) -> None:
    text = readable(source)
    assert text == text.strip()
    assert "  " not in text
    assert "\n\n" not in text
