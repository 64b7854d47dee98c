"""The errors that an import into D1 meets, by their texts and codes: what they mean and what to do."""

from diagnose.d1.taxonomy.judging import Judgement, Verdict, judged
from diagnose.d1.taxonomy.known import KnownError
from diagnose.d1.taxonomy.pasted import Pasted, unwrapped
from diagnose.d1.taxonomy.recognizing import KNOWN, Recognized, recognized

__all__ = [
    "KNOWN",
    "Judgement",
    "KnownError",
    "Pasted",
    "Recognized",
    "Verdict",
    "judged",
    "recognized",
    "unwrapped",
]
