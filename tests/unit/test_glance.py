"""What is looked up by one thread at a time and never waited for long."""

from threading import Barrier, Event, Thread

import pytest

from nem12.web import glance
from nem12.web.glance import Glance


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glance, "PATIENCE_SECONDS", 0.05)


def test_many_who_ask_at_once_have_it_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glance, "PATIENCE_SECONDS", 30)
    looks: list[int] = []
    together = Barrier(8)
    answers: list[object] = []

    def look() -> int:
        looks.append(1)
        return len(looks)

    seen = Glance(look)

    def ask() -> None:
        together.wait()
        answers.append(seen())

    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (looks, answers) == ([1], [1] * 8)


def test_one_that_never_comes_back_holds_up_nobody_and_is_not_looked_up_again() -> None:
    looks: list[int] = []
    back = Event()

    def hang() -> str:
        looks.append(1)
        back.wait(60)
        return "back"

    seen = Glance(hang)
    assert [seen(), seen(), seen()] == [None, None, None]
    assert looks == [1]
    back.set()
    while seen() is None:
        pass
    assert seen() == "back"


def test_an_older_answer_is_given_while_a_newer_one_is_on_its_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(glance, "FRESH_SECONDS", 0)
    back = Event()
    back.set()
    looks: list[int] = []

    def find() -> int:
        looks.append(1)
        back.wait(60)
        return len(looks)

    seen = Glance(find)
    assert seen() == 1
    back.clear()
    assert seen() == 1
    monkeypatch.setattr(glance, "STALE_SECONDS", 0)
    assert seen() is None, "too old to be told"
    back.set()


def test_a_look_that_fails_is_tried_again() -> None:
    answers = iter([ZeroDivisionError(), "found"])

    def find() -> object:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    seen = Glance(find)
    assert seen() is None
    assert seen() == "found"
