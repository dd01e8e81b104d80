"""Engines are kept, and a bad file is never used."""

import dataclasses
import hashlib
import logging
import os
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from ros2_textfuse.engines import EngineConfig, build_engine, cache
from ros2_textfuse.engines.cache import DIGEST_SIZE, CachedEngine
from ros2_textfuse.engines.verification import check_pair
from ros2_textfuse.fuser import Fuser

openvino_engine = pytest.importorskip("ros2_textfuse.engines.openvino", reason="OpenVINO is not installed")


def cached(config, kind="openvino", precision="bf16", device="cpu", distributions=("torch",)):
    return CachedEngine(kind, config, precision, device, distributions)


def test_keeps_what_it_is_given(own_cache, config):
    assert cached(config).load() is None
    cached(config).store(b"an engine")
    assert cached(config).load() == b"an engine"
    assert [path.suffix for path in (own_cache / "engines").iterdir()] == [".engine"]


def test_another_engine_has_another_file(own_cache, config, network):
    other_weights = EngineConfig(type(network)(network.config), config.height, config.width)
    same_shape = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    same_shape["stem.bias"] += 1e-6
    other_weights.network.load_state_dict(same_shape)
    keys = [
        cached(config),
        cached(config, kind="tensorrt"),
        cached(config, precision="f32"),
        cached(config, device="another"),
        cached(config, distributions=("torch", "openvino")),
        cached(dataclasses.replace(config, width=config.height, height=config.width)),
        cached(other_weights),
    ]
    assert len({key.path for key in keys}) == len(keys)
    assert cached(config).path == keys[0].path


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:10],
        lambda content: content[:-1],
        lambda content: content + b"x",
        lambda content: content[:100] + bytes(50) + content[150:],
    ],
    ids=["empty", "no checksum", "truncated", "too long", "hole"],
)
def test_a_damaged_file_is_named_and_not_used(own_cache, config, damage, caplog):
    cached(config).store(bytes(range(256)))
    path = cached(config).path
    path.write_bytes(damage(path.read_bytes()))
    assert cached(config).load() is None
    assert "damaged" in caplog.text and str(path) in caplog.text


def test_a_folder_that_is_a_file_is_a_warning(tmp_path, config, monkeypatch, caplog):
    (tmp_path / "file").touch()
    monkeypatch.setenv("TEXTFUSE_CACHE", str(tmp_path / "file"))
    assert cached(config).load() is None
    cached(config).store(b"engine")
    assert "cannot be kept" in caplog.text


def test_a_full_disk_is_a_warning_and_leaves_nothing(own_cache, config, monkeypatch, caplog):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    cached(config).store(b"engine")
    assert "No space left" in caplog.text
    assert not list((own_cache / "engines").iterdir())


# OpenVINO through the cache -------------------------------------------------------------------------------------------


def image(config):
    engine, _ = build_engine("openvino", config)
    visible, thermal = np.full((50, 70, 3), 90, np.uint8), np.full((50, 70), 130, np.uint8)
    out = np.empty_like(visible)
    engine.run(visible, thermal, np.zeros((1, config.network.modulation_size), np.float32), out)
    return out


def test_openvino_is_built_once(own_cache, config, monkeypatch):
    first = image(config)
    monkeypatch.setattr(openvino_engine.openvino, "convert_model", lambda *_, **__: pytest.fail("built again"))
    np.testing.assert_array_equal(image(config), first)


def test_a_blob_that_openvino_refuses_is_built_again(own_cache, config, caplog):
    first = image(config)
    (path,) = (own_cache / "engines").glob("openvino*")
    stored = path.read_bytes()
    for blob in (b"not a model", stored[DIGEST_SIZE:5000]):
        path.write_bytes(hashlib.sha256(blob).digest() + blob)  # a checksum that fits
        with caplog.at_level(logging.WARNING):
            np.testing.assert_array_equal(image(config), first)
        assert "cannot be loaded and is built again" in caplog.text
        assert len(path.read_bytes()) > 0.9 * len(stored)


def test_new_weights_do_not_meet_an_old_engine(own_cache, config):
    first = image(config)
    changed = type(config.network)(config.network.config)
    changed.load_state_dict(config.network.state_dict())
    with torch.no_grad():
        changed.head.bias += 0.2
    second = image(dataclasses.replace(config, source=changed.eval()))
    assert np.abs(second.astype(int) - first).mean() > 5
    assert len(list((own_cache / "engines").glob("openvino*"))) == 2


def test_the_folder_has_a_bound(own_cache, config, monkeypatch):
    """What was used longest ago makes room; what was stored last stays, however large."""
    monkeypatch.setattr(cache, "LARGEST", 2500)
    first, second, third = (cached(config, precision=name) for name in ("one", "two", "three"))
    for age, engine in ((30, first), (20, second)):
        engine.store(bytes(1000))
        os.utime(engine.path, (time.time() - age,) * 2)
    assert first.load() is not None  # so that the second one is the one used longest ago
    third.store(bytes(1000))
    assert first.path.exists() and third.path.exists() and not second.path.exists()
    first.store(bytes(9000))
    assert [path.name for path in (own_cache / "engines").iterdir()] == [first.path.name]


def test_an_engine_is_kept_while_another_node_makes_room(own_cache, config, caplog):
    """What that one removes is listed, and gone when it is looked at, as is a link to nothing."""
    cached(config).path.parent.mkdir(parents=True)
    (cached(config).path.parent / "another.engine").symlink_to("nothing")
    cached(config).store(b"engine")
    assert cached(config).load() == b"engine" and not caplog.messages


def test_what_a_killed_process_left_is_removed(own_cache, config):
    folder = cached(config).path.parent
    folder.mkdir(parents=True)
    for name, age in (("old", cache.ABANDONED + 60), ("written", 0)):
        (folder / f"{name}.1234.partial").write_bytes(bytes(1000))
        os.utime(folder / f"{name}.1234.partial", (time.time() - age,) * 2)
    cached(config).store(b"engine")
    assert {path.name for path in folder.iterdir()} == {"written.1234.partial", cached(config).path.name}


WITHOUT_TORCH = """
import sys
import numpy as np
from ros2_textfuse.fuser import Fuser
fuser = Fuser(engine="openvino", threads=1)
fuser.set_prompt(modes=["haze"], severity=0.7, balance=0.3)
sys.stdout.buffer.write(fuser.fuse(*np.load(sys.argv[1]).values()).tobytes())
sys.exit("torch was imported" if "torch" in sys.modules else 0)
"""


def test_with_a_cached_engine_nothing_imports_torch(own_cache, tmp_path):
    """It takes seconds and 180 MiB; the same image comes out."""
    visible, thermal = check_pair(64, 96)
    fuser = Fuser(engine="openvino", threads=1)
    fuser.set_prompt(modes=["haze"], severity=0.7, balance=0.3)
    expected = fuser.fuse(visible, thermal)
    np.savez(tmp_path / "pair.npz", visible, thermal)
    command = [sys.executable, "-c", WITHOUT_TORCH, str(tmp_path / "pair.npz")]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert not done.returncode, done.stderr.decode()
    np.testing.assert_array_equal(np.frombuffer(done.stdout, np.uint8).reshape(expected.shape), expected)
