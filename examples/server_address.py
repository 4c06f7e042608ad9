"""A server on whatever port is free, which says goodbye to everyone.

python -m examples.server_address
"""

from sansnet import Socket, create_server, run


def main() -> None:
    def on_connection(socket: Socket) -> None:
        socket.end("goodbye\n")

    def on_error(error: Exception) -> None:
        raise error  # handle errors here

    server = create_server(on_connection).on("error", on_error)
    # Without a port the system chooses one that nobody uses.
    server.listen(lambda: print("opened server on", server.address()))
    run()


if __name__ == "__main__":
    main()
