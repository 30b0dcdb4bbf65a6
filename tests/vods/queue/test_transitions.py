"""States change in one place, and only as the table says."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests import cast
from vods.models import FINAL, PENDING, TRANSITIONS, WORKING, State, Vod
from vods.transitions import move

ROOT = Path(__file__).resolve().parents[3]
EVERY = [(old, new) for old in State for new in State]


@pytest.mark.django_db
@pytest.mark.parametrize(("old", "new"), EVERY, ids=[f"{old}-{new}" for old, new in EVERY])
def test_a_change_happens_exactly_when_the_table_names_it(old: State, new: State) -> None:
    vod = cast.vod(old)
    moved = move(Vod.objects.filter(pk=vod.pk), new, error="moved")
    vod.refresh_from_db()
    assert moved == (new in TRANSITIONS[old])
    assert (vod.state, vod.error) == ((new, "moved") if moved else (old, ""))


def test_every_state_is_pending_or_final_and_can_be_left() -> None:
    assert set(TRANSITIONS) == set(State) == PENDING | FINAL
    assert not PENDING & FINAL
    assert WORKING < PENDING
    assert all(TRANSITIONS.values())


def writes_state(tree: ast.AST) -> bool:
    """True for `.update(state=…)` and `x.state = …`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "update":
            if any(keyword.arg == "state" for keyword in node.keywords):
                return True
        elif isinstance(node, ast.Assign) and any(
            isinstance(t, ast.Attribute) and t.attr == "state" for t in node.targets
        ):
            return True
    return False


def test_no_other_module_writes_a_vods_state() -> None:
    rooms = [path for room in ("vods", "chat", "vodtender") for path in (ROOT / room).rglob("*.py")]
    assert [path.name for path in rooms if writes_state(ast.parse(path.read_text()))] == []
    assert writes_state(ast.parse("Vod.objects.update(state=State.DONE)"))
    assert writes_state(ast.parse("vod.state = State.DONE"))
