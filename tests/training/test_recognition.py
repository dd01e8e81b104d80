import torch

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.networks.nano import Nano, NanoConfig
from ros2_textfuse.training.recognition import Recognition, covered


def test_cells_are_covered_by_kind():
    objects = torch.tensor(
        [[[0, 8.0, 0.0, 24.0, 32.0], [2, 40.0, 40.0, 48.0, 48.0], [-1, 0, 0, 0, 0], [16, 0, 0, 9, 9]]]
    )
    people, vehicles = covered(objects, 3, 4)[0]
    assert people.tolist() == [[0.5, 0.5, 0, 0], [0.5, 0.5, 0, 0], [0, 0, 0, 0]]
    assert vehicles.sum() == vehicles[2, 2] == 0.25


def test_the_network_learns_from_it():
    """The loss falls by changes of the network itself, not of the head alone."""
    torch.manual_seed(0)
    network = Nano(NanoConfig(modes=len(MODES), widths=(16, 16, 16)))
    recognition = Recognition(network)
    torch.nn.init.normal_(recognition.head.weight)
    thermal = torch.rand(2, 1, 48, 48) / 4
    thermal[:, :, 16:32, 16:32] += 0.7
    objects = torch.tensor([[[0, 16.0, 16, 32, 32]]]).repeat(2, 1, 1)
    modulation = network.modulation(torch.zeros(2, len(MODES) + 1)).detach()
    trained = [p for p in network.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(trained, 3e-3)
    losses = []
    for _ in range(30):
        network(torch.rand(2, 3, 48, 48), thermal, modulation)
        losses.append(recognition.loss(objects))
        optimizer.zero_grad()
        losses[-1].backward()
        optimizer.step()
    assert losses[-1] < 0.5 * losses[0]
