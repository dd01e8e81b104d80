"""The machine: processor, GPU, shared memory, the cache folder."""

import os
import shutil
from pathlib import Path

from ros2_textfuse.doctor.finding import FAIL, OK, WARN, Finding
from ros2_textfuse.runtime import cache_folder, dds_profile, machine

FEATURES = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_bf16", "asimd", "asimddp", "bf16", "i8mm")
FREE_DISK = 500  # MB: engines of two sizes and the detector's export
CPUINFO = Path("/proc/cpuinfo")


def processor() -> Finding:
    """Its name, cores and matrix instructions, and whether others use it."""
    flags = cpu_flags()
    cores = len(os.sched_getaffinity(0))
    load = os.getloadavg()[0]
    known = [flag for flag in FEATURES if flag in flags]
    text = f"{machine.describe()['processor']}, {' '.join(known) or 'no known matrix instructions'}; load {load:.1f}"
    if load > cores:
        return Finding(
            WARN, "processor", text, "other programs want more cores than there are: end them or measure later"
        )
    if flags and not {"avx2", "asimd"} & flags:
        return Finding(WARN, "processor", text, "without AVX2 fusion takes several times as long: a smaller image size")
    return Finding(OK, "processor", text)


def cpu_flags() -> set[str]:
    """The instruction sets of the processor as Linux names them; empty where it does not say."""
    try:
        lines = CPUINFO.read_text().splitlines()
    except OSError:
        return set()
    return next((set(line.split(":", 1)[1].split()) for line in lines if line.startswith(("flags", "Features"))), set())


def gpu() -> Finding:
    """Whether torch sees the GPU that the machine has."""
    try:
        import torch
    except ImportError:
        return Finding(FAIL, "CUDA", "torch is not installed", "pip install torch")
    if torch.cuda.is_available():
        free, total = (figure >> 20 for figure in torch.cuda.mem_get_info())
        text = f"{torch.cuda.get_device_name()}, {free} of {total} MB free, CUDA {torch.version.cuda}"
        if free < 1024:
            return Finding(WARN, "CUDA", text, "end what fills the GPU's memory, or set engine:=openvino")
        return Finding(OK, "CUDA", text)
    if Path("/dev/nvidia0").exists() or Path("/dev/nvgpu").exists():
        build = f"this torch {torch.__version__} " + (
            "cannot use it" if torch.version.cuda else "is a build without CUDA"
        )
        return Finding(
            WARN, "CUDA", f"there is an NVIDIA GPU, and {build}", "install the CUDA build of torch and a fitting driver"
        )
    return Finding(OK, "CUDA", "no NVIDIA GPU: fusion runs on the processor")


def shared_memory() -> Finding:
    """Whether /dev/shm holds the images of several nodes."""
    free, segment = dds_profile.free_shared_memory(), dds_profile.segment_size(dds_profile.free_shared_memory())
    text = f"{free >> 20} MB free, {segment >> 20} MB for each node"
    cure = "docker run --ipc=host, or --shm-size=1g; on a host: mount -o remount,size=1g /dev/shm"
    if not segment:
        return Finding(WARN, "shared memory", f"{text}: images go by UDP, which costs time and may lose some", cure)
    if segment < dds_profile.SHIPPED:
        return Finding(WARN, "shared memory", f"{text}, less than the usual {dds_profile.SHIPPED >> 20}", cure)
    return Finding(OK, "shared memory", text)


def cache() -> Finding:
    """Whether engines and weights can be kept."""
    folder = cache_folder.cache_dir()
    if not os.access(folder, os.W_OK | os.X_OK):
        cure = "make it writable, or set TEXTFUSE_CACHE to a folder that is"
        return Finding(WARN, "cache", f"{folder} cannot be written: engines are built at each start", cure)
    free = shutil.disk_usage(folder).free >> 20
    if free < FREE_DISK:
        return Finding(WARN, "cache", f"{folder}: {free} MB free", "free some, or set TEXTFUSE_CACHE to another disk")
    return Finding(OK, "cache", f"{folder}, {free} MB free")


def check() -> list[Finding]:
    """All of them."""
    return [processor(), gpu(), shared_memory(), cache()]
