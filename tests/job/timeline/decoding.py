"""A Perfetto trace decoded with the package's own protobuf classes into SQLite, as trace processor would show it."""

import sqlite3

from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace, TrackEvent

TABLES = """
create table track (id integer primary key, name text, parent integer, unit text);
create table slice (id integer primary key, track integer, ts integer, dur integer, name text, category text);
create table args (slice integer, key text, int_value integer, string_value text);
create table flow (id integer, slice integer, kind text);
create table counter (track integer, ts integer, value real);
create view lane as select track.id, track.name, parent.name as parent from track join track parent
  on track.parent = parent.id;
"""
INTERNED = {
    "event_names": "name",
    "event_categories": "name",
    "debug_annotation_names": "name",
    "debug_annotation_string_values": "str",
}


class Decoder:
    """Packets in their order; interned texts are known from the packet on that brings them."""

    def __init__(self, content):
        self.sql = sqlite3.connect(":memory:")
        self.sql.executescript(TABLES)
        self.texts = {field: {} for field in INTERNED}
        self.open = {}
        self.slices = 0
        trace = Trace.FromString(content)
        for packet in trace.packet:
            self.packet(packet)
        assert not any(self.open.values())

    def insert(self, table, *values):
        places = ", ".join("?" * len(values))
        self.sql.execute(f"insert into {table} values ({places})", values)  # noqa: S608 - names of this file

    def packet(self, packet):
        for field, own in INTERNED.items():
            for entry in getattr(packet.interned_data, field):
                text = getattr(entry, own)
                assert entry.iid not in self.texts[field]
                self.texts[field][entry.iid] = text.decode() if isinstance(text, bytes) else text
        if packet.HasField("track_descriptor"):
            track = packet.track_descriptor
            self.insert("track", track.uuid, track.name, track.parent_uuid, track.counter.unit_name)
        elif packet.HasField("track_event"):
            self.event(packet.timestamp, packet.track_event)

    def event(self, ts, event):
        opened = self.open.setdefault(event.track_uuid, [])
        if event.type == TrackEvent.TYPE_COUNTER:
            self.insert("counter", event.track_uuid, ts, event.double_counter_value)
        elif event.type == TrackEvent.TYPE_SLICE_END:
            number, start = opened.pop()
            self.sql.execute("update slice set dur = ? where id = ?", (ts - start, number))
        else:
            self.begin(ts, event, opened)

    def begin(self, ts, event, opened):
        self.slices += 1
        categories = [self.texts["event_categories"][iid] for iid in event.category_iids]
        name = self.texts["event_names"][event.name_iid]
        self.insert("slice", self.slices, event.track_uuid, ts, 0, name, ",".join(categories))
        for argument in event.debug_annotations:
            key = self.texts["debug_annotation_names"][argument.name_iid]
            text = self.texts["debug_annotation_string_values"].get(argument.string_value_iid)
            self.insert("args", self.slices, key, argument.int_value if text is None else None, text)
        for kind, flows in (("begin", event.flow_ids), ("end", event.terminating_flow_ids)):
            for flow in flows:
                self.insert("flow", flow, self.slices, kind)
        if event.type == TrackEvent.TYPE_SLICE_BEGIN:
            assert not opened, "slices of a lane do not overlap"
            opened.append((self.slices, ts))


def decoded(content):
    """The trace as an SQLite connection."""
    return Decoder(content).sql
