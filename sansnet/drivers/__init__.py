"""The drivers: what does I/O for the machines. `contract` says what a driver owes; start there to write your own."""
