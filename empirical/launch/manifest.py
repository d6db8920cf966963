"""The manifest of a launch: its jobs and how to do them, for workers wherever they are."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from ...checks import check_integer
from ...errors import InputError, StoreError
from ...store import Store, read_json, write_json
from ..experiments.job import Job, merge
from ..training import TrainOptions
from .claims import BEAT, STALE_AFTER

#: Version of the file's layout.
SCHEMA = 1


@dataclass(frozen=True)
class Manifest:
    """What is to be done, and how; the same for every worker of a launch.

    Attributes
    ----------
    jobs : tuple of Job
        Each training once, every job after the one that it starts from.
    root : Path
        Of the store. Workers on other machines find it under the same path.
    any_version : bool
        Use results of other releases.
    data_root : Path or None
        Where data sets lie.
    options : TrainOptions
        Device and the like.
    retry : bool
        Try again what failed for good in an earlier launch (diverged, or lost its workers).
    job_processes : int
        Processes of each training; more than one are started through torchrun.
    flops : mapping
        Estimated cost of jobs by digest; dear chains of jobs begin first.
    beat, stale_after : float
        See :mod:`spadv.empirical.launch.claims`.
    launch : str
        Names this launch: when it began, and some letters.

    Raises
    ------
    InputError
        If `job_processes` is below 1.
    """

    jobs: tuple[Job, ...]
    root: Path
    any_version: bool = False
    data_root: Path | None = None
    options: TrainOptions = TrainOptions()  # noqa: RUF009 - frozen
    retry: bool = False
    job_processes: int = 1
    flops: Mapping[str, float] = field(default_factory=dict)
    beat: float = BEAT
    stale_after: float = STALE_AFTER
    launch: str = ""

    def __post_init__(self) -> None:
        check_integer("job_processes", self.job_processes, minimum=1)
        object.__setattr__(self, "jobs", tuple(merge(list(self.jobs))))
        object.__setattr__(self, "root", Path(self.root).absolute())
        if self.data_root is not None:
            object.__setattr__(self, "data_root", Path(self.data_root).absolute())
        if not self.launch:
            when = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
            object.__setattr__(self, "launch", f"{when}-{uuid.uuid4().hex[:6]}")

    @property
    def store(self) -> Store:
        """Where the jobs lie."""
        return Store(self.root, any_version=self.any_version)

    @property
    def folder(self) -> Path:
        """Where the launch keeps this manifest, and what its workers tell."""
        return self.root / ".launches" / self.launch

    @property
    def path(self) -> Path:
        """Where :meth:`write` writes it."""
        return self.folder / "manifest.json"

    @cached_property
    def order(self) -> tuple[Job, ...]:
        """The jobs, those first that begin the dearest chain of starts."""
        rank = {job.digest: 0.0 for job in self.jobs}
        for job in reversed(self.jobs):  # every start comes before what starts from it
            rank[job.digest] += self.flops.get(job.digest, 0.0)
            if job.start is not None:
                rank[job.start.digest] = max(rank[job.start.digest], rank[job.digest])
        return tuple(sorted(self.jobs, key=lambda job: -rank[job.digest]))

    def write(self) -> Path:
        """Write the manifest into the launch's folder and return the path."""
        write_json(
            self.path,
            {
                "schema": SCHEMA,
                "launch": self.launch,
                "root": str(self.root),
                "any_version": self.any_version,
                "data_root": None if self.data_root is None else str(self.data_root),
                "options": dataclasses.asdict(self.options),
                "retry": self.retry,
                "job_processes": self.job_processes,
                "flops": dict(self.flops),
                "beat": self.beat,
                "stale_after": self.stale_after,
                "jobs": [job.to_json() for job in self.jobs],
            },
        )
        return self.path

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """Read the manifest at `path`.

        Raises
        ------
        StoreError
            If it cannot be read, or is another version's.
        """
        data = read_json(path)
        if data.get("schema") != SCHEMA:
            raise StoreError(
                f"{path} has schema {data.get('schema')}, this version reads schema {SCHEMA}"
            )
        try:
            return cls(
                jobs=_jobs(data["jobs"]),
                root=Path(data["root"]),
                any_version=bool(data["any_version"]),
                data_root=None if data["data_root"] is None else Path(data["data_root"]),
                options=TrainOptions(**data["options"]),
                retry=bool(data["retry"]),
                job_processes=data["job_processes"],
                flops=dict(data["flops"]),
                beat=float(data["beat"]),
                stale_after=float(data["stale_after"]),
                launch=str(data["launch"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise StoreError(f"{path} lacks or garbles {error}") from None


def _jobs(rows: Sequence[Mapping[str, Any]]) -> tuple[Job, ...]:
    known: dict[str, Job] = {}
    for row in rows:
        job = Job.from_json(row, known)
        known[job.digest] = job
    return tuple(known.values())


def share(jobs: Sequence[Job], flops: Mapping[str, float], which: tuple[int, int]) -> list[Job]:
    """Return the i-th of n shares of some jobs, about equally dear.

    A job and all that start from it, or from the same job, are one family, and a family is
    never divided: no share waits for another, so shares may be done on machines that share
    no folder, and their run folders be copied together afterwards. Families are dealt out
    from the dearest to the cheapest, each to the share that has least; ties go by digest.
    Shares depend on the jobs and their estimated costs alone, not on what is done already.

    Parameters
    ----------
    jobs : sequence of Job
        All of them.
    flops : mapping
        Cost by digest.
    which : tuple of int
        (i, n), 1 <= i <= n.

    Raises
    ------
    InputError
        If `which` is not (i, n) with 1 <= i <= n.

    Examples
    --------
    >>> from spadv.empirical.training import TrainConfig
    >>> jobs = [Job(TrainConfig(seed=seed)) for seed in range(5)]
    >>> [len(share(jobs, {}, (i, 2))) for i in (1, 2)]
    [3, 2]
    """
    number, count = which
    if not 1 <= number <= count:
        raise InputError("shard", "be i/n with 1 <= i <= n", f"{number}/{count}")
    families: dict[str, list[Job]] = {}
    for job in merge(list(jobs)):
        families.setdefault(_root(job).digest, []).append(job)
    cost = {
        digest: sum(flops.get(job.digest, 0.0) for job in family)
        for digest, family in families.items()
    }
    loads = [(0.0, 0)] * count
    chosen = set()
    for digest in sorted(families, key=lambda digest: (-cost[digest], digest)):
        least = min(range(count), key=lambda i: loads[i])
        loads[least] = (loads[least][0] + cost[digest], loads[least][1] + len(families[digest]))
        if least == number - 1:
            chosen.add(digest)
    return [job for job in merge(list(jobs)) if _root(job).digest in chosen]


def _root(job: Job) -> Job:
    while job.start is not None:
        job = job.start
    return job
