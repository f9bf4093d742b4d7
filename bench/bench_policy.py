"""What a model costs over two years under the policy "cost", beside the best fixed schedule of all:
wrong answers beyond the base risk and cycles, means of 40 made worlds (bench/policy.cc)."""
import json
import os
import subprocess

from common import figure


def measure(program):
    inner = os.path.join(os.path.dirname(program), "bench_policy")
    said = json.loads(subprocess.run([inner], capture_output=True, text=True, check=True).stdout)
    for one in said:
        yield figure("policy", "a cycle at %d: cost, to the best schedule's" % one["price"],
                     one["cost"] / one["best_schedule"], "x", "<= 0.7",
                     "every %d days" % one["every"], one["best_schedule"])
        yield figure("policy", "  what it comes to, by %.1f cycles" % one["cost_cycles"],
                     one["cost"], "", ">= 0", "performance, by %.1f cycles" %
                     one["performance_cycles"], one["performance"])
