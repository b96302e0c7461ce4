"""`swaptwin doctor`: what this machine can do, and how to fix the rest.

Everything that could crash or hang (engine, compiler, file formats) is tried in its own process, so that doctor always
reports it, and imports none of it.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Annotated, Literal

import typer

from twin import kernel_cache
from twin.console import emit_json, progress
from twin.extras import canonical, extra_of, install_command, needs, require
from twin.tables import print_table

ROOT = Path(__file__).resolve().parents[2]
PYTHON_NEEDED = (3, 11)
PROBE_TIMEOUT_S = 120.0  # the slowest, numba's first compile on a cold disk, takes seconds
MEMORY_NEEDED_BYTES = 2 * 1024**3  # a swap stays below 1 GiB; the tests run two processes
DISK_NEEDED_BYTES = 1 * 1024**3  # a recorded swap is some megabytes, an experiment a few hundred of them
REINSTALL = "make setup, or: pip install -c constraints.txt -e '.[viewer,envs,train,tune,dev]'"

REQUIRED_PACKAGES = {  # the dependencies of pyproject.toml (compared by a test), and their purpose
    "foxglove-sdk": "writing recordings",
    "mcap": "reading recordings",
    "numba": "compiled kernels",
    "numpy": "arrays",
    "orjson": "JSON",
    "zstandard": "compressed recordings",
    "protobuf": "the messages inside recordings",
    "pillow": "pictures of charts",
    "plotly": "charts of comparisons and of searches",
    "pyarrow": "reading logs",
    "pybullet": "the reference plant",
    "pydantic": "the catalogue's types",
    "rich": "tables and progress",
    "ruamel.yaml": "the catalogue's files",
    "scipy": "statistics and filters",
    "simpy": "a day of the station",
    "typer": "the command line",
}
OPTIONAL_PACKAGES = {
    "gymnasium": "the training environments",
    "torch": "training policies",
    "stable-baselines3": "training policies",
    "tensorboard": "watching a training run",
    "onnx": "writing policies as policy.onnx",
    "onnxscript": "writing policies as policy.onnx",
    "onnxruntime": "running policies from policy.onnx",
    "array-api-compat": "gymnasium's wrappers to torch",
    "optuna": "searching timing sets with its samplers",
    "cma": "searching timing sets by CMA-ES",
    "salib": "Sobol indices of saltelli designs",
    "ray": "experiments on several machines",
    "panda3d": "the 3D viewer",
    "imageio-ffmpeg": "videos of recordings",
    "moviepy": "videos by gymnasium's RecordVideo",
    "rerun-sdk": "opening recordings in Rerun",
}

PROBES = {
    "pybullet works": """
import pybullet
client = pybullet.connect(pybullet.DIRECT)
sphere = pybullet.createCollisionShape(pybullet.GEOM_SPHERE, radius=0.1, physicsClientId=client)
ball = pybullet.createMultiBody(1.0, sphere, physicsClientId=client)
pybullet.setGravity(0.0, 0.0, -9.81, physicsClientId=client)
pybullet.stepSimulation(physicsClientId=client)
fallen_m = -pybullet.getBasePositionAndOrientation(ball, physicsClientId=client)[0][2]
assert fallen_m > 0.0, "a ball did not fall"
numpy_text = "with numpy" if pybullet.isNumpyEnabled() else "without numpy (images are slow)"
print(f"one step taken, built {numpy_text}")
""",
    "numba compiles": """
import time
import numba, numpy
started = time.perf_counter()
total = numba.njit(lambda values: values.sum())(numpy.arange(10.0))
assert total == 45.0, f"a compiled sum is wrong: {total}"
print(f"a kernel compiled in {time.perf_counter() - started:.1f} s, {numba.get_num_threads()} threads")
""",
    "recording round trip": """
import warnings
import foxglove, mcap.reader
with foxglove.open_mcap("probe.mcap"):
    channel = foxglove.Channel("/probe", schema={"type": "object"})
    for count in range(3):
        channel.log({"count": count}, log_time=count)
with open("probe.mcap", "rb") as file:
    messages = [message.data for _, _, message in mcap.reader.make_reader(file).iter_messages()]
assert len(messages) == 3, f"3 messages written, {len(messages)} read"
print("an MCAP file written and read back")
""",
}

PICTURE_PROBE = """
from twin.viewer.graphics.offscreen import Offscreen
import imageio_ffmpeg
with Offscreen((64, 64)) as offscreen:
    assert offscreen.picture().shape == (64, 64, 3), "a picture has the wrong size"
    drawn_by = offscreen.driver
imageio_ffmpeg.get_ffmpeg_exe()
print(f"drawn by {drawn_by}; ffmpeg for videos")
"""
PICTURE_FIX = f"on Debian: apt install libegl1 libgl1-mesa-dri; and {install_command('viewer')}"

Status = Literal["ok", "to do", "missing", "broken"]


@dataclass(frozen=True)
class Check:
    """One line of the report. Only a required check that is not ok makes doctor fail."""

    name: str
    status: Status
    detail: str
    fix: str | None = None  # remedy; an ok line may have advice too
    required: bool = True


def check_python() -> Check:
    version = platform.python_version()
    needed = ".".join(map(str, PYTHON_NEEDED))
    if sys.version_info[:2] == PYTHON_NEEDED and platform.python_implementation() == "CPython":
        return Check("python", "ok", f"CPython {version}")
    found = f"{platform.python_implementation()} {version}"
    return Check(
        "python", "broken", f"{found}; CPython {needed} is needed, pybullet has wheels for no later one", "make setup"
    )


def check_cores() -> Check:
    cores = usable_cores()
    advice = None if cores >= 2 else "experiments and training run one process per core: they will be slow"
    return Check("cores", "ok", f"{cores:g} usable of {os.cpu_count()}", advice)


def check_memory() -> Check:
    memory_bytes = usable_memory_bytes()
    if memory_bytes is None:
        return Check("memory", "ok", "not known on this system", required=False)
    advice = None if memory_bytes >= MEMORY_NEEDED_BYTES else "below 2 GiB: run one process at a time"
    return Check("memory", "ok", f"{memory_bytes / 1024**3:.1f} GiB usable", advice)


def check_disk() -> Check:
    free_bytes = shutil.disk_usage(Path.cwd()).free
    advice = None if free_bytes >= DISK_NEEDED_BYTES else "recordings need room: free some, or run in another folder"
    return Check("disk", "ok", f"{free_bytes / 1024**3:.1f} GiB free in this folder", advice)


def usable_cores() -> float:
    """The cores available to this process: its affinity, and its control group's quota if there is one."""
    cores: float = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = read_words("/sys/fs/cgroup/cpu.max")
    if len(quota) == 2 and quota[0].isdigit():
        cores = min(cores, int(quota[0]) / int(quota[1]))
    return cores


def usable_memory_bytes() -> int | None:
    """The memory of the machine, or the limit of this process's control group if that is lower."""
    try:
        memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return None
    limit = read_words("/sys/fs/cgroup/memory.max")
    return min(memory_bytes, int(limit[0])) if limit and limit[0].isdigit() else memory_bytes


def read_words(path: str) -> list[str]:
    try:
        return Path(path).read_text().split()
    except OSError:
        return []


def pinned_versions() -> Mapping[str, str]:
    """Package name to the version in constraints.txt; empty if there is no checkout beside the installed code."""
    try:
        lines = (ROOT / "constraints.txt").read_text().splitlines()
    except OSError:
        return {}
    pins = (line.split("#")[0].strip().partition("==") for line in lines)
    return {canonical(name): version for name, _, version in pins if version}


def check_package(package: str, purpose: str, pins: Mapping[str, str], *, required: bool) -> Check:
    pinned = pins.get(canonical(package))
    try:
        installed = metadata.version(package)
    except metadata.PackageNotFoundError:
        extra = extra_of(package)
        optional = f"{install_command(extra)}, or: {REINSTALL}" if extra else "nothing, until you use that part"
        fix = REINSTALL if required else optional
        return Check(package, "missing", f"not installed (needed for {purpose})", fix, required)
    if pinned and installed.partition("+")[0] != pinned:  # torch says 2.13.0+cpu: the same release, built for the CPU
        advice = f"{REINSTALL} (results repeat bit for bit only with the same versions)"
        return Check(package, "ok", f"{installed}, tested with {pinned}", advice, required)
    return Check(package, "ok", installed, None, required)


def run_probe(name: str, code: str) -> Check:
    """Run a few lines in a fresh interpreter and an empty folder; the last line, or the error, is the detail."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(
                [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=PROBE_TIMEOUT_S
            )
        except subprocess.TimeoutExpired:
            return Check(name, "broken", f"no answer within {PROBE_TIMEOUT_S:g} s", REINSTALL)
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    last_line = lines[-1] if lines else "no message"
    if done.returncode == 0:
        return Check(name, "ok", last_line)
    how = f"killed by signal {-done.returncode}: " if done.returncode < 0 else ""
    return Check(name, "broken", how + last_line, REINSTALL)


def check_kernel_cache() -> Check:
    """Check the folder of compiled kernels, and whether those of this version are there."""
    name = "compiled kernels"
    at = kernel_cache.folder()
    fix = "set NUMBA_CACHE_DIR or XDG_CACHE_HOME to a folder that can be written"
    if at is None:
        return Check(name, "broken", "there is no home folder to keep them in", fix)
    existing = next(parent for parent in (at, *at.absolute().parents) if parent.exists())
    try:
        tempfile.TemporaryFile(dir=existing).close()
    except OSError as error:
        return Check(name, "broken", f"{at} cannot be written: {error.strerror}", fix)
    if kernel_cache.is_compiled(kernel_cache.ALL):
        return Check(name, "ok", f"compiled; folder {at}")
    some = [what for what in kernel_cache.WORDS if kernel_cache.is_compiled(what)]
    state = f"only those of plant {' and '.join(some)} are compiled" if some else "not compiled yet"
    advice = "`make kernels` compiles all; otherwise the first run of each plant takes minutes longer"
    return Check(name, "to do", f"{state}; folder {at}", advice, required=False)


def check_display() -> Check:
    screen = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY")
    if screen:
        return Check("display", "ok", screen, required=False)
    detail = "none (only the viewer's window needs one)"
    return Check("display", "missing", detail, "not needed on a server", required=False)


def check_pictures() -> Check:
    """Check how pictures and videos can be drawn without a display."""
    try:
        require("panda3d")
    except ModuleNotFoundError:
        return Check("pictures", "missing", needs("panda3d"), install_command("viewer"), required=False)
    check = run_probe("pictures", PICTURE_PROBE)
    if check.status == "ok":
        advice = None if "p3tinydisplay" not in check.detail else PICTURE_FIX
        return Check("pictures", "ok", check.detail, advice, required=False)
    return Check("pictures", check.status, check.detail, PICTURE_FIX, required=False)


def examine(report: Callable[[str], None]) -> list[Check]:
    """Run every check, in the order of printing; `report` is called with the name of each."""
    pins = pinned_versions()
    report("checking machine and packages")
    checks = [check_python(), check_cores(), check_memory(), check_disk()]
    checks += [check_package(name, use, pins, required=True) for name, use in REQUIRED_PACKAGES.items()]
    report("trying physics engine, compiler, recordings")
    with ThreadPoolExecutor(max_workers=2) as pool:
        checks += pool.map(run_probe, PROBES.keys(), PROBES.values())
    checks.append(check_kernel_cache())
    report("trying optional parts, a picture among them")
    checks += [check_package(name, use, pins, required=False) for name, use in OPTIONAL_PACKAGES.items()]
    return [*checks, check_display(), check_pictures()]


def machine() -> dict[str, object]:
    """Data of the machine for results that depend on it."""
    return {
        "os": platform.platform(),
        "architecture": platform.machine(),
        "processor": processor_name(),
        "cores": usable_cores(),
        "memory_bytes": usable_memory_bytes(),
        "python": platform.python_version(),
    }


def processor_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or "unknown")


def print_report(checks: list[Check], about: Mapping[str, object]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    colours = {"ok": "green", "to do": "yellow", "missing": "yellow", "broken": "red"}
    table = Table(show_header=False)
    for _ in range(3):
        table.add_column()
    for check in checks:
        bad = check.required and check.status != "ok"
        found = Text(check.detail)
        if check.fix:
            found.append(f"\n-> {check.fix}", style="bold" if bad else "dim")
        table.add_row(Text(check.status, style="bold red" if bad else colours[check.status]), check.name, found)
    console = Console(highlight=False)
    console.print(f"{about['processor']}, {about['os']}\n", markup=False)
    print_table(console, table)
    failed = [check.name for check in checks if check.required and check.status != "ok"]
    console.print(f"\nNot ready: {', '.join(failed)}." if failed else "\nReady: everything the twin needs works.")


def command(
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the table.")] = False,
) -> None:
    """Check what this machine can do: Python, packages, physics engine, compiler, recordings, optional parts.

    Exits with 1 when something the twin needs is missing or broken.
    """
    with progress("checking machine and packages") as line:
        checks, about = examine(line.update), machine()
    ready = all(check.status == "ok" for check in checks if check.required)
    if json:
        emit_json({"ready": ready, "machine": about, "checks": checks})
    else:
        print_report(checks, about)
    raise typer.Exit(0 if ready else 1)
