"""A server that hangs up on those who say nothing.

python -m examples.idle_timeout [PORT [SECONDS]]    port 8124, three seconds
"""

import sys

from sansnet import NetError, Socket, create_server, run


def main(port: str = "8124", seconds: str = "3") -> None:
    def on_connection(socket: Socket) -> None:
        def on_timeout() -> None:
            print("socket timeout")
            socket.end()

        socket.set_timeout(float(seconds))
        socket.on("timeout", on_timeout)
        socket.resume()

    server = create_server(on_connection)
    server.listen(port, callback=lambda: print("server bound:", server.address()))
    run()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except NetError as error:  # such as a port in use
        sys.exit(f"idle_timeout: {error}")
