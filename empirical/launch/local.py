"""Do the jobs of a manifest in this process, one after the other."""

from __future__ import annotations

from ...progress import Progress, silent
from .events import Watch, ignore
from .manifest import Manifest
from .torchrun import trainer_of
from .work import Outcome, Worker


def run_local(manifest: Manifest, *, progress: Progress = silent, watch: Watch = ignore) -> Outcome:
    """Do all jobs in this process, one after the other.

    A job that fails does not stop the others. Other launchers may work in the same store: a
    job is done by one of them, and the others wait for it.

    Parameters
    ----------
    manifest : Manifest
        What to do; what is done already is not done again.
    progress : Progress
        Told jobs settled (with fractions), out of all.
    watch : callable
        Told of events.

    Returns
    -------
    Outcome
        With failures, if there are any.

    Raises
    ------
    DiskFullError
        If results cannot be saved any more.
    KeyboardInterrupt
        After Ctrl-C, once the state is saved.
    """
    trainer = trainer_of(manifest)
    return Worker(manifest, "local", watch=watch, progress=progress, trainer=trainer).work()
