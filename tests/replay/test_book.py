"""The book of sessions: who gets which, what came of them, and that it never grows without bound."""

from __future__ import annotations

import json

import pytest

from toolreel.errors import CassetteError
from toolreel.replay import book as book_module
from toolreel.replay import miss as miss_module
from toolreel.replay.book import Book, SessionError
from toolreel.replay.manner import Manner
from toolreel.replay.miss import Miss, MissCode

from .books import TAPES, ask, new_book

STRICT = Manner(strict=True)


def refusal(book: Book, target: str, *headers: tuple[str, str]) -> str:
    """The message of a request that no session could be found for."""
    status, body = ask(book, target, *headers)
    error = json.loads(body)["error"]
    assert (status, error["type"], error["code"]) == (424, "toolreel_miss", "no_session")
    assert book.strays[-1] == error["message"]
    return str(error["message"])


def test_the_first_request_opens_its_session_and_others_go_on_with_it() -> None:
    book = new_book(manner=STRICT)
    assert ask(book, "/@one/s1/v1/a") == (200, '"one 1"')
    assert ask(book, "/@one/s2/v1/a") == (200, '"one 1"'), "a session of its own"
    assert ask(book, "/@one/s1/a")[0] == 424, "played already in this session"
    assert ask(book, "/v1/b", ("x-toolreel-session", "s1")) == (200, '"one 2"')
    assert [held.name for held in book.sessions()] == ["s1", "s2"]


def test_cassettes_are_stacked_and_the_first_that_has_an_answer_gives_it() -> None:
    book = new_book()
    assert ask(book, "/@one,two:too/s/v1/b") == (200, '"one 2"')
    assert ask(book, "/@one,two:too/s/v1/c") == (200, '"two/too 2"')
    assert ask(book, "/@two:too,one/t/v1/b") == (200, '"two/too 1"')


def test_sessions_share_tapes() -> None:
    book = new_book()
    tapes = [book.begin(["one"]).tapes for _ in range(3)]
    assert all(one == (TAPES["one"],) for one in tapes)


def test_a_name_is_found_for_who_gives_none() -> None:
    book = new_book()
    book.begin(["one"], "session-1")
    assert [book.begin(["one"]).name for _ in range(2)] == ["session-2", "session-3"]


@pytest.mark.parametrize(
    ("target", "headers", "message"),
    [
        ("/v1/a", (), "POST /v1/a: No session is named; write it into the base URL, /@CASSETTE/SESSION/v1, or into"),
        ("/@one/v1/a", (), "POST /a: The session is missing; write it"),
        (
            "/a",
            (("x-toolreel-cassette", "one"), ("x-toolreel-session", "v2")),
            "'v2' is no name of a session, base URLs go on with it; take another name.",
        ),
        ("/@one", (), "POST /: The session is missing; write it"),
        ("/a", (("x-toolreel-cassette", "one"),), "POST /a: The session is missing; write it"),
        ("/a", (("x-toolreel-session", "s"),), "Session s is not open, and no cassette is named to open it on."),
        ("/@gone/s/a", (), "POST /a: There is no cassette gone."),
        ("/@two:too/s1/a", (), "Session s1 is open on one, not on two/too; take another name."),
        ("/@one/a%00b/x", (), "'a\\x00b' is no name of a session: 1 to 200 printable characters."),
        (f"/@one/{'s' * 201}/x", (), "is no name of a session"),
    ],
)
def test_what_can_be_given_to_no_session_is_missed(
    target: str, headers: tuple[tuple[str, str], ...], message: str
) -> None:
    book = new_book()
    book.begin(["one"], "s1")
    assert message in refusal(book, target, *headers)
    assert book.verdict().missed == 1
    assert len(book.sessions()) == 1


def test_what_names_no_session_goes_to_the_default_one() -> None:
    book = new_book()
    book.begin(["one"], "s")
    book.default = "s"
    assert ask(book, "/v1/a") == (200, '"one 1"')
    book.close("s")
    assert "There is no open session s." in refusal(book, "/v1/a")


def test_a_book_whose_owner_opens_the_sessions_opens_none_by_itself() -> None:
    book = new_book(on_demand=False)
    assert "Session s is not open, its test is over or was never begun." in refusal(book, "/@one/s/a")
    book.begin(["one"], "s")
    assert ask(book, "/@one/s/a")[0] == 200
    book.close("s")
    refusal(book, "/@one/s/a")
    assert book.sessions() == []


def test_closing_says_what_came_of_it() -> None:
    book = new_book(manner=STRICT)
    for path in ("/a", "/gone", "/a"):
        ask(book, "/@one,two:too/s" + path)
    held = book.close("s")
    verdict = held.verdict()
    assert (held.name, held.cassettes, verdict.served) == ("s", ("one", "two/too"), 1)
    assert [one.miss.code for one in verdict.misses] == [MissCode.NO_MATCH, MissCode.EXHAUSTED]
    assert [(one.cassette, one.n) for one in verdict.unplayed] == [("one", 2), ("two/too", 1), ("two/too", 2)]
    assert not verdict.good
    with pytest.raises(SessionError, match=r"There is no open session s\.") as raised:
        book.close("s")
    assert raised.value.status == 404


def test_a_session_that_was_reset_begins_again_in_its_own_manner() -> None:
    book = new_book()
    book.begin(["one"], "s", STRICT)
    ask(book, "/@one/s/a")
    ask(book, "/@one/s/b")
    assert book.reset("s").verdict().good
    assert ask(book, "/@one/s/a") == (200, '"one 1"')
    assert book.get("s").manner is STRICT
    assert [one.n for one in book.get("s").verdict().unplayed] == [2]


def test_the_totals_are_those_of_all_sessions_open_or_closed() -> None:
    book = new_book(manner=STRICT)
    for target in ("/@one/good/a", "/@one/good/b", "/@one/bad/a", "/@one/bad/gone", "/nowhere", "/@two:too/open/b"):
        ask(book, target)
    book.close("good")
    book.close("bad")
    for _ in range(2):  # asking changes nothing
        verdict = book.verdict()
        assert (verdict.served, verdict.missed, verdict.never_played) == (4, 2, 2)
        unplayed = [(one.session, one.cassette, one.n) for one in verdict.unplayed]
        assert unplayed == [("bad", "one", 2), ("open", "two/too", 2)]
        stray, in_session = [one.miss.message for one in verdict.misses]
        assert in_session.startswith("Session bad: POST /gone")
        assert stray.startswith("POST /nowhere: No session is named")


@pytest.mark.parametrize(
    ("cassettes", "name", "status"),
    [(["one"], "s", 409), (["one"], "", 400), (["one"], "a\nb", 400), ([], "t", 404)],
)
def test_what_cannot_be_opened_is_said(cassettes: list[str], name: str, status: int) -> None:
    book = new_book()
    book.begin(["one"], "s")
    with pytest.raises(SessionError) as raised:
        book.begin(cassettes, name)
    assert raised.value.status == status


def test_a_cassette_that_is_not_there_opens_nothing() -> None:
    book = new_book()
    with pytest.raises(CassetteError):
        book.begin(["one", "gone"], "s")
    assert book.sessions() == []


def test_sessions_that_nobody_closes_come_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book_module, "MOST_SESSIONS", 3)
    book = new_book()
    for number in range(3):
        assert ask(book, f"/@one/{number}/a")[0] == 200
    assert "3 sessions are open; close some" in refusal(book, "/@one/3/a")
    book.close("0")
    assert ask(book, "/@one/3/a")[0] == 200


def test_what_is_kept_of_closed_sessions_and_strays_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (book_module, miss_module):
        monkeypatch.setattr(module, "MOST_KEPT", 3)
    book = new_book(manner=STRICT)
    for number in range(5):
        ask(book, f"/@one/{number}/gone")
        book.close(str(number))
        ask(book, f"/nowhere/{number}")
    verdict = book.verdict()
    assert verdict.missed == 10, "all are counted"
    assert len(verdict.misses) <= 3 + len(MissCode), "not all are named"
    assert "Further requests, too many to name each." in {one.miss.message for one in verdict.misses}
    assert len(book.strays) == 3
    assert len(verdict.unplayed) == 3
    assert verdict.unplayed_more == 7, "two of each"
    assert book.verdict().unplayed_more == 7, "asked again"


def test_half_a_surrogate_in_a_path_is_shown() -> None:
    book = new_book()
    assert "POST /\\ud800: No session is named" in refusal(book, "/\ud800")


def test_a_miss_that_a_door_has_found_is_noted() -> None:
    book = new_book()
    book.note(Miss(MissCode.OTHER_HOST, "Elsewhere."))
    assert book.strays == ["Elsewhere."]
    book.begin(["one"], "s")
    book.default = "s"
    book.note(Miss(MissCode.OTHER_HOST, "Elsewhere again."))
    assert [miss.message for miss in book.get("s").session.misses] == ["Elsewhere again."]
    assert book.verdict().missed == 2
