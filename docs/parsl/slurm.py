"""Parsl on a SLURM cluster: licoat data build ... --engine parsl --parsl-config docs/parsl/slurm.py.

Start the build on a login node, in tmux or screen: it is only the coordinator. The folder of ``--out`` must be on a
file system that all nodes see. Edit what is marked; killed builds go on with ``--resume``.
"""

from parsl import Config
from parsl.executors import HighThroughputExecutor
from parsl.launchers import SrunLauncher
from parsl.providers import SlurmProvider

CORES = 64  # edit: cores of a node; one calculation runs on one core
WORKER_INIT = """
source $HOME/licoat/.venv/bin/activate  # edit: where licoat[hpc,mlip] is installed
export OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
"""

config = Config(
    executors=[
        HighThroughputExecutor(
            label="slurm",
            max_workers_per_node=CORES,
            cores_per_worker=1,
            mem_per_worker=2,  # GB; a machine-learned potential needs about 1
            provider=SlurmProvider(
                partition="standard",  # edit
                account="project",  # edit
                nodes_per_block=1,
                cores_per_node=CORES,
                init_blocks=1,
                min_blocks=0,
                max_blocks=4,
                walltime="04:00:00",
                exclusive=True,
                worker_init=WORKER_INIT,
                launcher=SrunLauncher(),
            ),
        )
    ],
    retries=2,  # what runs when a block reaches its walltime is sent again
    strategy="simple",
)
