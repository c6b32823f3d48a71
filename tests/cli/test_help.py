"""Help pages: groups by purpose, and examples that can be typed."""

import shlex

import pytest
from typer.main import get_command

from ngpc_sim.cli.commands import app
from ngpc_sim.cli.examples import EXAMPLES
from ngpc_sim.cli.help_pages import COMMANDS, OPTIONS, OTHER

ROOT = get_command(app)
#: what no purpose has
OF_THE_COMMAND = {"--version", "--install-completion", "--show-completion", "--help"}


def commands(command=ROOT, path="ngpc-sim"):
    """Every command and group of commands by its words."""
    found = {path: command}
    for name, below in getattr(command, "commands", {}).items():
        found |= commands(below, f"{path} {name}")
    return found


def parsed(words):
    """Words of a command line, parsed as the command does; a mistake in usage is raised."""
    context, rest = ROOT.make_context("ngpc-sim", list(words)), []
    while getattr(context.command, "commands", None):
        rest = [*context._protected_args, *context.args]
        if not rest:
            break
        name, command, rest = context.command.resolve_command(context, rest)
        context = command.make_context(name, rest, parent=context)
    return context


@pytest.mark.parametrize("path", commands())
def test_every_page_ends_in_examples_of_its_command(run, path):
    ran = run(*path.split()[1:], "--help")
    assert (ran.status, ran.err) == (0, "")
    examples = ran.out.partition("\nExamples:\n")[2].splitlines()
    typed = [line.strip() for line in examples if line.startswith("  ngpc-sim")]
    assert typed == [words for words, _ in EXAMPLES[path]]
    assert typed
    assert all(words == path or words.startswith(f"{path} ") for words in typed)


@pytest.mark.parametrize("words", [words for examples in EXAMPLES.values() for words, _ in examples])
def test_every_example_parses(words):
    context = parsed(shlex.split(words)[1:])
    assert commands()[context.command_path] is context.command or context.command_path == "ngpc-sim"


def test_what_is_mistyped_does_not_parse():
    with pytest.raises(Exception, match="No such option"):
        parsed(["--scael", "8"])
    with pytest.raises(Exception, match="Missing parameter: second"):
        parsed(["compare", "out/a"])


def test_no_example_is_of_a_command_that_is_gone():
    assert set(EXAMPLES) == set(commands())


def test_options_of_the_main_job_and_commands_are_grouped_by_purpose(run):
    out = run("--help").out
    for title in (*OPTIONS, *COMMANDS):
        assert (f"\n{title}:\n" in out) == (title not in {"The scene", "The camera"})
    others = out.partition(f"\n{OTHER}:\n")[2].partition("\n\n")[0]
    flags = {word.rstrip(",") for word in others.split() if word.startswith("--")}
    assert flags == OF_THE_COMMAND
    assert "Other commands" not in out
    assert "\nCommands:\n" not in out


def test_no_option_is_in_two_groups():
    named = [name for names in OPTIONS.values() for name in names]
    assert len(named) == len(set(named))
    options = {name.lstrip("-") for command in commands().values() for one in command.params for name in one.opts}
    assert set(named) <= options
