"""The kit that sansnet is tested with, for those who test with it or build on it.

The model checker: `explore` takes every event in every state of a model and holds laws to it; `models` are ours, of
sockets and servers, and `invariants` and `server_invariants` are their laws. A model is a machine in its `loop`, with
`ghosts` (`server_ghosts`) in place of a driver, and a bounded user (`users`). `counterexample` turns a refutation into
a test, `equivalence` asks whether two models can be told apart, `snapshots` makes copies and keys fast.
"""
