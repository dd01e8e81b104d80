"""What an image signal processor does: white balance, denoising, sharpening, and correction of a detector's lines.

A few numbers repair all of an image: the gains of three channels, the level that noise stays below (denoise.py), the
taps of one filter, one offset for each line. Small networks read these numbers from statistics of the whole image, in
every frame anew, and the prompt says how far to follow them. The fusion network, which paints at 1/4 resolution from
what it sees nearby, is a poor place for any of them.
"""

from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ros2_textfuse.networks.denoise import Denoise
from ros2_textfuse.networks.folding import CELL, FOLD, cell_means, luma

REACH = 8  # pixels that the sharpening filter sees in each direction
SPAN = 2 * REACH // FOLD + 1  # of the same filter on folded images
FAINTEST = 1e-3  # of what a statistic tells apart from nothing, in parts of full scale


class ISP(nn.Module):
    """Balance, sharpen, destripe and denoise, each as far as the prompt asks for it.

    Args:
        modes: length of the severity vector.
    """

    PARTS = 3 + Denoise.PARTS

    def __init__(self, modes: int) -> None:
        super().__init__()
        self.balance, self.sharpen, self.destripe, self.denoise = Balance(), Sharpen(), Destripe(), Denoise()
        self.gates = nn.Linear(modes, self.PARTS, bias=False)
        nn.init.constant_(self.gates.weight, 0.2)

    def gate(self, severities: Tensor) -> Tensor:
        """Severities [B, modes], 0..1 -> [B, PARTS], -1..1: how far each part is to act; no prompt gives exactly 0."""
        return torch.tanh(5 * self.gates(severities))

    def forward(self, visible: Tensor, thermal: Tensor, gate: Tensor) -> tuple[Tensor, Tensor]:
        """Repair visible [B, 48, h, w] RGB and thermal [B, 16, h, w], folded, 0..1; with a gate of 0, they stay."""
        visible = self.balance(visible, gate[:, :1]) * visible
        change, thermal = self.refine(luma(visible), thermal, gate)
        return visible + change.repeat(1, 3, 1, 1), thermal

    def refine(self, grey: Tensor, thermal: Tensor, gate: Tensor) -> tuple[Tensor, Tensor]:
        """What to add to the balanced image's luma [B, 16, h, w], and thermal repaired; arguments as of `forward`."""
        thermal = thermal - self.destripe(thermal, gate[:, 2:3])
        noise, thermal_noise = self.denoise(grey, thermal, gate[:, 3:])
        return self.sharpen(grey, gate[:, 1:2]) - noise, thermal - thermal_noise


class Balance(nn.Module):
    """White balance: one gain for each channel (von Kries), from the colours of the image's cells of 8x8."""

    def __init__(self, hidden: int = 32) -> None:
        super().__init__()
        self.cells = nn.Sequential(nn.Conv2d(5, hidden, 1), nn.ReLU(), nn.Conv2d(hidden, hidden, 1), nn.ReLU())
        first, last = nn.Linear(hidden, hidden), nn.Linear(hidden, 3)
        self.gains = nn.Sequential(first, nn.ReLU(), last)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)

    def forward(self, visible: Tensor, gate: Tensor) -> Tensor:
        """Folded RGB [B, 48, h, w] and gate [B, 1] -> gains [B, 48, 1, 1]; gate 0 gives exactly 1."""
        cells = F.avg_pool2d(cell_means(visible), 2)
        red, green, blue = torch.log(cells + 0.02).split(1, dim=1)
        found = self.cells(torch.cat([cells, red - green, blue - green], 1)).mean((2, 3))
        return torch.exp(gate * self.gains(found)).repeat_interleave(CELL, dim=1)[..., None, None]


class Sharpen(nn.Module):
    """Undo the blur of a lens or of motion by a mixture of inverse filters that the image's own spectrum chooses.

    Blur along a line or over a disc multiplies the spectrum by a real function. It shows in how strong each frequency
    is, and its inverse is a symmetric filter. The mixture has one filter for each of 62 blurs, none among them; they
    begin as Wiener filters and are trained with the network that chooses.

    A convolution of one channel is slow on a CPU. Folded by 4 in each direction (pixel unshuffle), the same filter is a
    convolution of 16 channels, which is fast. Its weights are made anew for each image: to a compiled graph they are
    data (OpenVINO; TensorRT from 8.5 on).
    """

    waves: Tensor
    taps: Tensor

    def __init__(self, hidden: int = 64) -> None:
        super().__init__()
        self.register_buffer("waves", torch.from_numpy(_waves()), persistent=False)
        self.register_buffer("taps", torch.from_numpy(_folded_taps()), persistent=False)
        self.inverses = nn.Parameter(torch.from_numpy(_inverses().copy()))
        first, middle = nn.Linear(len(self.waves), hidden), nn.Linear(hidden, hidden)
        last = nn.Linear(hidden, len(self.inverses))
        self.shares = nn.Sequential(first, nn.ReLU(), middle, nn.ReLU(), last)
        nn.init.zeros_(last.weight)

    def forward(self, image: Tensor, gate: Tensor) -> Tensor:
        """What to add to a folded luma image [B, 16, h, w] to make it sharp; gate [B, 1], 0 adds nothing."""
        # Every other cell is enough to measure. Half floats hold absolute values of faint waves, but not their squares.
        waves = F.conv2d(image, self.waves, stride=2).abs().mean((2, 3))
        strength = torch.log(waves + FAINTEST)
        shares = F.softmax(self.shares(strength - strength.mean(1, keepdim=True)), 1)
        return self.filtered(image, (gate * shares) @ self.inverses)

    def filtered(self, image: Tensor, half: Tensor) -> Tensor:
        """Filter each image by its own symmetric filter, which takes nothing from a flat one.

        Args:
            image: [B, 16, h, w], folded.
            half: [B, 144], the taps behind the middle one, by rows.

        Returns:
            [B, 16, h, w], folded.
        """
        batch, channels, height, width = image.shape
        middle, beyond_reach = -2 * half.sum(1, keepdim=True), torch.zeros_like(half[:, :1])
        weight = torch.cat([half, middle, beyond_reach], 1)[:, self.taps]
        margin = SPAN // 2
        framed = F.pad(image, (margin,) * 4, mode="replicate")
        result = F.conv2d(
            framed.reshape(1, batch * channels, height + 2 * margin, width + 2 * margin),
            weight.reshape(batch * channels, channels, SPAN, SPAN),
            groups=batch,
        )
        return result.reshape(batch, channels, height, width)


class Destripe(nn.Module):
    """Offsets of the lines of a thermal detector, from the mean of each whole column and each whole row."""

    def __init__(self, hidden: int = 16) -> None:
        super().__init__()
        self.line = nn.Sequential(
            nn.Conv1d(1, hidden, 9, padding=4, padding_mode="replicate"),
            nn.ReLU(),
            nn.Conv1d(hidden, hidden, 5, padding=2, padding_mode="replicate"),
            nn.ReLU(),
            nn.Conv1d(hidden, 1, 5, padding=2, padding_mode="replicate"),
        )
        self.striped = nn.Sequential(nn.Linear(2, hidden), nn.ReLU(), nn.Linear(hidden, 3))

    def forward(self, thermal: Tensor, gate: Tensor) -> Tensor:
        """What to take from a folded image [B, 16, h, w]; gate [B, 1], 0 takes nothing."""
        cells = thermal.unflatten(1, (FOLD, FOLD))  # [B, row, column, h, w]
        columns, rows = cells.mean((1, 3)), cells.mean((2, 4))  # [B, column, w], [B, row, h]
        lines = [line.transpose(1, 2).flatten(1)[:, None] for line in (columns, rows)]  # [B, 1, W], [B, 1, H]
        lines = [line - F.avg_pool1d(line, 17, 1, 8, count_include_pad=False) for line in lines]
        strength = torch.log(torch.cat([line.abs().mean(2) for line in lines], 1) + FAINTEST)
        # A detector is read out by columns or by rows, and many show neither.
        shares = (gate * F.softmax(self.striped(strength), 1))[..., None].split(1, dim=1)
        of_columns, of_rows = (
            (share * self.line(10 * line) / 10)[:, 0].unflatten(1, (-1, FOLD)).transpose(1, 2)
            for share, line in zip(shares, lines, strict=False)
        )
        return (of_columns[:, None, :, None] + of_rows[:, :, None, :, None]).flatten(1, 2)


def _behind() -> list[tuple[int, int]]:
    """Offsets of the taps behind the middle one, by rows."""
    offsets = range(-REACH, REACH + 1)
    return [(y, x) for y in offsets for x in offsets if (y, x) > (0, 0)]


def _folded_taps() -> NDArray[np.int64]:
    """[16, 16, SPAN, SPAN]: which tap of a symmetric filter each weight of the folded convolution is."""
    behind = _behind()
    number = {(0, 0): len(behind)}
    for index, (y, x) in enumerate(behind):
        number[y, x] = number[-y, -x] = index
    written, read, row, column = np.indices((FOLD**2, FOLD**2, SPAN, SPAN))
    down = FOLD * (row - SPAN // 2) + read // FOLD - written // FOLD
    right = FOLD * (column - SPAN // 2) + read % FOLD - written % FOLD
    return np.vectorize(lambda y, x: number.get((y, x), len(behind) + 1))(down, right)


def _waves() -> NDArray[np.float32]:
    """[80, 16, 3, 3]: cosine and sine waves of 40 frequencies in a window of 12x12, folded, each of norm 1."""
    at = np.arange(12) - 5.5
    window = np.outer(np.hanning(14)[1:-1], np.hanning(14)[1:-1])
    waves = []
    for down in range(-4, 5):
        for right in range(5):
            if right or down > 0:
                phase = 2 * np.pi * (down * at[:, None] + right * at) / 9.5
                for wave in (window * np.cos(phase), window * np.sin(phase)):
                    wave -= window * wave.sum() / window.sum()  # blind to how bright the image is
                    waves.append(wave / np.linalg.norm(wave))
    cells = np.stack(waves).reshape(-1, 3, FOLD, 3, FOLD).transpose(0, 2, 4, 1, 3)
    return cells.reshape(-1, FOLD**2, 3, 3).astype(np.float32)


@cache
def _inverses(size: int = 32) -> NDArray[np.float32]:
    """[62, 144]: Wiener filters, less the image itself, of no blur, 52 lines and 9 discs; the taps behind the middle.

    They minimise the error on images whose power falls with the square of frequency, with a little noise.
    """
    down, right = np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None]
    blurs = [np.ones((size, size // 2 + 1))]
    for length in (3.8, 5.9, 8.0, 10.1, 12.9):
        for degrees in np.arange(0, 180, 22.5 if length < 6 else 15):
            along = down * np.sin(np.radians(degrees)) + right * np.cos(np.radians(degrees))
            blurs.append(np.sinc(length * along))
    y, x = np.mgrid[-size // 2 : size // 2, -size // 2 : size // 2]
    for radius in (0.85, 1.2, 1.55, 1.9, 2.25, 2.6, 2.95, 3.3, 3.8):
        disc = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1)
        blurs.append(np.fft.rfft2(np.fft.ifftshift(disc / disc.sum())).real)
    power = 1 / (down**2 + right**2 + 0.02**2)
    power = power * 0.04 / power.sum()
    noise = 0.01**2 / power.size
    pairs = np.stack([2 * np.cos(2 * np.pi * (down * y + right * x)).ravel() - 2 for y, x in _behind()], 1)
    inverses = []
    for blur in blurs:
        normal = pairs.T @ (pairs * (power * blur**2 + noise).reshape(-1, 1))
        normal += 1e-7 * np.trace(normal) / len(normal) * np.eye(len(normal))
        inverses.append(np.linalg.solve(normal, pairs.T @ (power * blur * (1 - blur) - noise).ravel()))
    inverses[0][:] = 0
    return np.stack(inverses).astype(np.float32)
