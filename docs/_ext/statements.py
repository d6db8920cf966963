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
{claim}`law.upper` refers to a claim's row in the table that {claims-table} makes. The build
warns (and so fails) when two statements share a number, when a statement names an unknown
claim, and when a claim of the registry has no statement.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.builders import Builder
from sphinx.domains import Domain
from sphinx.environment import BuildEnvironment
from sphinx.roles import XRefRole
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import make_refnode

from spadv.theory.claims import claims
from spadv.theory.symbolic import derivations

logger = logging.getLogger(__name__)

KINDS = ("Theorem", "Proposition", "Lemma", "Corollary", "Definition", "Erratum")
_HEAD = re.compile(rf"({'|'.join(KINDS)}) (\S+?)(?: \((.+)\))?")
#: The page with the table of claims.
CLAIMS_PAGE = "theory/claims"

#: Pages with statements, in reading order.
PAGES = ("paper", "errata", "laws", "frontiers", "price")

#: How a claim's expected verdict is put in words.
EXPECTED = {
    "holds": "holds",
    "violated": "refuted",
    "hypothesis-unsatisfiable": "vacuous",
}


@dataclass(frozen=True)
class Known:
    """A statement, as the rest of the site sees it."""

    page: str
    anchor: str
    kind: str
    number: str
    title: str
    claims: tuple[str, ...]

    @property
    def name(self) -> str:
        """Kind and number: Theorem L4."""
        return f"{self.kind} {self.number}"


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
        """Return the box, and remember the statement."""
        head = _HEAD.fullmatch(" ".join(self.arguments[0].split()))
        if head is None:
            raise self.error(f"a statement is headed like 'Theorem L4 (Title)', and one of {KINDS}")
        kind, number, title = head[1], head[2], head[3] or ""
        names = tuple(self.options.get("claims", "").split())
        known = Known(self.env.docname, f"statement-{number}", kind, number, title, names)
        domain = self.env.get_domain("st")
        assert isinstance(domain, StatementDomain)
        domain.add(known, self.get_location())

        box = nodes.container(
            classes=["statement", f"statement-{kind.lower()}"], ids=[known.anchor]
        )
        box["names"] = []
        line = nodes.paragraph(classes=["statement-head"])
        line += nodes.strong(text=known.name)
        if title:
            children, _ = self.parse_inline(f" ({title})")
            line += nodes.inline("", "", *children, classes=["statement-title"])
        line += nodes.reference("", "", refuri=f"#{known.anchor}", classes=["statement-link"])
        box += line
        box += self.parse_content_to_nodes()
        foot = self._foot(names)
        if foot:
            box += nodes.paragraph("", "", *foot, classes=["statement-foot"])
        self.state.document.note_explicit_target(box)
        return [box]

    def _foot(self, names: tuple[str, ...]) -> list[nodes.Node]:
        parts: list[nodes.Node] = []
        if names:
            parts.append(nodes.Text("Checked by "))
            parts += _joined([_reference("claim", name, self.env.docname) for name in names])
            parts.append(nodes.Text(". "))
        if "computed-by" in self.options:
            targets = self.options["computed-by"].split()
            written = ", ".join(f"{{py:obj}}`~{name}`" for name in targets)
            children, _ = self.parse_inline(f"Computed by {written}.")
            parts += children
        return parts


class ProofDirective(SphinxDirective):
    """A proof; the argument, if any, says of what."""

    optional_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the proof between its heading and its end mark."""
        box = nodes.container(classes=["proof"])
        body = self.parse_content_to_nodes()
        of = f" {self.arguments[0]}" if self.arguments else ""
        children, _ = self.parse_inline(f"Proof{of}.")
        head = nodes.emphasis("", "", *children, classes=["proof-head"])
        if body and isinstance(body[0], nodes.paragraph):
            body[0].insert(0, nodes.Text(" "))
            body[0].insert(0, head)
        else:
            box += nodes.paragraph("", "", head)
        box += body
        end = nodes.inline(text="\N{WHITE SQUARE}", classes=["proof-end"])
        if box.children and isinstance(box.children[-1], nodes.paragraph):
            box.children[-1] += nodes.Text(" ")
            box.children[-1] += end
        else:
            box += nodes.paragraph("", "", end)
        return [box]


def _reference(kind: str, target: str, page: str, text: str = "") -> pending_xref:
    return pending_xref(
        "",
        nodes.literal(text=text or target) if kind == "claim" else nodes.inline(text=target),
        refdomain="st",
        reftype=kind,
        reftarget=target,
        refdoc=page,
        refexplicit=bool(text),
        refwarn=True,
    )


def _place(statement: Known) -> tuple[int, str]:
    """Return where a statement stands among those of one claim: the paper's first."""
    page = statement.page.rpartition("/")[2]
    return (PAGES.index(page) if page in PAGES else len(PAGES)), statement.anchor


def _joined(found: list[Any]) -> Iterator[nodes.Node]:
    for place, node in enumerate(found):
        if place:
            yield nodes.Text(", ")
        yield node


class StatementRole(XRefRole):
    """A reference to a statement or a claim, by its number or identifier."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(
            warn_dangling=True, innernodeclass=nodes.literal if kind == "claim" else nodes.inline
        )

    def result_nodes(
        self, document: nodes.document, env: BuildEnvironment, node: nodes.Element, is_ref: bool
    ) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Send the reference to this domain, whatever the role was called."""
        node["refdomain"], node["reftype"] = "st", self.kind
        return [node], []


class StatementDomain(Domain):
    """Statements by their number."""

    name = "st"
    label = "Statements"
    roles: ClassVar[dict[str, Any]] = {"ref": StatementRole("ref"), "claim": StatementRole("claim")}
    initial_data: ClassVar[dict[str, Any]] = {"known": {}}
    data_version = 1
    dangling_warnings: ClassVar[dict[str, str]] = {
        "ref": "no statement has the number %(target)s",
        "claim": "no claim has the identifier %(target)s",
        "checks": "no statement names the claim %(target)s",
    }

    @property
    def known(self) -> dict[str, Known]:
        """Every statement by its number."""
        found: dict[str, Known] = self.data["known"]
        return found

    def add(self, statement: Known, location: str) -> None:
        """Remember a statement; a number taken already or an unknown claim is a warning."""
        other = self.known.get(statement.number)
        if other is not None:
            logger.warning("%s is also in %s", statement.name, other.page, location=location)
        for name in statement.claims:
            if name not in {claim.id for claim in claims()}:
                logger.warning("%s names no claim: %s", statement.name, name, location=location)
        self.known[statement.number] = statement

    def clear_doc(self, docname: str) -> None:
        """Forget the statements of a page that is read again."""
        for number in [key for key, value in self.known.items() if value.page == docname]:
            del self.known[number]

    def check_consistency(self) -> None:
        """Warn of every claim that no statement names."""
        named = {name for statement in self.known.values() for name in statement.claims}
        for claim in claims():
            if claim.id not in named:
                logger.warning("no statement names the claim %s", claim.id, location=CLAIMS_PAGE)

    def resolve_xref(
        self,
        env: BuildEnvironment,
        fromdocname: str,
        builder: Builder,
        typ: str,
        target: str,
        node: pending_xref,
        contnode: nodes.Element,
    ) -> nodes.reference | None:
        """Return a link to a statement, to a claim's row, or to all statements of a claim."""

        def link(statement: Known) -> nodes.reference:
            inner = contnode if node["refexplicit"] else nodes.inline(text=statement.name)
            page, anchor = statement.page, statement.anchor
            return make_refnode(builder, fromdocname, page, anchor, inner, statement.title)

        if typ == "ref":
            found = self.known.get(target)
            return None if found is None else link(found)
        if typ == "claim":
            if target not in {claim.id for claim in claims()}:
                return None
            return make_refnode(builder, fromdocname, CLAIMS_PAGE, f"claim-{target}", contnode)
        naming = [each for each in self.known.values() if target in each.claims]
        several = [link(each) for each in sorted(naming, key=_place)]
        if not several:
            return None
        # A node of the kind that the caller expects, with all links inside it.
        return nodes.inline("", "", *_joined(several))

    def resolve_any_xref(self, *args: Any, **kwargs: Any) -> list[Any]:
        """Statements are meant only where a role says so."""
        return []

    def merge_domaindata(self, docnames: Set[str], otherdata: dict[str, Any]) -> None:
        """Take over what a parallel reader has found."""
        for number, statement in otherdata["known"].items():
            if statement.page in docnames:
                self.known[number] = statement


class ClaimsTable(SphinxDirective):
    """A table of every claim in the registry, with the statements that name it."""

    def run(self) -> list[nodes.Node]:
        """Return the table; its references are resolved when all pages are read."""
        steps: dict[str, list[str]] = {}
        for derivation in derivations():
            for name in derivation.claims:
                steps.setdefault(name, []).append(derivation.id)
        head = ("claim", "what it says", "statements, and where the paper has it")
        rows: list[list[list[nodes.Node]]] = []
        for claim in claims():
            said: list[nodes.Node] = [nodes.paragraph(text=claim.statement)]
            if claim.remark:
                said.append(nodes.paragraph(text=claim.remark, classes=["remark"]))
            named = nodes.paragraph("", "", nodes.literal(text=claim.id), ids=[f"claim-{claim.id}"])
            expected = nodes.paragraph(text=EXPECTED[claim.expected], classes=["expected"])
            where: list[nodes.Node] = [nodes.paragraph()]
            where[0] += _reference("checks", claim.id, self.env.docname)
            where.append(nodes.paragraph(text=claim.locator, classes=["remark"]))
            if claim.id in steps:
                derived = nodes.paragraph(text="derived in ", classes=["remark"])
                derived += _joined([nodes.literal(text=name) for name in steps[claim.id]])
                where.append(derived)
            rows.append([[named, expected], said, where])
        return [table(head, rows, (20, 50, 30), classes=["claims"])]


def table(
    head: tuple[str, ...],
    rows: list[list[list[nodes.Node]]],
    widths: tuple[int, ...],
    classes: list[str] | None = None,
) -> nodes.table:
    """Return a table of given cells, each a list of block nodes."""
    made = nodes.table(classes=["wide", *(classes or [])])
    group = nodes.tgroup(cols=len(head))
    made += group
    for width in widths:
        group += nodes.colspec(colwidth=width)
    top = nodes.row()
    for text in head:
        top += nodes.entry("", nodes.paragraph(text=text))
    group += nodes.thead("", top)
    body = nodes.tbody()
    for cells in rows:
        row = nodes.row()
        for place, cell in enumerate(cells):
            # On a phone the cells stand below each other, without the head of the table.
            if place and isinstance(cell[0], nodes.paragraph):
                cell[0].insert(0, nodes.inline(text=f"{head[place]}: ", classes=["cell-label"]))
            row += nodes.entry("", *cell)
        body += row
    group += body
    return made


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives, the roles and the domain."""
    app.add_domain(StatementDomain)
    app.add_directive("statement", StatementDirective)
    app.add_directive("proof", ProofDirective)
    app.add_directive("claims-table", ClaimsTable)
    app.add_role("st", StatementRole("ref"))
    app.add_role("claim", StatementRole("claim"))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
