"""Imports: a trained scene of another program as a workload file, and as something to record."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ngpc_sim.config.yaml_files import dump_yaml
from ngpc_sim.machine.whole_files import write_whole
from ngpc_sim.trace.inputs.fields_of_files import name_of, subject_of_snapshot
from ngpc_sim.trace.inputs.kinds import Look, check_own
from ngpc_sim.trace.inputs.nerfstudio import read_config, refuse_checkpoint
from ngpc_sim.trace.inputs.snapshots import read_snapshot, workload_tree
from ngpc_sim.trace.subjects import Subject

CONFIGS, CHECKPOINTS = (".yml", ".yaml"), (".ckpt",)


@dataclass(frozen=True)
class Imported:
    """What a file brings: a workload file's tree, and its scene, where it has one."""

    name: str
    workload: dict[str, Any]
    subject: Subject | None
    words: str

    @classmethod
    def of(cls, path: Path, look: Look, seed: int) -> Imported:
        """Read a snapshot or a configuration.

        Raises
        ------
        UserError
            For whatever is neither, or damaged.
        """
        name = name_of(path)
        if path.suffix.lower() in CHECKPOINTS:
            refuse_checkpoint(path)
        if path.suffix.lower() in CONFIGS:
            tree = read_config(path)
            return cls(
                name, tree, None, f"a workload; it names the bundled trace {tree['trace']} until you name another"
            )
        check_own(look)
        snapshot = read_snapshot(path, look.density_cut)
        subject = None if snapshot.occupancy is None else subject_of_snapshot(snapshot, look.compaction, seed)
        grid = snapshot.encoding
        words = f"mode {snapshot.mode}, {grid.n_levels} levels, per_level_scale {grid.per_level_scale}"
        return cls(name, workload_tree(snapshot), subject, words)

    def write_workload(self, folder: Path, trace: str | None) -> Path:
        """Write the workload file, which names ``trace`` in its own folder where there is one."""
        own = {} if trace is None else {"trace": trace}
        target = folder / f"{self.name}.yaml"
        write_whole(target, dump_yaml(self.workload | own).encode())
        return target
