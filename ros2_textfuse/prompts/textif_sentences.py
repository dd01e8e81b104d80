"""What textif reads of a prompt: the text as it stands, and for modes the sentences that its authors publish.

Text-IF (Yi et al., CVPR 2024) was trained on sentences of this kind. It knows no severity but what the text says of it.
"""

from ros2_textfuse.prompts.prompt import Prompt
from ros2_textfuse.prompts.understanding import understand

TASK = "This is the infrared and visible light image fusion task."  # where nothing is asked for
SENTENCES = {
    "low_light": "In the context of infrared-visible image fusion, visible images are susceptible to extremely "
    "low light degradation.",
    "over_exposure": "We're tackling the infrared-visible image fusion challenge, dealing with visible images "
    "suffering from overexposure degradation.",
    "haze": "We're tackling the fusion of infrared and visible light images, specifically focusing on haze "
    "issues in the visible images.",
    "rain": "This is the infrared-visible light fusion task, where visible images are affected by rain degradation.",
    "blur": "This task involves integrating infrared and visible light images, focusing on the degradation "
    "caused by blur in visible images.",
    "visible_noise": "The goal is to effectively fuse infrared and visible light images, mitigating the random noise "
    "present in visible images.",
    "ir_low_contrast": "In this challenge, we're addressing the fusion of infrared and visible images, with a specific "
    "focus on the low contrast degradation in the infrared images.",
    "ir_noise": "We're working on the fusion of infrared and visible images, with special consideration for the "
    "noise degradation affecting the infrared captures.",
    "ir_stripe": "This pertains to the fusion of infrared and visible light images, with an emphasis on "
    "addressing stripe noise degradation in the infrared images.",
}


def sentence_of(prompt: Prompt) -> str:
    """The sentence that textif reads for a prompt.

    The text as it stands, unless it is a command about earlier prompts ("a bit more"); after it, those of SENTENCES for
    the modes that are in force and that the text does not name itself; TASK where that comes to nothing.

    Raises:
        EncoderError: as of `understand`, where there is a text.
    """
    said = understand(prompt.text)
    commanded = said.command and not said.asks
    named = {} if commanded else said.modes
    added = [SENTENCES[mode] for mode in prompt.severities if mode in SENTENCES and mode not in named]
    return " ".join(["" if commanded else prompt.text, *added]).strip() or TASK


def unread(prompt: Prompt) -> tuple[str, ...]:
    """What of a prompt textif has no use for, in words for whoever asked for it."""
    notes = [
        f"textif has no sentence for {mode}: describe it in free text"
        for mode in prompt.severities
        if mode not in SENTENCES and not prompt.text
    ]
    if prompt.balance:
        notes.append("textif does not weigh the cameras: the balance has no effect")
    return tuple(notes)
