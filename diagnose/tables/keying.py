"""Which columns tell one row of a table from another: what the user answered, else what is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnose.plugin import Choice
from diagnose.schemas import known_key, parse_key, tables_elsewhere

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.plugin import Context
    from diagnose.project import D1Binding
    from diagnose.project.source import StatementSite
    from diagnose.schemas import Elsewhere

_OPTION = "key"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyQuestion:
    """Asks for the key of a table.

    Attributes:
        columns: those of which the key may consist.
        sites: the statements that write the table.
    """

    table: str
    columns: Sequence[str]
    sites: Sequence[StatementSite]

    async def answer(
        self, ctx: Context, binding: D1Binding, elsewhere: Sequence[Elsewhere] | None = None
    ) -> tuple[str, ...] | None:
        """The columns of the key, or None when nobody says.

        Tables of the same name `elsewhere` are looked for if they are not given and nothing was answered.

        Raises:
            AccountError: the account cannot be asked.
        """
        answer = ctx.options.get(_OPTION)
        if answer is not None:
            return parse_key(answer, self.columns)
        if elsewhere is None:
            elsewhere = await tables_elsewhere(ctx.account, self.table, apart_from=binding.database_id)
        others = [each.table for each in elsewhere]
        known = known_key(ctx.project.settings, binding, self.table, self.sites, others)
        return parse_key(",".join(known), self.columns)

    def choice(self, **more: str) -> Choice:
        """The question for a person; `more` are answers that are no columns."""
        return Choice(
            option=_OPTION,
            question=f"Which columns tell one row of {self.table} from another?",
            answers={"COLUMN,COLUMN": f"these columns together, of {', '.join(self.columns)}", **more},
        )
