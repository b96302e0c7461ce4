"""The step tables of a top-lift gantry and of a chassis robot, row by row.

The chassis table mirrors the other one (raise instead of lower, lower_out instead of lift_out); other differences (slot
locks, float lock, two robots on one rail) are in the rows themselves.
"""

from __future__ import annotations

from collections.abc import Callable

from twin.records import FORCE_ABORT, TIMEOUT
from twin.sequence import actions as do
from twin.sequence import decisions as go
from twin.sequence import load_actions as by_load
from twin.sequence.heights import TAKEN_SHARE
from twin.sequence.program import Step

GRIP_FAILED = {TIMEOUT: "!grip_failed"}
LOCK_STUCK = {TIMEOUT: "!lock_stuck"}


def _swap_table(kind: str, meet: str, out: str) -> list[Step]:
    """The common table; `meet` and `out` name the phases that differ between the kinds."""
    taken = TAKEN_SHARE[kind]
    return [
        Step(
            "ready", "identify", do.stand_ready(meet), gate=go.apart("truck_seat", meet), only_if=go.stands_ready(meet)
        ),
        Step("identify", "identify", do.dwell("identify_s", zero=True), only_if=go.first_robot, then=go.note_zeroed),
        Step("scan", "scan", do.scan_truck("scan_samples"), only_if=go.first_robot, then=go.take_pose),
        Step("scan_rest", "scan", do.rest_of_scan, only_if=go.first_robot, then=go.pose_known),
        Step("wait", meet, do.nothing, gate=go.truck_scanned, then=go.half_or_all),
        # old pack out of the truck
        Step("go", meet, do.go_to_truck(meet), gate=go.apart("truck_seat", meet), then=go.settled),
        Step("land", meet, do.land(meet, "truck_seat"), then=go.without_contact("land_off")),
        Step(
            "grip",
            "grip",
            do.grip("grip", True, "truck_seat", "old_pack"),
            then=go.retry("regrip", "lock_tries", "grip_failed"),
        ),
        Step(
            "take_slack",
            "unlock",
            by_load.take_weight("unlock", "truck_seat", "old_pack", taken, fast=True),
            only_if=go.takes_up_slack,
        ),
        Step("take_weight", "unlock", by_load.take_weight("unlock", "truck_seat", "old_pack", taken)),
        Step(
            "unlock",
            "unlock",
            do.locks("unlock", False, "truck_seat", "old_pack"),
            then=go.retry("relock", "lock_tries", "lock_stuck"),
        ),
        Step("creep_out", out, do.creep_out(out, "truck_seat", "old_pack")),
        Step("lift", out, do.retract(out, "truck_seat", "old_pack")),
        Step(
            "to_slot",
            "traverse_to_slot",
            do.traverse("traverse_to_slot", "put_seat", "old_pack"),
            gate=go.apart_and_free("put_seat", "traverse_to_slot"),
            then=go.settled,
        ),
        Step(
            "store",
            "store",
            do.set_down("store", "put_seat", "old_pack"),
            then=go.retry("store_back_off", "insert_tries", "jam"),
        ),
        Step(
            "store_lock",
            "store",
            do.locks("store", True, "put_seat", "old_pack"),
            only_if=go.slot_locks,
            failed=LOCK_STUCK,
        ),
        Step(
            "store_rest",
            "store",
            by_load.let_rest("store", "put_seat", "old_pack"),
            only_if=go.slot_locks,
            then=go.held_by_locks,
        ),
        Step("store_release", "store", do.grip("store", False, "put_seat", "old_pack"), failed=GRIP_FAILED),
        # new pack out of its slot
        Step("let_off", "traverse_to_full", do.let_off("traverse_to_full", "put_seat")),
        Step("raise_empty", "traverse_to_full", do.retract("traverse_to_full", "put_seat", None), then=go.stored),
        Step(
            "to_full",
            "traverse_to_full",
            do.traverse("traverse_to_full", "take_seat", None),
            gate=go.apart("take_seat", "traverse_to_full"),
            then=go.settled,
        ),
        Step("pick_land", "pick", do.land("pick", "take_seat"), then=go.without_contact("pick_land_off")),
        Step(
            "pick_grip",
            "pick",
            do.grip("pick", True, "take_seat", "new_pack"),
            then=go.retry("pick_regrip", "lock_tries", "grip_failed"),
        ),
        Step("pick_weight", "pick", by_load.take_weight("pick", "take_seat", "new_pack", taken), only_if=go.slot_locks),
        Step(
            "pick_unlock",
            "pick",
            do.locks("pick", False, "take_seat", "new_pack"),
            only_if=go.slot_locks,
            failed=LOCK_STUCK,
        ),
        Step("pick_creep_out", "pick", do.creep_out("pick", "take_seat", "new_pack")),
        Step("pick_lift", "pick", do.retract("pick", "take_seat", "new_pack", scans=True)),
        Step(
            "pick_scan",
            "pick",
            do.scan_truck("rescan_samples", kept=True),
            only_if=go.blends("rescan"),
            then=go.take_new_pose,
        ),
        # new pack into the truck
        Step(
            "to_truck",
            "traverse_to_truck",
            do.traverse("traverse_to_truck", "truck_seat", "new_pack"),
            gate=go.apart_and_free("truck_seat", "traverse_to_truck"),
            then=go.settled_over_truck,
        ),
        Step("rescan", "rescan", do.scan_truck("rescan_samples"), then=go.take_new_pose),
        Step("align", "align", do.traverse("align", "truck_seat", "new_pack"), then=go.settled),
        Step("insert", "insert", do.set_down("insert", "truck_seat", "new_pack"), then=go.inserted),
        Step(
            "lock",
            "lock",
            do.locks("lock", True, "truck_seat", "new_pack"),
            then=go.retry("unlock_again", "lock_tries", "lock_stuck"),
        ),
        Step(
            "pull_fast",
            "pull_test",
            by_load.pull("pull_test", "truck_seat", "new_pack", fast=True),
            then=go.held_by_locks,
            gate=go.truck_at_rest,
            only_if=go.pulls_fast,
        ),
        Step(
            "pull_test",
            "pull_test",
            by_load.pull("pull_test", "truck_seat", "new_pack"),
            gate=go.truck_at_rest_or_pulled,
            then=go.note_pull,
        ),
        Step(
            "relax_fast",
            "release",
            by_load.relax("release", "truck_seat", "new_pack", fast=True),
            only_if=go.blends("release"),
        ),
        Step("relax", "release", by_load.relax("release", "truck_seat", "new_pack")),
        Step("release", "release", do.grip("release", False, "truck_seat", "new_pack"), failed=GRIP_FAILED),
        Step("let_off_truck", "clear", do.let_off("clear", "truck_seat")),
        Step("clear", "clear", do.retract("clear", "truck_seat", None, home=True)),
        Step("home", "clear", do.go_home("clear"), only_if=go.leaves_rail),
        Step("next", "clear", do.nothing, then=go.next_job),
        # the truck leaves
        Step("done", "clear", do.nothing, only_if=go.not_first_robot, then=go.finish),
        Step("verify", "verify", do.dwell("verify_s"), gate=go.others_done),
        Step("exit", "exit", do.settle_exit, then=go.finish),
        # recovery
        Step("regrip", "grip", do.grip("grip", False, "truck_seat", None), failed=GRIP_FAILED),
        Step(
            "regrip_off",
            "grip",
            do.let_off("grip", "truck_seat", stops=True),
            then=go.measure_or_go_on("regrip_scan", "go"),
        ),
        Step("regrip_scan", "grip", do.scan_truck("rescan_samples", empty=True), then=go.new_pose_then("go")),
        Step("pick_regrip", "pick", do.grip("pick", False, "take_seat", None), failed=GRIP_FAILED),
        Step("pick_regrip_off", "pick", do.let_off("pick", "take_seat", stops=True), then=go.go_on_with("to_full")),
        Step(
            "relock",
            "unlock",
            do.locks("unlock", True, "truck_seat", "old_pack"),
            failed=LOCK_STUCK,
            then=go.go_on_with("unlock"),
        ),
        Step("store_back_off", "store", do.back_off("store", "put_seat", "old_pack", free=True)),
        Step("store_weigh", "store", by_load.weigh("store", "put_seat", "old_pack"), then=go.go_on_with("store")),
        Step(
            "unlock_again",
            "lock",
            do.locks("lock", False, "truck_seat", "new_pack"),
            failed=LOCK_STUCK,
            then=go.go_on_with("lock"),
        ),
        Step(
            "back_off",
            "insert",
            do.back_off("insert", "truck_seat", "new_pack"),
            failed={FORCE_ABORT: "!jam"},
            then=go.go_on_with("rescan"),
        ),
        # no contact where a pack should be: checked against the load cell first
        Step("land_off", meet, do.let_off(meet, "truck_seat", free=True), then=go.keep_reason),
        Step("land_weigh", meet, by_load.weigh(meet, "truck_seat", None), then=go.end_for_reason("grip_failed")),
        Step("pick_land_off", "pick", do.let_off("pick", "take_seat", free=True), then=go.keep_reason),
        Step(
            "pick_land_weigh", "pick", by_load.weigh("pick", "take_seat", None), then=go.end_for_reason("grip_failed")
        ),
    ]


TABLES: dict[str, Callable[[], list[Step]]] = {
    "top_lift": lambda: _swap_table("top_lift", "lower", "lift_out"),
    "chassis": lambda: _swap_table("chassis", "raise", "lower_out"),
}
"""Step table by station kind."""
