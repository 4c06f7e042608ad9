"""A client that wants to know whether an idle peer is still there.

python -m examples.keep_alive [PORT]    of examples.echo_server; port 8124

The first probe goes out after a second without traffic, nine more follow a second apart; if none of them is answered,
the connection fails with ETIMEDOUT. `ss -tno` shows the timer.
"""

import sys

from sansnet import NetError, connect, run


def main(port: str = "8124") -> None:
    socket = connect(port)
    socket.set_keep_alive({"enable": True, "initial_delay": 1, "interval": 1, "count": 10})
    socket.on("connect", lambda: print("connected, and kept alive"))
    socket.on("data", lambda data: print(data.decode(), end=""))
    socket.on("close", lambda _had_error: print("closed"))
    run()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except NetError as error:  # such as nobody there
        sys.exit(f"keep_alive: {error}")
