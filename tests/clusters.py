"""An executor that may have its workers on other machines; here they are threads of a scheduler in this process."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

import pytest

__all__ = ["dask_executor"]


@contextmanager
def dask_executor() -> Iterator[Executor]:
    """That of a cluster of dask's, with one worker of two threads."""
    distributed = pytest.importorskip(
        "distributed", reason="needs the extra 'distributed': this executor is NOT checked"
    )
    with (
        distributed.LocalCluster(
            n_workers=1,
            threads_per_worker=2,
            processes=False,
            dashboard_address="127.0.0.1:0",  # None is a fixed port, of which dask complains when it is taken
            silence_logs=False,
        ) as cluster,
        distributed.Client(cluster) as client,
        client.get_executor() as executor,
    ):
        yield executor
