"""Adapters: what the drivers of this machine offer to run kernels on."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.extras import extra

#: backends that have compute kernels and timestamps; OpenGL would list every card twice
BACKENDS = ("Vulkan", "Metal", "D3D12")
#: who asks, in sentences about what is missing
PURPOSE = "running kernels on the GPU of this machine"


class _Heard(logging.Handler):
    """What wgpu could only log: errors of its own thread, and that a device is lost."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.errors: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep an error."""
        self.errors.append(record.getMessage())


HEARD = _Heard()


@dataclass(frozen=True)
class Adapter:
    """A card as its driver presents it; ``is_cpu``: the processor computes in its place. ``own``: wgpu's object."""

    number: int
    device: str
    driver: str
    backend: str
    is_cpu: bool
    own: Any = field(repr=False, compare=False)

    @property
    def text(self) -> str:
        """One line about it."""
        return f"{self.device}, {self.driver}, {self.backend}{', no GPU: the processor computes' * self.is_cpu}"


def wgpu() -> Any:  # noqa: ANN401 - a module without types
    """The module, whose errors are heard and not printed.

    Raises
    ------
    UserError
        Where the extra is missing.
    """
    with extra("gpu", PURPOSE):
        import wgpu as module  # noqa: PLC0415
    logger = logging.getLogger("wgpu")
    if HEARD not in logger.handlers:
        logger.addHandler(HEARD)
        logger.propagate = False
    return module


def adapters() -> list[Adapter]:
    """All adapters, the ones that are GPUs first.

    Raises
    ------
    UserError
        Where the extra is missing.
    """
    found = [one for one in wgpu().gpu.enumerate_adapters_sync() if one.info["backend_type"] in BACKENDS]
    found.sort(key=lambda one: one.info["adapter_type"] == "CPU")
    return [_adapter(number, own) for number, own in enumerate(found)]


def _adapter(number: int, own: Any) -> Adapter:  # noqa: ANN401
    info = own.info
    driver = info["description"] or "driver without a name"
    return Adapter(number, info["device"], driver, info["backend_type"], info["adapter_type"] == "CPU", own)


def chosen(number: int = 0) -> Adapter:
    """The adapter with this number.

    Raises
    ------
    UserError
        Where the extra is missing, or there is no such adapter.
    """
    found = adapters()
    if not found:
        raise UserError(f"{PURPOSE} needs a driver for Vulkan, Metal or Direct3D 12: none is here.")
    if not 0 <= number < len(found):
        numbers = "only 0" if len(found) == 1 else f"0 to {len(found) - 1}"
        raise UserError(f"there is no adapter {number}: there is {numbers}; `ngpc-sim gpu list` names them.")
    return found[number]


@contextmanager
def refusals(device: str, doing: str) -> Iterator[None]:
    """Turn what wgpu raises, or could only log, into one sentence: no memory, a lost device, a refusal."""
    module = wgpu()
    HEARD.errors.clear()
    try:
        yield
        if HEARD.errors:
            raise UserError(_sentence(device, doing, " ".join(HEARD.errors)))
    except module.GPUOutOfMemoryError as error:
        raise UserError(f"{device} has not enough memory for {doing}: nothing is written.") from error
    except (module.GPUError, module.GPUPipelineError, RuntimeError) as error:
        raise UserError(_sentence(device, doing, " ".join([str(error), *HEARD.errors]))) from error


def _sentence(device: str, doing: str, said: str) -> str:
    """What a user reads of an error of wgpu."""
    words = " ".join(said.split())
    if "lost" in words.lower():
        return f"{device} was lost in the middle of {doing}, by a reset of its driver perhaps: nothing is written."
    if "memory" in words.lower():
        return f"{device} has not enough memory for {doing}: nothing is written."
    return f"{device} refused {doing}, nothing is written: {words[:300].rstrip('.')}."
