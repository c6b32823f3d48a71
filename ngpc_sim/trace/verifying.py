"""All checks of a trace, also those that a run leaves to the time when it reads the rows of a whole frame."""

from __future__ import annotations

from ngpc_sim.config.errors import UserError
from ngpc_sim.trace.contents import Trace, description_digest
from ngpc_sim.trace.file_format import columns_of
from ngpc_sim.trace.parts import recorded_by_part
from ngpc_sim.trace.reading import WRONG_CHECKSUM, StreamedTrace


def verify(trace: Trace) -> None:
    """Check what reading a trace left unchecked: all rows of one that stays in its file, and their checksum.

    Raises
    ------
    UserError
        Where a row breaks a law of traces, or the contents are not those that the file's checksum is of.
    """
    if not isinstance(trace, StreamedTrace):
        return
    recorded_by_part(trace, 1)
    for _ in trace.blocks():
        pass
    if trace.told_sha256 and trace.told_sha256 != _contents_sha256(trace):
        raise UserError(f"The trace {trace.place} {WRONG_CHECKSUM}.")


def _contents_sha256(trace: StreamedTrace) -> str:
    """As :func:`ngpc_sim.trace.contents.contents_sha256`, column by column from the file."""
    digest = description_digest(trace)
    for name in columns_of(trace.n_dims, several=bool(trace.networks)):
        for values in trace.column(name):
            digest.update(values.astype(values.dtype.newbyteorder("<")).tobytes())
    return str(digest.hexdigest())
