"""What became of the frames of late."""

from ros2_textfuse.nodes.detection.ledger import Ledger


def test_counts_of_the_last_seconds():
    ledger = Ledger()
    for number in range(110):
        ledger.receive(number * 5.0 / 110, dropped=number < 12)
    for number in range(98):
        ledger.detect(number * 5.0 / 98, ("fused",))
    report = ledger.read(5.0)
    assert report.behind.startswith("dropped 12 of 110 frames in the last 5 s: the detector is slower than its input")
    assert report.rate == 98 / 5 and report.streams == ("fused",)
    later = ledger.read(20.0)
    assert (later.received, later.dropped, later.rate, later.behind) == (0, 0, 0.0, "")


def test_a_frame_now_and_then_is_no_warning():
    ledger = Ledger()
    for number in range(100):
        ledger.receive(number / 100, dropped=number < 5)
    assert ledger.read(1.0).behind == ""


def test_a_fault_stays_until_a_frame_succeeds():
    ledger = Ledger()
    ledger.fail("detection failed: no memory")
    assert ledger.read(0.0).fault == "detection failed: no memory"
    ledger.detect(0.1, ("visible", "thermal"))
    assert ledger.read(0.2).fault == ""
