# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# bits.sh - every single bit of stored records, of every kind that a run with all ports leaves, is flipped: each is noticed.

# shellcheck source=tests/prove/kit.sh
. "$TREE/tests/prove/kit.sh"
in_memory

cat >conf.yaml <<'END'
batteries:
  store: { so: store_lmdb.so }
  journal: { so: checkpoint_journal.so }
  script: { so: model_script.so, script: script.yaml }
  fx: { so: effects.so, log: effects.log }
  book: { so: audit_store.so }
  post: { so: delivery.so, log: post.log }
  purse: { so: budget_ledger.so, limits: [ { name: cap, scope: caller, unit: tokens, max: 100000000, per: 7d } ] }
ports: { store: store, checkpoint: journal, audit: [book], budget: purse, delivery: { post: post } }
tiers: { fast: script/x }
agents: { a: { tools: [keyed], deliver: ['post:one'] } }
END
cat >script.yaml <<'END'
turns:
  - calls: [ { tool: keyed, args: { text: one } }, { tool: keyed, args: { text: two } } ]
  - calls: [ { tool: keyed, args: { text: three } } ]
  - say: Done.
END
goal=${quick:+20}
goal=${goal:-200}
for question in 1 2 3 4 5 6; do
	gives 0 x run -a a "question $question of shard $shard"
done
gives 0 "$tools/bits" "$XDG_STATE_HOME/executus/store" "$goal"
read -r records flips <"$WORK/out"
equal "$goal" "$records" "records"
counted "records, each with every bit of it and of its key flipped" "$records"
counted "flips, each noticed" "$flips"
