"""The same recordings on workers of Ray: the same store, whatever happens to a worker."""

import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ros2_textfuse.fleet.cluster import Cluster
from ros2_textfuse.fleet.errors import FleetError, StoreError
from ros2_textfuse.fleet.run import OneProcess, evaluate_fleet
from tests.helpers.campaign import campaign

UNLIKE = ["fuse_ms", "stretches"]  # that differ from run to run
pytestmark = pytest.mark.skipif(not importlib.util.find_spec("ray"), reason="Ray is not installed")


def content(store):
    """The rows of each recording, without what may differ."""
    return {path.name: pq.read_table(path).drop_columns(UNLIKE) for path in (store / "frames").iterdir()}


def test_workers_and_stretches_make_the_same_store(drives, recipe, tmp_path, ray_workers):
    named = [str(drives)]
    evaluate_fleet(named, recipe, str(tmp_path / "alone"), nullcontext(OneProcess()))
    told = []
    outcome = evaluate_fleet(
        named, recipe, str(tmp_path / "many"), nullcontext(ray_workers), lambda *a: told.append(a[:2]), stretch=2
    )
    assert (outcome.stored, outcome.same, outcome.failed) == (4, 1, {}) and told[-1][0] == told[-1][1] > 0
    assert content(tmp_path / "many") == content(tmp_path / "alone")
    cut = [pq.read_table(path)["stretches"][0].as_py() for path in (tmp_path / "many" / "frames").iterdir()]
    assert sorted(cut)[:2] == [1, 1] and sorted(cut)[2] > 1


@pytest.mark.timeout(method="thread")  # what waits within Ray heeds no signal
def test_a_long_recording_on_a_gpu_does_not_wait_for_itself(drives, recipe, tmp_path, ray_workers):
    with Cluster(gpus=1) as workers:  # of the Ray that runs already
        outcome = evaluate_fleet(
            [str(drives / "drive0")], recipe, str(tmp_path / "store"), nullcontext(workers), stretch=2
        )
    assert (outcome.stored, outcome.failed) == (1, {})
    (path,) = (tmp_path / "store" / "frames").iterdir()
    assert pq.read_table(path)["stretches"][0].as_py() > 1


def die_once(folder, item):
    if item == "dies" and not (folder / item).exists():
        (folder / item).touch()
        os._exit(1)
    if item == "fails":
        raise StoreError("no room")
    return item.upper()


def test_a_worker_that_dies_is_replaced_and_what_fails_is_told(tmp_path, ray_workers):
    found = dict(ray_workers.each(die_once, tmp_path, ["lives", "dies", "fails"]))
    assert (found["lives"], found["dies"]) == ("LIVES", "DIES")
    assert isinstance(found["fails"], StoreError) and str(found["fails"]) == "no room"


def test_a_cluster_that_is_not_there():
    with (
        pytest.raises(FleetError, match=r"ray://localhost:9 cannot be reached .*is it up"),
        Cluster("ray://localhost:9"),
    ):
        pass
    with pytest.raises(FleetError, match="no address of a cluster"), Cluster("head"):
        pass


def test_ray_reports_to_nobody(ray_workers):
    from ray._common.usage import usage_lib

    assert not usage_lib.usage_stats_enabled()
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"


@campaign
def test_a_node_that_is_killed_in_the_middle_changes_nothing(tmp_path):
    """In a process of its own: two Rays do not fit into one. Small drives of the benchmark."""
    out = tmp_path / "figures.json"
    command = [sys.executable, "benchmarks/fleet.py", "--recordings", "12", "--frames", "6", "--only", "nodes"]
    subprocess.run([*command, "--json", str(out)], check=True, timeout=300)
    found = json.loads(out.read_text())["node killed"]
    assert found["same"] and found["stored"] == 12 and found["failed"] == 0 and found["killed_after"] < 12


def test_a_cluster_of_others_on_this_machine_is_left_alone(monkeypatch):
    asked = {}
    monkeypatch.setattr("ray.is_initialized", lambda: False)
    monkeypatch.setattr("ray.init", lambda **options: asked.update(options))
    monkeypatch.setattr("ray.cluster_resources", lambda: {"CPU": 3})
    monkeypatch.setattr("ray.shutdown", lambda: None)
    with Cluster(count=3) as workers:
        assert workers.name == "3 workers of this machine"
    assert asked["address"] == "local"  # else it joins a cluster that somebody has started here


@pytest.mark.parametrize("runs_already", [False, True])
def test_a_share_of_a_gpu_that_no_machine_has_is_refused(monkeypatch, runs_already):
    ended = []
    gone = {"Alive": False, "Resources": {"CPU": 3, "GPU": 1}}
    monkeypatch.setattr("ray.is_initialized", lambda: runs_already)
    monkeypatch.setattr("ray.init", lambda **options: None)
    monkeypatch.setattr("ray.cluster_resources", lambda: {"CPU": 3})
    monkeypatch.setattr("ray.nodes", lambda: [gone, {"Alive": True, "Resources": {"CPU": 3}}])
    monkeypatch.setattr("ray.shutdown", lambda: ended.append(True))
    with pytest.raises(FleetError, match=r"--gpus is 0.25, .*leave it out"), Cluster(gpus=0.25):
        pass
    assert ended == ([] if runs_already else [True])


@campaign
def test_a_cluster_behind_ray_client(drives, recipe, tmp_path):
    """A head node as processes of its own, as `ray://` finds it; what connects is a process as well."""
    pytest.importorskip("grpc")
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"PYTHONPATH": str(Path.cwd()), "RAY_AUTH_MODE": "disabled"}
    ports = ["--port=0", f"--ray-client-server-port={port}"]
    place = tempfile.mkdtemp(prefix="ray-")  # a short path, for its sockets; the usual one tells others of this cluster
    start = ["ray", "start", "--head", "--block", *ports, "--num-cpus=2", "--include-dashboard=false"]
    with subprocess.Popen(
        [*start, "--disable-usage-stats", f"--temp-dir={place}"], env=environment, stdout=subprocess.DEVNULL
    ) as head:
        try:
            wait_for(port)
            evaluate = [sys.executable, "-m", "ros2_textfuse.cli", "fleet", "eval", str(drives), "--engine", "eager"]
            where = [
                "--every",
                "2",
                "--stretch",
                "2",
                "--out",
                str(tmp_path / "far"),
                "--address",
                f"ray://localhost:{port}",
            ]
            subprocess.run([*evaluate, *where], check=True, timeout=200, env=environment)
        finally:
            head.terminate()
            shutil.rmtree(place, ignore_errors=True)
    evaluate_fleet([str(drives)], recipe, str(tmp_path / "here"), nullcontext(OneProcess()))
    assert content(tmp_path / "far") == content(tmp_path / "here")


def wait_for(port, seconds=60):
    """Until somebody listens on a port."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.socket() as other:
            if other.connect_ex(("localhost", port)) == 0:
                return
        time.sleep(0.2)
    raise AssertionError(f"nobody listens on {port}")
