"""The commands whose JSON was frozen when the sources were laid out anew.

`python tests/golden/cases.py FOLDER [PREFIX]` writes every answer to FOLDER/NAME.json.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
NET = str(HERE / "net")
_SMALL = "--images 60 --rotations 0,90 --translations 0,0.1 --both 0,0.2 --budgets 0,0.1 --steps 3"

#: Name of an answer: arguments. `{out}` is an empty folder, `{net}` a network trained on digits.
QUICK: dict[str, str] = {
    "code-hamming": "code --length 15 --generator 0,1,4",
    "code-bch": "code --length 63 --family bch:7",
    "code-golay": "code --length 23 --family golay",
    "code-repeated": "code --length 14 --generator 0,1,3",
    "code-zeros": "code --length 31 --defining-set 1,3,5",
    "code-all": "code --length 21 --all",
    "accuracy-simplex": "accuracy --codeword simplex:4 --shift 5 --p 0.8 --budget 1",
    "accuracy-legendre": "accuracy --codeword legendre:31 --shift 1 --p 0.7 --budget 2",
    "accuracy-two": "accuracy --codeword random:64:0 --shift 32 --p 0.7 --budget 2",
    "bounds-spatial": "bounds --p 0.8 --budget 2 --delta 0.5 --spatial 0.75 --shifts 3",
    "bounds-adversarial": "bounds --p 0.7 --budget 1 --delta 0.25 --adversarial 0.6",
    "frontier-two": "frontier --codeword random:64:0 --shift 32 --p 0.7 --budget 1 --points 5",
    "frontier-three": "frontier --codeword simplex:6 --shift 21 --p 0.7 --budget 1 --points 5",
    "symbolic": "symbolic --claim thm3",
    "verify-one": "verify --claim thm2b --codeword simplex:4 --shift 5 --p 0.8 --budget 2 "
    "--samples 2000",
    "evaluate-pgd": f"evaluate {{net}} --distance 5 --worst-rotation 30 {_SMALL}",
    "evaluate-official": f"evaluate {{net}} --protocol official --distance 0 {_SMALL}",
    "evaluate-apgd": f"evaluate {{net}} --attack apgd --distance 0 --restarts 2 {_SMALL}",
    "evaluate-autoattack": f"evaluate {{net}} --attack autoattack --distance 0 {_SMALL}",
    "evaluate-apgd-official": f"evaluate {{net}} --attack apgd --protocol official "
    f"--distance 0 {_SMALL}",
    "train": "train --model lenet --limit 200 --epochs 2 --augment RT:0.1 "
    "--adversary trades:0.1,steps=2 --learning-rate 0.02 --batch-size 50 --out {out}/run",
}
SLOW: dict[str, str] = {
    "verify": "verify --samples 2000",
    "reproduce-demo": "reproduce demo --seeds 1 --out {out}",
    **{
        f"reproduce-{name}": f"reproduce {name} --scale smoke --seeds 2 --out {{out}}"
        for name in ("fig8", "fig16a-d", "table1", "table3", "fig14")
    },
    "bridge": "bridge --scale smoke --seeds 2 --out {out}",
}

#: Keys whose values say when, where and how fast, not what.
VOLATILE = {
    "provenance", "seconds", "folder", "out", "path", "files", "created", "versions", "version",
    "elapsed", "run", "commit", "device", "report", "saved", "file",
}  # fmt: skip


def plain(value: Any) -> Any:
    """Return JSON values without what differs from run to run."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if k not in VOLATILE}
    if isinstance(value, str):
        return value.replace(NET, "{net}")
    return [plain(v) for v in value] if isinstance(value, list) else value


def arguments(line: str, out: str) -> list[str]:
    """Return a command's arguments, `--json` with them."""
    return [*line.format(out=out, net=NET).split(), "--json"]


def answer(name: str, printed: Any, out: Path) -> Any:
    """Return what a command printed, with the document that it wrote, if it did."""
    document = out / f"{name.removeprefix('reproduce-')}.json"
    if not document.exists():
        return plain(printed)
    return {"printed": plain(printed), "document": plain(json.loads(document.read_text()))}


def main() -> None:
    """Write every answer."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    prefix = sys.argv[2] if len(sys.argv) > 2 else ""
    for name, line in (QUICK | SLOW).items():
        path = folder / f"{name}.json"
        if not name.startswith(prefix) or path.exists():
            continue
        with tempfile.TemporaryDirectory() as out:
            extra = ["--out", out] if line.startswith("evaluate") else []
            command = [os.environ.get("SPADV", "spadv"), *arguments(line, out), *extra]
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                env=os.environ | {"OMP_NUM_THREADS": "1"},
                check=False,
            )
            if done.returncode not in (0, 1):
                sys.exit(f"{name}: {done.stderr}")
            value = answer(name, json.loads(done.stdout), Path(out))
            path.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n")
            sys.stdout.write(f"{name}\n")


if __name__ == "__main__":
    main()
