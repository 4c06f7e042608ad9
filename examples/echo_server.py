"""A server that greets, and then says everything back.

python -m examples.echo_server [PORT|PATH]      port 8124, or a Unix domain socket such as /tmp/echo.sock

Talk to it with `nc localhost 8124`, or with `nc -U /tmp/echo.sock`.
"""

import sys

from sansnet import NetError, Socket, create_server, run


def main(where: str = "8124") -> None:
    def on_connection(client: Socket) -> None:
        print("client connected")
        client.on("end", lambda: print("client disconnected"))
        client.write("hello\r\n")
        client.pipe(client)

    server = create_server(on_connection)
    # Without a listener an 'error' is raised from run(), which is what Node's example does by hand; see below.
    server.listen(where, callback=lambda: print("server bound:", server.address()))
    run()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except NetError as error:  # such as a port in use
        sys.exit(f"echo_server: {error}")
