"""What surrounds a run: environment, processes, cache folder, the machine."""
