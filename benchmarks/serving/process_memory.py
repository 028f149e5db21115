"""Resident memory of processes, from Linux's proc file system."""

from pathlib import Path


def resident_mb(process: int | str = "self") -> float:
    """Returns the resident memory of a process."""
    return _memory_mb(process, "VmRSS")


def peak_mb(process: int | str = "self") -> float:
    """Returns the largest resident memory of a process, for this one since `reset_peak`."""
    return _memory_mb(process, "VmHWM")


def reset_peak() -> None:
    """Sets the largest resident memory of this process to the present one."""
    Path("/proc/self/clear_refs").write_text("5")


def _memory_mb(process: int | str, key: str) -> float:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith(f"{key}:"))
    return int(line.split()[1]) / 1024
