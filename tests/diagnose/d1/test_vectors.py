"""The engine agrees with what workerd was recorded to do; a vector that no longer does fails by its id."""

from __future__ import annotations

from vectors.comparing import known_of
from vectors.recordings import known_to_differ

FULL = {"bound-params", "bind-count", "sql-length", "columns", "batch", "json-bulk", "transactions"}


def test_group_agrees_but_for_the_vectors_known_to_differ(
    group, recorded_groups, replay_through_binding, record_property
):
    vectors = recorded_groups[group]
    agreement = replay_through_binding(vectors)
    record_property("agreement", (group, agreement.figures))
    known = known_of(known_to_differ().get("binding", {}), vectors)
    assert not agreement.unexpected(known), f"{group}: vectors that differ, or agree and are said to differ"
    if group in FULL:
        assert not agreement.differing["accept"]


def test_a_single_vector_that_falls_is_named(recorded_groups, replay_through_binding):
    vectors = recorded_groups["bind-count"]
    fallen = {**vectors[0], "ok": not vectors[0]["ok"]}
    agreement = replay_through_binding([fallen, *vectors[1:]])
    assert agreement.unexpected({})["accept"] == [fallen["id"]]


def test_a_vector_that_agrees_again_is_named(recorded_groups, replay_through_binding):
    vector = recorded_groups["bind-count"][0]
    assert replay_through_binding([vector]).unexpected({"text": [vector["id"]]}) == {"text": [vector["id"]]}


def test_every_id_that_is_known_to_differ_exists(recorded_groups):
    ids = {vector["id"] for vectors in recorded_groups.values() for vector in vectors}
    for figures in known_to_differ().values():
        assert {one for differing in figures.values() for one in differing} <= ids
