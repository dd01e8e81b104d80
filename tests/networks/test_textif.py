"""textif and the checkpoints of its authors."""

import io
import logging
import os
import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from rivals import theirs

from ros2_textfuse.errors import WeightsError
from ros2_textfuse.networks.folding import fold, unfold
from ros2_textfuse.networks.textif import TextIF, TextIFConfig, load_checkpoint
from ros2_textfuse.networks.textif.blocks import ChannelAttention, SelfAttention
from ros2_textfuse.networks.textif.checkpoint import published_name
from ros2_textfuse.networks.weights import load_network, save_weights
from tests.helpers.textif import SMALL, small_network, state_of, write_checkpoint

CHECKOUT = os.environ.get("TEXTFUSE_TEXT_IF", "")


@pytest.fixture(scope="module")
def network():
    return small_network()


@pytest.fixture
def state(network):
    return state_of(network)


@pytest.fixture
def published(state, tmp_path):
    return write_checkpoint(tmp_path / "text_fusion.pth", state)


def images(height=32, width=48):
    random = torch.Generator().manual_seed(1)
    return torch.rand(1, 3, height, width, generator=random), torch.rand(1, 1, height, width, generator=random)


def same(first, second):
    assert first.state_dict().keys() == second.state_dict().keys()
    for name, tensor in first.state_dict().items():
        torch.testing.assert_close(second.state_dict()[name], tensor, atol=0, rtol=0)


def test_the_papers_sizes_have_the_papers_parameters():
    with torch.device("meta"):
        network = TextIF(TextIFConfig())
    count = sum(p.numel() for name, p in network.named_parameters() if not name.startswith("text."))
    assert count == 63_839_230


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("visible.embed.weight", "encoder_A.patch_embed.proj.weight"),
        ("thermal.levels.2.1.attention.spread.weight", "encoder_B.encoder_level2.1.attn.qkv_dwconv.weight"),
        ("visible.levels.1.0.norm1.bias", "encoder_A.encoder_level1.0.norm1.body.bias"),
        ("visible.downs.3.weight", "encoder_A.down3_4.body.0.weight"),
        ("cross.thermal.qkv.weight", "cross_attention.qkv_B.weight"),
        ("attention.fused.out.bias", "attention_spatial.out.bias"),
        ("merges.4.weight", "feature_fusion_4.fusion_proj.weight"),
        ("sigm.1.2.bias", "prompt_guidance_1.MLP.2.bias"),
        ("ups.2.weight", "up2_1.body.0.weight"),
        ("decoders.3.0.mix.weight", "decoder_level3.0.ffn.dwconv.weight"),
        ("refinement.3.attention.temperature", "refinement.3.attn.temperature"),
        ("text.layers.layers.11.self_attn.in_proj_weight", "model_clip.transformer.resblocks.11.attn.in_proj_weight"),
        ("text.layers.layers.0.linear2.bias", "model_clip.transformer.resblocks.0.mlp.c_proj.bias"),
        ("text.layers.norm.weight", "model_clip.ln_final.weight"),
    ],
)
def test_published_names(ours, theirs):
    assert published_name(ours) == theirs


@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize("bare", [False, True])
def test_reads_a_published_checkpoint(network, state, tmp_path, prefix, bare):
    path = tmp_path / "any.pth"
    named = {prefix + name: tensor for name, tensor in state.items()}
    if bare:
        torch.save(named, path)
    else:
        write_checkpoint(path, named)
    loaded = load_checkpoint(path)
    assert loaded.config == SMALL and not loaded.training
    same(network, loaded)


def test_half_precision_is_served(network, state, tmp_path):
    loaded = load_checkpoint(write_checkpoint(tmp_path / "half.pth", {n: t.half() for n, t in state.items()}))
    assert all(tensor.dtype == torch.float32 for tensor in loaded.state_dict().values())
    torch.testing.assert_close(loaded.output.weight, network.output.weight, atol=1e-3, rtol=1e-3)


def test_tokens_and_their_features_fuse_the_same(network):
    tokens = torch.tensor([[400, 320, 253, 499, 0, 0]])
    with torch.inference_mode():
        features = network.text(tokens)
        fused = network(*images(), tokens)
        torch.testing.assert_close(network(*images(), features), fused)
        folded = network.fuse(*map(fold, images()), network.modulation(features))
    torch.testing.assert_close(unfold(folded), fused)
    assert fused.shape == (1, 3, 32, 48)


@pytest.mark.skipif(not CHECKOUT, reason="needs a checkout of Text-IF's code: name it by TEXTFUSE_TEXT_IF")
def test_fuses_as_the_authors_code_does():
    """A small network; benchmarks/rivals.py does the same at full size."""
    pytest.importorskip("einops", reason="the authors' code needs it: pip install einops")
    ours = small_network(replace(SMALL, text=replace(SMALL.text, features=512)))  # as it is fixed in their code
    features = torch.randn(1, 512, generator=torch.Generator().manual_seed(2))
    visible, thermal = images()
    with torch.inference_mode():
        expected = theirs(Path(CHECKOUT), ours)(visible, thermal.expand(-1, 3, -1, -1), features)
        torch.testing.assert_close(ours(visible, thermal, features), expected, atol=1e-4, rtol=0)


def test_what_follows_the_end_of_a_text_is_not_read(network):
    padded, short = torch.tensor([[400, 320, 499, 0, 0]]), torch.tensor([[400, 320, 499]])
    torch.testing.assert_close(network.text(padded), network.text(short), atol=1e-5, rtol=1e-5)
    assert (network.text(short) - network.text(torch.tensor([[400, 321, 499]]))).abs().max() > 0.01


def test_channel_attention_is_restormers():
    """Against the definition: q and k of length one over the pixels, softmax over channels, by heads."""
    torch.manual_seed(0)
    attention, x = ChannelAttention(6, 2), torch.randn(1, 6, 5, 7)
    q, k, v = attention.spread(attention.qkv(x))[0].reshape(3, 2, 3, 35)
    unit = [part / part.norm(dim=-1, keepdim=True) for part in (q, k)]
    expected = torch.stack([(a @ b.T).softmax(-1) @ c for a, b, c in zip(*unit, v, strict=True)])
    torch.testing.assert_close(attention(x), attention.out(expected.reshape(1, 6, 5, 7)))


def test_pixels_attend_by_scaled_products():
    torch.manual_seed(0)
    attention, x = SelfAttention(16), torch.randn(1, 16, 3, 4)
    of = attention.fused
    query, key, value = of.qkv(of.norm(x))[0].flatten(1).T.chunk(3, 1)
    attended = (query @ key.T / 4).softmax(-1) @ value
    torch.testing.assert_close(attention(x), x + of.out(attended.T.reshape(1, 16, 3, 4)))


def test_converts_once(network, published, caplog):
    caplog.set_level(logging.INFO)
    same(network, load_network(published))
    converted = published.with_suffix(".safetensors")
    assert f"{published} is converted to {converted}" in caplog.text
    before = converted.stat()
    same(network, load_network(published))
    assert converted.stat().st_mtime_ns == before.st_mtime_ns
    same(network, load_network(converted))


def test_another_checkpoint_of_the_name_is_converted_anew(network, state, published):
    load_network(published)
    other = {**state, "output.weight": state["output.weight"] * 2}
    write_checkpoint(published, {**other, "model_clip.visual.more": torch.zeros(9)})
    torch.testing.assert_close(load_network(published).output.weight, 2 * network.output.weight)


def test_a_file_in_the_way_is_left_alone(network, published):
    converted = published.with_suffix(".safetensors")
    save_weights(converted, network)
    with pytest.raises(WeightsError, match=r"stands where .*text_fusion\.pth is converted to"):
        load_network(published)
    assert converted.exists()


def test_every_missing_and_unexpected_tensor_is_named(state, tmp_path):
    del state["encoder_B.down1_2.body.0.weight"], state["model_clip.ln_final.bias"]
    path = write_checkpoint(tmp_path / "x.pth", {**state, "head.weight": torch.zeros(1)})
    with pytest.raises(WeightsError) as error:
        load_checkpoint(path)
    for part in (
        "missing encoder_B.down1_2.body.0.weight",
        "missing model_clip.ln_final.bias",
        "unexpected head.weight",
    ):
        assert part in str(error.value)


def test_a_tensor_of_another_shape_is_named(state, tmp_path):
    state["output.weight"] = torch.zeros(3, 8, 3, 3)
    with pytest.raises(WeightsError, match=r"output\.weight is \[3, 8, 3, 3\], expected \[3, 16, 3, 3\]"):
        load_checkpoint(write_checkpoint(tmp_path / "x.pth", state))


def test_without_clip(state, tmp_path):
    bare = {name: tensor for name, tensor in state.items() if not name.startswith("model_clip.")}
    with pytest.raises(WeightsError, match=r"without CLIP's text tower .*no prompt could be read"):
        load_checkpoint(write_checkpoint(tmp_path / "x.pth", bare))


def test_another_network(tmp_path):
    path = write_checkpoint(tmp_path / "x.pth", {"conv1.weight": torch.zeros(1)})
    with pytest.raises(WeightsError, match=r"x\.pth: of another network \(conv1\.weight"):
        load_checkpoint(path)


@pytest.mark.parametrize("keep", [0, 4, 1000, -1000])
def test_truncated(published, keep):
    published.write_bytes(published.read_bytes()[:keep])
    with pytest.raises(WeightsError, match=r"text_fusion\.pth: (truncated|holds other things)"):
        load_network(published)


class Harmful:
    def __reduce__(self):
        return (pytest.fail, ("code of a checkpoint was executed",))


@pytest.mark.parametrize("zipped", [False, True])
def test_code_in_a_checkpoint_is_not_executed(tmp_path, zipped):
    path, content = tmp_path / "x.pth", io.BytesIO()
    torch.save({"model": Harmful()}, content) if zipped else pickle.dump({"model": Harmful()}, content, 2)
    path.write_bytes(content.getvalue())
    with pytest.raises(WeightsError, match="holds other things than weights"):
        load_checkpoint(path)


@pytest.mark.parametrize("content", [[1, 2], {"model": {"epoch": 3}}, {"epoch": 3}])
def test_values_that_are_no_weights(tmp_path, content):
    torch.save(content, tmp_path / "x.pth")
    with pytest.raises(WeightsError, match="holds no state of a network"):
        load_checkpoint(tmp_path / "x.pth")


def test_missing_checkpoint_says_where_they_are(tmp_path):
    with pytest.raises(WeightsError, match=r"none\.pth: no such file; .*XunpengYi/Text-IF"):
        load_checkpoint(tmp_path / "none.pth")
