"""Free text and mode names to what is in force: severities, objects, the balance of the cameras, tone."""

from ros2_textfuse.prompts.prompt import DEFAULT_SEVERITY, MAX_LENGTH, Prompt, PromptError, Tone, Understanding
from ros2_textfuse.prompts.resolution import resolve
from ros2_textfuse.prompts.understanding import understand

__all__ = [
    "DEFAULT_SEVERITY",
    "MAX_LENGTH",
    "Prompt",
    "PromptError",
    "Tone",
    "Understanding",
    "resolve",
    "understand",
]
