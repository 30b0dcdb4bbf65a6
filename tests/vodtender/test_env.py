"""A bad value stops the start with the variable's name and what it should be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from vodtender.env import Env, EnvError, parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("10m", 600), ("6h", 21600), ("1h30m", 5400), ("2d", 172800), (" 5s ", 5), ("0", 0)],
)
def test_a_duration_reads(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "10 m", "1.5h", "-5", "10x", "m10", "1h30", "٣s", "1e3"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="a duration such as"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "size"), [("500000", 500_000), ("10M", 10_000_000), ("1.5G", 1_500_000_000), ("2MB/s", 2_000_000)]
)
def test_a_size_reads_in_powers_of_a_thousand(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    ("variables", "read", "says"),
    [
        ({"N": "ten"}, lambda env: env.integer("N", 1), "N should be a whole number of at least 0, not 'ten'."),
        ({"N": "99"}, lambda env: env.integer("N", 1, most=5), "N should be a whole number from 0 to 5, not '99'."),
        ({"F": "maybe"}, lambda env: env.flag("F"), "F should be 1 or 0, not 'maybe'."),
        ({"D": "soon"}, lambda env: env.duration("D", "1m"), "D should be a duration such as 90"),
        ({"D": "99999999999d"}, lambda env: env.duration("D", "1m"), "D should be at most a year, not '99999999999d'."),
        ({"B": "9" * 400}, lambda env: env.size("B", "0"), "B should be a size that a disk can have, not '999"),
        (
            {"C": "x"},
            lambda env: env.choice("C", "", ("", "self", "authorized")),
            "C should be one of self, authorized, not 'x'.",
        ),
        (
            {"C": "xml"},
            lambda env: env.choice("C", "text", ("text", "json")),
            "C should be one of text, json, not 'xml'.",
        ),
        ({"A": "8080"}, lambda env: env.address("A", "127.0.0.1:8080"), "A should be HOST:PORT such as 127.0.0.1:8080"),
        ({"A": "h:70000"}, lambda env: env.address("A", "127.0.0.1:8080"), "A should be HOST:PORT"),
        (
            {"U": "ftp://x"},
            lambda env: env.url("U", "", ("https",)),
            "U should be an address that starts with https://.",
        ),
        ({"U": "https://[x"}, lambda env: env.url("U", "", ("https",)), "U should be an address"),
        (
            {"S_FILE": "/nowhere/at/all"},
            lambda env: env.secret("S"),
            "S_FILE names /nowhere/at/all, which cannot be read",
        ),
        ({"S": "a", "S_FILE": "b"}, lambda env: env.secret("S"), "S and S_FILE are both set"),
    ],
)
def test_a_bad_value_names_its_variable(variables: dict[str, str], read: Callable[[Env], object], says: str) -> None:
    with pytest.raises(EnvError) as caught:
        read(Env(variables))
    assert says in str(caught.value)


def test_an_empty_value_counts_as_not_set() -> None:
    env = Env({"N": " ", "T": ""})
    assert env.integer("N", 7) == 7
    assert env.text("T", "x") == "x"


def test_a_secret_is_read_from_the_file_that_is_named(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("s3cret\n")
    assert Env({"S_FILE": str(tmp_path / "key")}).secret("S") == "s3cret"


@pytest.mark.parametrize(
    ("text", "address"),
    [("127.0.0.1:80", ("127.0.0.1", 80)), (":8080", ("0.0.0.0", 8080)), ("[::1]:81", ("::1", 81))],
)
def test_an_address_reads(text: str, address: tuple[str, int]) -> None:
    assert Env({"A": text}).address("A", "x:1") == address


def test_names_are_split_and_kept_once() -> None:
    assert Env({"A": "pia", "B": "mia, pia ,,quinn"}).names("A", "B") == ["pia", "mia", "quinn"]
