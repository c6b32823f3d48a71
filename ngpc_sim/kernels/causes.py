"""Columns in which the kernels of an NFP count cycles: the causes of a stall, then the cycles in which it computes."""

from __future__ import annotations

#: why the MLP array of an NFP does not advance a query
CAUSES = (
    *("input", "encoding", "bank_conflict", "miss_latency", "feature_buffer"),
    *("mlp_fill", "output", "drain"),
)
INPUT, ENCODING, BANK_CONFLICT, MISS_LATENCY, FEATURE_BUFFER, MLP_FILL, OUTPUT, DRAIN, BUSY = range(9)
COLUMNS = len(CAUSES) + 1
#: causes that can open a command while the command before it drains, those that do so first in front
HIDDEN = (ENCODING, FEATURE_BUFFER, MISS_LATENCY, BANK_CONFLICT, INPUT, OUTPUT, MLP_FILL)
