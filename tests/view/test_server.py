"""The page's server over real sockets."""

import contextlib
import socket
import threading
import time

import cv2
import numpy as np
import pytest
import uvicorn
from websockets.exceptions import ConnectionClosed, InvalidStatus

from ros2_textfuse.view import ports
from ros2_textfuse.view.hub import Hub
from ros2_textfuse.view.requests import LARGEST
from ros2_textfuse.view.server import MOST_VIEWERS, PAGE, ViewServer
from ros2_textfuse.view.viewer import NONSENSE
from tests.helpers.page import Browser, Scripted, get, image, serving, slow_link, until


def looking(server, count=1):
    """Wait until so many viewers have said what they show."""
    until(lambda: server.source.wanted and server.viewers == count)


def test_the_page_brings_all_it_needs_itself():
    with serving() as server:
        status, headers, body = get(server)
        assert status == 200 and b"/page/main.js" in body and b"//" not in body.replace(b"<!doctype", b"")
        for path in PAGE.glob("*.*s"):
            status, headers, body = get(server, f"/page/{path.name}")
            assert status == 200 and b"http://" not in body and b"https://" not in body
        assert "default-src 'self'" in headers["content-security-policy"]
        assert get(server, "/page/../server.py")[0] == 404
        assert get(server, "/page/%2e%2e/server.py")[0] == 404


def test_nothing_is_wanted_until_somebody_looks_and_after_the_last_has_left():
    with serving() as server:
        assert server.source.wanted == []
        with Browser(server) as one, Browser(server, streams=["fused", "thermal"]):
            until(lambda: server.source.wanted[-1:] == [frozenset({"fused", "thermal"})])
            one.send("show", streams=[])
        until(lambda: server.source.wanted[-1] == frozenset())
        until(lambda: server.viewers == 0)


def test_several_viewers_share_one_encode(monkeypatch):
    from ros2_textfuse.view import frames

    encoded, real = [], frames._jpeg
    monkeypatch.setattr(frames, "_jpeg", lambda *arguments: encoded.append(1) or real(*arguments))
    with serving() as server:
        browsers = [Browser(server) for _ in range(10)]
        looking(server, 10)
        for number in range(5):
            server.hub.put(number, {"fused": image(40 * number)})
            for browser in browsers:
                browser.wait_for(lambda browser=browser, number=number: len(browser.frames) > number)
        assert len(encoded) == 5
        pixels = cv2.imdecode(np.frombuffer(browsers[0].frames[-1]["fused"], np.uint8), 1)
        assert pixels.shape == (48, 64, 3) and abs(int(pixels.mean()) - 160) <= 2
        for browser in browsers:
            browser.socket.close()


def test_a_slow_viewer_gets_the_newest_and_slows_nobody():
    with serving() as server, Browser(server) as slow, Browser(server) as quick:
        looking(server, 2)
        slow.read()
        for number in range(30):
            server.hub.put(number * 1_000_000, {"fused": image(number)})
            quick.wait_for(lambda number=number: len(quick.frames) > number)
        # It has acknowledged its greeting alone: one message waits for it.
        slow.read(acknowledge=False)
        with pytest.raises(TimeoutError):
            slow.read(0.3, acknowledge=False)
        slow.send("painted", number=slow.frames[-1]["number"])
        slow.read()
        assert slow.frames[-1]["stamp"] == 29 and len(slow.frames) <= 2
        assert len(quick.frames) == 30


def test_through_a_slow_link_come_fewer_images_and_they_are_new():
    noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)  # 80 kB as JPEG
    with serving() as server, slow_link(server, 200_000) as link, Browser(link) as slow, Browser(server) as quick:
        looking(server, 2)
        until(lambda: server.source.wanted[-1] == frozenset({"fused"}))
        ages, over = [], time.monotonic() + 4.0

        def look():
            with contextlib.suppress(ConnectionClosed, TimeoutError):
                while time.monotonic() < over:
                    slow.read(2.0)
                    if slow.frames:
                        ages.append(time.time() * 1e3 - slow.frames[-1]["stamp"])

        looker = threading.Thread(target=look)
        looker.start()
        sent = 0
        while time.monotonic() < over - 0.5:
            server.hub.put(time.time_ns(), {"fused": noise})
            sent += 1
            quick.wait_for(lambda sent=sent: len(quick.frames) >= sent)
            time.sleep(0.03)
        looker.join()
        assert len(quick.frames) == sent, "the quick viewer has them all"
        assert 3 < len(slow.frames) < sent
        # One image takes 0.4 s on this link, and what waits in buffers is bounded: nothing piles up.
        assert max(ages) < 1500 and np.mean(ages[-3:]) < np.mean(ages[:3]) + 500


def test_a_viewer_that_disappears_leaves_nothing_behind():
    with serving() as server:
        browser = Browser(server)
        looking(server)
        browser.socket.socket.shutdown(socket.SHUT_RDWR)  # no goodbye
        for number in range(20):
            server.hub.put(number, {"fused": image(number)})
        until(lambda: server.viewers == 0)
        assert server.source.wanted[-1] == frozenset()


def test_nonsense_is_answered_and_ends_at_some_time():
    with serving() as server, Browser(server) as browser:
        browser.send("ask", prompt=7)
        browser.wait_for(lambda: browser.told("refused"))
        assert "prompt" in browser.told("refused")["message"]
        browser.send("ask", number=1, prompt="it is dark")
        browser.wait_for(lambda: browser.told("answer"))
        assert [ask.prompt for ask in server.source.asked] == ["it is dark"]
        with pytest.raises(ConnectionClosed):
            for _ in range(NONSENSE + 1):
                browser.socket.send("\0")
                browser.read()
            for _ in range(100):
                browser.read()
        until(lambda: server.viewers == 0)


@pytest.mark.parametrize(("text", "relative"), [("it is dark", False), ("a bit more", True), ("undo", True)])
def test_a_sentence_about_the_prompt_in_force_is_told(text, relative):
    """The page asks it once, and not again with each move of a slider."""
    with serving() as server, Browser(server) as browser:
        browser.send("ask", number=1, prompt=text)
        browser.wait_for(lambda: browser.told("answer"))
        assert browser.told("answer")["relative"] is relative


def test_a_message_that_is_too_large_ends_the_viewer():
    with serving() as server, Browser(server) as browser:
        browser.socket.send("x" * (LARGEST + 1))
        with pytest.raises(ConnectionClosed):
            for _ in range(10):
                browser.read()


def test_viewers_are_counted():
    with serving() as server:
        browsers = [Browser(server, streams=()) for _ in range(MOST_VIEWERS)]
        until(lambda: server.viewers == MOST_VIEWERS)
        with pytest.raises(ConnectionClosed, match="close another page"):
            Browser(server, streams=()).read()
        browsers.pop().socket.close()
        until(lambda: server.viewers == MOST_VIEWERS - 1)
        with Browser(server, streams=()) as browser:
            browser.read()
        for browser in browsers:
            browser.socket.close()


def test_news_replace_each_other_and_numbers_that_are_none_are_null():
    with serving() as server, Browser(server) as browser:
        looking(server)
        for rate in (1.0, float("nan")):
            server.hub.say("status", {"state": "OK", "rate": rate})
        browser.wait_for(lambda: (browser.told("status") or {"rate": 1.0})["rate"] is None)


def test_a_snapshot_keeps_every_pixel():
    pixels = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    with serving() as server:
        assert get(server, "/snapshot.png")[0] == 404
        server.hub.put(5, {"fused": pixels})
        status, headers, body = get(server, "/snapshot.png")
        assert status == 200 and "fused-5.png" in headers["content-disposition"]
        assert np.array_equal(cv2.imdecode(np.frombuffer(body, np.uint8), 1)[..., ::-1], pixels)
        assert get(server, "/snapshot.png?stream=../../etc")[0] == 404


# Who may look -------------------------------------------------------------------------------------------------------


def test_without_a_token_this_machine_alone_is_answered():
    with serving() as server:
        assert server.local and server.token == ""
        assert get(server, host="evil.example")[0] == 403
        assert get(server, host=f"evil.example:{server.port}")[0] == 403
        assert get(server, host="localhost@evil.example")[0] == 403
        assert get(server, host=f"127.0.0.1:{server.port}")[0] == 200


def test_a_page_of_another_site_may_not_look():
    with serving() as server:
        for origin in ("http://evil.example", "null", f"http://localhost:{server.port + 1}"):
            with pytest.raises(InvalidStatus):
                Browser(server, {"Origin": origin})
        with Browser(server, {"Origin": f"http://localhost:{server.port}"}) as browser:
            browser.read()


def test_from_the_network_a_token_is_asked_for():
    with serving(host="0.0.0.0") as server:
        assert not server.local and f"?token={server.token}" in server.address and len(server.token) >= 20
        assert any("not encrypted" in line for line in server.introduction())
        for path in ("/", "/page/main.js", "/snapshot.png", "/?token=wrong", "/page/main.js?token=" + server.token):
            status, _, body = get(server, path)
            assert status == 403 and b"token" in body
        with pytest.raises(InvalidStatus):
            Browser(server)
        status, headers, _ = get(server, f"/?token={server.token}")
        cookie = headers["set-cookie"]
        assert status == 303 and headers["location"] == "/"
        assert "HttpOnly" in cookie and "samesite=strict" in cookie.lower()
        known = {"Cookie": cookie.split(";")[0]}
        assert get(server, "/", **known)[0] == 200
        with Browser(server, known) as browser:
            browser.read()
        with pytest.raises(InvalidStatus):
            Browser(server, {**known, "Origin": "http://evil.example"})
        with pytest.raises(InvalidStatus):
            Browser(server, {"Cookie": known["Cookie"][:-1]})


def test_a_port_in_use_gives_way_to_the_next():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with serving(port=port) as server:
            assert port < server.port < port + ports.TRIES
            assert str(port) in server.introduction()[0] and str(server.port) in server.introduction()[0]
            assert get(server)[0] == 200


def test_an_address_of_another_machine_is_refused_with_advice():
    with pytest.raises(ports.AddressError, match=r"0\.0\.0\.0"):
        ports.listen("192.0.2.7", 0)


def test_a_server_that_does_not_start_says_why_and_frees_its_port(monkeypatch):
    """As with a uvicorn that does not know the way we speak WebSocket: browsers would hang for ever."""

    def load(self):
        raise KeyError("websockets-sansio")

    monkeypatch.setattr(uvicorn.Config, "load", load)
    server = ViewServer(Scripted(), Hub(), port=0)
    with pytest.raises(ports.AddressError, match=r"websockets-sansio.*pip install --upgrade uvicorn"):
        server.start()
    with pytest.raises(ConnectionRefusedError):
        get(server)
    server.close()


def test_the_server_ends_while_viewers_look():
    with serving() as server:
        browser = Browser(server)
        looking(server)
        start = time.monotonic()
    assert time.monotonic() - start < 5.0
    with pytest.raises(ConnectionClosed):
        for _ in range(5):
            browser.read()
