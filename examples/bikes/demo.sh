#!/bin/sh
# What `make demo` runs: real commands of the program on this example, nothing staged.
# usage: demo.sh RONDO SCRATCH_FOLDER
set -eu
rondo=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$2" && mkdir -p "$2"
scratch=$(cd "$2" && pwd)
from=2011-03-02

title() { printf '\n== %s\n\n' "$1"; }

# The replay with the broken source (part 4) runs beside the parts before it and gives way to them.
fault="cnt=0 from 2011-10-28 to 2011-11-27"
nice "$rondo" -C "$here" backtest --policy cron:7d,own --from $from --to 2011-12-15 --fault "$fault" \
  --into "$scratch/broken" --report "$scratch/broken.html" --window 2011-10-28..2011-12-12 \
  > "$scratch/broken.txt" 2> "$scratch/broken.err" &
broken=$!
trap 'kill $broken 2> /dev/null || true' EXIT

title "1. Two years of bike rentals, day by day, labels a day late, under three policies: rondo backtest"
"$rondo" -C "$here" backtest --policy never,cron:7d,own --from $from \
  --into "$scratch/backtest" --report "$scratch/report.html" --window 2011-10-28..2011-12-12

title "2. The process table and the status tracker of the loop's own policy (rondo history, status)"
own="$scratch/backtest/own"
"$rondo" -C "$own" history --last 12
"$rondo" -C "$own" status

title "3. Why the newest challenger was not deployed (rondo why)"
step=$("$rondo" -C "$own" history --json | python3 -c '
import json, sys
no = [row["step"] for row in json.load(sys.stdin) if row["result"] in ("not better", "undecided")]
print(no[-1] if no else "")')
"$rondo" -C "$own" why $step

title "4. The first months with a broken source: from day 300 to 330 the counts read zero"
wait $broken || { cat "$scratch/broken.err" >&2; exit 1; }
trap - EXIT
cat "$scratch/broken.txt"

title "5. What Rondo made of it (rondo why)"
step=$("$rondo" -C "$scratch/broken/own" history --facts | python3 -c '
import json, sys
facts = [json.loads(line) for line in sys.stdin]
bad = [f["step"] for f in facts if f["kind"] == "signal" and f["body"].get("quarantines")]
print(bad[0] if bad else "")')
"$rondo" -C "$scratch/broken/own" why $step

title "Look at it"
echo "report         $scratch/report.html"
echo "broken source  $scratch/broken.html"
echo
echo "Try next:"
echo "  $rondo -C $here replay --into \$(mktemp -d)/past --from $from"
echo "  $rondo -C $here run && $rondo -C $here up"
echo "  $rondo -C $here backtest --policy own,schedule:30d,always --from $from"
echo "  cd \$(mktemp -d) && cp $here/hour.csv.gz . && $rondo init hour.csv.gz --target cnt && cat rondo.toml"
