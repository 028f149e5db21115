"""Whether this machine has IPv6."""

import socket

import pytest


def has_ipv6() -> bool:
    """Returns whether a server can listen on the IPv6 address of this machine."""
    if not socket.has_ipv6:
        return False
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
