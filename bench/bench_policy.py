"""What a model costs over two years under the policy "cost", beside the best fixed schedule of all:
wrong answers beyond the base risk and cycles, means of 40 made worlds (bench/policy.cc)."""
import json
import os
import subprocess

from common import figure

MOST = 0.7  # of what the best schedule costs


def measure(program):
    inner = os.path.join(os.path.dirname(program), "bench_policy")
    said = json.loads(subprocess.run([inner], capture_output=True, text=True, check=True).stdout)
    for one in said:
        yield figure("policy", "a cycle at %d: two years by policy cost, %.1f cycles" %
                     (one["price"], one["cost_cycles"]), one["cost"], "",
                     "<= %.0f" % (MOST * one["best_schedule"]),
                     "every %d days" % one["every"], one["best_schedule"])
        yield figure("policy", "  the same by policy performance, %.1f cycles" %
                     one["performance_cycles"], one["performance"], "", ">= 0")
