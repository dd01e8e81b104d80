"""The Fast DDS profile: by what is free and how large images are, for old and new Fast DDS."""

import os
import xml.etree.ElementTree as ElementTree

import pytest

from ros2_textfuse.runtime import dds_profile, environment
from ros2_textfuse.runtime.dds_profile import SHIPPED, expected_image, segment_size

MB = 1 << 20
BOTH = "FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE"
VGA_BYTES = 640 * 480 * 3


@pytest.fixture
def unset(monkeypatch, tmp_path):
    for name in (*BOTH, "RMW_IMPLEMENTATION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TEXTFUSE_CACHE", str(tmp_path))
    monkeypatch.setattr(dds_profile, "free_shared_memory", lambda: 1 << 34)
    monkeypatch.setattr(dds_profile, "variables", lambda: list(BOTH))  # as Fast DDS before 3.0
    return monkeypatch


def transports(path):
    root = ElementTree.parse(path).getroot()
    space = {"dds": root.tag.removesuffix("profiles").strip("{}")}
    used = [element.text for element in root.findall(".//dds:userTransports/dds:transport_id", space)]
    sizes = [int(element.text) for element in root.findall(".//dds:segment_size", space)]
    return used, sizes


def test_the_shipped_profile_is_what_most_machines_get(unset, tmp_path):
    environment.prepare()
    shipped = str(environment.share_dir() / "config" / "fastdds.xml")
    assert [os.environ[name] for name in BOTH] == [shipped, shipped]
    assert transports(shipped) == (["shared_memory", "udp"], [SHIPPED])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", BOTH)
def test_a_profile_of_the_users_own_counts_for_both(unset, name):
    unset.setenv(name, "/etc/mine.xml")
    environment.prepare()
    assert {os.environ[name] for name in BOTH} == {"/etc/mine.xml"}


def test_two_profiles_of_the_users_own_stay(unset):
    for name in BOTH:
        unset.setenv(name, f"/etc/{name}.xml")
    environment.prepare()
    assert all(os.environ[name] == f"/etc/{name}.xml" for name in BOTH)


def test_dockers_default_holds_ten_participants():
    free = 64 * MB
    for _ in range(10):
        size = segment_size(free)
        assert size >= 2 * VGA_BYTES
        free -= size + MB  # the ports of a participant, generously


def test_large_images_get_a_larger_segment_and_their_limits():
    assert segment_size(1 << 34) == SHIPPED
    assert segment_size(1 << 34, (1920, 1080)) >= 6 * 1920 * 1080 * 3
    assert segment_size(64 * MB, (1920, 1080)) == 0
    assert segment_size(0) == 0


def test_a_small_dev_shm_is_said_and_gets_a_profile_of_its_own(unset, tmp_path, caplog):
    unset.setattr(dds_profile, "free_shared_memory", lambda: 64 * MB)
    environment.prepare()
    written = tmp_path / "textfuse_fastdds_8.xml"
    assert os.environ["FASTRTPS_DEFAULT_PROFILES_FILE"] == str(written)
    assert transports(written) == (["shared_memory", "udp"], [8 * MB])
    assert "64 MB free" in caplog.text and "--ipc=host" in caplog.text
    # A process that this one starts chooses anew.
    unset.setattr(dds_profile, "free_shared_memory", lambda: 1 << 34)
    environment.prepare()
    assert os.environ["FASTDDS_DEFAULT_PROFILES_FILE"].endswith("config/fastdds.xml")


def test_without_shared_memory_images_go_by_udp(unset, tmp_path, caplog):
    unset.setattr(dds_profile, "free_shared_memory", lambda: 0)
    environment.prepare()
    assert transports(tmp_path / "textfuse_fastdds_0.xml") == (["udp"], [])
    assert "UDP" in caplog.text


def test_a_cache_that_cannot_be_written_leaves_the_shipped_profile(unset, tmp_path, caplog):
    (tmp_path / "file").touch()
    unset.setenv("TEXTFUSE_CACHE", str(tmp_path / "file" / "cache"))
    unset.setattr(dds_profile, "free_shared_memory", lambda: 64 * MB)
    environment.prepare()
    assert os.environ["FASTDDS_DEFAULT_PROFILES_FILE"].endswith("config/fastdds.xml")
    assert "cannot be written" in caplog.text


def test_the_expected_image_is_read_from_the_command_line_and_from_files(tmp_path):
    file = tmp_path / "parameters.yaml"
    file.write_text("/**/fusion:\n  ros__parameters: {width: 1280, height: 1024}\n")
    broken = tmp_path / "broken.yaml"
    broken.write_text("[")
    assert expected_image([]) == (640, 480)
    assert expected_image(["--ros-args", "--params-file", str(file)]) == (1280, 1024)
    assert expected_image(["--params-file", str(file), "-p", "width:=320"]) == (320, 1024)
    assert expected_image(["--params-file", str(broken), "--params-file"]) == (640, 480)
    assert expected_image(["--params-file", "missing.yaml", "-p", "width:=wide"]) == (640, 480)


@pytest.mark.parametrize(("library", "names"), [("libfastrtps.so.2.14", BOTH), ("libfastdds.so.3.2", BOTH[1:])])
def test_each_fastdds_gets_the_variable_that_it_reads(monkeypatch, tmp_path, library, names):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / library).touch()
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path))
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    assert dds_profile.variables() == list(names)
