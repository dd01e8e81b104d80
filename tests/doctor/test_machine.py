"""The doctor on machines that lack something."""

import json
import os
import sys
from types import SimpleNamespace

import pytest

from ros2_textfuse import cli, model_choice
from ros2_textfuse.commands import doctor
from ros2_textfuse.doctor import FAIL, OK, WARN, Finding, guarded, machine, software, speed, worst
from ros2_textfuse.runtime import dds_profile, environment


def test_a_finding_has_a_cure_unless_it_is_ok():
    with pytest.raises(ValueError, match="cure"):
        Finding(WARN, "cache", "full")
    with pytest.raises(ValueError, match="cure"):
        Finding(OK, "cache", "empty", "nothing to do")
    assert worst([]) == OK
    assert worst([Finding(OK, "a", "b"), Finding(FAIL, "a", "b", "c"), Finding(WARN, "a", "b", "c")]) == FAIL


def test_a_check_that_crashes_is_a_finding():
    found = guarded("graph", lambda: 1 / 0)
    assert found[0].level == FAIL and "ZeroDivisionError" in found[0].text


@pytest.mark.parametrize(("free", "level"), [(1 << 34, OK), (64 << 20, WARN), (0, WARN)])
def test_shared_memory(monkeypatch, free, level):
    monkeypatch.setattr(dds_profile, "free_shared_memory", lambda: free)
    found = machine.shared_memory()
    assert found.level == level
    assert ("--ipc=host" in found.cure) == (level == WARN)


def test_an_unwritable_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("TEXTFUSE_CACHE", str(tmp_path))
    assert machine.cache().level == OK
    (tmp_path / "file").touch()
    monkeypatch.setenv("TEXTFUSE_CACHE", str(tmp_path / "file" / "cache"))
    assert machine.cache().level == WARN


def test_a_slow_old_processor(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "getloadavg", lambda: (0.1, 0.1, 0.1))
    cpuinfo = tmp_path / "cpuinfo"
    monkeypatch.setattr(machine, "CPUINFO", cpuinfo)
    for flags, level in (("fpu sse2 avx2", OK), ("fpu sse2", WARN)):
        cpuinfo.write_text(f"model name : X\nflags : {flags}\n")
        assert machine.processor().level == level
    cpuinfo.write_text("Features : fp asimd\n")
    assert machine.processor().level == OK


def test_the_middleware_and_the_domain(monkeypatch):
    monkeypatch.setenv("RMW_IMPLEMENTATION", "rmw_nowhere_cpp")
    assert software.ros_middleware().level == FAIL
    monkeypatch.setattr(software.middleware, "installed", lambda: ["rmw_fastrtps_cpp", "rmw_zenoh_cpp"])
    monkeypatch.setenv("RMW_IMPLEMENTATION", "rmw_zenoh_cpp")
    assert "rmw_zenohd" in software.ros_middleware().cure
    monkeypatch.delenv("RMW_IMPLEMENTATION")
    for domain, level in (("7", OK), ("seven", FAIL), ("233", FAIL)):
        monkeypatch.setenv("ROS_DOMAIN_ID", domain)
        assert software.ros_middleware().level == level


def test_a_profile_of_the_users_own_that_is_broken(monkeypatch, tmp_path):
    broken = tmp_path / "mine.xml"
    for name in dds_profile.variables():
        monkeypatch.setenv(name, str(broken))
    assert "does not exist" in software.profile().text
    broken.write_text("<profiles>")
    assert "cannot be read" in software.profile().text


def test_versions_against_the_pins(monkeypatch, tmp_path):
    (tmp_path / "constraints.txt").write_text('numpy==0.1; python_version >= "3.11"  # old\nnowhere==1\npytest<1000\n')
    monkeypatch.setattr(environment, "share_dir", lambda: tmp_path)
    found = software.versions()[0]
    assert found.level == WARN
    assert "numpy" in found.text and "0.1" in found.text
    assert "nowhere" not in found.text and "pytest" not in found.text


@pytest.mark.parametrize(
    ("version", "specifier", "fit"),
    [
        ("2.13.0+cpu", "==2.13.0", True),
        ("2.12.9", "==2.13.0", False),
        ("79.0.1", ">=77,<80", True),
        ("80.0", ">=77,<80", False),
        ("4.13.0.92", "<5", True),
    ],
)
def test_specifiers(version, specifier, fit):
    assert software.fits(version, specifier) == fit


def test_damaged_detector_weights(monkeypatch, tmp_path):
    monkeypatch.setenv("TEXTFUSE_CACHE", str(tmp_path))
    assert {found.check: found.level for found in software.weights()}["detector weights"] == WARN
    (tmp_path / "yolo26n.pt").write_bytes(b"half")
    assert any("damaged" in found.text for found in software.weights())


@pytest.fixture
def pico(monkeypatch, tmp_path):
    """A machine on which `auto` takes the smaller network."""
    monkeypatch.setenv("TEXTFUSE_CACHE", str(tmp_path))
    monkeypatch.setattr(model_choice, "measure", lambda fuser, size: 14.0)


def test_the_speed_is_that_of_the_model_that_runs(pico):
    found = speed.fusion_speed(0.0, rate=1e-3, engine="eager")
    assert found.level == OK and found.text.startswith("pico on eager")


def test_the_speed_of_an_engine_that_is_too_slow_or_missing(pico):
    found = speed.fusion_speed(0.0, rate=1e6, engine="eager")
    assert found.level == WARN and "model" not in found.cure and "expected_rate: 1e+06" in found.cure
    assert speed.fusion_speed(0.0, rate=1e-3, engine="eager").level == OK
    assert speed.fusion_speed(0.0, engine="warp").level == FAIL


def test_the_command_without_cameras(monkeypatch, capsys):
    monkeypatch.setenv("RMW_IMPLEMENTATION", "rmw_nowhere_cpp")
    monkeypatch.setattr(doctor.speed, "fusion_speed", lambda *_: Finding(OK, "fusion speed", "fast"))
    assert cli.main(["doctor", "--no-cameras", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["level"] == FAIL
    assert [found["check"] for found in report["findings"] if found["level"] == FAIL] == ["middleware"]
    assert "python" in report["machine"]


def test_the_slower_camera_sets_the_rate_of_pairs(monkeypatch, capsys):
    cameras = {name: SimpleNamespace(rate=rate) for name, rate in {"visible": 30.0, "thermal": 9.0}.items()}
    look = SimpleNamespace(look=lambda *_: SimpleNamespace(cameras=cameras))
    monkeypatch.setitem(sys.modules, "ros2_textfuse.nodes.doctor.look", look)
    monkeypatch.setattr(doctor.software, "ros", lambda: [Finding(OK, "ROS", "there")])
    monkeypatch.setattr(doctor.graph, "judge", lambda *_: [])
    monkeypatch.setattr(doctor.speed, "fusion_speed", lambda seconds, rate: Finding(OK, "fusion speed", f"at {rate}"))
    cli.main(["doctor"])
    assert "at 9.0" in capsys.readouterr().out


def test_seconds_out_of_range(capsys):
    assert cli.main(["doctor", "--seconds", "1e9"]) == 1
    assert "from 0.5 to 60" in capsys.readouterr().err
