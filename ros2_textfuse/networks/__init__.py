"""The SIGM networks, their weights and model cards."""
