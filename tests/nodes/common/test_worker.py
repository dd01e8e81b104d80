"""The latest-only worker."""

import threading
import time

from ros2_textfuse.nodes.common import worker as worker_module
from ros2_textfuse.nodes.common.worker import LatestOnlyWorker


def test_works_on_each_item_when_it_keeps_up():
    done, seen = threading.Event(), []

    def work(item):
        seen.append(item)
        done.set()

    worker = LatestOnlyWorker(work)
    for number in range(20):
        done.clear()
        assert worker.put(number) == 0
        assert done.wait(1)
    worker.stop()
    assert seen == list(range(20))


def test_a_newer_item_replaces_the_one_that_waits():
    started, release, seen = threading.Event(), threading.Event(), []

    def work(item):
        started.set()
        release.wait(1)
        seen.append(item)

    worker = LatestOnlyWorker(work)
    worker.put("first")
    assert started.wait(1)
    assert worker.put("second") == 0
    assert worker.put("third") == 1
    started.clear()
    release.set()
    assert started.wait(1)
    worker.stop()
    assert seen == ["first", "third"]


def test_several_may_wait_and_the_oldest_gives_way():
    release, done, seen = threading.Event(), threading.Event(), []

    def work(item):
        release.wait(1)
        seen.append(item)
        if item == 5:
            done.set()

    worker = LatestOnlyWorker(work, waiting=3)
    worker.put(0)
    while worker._waiting:
        pass
    assert [worker.put(number) for number in range(1, 6)] == [0, 0, 0, 1, 1]
    release.set()
    assert done.wait(1)
    worker.stop()
    assert seen == [0, 3, 4, 5]


def test_how_many_may_wait_can_change_meanwhile():
    release, done, seen = threading.Event(), threading.Event(), []

    def work(item):
        release.wait(5)
        seen.append(item)
        if item == 8:
            done.set()

    worker = LatestOnlyWorker(work, waiting=5)
    worker.put(0)
    while worker.waiting():
        pass
    assert [worker.put(number) for number in range(1, 6)] == [0] * 5
    worker.let_wait(2)
    assert [worker.put(number) for number in (6, 7)] == [4, 1]
    worker.let_wait(3)
    assert worker.put(8) == 0
    release.set()
    assert done.wait(5)
    worker.stop()
    assert seen == [0, 6, 7, 8]


def test_fewer_may_wait_while_it_cannot_keep_up(monkeypatch):
    now, turns, seen = [100.0], threading.Semaphore(0), []
    monkeypatch.setattr(worker_module.time, "monotonic", lambda: now[0])

    def work(item):
        turns.acquire()
        seen.append(item)

    worker = LatestOnlyWorker(work, waiting=2, behind=1)

    def put(*items):
        return [worker.put(item) for item in items]

    def one_is_done():
        turns.release()
        count = len(seen)
        deadline = time.perf_counter() + 5
        while len(seen) == count or worker._busy_since is None:
            assert time.perf_counter() < deadline

    assert put(0) == [0]
    while worker.waiting():
        pass
    assert put(1, 2) == [0, 0], "two wait through a hiccup"
    assert put(3) == [1], "a long one costs one"
    now[0] += 5.0
    assert put(4) == [1], "and another one later is another hiccup"
    now[0] += 0.5
    assert put(5, 6) == [1, 2], "but after two within a second the newest waits alone"
    one_is_done()
    assert put(7, 8) == [0, 1]
    now[0] += 5.0
    assert put(9) == [0], "until it has kept up for a second"
    for _ in range(3):
        turns.release()
    worker.stop()
    assert seen[:2] == [0, 6]


def test_stop_finishes_the_item_at_hand():
    started, seen = threading.Event(), []

    def work(item):
        started.set()
        seen.append(item)

    worker = LatestOnlyWorker(work)
    worker.put(1)
    assert started.wait(1)
    worker.stop()
    assert seen == [1]


def test_drain_finishes_the_item_at_hand_forgets_the_others_and_goes_on():
    started, release, again, seen = threading.Event(), threading.Event(), threading.Event(), []

    def work(item):
        started.set()
        release.wait(5)
        seen.append(item)
        if item == "after":
            again.set()

    worker = LatestOnlyWorker(work)
    worker.put("first")
    assert started.wait(1)
    worker.put("second")
    drained = threading.Thread(target=worker.drain)
    drained.start()
    drained.join(0.1)
    assert drained.is_alive()
    release.set()
    drained.join(5)
    assert seen == ["first"]
    worker.put("after")
    assert again.wait(1)
    worker.stop()
    assert seen == ["first", "after"]


def test_an_item_that_takes_for_ever_is_noticed(monkeypatch):
    monkeypatch.setattr(worker_module, "STUCK", 0.1)
    release, started = threading.Event(), threading.Event()

    def hang(_):
        started.set()
        release.wait(5)

    worker = LatestOnlyWorker(hang)
    assert not worker.stuck()
    worker.put("first")
    assert started.wait(1) and not worker.stuck()
    time.sleep(0.2)
    assert worker.stuck()
    release.set()
    worker.drain()
    assert not worker.stuck()
    worker.stop()


def test_what_an_item_raises_is_logged_and_the_next_one_is_worked_on(caplog):
    turns, seen = threading.Semaphore(0), []

    def work(item):
        seen.append(item)
        turns.release()
        if item == "first":
            raise ZeroDivisionError("an unforeseen reason")

    worker = LatestOnlyWorker(work)
    for item in ("first", "second"):
        worker.put(item)
        assert turns.acquire(timeout=5), "the thread has ended"
    worker.stop()
    assert seen == ["first", "second"] and not worker.stuck()
    assert "ZeroDivisionError: an unforeseen reason" in caplog.text
