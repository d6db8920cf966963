"""Imports go one way, cli -> empirical -> theory -> core, and never in a circle."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

_TOP = Path(__file__).parents[1]
_PACKAGES = {"core": "spadv", "theory": "spadv.theory", "empirical": "spadv.empirical"}
_PACKAGES["cli"] = "spadv.cli"
_LAYERS = ("core", "theory", "empirical", "cli")


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _layer(module: str) -> str:
    part = [*module.split("."), ""][1]
    return part if part in _LAYERS else "core"


@cache
def _modules() -> dict[str, Path]:
    """Return every module of the sources by its name."""
    found = {}
    for folder, package in _PACKAGES.items():
        for path in (_TOP / folder).rglob("*.py"):
            parts = path.relative_to(_TOP / folder).with_suffix("").parts
            parts = parts[:-1] if parts[-1] == "__init__" else parts
            found[".".join([package, *parts])] = path
    return found


def _imports(module: str) -> set[str]:
    """Return the modules of spadv that a module imports, at any depth."""
    path, modules = _modules()[module], _modules()
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    found = set()
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = [*base, *filter(None, [node.module])]
            for alias in node.names:
                name = ".".join([*base, alias.name])
                found.add(name if name in modules else ".".join(base))
    return {name for name in found if name in modules and name != module}


@cache
def _graph() -> dict[str, set[str]]:
    return {module: _imports(module) for module in _modules()}


def closure(module: str) -> set[str]:
    """Return every module that importing one brings along, packages on the way included."""
    graph, found, todo = _graph(), set(), [module]
    while todo:
        name = todo.pop()
        if name in found or name not in graph:
            continue
        found.add(name)
        todo += graph[name]
    return found


def _circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """Return the strongly connected components of more than one node."""
    reach: dict[str, set[str]] = {}
    for start in graph:
        seen, todo = set(), list(graph[start])
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                todo += graph.get(name, ())
        reach[start] = seen
    found = {frozenset(b for b in reach[a] if a in reach[b]) for a in graph if a in reach[a]}
    return [set(circle) for circle in found if len(circle) > 1]


def test_imports_go_one_way() -> None:
    for module, imported in _graph().items():
        for name in imported:
            assert _LAYERS.index(_layer(name)) <= _LAYERS.index(_layer(module)), (module, name)


def test_no_module_is_in_a_circle() -> None:
    assert _circles(_graph()) == []


def test_no_package_is_in_a_circle() -> None:
    """A package is a folder; what its `__init__` exports for others counts as its own."""
    graph: dict[str, set[str]] = {}

    def package(module: str) -> str:
        own = _modules()[module].name == "__init__.py"
        return module if own else module.rpartition(".")[0]

    for module, imported in _graph().items():
        home = graph.setdefault(package(module), set())
        home |= {package(name) for name in imported} - {package(module)}
    # A package and the rooms inside it lean on each other by nature: rooms are told apart.
    graph = {
        a: {b for b in bs if not a.startswith(f"{b}.") and not b.startswith(f"{a}.")}
        for a, bs in graph.items()
    }
    assert _circles(graph) == []


def test_theory_and_core_know_no_torch() -> None:
    for name, path in _modules().items():
        if _layer(name) not in ("core", "theory"):
            continue
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.Import | ast.ImportFrom):
                found = {alias.name for alias in node.names}
                found |= {node.module or ""} if isinstance(node, ast.ImportFrom) else set()
                assert "torch" not in {item.partition(".")[0] for item in found}, name


@pytest.mark.parametrize(
    ("module", "most"), [("empirical.experiments.paper", 40), ("empirical.settings", 20)]
)
def test_what_is_only_data_is_light(module: str, most: int) -> None:
    """The paper's experiments, and all settings, are known without torch."""
    script = (
        f"import sys, spadv.{module}; assert 'torch' not in sys.modules;"
        f"found = [n for n in sys.modules if n.startswith('spadv')]; assert len(found) < {most}"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_an_attack_is_read_in_few_files() -> None:
    assert len(closure("spadv.empirical.attacks.pgd")) < 15


def test_every_system_has_what_is_used() -> None:
    """macOS and Windows lack some modules and functions of Linux."""
    for path in _modules().values():
        names, imported = set(), set()
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.Attribute):
                names.add(node.attr)
            elif isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add(str(node.module))
        assert not {"sched_getaffinity", "fork", "getuid", "setsid", "uname"} & names, path
        assert not imported & {"fcntl", "grp", "pwd", "resource", "termios"}, path
        if {"killpg", "SIGKILL"} & names:
            assert 'sys.platform == "win32"' in path.read_text(encoding="utf-8"), path


def test_every_class_has_a_name_of_its_own() -> None:
    found: dict[str, list[str]] = {}
    for module, path in _modules().items():
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, []).append(module)
    assert {name: places for name, places in found.items() if len(places) > 1} == {}
