"""The engine agrees with what workerd was recorded to do; figures may rise and never fall."""

from __future__ import annotations

FULL = {"bound-params", "bind-count", "sql-length", "columns", "batch", "json-bulk", "transactions"}


def test_group_agrees_as_far_as_committed(group, recorded_groups, replay, agreed, record_property):
    agreement = replay(recorded_groups[group])
    figures = {name: f"{agreement.agreed(name)}/{total}" for name, total in agreement.total.items()}
    record_property("agreement", (group, figures))
    fallen = {
        figure: agreement.differing[figure]
        for figure, floor in agreed[group].items()
        if agreement.agreed(figure) < floor
    }
    assert not fallen, f"{group}: vectors that no longer agree"
    if group in FULL:
        assert not agreement.differing["accept"]


def test_every_group_has_a_committed_figure(recorded_groups, agreed):
    assert sorted(agreed) == sorted(recorded_groups)


def test_a_disagreement_is_named_by_its_vector(recorded_groups, replay):
    vector = {**recorded_groups["bind-count"][0], "ok": True}
    assert replay([vector]).differing["accept"] == [vector["id"]]
