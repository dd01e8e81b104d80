"""A real browser, headless."""

import shutil
import time
from contextlib import contextmanager

import pytest

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@contextmanager
def chromium():
    """Chromium, driven by Playwright; skips the test where either is missing."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if BROWSER is None:
        pytest.skip("no Chromium is installed")
    with playwright.sync_playwright() as engine:
        # A container's root has no sandbox.
        browser = engine.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


class Page:
    """A page of the window, and what went wrong in it.

    Args:
        browser: of `chromium`.
        address: to open.
        size: width and height of the screen.
        options: of Playwright's new_page.
    """

    def __init__(self, browser, address, size=(1280, 800), **options):
        self.faults = []
        self.page = browser.new_page(viewport={"width": size[0], "height": size[1]}, **options)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", lambda message: message.type == "error" and self.faults.append(message.text))
        self.page.on(
            "request",
            lambda request: (
                request.url.startswith(("http://localhost", "blob:", "data:"))
                or self.faults.append(f"asks {request.url}")
            ),
        )
        self.page.goto(address)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.page.close()

    def wait(self, expression, seconds=30.0):
        """Wait for a JavaScript expression to be true; not Playwright's own wait, which the page's policy forbids."""
        deadline = time.monotonic() + seconds
        while not (result := self.page.evaluate(expression)):
            if time.monotonic() > deadline:
                text = self.page.evaluate("document.body.innerText")
                raise AssertionError(f"{expression} is not true; faults {self.faults}; the page says:\n{text}")
            self.page.wait_for_timeout(50)
        return result

    def frames(self, count=1, seconds=30.0):
        """Wait for so many more frames."""
        have = int(self.page.evaluate("Number(document.body.dataset.frames ?? 0)"))
        self.wait(f"Number(document.body.dataset.frames ?? 0) >= {have + count}", seconds)

    def level(self, stream="fused"):
        """Mean grey level of what a canvas shows."""
        return self.page.evaluate(
            """stream => {
              const canvas = document.querySelector(`[data-stream=${stream}] canvas`);
              const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
              let sum = 0;
              for (let i = 0; i < data.length; i += 4) sum += data[i] + data[i + 1] + data[i + 2];
              return sum / (data.length * 0.75);
            }""",
            stream,
        )

    def text(self, selector):
        """What a part of the page says."""
        return self.page.text_content(selector)
