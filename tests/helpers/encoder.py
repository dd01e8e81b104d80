"""Tests of free text are skipped where there is no sentence encoder."""

import pytest

from ros2_textfuse.prompts.text_encoder import EncoderError, find_encoder

try:
    find_encoder()
    MISSING = ""
except EncoderError as error:
    MISSING = str(error)
needs_encoder = pytest.mark.skipif(bool(MISSING), reason=f"needs the sentence encoder: {MISSING}")
