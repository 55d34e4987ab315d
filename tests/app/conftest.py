"""A browser and the page over stand-ins for the models, shared by the tests that drive it."""

import threading

import pytest

from tests.app.browsing import WAIT, chromium, serving
from tests.app.doubles import HOSTILE, PAIR, TEXTS, Halting, put_scores, room


@pytest.fixture(scope="module")
def browser():
    """One for each module: where one runs, no other event loop can."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def uploads(tmp_path_factory):
    """Where gradio puts what is uploaded."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("uploads")
        patch.setenv("GRADIO_TEMP_DIR", str(folder))
        yield folder


@pytest.fixture(scope="module")
def going():
    """Drafting goes on only while this is set."""
    event = threading.Event()
    event.set()
    return event


@pytest.fixture
def slow(going):
    """The same for one test: whatever becomes of it, the next one finds drafting going on."""
    yield going
    going.set()


@pytest.fixture(scope="module")
def desk(tmp_path_factory, going):
    """The reading room and its doubles; the baseline's report tries to be code."""
    desk, made = room(tmp_path_factory.mktemp("checkpoints"))
    put_scores(desk.library)
    made["baseline"].text = HOSTILE
    made["hard-negative"] = Halting("hard-negative", TEXTS["hard-negative"])
    made["hard-negative"].going = going
    return desk


@pytest.fixture(scope="module")
def served(desk, uploads):
    """The address of the page."""
    with serving(desk, PAIR) as url:
        yield url


@pytest.fixture
def visit(browser, served):
    """Opens the page in a browser of its own, the gate accepted; collects faults and addresses asked for."""
    contexts = []

    def entered(path="", **options):
        contexts.append(browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | options))
        page = contexts[-1].new_page()
        page.set_default_timeout(WAIT)
        page.faults, page.asked = [], set()
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.on("request", lambda request: page.asked.add(request.url))
        page.goto(served.rstrip("/") + path)
        page.click("#accept")
        page.wait_for_selector("#upload input[type=file]", state="attached")
        return page

    yield entered
    for context in contexts:
        context.close()
