from __future__ import annotations

import pytest

from diagnose.account.multipart import read_modules

KIND = "multipart/form-data; boundary=xyz"


def test_parts_are_read_by_file_name_or_name():
    body = (
        b'--xyz\r\nContent-Disposition: form-data; name="a.py"\r\n\r\nx\r\n'
        b'--xyz\r\nContent-Disposition: form-data; name="f"; filename="b/c.bin"\r\n\r\n'
        b"\r\n--xyy\r\n\r\n--xyz--\r\n"
    )
    assert read_modules(KIND, body) == {"a.py": b"x", "b/c.bin": b"\r\n--xyy\r\n"}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/plain", b""),
        ("multipart/form-data", b"--xyz--"),
        (KIND, b""),
        (KIND, b'--xyz\r\nContent-Disposition: form-data; name="a"\r\n\r\nx'),
        (KIND, b"--xyz\r\nContent-Type: text/plain\r\n\r\nx\r\n--xyz--"),
    ],
)
def test_what_is_no_form_is_refused(kind, body):
    with pytest.raises(ValueError, match="form"):
        read_modules(kind, body)
