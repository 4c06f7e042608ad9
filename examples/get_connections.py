"""A server that counts its connections, and has room for two.

python -m examples.get_connections [PORT]   port 8124
"""

import sys

from sansnet import DropInfo, NetError, Socket, create_server, run


def main(port: str = "8124") -> None:
    def count() -> None:
        server.get_connections(lambda _error, number: print("connections:", number))

    def on_connection(socket: Socket) -> None:
        socket.on("close", lambda _had_error: count())
        socket.resume()
        count()

    def on_drop(info: DropInfo | None) -> None:
        print("dropped one from", info.remote_address if info else "this machine")

    server = create_server(on_connection)
    server.max_connections = 2
    server.on("drop", on_drop)
    server.listen(port, "127.0.0.1", callback=lambda: print("server bound:", server.address()))
    run()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except NetError as error:  # such as a port in use
        sys.exit(f"get_connections: {error}")
