"""A client of the echo server: it says one thing, and leaves with the first answer.

python -m examples.echo_client [PORT|PATH]      of examples.echo_server; port 8124
"""

import sys

from sansnet import NetError, create_connection, run


def main(where: str = "8124") -> None:
    def on_connect() -> None:
        print("connected to server!")
        client.write("world!\r\n")

    def on_data(data: bytes) -> None:
        print(data.decode(), end="")
        client.end()

    client = create_connection(where, listener=on_connect)
    client.on("data", on_data)
    client.on("end", lambda: print("disconnected from server"))
    run()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except NetError as error:  # such as nobody there
        sys.exit(f"echo_client: {error}")
