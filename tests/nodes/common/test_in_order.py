"""Work that one thread begins and another finishes."""

import threading

from ros2_textfuse.nodes.common.in_order import InOrder


def test_it_is_finished_in_order_and_no_more_of_it_than_there_is_room_for():
    release, handed_over, finished = threading.Semaphore(0), [], []
    finisher = InOrder(most=2)

    def finish(number):
        assert release.acquire(timeout=5)
        finished.append(number)

    def hand_over():
        for number in range(5):
            finisher.put(lambda number=number: finish(number))
            handed_over.append(number)

    thread = threading.Thread(target=hand_over)
    thread.start()
    thread.join(0.2)
    assert handed_over == [0, 1] and not finished  # the third waits for room
    for _ in range(5):
        release.release()
    thread.join(5)
    finisher.drain()
    assert finished == [0, 1, 2, 3, 4]
    finisher.stop()


def test_draining_and_stopping_wait_for_what_was_handed_over():
    finished = []
    finisher = InOrder(most=1)
    finisher.drain()  # of nothing
    finisher.put(lambda: finished.append(threading.current_thread().name))
    finisher.stop()
    assert finished == ["finisher"]
