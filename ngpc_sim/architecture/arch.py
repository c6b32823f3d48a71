"""Architectures: files of ``arch_configs/`` assembled to engine specs, with GPU and technology.

A file may ``extends:`` another (by built-in name or by path); any value can be overridden by its dotted
key. GPUs and technologies are files of their own whose every number carries a source and a tag.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

from ngpc_sim.architecture.arch_file import ArchFile, CalibrationSpec, FrameSpec, MemorySpec, PowerSpec
from ngpc_sim.architecture.beside_scale import BesideScale, Part
from ngpc_sim.architecture.gpu import GpuSpec, meaning_of, with_values
from ngpc_sim.architecture.gpu_memory import OF_GPU, OVERRIDES, follows_gpu, with_memory_of_gpu
from ngpc_sim.architecture.sram import Macro
from ngpc_sim.architecture.technology import TechnologySpec
from ngpc_sim.config import bundled, units
from ngpc_sim.config.errors import UserError
from ngpc_sim.config.schema import choices, known_keys, merge, nearest, set_dotted, validate
from ngpc_sim.config.yaml_files import Tree, is_file, is_folder, load_yaml
from ngpc_sim.engines.cluster import ClusterSpec
from ngpc_sim.engines.nfp import NfpSpec

MAX_EXTENDS = 8
#: folders of ``arch_configs`` by what their files describe
FOLDERS = {"architecture": "", "GPU": "gpu", "technology": "tech"}
HERE = Path()
#: keys of an architecture file that no result follows from
PROSE = ("description", "sources")
#: keys under which ``arch show`` prints what other keys name; in a file they take the place of the named files
EMBEDDED = {"gpu": "gpu_file", "technology": "technology_file"}
PartT = TypeVar("PartT", GpuSpec, TechnologySpec)
Read = tuple[Tree, str, dict[str, str]]


@dataclass(frozen=True)
class Arch:
    """A resolved architecture: engine specs, GPU, technology; nothing left to look up.

    ``scale`` is its number of NFPs, the file's where none is given. Those of a sweep share one file.
    """

    file: ArchFile
    gpu: GpuSpec
    technology: TechnologySpec
    scale: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", self.scale or self.file.scale)

    @property
    def name(self) -> str:
        """Name of the architecture."""
        return self.file.name

    @property
    def nfp(self) -> NfpSpec:
        """Spec of one NFP."""
        return self.file.nfp

    @property
    def cluster(self) -> ClusterSpec:
        """Spec of the dispatcher."""
        return self.file.cluster

    @property
    def memory(self) -> MemorySpec:
        """Spec of L2 and DRAM."""
        return self.file.memory

    @property
    def frame(self) -> FrameSpec:
        """Spec of the frame level."""
        return self.file.frame

    @property
    def power(self) -> PowerSpec:
        """Spec of supply, gating and temperature."""
        return self.file.power

    @property
    def calibration(self) -> CalibrationSpec:
        """Fitted values."""
        return self.file.calibration

    @property
    def calibrated(self) -> bool:
        """Whether any value of it was fitted."""
        return bool(self.calibration_label)

    @property
    def calibration_label(self) -> str:
        """How the output calls what was fitted; empty where nothing was."""
        power = "power calibrated: one factor to the published share" if self.power.calibration == "published" else ""
        return "; ".join(label for label in (self.calibration.label, power) if label)

    @property
    def clock_hz(self) -> int:
        """NFP clock in hertz."""
        return units.clock_hz(self.nfp.clock_ghz)

    @property
    def tiles(self) -> int:
        """Parts of the screen, of an architecture whose number of them is chosen."""
        tiles = self.frame.tiles
        if isinstance(tiles, str):
            raise TypeError("the number of tiles is not chosen yet")
        return tiles

    def with_tiles(self, tiles: int) -> Arch:
        """The architecture with a number of tiles."""
        frame = self.file.frame.model_copy(update={"tiles": tiles})
        return replace(self, file=self.file.model_copy(update={"frame": frame}))

    def grid_sram(self, width_bits: int | None = None) -> Macro:
        """The grid_sram of one engine as a macro; ``banks: ideal`` names none, so it is undivided."""
        encoding = self.nfp.encoding
        if encoding.banks == "ideal":
            return Macro(encoding.grid_sram_kib, 1, width_bits)
        return Macro(encoding.grid_sram_kib, encoding.banks, width_bits, encoding.read_ports)

    def check_reach(self) -> None:
        """Refuse a grid_sram or a voltage that the technology knows nothing about."""
        self.technology.energy_scale(self.power.voltage_v)
        self.technology.access("read_pj", self.grid_sram())
        if self.file.area_model == "stillmaker_uniform":
            self.technology.macro_area_mm2(self.grid_sram())
        elif self.file.area_model == "n7_product":
            self.technology.product_density()

    def resolved(self) -> Tree:
        """Plain data of everything that can change a result; the reader's to read only."""
        return self.beside_scale.tree_at(self.scale)

    @cached_property
    def digest(self) -> str:
        """Hash of what a result follows from: no prose, no place of a file."""
        return self.beside_scale.results.hash_with(self.scale)

    @cached_property
    def sha256(self) -> str:
        """Hash of :meth:`resolved`, of mechanisms only those that are on."""
        return self.beside_scale.everything.hash_with(self.scale)

    @cached_property
    def beside_scale(self) -> BesideScale:
        """What it shares with itself at another scale."""
        parts: dict[str, Part] = {"gpu": self.gpu, "technology": self.technology}
        return BesideScale.of(self.file.model_dump(mode="json"), parts, PROSE)


def arch_path(name: str | Path) -> Path:
    """File of an architecture by built-in name or path."""
    return _find("architecture", str(name))


def arch_names() -> list[str]:
    """Names of the built-in architectures."""
    return names_of("architecture")


def load_arch(
    name: str | Path = "ngpc",
    scale: int | None = None,
    overrides: Mapping[str, Any] | None = None,
    gpu: str | None = None,
    *,
    allow_plugins: bool = False,
) -> Arch:
    """Architecture by built-in name or path.

    Parameters
    ----------
    name
        ``ngpc``, ``ngpc-paper`` or the path of a YAML file.
    scale
        Number of NFPs, 1 to 1024; the file's own where it is ``None``.
    overrides
        Values by dotted key, ``{"nfp.clock_ghz": 1.2}``.
    gpu
        Another GPU file by name or path, with its bandwidths where ``overrides`` do not set them.
    allow_plugins
        Whether the architecture may name classes to import and run.

    Raises
    ------
    UserError
        For an unknown name or key, a value out of range, a wrong type, or a file that is not what it should be.
    """
    chosen = dict(overrides or {})
    given = {key: value for key, value in (("scale", scale), ("gpu", gpu)) if value is not None}
    for key, value in given.items():
        if key in chosen:
            raise UserError(f"{key} is given twice, as {value} and by an override as {chosen[key]}.")
    return _made(*_extended("architecture", str(name)), chosen | given, allow_plugins=allow_plugins)


def arch_of(resolved: Tree, where: str, *, allow_plugins: bool = False) -> Arch:
    """Architecture that :meth:`Arch.resolved` gave; ``where`` begins an error. See :func:`load_arch`."""
    if not all(isinstance(resolved.get(key), dict) for key in EMBEDDED.values()):
        raise UserError(f"{where}: its GPU or its technology is missing.")
    return _made(dict(resolved), where, {}, {}, allow_plugins=allow_plugins)


def _made(tree: Tree, where: str, origins: dict[str, str], chosen: Mapping[str, Any], *, allow_plugins: bool) -> Arch:
    """Architecture of a file with other values by dotted key."""
    embedded = {key: (tree.get(key), tree.pop(inside)) for key, inside in EMBEDDED.items() if inside in tree}
    own_gpu = tree.get("gpu")
    read = partial(_part, embedded=embedded, where=where, origins=origins)
    for dotted, value in chosen.items():
        check_key(dotted)
        tree = _set(tree, dotted, value)
        origins[dotted] = "override"
    tree = with_memory_of_gpu(tree, chosen, partial(_gpu, read, tree), other=tree.get("gpu") != own_gpu)
    file = validate(ArchFile, tree, where, origins)
    for key, model in file.plugins():
        if not allow_plugins:
            raise UserError(f"{where}: {key} names the plug-in '{model}', which is code: --allow-plugins allows it.")
    arch = Arch(file, _gpu(read, tree, file.gpu), read(TechnologySpec, "technology", file.technology))
    arch.check_reach()
    return arch


def _set(tree: Tree, dotted: str, value: Any) -> Tree:  # noqa: ANN401 - a YAML value
    """Tree of an architecture with one value set; one of the GPU is an override of its file."""
    if not dotted.startswith(OF_GPU):
        return set_dotted(tree, dotted, value)
    own = tree.get(OVERRIDES)
    return {**tree, OVERRIDES: {**(own if isinstance(own, dict) else {}), dotted.removeprefix(OF_GPU): value}}


def _gpu(read: Callable[..., GpuSpec], tree: Tree, name: str) -> GpuSpec:
    """The GPU called ``name`` with the overrides of an architecture's tree."""
    gpu, values = read(GpuSpec, "gpu", name), tree.get(OVERRIDES)
    return with_values(gpu, values, f"{gpu.name}, gpu_overrides") if isinstance(values, dict) and values else gpu


def at_scale(arch: Arch, scale: int) -> Arch:
    """The architecture with another number of NFPs, from 1 to MAX_SCALE; a sweep has thousands, so parts are shared."""
    other = replace(arch, scale=scale)
    vars(other)["beside_scale"] = arch.beside_scale
    return other


def changed(arch: Arch, values: Mapping[str, Any]) -> Arch:
    """An architecture with other values by dotted key, checked like any other."""
    tree = arch.file.model_dump() | {"scale": arch.scale}
    for dotted, value in values.items():
        check_key(dotted)
        tree = _set(tree, dotted, value)
    of_gpu = {key.removeprefix(OF_GPU): value for key, value in values.items() if key.startswith(OF_GPU)}
    gpu = with_values(arch.gpu, of_gpu, arch.name) if of_gpu else arch.gpu
    tree = with_memory_of_gpu(tree, values, lambda _: gpu, other=False)
    other = Arch(validate(ArchFile, tree, arch.name, {}), gpu, arch.technology)
    other.check_reach()
    return other


def check_key(dotted: str) -> None:
    """Refuse a dotted key that no architecture has, naming the nearest one."""
    if dotted.startswith(OF_GPU):
        return  # the GPU is asked when it is set
    model: Any = ArchFile
    keys = dotted.split(".")
    for position, key in enumerate(keys):
        known = known_keys(model)
        if not known and model is dict:
            return
        if key not in known:
            parent = ".".join(keys[:position])
            best = nearest(dotted, all_keys()) if position == 0 else ".".join([parent, nearest(key, known)])
            raise UserError(f"unknown key '{dotted}'; the nearest known key is '{best}'.")
        annotation = model.model_fields[key].annotation
        model = annotation if known_keys(annotation) else dict if "dict" in str(annotation) else None
        if model is None and position < len(keys) - 1:
            raise UserError(f"unknown key '{dotted}'; '{'.'.join(keys[: position + 1])}' holds a single value.")


def gpu_numbers(dotted: str) -> dict[str, str]:
    """What a key of a GPU's file means, where it says so, and what the built-in GPUs have there, by name."""
    found = meaning_of(dotted)
    for name in names_of("GPU"):
        own: Any = _extended("GPU", name)[0]
        for key in dotted.split("."):
            own = own.get(key) if isinstance(own, dict) else None
        if isinstance(own, dict) and "value" in own:
            found[name] = f"{own['value']} {own['unit']} ({own['tag']}: {own['source']})"
        elif own is not None and not isinstance(own, dict):
            found[name] = str(own)
    return found


def all_keys() -> list[str]:
    """Every dotted key of an architecture file that holds a value."""
    return list(_keys_of(ArchFile, ""))


def _keys_of(model: Any, prefix: str) -> Iterable[str]:  # noqa: ANN401 - a pydantic model class
    for key, field in model.model_fields.items():
        if known_keys(field.annotation):
            yield from _keys_of(field.annotation, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def _extended(what: str, name: str, near: Path = HERE, chain: tuple[Path, ...] = ()) -> Read:
    """A file on what it extends: its tree, its file name, and where every key comes from."""
    path = _find(what, name, near)
    if path in chain or len(chain) >= MAX_EXTENDS:
        raise UserError(f"{path}: 'extends' goes in a circle or more than {MAX_EXTENDS} files deep.")
    tree, origins = load_yaml(path)
    for key in ("gpu", "technology"):
        if _is_path(tree.get(key)):
            tree[key] = str(path.parent / tree[key])
    tree = follows_gpu(tree)
    parent = tree.pop("extends", None)
    if parent is None:
        return tree, path.name, origins
    if not isinstance(parent, str):
        raise UserError(f"{origins['extends']}: extends must be the name or path of one file.")
    try:
        _find(what, parent, path.parent)
    except UserError as error:
        raise UserError(f"{origins['extends']}: {error}") from error
    below, _, inherited = _extended(what, parent, path.parent, (*chain, path))
    return merge({**below, "name": path.stem}, tree), path.name, {**inherited, **origins}


def _is_path(name: object) -> bool:
    return isinstance(name, str) and (name.endswith((".yaml", ".yml")) or "/" in name)


def _find(what: str, name: str, near: Path = HERE) -> Path:
    known = names_of(what)
    if name not in known and is_folder(near / name):
        raise UserError(f"{what} '{name}' is a folder: name a file in it.")
    if _is_path(name):
        path = near / name
        if not is_file(path):
            raise UserError(f"{what} file '{path}' does not exist.")
        return path.resolve()
    if name not in known:
        raise UserError(f"unknown {what} '{name}'; {choices(name, known)}.")
    return (_folder(what) / f"{name}.yaml").resolve()


def _folder(what: str) -> Path:
    return bundled.folder("arch_configs") / FOLDERS[what]


def names_of(what: str) -> list[str]:
    """Names of the built-in files that describe a ``what`` of ``FOLDERS``: architecture, GPU or technology."""
    return sorted(path.stem for path in _folder(what).glob("*.yaml"))


def load_gpu(name: str) -> GpuSpec:
    """The GPU called ``name``, or of a file, on what that extends.

    Raises
    ------
    UserError
        For an unknown name, or a file that is not what it should be.
    """
    return validate(GpuSpec, *_extended("GPU", name))


def _part(
    model: type[PartT],
    key: str,
    name: str,
    *,
    embedded: Mapping[str, tuple[object, Any]],
    where: str,
    origins: Mapping[str, str],
) -> PartT:
    """GPU or technology called ``name``: the one inside the architecture's file where that has it, else a file's."""
    named, inside = embedded.get(key, (None, None))
    if named != name or inside is None:
        return validate(model, *_extended("GPU" if key == "gpu" else key, name))
    prefix = f"{EMBEDDED[key]}."
    lines = {dotted.removeprefix(prefix): place for dotted, place in origins.items() if dotted.startswith(prefix)}
    return validate(model, inside, f"{where}, {EMBEDDED[key]}", lines)


def descriptions(what: str) -> dict[str, str]:
    """One line about each built-in file that describes a ``what`` of ``FOLDERS``, by its name."""
    if what == "GPU":
        gpus = {name: load_gpu(name) for name in names_of(what)}
        return {n: f"{g.board_power_w.value:g} W, {g.die_mm2.value:g} mm2" for n, g in gpus.items()}
    return {name: " ".join(_extended(what, name)[0]["description"].split()) for name in names_of(what)}


def arch_schema() -> dict[str, Any]:
    """JSON Schema of an architecture file."""
    return ArchFile.model_json_schema()
