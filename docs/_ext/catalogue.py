"""Pages of experiments, and lists of them, made from the registry and from saved documents.

Before the site is read, a page of Markdown is written for each experiment (docs/experiments/,
ignored by git): what the paper says, what came out here, and how it was made. {experiments}
lists one group of them; {results} lists what lies in docs/results/, folder by folder, whose
files are copied into the site.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from docutils import nodes
from saved import (
    Document,
    data_of,
    difference,
    documents,
    effect_of,
    folders,
    measured,
    seeds_of,
    verdicts,
)
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from spadv.empirical.experiments import EXPERIMENTS, Experiment, merge
from spadv.empirical.experiments.draw import stand_ins
from spadv.result import SHOWN

#: What is copied of a folder of results.
COPIED = (".html", ".json", ".jsonl", ".csv", ".png", ".svg", ".tex")
GROUPS = ("figures", "tables", "beyond", "others")
#: How data sets are called in headings.
DATA = {"mnist": "MNIST", "cifar10-jpeg": "CIFAR-10 (a JPEG copy)"}
#: Tables of more rows are left to the CSV file.
LONGEST = 40

Saved = list[tuple[Path, Document]]


def group_of(experiment: Experiment) -> str:
    """Return under which heading an experiment stands."""
    if experiment.beyond:
        return "beyond"
    if experiment.id.startswith("fig"):
        return "figures"
    return "tables" if experiment.id.startswith("table") else "others"


def short_name(identifier: str, locator: str) -> str:
    """Return "Figure 2(a-d)" of a part of the paper, the identifier of anything else."""
    if not identifier.startswith(("fig", "table")):
        return identifier
    return locator.partition(" (")[0].replace("-", "\N{NON-BREAKING HYPHEN}")


def found_by_experiment(results: Path) -> dict[str, Saved]:
    """Return the saved documents of each experiment, with their folders."""
    found: dict[str, Saved] = {}
    for folder in folders(results):
        for _, document in documents(folder):
            found.setdefault(document["id"], []).append((folder, document))
    return found


def text(words: object) -> str:
    """Return words as Markdown that shows them as they are, in a table, too."""
    return re.sub(r"([\\`*_\[\]<>|$~^{}#])", r"\\\1", " ".join(str(words).split()))


def file_link(place: str, words: str) -> str:
    """Return a link to a file that stands beside the pages, to be opened, not downloaded."""
    return f'<a class="reference internal" href="{place}">{words}</a>'


def lines_of_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table; its cells are Markdown."""
    return [
        "",
        *(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)),
        "",
    ]


def badge(word: str, count: str = "") -> str:
    """Return a verdict on a ground of its own, with how often it was found."""
    return f"[{count} {word}]{{.verdict .{word.replace(' ', '-')}}}".replace("[ ", "[")


def badges(findings: Sequence[Mapping[str, Any]]) -> str:
    """Return how often each verdict was found, each on a ground of its own."""
    if not findings:
        return "none judged"
    counted = [part.partition(" ") for part in verdicts(findings).split(", ")]
    return " ".join(badge(word, count) for count, _, word in counted)


def page(experiment: Experiment | None, everything: Mapping[str, Saved], identifier: str) -> str:
    """Return the page of an experiment: one of the registry, or one that has saved documents."""
    saved = everything.get(identifier, [])
    about: Any = vars(experiment) if experiment else saved[0][1]
    locator, title = about["locator"], about["title"]
    name = short_name(identifier, locator)
    says = "The question" if about["beyond"] else "The paper says"
    lines = [
        f"# {text(title if name == identifier else f'{name}. {title}')}",
        "",
        f"{says}: *{text(about['statement'])}*",
        "",
        f"{text(locator[:1].upper() + locator[1:])}; `{identifier}` in spadv. "
        "[All results](../results.md); "
        "[how verdicts follow from numbers](../experiments.md#how-claims-are-judged).",
        "",
    ]
    for folder, document in saved:
        lines += _outcome(folder, document)
    if not saved:
        lines += ["## What came out", "", _not_run(identifier, everything), ""]
    return "\n".join([*lines, *_making(experiment, saved)]) + "\n"


def _not_run(name: str, everything: Mapping[str, Saved]) -> str:
    parts, more = _run_elsewhere(name, everything)
    if parts:
        return f"As a whole it has not been run for this site; of its parts: {parts}."
    if more:
        return f"By itself it has not been run for this site; its panels are in {more}."
    return "It has not been run for this site."


def _run_elsewhere(name: str, everything: Mapping[str, Saved], folder: str = "") -> list[str]:
    """Return links to parts of an experiment that have saved documents, and to what holds it."""
    own = EXPERIMENTS.get(name)
    run = [each for each in EXPERIMENTS.values() if own and each.id in everything]
    parts = [each for each in run if each.part_of == name or _begins(own, each)]
    more = [each for each in run if each.id == own.part_of or _begins(each, own)]
    return [
        ", ".join(f"[{short_name(e.id, e.locator)}]({folder}{e.id}.md)" for e in found)
        for found in (parts, more)
    ]


def _begins(longer: Experiment, part: Experiment) -> bool:
    """Return whether a part of the same figure begins at the same panel and has more of them."""
    same = (longer.part_of, longer.first) == (part.part_of, part.first)
    return bool(part.part_of) and same and longer.id[-1] > part.id[-1]


def _outcome(folder: Path, document: Document) -> Iterator[str]:
    """Yield what was measured: verdicts, figures, claims, the paper's numbers, all numbers."""
    name, findings = document["id"], document["findings"]
    yield from (f"## What came out at scale {document['scale']}", "")
    here = "; ".join(stand_ins(document))
    seeds = seeds_of(document)
    said = f"{seeds} training seed{'s' if seeds != '1' else ''} per variant. Claims"
    yield f"{f'**Here: {text(here)}.** ' if here else ''}{said}: {badges(findings)}."
    yield ""
    for figure in figures(folder, name):
        if figure.stem == f"{name}-accuracy":
            yield from ("The same in accuracy:", "")
        alt = f"{document['title']}: {figure.stem}"
        yield f"![{text(alt)}](../results/{folder.name}/{figure.name})"
        yield ""
    if findings and "topic" in findings[0]:
        yield from lines_of_table(("claims about", "claims", "verdicts"), _topics(findings))
    elif findings:
        # Claims of one metric alone need no column for the other.
        width = 5 if any(finding.get("other") for finding in findings) else 4
        head = ("claim", "measured as", "effect, 95% interval", "verdict", "in accuracy")[:width]
        yield from lines_of_table(head, (_finding(finding)[:width] for finding in findings))
    for remark in document.get("remarks", ()):
        yield from (f"*{text(remark)}.*", "")
    for line in document.get("explanations", ()):
        yield from (text(line), "")
    if document.get("known"):
        yield from ("### Beside the paper's numbers", "")
        yield "Difference: ours less the paper's; none where the paper's words hold."
        head = ("network", "measured as", "the paper", "ours, 95% interval", "difference", "from")
        yield from lines_of_table(head, map(_published, document["known"]))
    elif not document["beyond"]:
        yield from ("No number of the paper is known to us here: its sentences are judged.", "")
    columns, rows = document["table"]["columns"], document["table"]["rows"]
    if 0 < len(rows) <= LONGEST:
        yield from ("### All numbers", "")
        head = ("", *(text(column["label"]) for column in columns))
        yield from lines_of_table(head, (_numbers(row, columns) for row in rows))


def figures(folder: Path, name: str) -> list[Path]:
    """Return the figures of an experiment: as a whole and by accuracy, or its parts."""
    whole = [folder / f"{name}{ending}.png" for ending in ("", "-accuracy")]
    return [file for file in whole if file.is_file()] or sorted(folder.glob(f"{name}-*.png"))


def _topics(findings: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """Yield the verdicts by topic, where there are too many claims to list each."""
    for topic in dict.fromkeys(finding["topic"] for finding in findings):
        own = [finding for finding in findings if finding["topic"] == topic]
        yield text(topic), str(len(own)), badges(own)


def _finding(finding: Mapping[str, Any]) -> tuple[str, ...]:
    other = (finding.get("other") or {}).get("verdict")
    seeds = finding.get("seeds_needed")
    plan = f"; about {seeds} seeds each would decide it" if seeds else ""
    return (
        text(finding["claim"]),
        text(finding["measure"]),
        effect_of(finding) + plan,
        badge(SHOWN[finding["verdict"]]),
        badge(SHOWN[other]) if other else "",
    )


def _published(known: Mapping[str, Any]) -> tuple[str, ...]:
    paper, here = known["paper"], known["here"]
    ours = measured(here, rate="%" in paper)
    gap = difference(paper, here["value"]) if ours else ""
    return (
        *(text(known[key]) for key in ("variant", "measure", "paper")),
        *(ours, gap, text(known["source"])),
    )


def _numbers(row: Mapping[str, Any], columns: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield text(row["label"])
    for column, cell in zip(columns, row["cells"], strict=True):
        yield measured(cell, rate=column.get("rate", True))


def _trainings(experiment: Experiment) -> tuple[int, int]:
    """Return how many networks an experiment trains at the scales cpu and paper."""
    cpu, paper = (len(merge(experiment.plan(scale).jobs)) for scale in ("cpu", "paper"))
    return cpu, paper


def _making(experiment: Experiment | None, saved: Saved) -> Iterator[str]:
    """Yield how an experiment is made: deviations, our choices, trainings, files."""
    yield from ("## How it is made", "")
    name = experiment.id if experiment else saved[0][1]["id"]
    plan = experiment.plan("cpu") if experiment else None
    if experiment and plan and plan.jobs:
        cpu, paper = _trainings(experiment)
        yield f"{cpu} trainings at scale cpu, {paper} at scale paper, three seeds of each network"
        yield from ("counted; experiments share them.", "")
    command = f"reproduce {name}" if experiment else name
    yield from ("```console", f"$ spadv {command} --scale cpu --out results", "```", "")
    lists: list[tuple[str, Sequence[str]]] = []
    for folder, document in saved:
        names = [f"{name}{ending}" for ending in (".json", ".csv", "-curves.csv")]
        there = [each for each in (*names, "report.html") if (folder / each).is_file()]
        links = ", ".join(file_link(f"../results/{folder.name}/{each}", each) for each in there)
        about = f"[about these runs](../results/{folder.name}/about.md)"
        yield from (f"Files: {links}; {about}.", "")
        lists += [("Deviations from the paper", document["shrunk"])]
        lists += [("Unspecified by the paper (our choice)", document.get("chosen", ()))]
    if plan and not saved:
        lists = [
            ("Deviations from the paper at scale cpu", plan.deviations),
            ("Unspecified by the paper (our choice)", plan.assumptions),
        ]
    for label, lines in lists:
        if lines:
            yield from (f"{label}:", "", *(f"- {text(line)}" for line in lines), "")


def write_pages(app: Sphinx) -> None:
    """Write what is new or changed, and remove the page of what is gone."""
    folder = Path(app.srcdir) / "experiments"
    folder.mkdir(exist_ok=True)
    saved = found_by_experiment(Path(app.srcdir) / "results")
    made = {
        f"{name}.md": page(EXPERIMENTS.get(name), saved, name) for name in {**EXPERIMENTS, **saved}
    }
    for old in folder.glob("*.md"):
        if old.name not in made:
            old.unlink()
    for name, content in made.items():
        file = folder / name
        if not file.is_file() or file.read_text(encoding="utf-8") != content:
            file.write_text(content, encoding="utf-8")


class ExperimentList(SphinxDirective):
    """Experiments of one group: where the paper has them, and what came out."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return a table whose rows lead to the pages."""
        group = self.arguments[0]
        if group not in GROUPS:
            raise self.error(f"experiments are grouped as {', '.join(GROUPS)}")
        results = Path(self.env.srcdir) / "results"
        self.env.note_dependency(str(results))
        saved = found_by_experiment(results)
        shown = [each for each in EXPERIMENTS.values() if group_of(each) == group]
        rows = [self._row(each, saved) for each in shown]
        names = [(short_name(each.id, each.locator), each.id) for each in shown]
        if group == "beyond":  # what has no entry in the registry
            for name in sorted(saved.keys() - EXPERIMENTS.keys()):
                document = saved[name][0][1]
                title, found = text(document["title"]), badges(document["findings"])
                rows.append((f"[{name}](experiments/{name}.md)", title, found, ""))
                names.append((name, name))
        entries = [f"{title} <experiments/{name}>" for title, name in names]
        head = ("experiment", "what it shows", "verdicts", "trainings: cpu / paper")
        toc = [":::{toctree}", ":hidden:", "", *entries, ":::", ""]
        return self.parse_text_to_nodes("\n".join([*lines_of_table(head, rows), *toc]))

    def _row(self, experiment: Experiment, everything: Mapping[str, Saved]) -> tuple[str, ...]:
        saved = everything.get(experiment.id, [])
        cpu, paper = _trainings(experiment)
        name = short_name(experiment.id, experiment.locator)
        found = "; ".join(badges(document["findings"]) for _, document in saved)
        parts, more = _run_elsewhere(experiment.id, everything, "experiments/")
        if not found and (parts or more):
            found = f"in part: {parts}" if parts else f"in {more}"
        return (
            f"[{name}](experiments/{experiment.id}.md)",
            text(experiment.title),
            found or ("not run" if cpu else ""),
            f"{cpu} / {paper}",
        )


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
        title = (folder / "about.md").read_text(encoding="utf-8").partition("\n")[0]
        section += nodes.title(text=title.removeprefix("# "))
        for file, _ in documents(folder):
            self.env.note_dependency(str(file))
        section += self.parse_text_to_nodes("\n".join(folder_list(folder)))
        return section


def folder_list(folder: Path) -> Iterator[str]:
    """Yield a folder's experiments, those on the same data together with their deviations."""
    place = f"results/{folder.name}"
    yield f"What they say in sentences, and how they ran: [about these runs]({place}/about.md)."
    report = file_link(f"{place}/report.html", "the report")
    yield from (f"Every figure and table on one page: {report}.", "")
    groups: dict[str, list[Document]] = {}
    for _, document in documents(folder):
        groups.setdefault(data_of(document), []).append(document)
    for data, group in groups.items():
        if data:
            names = " and ".join(DATA.get(name, name) for name in data.split(", "))
            yield from (f"**{text(names)}**", "")
        common = [line for line in group[0]["shrunk"] if all(line in d["shrunk"] for d in group)]
        if common and group[1:]:
            yield "Deviations from the paper that all of these share (each page has the rest): "
            yield from (f"{text('; '.join(common))}.", "")
        yield from lines_of_table(("", "", "verdicts"), (_result(folder, d) for d in group))


def _result(folder: Path, document: Document) -> tuple[str, str, str]:
    name, link = document["id"], f"experiments/{document['id']}.md"
    picture = next(iter(figures(folder, name)), None)
    seen = f"![{name}](results/{folder.name}/{picture.name}){{.thumbnail}}" if picture else ""
    title = f"[{short_name(name, document['locator'])}]({link}): {text(document['title'])}"
    return f"[{seen}]({link})" if seen else "", title, badges(document["findings"])


class FileList(SphinxDirective):
    """Links to the documents of a folder of docs/results/, which are copied beside its pages."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return one sentence."""
        folder = Path(self.env.srcdir) / "results" / self.arguments[0]
        self.env.note_dependency(str(folder))
        names = sorted(file.name for file in folder.glob("*.json"))
        if not names:
            raise self.error(f"{folder} has no documents")
        links = ", ".join(file_link(f"results/{folder.name}/{name}", name) for name in names)
        return self.parse_text_to_nodes(f"Files: {links}.")


def copy_results(app: Sphinx, error: Exception | None) -> None:
    """Copy reports, and the explorable page, beside the pages of the site."""
    if error is not None or app.builder.format != "html":
        return
    out, source = Path(app.outdir), Path(app.srcdir)
    for folder in filter(Path.is_dir, (source / "results").iterdir()):
        target = out / "results" / folder.name
        target.mkdir(parents=True, exist_ok=True)
        for file in folder.iterdir():
            if file.suffix in COPIED:
                shutil.copy2(file, target / file.name)
    (out / "explorable").mkdir(exist_ok=True)
    shutil.copy2(source / "explorable" / "explorable.html", out / "explorable" / "explorable.html")


def setup(app: Sphinx) -> dict[str, Any]:
    """Write the pages before any is read, register the lists, copy files at the end."""
    app.add_directive("experiments", ExperimentList)
    app.add_directive("results", ResultList)
    app.add_directive("files", FileList)
    app.connect("builder-inited", write_pages)
    app.connect("build-finished", copy_results)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
