from __future__ import annotations

import pytest

from diagnose.rewriting import Refused
from diagnose.rewriting.handing_on import Receiver
from diagnose.rewriting.queue_handlers import with_queue_branch, with_queue_handler

RECEIVER = Receiver(
    module="rates_queue", name="write_rates", purpose="Write the rows that were queued for rates."
)
CLASS = """\
from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("ok")  # always

    def other(self):
        return 1
"""
MODULE = """\
from workers import Response


async def on_fetch(request, env):
    return Response("ok")


LAST = 1
"""
DECORATED = """\
from workers import Response, handler


@handler
async def on_fetch(request, env, ctx):
    return Response("ok")
"""


def rewritten(text, source):
    return with_queue_handler(text, source.handler("fetch"), RECEIVER)


def test_a_method_beside_a_method(analysed):
    outcome = rewritten(CLASS, analysed(CLASS))
    assert outcome.text == CLASS.replace(
        "from workers", "from rates_queue import write_rates\nfrom workers"
    ).replace(
        "# always\n",
        '''# always

    async def queue(self, batch):
        """Write the rows that were queued for rates."""
        await write_rates(batch, self.env)
''',
    )
    assert [handler.kind for handler in analysed(outcome.text).handlers] == ["fetch", "queue", "rpc"]


def test_a_global_beside_a_global(analysed):
    outcome = rewritten(MODULE, analysed(MODULE))
    assert outcome.text == MODULE.replace(
        "from workers", "from rates_queue import write_rates\nfrom workers"
    ).replace(
        'Response("ok")\n',
        '''Response("ok")


async def on_queue(batch, env, ctx):
    """Write the rows that were queued for rates."""
    await write_rates(batch, env)
''',
    )


def test_a_decorated_global_beside_its_like(analysed):
    outcome = rewritten(DECORATED, analysed(DECORATED))
    assert "\n\n\n@handler\nasync def on_queue(batch, env, ctx):\n" in outcome.text
    assert [handler.style for handler in analysed(outcome.text).handlers] == ["decorator", "decorator"]


def test_windows_line_ends_and_tabs_stay(analysed):
    text = CLASS.replace("    ", "\t").replace("\n", "\r\n")
    outcome = rewritten(text, analysed(text))
    assert '\r\n\tasync def queue(self, batch):\r\n\t\t"""Write' in outcome.text
    assert outcome.text.count("\n") == outcome.text.count("\r\n")


@pytest.mark.parametrize("text", [CLASS.replace("other", "write_rates"), CLASS + "\n# write_rates\n"])
def test_a_name_that_is_taken_is_refused(analysed, text):
    assert rewritten(text, analysed(text)) == Refused(
        "no `queue` handler can be added beside the handlers there are",
        "write the queue's consumer as a worker of its own: --option consumer=typescript",
    )


def test_a_handler_of_another_text_is_refused(analysed):
    source = analysed(CLASS)
    assert isinstance(with_queue_handler("import json\n", source.handler("fetch"), RECEIVER), Refused)


CONSUMER = CLASS.replace(
    "    def other",
    '''    async def queue(self, batch):
        """Tell of each message."""
        for message in batch.messages:
            print(message.body)

    def other''',
)
BRANCH = '''\
        """Tell of each message."""
        if batch.queue == "rates":
            await write_rates(batch, self.env)
            return
        for message in batch.messages:
'''


def divided(text, source):
    return with_queue_branch(text, source.handler("queue"), RECEIVER, "rates")


def test_a_handler_keeps_the_other_queues(analysed):
    outcome = divided(CONSUMER, analysed(CONSUMER))
    assert outcome.text == CONSUMER.replace(
        "from workers", "from rates_queue import write_rates\nfrom workers"
    ).replace('        """Tell of each message."""\n        for message in batch.messages:\n', BRANCH)


def test_a_global_handler_takes_its_own_environment(analysed):
    text = MODULE + "\n\nasync def on_queue(events, bindings):\n\tprint(events.queue)\n"
    outcome = divided(text, analysed(text))
    assert outcome.text.endswith(
        'async def on_queue(events, bindings):\n\tif events.queue == "rates":\n'
        "\t\tawait write_rates(events, bindings)\n\t\treturn\n\tprint(events.queue)\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        CONSUMER.replace("async def queue", "def queue"),
        CONSUMER.replace("def other", "def write_rates"),
        MODULE + "\n\nasync def on_queue(batch):\n    print(batch.queue)\n",
        MODULE + "\n\nasync def on_queue(batch, env): print(batch.queue)\n",
    ],
    ids=["not async", "name taken", "no environment", "one line"],
)
def test_a_handler_that_cannot_be_divided_is_refused(analysed, text):
    assert divided(text, analysed(text)) == Refused(
        "the `queue` handler cannot be divided by the name of the queue",
        "write the queue's consumer as a worker of its own: --option consumer=typescript",
    )
