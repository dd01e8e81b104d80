"""Recordings and store behind s3:// and gs://, against servers of these protocols on this machine."""

import contextlib
import importlib
import socket
from contextlib import nullcontext

import fsspec
import pyarrow.parquet as pq
import pytest

from ros2_textfuse.fleet.finished import FOLDER
from ros2_textfuse.fleet.queries import answer, connect
from ros2_textfuse.fleet.run import OneProcess, evaluate_fleet
from ros2_textfuse.fleet.store import Store
from tests.helpers.campaign import campaign


@contextlib.contextmanager
def s3(monkeypatch):
    server = importlib.import_module("moto.server").ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    yield
    server.stop()


@contextlib.contextmanager
def gs(monkeypatch):
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    server = importlib.import_module("gcp_storage_emulator.server").create_server("localhost", port, in_memory=True)
    server.start()
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://localhost:{port}")
    monkeypatch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")  # it asks Google what kind of bucket that is
    yield
    server.stop()


SERVERS = {"s3": (s3, "s3fs", "moto"), "gs": (gs, "gcsfs", "gcp_storage_emulator")}


@pytest.fixture(scope="module", params=["s3", pytest.param("gs", marks=campaign)])
def bucket(drives, request):
    """URL of a bucket with the drives in it."""
    serve, *needed = SERVERS[request.param]
    for package in needed:
        pytest.importorskip(package)
    with pytest.MonkeyPatch.context() as monkeypatch, serve(monkeypatch):
        kind = fsspec.get_filesystem_class(request.param)
        kind.clear_instance_cache()
        fs = kind()
        fs.mkdir("team")
        fs.put(str(drives), "team/drives", recursive=True)
        yield f"{request.param}://team"
        kind.clear_instance_cache()


def test_a_bucket_of_drives_into_a_store_in_the_bucket(bucket, drives, recipe, tmp_path):
    def run(named, store):
        return evaluate_fleet([named], recipe, store, nullcontext(OneProcess()))

    outcome = run(f"{bucket}/drives/drive*", f"{bucket}/store")
    assert (outcome.found, outcome.stored, outcome.failed) == (2, 2, {})
    assert run(f"{bucket}/drives/drive*", f"{bucket}/store").done == 2
    run(str(drives / "drive0"), str(tmp_path / "here"))
    (there,) = pq.read_table(tmp_path / "here" / "frames").select(["Qabf"]).to_pydict().values()
    store = Store.open(f"{bucket}/store")
    rows = connect(store).execute("select Qabf from frames where source like '%drive0' order by number").fetchall()
    assert [row[0] for row in rows] == there, "the same figures wherever it lies"
    assert list(answer(connect(store), "select source, pairs from recordings order by 1", True)) == [
        "source,pairs",
        f"{bucket}/drives/drive0,10\n{bucket}/drives/drive1,10",
    ]


def test_stretches_in_a_bucket(bucket, drives, recipe, monkeypatch):
    """Of a recording that a worker fetches: they are there meanwhile, and gone when it is whole."""
    store, during = f"{bucket}/cut", []
    real = Store.put
    monkeypatch.setattr(Store, "put", lambda self, *args: during.append(self.names(FOLDER)) or real(self, *args))
    evaluate_fleet([f"{bucket}/drives/drive0"], recipe, store, nullcontext(OneProcess()), stretch=2)
    (key,) = Store.open(store).keys()
    assert during == [{key}] and Store.open(store).names(FOLDER) == set()
    assert connect(Store.open(store)).execute("select min(stretches) from frames").fetchone()[0] > 1


def test_a_bucket_that_is_not_there(bucket, recipe):
    gone = bucket.replace("team", "gone")
    with pytest.raises(OSError, match=gone):
        evaluate_fleet([f"{gone}/drives"], recipe, f"{bucket}/store", nullcontext(OneProcess()))
