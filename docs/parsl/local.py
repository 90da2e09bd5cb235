"""Parsl on this machine: licoat data build ... --engine parsl --parsl-config docs/parsl/local.py."""

import os

from parsl import Config
from parsl.executors import HighThroughputExecutor
from parsl.providers import LocalProvider

config = Config(
    executors=[
        HighThroughputExecutor(
            label="local",
            address="127.0.0.1",
            loopback_address="127.0.0.1",
            max_workers_per_node=os.cpu_count() or 1,  # a machine-learned potential needs about 1 GB per worker
            provider=LocalProvider(
                init_blocks=1,
                max_blocks=1,
                worker_init="export OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1",
            ),
            heartbeat_period=1,  # a worker that died is found after this time, in seconds,
            heartbeat_threshold=10,  # and workers end this long after the build was killed
        )
    ],
    strategy="simple",  # a lost block is started again; with "none" what is left would wait for ever
    strategy_period=1,
    run_dir="runinfo",  # logs of Parsl, where the build is started
)
