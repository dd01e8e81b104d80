"""Recordings and store behind s3://, against a server of that protocol on this machine."""

from contextlib import nullcontext

import pyarrow.parquet as pq
import pytest

from ros2_textfuse.fleet.queries import answer, connect
from ros2_textfuse.fleet.run import OneProcess, evaluate_fleet
from ros2_textfuse.fleet.store import Store

s3fs = pytest.importorskip("s3fs", reason="s3fs is not installed")
moto = pytest.importorskip("moto.server", reason="moto is not installed")


@pytest.fixture(scope="module")
def bucket(drives):
    """A bucket with the drives in it."""
    monkeypatch = pytest.MonkeyPatch()
    server = moto.ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    s3fs.S3FileSystem.clear_instance_cache()
    fs = s3fs.S3FileSystem()
    fs.mkdir("team")
    fs.put(str(drives), "team/drives", recursive=True)
    yield fs
    monkeypatch.undo()
    s3fs.S3FileSystem.clear_instance_cache()
    server.stop()


def test_a_bucket_of_drives_into_a_store_in_the_bucket(bucket, drives, recipe, tmp_path):
    def run(named, store):
        return evaluate_fleet([named], recipe, store, nullcontext(OneProcess()))

    outcome = run("s3://team/drives/drive*", "s3://team/store")
    assert (outcome.found, outcome.stored, outcome.failed) == (2, 2, {})
    assert run("s3://team/drives/drive*", "s3://team/store").done == 2
    run(str(drives / "drive0"), str(tmp_path / "here"))
    (there,) = pq.read_table(tmp_path / "here" / "frames").select(["Qabf"]).to_pydict().values()
    store = Store.open("s3://team/store")
    rows = connect(store).execute("select Qabf from frames where source like '%drive0' order by number").fetchall()
    assert [row[0] for row in rows] == there, "the same figures wherever it lies"
    assert list(answer(connect(store), "select source, pairs from recordings order by 1", True)) == [
        "source,pairs",
        "s3://team/drives/drive0,10\ns3://team/drives/drive1,10",
    ]


def test_a_bucket_that_is_not_there(bucket, recipe):
    with pytest.raises(OSError, match="s3://gone"):
        evaluate_fleet(["s3://gone/drives"], recipe, "s3://team/store", nullcontext(OneProcess()))
