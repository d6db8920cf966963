"""Numbered statements, proofs, and the tie between statements and claims.

In a page::

    :::{statement} Theorem L4 (The gradual upper law)
    :claims: law.upper

    For every classifier ...
    :::

    :::{proof}
    ...
    :::

The number is written, not counted: docstrings and people cite it, so it must not change when
a page gains a lemma. It is the statement's name everywhere: {st}`L4` refers to it, and
{claim}`law.upper` to a claim's row in the table that {claims-table} makes. All statements are
read from the pages before Sphinx reads them; the build warns, and so fails, when two have one
number, when one names an unknown claim, and when a claim of the registry has none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.roles import XRefRole
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import make_refnode

from spadv.theory.claims import claims
from spadv.theory.symbolic import derivations

#: Pages with statements, in reading order, and the page with the table of claims.
PAGES = tuple(
    f"theory/{name}"
    for name in (
        *("paper", "errata", "laws", "frontiers", "certificates", "price", "worst-case"),
        "images",
    )
)
CLAIMS_PAGE = "theory/claims"
KINDS = ("Theorem", "Proposition", "Lemma", "Corollary", "Definition", "Erratum")
_STATEMENT = re.compile(
    rf"^:::\{{statement\}} ({'|'.join(KINDS)}) (\S+?)(?: \((.+)\))?\n((?::[\w-]+:.*\n)*)", re.M
)
#: How a claim's expected verdict is put in words.
EXPECTED = {
    "holds": "holds",
    "violated": "refuted",
    "hypothesis-unsatisfiable": "vacuous",
}


@dataclass(frozen=True)
class Statement:
    """What the head of a statement says."""

    page: str
    kind: str
    number: str
    title: str
    claims: tuple[str, ...]

    @property
    def name(self) -> str:
        """Kind and number: Theorem L4."""
        return f"{self.kind} {self.number}"

    @property
    def anchor(self) -> str:
        """Where it stands in its page."""
        return f"statement-{self.number}"


@cache
def read(docs: Path) -> tuple[Statement, ...]:
    """Return all statements, page by page."""
    found = []
    for page in PAGES:
        for match in _STATEMENT.finditer((docs / f"{page}.md").read_text(encoding="utf-8")):
            named = re.search(r"^:claims: (.*)$", match[4], flags=re.M)
            names = tuple(named[1].split()) if named else ()
            found.append(Statement(page, match[1], match[2], match[3] or "", names))
    return tuple(found)


def problems(found: Iterable[Statement]) -> Iterator[str]:
    """Yield what is wrong with numbers and claims."""
    found = list(found)
    for number, times in Counter(statement.number for statement in found).items():
        if times > 1:
            yield f"{times} statements have the number {number}"
    known = {claim.id: claim for claim in claims()}
    for statement in found:
        for name in statement.claims:
            if name not in known:
                yield f"{statement.name} names no claim: {name}"
            elif statement.number not in known[name].numbers:
                yield f"{statement.name} names {name}, which is not registered with that number"
    for name, claim in known.items():
        naming = {statement.number for statement in found if name in statement.claims}
        for number in sorted(set(claim.numbers) - naming):
            yield f"no statement {number} names the claim {name}"
        if not claim.numbers:
            yield f"no statement names the claim {name}"


class StatementDirective(SphinxDirective):
    """One numbered statement."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {
        "claims": directives.unchanged,
        "computed-by": directives.unchanged,
    }

    def run(self) -> list[nodes.Node]:
        """Return the box, with its head and what checks and computes it."""
        match = _STATEMENT.match(f":::{{statement}} {self.arguments[0]}\n")
        if match is None or self.env.docname not in PAGES:
            raise self.error(f"headed like 'Theorem L4 (Title)', one of {KINDS}, and in {PAGES}")
        kind, number, title = match[1], match[2], match[3]
        anchor = f"statement-{number}"
        box = nodes.container(classes=["statement", f"statement-{kind.lower()}"], ids=[anchor])
        head = nodes.paragraph("", "", nodes.strong(text=f"{kind} {number}"))
        head["classes"] = ["statement-head"]
        if title:
            children, _ = self.parse_inline(f" ({title})")
            head += nodes.inline("", "", *children, classes=["statement-title"])
        head += nodes.reference("", "", refuri=f"#{anchor}", classes=["statement-link"])
        box += head
        box += self.parse_content_to_nodes()
        foot = self._foot("Checked by", "{{claim}}`{}`", "claims")
        foot += self._foot("Computed by", "{{py:obj}}`~{}`", "computed-by")
        if foot:
            box += nodes.paragraph("", "", *foot, classes=["statement-foot"])
        self.state.document.note_explicit_target(box)
        return [box]

    def _foot(self, label: str, role: str, option: str) -> list[nodes.Node]:
        names = self.options.get(option, "").split()
        if not names:
            return []
        return self.parse_inline(f"{label} {', '.join(map(role.format, names))}. ")[0]


class ProofDirective(SphinxDirective):
    """A proof; the argument, if any, says of what."""

    optional_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the proof between its heading and its end mark."""
        box = nodes.container("", *self.parse_content_to_nodes(), classes=["proof"])
        of = f" {self.arguments[0]}" if self.arguments else ""
        children, _ = self.parse_inline(f"Proof{of}.")
        if not box.children or not isinstance(box[0], nodes.paragraph):
            box.insert(0, nodes.paragraph())
        box[0].insert(0, [nodes.emphasis("", "", *children), nodes.Text(" ")])
        if not isinstance(box[-1], nodes.paragraph):
            box += nodes.paragraph()
        box[-1] += [nodes.Text(" "), nodes.inline(text="\N{WHITE SQUARE}", classes=["proof-end"])]
        return [box]


def resolve(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, contnode: nodes.TextElement
) -> nodes.reference | None:
    """Resolve {st} and {claim}; what there is not is left to Sphinx, which warns."""
    target, builder, page = node["reftarget"], app.builder, node["refdoc"]
    if node["reftype"] == "claim" and target in {claim.id for claim in claims()}:
        return make_refnode(builder, page, CLAIMS_PAGE, f"claim-{target}", contnode)
    if node["reftype"] == "st":
        for found in read(Path(app.srcdir)):
            if found.number == target:
                text = contnode if node["refexplicit"] else nodes.inline(text=found.name)
                return make_refnode(builder, page, found.page, found.anchor, text, found.title)
    return None


class ClaimsTable(SphinxDirective):
    """A table of every claim in the registry, with the statements that name it."""

    def run(self) -> list[nodes.Node]:
        """Return the table, to be made again when a page with statements changes."""
        for page in PAGES:
            self.env.note_dependency(self.env.doc2path(page))
        statements = read(Path(self.env.srcdir))
        head = ("claim", "what it says", "statements, and where the paper has it")
        rows: list[list[list[nodes.Node]]] = []
        for claim in claims():
            said: list[nodes.Node] = [nodes.paragraph(text=claim.statement)]
            if claim.remark:
                said.append(nodes.paragraph(text=claim.remark, classes=["remark"]))
            named = nodes.paragraph("", "", nodes.literal(text=claim.id), ids=[f"claim-{claim.id}"])
            expected = nodes.paragraph(text=EXPECTED[claim.expected], classes=["expected"])
            checking = [f"{{st}}`{each.number}`" for each in statements if claim.id in each.claims]
            where: list[nodes.Node] = [
                nodes.paragraph("", "", *self.parse_inline(", ".join(checking))[0]),
                nodes.paragraph(text=claim.locator, classes=["remark"]),
            ]
            derived = [f"`{each.id}`" for each in derivations() if claim.id in each.claims]
            if derived:
                children, _ = self.parse_inline(f"derived in {', '.join(derived)}")
                where.append(nodes.paragraph("", "", *children, classes=["remark"]))
            rows.append([[named, expected], said, where])
        return [table(head, rows, (20, 50, 30), classes=["claims"])]


def table(
    head: tuple[str, ...],
    rows: list[list[list[nodes.Node]]],
    widths: tuple[int, ...],
    classes: Iterable[str] = (),
) -> nodes.table:
    """Return a table of given cells, each a list of block nodes."""
    group = nodes.tgroup(cols=len(head))
    group += [nodes.colspec(colwidth=width) for width in widths]
    group += nodes.thead("", _row([[nodes.paragraph(text=text)] for text in head]))
    group += nodes.tbody("", *map(_row, rows))
    return nodes.table("", group, classes=["wide", *classes])


def _row(cells: list[list[nodes.Node]]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", *cell) for cell in cells))


def check(app: Sphinx) -> None:
    """Warn of what is wrong with the statements as a whole."""
    read.cache_clear()
    for problem in problems(read(Path(app.srcdir))):
        logging.getLogger(__name__).warning("%s", problem, location=CLAIMS_PAGE)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives and the roles."""
    app.add_directive("statement", StatementDirective)
    app.add_directive("proof", ProofDirective)
    app.add_directive("claims-table", ClaimsTable)
    app.add_role("st", XRefRole(warn_dangling=True, innernodeclass=nodes.inline))
    app.add_role("claim", XRefRole(warn_dangling=True))
    app.connect("builder-inited", check)
    app.connect("missing-reference", resolve)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
