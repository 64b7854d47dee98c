from __future__ import annotations

import pytest

from diagnose.queueing.naming import Names, names_for


def test_everything_is_named_after_table_and_worker():
    assert names_for("price_data", "price-import") == Names(
        module="price_data_queue",
        send="queue_price_data",
        write="write_price_data",
        binding="PRICE_DATA_QUEUE",
        queue="price-import-price-data",
        dead_letters="price-import-price-data-dead-letters",
        consumer="price-import-price-data-consumer",
        folder="price-data-consumer",
    )


def test_names_that_are_taken_are_not_used():
    names = names_for(
        "rates",
        "import",
        bindings={"RATES_QUEUE"},
        modules={"rates_queue", "rates_queue_2"},
        queues={"import-rates-dead-letters", "import-rates-2"},
    )
    assert (names.binding, names.module) == ("RATES_QUEUE_2", "rates_queue_3")
    assert (names.send, names.write) == ("queue_rates_3", "write_rates_3")
    assert names.folder == "rates-consumer-3"
    assert (names.queue, names.dead_letters) == ("import-rates-3", "import-rates-3-dead-letters")


@pytest.mark.parametrize(
    ("table", "send", "queue"),
    [
        ("Price Data", "queue_price_data", "w-price-data"),
        ("2024", "queue_t_2024", "w-t-2024"),
        ("курсы", "queue_rows", "w-rows"),
        ("_x_", "queue_x", "w-x"),
    ],
)
def test_any_table_name_becomes_one_of_the_platform_and_of_the_language(table, send, queue):
    names = names_for(table, "W")
    assert (names.send, names.queue) == (send, queue)
    assert names.send.isidentifier()


def test_long_names_stay_within_what_a_queue_may_be_called():
    names = names_for("t" * 80, "w" * 80)
    assert len(names.queue) == 48
    assert len(names.dead_letters) <= 63
