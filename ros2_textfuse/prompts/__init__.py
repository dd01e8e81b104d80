"""Free text and mode names to the severities that the network takes."""

from ros2_textfuse.prompts.prompt import (
    DEFAULT_SEVERITY,
    MAX_LENGTH,
    Prompt,
    PromptError,
    Understanding,
    resolve,
    understand,
)

__all__ = ["DEFAULT_SEVERITY", "MAX_LENGTH", "Prompt", "PromptError", "Understanding", "resolve", "understand"]
