#!/usr/bin/env python3
"""Prints made-up hourly rows as CSV for the golden cases: toy.py DAYS [FIRST_DAY]."""
import sys

import project

days, first = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
table = project.rows(days, seed=1 + first, first=first)
print(",".join(table[0]))
for row in table:
    print(",".join(str(value) for value in row.values()))
