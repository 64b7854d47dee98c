from __future__ import annotations

from diagnose.embedded.clock import SystemClock, VirtualClock


def test_a_virtual_clock_stands_still_and_never_goes_back():
    clock = VirtualClock(10)
    assert clock.now_ms() == clock.now_ms() == 10
    clock.advance_to(25)
    clock.advance_to(20)
    assert clock.now_ms() == 25


def test_the_machines_clock_goes_on():
    first = SystemClock().now_ms()
    assert SystemClock().now_ms() >= first > 1_700_000_000_000
