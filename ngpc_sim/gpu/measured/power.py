"""Power and clocks of an NVIDIA card through NVML, where there is one and the package ``nvidia-ml-py``."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

#: seconds between two readings of power
EVERY_S = 0.05
MW_PER_W = 1000.0


class Nvml:
    """The card of an adapter as NVML knows it."""

    def __init__(self, own: Any, handle: Any) -> None:  # noqa: ANN401 - the module and its handle, without types
        self._own, self._handle = own, handle

    def watts(self) -> float:
        """Power of the board now; on some cards the mean of the last second."""
        return float(self._own.nvmlDeviceGetPowerUsage(self._handle)) / MW_PER_W

    def limit_w(self) -> float:
        """Limit of the board's power."""
        return float(self._own.nvmlDeviceGetPowerManagementLimit(self._handle)) / MW_PER_W

    def clocks(self) -> str:
        """Clocks of SMs and memory now."""
        sm, memory = (
            self._own.nvmlDeviceGetClockInfo(self._handle, kind)
            for kind in (self._own.NVML_CLOCK_SM, self._own.NVML_CLOCK_MEM)
        )
        return f"SM clock {sm} MHz, memory clock {memory} MHz"

    def idle_w(self, seconds: float) -> list[float]:
        """Readings while nothing of ours runs."""
        end, found = time.monotonic() + seconds, [self.watts()]
        while time.monotonic() < end:
            time.sleep(EVERY_S)
            found.append(self.watts())
        return found

    @contextmanager
    def reading(self) -> Iterator[list[float]]:
        """Readings while something runs inside, a list that grows."""
        found, over = [self.watts()], threading.Event()

        def read() -> None:
            while not over.wait(EVERY_S):
                found.append(self.watts())

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        try:
            yield found
        finally:
            over.set()
            thread.join()


def nvml_of(device: str) -> Nvml | None:
    """The only card whose name is that of an adapter; nothing without NVML, or where several cards share the name."""
    try:
        import pynvml  # noqa: PLC0415 - of an extra
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
        handles = [pynvml.nvmlDeviceGetHandleByIndex(k) for k in range(pynvml.nvmlDeviceGetCount())]
        own = [handle for handle in handles if pynvml.nvmlDeviceGetName(handle) == device]
        if len(own) != 1:
            return None
        card = Nvml(pynvml, own[0])
        card.watts(), card.clocks(), card.limit_w()
    except pynvml.NVMLError:
        return None
    return card
