"""The window over the real graph, in a real browser."""

import contextlib
import re
import socket
import threading
import time
from types import SimpleNamespace

import pytest
from websockets.exceptions import ConnectionClosed

from ros2_textfuse.recordings.source import find_recording
from tests.end_to_end.conftest import scene
from tests.helpers.campaign import campaign
from tests.helpers.chromium import Page, chromium
from tests.helpers.graph import START, Graph
from tests.helpers.page import Browser

RATE = 8.0
HIDE = """hidden => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
PROMPT = "it is far too dark to see anything"


class Cameras:
    """Two cameras that send the street, each until it is told to stop."""

    def __init__(self, graph):
        self.graph, self.on = graph, {"visible", "thermal"}
        self.over = threading.Event()
        self.scenes = [scene(number) for number in range(20)]
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def run(self):
        number = 0
        while not self.over.wait(1 / RATE):
            images = zip(("visible", "thermal"), self.scenes[number % 20], strict=True)
            self.graph.send(**{camera: pixels for camera, pixels in images if camera in self.on})
            number += 1


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def window(browser, tmp_path_factory):
    """Cameras, fusion, the view node and a browser; `address` of the page, `folder` of moments."""
    folder = tmp_path_factory.mktemp("window")
    with Graph(folder / "logs") as graph:
        graph.start_fusion(max_drop_share=1.0, max_latency=60.0)  # a busy machine is another test's subject
        graph.start("view", port=0, folder=str(folder / "moments"))
        found = graph.wait(lambda: re.search(r"open (http\S+) in", graph.log("view")), START, "the page is not served")
        with Cameras(graph) as cameras:
            graph.browser, graph.address, graph.cameras, graph.folder = browser, found[1], cameras, folder / "moments"
            yield graph


@pytest.fixture
def page(window):
    """The page, with images, all well."""
    with Page(window.browser, window.address) as page:
        page.frames(2)
        page.wait("document.querySelector('#state').dataset.state === 'OK'")
        yield page
        assert page.faults == []


def subscribers(graph, topic):
    return graph.node.count_subscribers(topic)


def test_it_subscribes_while_somebody_looks_and_only_to_what_is_looked_at(window):
    topics = {topic: subscribers(window, topic) for topic in ("fused", "status", "aligned/visible", "aligned/thermal")}
    with Page(window.browser, window.address) as page:
        page.frames(2)
        assert subscribers(window, "fused") == topics["fused"] + 1
        assert subscribers(window, "status") == topics["status"] + 1
        assert subscribers(window, "aligned/thermal") == topics["aligned/thermal"]
        page.page.keyboard.press("3")
        window.wait(lambda: subscribers(window, "aligned/thermal") == topics["aligned/thermal"] + 1, 5.0, "no thermal")
        assert subscribers(window, "aligned/visible") == topics["aligned/visible"]
        page.page.evaluate(HIDE, True)
        window.wait(lambda: {t: subscribers(window, t) for t in topics} == topics, 10.0, "a hidden tab listens")
        page.page.evaluate(HIDE, False)
        page.frames(2)
    window.wait(lambda: {t: subscribers(window, t) for t in topics} == topics, 10.0, "it still listens")


def test_a_sentence_changes_the_image_and_its_answer_stands(window, page):
    before = page.level()
    page.page.keyboard.press("/")
    page.page.keyboard.type(f"{PROMPT}, qwertz uiop")
    page.page.keyboard.press("Enter")
    page.wait("document.querySelector('#answer .mode')?.textContent.includes('low light')")
    page.wait("document.querySelector('#answer .unknown')?.textContent.includes('qwertz')")
    page.frames(4)
    assert page.level() > before + 10
    page.page.wait_for_timeout(1500)  # statuses that say the same
    assert "low light" in page.text("#answer") and "qwertz" in page.text("#answer")
    page.page.click("#clear")
    page.wait("!document.querySelector('#answer .mode')")
    page.frames(4)
    assert abs(page.level() - before) < 5


def test_chips_and_the_severity_slider(window, page):
    page.page.click("#modes button[value=haze]")
    page.wait("document.querySelector('#answer .mode')?.textContent.includes('haze 0.50')")
    page.page.focus("#severity")
    page.page.keyboard.press("End")
    page.wait("document.querySelector('#answer .mode')?.textContent.includes('haze 1.00')")
    assert page.page.get_attribute("#modes button[value=haze]", "aria-pressed") == "true"
    page.page.click("#clear")
    page.wait("!document.querySelector('#answer .mode')")


def test_a_sentence_about_the_prompt_in_force_is_asked_once(window, page):
    def severity():
        return float(page.text("#answer .mode b"))

    for text in ("it is dark", "a bit more"):
        before = page.text("#answer")
        page.page.fill("#sentence", text)
        page.page.press("#sentence", "Enter")
        page.wait(
            f"document.querySelector('#answer .mode') && document.querySelector('#answer').textContent !== {before!r}"
        )
    more = severity()
    page.page.click("#modes button[value=haze]")
    page.wait("document.querySelector('#answer').textContent.includes('haze')")
    page.page.wait_for_timeout(1000)
    assert severity() <= more
    page.page.click("#clear")
    page.wait("!document.querySelector('#answer .mode')")


def test_what_others_ask_for_is_shown_as_text(window, page):
    evil = "<img src=x onerror=alert(1)> it is dark"
    assert window.set_prompt(evil).success
    page.wait("document.querySelector('#answer').textContent.includes('onerror')")
    assert page.page.evaluate("document.querySelectorAll('#answer img').length") == 0
    window.set_prompt()
    page.wait("!document.querySelector('#answer').textContent.includes('onerror')")


def test_the_slider_is_dragged_across(window, page):
    page.page.keyboard.press("2")
    page.wait("document.querySelector('[data-stream=visible] canvas').width === 640")
    assert page.level("visible") < page.level("fused")
    box = page.page.locator("#view").bounding_box()
    at = "parseFloat(document.querySelector('#view').style.getPropertyValue('--cut'))"
    middle = box["y"] + box["height"] / 2
    page.page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + box["width"] * 0.7, middle, steps=4)
    page.page.mouse.up()
    assert 66 < page.page.evaluate(at) < 74
    page.page.focus("#wipe")
    page.page.keyboard.press("Home")
    assert page.page.evaluate(at) < 30


def test_a_camera_that_stops_is_named(window, page):
    window.cameras.on.discard("thermal")
    page.wait("document.querySelector('#state').textContent.includes('Visible camera only')")
    page.wait("document.querySelector('#advice').textContent.includes('thermal')")
    page.wait("document.querySelector('#thermal-health').classList.contains('fault')")
    window.cameras.on.add("thermal")
    page.wait("document.querySelector('#state').dataset.state === 'OK'")
    assert page.text("#advice") == ""


def test_a_phone(window):
    with Page(window.browser, window.address, (390, 844), color_scheme="light") as page:
        page.frames(2)
        for key in "1234":
            page.page.keyboard.press(key)
            page.frames(2)
            assert page.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, f"layout {key}"
        assert page.page.locator("#sentence").bounding_box()["height"] >= 40
        assert page.faults == []


def test_a_moment_is_recorded_as_a_bag(window, page):
    page.page.check("#keep")
    page.frames(5)
    page.page.keyboard.press("Escape")
    page.page.click("#record")
    page.wait("document.querySelector('#toast').textContent.includes('wrote')", 40.0)
    (bag,) = window.folder.iterdir()
    assert str(bag) in page.text("#toast")
    images = list(find_recording([str(bag)]))
    assert {image.camera for image in images} == {"visible", "thermal"} and len(images) > 2 * 20


@campaign
def test_a_prompt_without_a_fusion_node_says_so(browser, tmp_path):
    with Graph(tmp_path) as graph:
        graph.start("view", port=0)
        found = graph.wait(lambda: re.search(r"open (http\S+) in", graph.log("view")), START, "the page is not served")
        with Page(browser, found[1]) as page:
            page.wait("document.querySelector('#state').textContent.includes('No fusion node')")
            assert "textfuse up" in page.text("#advice") and "textfuse up" in page.text("#blank")
            page.page.fill("#sentence", "it is dark")
            page.page.keyboard.press("Enter")
            page.wait("document.querySelector('#answer').textContent.includes('nobody answers')")


@campaign
def test_ten_viewers_do_not_slow_the_graph(window):
    """One of them disappears in the middle."""

    def rate():
        before, start = window.status(), time.monotonic()
        time.sleep(3.0)
        return (window.status().pairs_fused - before.pairs_fused) / (time.monotonic() - start)

    def look(viewer):
        with contextlib.suppress(ConnectionClosed):
            while True:
                viewer.read()

    alone = rate()
    port = SimpleNamespace(port=int(re.search(r":(\d+)/", window.address)[1]))
    viewers = [Browser(port) for _ in range(10)]
    threads = [threading.Thread(target=look, args=(viewer,)) for viewer in viewers]
    for thread in threads:
        thread.start()
    viewers[0].socket.socket.shutdown(socket.SHUT_RDWR)
    assert rate() > 0.7 * alone
    for viewer in viewers[1:]:
        viewer.socket.close()
    for thread in threads:
        thread.join()
    assert all(len(viewer.frames) > 5 for viewer in viewers[1:])
