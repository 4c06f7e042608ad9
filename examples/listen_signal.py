"""A server that an AbortController closes: here when a client says so.

python -m examples.listen_signal [PORT]     port 8124; a client that sends "quit" ends it
"""

import sys

from sansnet import AbortController, NetError, Socket, create_server, run


def main(port: str = "8124") -> None:
    controller = AbortController()

    def on_connection(socket: Socket) -> None:
        socket.set_encoding()
        socket.on("data", on_data)

    def on_data(text: str) -> None:
        if "quit" in text:
            controller.abort()  # as server.close(): who is connected stays connected

    server = create_server(on_connection)
    server.on("close", lambda: print("server closed"))
    server.listen(
        host="localhost",
        port=port,
        signal=controller.signal,
        callback=lambda: print("server bound:", server.address()),
    )
    run()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except NetError as error:  # such as a port in use
        sys.exit(f"listen_signal: {error}")
