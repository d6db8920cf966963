"""Networks of this package as files that others read, each loaded again and compared."""

from __future__ import annotations

import importlib
import json
import warnings
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from ...checks import choose
from ...errors import InputError, RunFailedError, StoreError
from ...store import read_json, write_atomically
from ..randomness import make_generator
from ..settings import ModelSpec
from .classifier import Classifier
from .registry import build_spec
from .weights import load_weights, read_metadata, read_weights

#: Formats, with the ending of their files.
FORMATS = {"safetensors": ".safetensors", "torch.export": ".pt2", "onnx": ".onnx"}
#: Images on which the file is compared with the network, and how much logits may differ in
#: relation to the largest: other kernels sum in another order.
COUNT, TOLERANCE = 8, 1e-4


def export(model: Classifier, path: Path | str, to: str = "safetensors") -> float:
    """Write a network to a file, load it again, and compare.

    Parameters
    ----------
    model : Classifier
        It goes from pixels in [0, 1], (B, C, H, W) for any B, to logits; its normalisation is
        inside. It is exported on the CPU in evaluation mode, and not changed.
    path : Path or str
        The file.
    to : {"safetensors", "torch.export", "onnx"}
        "safetensors": the weights, and beside them what :func:`load_exported` needs to build
        the network. "torch.export": a program that torch runs without this package. "onnx": the
        same for others (`pip install 'spadv[onnx]'`).

    Returns
    -------
    float
        The largest difference between the logits of network and file on random images, in
        relation to the largest logit; RunFailedError if it is above 1e-4.
    """
    path = Path(path)
    write = {"safetensors": _safetensors, "torch.export": _program, "onnx": _onnx}
    chosen = write[choose("to", to, write)]
    if to == "safetensors" and path.suffix != FORMATS[to]:  # else nobody reads its description
        raise InputError("path", f"end in {FORMATS[to]}", str(path))
    spec = model.spec
    copy = build_spec(spec)
    copy.load_state_dict(model.state_dict())
    copy.eval().requires_grad_(False)
    shape = (COUNT, spec.in_channels, spec.image_size, spec.image_size)
    x = torch.rand(shape, generator=make_generator(0, "export"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with torch.no_grad():
            expected, found = copy(x), chosen(copy, path, x)(x)
    except StoreError:
        raise
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror or error}") from None
    apart = float((found - expected).abs().max() / expected.abs().max().clamp_min(1e-12))
    if not apart <= TOLERANCE:
        raise RunFailedError(f"{path} gives other logits than the network: {apart:.2g} apart")
    return apart


def load_exported(path: Path | str, description: Path | str | None = None) -> Classifier:
    """Return the network of a `.safetensors` file that :func:`export` wrote.

    With a `description`, a JSON file with the fields of :class:`ModelSpec`, any file of weights
    of that network will do (see :func:`spadv.empirical.models.weights.read_weights`).
    """
    path = Path(path)
    text = None if description is not None else read_metadata(path).get("spadv")
    if text is None and description is None:
        raise StoreError(
            f"{path} holds weights alone: say which network they are of by --layers DESCRIPTION"
        )
    spec = ModelSpec.from_json(json.loads(text)) if text else _described(str(description))
    model = build_spec(spec)
    load_weights(model, read_weights(path), path)
    return model.eval()


def _described(file: str) -> ModelSpec:
    fields = read_json(Path(file))
    try:
        return ModelSpec(**fields)
    except TypeError as error:
        rule = "have the fields of a network's specification"
        raise InputError("layers", rule, file, str(error)) from None


def _safetensors(model: Classifier, path: Path, x: Tensor) -> Callable[[Tensor], Tensor]:
    try:
        from safetensors.torch import save
    except ModuleNotFoundError:
        raise _needs("safetensors", "safetensors") from None
    state = {name: value.contiguous() for name, value in model.state_dict().items()}
    metadata = {"format": "pt", "spadv": json.dumps(model.spec.to_json())}
    write_atomically(path, save(state, metadata))
    return load_exported(path)


def _program(model: Classifier, path: Path, x: Tensor) -> Callable[[Tensor], Tensor]:
    many = {0: torch.export.Dim("images")}
    program = torch.export.export(model, (x[:2],), dynamic_shapes={"x": many})
    torch.export.save(program, path)
    again: Callable[[Tensor], Tensor] = torch.export.load(path).module()
    return again


def _onnx(model: Classifier, path: Path, x: Tensor) -> Callable[[Tensor], Tensor]:
    try:
        runtime = importlib.import_module("onnxruntime")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of packages that speak to each other
            torch.onnx.export(
                model,
                (x[:2],),
                str(path),
                input_names=["pixels"],
                output_names=["logits"],
                dynamic_shapes={"x": {0: torch.export.Dim("images")}},
                external_data=False,
                dynamo=True,
                verbose=False,
            )
    except ImportError as error:
        raise _needs((error.name or "onnx").split(".")[0], "onnx") from None
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return lambda images: torch.from_numpy(session.run(None, {"pixels": images.numpy()})[0])


def _needs(package: str, extra: str) -> InputError:
    hint = f"It needs {package}: pip install 'spadv[{extra}]'."
    return InputError("to", "be a format whose package is installed", extra, hint)
