"""An address that is held before it is known who will use it: a server, and a client that connects from it.

python -m examples.bound_socket [PORT]      port 0, any free one

That the port is in use is an exception here, before anything else is begun, rather than an 'error' later.
"""

import sys

from sansnet import AddressInfo, BoundSocket, NetError, Socket, create_server, run


def port_of(bound: BoundSocket) -> int:
    address = bound.address()
    assert isinstance(address, AddressInfo), "it isn't bound to a path"
    return address.port


def main(port: str = "0") -> None:
    bound = BoundSocket(host="127.0.0.1", port=port)
    server_port = port_of(bound)
    print("reserved port", server_port, "for the server")

    def on_connection(peer: Socket) -> None:
        print("a connection from port", peer.remote_port)
        peer.end("goodbye\n")
        server.close()

    server = create_server(on_connection)
    server.listen(bound)  # from now on it is the server's; to close one that nobody takes, use `with`
    print("listening:", server.listening)

    source = BoundSocket(host="127.0.0.1")
    print("reserved port", port_of(source), "for the client")
    client = Socket(handle=source)
    client.set_encoding("utf-8").on("data", lambda text: print(text, end=""))
    client.connect(server_port, "127.0.0.1")
    run()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except NetError as error:  # such as a port in use
        sys.exit(f"bound_socket: {error}")
