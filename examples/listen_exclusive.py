"""A server whose port nobody shares with it, told what it is to do by one mapping of options.

python -m examples.listen_exclusive [PORT]      port 8124

`exclusive` is about the workers of Node's cluster. There are none here, so that every port is exclusive unless
`reuse_port` says otherwise; the option is taken, so that a port from Node needn't leave it out.
"""

import sys

from sansnet import AddressInfo, NetError, Socket, create_server, run
from sansnet.signatures import ListenOptions


def main(port: str = "8124") -> None:
    def on_connection(socket: Socket) -> None:
        socket.end("hello\r\n")

    first = create_server(on_connection)
    second = create_server(on_connection)

    def on_listening() -> None:
        address = first.address()
        print("server bound:", address)
        if isinstance(address, AddressInfo):
            second.listen({**options, "port": address.port})

    def on_error(error: Exception) -> None:
        print("second server:", error)

    options: ListenOptions = {"host": "localhost", "port": port, "exclusive": True}
    second.on("error", on_error)
    first.listen(options, on_listening)
    run()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except NetError as error:  # such as a port in use
        sys.exit(f"listen_exclusive: {error}")
