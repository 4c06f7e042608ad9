"""A proxy: everything that comes in goes on to another server, and back.

python -m examples.proxy [PORT [TARGET_PORT [TARGET_HOST]]]     from port 8125 to localhost:8124

pipe() keeps the pace of the slower side and passes on the end of each direction, so that nothing is buffered without
bounds and a half-closed connection stays half-closed. Nothing more is needed but a word about failures.
"""

import sys

from sansnet import NetError, Socket, connect, create_server, run


def main(port: str = "8125", target_port: str = "8124", target_host: str = "localhost") -> None:
    def on_connection(client: Socket) -> None:
        # What the client sends in the meantime waits for the connection, as every write does.
        target = connect(target_port, target_host, allow_half_open=True)
        client.pipe(target)
        target.pipe(client)
        fail_together("client", client, target)
        fail_together("target", target, client)

    def fail_together(name: str, one: Socket, other: Socket) -> None:
        """pipe() passes on the end of a stream, and leaves an error to us (Node's does so too)."""

        def on_close(had_error: bool | None) -> None:
            if had_error:
                other.destroy()

        one.on("error", lambda error: print(f"{name}: {error}"))
        one.on("close", on_close)

    server = create_server(on_connection, allow_half_open=True)
    server.listen(port, "127.0.0.1", callback=lambda: print("proxy bound:", server.address()))
    run()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except NetError as error:  # such as a port in use
        sys.exit(f"proxy: {error}")
