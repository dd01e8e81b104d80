"""The report of a store, and of two: what it says, and how a browser shows it."""

import re

import numpy as np
import pytest

from ros2_textfuse.fleet.figures import prepare, sliced, slicings
from ros2_textfuse.fleet.queries import connect
from ros2_textfuse.fleet.report import write_report
from ros2_textfuse.fleet.schema import FRAME, RECORDING
from ros2_textfuse.fleet.store import Store
from ros2_textfuse.imaging.compressed import jpeg
from ros2_textfuse.runtime.output import OutputError
from ros2_textfuse.scene.conditions import CONDITIONS
from tests.helpers.chromium import Page, chromium

DRIVES, FRAMES = 14, 6
TITLE = "<b>drive</b>"  # a name is text, whatever is in it


def value(name, kind, drive, frame):
    if kind != "double":
        return {"light": "night" if drive % 2 else "day", "number": frame, "looks": 0, "salient": 3}.get(name, "")
    return 0.5 + 0.01 * drive + 0.001 * frame


def store_of(folder, better=lambda drive: 0.0, model="nano"):
    """A store of drives whose figures are known; `better` is added to the score of a drive's frames."""
    store = Store.claim(str(folder), {"layout": 1, "every": 1, "model": model, "prompt": "", "modes": []})
    listed = []
    for drive in range(DRIVES):
        key = f"{drive:032x}"
        recording = {name: value(name, kind, drive, 0) for name, kind in RECORDING.items()}
        recording |= {"key": key, "content": key, "source": f"{TITLE}{drive}", "exclusions": '{"too late": 2}'}
        recording |= dict.fromkeys(("visible_images", "thermal_images", "pairs", "evaluated", "stretches"), FRAMES)
        frames = [{name: value(name, kind, drive, n) for name, kind in FRAME.items()} for n in range(FRAMES)]
        for frame in frames:
            frame |= {f"condition_{name}": 0.0 for name in CONDITIONS} | {
                f"image_{s}": None for s in ("visible", "thermal", "fused")
            }
            frame["score"] += better(drive)
            frame["condition_haze"] = 0.4 if drive == 3 else 0.0
        image = np.full((48, 64, 3), 90, np.uint8)
        frames[0] |= {f"image_{stream}": jpeg(image, 80).tobytes() for stream in ("visible", "thermal", "fused")}
        if drive == 13:
            recording["error"], frames = "cannot be read as a bag", []
        store.put(key, recording, frames)
        listed.append(
            {"source": recording["source"], "thermal_source": "", "key": key, "problem": "", "weather": f"w{drive % 3}"}
        )
    store.list([*listed, {"source": "gone", "thermal_source": "", "key": None, "problem": "it does not exist"}])
    return store


def test_intervals_come_of_recordings_and_slices_of_every_column(tmp_path):
    connection = connect(store_of(tmp_path / "store"))
    prepare(connection, False)
    (total,) = sliced(connection, None, ["Qabf"])
    assert (total["recordings"], total["frames"]) == (13, 13 * FRAMES)
    figure = total["figures"]["Qabf"]
    drives = 0.5 + 0.01 * np.arange(13) + 0.001 * np.mean(range(FRAMES))
    assert figure["mean"] == pytest.approx(drives.mean())
    # As wide as of 13 means, not as of 78 frames.
    assert figure["high"] - figure["low"] == pytest.approx(2 * 1.96 * drives.std() / np.sqrt(13), rel=0.1)
    of = {
        one.title: {row["level"]: row["recordings"] for row in sliced(connection, one, ["score"])}
        for one in slicings(connection)
    }
    assert of["Time of day"] == {"day": 7, "night": 6} and of["Estimated degradation"] == {"none": 12, "haze": 1}
    assert of["weather"] == {"w0": 5, "w1": 4, "w2": 4} and of["Camera health"] == {"both well": 13}


def test_a_comparison_says_where_it_is_certain(tmp_path):
    old = store_of(tmp_path / "old", model="old")
    new = store_of(tmp_path / "new", lambda drive: 0.05 if drive % 2 else -0.02 - 0.001 * drive)
    verdict = write_report(tmp_path / "r.html", new, old)
    assert [answer["answer"] for answer in verdict] == ["unclear", "partly", "partly", "stated"]
    assert "Time of day: day" in verdict[1]["text"] and "night" not in verdict[1]["text"]
    assert "2 recordings gave no frame" in verdict[3]["text"]
    page = (tmp_path / "r.html").read_text()
    assert TITLE not in page and "&lt;b&gt;drive&lt;/b&gt;0" in page
    assert re.search(r"Time of day: day</td><td class=\"num\">7</td>", page) and "100.0 %" in page
    assert "it does not exist" in page and "cannot be read as a bag" in page and "too late" in page
    assert write_report(tmp_path / "r.html", new, new)[1]["answer"] == "yes", "its own page may be written again"
    (tmp_path / "mine.html").write_text("<p>mine</p>")
    with pytest.raises(OutputError):
        write_report(tmp_path / "mine.html", new)


def test_a_browser_shows_it(tmp_path):
    store = store_of(tmp_path / "store")
    write_report(tmp_path / "r.html", store, store_of(tmp_path / "old", lambda drive: 0.1, "old"), ["source"])
    with chromium() as browser, Page(browser, (tmp_path / "r.html").as_uri()) as page:
        tell = page.page.evaluate
        assert page.faults == [f"asks {(tmp_path / 'r.html').as_uri()}"], "itself, and nothing else"
        for width in (1280, 390):
            page.page.set_viewport_size({"width": width, "height": 800})
            assert tell("document.documentElement.scrollWidth") <= width
        assert tell("[...document.images].filter(image => !image.naturalWidth).length") == 0
        assert tell("document.images.length") == 12 * 6, "twelve frames of three images, large and small"
        tell("document.querySelector('.shot .stops button:last-child').click()")
        assert (
            tell("document.querySelector('.shot .layer.thermal').style.clipPath").replace("0px", "0%").count("0%") >= 1
        )
        assert tell("document.querySelectorAll('#lost tr').length") == 3
        assert tell("document.querySelectorAll('.badge').length") > 4
