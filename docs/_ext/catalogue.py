"""Tables of experiments and of results, made from the registry and from saved documents.

{experiments} lists the figures and tables of the paper and the questions beyond it, as the
registry has them. {results} shows what lies in docs/results/: folders that `spadv reproduce`
or `spadv bridge` wrote. Their pages and data are copied into the site.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from docutils import nodes
from saved import documents, effect_of, folders, seeds_of, verdicts
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from statements import table

from spadv.empirical.experiments import EXPERIMENTS, Experiment
from spadv.result import SHOWN

#: What is copied of a folder of results.
COPIED = (".html", ".json", ".jsonl", ".csv", ".png", ".svg", ".tex", ".md")
GROUPS = ("figures", "tables", "beyond", "others")


def group_of(experiment: Experiment) -> str:
    """Return under which heading an experiment stands."""
    if experiment.beyond:
        return "beyond"
    if experiment.id.startswith("fig"):
        return "figures"
    return "tables" if experiment.id.startswith("table") else "others"


def _row(*texts: str) -> list[list[nodes.Node]]:
    return [[nodes.paragraph(text=text)] for text in texts]


class ExperimentTable(SphinxDirective):
    """Experiments of one group: where the paper has them, and what is smaller at scale cpu."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return a table, and the details below it."""
        group = self.arguments[0]
        if group not in GROUPS:
            raise self.error(f"experiments are grouped as {', '.join(GROUPS)}")
        rows: list[list[list[nodes.Node]]] = []
        details: list[nodes.Node] = []
        for experiment in EXPERIMENTS.values():
            if group_of(experiment) == group:
                cpu, paper = experiment.plan("cpu"), experiment.plan("paper")
                text, uri = nodes.literal(text=experiment.id), f"#experiment-{experiment.id}"
                name = nodes.paragraph("", "", nodes.reference("", "", text, refuri=uri))
                trainings = f"{len(cpu.jobs)} / {len(paper.jobs)}"
                shown = (experiment.locator, experiment.title, str(len(cpu.claims)), trainings)
                rows.append([[name], *_row(*shown)])
                details.append(_details(experiment, cpu.deviations, cpu.assumptions))
        head = ("experiment", "in the paper", "what it shows", "claims judged")
        head = (*head, "trainings: cpu / paper")
        return [table(head, rows, (16, 20, 42, 10, 12)), *details]


def _details(
    experiment: Experiment, deviations: Iterable[str], assumptions: Iterable[str]
) -> nodes.Node:
    box = nodes.container(classes=["experiment"], ids=[f"experiment-{experiment.id}"])
    head = nodes.paragraph("", "", nodes.literal(text=experiment.id), classes=["experiment-head"])
    head += nodes.Text(f" {experiment.title}")
    box += [head, nodes.paragraph(text=experiment.statement)]
    for label, lines in (
        ("Deviations from the paper, at scale cpu:", tuple(deviations)),
        ("Not told by the paper, and chosen here:", tuple(assumptions)),
    ):
        if lines:
            items = [nodes.list_item("", nodes.paragraph(text=line)) for line in lines]
            box += nodes.paragraph("", "", nodes.emphasis(text=label))
            box += nodes.bullet_list("", *items)
    return box


class ResultList(SphinxDirective):
    """What lies in docs/results/, or that nothing does."""

    def run(self) -> list[nodes.Node]:
        """Return one part for each folder."""
        results = Path(self.env.srcdir) / "results"
        self.env.note_dependency(str(results))
        found = folders(results)
        if not found:
            nothing = "No results have been added to docs/results/ yet: there is nothing to show."
            return [nodes.paragraph(text=nothing)]
        return [self._folder(folder) for folder in found]

    def _folder(self, folder: Path) -> nodes.section:
        section = nodes.section(ids=[nodes.make_id(f"results-{folder.name}")])
        about = folder / "about.md"
        text = about.read_text(encoding="utf-8") if about.is_file() else f"# {folder.name}\n"
        self.env.note_dependency(str(about))
        heading, _, rest = text.removeprefix("# ").partition("\n")
        section += nodes.title(text=heading)
        # Its links are right beside it; on the site it is part of the page of results.
        section += self.parse_text_to_nodes(rest.replace("](../../", "]("))
        if (folder / "report.html").is_file():
            label = "The whole report, with every figure and table: "
            section += self._links(label, folder, ["report.html"])
        for file, document in documents(folder):
            self.env.note_dependency(str(file))
            section += self._document(folder, document)
        return section

    def _links(self, label: str, folder: Path, names: Iterable[str]) -> nodes.paragraph:
        """Return links to files of a folder that stand beside the pages of the site."""
        line = nodes.paragraph(text=label)
        depth = "../" * self.env.docname.count("/")
        for place, name in enumerate(names):
            uri = f"{depth}results/{folder.name}/{name}"
            line += [nodes.Text(", " if place else ""), nodes.reference("", name, refuri=uri)]
        line += nodes.Text(".")
        return line

    def _document(self, folder: Path, document: Mapping[str, Any]) -> nodes.section:
        name, findings = document["id"], document["findings"]
        title = f"{name}: {document['title']}"
        part = nodes.section(ids=[nodes.make_id(f"results-{folder.name}-{name}")])
        part += nodes.title("", title)
        others = [line for line in document["shrunk"] if line.startswith(("data:", "network:"))]
        if others:
            texts = "; ".join(line.partition(": ")[2].split(";")[0] for line in others)
            part += nodes.paragraph("", "", nodes.strong(text=f"Here: {texts}."))
        locator, seeds = document["locator"], seeds_of(document)
        part += nodes.paragraph(
            text=f"{locator[:1].upper()}{locator[1:]}. Scale {document['scale']}; "
            f"{seeds} training seed{'s' if seeds != '1' else ''} a variant. "
            f"Claims in the paper's metric: {verdicts(findings)}."
        )
        numbers = [f"{name}{ending}" for ending in (".json", ".csv", "-curves.csv")]
        there = [file for file in numbers if (folder / file).is_file()]
        part += self._links("Numbers: ", folder, there)
        if document["shrunk"]:
            said = "; ".join(document["shrunk"])
            part += nodes.paragraph(text=f"Deviations from the paper: {said}.")
        for remark in document.get("remarks", []):
            part += nodes.paragraph("", "", nodes.emphasis(text=remark))
        whole = folder / f"{name}.png"
        for figure in [whole] if whole.is_file() else sorted(folder.glob(f"{name}-*.png")):
            self.env.note_dependency(str(figure))
            uri = f"/{figure.relative_to(self.env.srcdir).as_posix()}"
            part += nodes.image(uri=uri, alt=title)
        if findings:
            part += _topics(findings) if "topic" in findings[0] else _findings(findings)
        return part


def _topics(findings: Sequence[Mapping[str, Any]]) -> nodes.table:
    """Return the verdicts by topic, where there are too many claims to list each."""
    rows = []
    for topic in dict.fromkeys(finding["topic"] for finding in findings):
        own = [finding for finding in findings if finding["topic"] == topic]
        rows.append(_row(topic, str(len(own)), verdicts(own)))
    return table(("topic", "claims", "verdicts"), rows, (55, 10, 35))


def _findings(findings: Sequence[Mapping[str, Any]]) -> nodes.table:
    rows = [
        _row(
            finding["claim"],
            finding["measure"],
            effect_of(finding),
            SHOWN[finding["verdict"]],
            (finding.get("other") or {}).get("verdict", ""),
        )
        for finding in findings
    ]
    head = ("claim", "measured as", "effect, 95% interval", "verdict", "in accuracy")
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
        for file in folder.iterdir():
            if file.suffix in COPIED:
                shutil.copy2(file, target / file.name)
    (out / "explorable").mkdir(exist_ok=True)
    shutil.copy2(source / "explorable" / "explorable.html", out / "explorable" / "explorable.html")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives, and copy files when the pages are written."""
    app.add_directive("experiments", ExperimentTable)
    app.add_directive("results", ResultList)
    app.connect("build-finished", copy_results)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
