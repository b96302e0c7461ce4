"""Whatever a user's file holds: it loads, or it gives exactly one `InputError` of one line. Nothing else ever."""

from __future__ import annotations

import contextlib
import copy
import io
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from tests.tiers import examples
from twin.catalogue import load_pack, load_station, load_timing, load_truck, load_with_provenance, names, with_overrides
from twin.catalogue.load import models_folder
from twin.catalogue.safe_yaml import MAX_BYTES, MAX_DEPTH, MAX_NODES
from twin.errors import InputError

SOURCES = {
    "station": models_folder() / "stations" / "chassis.yaml",
    "truck": models_folder() / "trucks" / "chassis_tractor_3.yaml",
    "pack": models_folder() / "packs" / "cab_282.yaml",
    "timing": models_folder() / "timing" / "top_lift" / "factory.yaml",
}
ROOTS = {kind: YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")) for kind, path in SOURCES.items()}


def refusal(kind: str, content: str | bytes, folder: Path) -> str:
    """The one line that refuses a file."""
    path = folder / "mine.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(InputError) as caught:
        load_with_provenance(kind, path)
    line = str(caught.value)
    assert line.startswith(f"{path}: ")
    assert "\n" not in line
    assert len(line) < 2000
    return line.removeprefix(f"{path}: ")


def edited(kind: str, old: str, new: str) -> str:
    text = SOURCES[kind].read_text(encoding="utf-8")
    assert text.count(old) >= 1, old
    return text.replace(old, new, 1)


def dump(root: Any) -> str:
    stream = io.StringIO()
    YAML(typ="safe", pure=True).dump(root, stream)
    return stream.getvalue()


# ------------------------------------------------------------------------------- what the line says, mistake by mistake


@pytest.mark.parametrize(
    ("kind", "old", "new", "said"),
    [
        (
            "pack",
            "mass_kg: {value: 3000,",
            "mass_kg: {value: -3000,",
            "out of range, got -3000 (allowed: above 0)",
        ),
        ("pack", "mass_kg: {value: 3000,", "mass_kg: {value: 5000,", "mass_kg 5000.0 must lie in 2800.0 to 3200.0"),
        (
            "pack",
            "mass_kg: {value: 3000,",
            "mas_kg: {value: 3000,",
            "mas_kg: unknown key (did you mean mass_kg?) [and 1 more]",
        ),
        ("pack", "mass_kg: {value: 3000,", "extra_kg: 1\nmass_kg: {value: 3000,", "extra_kg: unknown key"),
        (
            "pack",
            "0.610865,",
            "1.5,",
            "lead_in_angle_rad: out of range, got 1.5 (allowed: above 0.1 and below 1.4)",
        ),
        ("pack", "0.610865,", ".nan,", "guides.lead_in_angle_rad.value: must be a finite number, got '.nan'"),
        ("pack", "0.610865,", "-.inf,", "must be a finite number, got '-.inf'"),
        ("pack", "0.610865,", "1e999,", "number is too large, got '1e999'"),
        ("pack", "0.610865,", '"0.6",', "must be a number, got '0.6'"),
        ("pack", "0.610865,", "true,", "must be a number, got True"),
        ("pack", "0.610865,", "~,", "must be a number, got 'nothing'"),
        ("pack", "0.610865, estimate", "0.610865, estimat", "unknown provenance tag (did you mean estimate?)"),
        (
            "pack",
            "name: cab_282",
            "name: Cab 282",
            "name: not a valid name, got 'Cab 282' (allowed: a-z, 0-9 and _",
        ),
        ("pack", "name: cab_282", "name: cab_282\nname: other", "name: key given twice"),
        (
            "pack",
            "[0.0, 0.95]",
            "[0.0, 0.95, 1.0]",
            "too many values: 3 (allowed: a list of 2 values, each -100 to 100)",
        ),
        ("pack", "[0.0, 0.95]", "[0.0]", "guides.round_xy_m[1]: is missing (allowed: -100 to 100)"),
        ("pack", "[0.0, 0.95]", "[0.0, 9.5]", "guides.round_xy_m (0.0, 9.5) lies outside the pack"),
        (
            "pack",
            "pin_length_m: {value: 0.14,",
            "pin_length_m: {value: 0.02,",
            "pin_length_m 0.02 must be above the lead-in",
        ),
        (
            "truck",
            "mount: chassis",
            "mount: roof",
            "mount: unknown value, got 'roof' (allowed: one of back_of_cab",
        ),
        (
            "truck",
            "wheelbase_m: {value: 4.475,",
            "wheelbase_m: {value: 4.4,",
            "wheelbase_m 4.4 must equal front_axle.x_m",
        ),
        ("truck", "braked: true", "braked: yes", "front_axle.braked: must be true or false, got 'yes'"),
        (
            "truck",
            "sprung_inertia_kgm2: {value: [16000,",
            "sprung_inertia_kgm2: {value: [300000,",
            "sum of the other two",
        ),
        (
            "station",
            "plc_hz: {value: 100,",
            "plc_hz: {value: 90,",
            "rates: plc_hz 90 must divide physics_hz 500",
        ),
        (
            "station",
            "plc_hz: {value: 100,",
            "plc_hz: {value: 100.5,",
            "a whole number, got 100.5 (allowed: whole number 50 to",
        ),
        (
            "station",
            "plc_hz: {value: 100,",
            "plc: {value: 100,",
            "rates.plc: unknown key (did you mean plc_hz?) [and 1 more]",
        ),
        (
            "station",
            "position_min_m: {value: -4.0,",
            "position_min_m: {value: 5.0,",
            "position_min_m 5.0 must be below",
        ),
        ("station", "velocity_mps: {value: 0.60,", "velocity_mps: {value: 0.90,", "at most velocity_empty_mps 0.6"),
        (
            "station",
            "type: floating_table",
            "type: rubber",
            "reeving: unknown type, got 'rubber' (allowed: four_rope",
        ),
        (
            "station",
            "type: floating_table",
            "typ: floating_table",
            "reeving: type is missing (allowed: four_rope",
        ),
        (
            "station",
            "travel_m: {value: 0.030,",
            "travel_m: {value: -0.030,",
            "reeving.travel_m: out of range, got -0.03",
        ),
        (
            "station",
            "lateral_warn_n: {value: 3000,",
            "lateral_warn_n: {value: 7000,",
            "7000 must be below lateral_abort_n 6000",
        ),
        ("station", "x_m: 2.80", "x_m: 7.80", "slots[1].x_m 7.8 is outside axis x: -4.0 to 4.0"),
        (
            "station",
            "filled: true, robot: 0",
            "filled: 1, robot: 0",
            "slots[1].filled: must be true or false, got 1",
        ),
        ("station", "brake_force_n: {value: 39200,", "brake_force_n: {value: 16000,", "it could not hold it"),
        (
            "timing",
            "shaper: zv",
            "shaper: zvx",
            "default.shaper: unknown value, got 'zvx' (allowed: one of none, zv",
        ),
        (
            "timing",
            "overlap_s: 0.0}",
            "overlap_s: 0.0}\nphases: {lowr: {}}",
            "phases.lowr: unknown phase, allowed: lower",
        ),
        (
            "timing",
            "overlap_s: 0.0}",
            "overlap_s: 0.0}\nphases: {grip: {sway_damping: 0.3}}",
            "phases.grip.sway_damping: nothing comes down on ropes there, allowed: in lower, store, pick, insert",
        ),
        ("timing", "velocity_fraction: 1.0", "velocity_fraction: 1.1", "got 1.1 (allowed: above 0 and at most 1)"),
        (
            "timing",
            "provenance: {chosen:",
            "provenance: {guess:",
            "provenance: unknown provenance tag, got 'guess'",
        ),
    ],
)
def test_a_mistake_is_reported_with_key_value_and_allowed_range(
    kind: str, old: str, new: str, said: str, tmp_path: Path
) -> None:
    assert said in re.sub(r"line \d+: ", "", refusal(kind, edited(kind, old, new), tmp_path))


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        ("pack", "pin_diameter_m: {value: 0.055,", "pin_diameter_m: {value: -0.055,"),
        ("pack", "engage_m: {value", "engage: {value"),
        ("truck", "front_axle:", "front_axel:"),
        ("station", "travel_m: {value: 0.030,", "travel_m: {value: -0.030,"),
        ("station", "- {x_m: 2.80, y_m: 0.0", "- {x_m: 2.80, y_m: far"),
    ],
)
def test_the_line_number_is_that_of_the_mistake(kind: str, old: str, new: str, tmp_path: Path) -> None:
    content = edited(kind, old, new)
    found = re.search(r"line (\d+): ", refusal(kind, content, tmp_path))
    assert found is not None
    assert new in content.splitlines()[int(found[1]) - 1]


BOMB = "a: &a [x, x, x]\nb: &b [*a, *a, *a]\nc: &c [*b, *b, *b]\nd: [*c, *c, *c]\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "must hold a mapping (key: value lines), has nothing"),
        ("- 1\n", "must hold a mapping (key: value lines), has a list"),
        ("just words", "has 'just words'"),
        ("name: [1, 2", "not valid YAML"),
        ("name: cab\n\tmass_kg: 3\n", "line 2"),
        (BOMB, "line 1: YAML anchors and aliases are not allowed"),
        ("a: *nowhere\n", "anchors and aliases"),
        ("name: !!python/object/apply:os.system ['true']\n", "YAML tags are not allowed"),
        ("name: !!str cab\n", "YAML tags are not allowed"),
        ("name: ! cab\n", "YAML tags are not allowed"),
        ("!!map {name: cab}\n", "YAML tags are not allowed"),
        ("<<: {name: cab}\n", "YAML merge keys (<<) are not allowed"),
        ("%YAML 1.1\n---\nname: cab\n", "YAML directives"),
        ("name: cab\n---\nname: cab\n", "more than one YAML document"),
        ("? [1, 2]\n: 3\n", "a key must be plain text"),
        ("a: " + "[" * 40 + "]" * 40, f"nested too deeply, at most {MAX_DEPTH} levels"),
        ("{" * 5000, "line 1"),
        ("a: [" + "1," * (MAX_NODES + 1) + "]", "too many values"),
        ("a: " + "9" * 5000, "number is too large"),
        ("name: 2026-11-22\na: 1_000", "a: line 2: unknown key"),
        (b"\xff\xfe\x00a\x00:", "is not UTF-8 text: byte 0 is 0xff"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is not UTF-8 text"),
        (b"name: a\x00b\n", "not valid YAML"),
        (b"name: \x1b[31mred\n", "not valid YAML"),
        (b"#" * (MAX_BYTES + 1), f"file is too large (allowed: up to {MAX_BYTES} bytes)"),
    ],
)
def test_hostile_yaml_is_refused(content: str | bytes, said: str, tmp_path: Path) -> None:
    assert said in refusal("pack", content, tmp_path)


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    fifo = tmp_path / "pipe.yaml"
    os.mkfifo(fifo)
    missing, folder, loop = tmp_path / "missing.yaml", tmp_path / "folder.yaml", tmp_path / "loop.yaml"
    folder.mkdir()
    loop.symlink_to(loop)
    too_long = tmp_path / ("x" * 300 + ".yaml")
    for path, said in (
        (missing, "no such file"),
        (folder, "is not a regular file"),
        (fifo, "is not a regular file"),
        (loop, "cannot be read|no such file"),
        (too_long, "cannot be read"),
        (Path("/dev/zero"), "is not a regular file"),
    ):
        with pytest.raises(InputError, match=said):
            load_with_provenance("pack", path)
    with pytest.raises(InputError):
        load_pack("a\0b.yaml")


def test_an_unknown_name_lists_what_there_is_and_names_the_nearest() -> None:
    with pytest.raises(InputError) as caught:
        load_pack("cab_283")
    assert str(caught.value).startswith(
        "pack: unknown pack (did you mean cab_282?), got 'cab_283' (allowed: cab_141, cab_282, cab_350, cab_423, "
    )
    for load in (load_station, load_truck, load_pack):
        with pytest.raises(InputError, match="unknown"):
            load("nothing like it")
        with pytest.raises(InputError, match="unknown"):
            load("")
    with pytest.raises(InputError, match="unknown timing set.*allowed: careful, factory"):
        load_timing("fast", "chassis")
    with pytest.raises(InputError, match="unknown station"):
        load_timing("factory", "chasis")
    for ask in (lambda: names("trucks"), lambda: load_with_provenance("trucks", "tractor_6x4")):
        with pytest.raises(InputError, match="unknown kind.*allowed: station, truck, pack, timing"):
            ask()


def test_a_timing_set_of_another_station_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="kind: timing set is not for station chassis, got 'top_lift'"):
        load_timing(SOURCES["timing"], "chassis")
    own = tmp_path / "own.yaml"
    own.write_text(edited("timing", "station: top_lift", "station: top_lift_mast"))
    assert load_timing(own, "top_lift_mast").name == "own"
    with pytest.raises(InputError, match="station: timing set is not for station top_lift, got 'top_lift_mast'"):
        load_timing(own, "top_lift")


# ----------------------------------------------------------------------------------------------------- users' own files


def test_own_files_may_leave_provenance_out_and_it_shows(tmp_path: Path) -> None:
    path = tmp_path / "own.yml"
    path.write_text(edited("pack", 'mass_kg: {value: 3000, derived: "middle of the sourced range"}', "mass_kg: 3100"))
    pack, provenance = load_with_provenance("pack", path)
    assert pack.mass_kg == 3100.0  # type: ignore[attr-defined]
    assert provenance["mass_kg"].tag == "unstated"
    assert provenance["mass_max_kg"] == ("sourced", "Geely 3.2 t, digitimes.com 2022-03-23")
    assert provenance["locks.xy_m[3][1]"].tag == "estimate"


def test_an_own_station_uses_the_timing_sets_of_its_kind(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(edited("station", "name: chassis", "name: my_station"))
    station = load_station(path)
    assert load_timing("factory", station).station == "chassis"


# ------------------------------------------------------------------------------------------------------------ overrides


def test_overrides_give_a_checked_copy_and_leave_the_original() -> None:
    station = load_station("top_lift")
    other = with_overrides(
        station,
        {"limits.rated_load_kg": 4200, "slots[5].filled": True, "slots.0.filled": False, "robots.home_x_m": [0.5]},
    )
    assert (other.limits.rated_load_kg, other.slots[5].filled, other.slots[0].filled) == (4200.0, True, False)
    assert other.robots.home_x_m == (0.5,)
    assert station == load_station("top_lift")
    timing = with_overrides(load_timing("factory", station), {"phases.lower": {"shaper": "zvd"}})
    assert timing.of("lower").shaper == "zvd"
    slower = with_overrides(timing, {"default.creep_speed_mps": 0.05, "phases.insert.velocity_fraction": 0.5})
    assert slower.of("insert") == slower.default.model_copy(update={"velocity_fraction": 0.5})
    assert slower.of("lower") == timing.of("lower")
    with pytest.raises(InputError, match=r"phases.lowr: unknown phase, allowed: lower"):
        with_overrides(timing, {"phases.lowr.velocity_fraction": 0.5})


def test_sway_damping_is_refused_where_nothing_hangs() -> None:
    hangs = load_timing("factory", load_station("top_lift"))
    assert with_overrides(hangs, {"default.sway_damping": 0.3}).of("lower").sway_damping == 0.3
    on_table = load_timing("factory", load_station("chassis"))
    for path in ("default.sway_damping", "phases.insert.sway_damping"):
        with pytest.raises(InputError, match=rf"{path}: nothing comes down on ropes there, allowed: 0"):
            with_overrides(on_table, {path: 0.3})


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("limits.rated_load_k", 1, "limits.rated_load_k: unknown key (did you mean rated_load_kg?)"),
        ("limit.rated_load_kg", 1, "unknown key (did you mean limits?)"),
        ("limits.rated_load_kg", -1, "limits.rated_load_kg: out of range, got -1 (allowed: above 0)"),
        ("limits.rated_load_kg", float("nan"), "limits.rated_load_kg: must be a finite number"),
        ("limits.rated_load_kg", float("inf"), "limits.rated_load_kg: must be a finite number"),
        ("limits.rated_load_kg", "4200", "must be a number, got '4200'"),
        ("limits.rated_load_kg.more", 1, "owner is a plain value"),
        ("limits", {"rated_load_kg": 1}, "is missing [and"),
        ("slots[8].filled", True, "no such item, got 8 (allowed: 0 to 7)"),
        ("slots[x].filled", True, "no such item"),
        ("reeving.type", "mast", "reeving."),
        ("", 1, "unknown key"),
        (".", 1, "unknown key"),
        ("limits.", 1, "unknown key"),
        ("rates.plc_hz", 90, "must divide"),
    ],
)
def test_a_bad_override_names_its_key(key: str, value: object, said: str) -> None:
    with pytest.raises(InputError) as caught:
        with_overrides(load_station("top_lift"), {key: value})
    assert said in str(caught.value)


# -------------------------------------------------------------------------------------------------- any single mutation


def leaves(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every mapping entry and list item."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [p for key, child in items for p in ((*path, key), *leaves(child, (*path, key)))]


def parent_of(root: Any, path: tuple[Any, ...]) -> Any:
    for part in path[:-1]:
        root = root[part]
    return root


WRONG = st.one_of(
    st.sampled_from([None, True, "", "x", "1", [], {}, [None], {"value": 1}, {"value": {}, "estimate": "e"}]),
    st.sampled_from([float("nan"), float("inf"), -float("inf"), -1.0, -1e9, 1e300, 10**40, 0, -0.0]),
    st.text(max_size=8),
    st.integers(),
    st.floats(),
    st.recursive(st.none() | st.booleans() | st.text(max_size=3), lambda c: st.lists(c, max_size=3)),
)


def loads_or_refuses(kind: str, content: bytes, folder: Path) -> str | None:
    """None if it loaded, else the line. Any other exception fails the test."""
    path = folder / "mutant.yaml"
    path.write_bytes(content)
    try:
        load_with_provenance(kind, path)
    except InputError as error:
        line = str(error)
        assert line.startswith(str(path))
        assert "\n" not in line
        return line
    return None


MUTANTS = settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])


@MUTANTS
@given(kind=st.sampled_from(["truck", "pack", "timing"]), data=st.data())
def test_a_wrong_value_anywhere_gives_one_line_or_a_model(kind: str, data: st.DataObject, tmp_path: Path) -> None:
    root = copy.deepcopy(ROOTS[kind])
    path = data.draw(st.sampled_from(leaves(root)))
    parent_of(root, path)[path[-1]] = data.draw(WRONG)
    loads_or_refuses(kind, dump(root).encode(), tmp_path)


@MUTANTS
@given(kind=st.sampled_from(["truck", "pack", "timing"]), data=st.data(), key=st.text(min_size=1, max_size=12))
def test_an_unknown_key_anywhere_is_refused(kind: str, data: st.DataObject, key: str, tmp_path: Path) -> None:
    root = copy.deepcopy(ROOTS[kind])
    mappings = [(), *(p for p in leaves(root) if isinstance(parent_of(root, (*p, None)), dict))]
    owner = parent_of(root, (*data.draw(st.sampled_from(mappings)), None))
    if key in owner or key in ("phases", "provenance", "shaper_frequency_hz"):
        return
    owner[key] = 1.0
    assert loads_or_refuses(kind, dump(root).encode(), tmp_path) is not None


@MUTANTS
@given(kind=st.sampled_from(["truck", "pack"]), data=st.data())
def test_a_dropped_key_is_refused(kind: str, data: st.DataObject, tmp_path: Path) -> None:
    root = copy.deepcopy(ROOTS[kind])
    needed = [p for p in leaves(root) if p[-1] not in ("default_pack", "body") and p[0] not in ("locks", "seats_xyz_m")]
    path = data.draw(st.sampled_from(needed))
    owner = parent_of(root, path)
    del owner[path[-1]]
    assert loads_or_refuses(kind, dump(root).encode(), tmp_path) is not None


@settings(max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_wrong_value_anywhere_in_a_station(data: st.DataObject, tmp_path: Path) -> None:
    root = copy.deepcopy(ROOTS["station"])
    path = data.draw(st.sampled_from(leaves(root)))
    parent_of(root, path)[path[-1]] = data.draw(WRONG)
    loads_or_refuses("station", dump(root).encode(), tmp_path)


@MUTANTS
@given(data=st.data())
def test_swapped_values_give_one_line_or_a_model(data: st.DataObject, tmp_path: Path) -> None:
    root = copy.deepcopy(ROOTS["pack"])
    places = st.sampled_from([p for p in leaves(root) if p[-1] not in ("value", "estimate", "sourced", "derived")])
    a, b = data.draw(places), data.draw(places)
    if a[: len(b)] == b or b[: len(a)] == a:
        return
    owner_a, owner_b = parent_of(root, a), parent_of(root, b)
    owner_a[a[-1]], owner_b[b[-1]] = owner_b[b[-1]], owner_a[a[-1]]
    loads_or_refuses("pack", dump(root).encode(), tmp_path)


PACK = load_pack("cab_282")
TEXTS = {kind: path.read_bytes() for kind, path in SOURCES.items()}


@MUTANTS
@given(
    at=st.integers(min_value=0, max_value=len(TEXTS["pack"])),
    cut=st.integers(min_value=0, max_value=40),
    put=st.binary(max_size=6) | st.text(alphabet="{}[]:,-?!&*#|>%@`'\"\n\t <.0123456789eE", max_size=6).map(str.encode),
)
@example(at=0, cut=0, put=b"\xef\xbb\xbf")
def test_damaged_bytes_give_one_line_or_a_model(at: int, cut: int, put: bytes, tmp_path: Path) -> None:
    text = TEXTS["pack"]
    loads_or_refuses("pack", text[:at] + put + text[at + cut :], tmp_path)


@MUTANTS
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_anything_at_all_is_refused_with_one_line(content: bytes, tmp_path: Path) -> None:
    assert loads_or_refuses("truck", content, tmp_path) is not None


@MUTANTS
@given(key=st.text(max_size=30) | st.sampled_from(["limits.rated_load_kg", "slots[0]", "slots.-1"]), value=WRONG)
def test_any_override_gives_an_input_error_or_a_model(key: str, value: object) -> None:
    with contextlib.suppress(InputError):
        with_overrides(PACK, {key: value})
