"""Which jobs of which browser still count: counts and times, and no study. A job that was stopped ends at its next step.

gradio can cancel, too, but forgets all but the last of several events of one kind, tells the page before the job has ended,
and lets a step that was under way arrive afterwards. Times are those of the browser's clock, in milliseconds, because only
it knows in which order its reader did things.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

SESSIONS = 1000  # browsers remembered; those that came first are forgotten first


@dataclass
class _Browser:
    open: int = 0  # jobs that wait or run
    stopped: int = 0  # such that were stopped and have not ended yet; they come before the open ones
    at: float = float("-inf")  # when Cancel was pressed last
    once: set[Any] = field(default_factory=set)  # kinds of which one waits or runs, and no other is let in


class Jobs:
    """Safe among threads. A session is gradio's name for one tab of a browser."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._browsers: OrderedDict[str, _Browser] = OrderedDict()

    def _browser(self, session: str) -> _Browser:
        browser = self._browsers.setdefault(session, _Browser())
        self._browsers.move_to_end(session)
        while len(self._browsers) > SESSIONS:
            self._browsers.popitem(last=False)
        return browser

    def ask(self, session: str, once: Any = None) -> None:
        """One more job will wait, unless it is `once` the same as one that does."""
        with self._lock:
            browser = self._browser(session)
            if once is not None and once in browser.once:
                return
            browser.open += 1
            if once is not None:
                browser.once.add(once)

    def end(self, session: str, once: Any = None) -> None:
        """The next of them has ended, or was not let into the queue."""
        with self._lock:
            browser = self._browser(session)
            browser.once.discard(once)
            if browser.stopped:
                browser.stopped -= 1
            else:
                browser.open = max(0, browser.open - 1)

    def stop(self, session: str, at: float) -> None:
        """None of those asked for until `at` counts any longer."""
        with self._lock:
            browser = self._browser(session)
            browser.stopped, browser.open, browser.at = browser.stopped + browser.open, 0, at

    def counts(self, session: str, asked: float) -> bool:
        """Whether a job was asked for after the last stop."""
        with self._lock:
            return asked > self._browser(session).at

    def any_open(self, session: str) -> bool:
        """Whether anything waits or runs that was not stopped."""
        with self._lock:
            return self._browser(session).open > 0

    def any_left(self, session: str) -> bool:
        """Whether anything but the one that ends now waits, stopped or not."""
        with self._lock:
            browser = self._browser(session)
            return browser.open + browser.stopped > 1
