"""Several processes are the run of one: torchrun on this machine's CPU, with gloo."""

import csv
import os
import socket
import subprocess
import sys

import pytest
import torch

from ros2_textfuse import cli
from ros2_textfuse.networks.weights import load_network
from ros2_textfuse.training import processes
from ros2_textfuse.training.log import LOG
from ros2_textfuse.training.processes import ProcessesError
from ros2_textfuse.training.train import make_pairs

SIZES = ("--steps", "6", "--batch", "4", "--crop", "32", "--save-every", "2", "--seed", "3")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_pairs(tmp_path_factory.mktemp("data"))


def log_of(folder):
    with (folder / LOG).open() as file:
        return list(csv.DictReader(file))


def test_two_processes_are_the_run_of_one_also_when_resumed(data, tmp_path):
    """The ISP's training, the losses that weigh boxes over the whole batch, and a checkpoint in the middle."""
    command = ["train", "--data", str(data), *SIZES]
    assert cli.main([*command, "--out", str(tmp_path / "one")]) == 0
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    torchrun += ["-m", "ros2_textfuse.cli", *command, "--out", str(tmp_path / "two")]
    subprocess.run([*torchrun, "--until", "4"], check=True, capture_output=True)
    assert cli.main([*command, "--out", str(tmp_path / "two")]) == 0  # two begin, one ends it
    one, two = (log_of(tmp_path / run) for run in ("one", "two"))
    assert [row["step"] for row in one] == [row["step"] for row in two] == ["2", "4", "6"]
    for row, other in zip(one, two, strict=True):
        losses = [{name: float(row[name]) for name in row if name not in ("step", "seconds")} for row in (row, other)]
        assert losses[1] == pytest.approx(losses[0], rel=1e-4, abs=1e-5)
    weights = [load_network(tmp_path / run / "nano.safetensors").state_dict() for run in ("one", "two")]
    apart = torch.cat([(weights[1][name] - tensor).abs().flatten() for name, tensor in weights[0].items()])
    assert apart.mean() < 1e-6  # a step moves a weight by some 1e-4; Adam makes steps of the noise in gradients near 0


WITH_OTHERS = """
import sys, torch
from ros2_textfuse.training import processes

def fails(what, *arguments):
    try:
        what(*arguments)
    except processes.ProcessesError as error:
        print(error, file=sys.stderr)

def made():
    if not processes.is_first():
        raise processes.ProcessesError("its disk is empty")

with processes.joined(torch.device("cpu")):
    fails(processes.agree, {"rate": "0.001" if processes.is_first() else "0.0005", "seed": "3"})
    fails(processes.by_each, made)
    assert processes.any_of(not processes.is_first()) and not processes.any_of(False)
"""


def test_processes_that_are_not_alike_say_how_and_what_one_lacks_ends_all():
    with socket.socket() as free:
        free.bind(("localhost", 0))
        meeting = {"MASTER_ADDR": "localhost", "MASTER_PORT": str(free.getsockname()[1]), "WORLD_SIZE": "2"}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", WITH_OTHERS],
            env={**os.environ, **meeting, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    first, other = [process.communicate()[1] for process in started]
    assert all(process.returncode == 0 for process in started), first + other
    for error in (first, other):
        assert "not started alike: rate is 0.001 in process 0 and 0.0005 in process 1;" in error
    assert "another process cannot train: process 1: its disk is empty" in first
    assert other.splitlines()[-1] == "its disk is empty"


def test_a_batch_that_cannot_be_shared_evenly_is_refused(monkeypatch):
    monkeypatch.setattr(processes, "count", lambda: 3)
    with pytest.raises(ProcessesError, match=r"--batch 16 cannot be shared evenly by 3 processes.* such as 15"):
        processes.own_rows(16)


def test_torchrun_without_a_meeting_point_is_named(monkeypatch):
    monkeypatch.setenv("RANK", "0")
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    with pytest.raises(ProcessesError, match="MASTER_ADDR"), processes.joined(torch.device("cpu")):
        pass
