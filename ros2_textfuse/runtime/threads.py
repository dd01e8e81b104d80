"""How many threads torch works with."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_thread() -> Iterator[None]:
    """Keeps torch's work in the calling thread.

    A sentence is too little to share out: while the fusion keeps every core busy, threads that wait for each other
    make it a hundred times slower. Other threads of the process keep their own number.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
