"""Who gets the processor when the detector looks."""

import subprocess
import sys

import pytest

pytest.importorskip("openvino", reason="OpenVINO is not installed")


@pytest.mark.parametrize(
    "check",
    [
        "it_works_in_threads_that_others_go_before",
        "it_takes_a_share_where_nothing_is_spare",
        "it_works_where_the_system_refuses",
    ],
)
def test_the_detector_gives_way(check):
    """See tests/helpers/priority_checks.py."""
    command = [sys.executable, "-m", "tests.helpers.priority_checks", check]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
