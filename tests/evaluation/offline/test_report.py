"""The report as a browser shows it, at the width of a desk and of a phone."""

import html
import json
import re
import shutil
import subprocess

import numpy as np
import pytest

from ros2_textfuse import cli
from ros2_textfuse.evaluation.offline.report import figure, write_report
from tests.helpers.images import street
from tests.helpers.recordings import write_bag

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
BOX = {"name": "<person>", "class_id": 0, "score": 0.87, "box": [10, 12, 30, 50]}

# Runs in the page after its own script; what it finds goes into the title.
PROBE = """
<script>
const shot = document.querySelector(".shot"), slide = shot.querySelector(".slide");
const cut = () => ["visible", "fused", "thermal"].map(
  name => parseFloat(shot.querySelector(".layer." + name).style.clipPath.split(" ")[1] ?? 0));
const move = value => { slide.value = value; slide.dispatchEvent(new Event("input")); };
const area = document.querySelector(".plot .area"), box = area.getBoundingClientRect();
area.dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + box.width / 2 }));
move(1.5);
const between = cut();
move(0);
document.title = JSON.stringify({
  errors: window.faults,
  wide: document.documentElement.scrollWidth - window.innerWidth,
  blank: [...document.images].filter(image => !image.naturalWidth).length,
  // A table of seven columns does not fit a phone: it may be moved sideways within its own frame.
  cut: [...document.querySelectorAll(".scroll")].filter(
    table => table.scrollWidth > table.clientWidth && getComputedStyle(table).overflowX !== "auto").length,
  images: document.images.length,
  between, start: cut(),
  readouts: [...document.querySelectorAll(".readout")].map(readout => readout.textContent),
  boxes: document.querySelectorAll(".layer rect").length,
  label: document.querySelector(".layer text").textContent,
  lines: [...document.querySelectorAll(".area path")].filter(path => path.getTotalLength() === 0).length,
});
</script>
"""


def detection():
    """What `detection.evaluate` gives for run.json, with figures that are easily told apart."""
    figures = [
        {"mAP50": value, "mAP75": value / 2, "mAP": value / 4}
        for value in (0.611, 0.522, 0.733, 0.744, 0.655, 0.666, 0.677)
    ]
    clean = dict(zip(("visible", "thermal", "fused"), figures, strict=False))
    joined = ("prompted", "cameras", "all", "all_prompted")
    difference = {"mean": 0.122, "low": -0.03, "high": 0.2}
    return {
        "images": 3,
        "boxes": 7,
        "classes": {"car": 4, "person": 3},
        "exclusions": {"box outside its image": 2},
        "detector": "YOLO26n on openvino",
        "severity": 0.5,
        "clean": clean,
        "over": {"visible": difference, "thermal": difference},
        "degraded": {"ir_low_contrast": clean | dict(zip(joined, figures[3:], strict=True))},
    }


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run's folder, with a box in its first image."""
    folder = tmp_path_factory.mktemp("report")
    images = [np.stack([np.roll(image, n, axis=1) for n in range(40)]) for image in street(64, 80)]
    late = [0.03 if number % 7 == 3 else 0.001 * (number % 5) for number in range(40)]
    bag = write_bag(folder / "<bag>", *images, rate=10.0, thermal_delay=late.__getitem__)
    assert cli.main(["eval", str(bag), "--out", str(folder / "run"), "--engine", "eager", "--no-detection"]) == 0
    found = json.loads((folder / "run" / "run.json").read_text())
    found["images"][0]["boxes"] = {"fused": [BOX]}
    found["detection"] = detection()
    (folder / "run" / "run.json").write_text(json.dumps(found))
    return folder / "run"


@pytest.mark.skipif(BROWSER is None, reason="no Chromium to open the report in")
@pytest.mark.parametrize("width", [1280, 390])
def test_it_works_in_a_browser(run, tmp_path, width):
    page = write_report(run).read_text()
    catch = "<script>window.faults = []; window.onerror = fault => window.faults.push(String(fault));</script>"
    probed = tmp_path / "probed.html"
    probed.write_text(page.replace("<head>", "<head>" + catch).replace("</body>", PROBE + "</body>"))
    # Some builds keep their window at least 500 wide, so a phone is a frame within.
    frame = tmp_path / "frame.html"
    frame.write_text(
        f'<iframe src="probed.html" width="{width}" height="900"></iframe><script>'
        "onload = () => { document.title = document.querySelector('iframe').contentDocument.title; };</script>"
    )
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"]
    command += [f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1400,1000", "--virtual-time-budget=5000"]
    shown = subprocess.run([*command, "--dump-dom", frame.as_uri()], capture_output=True, text=True, timeout=100)
    title = re.search(r"<title>(.*?)</title>", shown.stdout, re.DOTALL)
    assert title, shown.stdout[-500:] + shown.stderr[-500:]
    seen = json.loads(html.unescape(title.group(1)))
    assert seen["errors"] == [] and seen["blank"] == 0 and seen["images"] == 6 * 6
    assert seen["wide"] <= 0 and seen["cut"] == 0, "something is wider than its window"
    # How much of visible, fused and thermal is cut off at the right, in percent.
    assert seen["between"] == [0, 0, 50] and seen["start"] == [0, 100, 100]
    assert len(seen["readouts"]) == 14 and all(readout.count("s") for readout in seen["readouts"])
    assert seen["boxes"] == 1 and seen["label"] == "<person> 87"
    assert seen["lines"] == 0


def test_detection_value_is_shown(run):
    page = write_report(run).read_text()
    row = re.search(r"<th>ir_low_contrast</th>(.*?)</tr>", page).group(1)
    assert re.findall(r">([\d.]+)<", row) == ["0.611", "0.522", "0.733", "0.744", "0.655", "0.666", "0.677"]
    assert row.count("win") == 1 and "win" in row.split("0.744")[0].split("0.733")[1]
    assert "2 × box outside its image" in page and "+0.122 (-0.030 to +0.200)" in page


def test_what_comes_from_outside_is_escaped(run):
    page = write_report(run).read_text()
    assert "&lt;person&gt; 87" in page and "<person>" not in page and "<bag>" not in page


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.12345, "0.123"), (6.98765, "6.988"), (51.4321, "51.4"), (123.456, "123"), (-0.5, "-0.500"), (None, "–")],
)
def test_figures_have_as_many_digits_as_tell_something(value, text):
    assert figure(value) == text
