"""Sockets in a Qt program: an echo server and a client in Qt's event loop. Needs PySide6 (or PySide6-Essentials).

python -m examples.in_qt

`QtReactor` is all that it takes; docs/howto/write-a-driver.md says what each of its methods owes.
"""

import sys
import time
from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QSocketNotifier, Qt, QTimer

from sansnet import AddressInfo, connect, create_server, using
from sansnet.drivers.polling import Waker
from sansnet.drivers.readiness import ReadinessDriver

Callback = Callable[[], None]


class QtReactor:
    """Qt's loop, that of the thread it is made on, as a `Reactor`."""

    def __init__(self) -> None:
        self.now = time.monotonic
        self._notifiers: dict[tuple[int, QSocketNotifier.Type], QSocketNotifier] = {}
        self._posted: deque[Callback] = deque()
        self._waker = Waker(self)
        self.watch_readable(self._waker.fileno(), self._run_posted)

    def watch_readable(self, fd: int, callback: Callback) -> None:
        self._watch(fd, QSocketNotifier.Type.Read, callback)

    def unwatch_readable(self, fd: int) -> None:
        self._unwatch(fd, QSocketNotifier.Type.Read)

    def watch_writable(self, fd: int, callback: Callback) -> None:
        self._watch(fd, QSocketNotifier.Type.Write, callback)

    def unwatch_writable(self, fd: int) -> None:
        self._unwatch(fd, QSocketNotifier.Type.Write)

    def _watch(self, fd: int, kind: QSocketNotifier.Type, callback: Callback) -> None:
        self._unwatch(fd, kind)
        notifier = self._notifiers[fd, kind] = QSocketNotifier(fd, kind)
        notifier.activated.connect(lambda *_: callback())

    def _unwatch(self, fd: int, kind: QSocketNotifier.Type) -> None:
        notifier = self._notifiers.pop((fd, kind), None)
        if notifier is not None:
            notifier.setEnabled(False)  # not even in this turn, and now: the descriptor is about to be closed
            notifier.deleteLater()

    def call_soon(self, callback: Callback) -> None:
        QTimer.singleShot(0, callback)

    def call_soon_threadsafe(self, callback: Callback) -> None:
        self._posted.append(callback)
        self._waker.wake()

    def _run_posted(self) -> None:
        self._waker.drain()
        for _ in range(len(self._posted)):
            self._posted.popleft()()

    def call_later(self, seconds: float, callback: Callback) -> "QtTimer":
        return QtTimer(seconds, callback)


class QtTimer:
    """A timer that fires once."""

    def __init__(self, seconds: float, callback: Callback) -> None:
        self._timer = QTimer()
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(callback)
        self._timer.start(int(max(seconds, 0) * 1000) + (seconds > 0))  # rounded up: never early

    def cancel(self) -> None:
        self._timer.stop()


def main() -> None:
    application = QCoreApplication([])
    with using(ReadinessDriver(QtReactor())):
        server = create_server(lambda peer: peer.pipe(peer))

        def on_listening() -> None:
            address = server.address()
            assert isinstance(address, AddressInfo)
            client = connect(address.port, "127.0.0.1")
            client.on("data", lambda data: print(data.decode()))
            client.on("close", lambda _had_error: server.close())
            client.end("hello out of Qt")

        server.on("close", application.quit)
        server.listen(0, "127.0.0.1", callback=on_listening)
        application.exec()


if __name__ == "__main__":
    main(*sys.argv[1:])
