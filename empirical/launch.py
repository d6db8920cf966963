"""Run jobs: each once, in an order in which every start is there."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ..theory.progress import Progress, silent
from .artefacts.job import Job, merge
from .data import DataSet, load
from .store import Store
from .training import TrainOptions

#: Told of each job when it is done, with the seconds it took.
Watch = Callable[[Job, float], None]


def run_local(
    jobs: Sequence[Job],
    store: Store,
    *,
    data_root: Path | None = None,
    options: TrainOptions | None = None,
    progress: Progress = silent,
    watch: Watch = lambda job, seconds: None,
) -> None:
    """Do all jobs in this process, one after the other.

    Parameters
    ----------
    jobs : sequence of Job
        Equal trainings are done once; jobs that others start from come first.
    store : Store
        Where they lie; what is done already is not done again.
    data_root : Path, optional
        Where data sets lie.
    options : TrainOptions, optional
        Device and the like.
    progress : Progress
        Told jobs done (with fractions), out of all.
    watch : callable
        Told of each job that was not done before, when it is.
    """
    todo = [job for job in merge(list(jobs)) if job.state(store) != "done"]
    loaded: dict[tuple[str, int], DataSet] = {}
    for number, job in enumerate(todo):
        key = (job.config.data.name, job.config.data.split_seed)
        if key not in loaded:
            loaded = {key: load(key[0], root=data_root, split_seed=key[1])}

        def tell(done: float, total: float, message: str = "", number: int = number) -> None:
            share = done / total if total else 0.0
            label = todo[number].label
            progress(number + share, len(todo), f"{label}: {message}" if message else label)

        begun = time.perf_counter()
        job.run(store, data_root=data_root, data=loaded[key], options=options, progress=tell)
        watch(job, time.perf_counter() - begun)
