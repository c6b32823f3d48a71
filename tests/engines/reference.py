"""The expected side of the tests: slow, obvious, exact, and written from the design's formulas alone."""

import math
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np

CAP = {2: 65535, 3: 1625, 4: 255}
PRIMES = (1, 2654435761, 805459861, 3674653429)
WRAP = 2**32


def ceil_div(a, b):
    return -(-a // b)


def float32(value):
    """The float32 nearest to an exact value, ties to even, as an exact value."""
    if value == 0:
        return Fraction(0)
    size = abs(value)
    exponent = size.numerator.bit_length() - size.denominator.bit_length()
    exponent -= Fraction(2) ** exponent > size
    ulp = Fraction(2) ** max(exponent - 23, -149)
    return round(value / ulp) * ulp


def decimal(value):
    return Decimal(value.numerator) / Decimal(value.denominator)


def grid_levels(encoding):
    """``(scale, resolution, entries, offset, hashed)`` of every level; ``scale`` is exact."""
    dims, base, offset, result = encoding.n_dims, encoding.base_resolution, 0, []
    with localcontext() as context:
        context.prec = 60
        ln2 = Decimal(2).ln()
        log2_b = float32(Fraction(Decimal(float(np.float32(encoding.per_level_scale))).ln() / ln2))
        for level in range(encoding.n_levels):
            exponent = float32(level * log2_b)
            growth = float32(Fraction((decimal(exponent) * ln2).exp()))
            scale = float32(float32(growth * base) - 1)
            resolution = math.ceil(scale) + 1
            entries = ceil_div(min(resolution**dims, 2**31 - 1), 8) * 8
            if encoding.kind == "tiled":
                entries = min(entries, base**dims)
            if encoding.kind == "hash":
                entries = min(entries, 2**encoding.log2_hashmap_size)
            linear_size = resolution**dims if resolution <= CAP[dims] else 0xFFFFFFFF
            hashed = encoding.kind == "hash" and entries < linear_size
            result.append((scale, resolution, entries, offset, hashed))
            offset += entries
    return result


def fraction_of(encoding, p):
    w = float32(p - math.floor(p))
    if encoding.interpolation == "smoothstep":
        w = float32(float32(w * w) * float32(3 - 2 * w))
    return w


def entry_of(encoding, level, cell):
    _, resolution, entries, _, hashed = level
    index = 0
    if hashed:
        for c, prime in zip(cell, PRIMES, strict=False):
            index ^= c * prime % WRAP
    elif resolution <= CAP[encoding.n_dims]:
        index = sum(c * resolution**d for d, c in enumerate(cell)) % WRAP
    return index % entries


def query_levels(encoding, levels, position):
    """``(cell, fractions, entries by corner)`` of one query on every level."""
    result = []
    for level in levels:
        ps = [float32(level[0] * Fraction(float(x)) + Fraction(1, 2)) for x in position]
        cell = [min(max(math.floor(p), -(2**31)), 2**31 - 1) % WRAP for p in ps]
        entries = []
        for corner in range(2**encoding.n_dims):
            corner_cell = [(c + (corner >> d) % 2) % WRAP for d, c in enumerate(cell)]
            entries.append(entry_of(encoding, level, corner_cell))
        result.append((tuple(cell), [float(fraction_of(encoding, p)) for p in ps], entries))
    return result


def queries(encoding, positions):
    """:func:`query_levels` of every position; equal positions are computed once."""
    levels, known = grid_levels(encoding), {}
    for position in map(tuple, positions.tolist()):
        if position not in known:
            known[position] = query_levels(encoding, levels, position)
    return [known[position] for position in map(tuple, positions.tolist())]


def bank_of(entry, banks, bank_map):
    if bank_map == "low_bits":
        return entry % banks
    bank = 0
    while entry and banks > 1:
        bank ^= entry % banks
        entry //= banks
    return bank


def interval_of(entries, spec):
    """Cycles until all groups of corners have entered and every bank's queue is empty."""
    groups = chunks(entries, spec.corner_lanes)
    if spec.banks == "ideal":
        return len(groups)
    queues, asked, cycle = {}, set(), 0
    while groups or any(queues.values()):
        for entry in groups.pop(0) if groups else ():
            if entry not in asked:
                queues.setdefault(bank_of(entry, spec.banks, spec.bank_map), []).append(entry)
                asked.add(entry)
        for queue in queues.values():
            del queue[: spec.read_ports]
        cycle += 1
    return cycle


def service(encoding, spec, positions):
    """Intervals (n, L) and entries read (n,) of a stream."""
    index_cycles = ceil_div(2**encoding.n_dims, spec.corner_lanes)
    side_by_side = max(1, spec.engines // encoding.n_levels)
    stream = queries(encoding, positions)
    intervals, reads = [], []
    for i, query in enumerate(stream):
        intervals.append([])
        reads.append(0)
        for level, (cell, _, entries) in enumerate(query):
            before = stream[i - side_by_side][level][0] if i >= side_by_side else None
            if spec.reuse == "last_voxel" and cell == before:
                intervals[i].append(index_cycles)
            else:
                intervals[i].append(interval_of(entries, spec))
                reads[i] += len(set(entries))
    return intervals, reads


def by_engine(spec, intervals):
    """Intervals (n, engines in use): an engine serves levels e, e+E, ... one after another."""
    return [[sum(row[e :: spec.engines]) for e in range(min(spec.engines, len(row)))] for row in intervals]


def weight_tiles(spec, work):
    """Tiles of every weight matrix, outputs padded to 16."""
    tiles = []
    for network in work.networks:
        width = network.n_input_dims
        if width == "encoding":
            width = ceil_div(work.encoding.n_levels * work.encoding.n_features_per_level, 16) * 16
        outputs = [network.n_neurons] * network.n_hidden_layers + [ceil_div(network.n_output_dims, 16) * 16]
        for output in outputs:
            tiles.append(ceil_div(width, spec.rows) * ceil_div(output, spec.cols))
            width = output
    return tiles


def tile_cycles(spec, n):
    if n == 0:
        return 0
    load = ceil_div(spec.rows, spec.weight_rows_per_cycle)
    if spec.dataflow == "systolic_ws":
        return load + n + spec.pe_stages * (spec.rows + spec.cols - 2) + spec.pe_stages - 1
    if spec.weight_double_buffer:
        return max(n, spec.pipeline_depth, load)
    return load + max(n, spec.pipeline_depth)


def chunks(sequence, size):
    return [sequence[i : i + size] for i in range(0, len(sequence), size)]


def arrivals(n, in_bytes, bytes_per_cycle):
    return [math.ceil(Fraction((i + 1) * in_bytes) / bytes_per_cycle) for i in range(n)]


def nfp_times(spec, work, batches, arrival, out_bytes_per_cycle, not_before=None):
    """The NFP's recurrences over batches of rows of intervals by engine: lists S, E, F, O, and ``dry``.

    ``dry`` is when the first encoding engine is free; ``not_before`` holds batches back, by number.
    """
    tiles = weight_tiles(spec.mlp, work)
    tail = spec.mlp.pipeline_depth if spec.mlp.dataflow == "layer_serial" else 0
    stages = spec.encoding.latency_cycles
    latency = stages.pos_fract + stages.grid_index + stages.grid_sram + stages.interpol_weights
    side_by_side = max(1, spec.encoding.engines // work.encoding.n_levels)
    room = spec.io.output_fifo_queries // spec.mlp.batch_queries
    start, end, free, half_free, out = [], [], [], [], []
    next_free = []  # s + c of every query and engine
    for k, batch in enumerate(batches):
        ready = (not_before or {}).get(k, 0)
        for row in batch:
            i = len(next_free)
            next_free.append([])
            for engine, c in enumerate(row):
                s = arrival[i]
                if i >= side_by_side:
                    s = max(s, next_free[i - side_by_side][engine])
                if k >= 2:
                    s = max(s, half_free[k - 2])
                next_free[i].append(s + c)
                ready = max(ready, s + c - 1 + latency)
        n = len(batch)
        start.append(max(ready, free[k - 1] if k else 0))
        done = start[k] + sum(tiles) * tile_cycles(spec.mlp, n)
        free.append(max(done, out[k - room] - tail if k >= room else 0))
        end.append(free[k] + tail)
        half_free.append(start[k] + tiles[0] * tile_cycles(spec.mlp, n))
        output = math.ceil(Fraction(n * work.output_bytes) / out_bytes_per_cycle)
        out.append(max(end[k], out[k - 1] if k else 0) + output)
    used = next_free[-side_by_side:]
    dry = min(map(min, used)) if len(used) == side_by_side else 0
    return {"S": start, "E": end, "F": free, "O": out, "dry": dry}


def nfp(spec, work, rows, arrival=None):
    """Times of one NFP over a stream of rows of intervals by engine."""
    if arrival is None:
        arrival = arrivals(len(rows), work.input_bytes, spec.io.input_bytes_per_cycle)
    batches = chunks(rows, spec.mlp.batch_queries)
    return nfp_times(spec, work, batches, arrival, spec.io.output_bytes_per_cycle)


def cluster(spec, nfp_spec, scale, work, rows):
    """A command on N NFPs: last outputs after one and two passes, who got which query, results by query."""
    in_rate, out_rate = nfp_spec.io.input_bytes_per_cycle, nfp_spec.io.output_bytes_per_cycle
    size = nfp_spec.mlp.batch_queries

    def times(*passes, held=0):
        """Passes of one NFP; the partial batch at the end of the first waits for ``held``."""
        batches = [batch for part in passes for batch in chunks([rows[i] for i in part], size)]
        arrival = arrivals(sum(map(len, passes)), work.input_bytes, in_rate)
        last = {len(passes[0]) // size: held} if len(passes[0]) % size else {}
        return nfp_times(nfp_spec, work, batches, arrival, out_rate, last)

    given, dry, handed_at = [[] for _ in range(scale)], [0] * scale, 0
    for g, granule in enumerate(chunks(range(len(rows)), spec.dispatch_queries)):
        j = g % scale
        if spec.dispatch == "least_loaded":
            j = dry.index(min(dry))
            handed_at = dry[j]
        given[j].extend(granule)
        dry[j] = times(given[j])["dry"]
    once = [times(part, held=handed_at) if part else None for part in given]
    twice = [times(part, part, held=handed_at)["O"][-1] if part else 0 for part in given]
    done = {i: t["E"][u // size] for part, t in zip(given, once, strict=True) for u, i in enumerate(part)}
    return {
        "ends": [t["O"][-1] if t else 0 for t in once],
        "twice": twice,
        "given": given,
        "done": [done[i] for i in range(len(rows))],
    }
