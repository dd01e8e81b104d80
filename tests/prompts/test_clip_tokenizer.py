"""CLIP's tokenizer; the numbers are those of CLIP's own, taken once."""

import pytest

from ros2_textfuse.prompts.clip_tokenizer import FILE, ClipTokenizer
from ros2_textfuse.prompts.text_encoder import EncoderError
from tests.helpers.textif import needs_vocabulary


@needs_vocabulary
@pytest.mark.parametrize(
    ("sentence", "tokens"),
    [
        ("", []),
        (
            "This is the infrared and visible light image fusion task.",
            [589, 533, 518, 22867, 537, 8626, 1395, 2867, 9364, 10549, 269],
        ),
        (
            "We're at -20 C: it's DARK, naïve 夜!",
            [649, 982, 536, 268, 273, 271, 322, 281, 585, 568, 3144, 267, 1097, 35689, 563, 23170, 506, 256],
        ),
        ("two\n lines", [1237, 3418]),
    ],
)
def test_numbers(sentence, tokens):
    assert ClipTokenizer().encode(sentence) == [49406, *tokens, 49407]


@pytest.mark.parametrize("content", [b"", b"no gzip", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03half"])
def test_a_damaged_vocabulary_says_what_to_do(content, tmp_path):
    path = tmp_path / FILE
    path.write_bytes(content)
    with pytest.raises(EncoderError, match=r"bpe_simple_vocab_16e6.txt.gz .*Install it with"):
        ClipTokenizer(path)
