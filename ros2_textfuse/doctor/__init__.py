"""What is wrong on this machine, and how to cure it: one check a function, each returns what it found."""

from ros2_textfuse.doctor.finding import FAIL, OK, WARN, Finding, guarded, worst

__all__ = ["FAIL", "OK", "WARN", "Finding", "guarded", "worst"]
