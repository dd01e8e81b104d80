import numpy as np
import pytest
import torch

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.networks.folding import fold, unfold
from ros2_textfuse.networks.isp import ISP
from ros2_textfuse.training import isp as isp_training
from ros2_textfuse.training.data import Crops, find_pairs
from ros2_textfuse.training.isp import train_isp
from ros2_textfuse.training.train import make_pairs


@pytest.fixture(scope="module")
def crops(tmp_path_factory):
    return Crops(find_pairs(make_pairs(tmp_path_factory.mktemp("data"))), batch=4, crop=48, seed=0)


def trained(crops, steps):
    torch.manual_seed(0)
    isp = ISP(modes=len(MODES))
    train_isp(isp, crops, steps)
    return isp


def test_stripes_that_it_has_not_seen_grow_fainter(crops, monkeypatch):
    monkeypatch.setattr(isp_training, "MODES", {"ir_stripe": 1.0})
    isp = trained(crops, 150)
    before = after = 0.0
    for index in range(8):
        _, thermal, request, _, clean, _ = crops.sample("single", np.random.default_rng([9, index]), "ir_stripe")
        thermal, request, clean = (torch.from_numpy(x)[None] for x in (thermal, request, clean))
        with torch.no_grad():
            _, repaired = isp(torch.zeros(1, 48, 12, 12), fold(thermal), isp.gate(request[:, :-1]))
            repaired = unfold(repaired)
        before += (thermal - clean).abs().mean().item()
        after += (repaired - clean).abs().mean().item()
    assert after < 0.8 * before


def test_the_same_seed_gives_the_same_isp(crops):
    one, other = (trained(crops, 3).state_dict() for _ in range(2))
    for name, tensor in one.items():
        torch.testing.assert_close(other[name], tensor, atol=0, rtol=0)


@pytest.mark.parametrize("steps", [1, 2, 20])
def test_it_may_be_short(crops, steps):
    """At 20 steps, 5 % of them are one, and the schedule divided by zero."""
    trained(crops, steps)
