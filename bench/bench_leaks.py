"""What the leak guard costs on 10^6 rows of 20 columns: CPU seconds beside the rest of the
preparation. Without a clock a column that counts on has the quick model asked twice."""
import json
import os
import subprocess

from common import figure


def measure(program):
    maker = os.path.join(os.path.dirname(program), "bench_leaks")
    done = subprocess.run([maker, "1000000", "20"], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    for line in done.stdout.splitlines():
        said = json.loads(line)
        assert said["findings"] == 0, said
        rest = said["seconds"] - said["guard_seconds"]
        what = "with a clock" if said["clock"] else "split by chance, quick model twice"
        yield figure("leaks", "guard on 10^6 x 20, %s" % what, said["guard_seconds"], "s", "<= 5",
                     "the rest of the preparation", rest)
