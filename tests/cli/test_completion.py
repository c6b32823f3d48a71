"""What the shell completes, asked as the scripts of bash and zsh ask."""

import os
import re
import subprocess

import pytest


@pytest.fixture
def bash(command):
    """What bash is given for the last of these words."""

    def call(*words):
        typed = {"COMP_WORDS": " ".join(["ngpc-sim", *words]), "COMP_CWORD": str(len(words))}
        env = {**os.environ, **typed, "_NGPC_SIM_COMPLETE": "complete_bash"}
        ran = subprocess.run([str(command)], env=env, capture_output=True, text=True, check=False)
        assert ran.stderr == ""
        return ran.stdout.split()

    return call


@pytest.mark.parametrize(
    ("words", "given"),
    [
        (("--app", "n"), ["nerf", "nsdf", "nvr"]),
        (("--app", "nerf,n"), ["nerf,nsdf", "nerf,nvr"]),
        (("--arch", "ngpc-"), ["ngpc-paper"]),
        (("--gpu", "rtx"), ["rtx3090", "rtx4090"]),
        (("--encoding", "dense"), ["densegrid"]),
        (("--resolution", "fhd,4"), ["fhd,4k"]),
        (("--trace", "gia"), ["gia-plane-fhd"]),
        (("--detail", ""), ["bound", "cycle", "sampled", "reference"]),
        (("--set", "nfp.mlp.row"), ["nfp.mlp.rows="]),
        (("sens",), ["sensitivity"]),
        (("sensitivity", "--key", "nfp.clock"), ["nfp.clock_ghz"]),
        (("sensitivity", "--method", "s"), ["sobol"]),
        (("explore", "--sampler", "t"), ["tpe"]),
        (("trace", "record", "nerf-"), ["nerf-object", "nerf-room"]),
        (("trace", "info", "nvr"), ["nvr-cloud-fhd"]),
        (("arch", "show", "ngpc-"), ["ngpc-paper"]),
        (("workload", "show", "gia-h"), ["gia-hashgrid"]),
        (("explain", "speedup_mo"), ["speedup_modelled"]),
        (("explain", "gpu.l2_m"), ["gpu.l2_mib"]),
        (("--power-b",), ["--power-budget"]),
        (("nonsense", "x"), []),
    ],
    ids=" ".join,
)
def test_bash_completes_names(bash, words, given):
    assert bash(*words) == given


def test_zsh_completes_names(command):
    env = {**os.environ, "_TYPER_COMPLETE_ARGS": "ngpc-sim --gpu x", "_NGPC_SIM_COMPLETE": "complete_zsh"}
    ran = subprocess.run([str(command)], env=env, capture_output=True, text=True, check=False)
    assert ran.stdout.strip() == "_arguments '*: :((\"xavier-nx\"))'"


@pytest.mark.parametrize(("shell", "file"), [("bash", ".bashrc"), ("zsh", ".zshrc")])
def test_completion_is_installed_for_a_shell(installed, tmp_path, shell, file):
    home = tmp_path / "home"
    home.mkdir()
    # the shell is named, for a run without a shell around it would find none
    env = {**os.environ, "HOME": str(home), "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    ran = installed("--install-completion", shell, env=env)
    assert (ran.status, ran.err) == (0, "")
    scripts = [path for path in home.rglob("*") if path.is_file() and path.name != file]
    assert any(re.search("_NGPC_SIM_COMPLETE=complete_", path.read_text()) for path in scripts)
    assert (home / file).read_text()


def test_a_shell_that_sources_the_script_completes(command):
    """Bash itself runs the function that the script registers."""
    lines = f"""
        export PATH={command.parent}:$PATH _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION=1
        source <(ngpc-sim --show-completion bash)
        COMP_WORDS=(ngpc-sim --arch ngpc-); COMP_CWORD=2
        "$(complete -p ngpc-sim | sed 's/.*-F \\([^ ]*\\).*/\\1/')" ngpc-sim
        echo "${{COMPREPLY[@]}}"
    """
    ran = subprocess.run(["bash", "-c", lines], capture_output=True, text=True, check=True)  # noqa: S607
    assert ran.stdout.strip() == "ngpc-paper"
