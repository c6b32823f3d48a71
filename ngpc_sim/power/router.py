"""Bank router of an encoding engine: what carries its lanes' entries to the banks of its grid_sram and back.

It compares the entries of a query (broadcast), holds them until their banks have served them (the bank queues), chooses
for every read port of every bank the first that waits (arbitration), and has both crossbars. Written in SystemVerilog
and synthesised for 2 to 16 lanes, 1 to 128 banks and 1 to 8 ports (``docs/hardware.md``, command and gates beside this
law), it takes about::

    gates = n x (150 + 47 n + 1.9 x (entry + index bits) x banks x ports)                    in NAND2
    toggled gates a read = (entry + index bits) x (6.8 + 0.89 n + 0.28 x banks x ports)      random entries

with n places for corners that wait: a lane each, and never fewer than the 8 corners of a voxel. ``banks: ideal`` is no
hardware: it has no router and none is priced. Blocks with all corners of a voxel need none. A reorder window adds its
queues: registers for the reads of two windows, one that fills and one that is served.
"""

from __future__ import annotations

from ngpc_sim.engines.encoding_spec import EncodingSpec

#: corners of a 3-D voxel
CORNERS = 8
#: features of an entry in the bundled hash grids, by which the router is as wide
FEATURES = 2
#: NAND2 a place, a pair of places, and a bit of crossbar, arbiter and queue; measured, docs/hardware.md
PLACE, PAIR, BIT = 150.0, 47.0, 1.9
#: NAND2 that toggle by a read, a bit: a fixed part, one a place, and one a bank and port; measured, docs/hardware.md
TOGGLED, TOGGLED_BY_PLACE, TOGGLED_BY_PORT = 6.8, 0.89, 0.28
#: NAND2 of a register bit in the queues of a reorder window, which toggle when a read is put there and taken; assumed:
#: a flip-flop of six NAND2
QUEUE_BIT = 6.0


def has_router(encoding: EncodingSpec) -> bool:
    """Whether corners find their banks by a router: all corners of a block come at once, each in its place."""
    return encoding.banks != "ideal" and encoding.layout != "voxel_block"


def router_places(encoding: EncodingSpec) -> int:
    """Corners that one engine's bank router holds while they wait."""
    return max(encoding.corner_lanes, CORNERS)


def router_gates(encoding: EncodingSpec) -> float:
    """NAND2 equivalents of one engine's bank router."""
    if not has_router(encoding):
        return 0.0
    places, entry_bits = router_places(encoding), 8 * FEATURES * encoding.feature_bytes
    crossed = BIT * _bits(encoding, entry_bits) * int(encoding.banks) * encoding.read_ports
    return places * (PLACE + PAIR * places + crossed) + QUEUE_BIT * _window_bits(encoding, entry_bits)


def toggled_gates(encoding: EncodingSpec, entry_bits: int) -> float:
    """NAND2 equivalents that toggle when an entry of ``entry_bits`` is read."""
    if not has_router(encoding):
        return 0.0
    by_port = TOGGLED_BY_PORT * int(encoding.banks) * encoding.read_ports
    queued = QUEUE_BIT * _read_bits(encoding, entry_bits) if encoding.reorder_window > 1 else 0.0
    return _bits(encoding, entry_bits) * (TOGGLED + TOGGLED_BY_PLACE * router_places(encoding) + by_port) + queued


def _window_bits(encoding: EncodingSpec, entry_bits: int) -> int:
    """Bits of the queues of a reorder window, which fills while the one before it is served; none without one."""
    if encoding.reorder_window == 1:
        return 0
    return 2 * encoding.reorder_window * CORNERS * _read_bits(encoding, entry_bits)


def _read_bits(encoding: EncodingSpec, entry_bits: int) -> int:
    """Bits of a read that waits: its index, and which query and corner asks it."""
    reads = encoding.reorder_window * CORNERS
    return _bits(encoding, entry_bits) - entry_bits + (reads - 1).bit_length()


def _bits(encoding: EncodingSpec, entry_bits: int) -> int:
    """Bits of an entry and of its index in a full grid_sram."""
    return entry_bits + (8 * encoding.grid_sram_bytes // entry_bits - 1).bit_length()
