"""Lanes and counters as a Perfetto trace: packets of protobuf, names interned. The ``perfetto`` package enters here.

Format: https://perfetto.dev/docs/reference/synthetic-track-event
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ngpc_sim.config.extras import extra
from ngpc_sim.config.units import PS_PER_NS
from ngpc_sim.report.timeline.lanes import MERGED, NONE, Lane, Names

Array = np.ndarray[Any, Any]
#: all packets belong to one sequence, whose interned texts they share
SEQUENCE = 1


@dataclass(frozen=True)
class Counter:
    """Values from ``times`` (n,) int64 in ps on, (n,) float64."""

    name: str
    unit: str
    times: Array
    values: Array


def load_package() -> tuple[Any, Any]:
    """The package's builder, which writes packet by packet, and its class of events."""
    with extra("report", "--timeline"):
        from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import TrackEvent  # noqa: PLC0415
        from perfetto.trace_builder.proto_builder import StreamingTraceProtoBuilder  # noqa: PLC0415
    return StreamingTraceProtoBuilder, TrackEvent


class _Writer:
    """Packets of one trace."""

    def __init__(self, names: Names) -> None:
        builder, self.types = load_package()
        self.file, self.names = io.BytesIO(), list(names.texts)
        self.builder = builder(self.file)
        self.numbers: dict[str, int] = {}
        self.tracks = 0

    def text(self, text: str, packet: Any, field: str) -> int:  # noqa: ANN401 - protobuf
        """Number of a text of one of the tables of interned texts; enters it where it is new."""
        place = f"{field}\0{text}"
        if place not in self.numbers:
            self.numbers[place] = len(self.numbers) + 1
            entry = getattr(packet.interned_data, field).add()
            entry.iid = self.numbers[place]
            if field == "debug_annotation_string_values":
                entry.str = text.encode()
            else:
                entry.name = text
        return self.numbers[place]

    def packet(self) -> Any:  # noqa: ANN401 - protobuf
        """A packet of the sequence."""
        packet = self.builder.create_packet()
        packet.trusted_packet_sequence_id = SEQUENCE
        packet.sequence_flags = 2
        return packet

    def track(self, name: str, parent: int = 0, description: str = "", unit: str = "") -> int:
        """Describe a track; returns its number."""
        self.tracks += 1
        packet = self.packet()
        if self.tracks == 1:
            packet.sequence_flags = 1
        track = packet.track_descriptor
        track.uuid, track.name, track.sibling_order_rank = self.tracks, name, self.tracks
        if parent:
            track.parent_uuid = parent
        else:
            track.child_ordering = track.EXPLICIT
        if description:
            track.description = description
        if unit:
            track.counter.unit_name = unit
        self.builder.write_packet(packet)
        return self.tracks

    def event(self, track: int, time_ps: int, kind: int) -> tuple[Any, Any]:
        """A packet with an event of a track, and the event."""
        packet = self.packet()
        packet.timestamp = time_ps // PS_PER_NS
        packet.track_event.track_uuid, packet.track_event.type = track, kind
        return packet, packet.track_event

    def argument(self, packet: Any, key: str, value: int | str) -> None:  # noqa: ANN401 - protobuf
        """Add an argument to the event of a packet."""
        argument = packet.track_event.debug_annotations.add()
        argument.name_iid = self.text(key, packet, "debug_annotation_names")
        if isinstance(value, str):
            argument.string_value_iid = self.text(value, packet, "debug_annotation_string_values")
        else:
            argument.int_value = value

    def lane(self, lane: Lane, parent: int) -> None:
        """Write the intervals of a lane."""
        track = self.track(lane.name, parent)
        rows = lane.rows
        columns = (rows.starts, rows.ends, rows.names, rows.waits_for, rows.merged)
        for row, (start, end, name, waits_for, is_merged) in enumerate(
            zip(*map(np.ndarray.tolist, columns), strict=True)
        ):
            packet, event = self.event(track, start, self.types.TYPE_SLICE_BEGIN)
            text, category = self.names[name]
            event.name_iid = self.text(text, packet, "event_names")
            event.category_iids.append(self.text(MERGED if is_merged else category, packet, "event_categories"))
            for column in np.flatnonzero(rows.counts[row]).tolist():
                self.argument(packet, lane.keys[column], int(rows.counts[row, column]))
            if waits_for != NONE:
                self.argument(packet, "waits_for", self.names[waits_for][0])
            begins, ends = rows.flows[row].tolist()
            if begins:
                event.flow_ids.append(begins)
            if ends:
                event.terminating_flow_ids.append(ends)
            self.builder.write_packet(packet)
            self.builder.write_packet(self.event(track, end, self.types.TYPE_SLICE_END)[0])

    def counter(self, counter: Counter, parent: int) -> None:
        """Write the values of a counter."""
        track = self.track(counter.name, parent, unit=counter.unit)
        for time, value in zip(counter.times.tolist(), counter.values.tolist(), strict=True):
            packet, event = self.event(track, time, self.types.TYPE_COUNTER)
            event.double_counter_value = value
            self.builder.write_packet(packet)


def trace(
    lanes: Sequence[Lane],
    counters: Sequence[Counter],
    names: Names,
    about: Mapping[str, int | str],
    window_ps: tuple[int, int],
) -> bytes:
    """The trace of lanes, whose groups are in the order of their first lanes, and of counters.

    ``about``: what stands in the arguments of its first event. A viewer opens at ``window_ps``.
    """
    writer = _Writer(names)
    own = writer.track("about", description="what this trace shows")
    packet, event = writer.event(own, 0, writer.types.TYPE_INSTANT)
    event.name_iid = writer.text("about", packet, "event_names")
    for key, value in about.items():
        writer.argument(packet, key, value)
    writer.builder.write_packet(packet)
    view = writer.packet()
    view.ui_state.timeline_start_ts, view.ui_state.timeline_end_ts = (time // PS_PER_NS for time in window_ps)
    writer.builder.write_packet(view)
    groups: dict[str, int] = {}
    for lane in lanes:
        if lane.group not in groups:
            groups[lane.group] = writer.track(lane.group)
        writer.lane(lane, groups[lane.group])
    above = writer.track("counters") if counters else 0
    for counter in counters:
        writer.counter(counter, above)
    return writer.file.getvalue()
