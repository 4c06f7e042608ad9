"""A server that waits for its port while another program has it.

python -m examples.listen_retry [PORT [SECONDS]]    port 8124, tried once a second
"""

import sys

from sansnet import NetError, Socket, call_later, create_server, run

HOST = "127.0.0.1"


def main(port: str = "8124", seconds: str = "1") -> None:
    wait = float(seconds)

    def on_connection(socket: Socket) -> None:
        socket.end("hello\r\n")

    def on_error(error: NetError) -> None:
        if error.code != "EADDRINUSE":
            raise error
        print("Address in use, retrying...")
        call_later(wait, retry)

    def retry() -> None:
        server.close()
        server.listen(port, HOST)

    server = create_server(on_connection)
    server.on("error", on_error)
    server.on("listening", lambda: print("server bound:", server.address()))
    server.listen(port, HOST)
    run()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except NetError as error:  # such as a port that one may not have
        sys.exit(f"listen_retry: {error}")
