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
        assert worker.put(number) is False
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
    assert worker.put("second") is False
    assert worker.put("third") is True
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
    assert [worker.put(number) for number in range(1, 6)] == [False, False, False, True, True]
    release.set()
    assert done.wait(1)
    worker.stop()
    assert seen == [0, 3, 4, 5]


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
