"""Which jobs of a browser count, and what a job does that no longer does."""

from types import SimpleNamespace

import gradio as gr
import pytest

from rrg.app.view import Page
from rrg.app.view.desk import discard
from rrg.app.view.jobs import SESSIONS, Jobs
from tests.app.doubles import film, room

HERE = SimpleNamespace(session_hash="here")


@pytest.fixture
def desk(tmp_path):
    return Page(room(tmp_path)[0]).desk


def counted(desk, fn, outputs, unread=None):
    return desk._counted(fn, outputs, unread)


def test_what_was_asked_before_a_stop_does_not_count_and_what_comes_after_does():
    jobs = Jobs()
    assert jobs.counts("a", 5.0)
    jobs.stop("a", 7.0)
    assert [jobs.counts("a", asked) for asked in (5.0, 7.0, 7.5)] == [False, False, True]
    assert jobs.counts("b", 5.0)


def test_cancel_has_something_to_stop_until_the_last_open_job_has_ended():
    jobs = Jobs()
    for _ in range(2):
        jobs.ask("a")
    jobs.end("a")
    assert jobs.any_open("a")
    jobs.stop("a", 1.0)
    assert not jobs.any_open("a")
    jobs.ask("a")
    assert jobs.any_left("a")
    jobs.end("a")  # the stopped one comes first
    assert jobs.any_open("a")
    jobs.end("a")
    assert not jobs.any_open("a")
    assert not jobs.any_left("a")
    assert not jobs.any_open("b")


def test_what_is_pressed_twice_is_counted_once():
    jobs = Jobs()
    for kind in ("x", "x", None, None):
        jobs.ask("a", kind)
    for kind in ("x", None):
        jobs.end("a", kind)
        assert jobs.any_open("a")
    jobs.end("a")
    assert not jobs.any_open("a")
    jobs.ask("a", "x")
    assert jobs.any_open("a")


def test_browsers_that_went_away_are_forgotten():
    jobs = Jobs()
    for i in range(SESSIONS + 5):
        jobs.ask(str(i))
    assert not jobs.any_open("0")
    assert jobs.any_open(str(SESSIONS + 4))


def test_a_job_that_is_stopped_between_two_steps_ends_with_the_page_as_it_was(desk):
    reached = []

    def work(text):
        for i in range(3):
            reached.append(i)
            yield {desk.notice: f"{text} {i}"}

    steps = counted(desk, work, [desk.notice, desk.study])(HERE, "step", 1.0, None)
    assert next(steps) == {desk.notice: "step 0"}
    desk.jobs.stop("here", 2.0)
    (last,) = steps
    assert "Stopped." in last[desk.notice]
    assert set(last) == {desk.notice, desk.study}
    assert reached == [0, 1]


def test_a_job_that_is_stopped_before_its_turn_does_nothing_and_its_upload_is_deleted(desk, tmp_path):
    waiting = film(tmp_path / "a.png")
    desk.jobs.stop("here", 2.0)

    def work(files):
        raise AssertionError("it was stopped")

    run = counted(desk, work, [desk.notice], unread=discard)
    assert list(run(HERE, [str(waiting)], 1.0, None)) == [gr.skip()]
    assert not waiting.exists()


def test_a_job_that_says_nothing_leaves_the_page_alone(desk):
    def work():
        return
        yield {}

    assert list(counted(desk, work, [desk.notice, desk.study])(HERE, 1.0, None)) == [gr.skip()]


def test_a_fault_is_told_without_what_it_says_and_leaves_the_page_usable(desk, caplog):
    name = "-".join(("/tmp/a", "patient.dcm"))

    def work():
        raise ValueError(name)
        yield {}

    (shown,) = counted(desk, work, [desk.notice, desk.study])(HERE, 1.0, None)
    assert "fault of the program" in shown[desk.notice]
    assert "ValueError" in caplog.text
    assert "test_jobs.py" in caplog.text
    assert "a-patient" not in caplog.text + shown[desk.notice]
