"""One-line mutants of the theory: `spadv verify` has to exit with 1 on every one of them.

They are in mutants.txt: a file of theory/ with the claims to check, a text that the file has
once, and what takes its place. Each is made in a copy of the packages; the claims are those that
the default run has for the subject, checked without simulations and some on fewer words.
`python tests/theory/test_mutants.py` prints the score.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
SUBJECTS = {
    # Two words of the default grid are enough.
    "laws": "law* thm2* thm3* --codeword simplex:4 --codeword random:64:0",
    "frontier": "frontier*",
}


class Mutant(NamedTuple):
    """A change of one file, and the claims that should notice."""

    file: str
    claims: str
    old: str
    new: str


def read() -> list[Mutant]:
    found = []
    for block in Path(__file__).with_name("mutants.txt").read_text("utf-8").split("\n\n"):
        head, old, new = block.strip().split("\n")
        file, claims = head.split(": ")
        texts = (line[2:].replace("\\n", "\n") for line in (old, new))
        found.append(Mutant(file, claims, *texts))
    return found


def outcome(mutant: Mutant, folder: Path) -> str:
    """Return "killed" if verify says that a claim is not as expected, else what it does."""
    source = (ROOT / "theory" / mutant.file).read_text(encoding="utf-8")
    if source.count(mutant.old) != 1:
        return f"{mutant.file} has this text {source.count(mutant.old)} times: {mutant.old}"
    package = folder / "spadv"
    # With what is compiled already, which stays valid: the times are copied too.
    shutil.copytree(ROOT / "core", package)
    for part in ("theory", "cli"):
        shutil.copytree(ROOT / part, package / part)
    changed = source.replace(mutant.old, mutant.new)
    (package / "theory" / mutant.file).write_text(changed, encoding="utf-8")
    words = SUBJECTS.get(mutant.claims, mutant.claims).split(" --codeword ")
    named = [word for claim in words[0].split() for word in ("--claim", claim)]
    named += [word for codeword in words[1:] for word in ("--codeword", codeword)]
    # A folder on the path comes before an editable install; that it did is checked.
    code = (
        "import sys, spadv; assert spadv.__file__.startswith(sys.argv[1]), spadv.__file__; "
        "from spadv.cli import main; sys.exit(main._run(sys.argv[2:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder), "verify", "--samples", "0", *named],
        env=os.environ | {"PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    shutil.rmtree(package)
    if done.returncode == 1 and "expected" in done.stderr:
        return "killed"
    return f"exit {done.returncode} {done.stderr[-600:]}".strip()


@pytest.mark.slow
@pytest.mark.parametrize("mutant", read(), ids=lambda m: f"{m.file}: {m.new.strip()[:60]}")
def test_verify_sees_it(mutant: Mutant, tmp_path: Path) -> None:
    assert outcome(mutant, tmp_path) == "killed"


@pytest.mark.slow
@pytest.mark.parametrize("claims", sorted({m.claims for m in read()}))
def test_without_a_change_it_passes(claims: str, tmp_path: Path) -> None:
    same = "from __future__ import annotations"
    assert outcome(Mutant("laws.py", claims, same, same), tmp_path) == "exit 0"


if __name__ == "__main__":
    import tempfile

    said = []
    for one in read():
        with tempfile.TemporaryDirectory() as place:
            said.append(outcome(one, Path(place)))
        sys.stdout.write(f"{said[-1]}: {one.file} {one.new.strip()}\n")
        sys.stdout.flush()
    sys.stdout.write(f"{said.count('killed')} of {len(said)} killed\n")
