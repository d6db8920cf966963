"""Typed settings: checked, read from tables key by key, and told apart."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spadv.checks import check_fraction, check_integer, check_probability, check_real, fractions
from spadv.config import (
    Checked,
    check_bool,
    difference,
    digest_of_table,
    flags,
    option,
    read_settings,
    read_toml,
    to_table,
)
from spadv.errors import InputError, StoreError


@dataclass(frozen=True)
class Inner(Checked):
    size: float = option(0.5, "A size.", check_fraction, flag="size", high=1)
    deep: bool = option(False, "Whether.", check_bool)

    @classmethod
    def parse(cls, text: str, place: str) -> Inner:
        return cls(size=check_fraction(place, text))


@dataclass(frozen=True)
class Outer(Checked):
    inner: Inner = option(Inner, "A table.")
    count: int | None = option(None, "A count.", check_integer, flag="count", minimum=1)
    free: str = option("x", "Anything.")


def test_a_table_is_read_and_written() -> None:
    made = read_settings(Outer, {"inner": {"size": "1/4"}, "count": 3})
    assert made == Outer(Inner(0.25), 3)
    assert to_table(made) == {"inner": {"size": 0.25, "deep": False}, "count": 3, "free": "x"}
    assert read_settings(Outer, to_table(made)) == made
    assert read_settings(Outer, {"inner": "1/2", "count": None}) == Outer()
    assert read_settings(Inner, {"deep": True}, base=Inner(0.25)) == Inner(0.25, True)
    assert Inner("1/8").size == 0.125  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"inner": {"size": 2}}, r"'outer\.inner\.size' must be .* at most 1, got 2"),
        ({"inner": {"deep": 1}}, r"'outer\.inner\.deep' must be true or false"),
        ({"inner": 3}, r"'outer\.inner' must be a table"),
        ({"inner": {"sise": 2}}, r"Did you mean outer\.inner\.size\?"),
        ({"count": 0}, r"'outer\.count' must be an integer of at least 1"),
        (
            {"zebra": 0},
            r"'outer\.zebra' must be a known key \(count, free, inner\), got 'zebra'\.$",
        ),
        (7, "'outer' must be a table"),
    ],
)
def test_errors_name_the_place(table: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_settings(Outer, table, "outer.")


def test_options_of_a_command_line() -> None:
    found = [(flag, place, field.metadata["help"]) for flag, place, field in flags(Outer)]
    assert found == [("size", "inner.size", "A size."), ("count", "count", "A count.")]


def test_digests_and_differences() -> None:
    assert digest_of_table({"a": 1, "b": 2}) == digest_of_table({"b": 2, "a": 1})
    assert digest_of_table({"a": 1}) != digest_of_table({"a": 1.5})
    one, other = {"rows": [{"a": 1}, {"a": 2}]}, {"rows": [{"a": 1}, {"a": 3}], "b": None}
    assert difference(one, other) == "rows[1].a is 2 here, 3 there"


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"cannot read .*none\.toml"):
        read_toml(tmp_path / "none.toml")
    for broken in (b"a = = 3", b"\xff"):
        (tmp_path / "broken.toml").write_bytes(broken)
        with pytest.raises(InputError, match="be TOML"):
            read_toml(tmp_path / "broken.toml")


@pytest.mark.parametrize("value", [True, "0.75", b"1", np.True_, np.str_("0.75"), None, [0.75]])
def test_a_number_is_no_truth_value_and_no_text(value: Any) -> None:
    for check in (check_real, check_probability):
        with pytest.raises(InputError, match="'x' must"):
            check("x", value)
    if not isinstance(value, list):
        with pytest.raises(InputError, match="'p' must"):
            fractions(p=value)
        with pytest.raises(InputError, match="'p' must"):
            fractions(p=[value, value])


def test_an_integer_beyond_the_floats_is_refused() -> None:
    for check in (check_real, check_fraction):
        with pytest.raises(InputError, match="'x' must"):
            check("x", 10**400)


def test_a_byte_order_mark_is_no_key(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_bytes(b"\xef\xbb\xbfsize = 1\n")
    assert read_toml(tmp_path / "a.toml") == {"size": 1}
