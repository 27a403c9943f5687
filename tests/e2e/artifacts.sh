# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# artifacts.sh - what a run has made is listed, by reference, with its result: to receivers, to scripts and to whoever looks back.

mkdir work
cat >conf.yaml <<END
batteries:
  disk: { so: store_lmdb.so }
  journal: { so: checkpoint_journal.so }
  script: { so: model_script.so, script: script.yaml }
  fs: { so: tool_fs.so, root: work, write: true }
  paper: { so: delivery_file.so, dir: results, format: json }
ports: { store: disk, checkpoint: journal, delivery: { file: paper } }
tiers: { fast: script/x }
agents: { a: { tools: [write_file], deliver: ['file:last.json'] } }
END
cat >script.yaml <<'END'
turns:
  - calls: [ { tool: write_file, args: { path: report.md, content: "# A report" } } ]
  - calls: [ { tool: write_file, args: { path: data/table.csv, content: "a,b", parents: true } } ]
  - calls: [ { tool: write_file, args: { path: report.md, content: "# Another" } } ]
  - say: Both are there.
END
made='map(.name + " " + (.bytes | tostring)) == ["report.md 9", "data/table.csv 3"]'
gives 0 "$EXECUTUS" run -c conf.yaml --json "go"
holds ".[0].artifacts | $made" out
holds ".[0].artifacts[0].path == \"$WORK/work/report.md\"" out
holds ".[0].artifacts | $made" results/last.json
run=$(jq -r .run out)
gives 0 "$EXECUTUS" show -c conf.yaml --json "$run"
holds ".[0].artifacts | $made" out
gives 0 "$EXECUTUS" show -c conf.yaml "$run"
prints "made      $WORK/work/report.md"
prints "          $WORK/work/data/table.csv"
gives 0 "$EXECUTUS" show -c conf.yaml --facts --json "$run"
holds '.[0] | map(select(.kind == "artifact_made")) | length == 3' out
gives 0 "$EXECUTUS" resume -c conf.yaml --json "$run"
holds ".[0].artifacts | $made" out
