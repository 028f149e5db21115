"""Resident memory of this process, from Linux's proc file system."""

from pathlib import Path


def resident_mb() -> float:
    """Returns the resident memory."""
    return _memory_mb("VmRSS")


def peak_mb() -> float:
    """Returns the largest resident memory since `reset_peak`."""
    return _memory_mb("VmHWM")


def reset_peak() -> None:
    """Sets the largest resident memory to the present one."""
    Path("/proc/self/clear_refs").write_text("5")


def _memory_mb(key: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith(f"{key}:"))
    return int(line.split()[1]) / 1024
