# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real Chromium without a window, driven by its own chromedriver over WebDriver
(w3.org/TR/webdriver2); Debian has both."""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
import subprocess
import tempfile
import typing as t
import urllib.request
from pathlib import Path

Json = dict[str, t.Any]
NEEDED: t.Final = ("chromium", "chromedriver")
# no window, no first run, and nothing of its own sent anywhere
FLAGS: t.Final = (
    "--headless=new --no-sandbox --disable-gpu --no-first-run"
    " --disable-background-networking --disable-component-update --disable-sync"
).split()


class Chromium:
    """One page at a time, of one window."""

    def __init__(self, address: str) -> None:
        self._address = address

    def ask(self, method: str, path: str, body: Json | None = None) -> t.Any:
        """Send one command; its value. An error of the browser is an HTTPError with what it
        said."""
        data = json.dumps(body or {}).encode() if method == "POST" else None
        request = urllib.request.Request(
            f"{self._address}{path}", data, {"Content-Type": "application/json"}, method=method
        )
        # not through a proxy that the environment names: it is this machine
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
            request, timeout=60
        ) as answer:
            return json.load(answer)["value"]

    def open(self, path: Path) -> None:
        self.ask("POST", "/url", {"url": path.resolve().as_uri()})

    def run(self, script: str, *arguments: t.Any) -> t.Any:
        """What the script returns; it runs beside the page's policy, as a person's console does."""
        return self.ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def devtools(self, command: str, **parameters: t.Any) -> t.Any:
        return self.ask("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def look(
        self,
        *,
        width: int = 1360,
        height: int = 900,
        scheme: str = "light",
        media: str = "screen",
        scale: float = 1,
    ) -> None:
        """The size of the window, the scheme that the person prefers, and whether it is paper."""
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=False,
        )
        self.devtools(
            "Emulation.setEmulatedMedia",
            media=media,
            features=[{"name": "prefers-color-scheme", "value": scheme}],
        )

    def picture(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(
            base64.b64decode(self.devtools("Page.captureScreenshot", format="png")["data"])
        )

    def paper(self) -> bytes:
        """The page as PDF."""
        return base64.b64decode(
            self.devtools("Page.printToPDF", printBackground=True, preferCSSPageSize=True)["data"]
        )

    def logged(self, kind: str) -> list[Json]:
        """What was logged since the last time: `performance` has each request, `browser` what the
        console says."""
        return t.cast("list[Json]", self.ask("POST", "/se/log", {"type": kind}))

    def requests(self, path: Path) -> list[str]:
        """The addresses that this page asked for since the last time, its own among them."""
        told = [json.loads(one["message"])["message"] for one in self.logged("performance")]
        # the browser's own empty first window asks for pictures of its own
        sent = [one["params"] for one in told if one["method"] == "Network.requestWillBeSent"]
        return [
            one["request"]["url"]
            for one in sent
            if one["documentURL"].startswith(path.resolve().as_uri())
        ]


def _port(said: t.Iterable[str]) -> str:
    for line in said:
        if "started successfully on port" in line:
            return line.rsplit(" ", 1)[1].strip(" .\n")
    raise RuntimeError("chromedriver ended before it listened.")


@contextlib.contextmanager
def chromium() -> t.Iterator[Chromium]:
    """A browser with a new profile, gone at the end."""
    absent = [name for name in NEEDED if shutil.which(name) is None]
    if absent:
        raise FileNotFoundError(
            f"{' and '.join(absent)} not found; Debian's packages are chromium and chromium-driver."
        )
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        driver = subprocess.Popen(
            ["chromedriver", "--port=0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            assert driver.stdout
            port = _port(driver.stdout)
            options = {"args": [*FLAGS, f"--user-data-dir={profile}"]}
            wanted = {
                "browserName": "chrome",
                "goog:chromeOptions": options,
                "goog:loggingPrefs": {"performance": "ALL", "browser": "ALL"},
            }
            made = Chromium(f"http://127.0.0.1:{port}").ask(
                "POST", "/session", {"capabilities": {"alwaysMatch": wanted}}
            )
            browser = Chromium(f"http://127.0.0.1:{port}/session/{made['sessionId']}")
            try:
                yield browser
            finally:
                browser.ask("DELETE", "")
        finally:
            driver.terminate()
            driver.wait(10)
