from __future__ import annotations

from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.normalise.takes import no_file
from toolreel.messages.model import Cassette
from toolreel.normalise.order import Conversation
from toolreel.replay.live import Conversations, Live
from toolreel.replay.progress import State
from toolreel.replay.tape import Tape
from toolreel.replay.tracks import Group

TAPE = Tape("t", Cassette(upstreams=(), interactions=()), no_file)


def groups(count: int) -> list[Group]:
    return saying(*map(str, range(count)))


def saying(*texts: str) -> list[Group]:
    found = [Group(number, TAPE, Conversation([])) for number in range(len(texts))]
    for group, text in zip(found, texts, strict=True):
        group.says = text
    return found


def live(walk: int, *candidates: Group) -> Live:
    return Live(walk, [State(group) for group in candidates])


def test_whoever_has_one_candidate_left_owns_it() -> None:
    a, b, c = groups(3)
    conversations = Conversations()
    first, second = live(1, a, b), live(1, a, b, c)
    conversations.add(first)
    conversations.add(second)
    conversations.narrow(first, [a])
    assert list(second.states) == [b, c]
    assert conversations.free(1, [a, b, c]) == [b, c]
    conversations.narrow(second, [b])
    assert conversations.free(1, [a, b, c]) == [c]
    assert [state.group for state in conversations.decided()] == [a, b]


def test_deciding_one_may_decide_others() -> None:
    a, b, c = groups(3)
    conversations = Conversations()
    lives = [live(1, a, b), live(1, b, c), live(1, a, b, c)]
    for one in lives:
        conversations.add(one)
    conversations.narrow(lives[0], [b])
    assert [list(one.states) for one in lives] == [[b], [c], [a]]


def test_a_group_that_all_others_need_is_not_free() -> None:
    a, b, c = groups(3)
    conversations = Conversations()
    conversations.add(live(1, a, b))
    conversations.add(live(1, a, b))
    assert conversations.free(1, [a, b, c]) == [c]
    assert conversations.free(2, [a, b, c]) == [a, b, c]


def test_a_choice_leaves_every_other_one_of_its_own() -> None:
    a, b = groups(2)
    conversations = Conversations()
    chooser = live(1, a, b)
    conversations.add(chooser)
    other = Live(1, [State(a)])
    conversations.add(other)
    assert list(chooser.states) == [b], "the other owns a"
    undecided = Conversations()
    first, second, third = live(1, a, b), live(1, a, b), live(2, a, b)
    for one in (first, second, third):
        undecided.add(one)
    assert undecided.choose(first, [a, b]) is a
    undecided.narrow(first, [a])
    assert undecided.choose(second, [b]) is b
    assert undecided.choose(third, [a, b]) is a


def test_the_live_conversations_of_a_group_are_the_newest_first() -> None:
    a, b = groups(2)
    conversations = Conversations()
    first, second, third = live(1, a, b), live(2, a), live(3, a, b)
    for one in (first, second, third):
        conversations.add(one)
    assert conversations.of_group(a) == [third, second, first]
    assert conversations.of_group(b) == [third, first]
    conversations.narrow(first, [b])
    assert conversations.of_group(a) == [third, second]


def test_what_says_the_same_is_decided_at_once() -> None:
    groups = saying(*"xxy")
    conversations = Conversations()
    first, second = live(1, *groups), live(1, *groups)
    conversations.add(first)
    conversations.add(second)
    conversations.narrow(first, groups)
    assert list(first.states) == groups, "one of them says something else"
    conversations.narrow(first, groups[:2])
    assert list(first.states) == [groups[0]]
    conversations.narrow(second, groups[1:2])
    assert list(second.states) == [groups[1]]


def test_a_choice_passes_over_what_others_need() -> None:
    a, b, c = groups(3)
    conversations = Conversations()
    chooser, *others = live(1, a, b, c), live(1, a, b), live(1, a, b)
    for one in (chooser, *others):
        conversations.add(one)
    assert conversations.choose(chooser, [a, b, c]) is c
    conversations.narrow(chooser, [c])
    assert [list(one.states) for one in others] == [[a, b], [a, b]]


def test_deciding_at_once_leaves_others_their_own() -> None:
    x, y = saying("the same", "the same")
    conversations = Conversations()
    first = live(1, x, y)
    conversations.add(first)
    other = live(2, x, y)
    conversations.add(other)
    same_walk = live(1, *conversations.free(1, [x, y]))
    conversations.add(same_walk)
    conversations.narrow(same_walk, [x])
    assert list(first.states) == [y]
    conversations.narrow(other, [x, y])
    assert list(other.states) == [x]


@given(
    wanted=st.lists(st.sets(st.integers(0, 4), min_size=1), max_size=5),
    asked=st.integers(0, 4),
)
@settings(max_examples=200, deadline=None)
def test_free_and_chosen_is_exactly_what_leaves_each_one_of_its_own(wanted: list[set[int]], asked: int) -> None:
    """Compared with trying all ways to seat them."""
    all_groups = groups(5)
    conversations = Conversations()
    taken: list[set[int]] = []
    lives: list[Live] = []
    for numbers in wanted:
        free = conversations.free(1, [all_groups[number] for number in sorted(numbers)])
        if free:
            lives.append(live(1, *free))
            conversations.add(lives[-1])
            taken.append({group.number for group in free})
    free = conversations.free(1, [all_groups[asked]])
    assert bool(free) is seatable([*taken, {asked}])
    assert len({state.group.number for state in conversations.decided()}) == len(taken)
    for one, place in zip(lives, range(len(lives)), strict=True):
        others = [{group.number for group in other.states} for other in lives[:place] + lives[place + 1 :]]
        fitting = [group for group in one.states if seatable([*others, {group.number}])]
        assert conversations.choose(one, list(one.states)) is fitting[0]


def seatable(wanted: list[set[int]]) -> bool:
    return any(
        all(seat in numbers for seat, numbers in zip(seats, wanted, strict=True))
        for seats in permutations(range(5), len(wanted))
    )
