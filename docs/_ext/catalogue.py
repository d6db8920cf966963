"""Tables of artefacts and of results, made from the registry and from saved documents.

{artefacts} lists the figures and tables of the paper and the questions beyond it, as the
registry has them. {results} shows what lies in docs/results/: folders that
``spadv reproduce`` or ``spadv verify`` wrote. Their pages and data are copied into the site.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from docutils import nodes
from saved import documents, effect_of, folders, seeds_of, verdicts
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from statements import EXPECTED, table

from spadv.empirical.experiments import EXPERIMENTS, Experiment

#: What is copied of a folder of results.
COPIED = ("*.html", "*.json", "*.jsonl", "*.csv", "*.png", "*.svg", "*.tex", "*.md")
GROUPS = ("figures", "tables", "beyond", "others")


def group_of(artefact: Experiment) -> str:
    """Return under which heading an artefact stands."""
    if artefact.beyond:
        return "beyond"
    for prefix, group in (("fig", "figures"), ("table", "tables")):
        if artefact.id.startswith(prefix):
            return group
    return "others"


def _text(text: str) -> nodes.paragraph:
    return nodes.paragraph(text=text)


def _literal(text: str, **options: Any) -> nodes.paragraph:
    return nodes.paragraph("", "", nodes.literal(text=text), **options)


def _bullets(lines: Iterable[str]) -> nodes.bullet_list:
    made = nodes.bullet_list()
    for line in lines:
        made += nodes.list_item("", nodes.paragraph(text=line))
    return made


class ArtefactTable(SphinxDirective):
    """Artefacts of one group: where the paper has them, and what is smaller at scale cpu."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return a table, and the details below it."""
        group = self.arguments[0]
        if group not in GROUPS:
            raise self.error(f"artefacts are grouped as {', '.join(GROUPS)}")
        chosen = [a for a in EXPERIMENTS.values() if group_of(a) == group]
        rows: list[list[list[nodes.Node]]] = []
        details: list[nodes.Node] = []
        for artefact in chosen:
            cpu, paper = artefact.plan("cpu"), artefact.plan("paper")
            link = nodes.reference("", "", nodes.literal(text=artefact.id), internal=True)
            link["refuri"] = f"#artefact-{artefact.id}"
            name = nodes.paragraph()
            name += nodes.inline("", "", link)
            rows.append(
                [
                    [name],
                    [_text(artefact.locator)],
                    [_text(artefact.title)],
                    [_text(str(len(cpu.claims)))],
                    [_text(f"{len(cpu.jobs)} / {len(paper.jobs)}")],
                ]
            )
            details.append(self._details(artefact, cpu.deviations, cpu.assumptions))
        head = (
            "artefact",
            "in the paper",
            "what it shows",
            "claims judged",
            "trainings: cpu / paper",
        )
        return [table(head, rows, (16, 20, 42, 10, 12)), *details]

    def _details(
        self, artefact: Experiment, deviations: Sequence[str], assumptions: Sequence[str]
    ) -> nodes.Node:
        box = nodes.container(classes=["artefact"], ids=[f"artefact-{artefact.id}"])
        head = _literal(artefact.id, classes=["artefact-head"])
        head += nodes.Text(f" {artefact.title}")
        box += head
        box += _text(artefact.statement)
        for label, lines in (
            ("Smaller or other than in the paper, at scale cpu", deviations),
            ("Not told by the paper, and chosen here", assumptions),
        ):
            if lines:
                box += nodes.paragraph("", "", nodes.emphasis(text=f"{label}:"))
                box += _bullets(lines)
        return box


class ResultList(SphinxDirective):
    """What lies in docs/results/, or that nothing does."""

    def run(self) -> list[nodes.Node]:
        """Return one part for each folder."""
        results = Path(self.env.srcdir) / "results"
        self.env.note_dependency(str(results))
        found = folders(results)
        if not found:
            return [
                nodes.paragraph(
                    text="No results have been added to docs/results/ yet, so there is nothing to "
                    "show here."
                )
            ]
        made: list[nodes.Node] = []
        for folder in found:
            made += self._folder(folder)
        return made

    def _folder(self, folder: Path) -> list[nodes.Node]:
        section = nodes.section(ids=[nodes.make_id(f"results-{folder.name}")])
        about = folder / "about.md"
        text = about.read_text(encoding="utf-8") if about.is_file() else ""
        heading, rest = folder.name, text
        if text.startswith("# "):
            heading, _, rest = text[2:].partition("\n")
        section += nodes.title(text=heading)
        if rest:
            self.env.note_dependency(str(about))
            section += self.parse_text_to_nodes(rest)
        if (folder / "report.html").is_file():
            section += self._page_link(folder)
        if (folder / "results.jsonl").is_file():
            section += self._claims(folder / "results.jsonl")
        for file, document in documents(folder):
            self.env.note_dependency(str(file))
            section += self._artefact(folder, document)
        return [section]

    def _page_link(self, folder: Path) -> nodes.paragraph:
        depth = "../" * self.env.docname.count("/")
        line = nodes.paragraph(text="The whole report, with every figure and table: ")
        uri = f"{depth}results/{folder.name}/report.html"
        line += nodes.reference("", "report.html", refuri=uri, internal=False)
        line += nodes.Text(".")
        return line

    def _claims(self, file: Path) -> nodes.table:
        """Return the verdicts of a run of `spadv verify`."""
        self.env.note_dependency(str(file))
        lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line]
        found: dict[str, Counter[str]] = {}
        expected: dict[str, str] = {}
        for line in lines:
            found.setdefault(line["claim"], Counter())[line["verdict"]] += 1
            expected[line["claim"]] = line["expected"]
        rows: list[list[list[nodes.Node]]] = [
            [
                [_literal(claim)],
                [_text(EXPECTED.get(expected[claim], expected[claim]))],
                [_text(", ".join(f"{n} {word}" for word, n in counts.most_common()))],
            ]
            for claim, counts in found.items()
        ]
        return table(("claim", "expected", "verdicts over settings"), rows, (20, 15, 65))

    def _artefact(self, folder: Path, document: Mapping[str, Any]) -> list[nodes.Node]:
        name = document["id"]
        part = nodes.section(ids=[nodes.make_id(f"results-{folder.name}-{name}")])
        part += nodes.title("", f"{name}: {document['title']}")
        seeds = seeds_of(document)
        locator = document["locator"]
        others = [line for line in document["shrunk"] if line.startswith(("data:", "network:"))]
        if others:
            texts = (line.partition(": ")[2].split(";")[0] for line in others)
            part += nodes.paragraph("", "", nodes.strong(text=f"Here: {'; '.join(texts)}."))
        line = (
            f"{locator[:1].upper()}{locator[1:]}. Scale {document['scale']}; "
            f"{seeds} training seed{'s' if seeds != '1' else ''} a variant. "
            f"Claims in the paper's metric: {verdicts(document['findings'])}."
        )
        part += _text(line)
        part += self._files(folder, name)
        if document["shrunk"]:
            part += _text(f"Smaller or other than in the paper: {'; '.join(document['shrunk'])}.")
        for remark in document.get("remarks", []):
            part += nodes.paragraph("", "", nodes.emphasis(text=remark))
        whole = folder / f"{name}.png"
        figures = [whole] if whole.is_file() else sorted(folder.glob(f"{name}-*.png"))
        for figure in figures:
            relative = figure.relative_to(self.env.srcdir).as_posix()
            self.env.note_dependency(str(figure))
            part += nodes.image(uri=f"/{relative}", alt=f"{name}: {document['title']}")
        if any("topic" in finding for finding in document["findings"]):
            part += self._topics(document["findings"])
        elif document["findings"]:
            part += self._findings(document["findings"])
        return [part]

    def _topics(self, findings: Sequence[Mapping[str, Any]]) -> nodes.table:
        """Return the verdicts by topic, where there are too many claims to list each."""
        topics = dict.fromkeys(finding["topic"] for finding in findings)
        rows: list[list[list[nodes.Node]]] = []
        for topic in topics:
            own = [finding for finding in findings if finding["topic"] == topic]
            rows.append([[_text(topic)], [_text(str(len(own)))], [_text(verdicts(own))]])
        return table(("topic", "claims", "verdicts"), rows, (55, 10, 35))

    def _files(self, folder: Path, name: str) -> nodes.paragraph:
        """Return links to the numbers themselves."""
        depth = "../" * self.env.docname.count("/")
        line = nodes.paragraph(text="Numbers: ")
        found = [f"{name}{ending}" for ending in (".json", ".csv", "-curves.csv")]
        for place, file in enumerate(file for file in found if (folder / file).is_file()):
            line += nodes.Text(", " if place else "")
            uri = f"{depth}results/{folder.name}/{file}"
            line += nodes.reference("", file, refuri=uri, internal=False)
        line += nodes.Text(".")
        return line

    def _findings(self, findings: Sequence[Mapping[str, Any]]) -> nodes.table:
        rows: list[list[list[nodes.Node]]] = []
        for finding in findings:
            other = finding.get("other")
            rows.append(
                [
                    [_text(finding["claim"])],
                    [_text(finding["measure"])],
                    [_text(effect_of(finding))],
                    [_text(finding["verdict"])],
                    [_text(other["verdict"] if other else "")],
                ]
            )
        head = ("claim", "measured as", "effect, 95% interval", "verdict", "in the other metric")
        return table(head, rows, (38, 24, 16, 11, 11))


def copy_results(app: Sphinx, error: Exception | None) -> None:
    """Copy reports, and the explorable page, beside the pages of the site."""
    if error is not None or app.builder.format != "html":
        return
    out, source = Path(app.outdir), Path(app.srcdir)
    shutil.rmtree(out / "results", ignore_errors=True)
    for folder in folders(source / "results"):
        target = out / "results" / folder.name
        target.mkdir(parents=True)
        for pattern in COPIED:
            for file in folder.glob(pattern):
                shutil.copy2(file, target / file.name)
    (out / "explorable").mkdir(exist_ok=True)
    shutil.copy2(source / "explorable" / "explorable.html", out / "explorable" / "explorable.html")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives, and copy files when the pages are written."""
    app.add_directive("artefacts", ArtefactTable)
    app.add_directive("results", ResultList)
    app.connect("build-finished", copy_results)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
