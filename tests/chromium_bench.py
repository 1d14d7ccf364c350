"""A headless Chromium that tests talk to by its own protocol, over two pipes.

https://chromedevtools.github.io/devtools-protocol: JSON objects, each ended by a zero byte.
"""

import base64
import json
import os
import shutil
import subprocess
import tempfile
from itertools import count

import pytest

__all__ = ["Browser"]

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
    "--no-first-run", "--disable-extensions", "--disable-background-networking",
    "--remote-debugging-pipe", "--force-color-profile=srgb", "--hide-scrollbars",
)  # fmt: skip
FAILED = ("Runtime.exceptionThrown", "Log.entryAdded")


def _program():
    """Return the program; skip the test where there is none."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("Chromium is not installed (apt-get install chromium)")
    return found


class Browser:
    """Open one page; `errors` collects what it throws, logs as an error, or tries to fetch."""

    def __init__(self):
        program = _program()
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        # It reads descriptor 3 and writes 4.
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        shell = f'exec "$0" "$@" 3<&{theirs_in} 4>&{theirs_out}'
        arguments = [*FLAGS, f"--user-data-dir={self._profile.name}", "about:blank"]
        self._process = subprocess.Popen(
            ["bash", "-c", shell, program, *arguments],
            pass_fds=(theirs_in, theirs_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._numbers, self._rest, self.errors, self._loaded = count(1), b"", [], False
        self._session = None
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        attached = self.send("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(timeout=30)
        os.close(self._out)
        os.close(self._in)
        self._profile.cleanup()

    def send(self, method, **parameters):
        """Call a method of the protocol; return its result."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while (answer := self._receive()).get("id") != number:
            pass
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def open(self, path, width=1280, height=900, dark=False, touch=False):
        """Load a file as a reader of that window and colour scheme."""
        self._width, mobile = width, width < 600
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=2 if mobile else 1, mobile=mobile)  # fmt: skip
        self.media(dark=dark)
        self.send("Emulation.setTouchEmulationEnabled", enabled=touch)
        assert path.is_file(), path
        self._loaded = False
        self.send("Page.navigate", url=path.resolve().as_uri())
        while not self._loaded:
            self._receive()

    def media(self, kind="", dark=False):
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", media=kind, features=[scheme])

    def run(self, expression):
        """Return what an expression of JavaScript is; promises are awaited."""
        result = self.send("Runtime.evaluate", expression=expression, returnByValue=True,
                           awaitPromise=True)  # fmt: skip
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def settle(self):
        """Wait until what changed is drawn."""
        self.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def key(self, key):
        text = {"text": key} if len(key) == 1 else {}
        self.send("Input.dispatchKeyEvent", type="keyDown", key=key, **text)
        self.send("Input.dispatchKeyEvent", type="keyUp", key=key)

    def overflow(self):
        """Return how many pixels of the page lie beyond the window's right edge."""
        return self.run("document.documentElement.scrollWidth") - self._width

    def picture(self, path, whole=True):
        shot = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))

    def paper(self, path):
        path.write_bytes(
            base64.b64decode(self.send("Page.printToPDF", preferCSSPageSize=True)["data"])
        )

    def _receive(self):
        """Return the next message; keep errors, and that the page was loaded."""
        while b"\0" not in self._rest:
            part = os.read(self._in, 1 << 20)
            assert part, "Chromium ended"
            self._rest += part
        text, _, self._rest = self._rest.partition(b"\0")
        message = json.loads(text)
        method, of = message.get("method"), message.get("params", {})
        if method in FAILED:
            self.errors.append(of.get("exceptionDetails", of.get("entry")))
        elif method == "Network.requestWillBeSent" and not of["request"]["url"].startswith("file:"):
            self.errors.append(of["request"]["url"])
        elif method == "Page.loadEventFired":
            self._loaded = True
        return message
