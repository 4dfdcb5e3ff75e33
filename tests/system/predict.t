#!/bin/sh
# predict.t - what stored runs answer to inputs, how probable the answers are, and which relations they satisfy.
. "$MLRT_TESTS/tap.sh"
cd "$WORK" || exit 1
export OMP_NUM_THREADS=1 LC_ALL=C

# ---- a transformer that decodes ----

cat >words.lua <<'END'
local mlrt = require "mlrt"
return mlrt.experiment "words" {
  setup = function(p)
    return {
      task = mlrt.task.amplitudes.coefficient { loop = 3, seed = p.seed },
      model = mlrt.layer.seq2seq { dim = 16, heads = 2, ffn = 32 }, loss = mlrt.loss.cross_entropy { ignore = "pad" },
      optimizer = mlrt.optimizer.adam { lr = 5e-3 }, train = { steps = 60, batch = 64, evaluate = 60 },
    }
  end,
}
END
ok "a run to ask" mlrt run --quiet words.lua
answers=$(mlrt predict 1 aabbdd abbbdd acbbdd bbbbdd)
is "$(echo "$answers" | head -n 1 | tr -s ' ')" "word coefficient probability" "columns are called by the task's fields"
is "$(echo "$answers" | awk 'NR > 1 && $2 ~ /^-?[0-9]+$/ && $3 > 0 && $3 <= 1' | wc -l | tr -d ' ')" 4 \
    "a coefficient and a probability each"
is "$(printf '# some words\n\naabbdd\nabbbdd\nacbbdd\nbbbbdd\n' | mlrt predict 1)" "$answers" "words from stdin"
printf 'aabbdd\nabbbdd\nacbbdd\nbbbbdd\n' >list
is "$(mlrt predict 1 input=list)" "$answers" "words from a file"
said=$(mlrt predict 1 aabbdd abbbdd acbbdd verify=true)
like "$said" '^any aab\+abb\+acb +1 +[01]$' "three words make an instance of the triple relation"
sum=$(echo "$said" | awk 'NR > 1 && NR < 5 { s += $2 } END { print s == 0 ? 1 : 0 }')
like "$said" "^any aab\\+abb\\+acb +1 +$sum\$" "which is satisfied if they cancel"
like "$(mlrt predict 1 aaaaae verify=true)" 'no relation joins these inputs' "a word alone has no relations"
like "$(mlrt predict 1 aadaae verify=true)" '^any ad +1 +[01]$' "but for one that is a zero"

fails 1 "^no run 7 in 'runs" "a run that is not there" mlrt predict 7 aabbdd
fails 2 "^mlrt: expected the number of a run, got 'one'" "no number" mlrt predict one aabbdd
fails 1 "^the word 'aabbd' has 5 letters, words of 3 loops have 6\$" "a short word" mlrt predict 1 aabbd
fails 1 "^the word 'aabbddd' has 7 letters" "a long word" mlrt predict 1 aabbddd
fails 1 "^the word 'aabbdx' has a 'x': letters are a to f\$" "another letter" mlrt predict 1 aabbdd aabbdx
fails 1 "^predict takes input=PATH and verify=true, got 'colour=red'\$" "another setting" mlrt predict 1 colour=red
fails 1 "unable to open 'no': No such file" "no such file" mlrt predict 1 input=no
is "$(mlrt predict 1 aabbdx 2>&1 | wc -l | tr -d ' ')" 1 "an error is one line"

# ---- the probability is right ----

cat >look.lua <<'END'
local mlrt = require "mlrt"
local run = mlrt.stored(1, { quiet = true })
local answer = run:predict { "aabbdd" } [1]
assert(#answer.tokens == 3 and answer.input == "aabbdd")
local best = run:tap():totable()
local list = {}
for i, word in ipairs(run:tap("word"):totable()) do
  for k, letter in ipairs(word) do word[k] = string.char(97 + letter) end
  list[i] = table.concat(word)
end
for i, a in ipairs(run:predict(list)) do
  assert(table.concat(a.tokens, " ") == table.concat(best[i], " "), "the answers are those of evaluations")
end
run:plot("again", mlrt.plot.curves { { x = { 1, 2 }, y = { 1, 2 } } })
print("same")
END
is "$(mlrt run look.lua)" same "scripts ask stored runs, which answer as in evaluations"

# ---- classes without words ----

cat >sums.lua <<'END'
local mlrt = require "mlrt"
local layer = mlrt.layer
return mlrt.experiment "sums" {
  setup = function(p)
    local numbers, body = layer.embedding { 8, name = "numbers" }, layer.linear { 5 }
    return {
      task = mlrt.task.arrays {
        fields = { a = { 0, 1, 2, 3, 4, 0, 1, 2 }, b = { 0, 0, 1, 2, 0, 4, 3, 2 }, c = { 0, 1, 3, 0, 4, 4, 4, 4 } },
        target = "c", classes = { a = 5, b = 5, c = { "no", "one", "two", "three", "four" } }, train = 6, seed = p.seed,
      },
      model = function(a, b) return body(numbers(a) + numbers(b)):named "logits" end,
      loss = mlrt.loss.cross_entropy {}, optimizer = mlrt.optimizer.adam { lr = 1e-2 },
      train = { steps = 20, batch = "full", evaluate = 20 },
    }
  end,
  finish = function(run)
    local logits = run:tap("logits", { first = 1, count = 1 })
    local p = (logits - logits:max()):exp()
    local a, b = run:tap("a"):get(1), run:tap("b"):get(1)
    run:table { asked = ("%d %d"):format(a, b), best = ("%.4f"):format(p:max() / p:sum()) }
  end,
}
END
told=$(mlrt run sums.lua)
asked=$(echo "$told" | sed -n 's/^ *asked *//p') best=$(echo "$told" | sed -n 's/^ *best *//p')
like "$(mlrt predict 2 "$asked" | tail -n 1)" "^$asked +(no|one|two|three|four) +$best\$" \
    "tokens between blanks; the probability is the softmax of the likeliest"
fails 1 "^'1' has 1 words, expected 2" "too few" mlrt predict 2 1
fails 1 "'a' must be a whole number from 0 to 4, got 9" "a class that is not there" mlrt predict 2 "9 1"
fails 1 'nothing is known of the answers' "nothing to verify" mlrt predict 2 "1 1" verify=true

# ---- a study, which returns nothing ----

sed 's/^return mlrt.experiment/local sums = mlrt.experiment/' sums.lua >study.lua
cat >>study.lua <<'END'
local first = mlrt.run(sums, { seed = 3 }, { quiet = true })
print("trained", mlrt.stored(first.id, { quiet = true }):predict { "1 2" } [1].answer)
mlrt.run(mlrt.experiment "later" { setup = sums.setup }, {}, { quiet = true })
END
answer=$(mlrt run study.lua | sed -n 's/^trained\t//p')
like "$answer" '^(no|one|two|three|four)$' "a study asks a run of its own"
like "$(mlrt predict 3 "1 2" | tail -n 1)" "^1 2 +$answer +[01]" "and so does the command"
ok "neither trains again" [ ! -e runs/5 ]
fails 1 "run 4 is of the experiment 'later', which 'study.lua' does not declare before its first run\$" \
    "but for an experiment that is declared after a run" mlrt predict 4 "1 2"
done_testing
