from __future__ import annotations

from diagnose.d1.limits import LIMITS
from diagnose.queueing.consuming import consumer_entry, consumer_of, producer_entry
from diagnose.queueing.naming import names_for

NAMES = names_for("readings", "weather")


def test_the_config_and_the_upload_say_the_same():
    entry, consumer = consumer_entry(NAMES), consumer_of(NAMES)
    assert entry == {
        "queue": consumer.queue,
        "max_batch_size": consumer.max_batch_size,
        "max_retries": consumer.max_retries,
        "dead_letter_queue": consumer.dead_letter_queue,
    }
    assert producer_entry(NAMES) == {"binding": "READINGS_QUEUE", "queue": entry["queue"]}


def test_one_query_for_each_message_of_a_batch_fits_into_an_invocation_of_any_plan():
    assert consumer_entry(NAMES)["max_batch_size"] < LIMITS.d1.queries_per_invocation.free
