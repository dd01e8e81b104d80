import csv

import pytest
import torch

from ros2_textfuse import cli
from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.networks.nano import Nano, NanoConfig
from ros2_textfuse.networks.stored import find_weights
from ros2_textfuse.networks.weights import load_network, make_network
from ros2_textfuse.training import train
from ros2_textfuse.training.data import Crops, find_pairs
from ros2_textfuse.training.log import LOG
from ros2_textfuse.training.losses import Weights, fusion_loss
from tests.helpers.full_disk import full_disk

WEIGHTS = "nano.safetensors"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return train.make_pairs(tmp_path_factory.mktemp("data"))


@pytest.fixture
def command(data, tmp_path):
    def build(out, *more):
        sizes = ["--steps", "8", "--batch", "2", "--crop", "32", "--save-every", "4", "--seed", "3"]
        return ["train", "--data", str(data), "--out", str(tmp_path / out), *sizes, *more]

    return build


def log_of(folder):
    with (folder / LOG).open() as file:
        return list(csv.DictReader(file))


def test_smoke_run_needs_no_data(tmp_path):
    assert cli.main(["train", "--smoke", "--out", str(tmp_path)]) == 0
    assert [row["step"] for row in log_of(tmp_path)] == ["10", "20"]
    load_network(tmp_path / WEIGHTS)


def test_training_lowers_the_loss_on_crops_that_it_has_not_seen(data, tmp_path):
    sizes = ["--steps", "80", "--batch", "4", "--crop", "32", "--save-every", "80"]
    assert cli.main(["train", "--data", str(data), "--out", str(tmp_path), *sizes]) == 0
    visible, thermal, request, *targets, _ = map(
        torch.from_numpy, Crops(find_pairs(data), batch=16, crop=32, seed=9)(0)
    )
    losses = []
    for network in (Nano(NanoConfig(modes=len(MODES))), load_network(tmp_path / WEIGHTS)):
        with torch.no_grad():
            fused = network(visible, thermal, network.modulation(request))
            boxes = torch.Generator().manual_seed(0)
            losses.append(fusion_loss(fused, *targets, Weights(), boxes, request[:, -1])["total"].item())
    assert losses[1] < losses[0]


def test_resumed_run_equals_the_unbroken_one(command, tmp_path):
    assert cli.main(command("unbroken")) == 0
    assert cli.main(command("broken", "--until", "4")) == 0
    assert cli.main(command("broken")) == 0
    unbroken, broken = (load_network(tmp_path / run / WEIGHTS).state_dict() for run in ("unbroken", "broken"))
    for name, tensor in unbroken.items():
        torch.testing.assert_close(broken[name], tensor, atol=1e-6, rtol=1e-5)
    assert [row["step"] for row in log_of(tmp_path / "broken")] == ["4", "8"]


def test_a_pupil_comes_closer_to_its_teacher(command, data, tmp_path):
    options = ["--batch", "4", "--rate", "4e-3", "--model", "pico", "--teacher", str(find_weights("nano"))]
    assert cli.main([*command("run", "--steps", "100", "--save-every", "100"), *options]) == 0
    assert float(log_of(tmp_path / "run")[0]["taught"]) > 0
    visible, thermal, request, *_ = map(torch.from_numpy, Crops(find_pairs(data), batch=8, crop=32, seed=9)(0))
    teacher, pupil = load_network("nano"), load_network(tmp_path / "run" / "pico.safetensors")
    torch.manual_seed(3)  # as the run began
    with torch.no_grad():
        taught, fresh, learnt = (
            network(visible, thermal, network.modulation(request)) for network in (teacher, make_network("pico"), pupil)
        )
    assert (learnt - taught).abs().mean() < 0.97 * (fresh - taught).abs().mean()
    of_teacher, of_pupil = teacher.isp.state_dict(), pupil.isp.state_dict()
    assert all(torch.equal(of_pupil[name], tensor) for name, tensor in of_teacher.items())


def test_a_finished_run_is_left_as_it_is(command, tmp_path):
    assert cli.main(command("run")) == 0
    before = (tmp_path / "run" / WEIGHTS).read_bytes()
    assert cli.main(command("run")) == 0
    assert (tmp_path / "run" / WEIGHTS).read_bytes() == before
    assert len(log_of(tmp_path / "run")) == 2


def test_a_finished_run_can_be_lengthened(command, tmp_path):
    assert cli.main(command("run")) == 0
    assert cli.main([*command("run"), "--steps", "12"]) == 0
    assert [row["step"] for row in log_of(tmp_path / "run")] == ["4", "8", "12"]


def test_other_settings_are_not_mixed_into_a_run(command, tmp_path, capsys):
    assert cli.main(command("run", "--until", "4")) == 0
    assert cli.main([*command("run"), "--seed", "4"]) == 1
    assert "seed 3 -> 4" in capsys.readouterr().err


def test_a_broken_checkpoint_is_named(command, tmp_path, capsys):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / train.CHECKPOINT).write_bytes(b"half a file")
    assert cli.main(command("run")) == 1
    assert f"{tmp_path / 'run' / train.CHECKPOINT}: cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "--data and --out missing; or try --smoke"),
        (["--data", "nowhere", "--out", "x"], "nowhere does not exist"),
        (["--data", "x", "--out", "x", "--crop", "40"], "--crop 40 is not a multiple of 16"),
        (["--data", "x", "--out", "x", "--steps", "0"], "must be 1 or more"),
        (["--data", "x", "--out", "x", "--model", "femto"], "--model femto is none of nano, pico"),
    ],
)
def test_what_cannot_start_says_why(options, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["train", *options]) == 1
    assert message in capsys.readouterr().err


def test_learning_rate_warms_up_and_falls():
    rates = [train.learning_rate(step, 10000, 1e-3) for step in range(0, 10001, 50)]
    assert rates[0] < 1e-5
    assert max(rates) == pytest.approx(1e-3, rel=0.01)
    assert rates[-1] == pytest.approx(1e-5, rel=0.01)


def test_a_disk_that_is_full_is_one_line_and_the_run_goes_on_later(command, tmp_path, capsys):
    """The first checkpoint takes more than 1 MB."""
    with full_disk(1 << 20):
        assert cli.main(command("run")) == 1
    said = capsys.readouterr().err
    assert f"textfuse train: {tmp_path}" in said and "File too large: it cannot be written" in said
    assert not list((tmp_path / "run").glob("*.partial"))
    assert cli.main(command("run")) == 0
