"""The command line: cheap help, exit codes, one line for a mistake, one JSON object on standard output."""

from __future__ import annotations

import io
import json
import os
import shlex
import stat
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import numpy as np
import pytest
import typer

import swaptwin
from twin import console
from twin.errors import InputError

ROOT = Path(__file__).resolve().parents[3]


def one_line(text: str) -> str:
    assert text.count("\n") == 1, f"not one line: {text!r}"
    assert "Traceback" not in text
    return text


@pytest.fixture
def with_command(monkeypatch):
    """Puts a function into the table of commands under the name `probe`."""

    def put(function) -> None:
        module = type(sys)("a_test_command")
        module.command = function
        monkeypatch.setitem(sys.modules, "a_test_command", module)
        monkeypatch.setitem(swaptwin.COMMANDS, "probe", ("a_test_command:command", "A test's command."))

    return put


def test_help_lists_every_command_and_imports_none_of_the_heavy_modules():
    code = (
        "import sys, swaptwin; code = swaptwin.main(['--help']);"
        "heavy = {'numpy', 'numba', 'scipy', 'pybullet', 'pydantic', 'mcap', 'foxglove', 'ruamel'} & set(sys.modules);"
        "ours = [name for name in sys.modules if name.startswith('twin.commands.')];"
        "sys.exit(f'{code} {heavy} {ours}' if code or heavy or ours else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for name, (_, help_line) in swaptwin.COMMANDS.items():
        assert name in done.stdout
        assert help_line[:30] in done.stdout


def test_no_arguments_shows_the_help(run_swaptwin):
    done = run_swaptwin()
    assert done.returncode == 0
    assert "Usage: swaptwin" in done.stdout


def test_version(run_swaptwin):
    done = run_swaptwin("--version")
    assert (done.returncode, done.stdout.split()[0]) == (0, "swaptwin")


@pytest.mark.parametrize("name", sorted(swaptwin.COMMANDS))
def test_every_command_has_help_that_says_json(run_swaptwin, name):
    done = run_swaptwin(name, "--help")
    if "no such command" in done.stderr:
        pytest.skip(f"{name} is not built yet")
    assert done.returncode == 0, done.stderr
    assert f"Usage: swaptwin {name}" in done.stdout
    if "COMMAND [ARGS]" not in done.stdout:
        assert "--json" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["swp"], ["No such command 'swp'", "'swap'"]),
        (["--nonsense"], ["No such option", "--nonsense"]),
        (["doctor", "--nonsense"], ["No such option", "swaptwin doctor --help"]),
        (["doctor", "surplus"], ["surplus", "swaptwin doctor --help"]),
        (["doctor", "two\nlines"], ["two", "lines"]),
    ],
)
def test_a_usage_error_is_one_line_and_exit_2(run_swaptwin, arguments, words):
    done = run_swaptwin(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    line = one_line(done.stderr)
    assert line.startswith("error: ")
    assert all(word in line for word in words)


def test_bad_input_is_one_line_on_stderr_and_exit_2(with_command, capsys):
    def command(json: bool = False) -> None:
        raise InputError("above\nthe limit", file="a.yaml", key="hoist.speed_mps", value=9.0, allowed="0 to 0.5")

    with_command(command)
    assert swaptwin.main(["probe", "--json"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert one_line(said.err) == "error: a.yaml: hoist.speed_mps: above the limit, got 9.0 (allowed: 0 to 0.5)\n"


def test_an_error_cannot_drive_the_terminal(with_command, capsys):
    def command() -> None:
        raise InputError("unknown key", file="a.yaml", key="\x1b[31mred\x07")

    with_command(command)
    assert swaptwin.main(["probe"]) == 2
    assert one_line(capsys.readouterr().err) == "error: a.yaml: \\x1b[31mred\\x07: unknown key\n"


def test_a_run_that_failed_exits_1_and_success_0(with_command):
    def command(code: int = 0) -> None:
        raise typer.Exit(code)

    with_command(command)
    assert swaptwin.main(["probe"]) == 0
    assert swaptwin.main(["probe", "--code", "1"]) == 1


def test_a_missing_value_or_a_wrong_type_is_one_line(with_command, capsys):
    def command(seed: int = typer.Option(...)) -> None:
        raise AssertionError("must not run")

    with_command(command)
    for arguments in (["probe"], ["probe", "--seed"], ["probe", "--seed", "seven"]):
        assert swaptwin.main(arguments) == 2
        assert "--seed" in one_line(capsys.readouterr().err)


def test_ctrl_c_is_one_line_and_exit_130(with_command, capsys):
    def command() -> None:
        raise KeyboardInterrupt

    with_command(command)
    assert swaptwin.main(["probe"]) == 130
    assert one_line(capsys.readouterr().err) == "error: interrupted\n"


def test_a_mistake_of_ours_is_not_hidden(with_command):
    def command() -> None:
        raise ZeroDivisionError

    with_command(command)
    with pytest.raises(ZeroDivisionError):
        swaptwin.main(["probe"])


def test_a_command_that_is_not_there_or_lacks_a_package_is_one_line(monkeypatch, tmp_path, capsys):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "needs_more.py").write_text("import a_package_nobody_has\n")
    monkeypatch.setitem(swaptwin.COMMANDS, "absent", ("twin.commands.not_written:command", "-"))
    monkeypatch.setitem(swaptwin.COMMANDS, "needy", ("needs_more:command", "-"))
    assert swaptwin.main(["absent"]) == 1
    assert "no such command" in one_line(capsys.readouterr().err)
    assert swaptwin.main(["needy"]) == 1
    assert "'a_package_nobody_has'" in one_line(capsys.readouterr().err)


@pytest.mark.skipif(not hasattr(os, "pipe"), reason="needs pipes")
def test_a_reader_that_has_gone_is_quiet():
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "swaptwin", "doctor", "--help"],
        cwd=ROOT,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert done.stderr == ""
    assert done.returncode != 0


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_one_line_and_exit_1():
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "swaptwin", "--version"],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, one_line(done.stderr)) == (1, "error: output: No space left on device\n")


def test_emit_json_writes_one_object_with_numpy_in_it(capsys):
    console.emit_json({"seed": np.int64(7), "p_m": np.array([1.0, 2.0]), "path": Path("a/b"), "ok": np.bool_(True)})
    out = capsys.readouterr().out
    assert json.loads(out) == {"seed": 7, "p_m": [1.0, 2.0], "path": "a/b", "ok": True}
    assert out.endswith("}\n")


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), np.float32("nan"), np.array([0.0, -np.inf])])
def test_emit_json_refuses_what_json_has_not(bad, capsys):
    with pytest.raises(ValueError, match=r"result\.kpis\.peak_sway_rad"):
        console.emit_json({"kpis": {"peak_sway_rad": bad}})
    assert capsys.readouterr().out == ""


def test_progress_says_nothing_without_a_terminal(capsys):
    with console.progress("swap", total=3) as line:
        line.update("lower", completed=1)
    assert capsys.readouterr() == ("", "")


def test_a_long_run_says_where_it_is_in_a_redirected_log(monkeypatch, capsys):
    """In plain lines, though the block itself never looks up; a terminal's escapes have no place there."""
    for name, seconds in (("QUIET_S", 0.05), ("LINE_EVERY_S", 0.05)):
        monkeypatch.setattr(console, name, seconds)
    with console.progress("reading", total=4) as line:
        time.sleep(0.12)
        line.update("lower", completed=3)
        time.sleep(0.12)
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == ""
    assert lines[0] == "reading, 0 of 4, 0 s"
    assert lines[-1] == "lower, 3 of 4, 0 s"
    assert 2 <= len(lines) <= 4
    with console.progress("searching", total=1.0) as line:
        line.update(completed=0.352)
        time.sleep(0.08)
    assert capsys.readouterr().err == "searching, 35 %, 0 s\n"


def test_a_command_line_to_copy_is_quoted_for_the_shell(monkeypatch):
    """A log or recording with a blank in its name, or one of the shell's signs, is one word."""
    monkeypatch.setattr(console, "program", lambda: "my tools/swaptwin")
    words = ("import-log", "day 2 $x.csv", "--map", "it's.yaml")
    assert shlex.split(console.as_typed(*words)) == ["my tools/swaptwin", *words]
    assert console.as_typed("replay", "swap.mcap").endswith(" replay swap.mcap")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_on_a_terminal_is_on_stderr_only(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    monkeypatch.setenv("TERM", "xterm")
    with console.progress("swap [top_lift]", total=3) as line:
        for scan in range(1000):
            line.update("lower", completed=scan / 1000)
        line.update("grip [1/3]", completed=1, total=4)
        print("the result")
    assert "swap [top_lift]" in terminal.getvalue()
    assert "grip [1/3]" in terminal.getvalue()
    assert capsys.readouterr().out == "the result\n"


def test_write_target_accepts_new_and_existing_files_and_leaves_nothing(tmp_path):
    there = tmp_path / "there.json"
    there.write_text("old")
    assert console.write_target(there) == there
    assert console.write_target(str(tmp_path / "new.json")) == tmp_path / "new.json"
    assert os.listdir(tmp_path) == ["there.json"]
    assert there.read_text() == "old"


@pytest.mark.parametrize(
    "path", ["", "a\0b", ".", "no/such/folder/a.mcap", "/dev/null", "/proc/a.mcap", "x" * 300, "file/a.mcap"]
)
def test_write_target_refuses_what_cannot_be_written(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="--record"):
        console.write_target(path, key="--record")
    assert os.listdir(tmp_path) == ["file"]


def test_atomic_write_is_whole_or_nothing(tmp_path):
    target = tmp_path / "report.json"
    with console.atomic_write(target) as file:
        file.write(b"first")
    assert target.read_bytes() == b"first"
    assert stat.S_IMODE(target.stat().st_mode) & 0o400

    def fail_half_way() -> None:
        with console.atomic_write(target) as file:
            file.write(b"second, half wri")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert target.read_bytes() == b"first"
    assert os.listdir(tmp_path) == ["report.json"]


def test_constraints_pin_every_direct_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + [item for extra in project["optional-dependencies"].values() for item in extra]
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {line.split("==")[0].lower() for line in lines if line and not line.startswith("#")}
    assert all("==" in line for line in lines if line and not line.startswith("#"))
    names = {requirement.split(">")[0].split("=")[0].lower() for requirement in wanted}
    assert names <= pinned
