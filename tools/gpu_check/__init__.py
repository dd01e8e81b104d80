"""Builds, checks and times the engines of an NVIDIA GPU in one go: `make gpu-check`.

Each case is a row of the result: how long it takes to build and to load again from the cache, how far its image is
from eager float32's, fuse() from host arrays and from tensors on the device, the first image after a prompt change,
memory of the GPU. What cannot run here is named with its reason, what fails is a row with its error, and the rest goes
on: each case runs in a process beside this one, which is begun anew after a failure. Nothing is fetched, and the user's
cache stays as it is.
"""
