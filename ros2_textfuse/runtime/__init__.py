"""What surrounds a run: environment, processes and graphs of them, cache folder, the machine."""
