"""Sockets in a loop of your own that can watch one descriptor: an echo server and a client, beside a clock that ticks.

python -m examples.in_epoll    (Linux)

No reactor is needed: the loop watches `SelectorDriver.fileno()`, and calls `step(0)` when that is readable, or when
`next_timeout()` seconds are over: the descriptor knows of sockets, not of timers.
"""

import select
import sys
import time

from sansnet import AddressInfo, connect, create_server, using
from sansnet.drivers.selector import SelectorDriver

FRAME = 0.05


def main() -> None:
    with SelectorDriver() as driver, using(driver), select.epoll() as loop:
        server = create_server(lambda peer: peer.pipe(peer))

        def on_listening() -> None:
            address = server.address()
            assert isinstance(address, AddressInfo)
            client = connect(address.port, "127.0.0.1")
            client.on("data", lambda data: print(data.decode()))
            client.on("close", lambda _had_error: server.close())
            client.end("hello out of epoll")

        server.listen(0, "127.0.0.1", callback=on_listening)
        loop.register(driver.fileno(), select.EPOLLIN)
        next_frame = time.monotonic() + FRAME
        while driver.alive:
            wait = max(next_frame - time.monotonic(), 0)
            due = driver.next_timeout()
            for _fd, _events in loop.poll(wait if due is None else min(wait, due)) or [(-1, 0)]:
                driver.step(0)
            if time.monotonic() >= next_frame:
                next_frame += FRAME  # here the program does what it does twenty times a second


if __name__ == "__main__":
    main(*sys.argv[1:])
