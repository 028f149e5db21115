"""The garbage collector is paused in a block, and afterwards as it was before."""

import gc

import pytest

from pipeline.paused_collector import paused_collector


def test_the_collector_is_paused_and_resumed_after_an_error() -> None:
    def fail() -> None:
        with paused_collector():
            assert not gc.isenabled()
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert gc.isenabled()


def test_a_disabled_collector_stays_disabled() -> None:
    gc.disable()
    try:
        with paused_collector():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
