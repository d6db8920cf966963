"""`load`: from a name, a folder or a file to a data set."""

from __future__ import annotations

from pathlib import Path

from ...checks import check_integer, choose
from ...errors import InputError, StoreError
from ...progress import Progress, silent
from . import cifar, mnist, tiny_imagenet
from .arrays import read_arrays
from .catalogue import DEFAULT, DataInfo, describe, names
from .folder import read_folder
from .images import DataSet
from .parts import Parts, Sizes, assemble
from .places import cache_root, data_root
from .preparing import how_to_get, locate
from .split import Split


def load(
    name: str | Path = DEFAULT,
    *,
    root: Path | str | None = None,
    split_seed: int = 0,
    split: Split | Path | str | None = None,
    validation: int | None = None,
    size: int | None = None,
    cache: Path | str | bool = True,
    progress: Progress = silent,
) -> DataSet:
    """Load a data set onto the CPU. Nothing is downloaded (see :func:`prepare`).

    Parameters
    ----------
    name : str or Path
        A name of :func:`names`; or a folder of images, with the classes as sub-folders or
        with `train`, `test` and perhaps `validation`, each with the classes as sub-folders
        (see `list_folder`); or an .npz file of arrays (see `read_arrays`).
    root : Path or str, optional
        Folder of the data sets known by name, laid out as torchvision does; $SPADV_DATA,
        or else ~/.cache/spadv/data, by default. It may be read-only.
    split_seed : int
        Seed by which validation images are drawn from the training part: as many as in
        the paper for known names, one in ten for your own. A folder without parts is
        split 80/10/10. Data with a validation part of their own are not split.
    split : Split, Path or str, optional
        A split to use instead of drawing one, or the file of one.
    validation : int, optional
        How many images to draw for validation instead.
    size : int, optional
        Side to which the images of a folder are resized (shorter side, middle square).
    cache : Path, str or bool
        Folder in which decoded images are kept; True: $SPADV_CACHE, or else
        ~/.cache/spadv/decoded; False: nothing is kept.
    progress : Progress
        Told how many images are decoded.

    Returns
    -------
    DataSet
        Its parts, statistics and digest.

    Raises
    ------
    InputError
        If the name is unknown, or data break a rule; the message says which.
    StoreError
        If files are missing (the message says how to get them) or broken.

    Examples
    --------
    >>> data = load("mnist-sample")
    >>> len(data.train), len(data.validation), len(data.test)
    (9000, 1000, 2000)
    >>> x, y = data.test.batch(slice(0, 100))
    >>> x.shape
    torch.Size([100, 1, 28, 28])
    """
    sizes = Sizes(validation=_optional("validation", validation, 0))
    size = _optional("size", size, 1)
    kept = None if cache is False else cache_root(None if cache is True else cache)
    given = split if split is None or isinstance(split, Split) else Split.load(split)
    if isinstance(name, str) and name in names():
        if size is not None:
            raise InputError("size", "be left out for data sets known by name", size)
        info = describe(name)
        parts = _read_known(info, data_root(root), kept, progress)
        sizes = sizes if validation is not None else Sizes(info.train, info.validation)
        source = f"{info.source} ({info.licence})"
    else:
        path = Path(name).expanduser()
        parts = _read_own(path, name, size, kept, progress)
        name, source = path.resolve().name, f"your own: {path}"
    return assemble(name, parts, source=source, sizes=sizes, seed=split_seed, split=given)


def _read_known(info: DataInfo, root: Path, cache: Path | None, progress: Progress) -> Parts:
    if info.embedded:
        return mnist.read_sample()
    if missing := locate(info.name, root).missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        hint = how_to_get(info.name, root)
        raise StoreError(f"{info.title} is not in {root} ({missing[0]}{more} missing): {hint}")
    if info.name in mnist.FOLDERS:
        return mnist.read_official(info, root)
    if info.name in cifar.FOLDERS:
        return cifar.read_official(info, root)
    return tiny_imagenet.read_official(info, root, cache=cache, progress=progress)


def _read_own(
    path: Path, name: str | Path, size: int | None, cache: Path | None, progress: Progress
) -> Parts:
    if path.is_dir():
        return read_folder(path, size=size, cache=cache, progress=progress)
    if path.is_file() and path.suffix == ".npz":
        if size is not None:
            raise InputError("size", "be left out for an .npz file", size)
        return read_arrays(path)
    if path.is_file():
        raise InputError("data", "be a known name, a folder or an .npz file", str(name))
    if isinstance(name, str) and not {"/", "\\", "."} & set(name):
        choose("data", name, [*names(), "a folder", "an .npz file"])
    raise InputError("data", "be a known name, or a folder or .npz file that exists", str(name))


def _optional(argument: str, value: int | None, minimum: int) -> int | None:
    return None if value is None else check_integer(argument, value, minimum=minimum)
