"""The memory of the C library's allocator: how much is in use, and its return to the system.

Both functions need glibc (https://man7.org/linux/man-pages/man3/malloc_trim.3.html, `mallinfo2` of
glibc 2.33).
"""

import ctypes
import gc


class _Mallinfo2(ctypes.Structure):
    """`struct mallinfo2` of malloc.h; `__libc_mallinfo2` sums it over all arenas."""

    _fields_ = (
        ("arena", ctypes.c_size_t),
        ("ordblks", ctypes.c_size_t),
        ("smblks", ctypes.c_size_t),
        ("hblks", ctypes.c_size_t),
        ("hblkhd", ctypes.c_size_t),
        ("usmblks", ctypes.c_size_t),
        ("fsmblks", ctypes.c_size_t),
        ("uordblks", ctypes.c_size_t),
        ("fordblks", ctypes.c_size_t),
        ("keepcost", ctypes.c_size_t),
    )


def allocated_bytes() -> int | None:
    """Returns the bytes in use of this process; None without `mallinfo2`.

    What is resident beyond them is free memory between allocated blocks, the programs, and small
    objects of Python, which has an allocator of its own. A call takes some milliseconds if there
    are many free blocks.
    """
    mallinfo2 = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if mallinfo2 is None:
        return None
    mallinfo2.restype = _Mallinfo2
    found = mallinfo2()
    return int(found.uordblks + found.hblkhd)


def free_memory() -> None:
    """Frees what is no longer used; returns it to the system, where the C library is glibc."""
    # Graphs of TensorFlow contain reference cycles.
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
