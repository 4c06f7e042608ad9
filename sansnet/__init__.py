"""sansnet: node:net for Python as sans-I/O state machines."""
