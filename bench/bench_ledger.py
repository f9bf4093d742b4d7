"""Empty steps with their durable commits, and `status` on a project with 10,000 steps."""
import json
import os
import subprocess
import tempfile

from common import Bikes, figure, median_time, sync_ms


def measure(program):
    maker = os.path.join(os.path.dirname(program), "bench_steps")
    with Bikes(program) as bikes:
        bikes.run("run")
        done = subprocess.run([maker, bikes.folder, "1000"], capture_output=True, text=True,
                              timeout=300)
        assert done.returncode == 0, done.stderr
        step = json.loads(done.stdout)
        assert step["steps"] == 1000, step
        sync = sync_ms(bikes.folder)
        yield figure("ledger", "empty step with its durable commit, median of 1,000",
                     step["median_ms"], "ms", "<= 10", "one sync of the disk", sync)
        yield figure("ledger", "beyond one sync", step["median_ms"] - sync, "ms", "<= 2")
        subprocess.run([maker, bikes.folder, "10000", "--no-sync"], check=True, timeout=300,
                       capture_output=True)
        said = json.loads(bikes.run("status", "--json").stdout)
        assert len(said["tracker"]) > 10_000, len(said["tracker"])
        status = median_time(lambda: bikes.run("status"), 9)
        yield figure("ledger", "status on a project with over 10,000 steps", 1e3 * status, "ms",
                     "<= 20")
        assert bikes.run("fsck", check=False).returncode == 0
