"""Derivations as plain text and as LaTeX."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import sympy as sp

from .derivation import Derivation

_SPOKEN = {
    r"\le": "<=",
    r"\ge": ">=",
    r"\to": "->",
    r"\pm": "+-",
    r"\langle": "<",
    r"\rangle": ">",
    r"\,": " ",
    r"\ne": "!=",
}


def to_text(found: Derivation) -> str:
    """Return a derivation as plain text for a terminal."""
    heading = f"{found.title} [{found.id}]"
    claims = f"Claims: {', '.join(found.claims)}. " if found.claims else ""
    lines = [heading, "=" * len(heading), f"{claims}Source: {found.locator}.", ""]
    for number, step in enumerate(found.steps, 1):
        lines.append(f"{number}. {plain(step.text)}".rstrip() + f"  [{step.kind}]")
        lines += _drawn(step.expression)
    return "\n".join([*lines, "Result", *_drawn(found.result)])


def _drawn(expression: Any) -> list[str]:
    lines = sp.pretty(expression, use_unicode=True, wrap_line=False).splitlines()
    return ["", *(f"    {line}".rstrip() for line in lines), ""]


def to_latex(found: Derivation) -> str:
    """Return a derivation as a fragment for a document that loads amsmath and amssymb."""
    lines = [rf"\subsection*{{{escaped(found.title)}}}"]
    lines.append(rf"\noindent\emph{{{escaped(found.locator)}.}}")
    for step in found.steps:
        lines += ["", escaped(step.text)]
        lines += [r"\begin{align*}", f"  {step.latex}", r"\end{align*}"]
    return "\n".join(lines) + "\n"


def latex_document(found: Iterable[Derivation]) -> str:
    """Return derivations as a whole document, which LaTeX compiles as it is."""
    lines = [
        r"\documentclass{article}",
        r"\usepackage{amsmath,amssymb}",
        r"\allowdisplaybreaks",
        r"\begin{document}",
        "",
        "\n".join(to_latex(one) for one in found),
        r"\end{document}",
    ]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    r"""Return a step's words for LaTeX: special signs outside of dollars are escaped.

    Examples
    --------
    >>> escaped("85% of $x_0$")
    '85\\% of $x_0$'
    """
    parts = text.split("$")
    parts[::2] = [re.sub(r"([%&#_{}])", r"\\\1", part) for part in parts[::2]]
    return "$".join(parts)


def plain(text: str) -> str:
    r"""Return a step's words for a terminal.

    Examples
    --------
    >>> plain(r"for $\kappa \le 1$, $\sqrt{d}$")
    'for kappa <= 1, sqrt(d)'
    """
    for sign, word in _SPOKEN.items():
        text = re.sub(re.escape(sign) + r"(?![a-zA-Z])", word, text)
    text = re.sub(r"\\mathrm\{([^}]*)\}", r" \1 ", text)
    text = re.sub(r"\\sqrt\{([^}]*)\}", r"sqrt(\1)", text)
    text = re.sub(r"\\([a-zA-Z]+)", r"\1", text)
    text = re.sub(r"\^\{([^}]*)\}", r"^(\1)", text)
    text = re.sub(r"\{([^}]*)\}", r"\1", text).replace("$", "")
    return re.sub(r" {2,}", " ", text)
