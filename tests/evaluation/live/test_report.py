"""What is written of a live evaluation, and how a browser shows it."""

import csv
import html
import json
import math
import re
import subprocess

import pytest

from ros2_textfuse.evaluation.live.expectations import DiagnosticSeen, FigureIs, StatesPass
from ros2_textfuse.evaluation.live.figures import FIGURES
from ros2_textfuse.evaluation.live.observations import PromptCall, Watch
from ros2_textfuse.evaluation.live.report import HEADLINES, assess, image_rows, write_results
from ros2_textfuse.evaluation.live.scenario import Scenario
from tests.evaluation.offline.test_report import BROWSER
from tests.helpers.watches import EPOCH, status, steady

# Runs in the page after its own script; what it finds goes into the title.
PROBE = """
<script>
const area = document.querySelector(".plot[data-plot] .area"), box = area.getBoundingClientRect();
area.dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + box.width / 2 }));
document.title = JSON.stringify({
  errors: window.faults,
  wide: document.documentElement.scrollWidth - window.innerWidth,
  readouts: [...document.querySelectorAll("[data-plot] .readout")].map(readout => readout.textContent),
  badges: [...document.querySelectorAll(".verdict .badge")].map(badge => badge.textContent),
  lines: [...document.querySelectorAll(".area path")].filter(path => path.getTotalLength() === 0).length,
  strip: [...document.querySelectorAll(".strip i")].map(i => Math.round(i.getBoundingClientRect().width)),
  bars: document.querySelectorAll(".timeline rect").length,
});
</script>
"""


def watched():
    """Ten seconds with a camera that is silent from 4 to 6 s, and words at 7 s; 3 images are lost at 5 s."""
    watch = steady()
    for number, one in enumerate(watch.statuses):
        counts = dict(one.counts, visible_unpaired=3 if one.at >= 5 else 0)
        state = "WAITING" if 4 <= one.at < 6 else "OK"
        watch.statuses[number] = status(one.at, state, "<silent>" if state == "WAITING" else "", one.stamp, **counts)
    watch.diagnose(5.0, "textfuse/fusion: fusion", "WARN", "<silent>")
    watch.prompts = [PromptCall(7.0, '"<dark>"', 7.01, EPOCH + 7_010_000_000, True, "repairing low_light")]
    return watch


@pytest.fixture
def result(tmp_path):
    expect = (
        FigureIs("fused_hz", at_least=9.0),
        StatesPass(("OK", "WAITING", "OK")),
        DiagnosticSeen("ERROR", "textfuse/fusion", "<lens>"),
    )
    watch = watched()
    scenario = Scenario("<drive>", "words", 10.0, expect=expect)
    result = assess(scenario, watch, ["textfuse", "eval", "--live", "--out", "a b"], "name: <drive>\n")
    write_results(tmp_path, result, watch)
    return result


def test_the_verdict(result, tmp_path):
    assert not result["passed"] and result["summary"] == "1 of 3 expectations not met."
    assert [one["met"] for one in result["verdict"]] == [True, True, False]
    assert result["command"] == "textfuse eval --live --out 'a b'"
    assert json.loads((tmp_path / "live.json").read_text()) == json.loads(json.dumps(result))
    assert [(one["state"], one["since"], one["until"]) for one in result["states"]] == [
        ("OK", 0.0, 4.0),
        ("WAITING", 4.0, 6.0),
        ("OK", 6.0, 10.0),
    ]
    assert result["prompts"][0]["late_frames"] == 1 and result["prompts"][0]["ms"] == pytest.approx(110)
    assert result["stages"]["latency_ms"] == 20.0


def test_a_row_for_each_image(result, tmp_path):
    with (tmp_path / "live.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 100
    assert [float(rows[3][name]) for name in ("fused_ms", "detections_ms", "pairing_ms")] == [20.0, 50.0, 0.0]
    assert int(rows[3]["stamp"]) == EPOCH + 300_000_000


def test_what_is_not_known_stays_empty():
    watch = watched()
    del watch.detections[3]
    assert math.isnan(image_rows(watch)[3]["detections_ms"])


def test_no_line_is_drawn_where_no_image_came(tmp_path):
    def breaks(watch):
        write_results(tmp_path, assess(Scenario(seconds=10.0), watch, ["textfuse"], ""), watch)
        page = (tmp_path / "live.html").read_text()
        readout = json.loads(page.split('id="readout">')[1].split("</script>")[0])
        return sum(value is None for value in readout[1]["series"]["fused"])

    watch = watched()
    assert breaks(watch) == 0
    for stream in (watch.fused, watch.detections, watch.visible, watch.thermal):
        del stream[40:60]
    assert breaks(watch) == 1


def test_every_figure_has_its_place():
    shown = [name for names in HEADLINES.values() for name in names]
    assert sorted(shown) == sorted(FIGURES)


def test_what_comes_from_outside_is_escaped(result, tmp_path):
    page = (tmp_path / "live.html").read_text()
    for word in ("drive", "silent", "dark", "lens"):
        assert f"&lt;{word}&gt;" in page and f"<{word}>" not in page


@pytest.mark.skipif(BROWSER is None, reason="no Chromium to open the report in")
@pytest.mark.parametrize("width", [1280, 390])
def test_it_works_in_a_browser(result, tmp_path, width):
    catch = "<script>window.faults = []; window.onerror = fault => window.faults.push(String(fault));</script>"
    page = (tmp_path / "live.html").read_text()
    (tmp_path / "probed.html").write_text(
        page.replace("<head>", "<head>" + catch).replace("</body>", PROBE + "</body>")
    )
    frame = tmp_path / "frame.html"  # some builds keep their window at least 500 wide
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
    assert seen["errors"] == [] and seen["wide"] <= 0
    assert seen["badges"] == ["failed", "met", "met", "not met"]
    assert len(seen["readouts"]) == 5 and all(" s" in readout for readout in seen["readouts"])
    assert seen["lines"] == 0 and seen["bars"] == 1
    first, middle, last = seen["strip"]
    assert abs(first - 2 * middle) <= 2 and abs(last - first) <= 2


def test_a_watch_that_saw_nothing_is_written_too(tmp_path):
    watch = Watch(seconds=5.0)
    write_results(tmp_path, assess(Scenario(), watch, ["textfuse"], ""), watch)
    assert "Nothing was expected" in (tmp_path / "live.html").read_text()


@pytest.mark.parametrize("seconds", [0.0, 1.0])
def test_a_watch_that_ended_within_the_warm_up(seconds):
    watch = watched()
    watch.seconds = seconds
    result = assess(Scenario(), watch, ["textfuse"], "")
    assert result["warm_up"] == seconds / 2 and result["figures"].get("fused_hz", 10) == pytest.approx(10, rel=0.3)


def test_markup_in_names_and_prompts_is_text(tmp_path):
    markup = "</script><script>alert(1)</script>"
    watch = watched()
    watch.prompts = [PromptCall(7.0, markup, 7.01, EPOCH + 7_010_000_000, True, markup)]
    watch.diagnose(6.0, markup, "WARN", markup)
    scenario = Scenario(name=markup, description=markup, namespace=markup, visible_topic=f"/{markup}")
    write_results(tmp_path, assess(scenario, watch, ["textfuse", markup], f"name: {markup}"), watch)
    page = (tmp_path / "live.html").read_text()
    assert "alert(1)" in page and "<script>alert" not in page
