"""A client that reads everything into one and the same buffer.

python -m examples.read_into_buffer [PORT|PATH]     of a server that speaks first; port 8124
"""

import sys

from sansnet import NetError, OnRead, create_connection, run


def main(where: str = "8124") -> None:
    def on_read(count: int, buffer: bytearray) -> None:
        # What was received is in the buffer from 0 to `count`, until the next call.
        print(buffer[:count].decode(), end="")

    create_connection(where, on_read=OnRead(bytearray(4 * 1024), on_read))
    run()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except NetError as error:  # such as nobody there
        sys.exit(f"read_into_buffer: {error}")
