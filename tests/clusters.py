"""An executor that may have its workers on other machines; here they are threads of a scheduler in this process."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

import pytest

__all__ = ["dask_executor"]


@contextmanager
def dask_executor() -> Iterator[Executor]:
    """That of a cluster of dask's: one worker, two threads. Without dask its tests are skipped; under CI they fail."""
    if not os.environ.get("CI"):
        pytest.importorskip("distributed", reason="needs the extra 'distributed': this executor is NOT checked")
    distributed = importlib.import_module("distributed")  # it is untyped
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
