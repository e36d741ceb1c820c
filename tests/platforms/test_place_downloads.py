"""A download endpoint of one's own: one CSV file, of which everything is understood or nothing is counted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.downloads import Kind, Series
from deployforge_tasks.core.errors import CredentialError, NetworkError
from deployforge_tasks.rehearsal.server import Reply
from tests.support.counts import days
from tests.support.places import Placed, placed

TOKEN: dict[str, Any] = {"credentials": {"token": "HELLO_COUNTS_TOKEN"}}
Part = tuple[str, str, str]


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[Placed]:
    with placed("downloads", tmp_path) as place:
        yield place


def tell(place: Placed, text: str | bytes) -> None:
    place.source.answers[r"/counts\.csv"] = Reply(200, text)


def parts(series: list[Series]) -> dict[Part, dict[str, int]]:
    return {(s.counter.version, s.counter.target, s.counter.country): days(s) for s in series}


def whole(place: Placed, text: str) -> dict[str, int]:
    tell(place, text)
    (found,) = [s for s in place.series() if s.counter.headline]
    return days(found)


def test_rows_that_name_no_part_are_the_figure(endpoint: Placed) -> None:
    (found,) = endpoint.series()
    assert (found.counter.kind, found.counter.headline) == (Kind.DAILY, True)
    assert days(found) == {"2026-06-12": 4, "2026-06-13": 6}


def test_today_is_not_over_and_left_out(endpoint: Placed) -> None:
    assert whole(endpoint, "day,count\n2026-06-14,4\n2026-06-15,1\n") == {"2026-06-14": 4}


def test_the_order_of_the_columns_is_free(endpoint: Placed) -> None:
    tell(endpoint, "country,count,version,day,target\r\nDE,3,1.0.0,2026-06-12,linux/amd64\r\n")
    assert parts(endpoint.series())["1.0.0", "linux/amd64", "DE"] == {"2026-06-12": 3}


def test_a_byte_order_mark_and_empty_lines_do_no_harm(endpoint: Placed) -> None:
    assert whole(endpoint, "\ufeffday,count\n\n2026-06-12,4\n\n") == {"2026-06-12": 4}


def test_a_day_that_is_not_told_is_a_gap_and_no_zero(endpoint: Placed) -> None:
    tell(endpoint, "day,count\n2026-06-10,4\n2026-06-12,1\n")
    (found,) = endpoint.series()
    assert [(str(gap.first), gap.reason) for gap in found.gaps] == [
        ("2026-06-11", "the endpoint tells nothing of this day")
    ]


def test_a_file_with_a_header_alone_has_no_counts(endpoint: Placed) -> None:
    tell(endpoint, "day,count\n")
    assert endpoint.series() == []


def test_parts_stand_beside_the_figure(endpoint: Placed) -> None:
    text = "day,count,country\n2026-06-12,10,\n2026-06-12,4,DE\n2026-06-12,3,US\n"
    assert whole(endpoint, text) == {"2026-06-12": 10}
    assert parts(endpoint.series()) == {
        ("", "", ""): {"2026-06-12": 10},
        ("", "", "DE"): {"2026-06-12": 4},
        ("", "", "US"): {"2026-06-12": 3},
    }


def test_the_figure_of_parts_alone_is_their_sum(endpoint: Placed) -> None:
    text = "day,count,country\n2026-06-12,4,DE\n2026-06-12,3,US\n2026-06-13,1,US\n"
    assert whole(endpoint, text) == {"2026-06-12": 7, "2026-06-13": 1}


def test_several_kinds_of_parts_are_never_added_and_versions_come_first(endpoint: Placed) -> None:
    rows = ["2026-06-12,5,,DE", "2026-06-12,4,1.0.0,", "2026-06-12,3,1.1.0,", "2026-06-12,9,1.1.0,US"]
    assert whole(endpoint, "\n".join(["day,count,version,country", *rows])) == {"2026-06-12": 7}


def test_a_part_without_a_row_on_a_day_with_others_had_no_download(endpoint: Placed) -> None:
    rows = ["2026-06-10,1,US", "2026-06-11,2,DE", "2026-06-11,2,US", "2026-06-12,3,US"]
    tell(endpoint, "\n".join(["day,count,country", *rows]))
    assert parts(endpoint.series())["", "", "DE"] == {"2026-06-11": 2, "2026-06-12": 0}


def test_another_spelling_of_a_target_is_the_same_target(endpoint: Placed) -> None:
    tell(endpoint, "day,count,target\n2026-06-12,4,macos/x86_64\n")
    assert ("", "darwin/amd64", "") in parts(endpoint.series())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("<html>Sign in</html>", "its first row is no header with `day` and `count`"),
        ("", "its first row is no header with `day` and `count`"),
        ("day,count,city\n", "row 1: unknown column `city`; there are day, count, version, target, country"),
        ("day,version\n", "row 1: the column `count` is missing"),
        ("day,count,day\n", "row 1: the column `day` stands there twice"),
        ("day,count\n2026-06-12\n", "row 2 has 1 columns, and the header 2"),
        ("day,count\n12.06.2026,4\n", "row 2, column day: `12.06.2026` is no day; write it as 2026-03-01"),
        ("day,count\n2026-02-30,4\n", "row 2, column day: `2026-02-30` is no day; write it as 2026-03-01"),
        ("day,count\n2026-06-17,4\n", "row 2, column day: `2026-06-17` is in the future"),
        ("day,count\n2026-06-12,4\n2026-06-13,-1\n", "row 3, column count: `-1` is no whole number from 0 on"),
        ("day,count\n2026-06-12,4.5\n", "row 2, column count: `4.5` is no whole number from 0 on"),
        ('day,count\n2026-06-12,"1,000"\n', "row 2, column count: `1,000` is no whole number from 0 on"),
        ("day,count\n2026-06-12,\n", "row 2, column count: `` is no whole number from 0 on"),
        ("day,count\n2026-06-12,9999999999999999999\n", "row 2, column count: `9999999999999999999` is no whole"),
        ("day,count,country\n2026-06-12,4,UK\n", "row 2, column country: `UK` is no country of ISO 3166-1"),
        ("day,count,country\n2026-06-12,4,de\n", "row 2, column country: `de` is no country of ISO 3166-1"),
        ("day,count,target\n2026-06-12,4,linux\n", "row 2, column target: `linux` is no target"),
        ("day,count,version\n2026-06-12,4,1\x00\n", "row 2"),
        ("day,count\n2026-06-12,4\n2026-06-12,4\n", "row 3, column day: 2026-06-12 of the same part stands in row 2"),
        ('day,count\n2026-06-12,"4\n', "is no CSV"),
        (
            "day,count,country\n2026-06-12,3,\n2026-06-12,9,DE\n",
            "row 2, column count: it is about everything on 2026-06-12, and 3 is less than the 9 of that day's rows",
        ),
    ],
)
def test_what_is_malformed_is_an_error_that_names_row_and_column(endpoint: Placed, text: str, says: str) -> None:
    tell(endpoint, text)
    with pytest.raises(NetworkError) as caught:
        endpoint.series()
    assert caught.value.code == "DF3260"
    assert says in caught.value.message
    assert "docs/how-to/count-downloads.md" in caught.value.hint


def test_what_is_no_text_is_an_error(endpoint: Placed) -> None:
    tell(endpoint, b"day,count\n\xff\n")
    with pytest.raises(NetworkError, match="byte 10 is no UTF-8"):
        endpoint.series()


def test_more_parts_than_a_ledger_should_hold_are_an_error(endpoint: Placed) -> None:
    rows = "".join(f"2026-06-12,1,1.0.{n}\n" for n in range(5_001))
    tell(endpoint, f"day,count,version\n{rows}")
    with pytest.raises(NetworkError, match="more than 5000 different parts"):
        endpoint.series()


def test_a_file_of_more_than_ten_mebibytes_is_not_read_to_its_end(endpoint: Placed) -> None:
    tell(endpoint, b"day,count\n" + b"2026-06-12,1\n" * 900_000)
    with pytest.raises(NetworkError, match="is larger than 10 MiB") as caught:
        endpoint.series()
    assert caught.value.code == "DF3261"


def test_what_follows_the_question_mark_of_the_address_is_not_kept(endpoint: Placed) -> None:
    (found,) = endpoint.series(url=f"{endpoint.source.url}/counts.csv?key=hidden")
    assert found.url == f"{endpoint.source.url}/counts.csv"


# --- a token ------------------------------------------------------------------------------------------------------


def test_a_token_is_sent_where_one_is_named(endpoint: Placed) -> None:
    endpoint.series(secrets={"token": "hello-secret"}, **TOKEN)
    assert endpoint.source.asked[0].headers["Authorization"] == "Bearer hello-secret"


def test_nothing_is_sent_where_none_is_named(endpoint: Placed) -> None:
    endpoint.series()
    assert "Authorization" not in endpoint.source.asked[0].headers


def test_a_token_that_is_not_set_is_told_before_anything_is_asked(endpoint: Placed) -> None:
    with pytest.raises(CredentialError, match="HELLO_COUNTS_TOKEN is not set") as caught:
        endpoint.series(**TOKEN)
    assert caught.value.code == "DF3262"
    assert endpoint.source.asked == []


@pytest.mark.parametrize(("more", "hint"), [(TOKEN, "set HELLO_COUNTS_TOKEN"), ({}, "credentials: {token: …}")])
def test_a_refusal_tells_what_to_set(endpoint: Placed, more: dict[str, Any], hint: str) -> None:
    endpoint.source.answers[r"/counts\.csv"] = Reply(401, "no")
    with pytest.raises(CredentialError) as caught:
        endpoint.series(secrets={"token": "hello-secret"}, **more)
    assert caught.value.code == "DF3263"
    assert hint in caught.value.hint
