from __future__ import annotations

from tests.normalise.takes import Server, post
from toolreel.replay.handed import Handed
from toolreel.replay.live import Live

from .clients import tape


def test_an_id_is_never_handed_out_again() -> None:
    server = Server(1)
    recorded = tape(*(post("/threads", {"id": server.id("thread_")}) for _ in range(2)))
    ids = Handed([recorded])
    found = []
    for number in range(6):
        live = Live(number)
        found.append(ids.fresh(recorded, sorted(recorded.minted)))
        ids.hand_out(found[-1], live, None)
        assert found[-1] in ids.names
        assert ids.holder(found[-1]) is live
        ids.forget(live)
        assert found[-1] not in ids.names
        assert ids.forgets
    assert found[:2] == sorted(recorded.minted)
    assert len(set(found)) == 6
    assert len(ids.names) == 0
    assert ids._spent == recorded.minted, "numbers only go up: they need not be kept"


def test_the_newest_id_of_a_class_of_roots_is_the_one_that_is_meant_again() -> None:
    server = Server(1)
    made = post("/assistants", {"id": server.id("asst_")}, {"name": "a"})
    named = post("/chat/completions", {"by": "asst_" + "1".zfill(24)}, {"q": 1})
    recorded = tape(made, named)
    [symbol] = recorded.root_classes
    other = next(track for group in recorded.groups for track in group.tracks if track.asked.path != "/assistants")
    ids, lives = Handed([recorded]), [Live(1), Live(2)]
    for live, name in zip(lives, ("asst_firstfirst", "asst_secondsecond"), strict=True):
        ids.hand_out(name, live, recorded.root_classes[symbol])
    assert ids.known_root(other, symbol) == "asst_secondsecond"
    assert ids.known_root(recorded.root_tracks[symbol], symbol) is None
    ids.forget(lives[0])
    assert ids.known_root(other, symbol) == "asst_secondsecond"
    ids.forget(lives[1])
    assert ids.known_root(other, symbol) is None
    assert ids.classes == {}
