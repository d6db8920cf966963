"""Which random crops, mirror images, rotations and translations: as text, and as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...checks import check_integer, check_real
from ...config import Checked, check_bool, option
from ...errors import InputError

_FORM = (
    "be none, or parts joined by commas: R:DEGREES, T:FRACTION, RT:FRACTION, crop:PIXELS, flip "
    "(such as crop:4,flip,R:60)"
)


@dataclass(frozen=True)
class Augmentation(Checked):
    """A random crop, mirroring, rotation and translation of every image by itself.

    Applied by :func:`spadv.empirical.transforms.augment` in this order: crop, flip, then rotation
    and translation in one resampling. The paper's section 4 calls them Aug-R ("R:60"), Aug-T
    ("T:0.1") and Aug-RT ("RT:0.1": rotation 0.1 * 180 degrees with translation 0.1); its CIFAR
    networks have "crop:4,flip,R:60".

    Examples
    --------
    >>> Augmentation.parse("crop:4,flip,R:60")
    Augmentation(rotation=60.0, translation=0.0, crop=4, flip=True)
    >>> Augmentation.parse("RT:0.5")
    Augmentation(rotation=90.0, translation=0.5, crop=0, flip=False)
    >>> Augmentation(rotation=180).describe()
    'R:180'
    """

    rotation: float = option(
        0.0, "r in degrees: angles are uniform in [-r, r].", check_real, low=0, high=180
    )
    translation: float = option(
        0.0,
        "f, a fraction of the side: shifts are uniform on -k..k pixels, k = round(f side).",
        check_real,
        low=0,
        high=1,
    )
    crop: int = option(0, "Padding in pixels of a random crop.", check_integer, minimum=0)
    flip: bool = option(False, "Mirrored left to right with probability 1/2.", check_bool)

    @property
    def is_identity(self) -> bool:
        """Whether nothing is changed."""
        return not (self.rotation or self.translation or self.crop or self.flip)

    @classmethod
    def parse(cls, text: str, place: str = "") -> Augmentation:
        """Return the augmentation that a text such as "crop:4,flip,R:60" describes.

        Errors call it `place`.
        """
        whole = place or "augmentation"
        if not isinstance(text, str):
            raise InputError(whole, _FORM, text)
        if text.strip().lower() == "none":
            return cls()
        found: dict[str, Any] = {}
        for part in text.split(","):
            for name, value in _part(part, text, whole).items():
                if name in found:
                    rule = "set each of rotation, translation, crop and flip once"
                    raise InputError(whole, rule, text)
                found[name] = value
        try:
            return cls(**found)
        except InputError as error:
            raise error.about(f"{place} {error.argument}".strip()) from None

    def describe(self) -> str:
        """Return the text that :meth:`parse` reads back to an equal augmentation."""
        parts = [f"crop:{self.crop}"] if self.crop else []
        parts += ["flip"] if self.flip else []
        if self.translation and self.rotation == _both(self.translation):
            parts.append(f"RT:{_plain(self.translation)}")
        else:
            parts += [f"R:{_plain(self.rotation)}"] if self.rotation else []
            parts += [f"T:{_plain(self.translation)}"] if self.translation else []
        return ",".join(parts) or "none"


def _part(part: str, text: str, whole: str) -> dict[str, Any]:
    name, colon, number = part.strip().partition(":")
    name = name.strip().upper()
    if name == "FLIP" and not colon:
        return {"flip": True}
    try:
        if name == "R":
            return {"rotation": float(number)}
        if name == "T":
            return {"translation": float(number)}
        if name == "RT":
            fraction = check_real("RT", float(number), low=0, high=1, rule=_FORM)
            return {"rotation": _both(fraction), "translation": fraction}
        if name == "CROP":
            return {"crop": int(number)}
    except ValueError:
        pass
    hint = f"The part {part.strip()!r} cannot be read." if part.strip() != text.strip() else ""
    raise InputError(whole, _FORM, text, hint)


def _both(fraction: float) -> float:
    """Return the rotation that goes with a shift in Aug-RT, in degrees."""
    return 180 * fraction


def _plain(value: float) -> str:
    return repr(value).removesuffix(".0")
