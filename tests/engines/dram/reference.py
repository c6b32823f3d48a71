"""A DRAM in plain Python, one cycle after another: every rule is asked of the list of commands issued so far."""

from dataclasses import dataclass, field
from itertools import count

#: timings between two commands; a command farther back than all of them says nothing
GAPS = ("n_bl", "n_ccds", "n_ccdl", "n_rcd", "n_rp", "n_ras", "n_rc", "n_rrd", "n_faw", "n_rtp", "n_ppd", "n_rfc")


def accesses_of(line, line_bytes, spec):
    """Numbers of the accesses that hold a byte of a line."""
    return sorted({byte // spec.access_bytes for byte in range(line, line + line_bytes)})


def place(access, spec):
    """Channel, bank group, bank and row of an access: its fields from the lowest on."""
    together = spec.interleave_bytes // spec.access_bytes
    rest, channel = divmod(access // together, spec.channels)
    rest = rest * together + access % together
    columns = spec.row_bytes // spec.access_bytes
    low = columns if spec.mapping == "RoBaRaCoCh" else spec.group_bytes // spec.access_bytes
    sizes = {"low column": low, "group": spec.bank_groups, "high column": columns // low, "bank": spec.banks_per_group}
    fields = {}
    for name, size in sizes.items():
        rest, fields[name] = divmod(rest, size)
    return channel, fields["group"], fields["bank"], rest


@dataclass
class Request:
    bank: tuple
    row: int
    arrived: int = -1
    outcome: str = ""


@dataclass
class Channel:
    """One channel: ``log`` of (cycle, command, bank), open rows, the queue and what waits for an opened row."""

    spec: object
    stream: list
    log: list = field(default_factory=list)
    rows: dict = field(default_factory=dict)
    queue: list = field(default_factory=list)
    opened: dict = field(default_factory=dict)
    due: int = 0
    target: tuple | None = None
    refreshed: set = field(default_factory=set)
    waits: int = 0
    read: int = 0

    @property
    def banks(self):
        spec = self.spec
        return [(group, bank) for group in range(spec.bank_groups) for bank in range(spec.banks_per_group)]

    def gap(self, command, bank, before, other):
        """Cycles that a command waits after another one."""
        s, same, group = self.spec, bank == other, bank[0] == other[0]
        return {
            ("RD", "RD"): max(s.n_bl, s.n_ccds, s.n_ccdl if group else 0),
            ("RD", "ACT"): s.n_rcd if same else 0,
            ("ACT", "ACT"): max(s.n_rrd, s.n_rc if same else 0),
            ("ACT", "PRE"): s.n_rp if same else 0,
            ("ACT", "REF"): max(s.n_rrd, s.n_rfc if same else 0),
            ("ACT", "REFab"): s.n_rfc,
            ("PRE", "PRE"): s.n_ppd,
            ("PRE", "ACT"): s.n_ras if same else 0,
            ("PRE", "RD"): s.n_rtp if same else 0,
            ("REFab", "PRE"): s.n_rp,
            ("REFab", "ACT"): s.n_rc,
            ("REFab", "REFab"): s.n_rfc,
        }.get((command, before), 0)

    def legal(self, command, bank, now):
        rule = "ACT" if command == "REF" else command  # a refresh of one bank goes when an ACT would
        longest = max(getattr(self.spec, name) for name in GAPS)
        rows_opened = 0
        for cycle, before, other in reversed(self.log):
            if now - cycle > longest:
                break
            if now - cycle < self.gap(rule, bank, before, other):
                return False
            rows_opened += before in {"ACT", "REF"}
            if rule == "ACT" and before in {"ACT", "REF"} and rows_opened == 4 and now - cycle < self.spec.n_faw:
                return False
        return True

    def issue(self, command, bank, now):
        self.log.append((now, command, bank))
        if command == "PRE":
            del self.rows[bank]

    def serve(self, request, now):
        self.issue("RD", request.bank, now)
        self.waits += now - request.arrived
        self.read += 1
        self.last = now

    def serve_opened(self, now):
        ready = [r for r in self.opened.values() if self.legal("RD", r.bank, now)]
        if not ready:
            return False
        oldest = min(ready, key=lambda r: r.arrived)
        del self.opened[oldest.bank]
        self.serve(oldest, now)
        return True

    def refresh_all(self, now):
        if self.rows:
            may = not self.opened and all(self.legal("PRE", bank, now) for bank in self.rows)
            for bank in list(self.rows) if may else []:
                self.issue("PRE", bank, now)
            return may
        may = self.legal("REFab", self.banks[0], now)
        if may:
            self.issue("REFab", self.banks[0], now)
            self.due -= 1
        return may

    def choose(self):
        left = [bank for bank in self.banks if bank not in self.refreshed]
        idle = [b for b in left if b not in self.opened and all(r.bank != b for r in self.queue)]
        if self.due > self.spec.refresh_postponed:
            return left[0]
        return idle[0] if idle else None

    def refresh_one(self, now):
        self.target = self.target or self.choose()
        if self.target is None or self.target in self.opened:
            return False
        command = "PRE" if self.target in self.rows else "REF"
        may = self.legal(command, self.target, now)
        if may:
            self.issue(command, self.target, now)
        if may and command == "REF":
            self.refreshed.add(self.target)
            self.target, self.due = None, self.due - 1
            if len(self.refreshed) == len(self.banks):
                self.refreshed.clear()
        return may

    def serve_queue(self, now):
        hit = set()
        for request in list(self.queue):
            bank = request.bank
            if bank == self.target:
                continue
            row = self.rows.get(bank)
            command = "ACT" if row is None else "RD" if row == request.row else "PRE"
            if command == "RD":
                hit.add(bank)
            if (command == "PRE" and (bank in hit or bank in self.opened)) or not self.legal(command, bank, now):
                continue
            request.outcome = request.outcome or {"RD": "hit", "ACT": "miss", "PRE": "conflict"}[command]
            if command == "RD":
                self.serve(request, now)
            else:
                self.issue(command, bank, now)
            if command == "ACT":
                self.rows[bank], self.opened[bank] = request.row, request
            if command != "PRE":
                self.queue.remove(request)
            return

    def run(self):
        one, offered = self.spec.refresh == "per_bank", 0
        every = self.spec.n_refi // len(self.banks) if one else self.spec.n_refi
        for now in count():
            self.due += now > 0 and now % every == 0
            busy = self.serve_opened(now)
            if not busy and self.due:
                busy = self.refresh_one(now) if one else self.refresh_all(now)
            if not busy and (one or not self.due):
                self.serve_queue(now)
            if self.read == len(self.stream):
                return self
            if offered < len(self.stream) and len(self.queue) < self.spec.queue:
                self.stream[offered].arrived = now
                self.queue.append(self.stream[offered])
                offered += 1
        raise AssertionError


def replay(spec, lines, line_bytes):
    """What a replay answers: cycles, accesses, hits, misses, conflicts, mean latency, activates, refreshes."""
    streams = {}
    for line in lines:
        for access in accesses_of(line, line_bytes, spec):
            channel, group, bank, row = place(access, spec)
            streams.setdefault(channel, []).append(Request((group, bank), row))
    done = [Channel(spec, stream).run() for stream in streams.values()]
    requests = [request for channel in done for request in channel.stream]
    data = spec.n_cl + spec.n_bl
    outcomes = [sum(r.outcome == name for r in requests) for name in ("hit", "miss", "conflict")]
    commands = [command for channel in done for _, command, _ in channel.log]
    return (
        max(channel.last for channel in done) + data,
        len(requests),
        *outcomes,
        sum(channel.waits for channel in done) / len(requests) + data,
        commands.count("ACT"),
        commands.count("REF") + commands.count("REFab"),
    )
