"""`load`: from a name, a folder or a file to a data set."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from ...checks import check_integer
from ...errors import InputError, StoreError
from ...progress import Progress, silent
from ..settings.data import describe, names, own
from .custom import read_arrays, read_folder
from .images import DataSet, Parts, channel_statistics, digest_of, draw_split
from .official import read_known
from .preparing import by_hand, cache_root, data_root, locate


def load(
    name: str | Path = "mnist-sample",
    *,
    root: Path | str | None = None,
    split_seed: int = 0,
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
        with `train`, `test` and perhaps `validation`, each with the classes as sub-folders;
        or an .npz file of x_train, y_train, x_test, y_test and perhaps x_val, y_val, classes
        (pixels uint8), also under MedMNIST's names. Without a test part the validation part
        serves as one, and another is drawn for validation, as for Tiny-ImageNet.
    root : Path or str, optional
        Folder of the data sets known by name, laid out as torchvision does; $SPADV_DATA,
        or else `spadv/data` in the user's cache folder, by default. It may be read-only.
    split_seed : int
        Seed by which validation images are drawn from the training part: as many as in
        the paper for known names, one in ten for your own. A folder without parts is
        split 80/10/10. Data with a validation part of their own are not split.
    validation : int, optional
        How many images to draw for validation instead.
    size : int, optional
        Side to which the images of a folder are resized (shorter side, middle square).
    cache : Path, str or bool
        Folder in which decoded images are kept; True: $SPADV_CACHE, or else `spadv/decoded`
        in the user's cache folder; False: nothing is kept.
    progress : Progress
        Told how many images are decoded.

    Examples
    --------
    >>> data = load("mnist-sample")
    >>> len(data.train), len(data.validation), len(data.test)
    (9000, 1000, 2000)
    >>> x, y = data.test.batch(slice(0, 100))
    >>> x.shape
    torch.Size([100, 1, 28, 28])
    """
    if validation is not None:
        check_integer("validation", validation, minimum=0)
    if size is not None:
        check_integer("size", size, minimum=1, maximum=10_000)
    kept = None if cache is False else cache_root(None if cache is True else cache)
    if not isinstance(name, str) or name not in names():
        path = own(name)
        parts = _read_own(path, size, kept, progress)
        label = path.resolve().name
        source = f"your own: {path}" + (f" ({parts.note})" if parts.note else "")
        return _data_set(label, parts, source, (None, validation), split_seed)
    if size is not None:
        raise InputError("size", "be left out for data sets known by name", size)
    info, base = describe(name), data_root(root)
    if missing := locate(name, base).missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        command = f"`spadv data prepare {name} --data-root {shlex.quote(str(base))}`"
        hint = f"{command} downloads {info.title}; {by_hand(info, base)}"
        raise StoreError(f"{info.title} is not in {base} ({missing[0]}{more} missing): {hint}")
    parts = read_known(info, base, kept, progress)
    sizes = (info.train, info.validation) if validation is None else (None, validation)
    return _data_set(name, parts, f"{info.source} ({info.licence})", sizes, split_seed)


def _read_own(path: Path, size: int | None, cache: Path | None, progress: Progress) -> Parts:
    if path.is_dir():
        return read_folder(path, size=size, cache=cache, progress=progress)
    if size is not None:
        raise InputError("size", "be left out for an .npz file", size)
    return read_arrays(path)


def _data_set(
    name: str,
    parts: Parts,
    source: str,
    sizes: tuple[int | None, int | None],
    seed: int,
) -> DataSet:
    """Draw what the data lack, `sizes` of training and validation, and describe everything."""
    train, validation, test = parts.train, parts.validation, parts.test
    count, split = len(train), None
    record: dict[str, Any] = {"seed": None, "of": count}
    if validation is None or test is None:
        tenth, (originals, drawn) = round(count / 10), sizes
        if test is None and not tenth:
            raise InputError(name, "hold at least 6 images, to draw a test part from", count)
        split = draw_split(
            count,
            train=originals,
            validation=tenth if drawn is None else drawn,
            test=tenth if test is None else 0,
            seed=seed,
        )
        record = split.describe(seed, count)
        test = train.subset(split.test) if test is None else test
        validation = train.subset(split.validation) if validation is None else validation
        train = train.subset(split.train)
    elif sizes[1] is not None:
        given = f"validation = {sizes[1]}"
        raise InputError(name, "lack a validation part where one is asked for", given)
    record |= {"train": len(train), "validation": len(validation), "test": len(test)}
    mean, std = channel_statistics(train.pixels)
    return DataSet(
        name=name,
        classes=parts.classes,
        train=train,
        validation=validation,
        test=test,
        mean=mean,
        std=std,
        source=source,
        digest=digest_of(train, validation, test),
        split=record,
        indices=split,
    )
