"""Reference pages that are made while Sphinx builds: a line ``<!-- made: NAME -->`` of a page becomes what NAME makes.

Everything comes from where the program has it: commands from the typer application, keys and columns from what
``ngpc-sim explain`` says, files from their schemas. So a page says what the program says.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import typer
from sphinx.application import Sphinx

from ngpc_sim.architecture.arch import all_keys
from ngpc_sim.architecture.gpu import GpuSpec
from ngpc_sim.architecture.technology import TechnologySpec
from ngpc_sim.cli.commands import app as application
from ngpc_sim.job.explain import explain
from ngpc_sim.job.explain import gpu_keys as keys_of_gpu
from ngpc_sim.job.sweep_file import SweepFile
from ngpc_sim.results.columns import COLUMNS, FILE_COLUMNS
from ngpc_sim.workloads.workload import WorkloadFile

MARK = re.compile(r"^<!-- made: (\w+) -->$", re.MULTILINE)
#: what Markdown takes for more than itself
SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$])")
Schema = Mapping[str, Any]


def plain(text: object) -> str:
    """A text whose every letter stands for itself, in one line."""
    return SPECIAL.sub(r"\\\1", " ".join(str(text).split()))


def commands() -> Iterator[str]:
    """Every command with its words, options and examples, groups before what stands below them."""
    yield from _command(typer.main.get_command(application), "ngpc-sim")


def _command(command: Any, path: str, above: Any = None) -> Iterator[str]:  # noqa: ANN401 - of typer
    context = command.make_context(path.rpartition(" ")[2], [], resilient_parsing=True, parent=above)
    page = HelpAsMarkdown()
    command.format_help_text(context, page)
    page.lines.append(f"```text\n{' '.join([path, *command.collect_usage_pieces(context)])}\n```\n")
    command.format_options(context, page)
    command.format_epilog(context, page)
    yield f"## {path}\n"
    yield from page.lines
    for name, below in getattr(command, "commands", {}).items():
        yield from _command(below, f"{path} {name}", context)


class HelpAsMarkdown:
    """Takes what a command writes on its help page, and makes Markdown of it."""

    current_indent, width = 0, 1000

    def __init__(self) -> None:
        self.lines: list[str] = []

    @contextmanager
    def section(self, title: str) -> Iterator[None]:
        """A title, and what is written inside."""
        self.lines.append(f"**{plain(title)}**\n")
        yield

    @contextmanager
    def indentation(self) -> Iterator[None]:
        """Nothing: Markdown has its own."""
        yield

    def write_dl(self, rows: Iterable[tuple[str, str]], *_: object) -> None:
        """Terms and what they mean."""
        self.lines += [f"`{term}`\n: {plain(text) or '(no help)'}\n" for term, text in rows]

    def write(self, text: str) -> None:
        """An example as it is typed."""
        self.lines.append(f"```text\n{text.strip()}\n```\n")

    def write_text(self, text: str) -> None:
        """A paragraph."""
        self.lines += [f"{plain(paragraph)}\n" for paragraph in inspect.cleandoc(text).split("\n\n")]

    def write_paragraph(self) -> None:
        """Nothing: paragraphs are apart anyway."""


def keys() -> Iterator[str]:
    """Every key of an architecture file, by block: what ``explain`` says of it; sources stand beside their values."""
    yield from _explained("key", [key for key in all_keys() if key != "sources"])


def gpu_keys() -> Iterator[str]:
    """Every number of a GPU's file that stands at its top or in ``dram``."""
    yield from _explained("key", keys_of_gpu())


def columns() -> Iterator[str]:
    """Every column of ``results.csv``."""
    yield from _explained("column", COLUMNS)


def file_columns() -> Iterator[str]:
    """Columns of the other files, a section a file; those that mean the same in ``results.csv`` are there."""
    for file, found in FILE_COLUMNS.items():
        yield f"## {file}\n\n| column | unit | formula | meaning |\n|---|---|---|---|"
        for column in found.values():
            yield f"| {' | '.join(map(plain, (column.name, column.unit, column.formula, column.meaning)))} |"
        yield ""


def _explained(kind: str, names: Any) -> Iterator[str]:  # noqa: ANN401 - an iterable of names
    """An entry a name, with the lines of ``ngpc-sim explain``; a heading where another block of dotted names begins."""
    block = ""
    for name in names:
        if (own := name.rpartition(".")[0]) != block:
            block = own
            yield f"## {plain(block)}\n"
        facts = [line.strip().partition(":") for line in explain(name).splitlines()[1:]]
        yield f":::{{{kind}}} {name}"
        yield from (f"{plain(text)}\n" for label, _, text in facts if label == "meaning")
        yield from (f"* {plain(label)}: {plain(text)}" for label, _, text in facts if label != "meaning")
        yield ":::\n"


def workload_file() -> Iterator[str]:
    """Schema of a workload file."""
    yield from _models(WorkloadFile.model_json_schema())


def sweep_file() -> Iterator[str]:
    """Schema of a sweep file."""
    yield from _models(SweepFile.model_json_schema())


def technology_file() -> Iterator[str]:
    """Schema of a technology file."""
    yield from _models(TechnologySpec.model_json_schema())


def gpu_file() -> Iterator[str]:
    """Schema of a GPU's file."""
    yield from _models(GpuSpec.model_json_schema())


def _models(schema: Schema) -> Iterator[str]:
    """A table for the file, and one for each model inside it."""
    inner = schema.get("$defs", {})
    for name, model in {schema["title"]: schema, **inner}.items():
        heading = "The file" if model is schema else name
        meaning = " ".join(model.get("description", "").split())
        yield f"### {heading}\n\n{meaning}\n"
        yield "| key | value | meaning |\n|---|---|---|"
        for key, field in model.get("properties", {}).items():
            must = "" if key in model.get("required", ()) else _default(field)
            yield f"| `{key}` | {plain(_value(field))}{plain(must)} | {plain(field.get('description', ''))} |"
        yield ""


def _default(field: Schema) -> str:
    default = field.get("default")
    return "; optional" if default in (None, "", [], {}) or isinstance(default, dict) else f"; else {default}"


def _value(field: Schema) -> str:
    """What a key may hold, in words."""
    if "$ref" in field:
        return str(field["$ref"].rpartition("/")[2])
    if "enum" in field or "const" in field:
        return ", ".join(map(str, field.get("enum", [field.get("const")])))
    if "anyOf" in field:
        return " or ".join(_value(other) for other in field["anyOf"] if other.get("type") != "null")
    kind = field.get("type", "any value")
    if kind == "array":
        return f"list of {_value(field.get('items', {}))}"
    if kind == "object":
        inside = field.get("additionalProperties")
        return f"mapping of names to {_value(inside if isinstance(inside, dict) else {})}"
    words = {"string": "text", "integer": "whole number", "boolean": "true or false"}.get(kind, kind)
    bounds = {"minimum": ">= {}", "exclusiveMinimum": "> {}", "maximum": "<= {}", "exclusiveMaximum": "< {}"}
    return " ".join([words, *(text.format(f"{field[name]:g}") for name, text in bounds.items() if name in field)])


MAKERS: Mapping[str, Callable[[], Iterator[str]]] = {
    maker.__name__: maker
    for maker in (
        *(commands, keys, gpu_keys, gpu_file, columns, file_columns),
        *(workload_file, sweep_file, technology_file),
    )
}


def fill(_app: Sphinx, _page: str, source: list[str]) -> None:
    """Put what is made into a page that is being read."""
    source[0] = MARK.sub(lambda mark: "\n".join(MAKERS[mark[1]]()), source[0])


def outdated(_app: Sphinx, env: Any, *_: object) -> list[str]:  # noqa: ANN401 - Sphinx's environment
    """Pages with something made in them: they change with the program, so they are always read again."""
    pages = {page: env.doc2path(page) for page in env.found_docs}
    return [page for page, path in pages.items() if path.suffix == ".md" and MARK.search(path.read_text("utf-8"))]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_object_type("key", "key", "single: %s (key)")
    app.add_object_type("column", "column", "single: %s (column)")
    app.connect("source-read", fill)
    app.connect("env-get-outdated", outdated)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
