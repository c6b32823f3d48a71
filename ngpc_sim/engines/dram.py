"""DRAM: a stream of line addresses to cycles and achieved bandwidth, by row hits, bank conflicts and access size.

Not a block of the paper's figure: the memory of the GPU beside it. A channel has ``bank_groups`` x
``banks_per_group`` banks of rows, a read queue and a command bus of one command a cycle (ACT opens a row, PRE closes
it, RD reads ``access_bytes`` of it). A cycle of a channel, in this order:

1. RD of the oldest request whose row was opened for it, if it may go; such a request has left the queue for a place
   of its bank's, and its row stays open until then;
2. else the next command of a refresh that is due;
3. else, of the queue, the oldest request whose next command may go (first ready, first come, first served). PRE does
   not close a row that an older request of the queue hits (row hits first). With ``refresh: all_bank``, this rests
   while a refresh waits;
4. one access is offered to the queue while it has room; it may be served from the next cycle on.

A command may go so many cycles after the one before it, as JESD250 has it::

    RD -> RD    max(nBL, nCCDS), in one bank group also nCCDL     ACT -> RD   nRCD
    ACT -> ACT  nRRD, in one bank nRC, the fifth after nFAW       ACT -> PRE  nRAS     RD  -> PRE  nRTP
    PRE -> ACT  nRP, in one bank                                  PRE -> PRE  nPPD
    data        nCL + nBL after RD                                REF -> ACT  nRFC, in the banks refreshed

``refresh: all_bank``: every nREFI all rows are closed and all banks refreshed. ``refresh: per_bank``: every nREFI /
banks one bank, each once a round in any order: the lowest that no request waits for, or, when more than
``refresh_postponed`` are due, the lowest of the round; only this bank rests, and to the others it is an ACT.

``mapping`` names an address's fields from its highest bits to its lowest. ``RoBaRaCoCh`` as in Ramulator: row, bank,
bank group, column, channel. ``RoBaCoBgCoCh``: row, bank, high columns, bank group, low columns (``group_bytes``),
channel. ``interleave_bytes`` stay together in a channel; there are no ranks.

Scheduler, ``RoBaRaCoCh`` and ``all_bank`` follow Ramulator 2.1 (CMU-SAFARI/ramulator2 ``c5b1c3a``: GenericDDR,
FRFCFSRowHit, AllBank, GDDR6), with whose results ``tests/engines/dram`` compares. ``per_bank`` prefers idle banks as
DARP does (Chang et al., HPCA 2014). Left out: writes, ranks, power-down, error correction, and one channel waiting for
another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.schema import Field, Spec, model_validator, one_sentence
from ngpc_sim.config.units import is_whole
from ngpc_sim.engines.timing import Timing
from ngpc_sim.kernels.dram_channel import ANSWERS, CYCLES, HITS, Layout, serve, split
from ngpc_sim.machine.threads import map_threads

Array = np.ndarray[Any, Any]

PS_PER_NS = 1000
#: addresses below 2^62, so that no sum with a line overflows
MAX_ADDRESS = 1 << 62
MAX_LINE_BYTES = 1 << 20


class DramSpec(Spec):
    """A DRAM of equal channels; timings in cycles of its command clock, as its data sheet names them."""

    channels: int = Field(ge=1, le=1024, description="channels, any number")
    tck_ps: float = Field(gt=0, le=1e6, description="command clock period in ps")
    access_bytes: int = Field(ge=1, le=4096, description="bytes of one access, a burst on all pins of a channel")
    n_bl: int = Field(ge=1, le=1024, description="cycles of a burst on the data bus (nBL)")
    bank_groups: int = Field(ge=1, le=64, description="bank groups of a channel")
    banks_per_group: int = Field(ge=1, le=64, description="banks of a bank group")
    row_bytes: int = Field(ge=1, le=1 << 20, description="bytes of a row of one channel: columns x bytes of a column")
    n_ccds: int = Field(ge=1, le=10000, description="cycles from RD to RD of another bank group (nCCDS)")
    n_ccdl: int = Field(ge=1, le=10000, description="cycles from RD to RD of the same bank group (nCCDL)")
    n_rcd: int = Field(ge=1, le=10000, description="cycles from ACT to RD (nRCD)")
    n_rp: int = Field(ge=1, le=10000, description="cycles from PRE to ACT (nRP)")
    n_ras: int = Field(ge=1, le=10000, description="cycles from ACT to PRE (nRAS)")
    n_rc: int = Field(ge=1, le=10000, description="cycles from ACT to ACT of one bank (nRC)")
    n_rrd: int = Field(ge=1, le=10000, description="cycles from ACT to ACT of another bank (nRRD)")
    n_faw: int = Field(ge=1, le=10000, description="cycles in which at most four ACTs go (nFAW)")
    n_rtp: int = Field(ge=1, le=10000, description="cycles from RD to PRE (nRTP)")
    n_ppd: int = Field(ge=1, le=10000, description="cycles from PRE to PRE (nPPD)")
    n_cl: int = Field(ge=0, le=10000, description="cycles from RD to its data (nCL)")
    n_refi: int = Field(ge=1, le=10**12, description="cycles in which every bank is refreshed once (nREFI)")
    n_rfc: int = Field(ge=1, le=10**6, description="cycles of one refresh, of all banks or of one (nRFC)")
    refresh: Literal["all_bank", "per_bank"] = Field(description="whether a refresh takes all banks or one")
    refresh_postponed: int | None = Field(
        default=None, ge=0, le=4096, description="refreshes that may wait for an idle bank, with per_bank"
    )
    queue: int = Field(ge=1, le=4096, description="entries of the read queue of a channel")
    interleave_bytes: int = Field(ge=1, le=1 << 20, description="bytes that stay together in one channel")
    mapping: Literal["RoBaRaCoCh", "RoBaCoBgCoCh"] = Field(description="fields of an address, highest bits first")
    group_bytes: int | None = Field(
        default=None, ge=1, le=1 << 20, description="bytes that stay together in a bank group, with RoBaCoBgCoCh"
    )

    def __init__(self, **values: object) -> None:
        with one_sentence(DramSpec):
            super().__init__(**values)

    @model_validator(mode="after")
    def _fits(self) -> DramSpec:
        for key in ("row_bytes", "interleave_bytes", "group_bytes"):
            if (getattr(self, key) or 0) % self.access_bytes:
                raise ValueError(f"{key} should be a multiple of access_bytes {self.access_bytes}")
        for key, other, needs in (
            ("group_bytes", "mapping", "RoBaCoBgCoCh"),
            ("refresh_postponed", "refresh", "per_bank"),
        ):
            if (getattr(self, key) is not None) != (getattr(self, other) == needs):
                raise ValueError(f"{key} should be given with {other} {needs}, and only with it")
        if self.group_bytes and self.row_bytes % self.group_bytes:
            raise ValueError(f"row_bytes should be a multiple of group_bytes {self.group_bytes}")
        busy = self.n_rfc + self.n_rcd + self.n_ras + self.n_rc + self.banks * max(self.n_rrd, self.n_faw)
        if self.n_refi <= busy:
            raise ValueError(f"n_refi should leave time between refreshes, more than {busy} cycles here")
        return self

    @property
    def banks(self) -> int:
        """Banks of a channel."""
        return self.bank_groups * self.banks_per_group

    @property
    def peak_gbps(self) -> float:
        """Bandwidth in GB/s of all channels with data on every cycle."""
        return self.channels * self.access_bytes / (self.n_bl * self.tck_ps) * PS_PER_NS

    def timing_cycles(self) -> Array:
        """(14,) int64: the timing as the kernels take it; the gap of refresh commands, not of whole rounds."""
        refi = self.n_refi // self.banks if self.refresh == "per_bank" else self.n_refi
        column = max(self.n_bl, self.n_ccds)
        rows = (self.n_rcd, self.n_rp, self.n_ras, self.n_rc, self.n_rrd, self.n_faw, self.n_rtp, self.n_ppd)
        return np.array(
            (column, self.n_ccdl, *rows, refi, self.n_rfc, self.refresh_postponed or 0, self.banks_per_group), np.int64
        )

    def layout(self) -> Layout:
        """Where accesses lie."""
        run_bytes = self.group_bytes or self.row_bytes
        together, run = self.interleave_bytes // self.access_bytes, run_bytes // self.access_bytes
        runs = self.row_bytes // run_bytes
        return Layout(self.access_bytes, self.channels, together, run, self.bank_groups, runs, self.banks_per_group)


@dataclass(frozen=True)
class DramWork:
    """Lines to read: (n,) int64 byte addresses in the order offered, and the bytes of a line."""

    addresses: Array
    line_bytes: int


@dataclass(frozen=True)
class DramRun:
    """A replayed stream, all channels together.

    Attributes
    ----------
    cycles
        Of the command clock, from the first access offered to the last data of the slowest channel.
    accesses, row_hits, row_misses, row_conflicts
        Accesses, and how many found their row open, their bank closed, another row open.
    mean_latency_cycles
        From an access's arrival in the queue to the end of its data, mean.
    achieved_gbps, efficiency
        Bytes of lines (not of accesses) over time, in GB/s and as a share of the peak.
    activates, refreshes
        Rows opened and refresh commands.
    """

    cycles: int
    accesses: int
    row_hits: int
    row_misses: int
    row_conflicts: int
    mean_latency_cycles: float
    achieved_gbps: float
    efficiency: float
    activates: int
    refreshes: int


class Dram:
    """The DRAM of a GPU as a pure function of its spec."""

    def __init__(self, spec: DramSpec) -> None:
        self.spec = spec

    def replay(self, addresses: Array, line_bytes: int) -> DramRun:
        """Read lines one after another; every channel starts with closed rows and an empty queue.

        Parameters
        ----------
        addresses
            (n,) int64: byte addresses of the lines in the order offered, from 0 to 2^62 - 1.
        line_bytes
            Bytes of a line; it takes every access that holds one of them.

        Raises
        ------
        UserError
            For addresses or lines of another kind.
        """
        spec, lines = self.spec, checked_addresses(addresses)
        if not is_whole(line_bytes) or not 1 <= line_bytes <= MAX_LINE_BYTES:
            whole = f"it should be a whole number from 1 to {MAX_LINE_BYTES}"
            raise UserError(f"line_bytes = {line_bytes!r} is not allowed: {whole}.")
        bank_of, row_of, starts = split(lines, line_bytes, spec.layout())
        timing, one = spec.timing_cycles(), spec.refresh == "per_bank"

        def channel(number: int) -> Array:
            part = slice(starts[number], starts[number + 1])
            answers: Array = serve(bank_of[part], row_of[part], spec.banks, spec.queue, one, timing)
            return answers

        used = np.flatnonzero(np.diff(starts)).tolist()
        every = np.array(map_threads(channel, used) or [np.zeros(ANSWERS, np.int64)])
        return self._run(len(lines) * line_bytes, len(bank_of), every)

    def _run(self, line_bytes: int, accesses: int, answers: Array) -> DramRun:
        spec, data_cycles = self.spec, self.spec.n_cl + self.spec.n_bl
        hits, misses, conflicts, waits, activates, refreshes = (int(n) for n in answers[:, HITS:].sum(axis=0))
        cycles = int(answers[:, CYCLES].max()) + data_cycles if accesses else 0
        gbps = line_bytes / (cycles * spec.tck_ps) * PS_PER_NS if accesses else 0.0
        latency = waits / accesses + data_cycles if accesses else 0.0
        rows = (hits, misses, conflicts)
        return DramRun(cycles, accesses, *rows, latency, gbps, gbps / spec.peak_gbps, activates, refreshes)

    def timing(self, work: DramWork) -> Timing:
        """Cycles and actions of a stream, in cycles of the command clock."""
        run = self.replay(work.addresses, work.line_bytes)
        actions = {
            "dram_bytes": run.accesses * self.spec.access_bytes,
            "dram_activate": run.activates,
            "dram_refresh": run.refreshes,
        }
        return Timing(run.cycles, run.cycles, actions)


def checked_addresses(addresses: Array) -> Array:
    """Byte addresses of a stream as one whole array, or an error in one sentence."""
    if not isinstance(addresses, np.ndarray) or addresses.dtype != np.int64 or addresses.ndim != 1:
        kind = f"{addresses.dtype} {addresses.shape}" if isinstance(addresses, np.ndarray) else type(addresses).__name__
        raise UserError(f"the addresses of a stream should be an int64 array of shape (n,), not {kind}.")
    if len(addresses) and not 0 <= addresses.min() <= addresses.max() < MAX_ADDRESS:
        wrong = addresses.min() if addresses.min() < 0 else addresses.max()
        raise UserError(f"the address {wrong} is not allowed: the range is 0 to 2^62 - 1.")
    return np.ascontiguousarray(addresses)
