from __future__ import annotations

from diagnose.d1.tokens import Kind, tokens


def test_tokens_of_a_statement():
    sql = "UPDATE \"a\"\"b\" SET c='it''s' -- ?\n WHERE (d>?2 /* ) */ AND [e f]=:g) AND h=1.5e-3"
    found = list(tokens(sql))
    assert [token.text for token in found if token.kind is Kind.VARIABLE] == ["?2", ":g"]
    assert [token.text for token in found if token.kind is Kind.QUOTED] == ['"a""b"', "[e f]"]
    assert [token.text for token in found if token.kind is Kind.LITERAL] == ["'it''s'", "1.5e-3"]
    assert [token.depth for token in found if token.is_word("AND")] == [1, 0]
    assert all(sql[token.start : token.end] == token.text for token in found)


def test_an_open_comment_and_an_open_string_end_with_the_text():
    assert [token.text for token in tokens("SELECT /* x")] == ["SELECT"]
    assert [token.text for token in tokens("'x")] == ["'", "x"]
