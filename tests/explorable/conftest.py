"""Two ways to run the page's scripts: node, if there is one, and headless Chromium."""

from __future__ import annotations

import base64
import fcntl
import importlib.util
import itertools
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "explorable"
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
)
# Becomes the browser, with its two pipes where it expects them.
_BECOME = (
    "import os, sys; a = sys.argv; os.dup2(int(a[1]), 3); os.dup2(int(a[2]), 4); "
    "os.execv(a[3], a[3:])"
)


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"explorable_{name}", FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def build() -> ModuleType:
    return _script("build")


@pytest.fixture(scope="session")
def price_table() -> ModuleType:
    return _script("price_table")


@pytest.fixture(scope="session")
def node(build: ModuleType) -> Callable[[str], Any]:
    """Return a function that gives the value of a JavaScript expression, with the core."""
    program = shutil.which("node") or shutil.which("nodejs")
    if program is None:
        pytest.skip("no node to run JavaScript with")

    def value(expression: str) -> Any:
        # JSON has no NaN and no infinities; strings stand for them.
        code = (
            f'"use strict";\n(() => {{\n{build.core()}\n}})();\n'
            f"const result = (() => {{ const S = globalThis.spadv; return ({expression}); }})();\n"
            "console.log(JSON.stringify(result, (_, x) =>"
            ' typeof x === "number" && !Number.isFinite(x) ? String(x) : x));'
        )
        done = subprocess.run(
            [program, "-"], input=code, text=True, capture_output=True, timeout=300
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout)

    return value


class Browser:
    """A headless Chromium, spoken to in the DevTools protocol through two pipes."""

    def __init__(self, program: str) -> None:
        self._folder = tempfile.mkdtemp(prefix="spadv-chromium-")
        ends = [*os.pipe(), *os.pipe()]
        # Out of the way of 3 and 4, where the browser reads commands and writes answers.
        to_read, self._out, self._in, to_write = (fcntl.fcntl(x, fcntl.F_DUPFD, 10) for x in ends)
        for end in ends:
            os.close(end)
        wrapper = [sys.executable, "-c", _BECOME, str(to_read), str(to_write), program]
        self._process = subprocess.Popen(
            [*wrapper, *_FLAGS, f"--user-data-dir={self._folder}"],
            pass_fds=(to_read, to_write),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_read)
        os.close(to_write)
        self._numbers = itertools.count(1)
        self._buffer = b""
        self.messages: list[dict[str, Any]] = []
        target = self._send("Target.createTarget", {"url": "about:blank"})["targetId"]
        attached = self._send("Target.attachToTarget", {"targetId": target, "flatten": True})
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command to the page and return its answer."""
        return self._send(method, parameters, self._session)

    def open(self, url: str) -> None:
        self.messages.clear()
        self.call("Page.navigate", url=url)
        self.until("document.readyState === 'complete'")

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression; a promise is waited for."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, condition: str, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not self.evaluate(condition):
            assert time.monotonic() < end, f"still not: {condition}"
            time.sleep(0.05)

    def press(self, key: str, code: int) -> None:
        for kind in ("rawKeyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code
            )

    def screen(self, width: int, height: int, *, phone: bool = False, ratio: float = 1) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=ratio,
            mobile=phone,
        )

    def prefer(self, **features: str) -> None:
        """Set media features, such as ``prefers_color_scheme="dark"``."""
        given = [{"name": k.replace("_", "-"), "value": v} for k, v in features.items()]
        self.call("Emulation.setEmulatedMedia", media="", features=given)

    def picture(self, path: Path, *, whole: bool = False) -> None:
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(data["data"]))

    def close(self) -> None:
        os.close(self._out)
        os.close(self._in)
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(20)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _send(
        self, method: str, parameters: dict[str, Any], session: str | None = None
    ) -> dict[str, Any]:
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + 120
        while True:
            answer = self._receive(end)
            if answer.get("id") == number:
                assert "error" not in answer, answer["error"]
                result: dict[str, Any] = answer["result"]
                return result
            self.messages.append(answer)

    def _receive(self, end: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._in], [], [], max(end - time.monotonic(), 0))
            assert ready, "the browser does not answer"
            part = os.read(self._in, 1 << 20)
            assert part, "the browser has gone"
            self._buffer += part
        text, self._buffer = self._buffer.split(b"\0", 1)
        answer: dict[str, Any] = json.loads(text)
        return answer


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = (
        shutil.which("chromium")
        or shutil.which("chromium-browser")
        or shutil.which("google-chrome")
    )
    if program is None:
        pytest.skip("no Chromium installed")
    made = Browser(program)
    yield made
    made.close()
