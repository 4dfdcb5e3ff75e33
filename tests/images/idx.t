#!/bin/sh
# idx.t - images from files in the format of MNIST: what is read, what is chosen, and what is said of damaged files.
. "$MLRT_TESTS/tap.sh"
cd "$WORK" || exit 1
export OMP_NUM_THREADS=1

# bytes NUMBER...: one byte each.
bytes() { for b in "$@"; do printf "\\$(printf %o "$b")"; done; }
# idx DIMENSION...: the beginning of an IDX file.
idx() { bytes 0 0 8 $#; for n in "$@"; do bytes 0 0 0 "$n"; done; }

# Four images of 2 x 3 pixels: image k, of class k % 3, begins with 50 k and goes on with ones. Two for testing.
four() { idx 4 2 3; for k in 0 1 2 3; do bytes $((50 * k)) 1 1 1 1 1; done; }
make() {
    rm -rf data; mkdir data
    four >data/train-images-idx3-ubyte
    { idx 4; bytes 0 1 2 0; } >data/train-labels-idx1-ubyte
    { idx 2 2 3; bytes 255 0 0 0 0 0 51 0 0 0 0 255; } >data/t10k-images-idx3-ubyte
    { idx 2; bytes 1 3; } >data/t10k-labels-idx1-ubyte
}

cat >look.lua <<'END'
local mlrt = require "mlrt"
return mlrt.experiment "look" {
  params = { data = "data", train = 0, test = 0, shuffle = false },
  setup = function(p)
    local chosen = { train = p.train, test = p.test, shuffle = p.shuffle, seed = p.seed }
    if p.data ~= "default" then chosen.data = p.data end
    return {
      task = mlrt.task.images.idx(chosen),
      model = mlrt.chain { mlrt.layer.flatten {}, mlrt.layer.linear { 4 } },
      loss = mlrt.loss.cross_entropy {}, optimizer = mlrt.optimizer.sgd { 0.1 },
      train = { steps = 1, batch = "full", checkpoint = false },
    }
  end,
  finish = function(run)
    print("sizes", run.examples.train, run.examples.test, run:tap("image", { count = 1 }):shape())
    for _, split in ipairs { "train", "test" } do
      local image, label = run:tap("image", { split = split }), run:tap("label", { split = split })
      for i = 1, math.min(#label, 5) do print(split, label:get(i), math.floor(image[i]:sum() * 255 + 0.5)) end
    end
  end,
}
END
look() { mlrt run --quiet look.lua "$@" | tr '\t' ' ' | sed 's/\.0*\( \|$\)/\1/g'; }

# ---- what is read ----

make
want='sizes 4 2 1 2 3
train 0 5
train 1 55
train 2 105
train 0 155
test 1 255
test 3 306'
is "$(look)" "$want" "images and labels, in the order of the files"
gzip data/train-images-idx3-ubyte data/t10k-labels-idx1-ubyte
is "$(look)" "$want" "gzipped ones too"
mkdir -p far && mv data far/mnist
is "$(MLRT_DATA_PATH=/nowhere:$WORK/far look data=mnist)" "$want" "from a folder of the search path"
make
is "$(look train=2 test=1 | grep -c '^train\|^test')" 3 "only some"
is "$(look train=2 | sed -n 2,3p)" "train 0 5
train 1 55" "the first ones"
chosen=$(look shuffle=true train=3 seed=1 | grep '^train')
is "$(look shuffle=true train=3 seed=1 | grep '^train')" "$chosen" "or a choice that the seed repeats"
is "$(look shuffle=true train=4 seed=1 | grep '^train' | sort)" "$(look | grep '^train' | sort)" "each image once, with its label"
ok "another seed chooses others" [ "$chosen" != "$(look shuffle=true train=3 seed=2 | grep '^train')" ]

# ---- what is wrong ----

# wrong PATTERN NAME [ARGUMENT...]: what is said of it.
wrong() {
    pattern=$1 name=$2; shift 2
    said=$(mlrt run --quiet look.lua "$@" 2>&1 >/dev/null)
    like "$said" "$pattern" "$name"
    lines=$((lines + $(echo "$said" | wc -l))) faults=$((faults + 1))
}
lines=0 faults=0
images=data/train-images-idx3-ubyte labels=data/train-labels-idx1-ubyte

wrong "task.images.idx: no data file 'none/train-images-idx3-ubyte', nor with .gz \(.*MLRT_DATA_PATH\)$" "no folder" data=none
if [ ! -d /usr/share/datasets/fashion-mnist ]; then
    wrong "no data file '/usr/share/.*\(Debian: dataset-fashion-mnist; or" "no package" data=default
fi
rm $labels; wrong "no data file 'data/train-labels-idx1-ubyte', nor with .gz" "a file that is missing"; make
wrong "'train' = 5, but there are 4 images" "more than there are" train=5
wrong "'test' = 3, but there are 2 images" "also for testing" test=3
: >$images; wrong "'$images' is no IDX file: it does not begin with two zeros" "an empty file"
echo "<html>" >$images; wrong "'$images' is no IDX file" "another file"
{ bytes 0 0 13 3 0 0 0 4 0 0 0 2 0 0 0 3; } >$images
wrong "'$images' holds elements of type 0x0d, expected 0x08, unsigned bytes" "floats"
{ idx 4; bytes 0 0 0 0; } >$images; wrong "'$images' has 1 dimensions, expected 3" "labels in the place of images"
{ bytes 0 0 8 3 0 0 0 4 0 0; } >$images; wrong "'$images' ends before its sizes" "half a header"
{ idx 4 2 0; } >$images; wrong "'$images' is empty: size 3 is 0" "no columns"
{ bytes 0 0 8 3 127 0 0 0 127 0 0 0 0 0 0 2; } >$images; wrong "'$images' claims more than [0-9]* bytes" "a hostile size"
four | head -c 30 >$images; wrong "'$images' ends after 14 of 24 bytes of data" "a truncated file"
{ four; bytes 7; } >$images; wrong "'$images' goes on after its 24 bytes of data" "a file that is too long"
rm $images; four | gzip | head -c 40 >$images.gz
wrong "'$images.gz'.*ends before its gzip stream does" "a truncated gzip file"
four | gzip >whole; head -c 20 whole >$images.gz; bytes 255 255 255 255 >>$images.gz; tail -c +25 whole >>$images.gz
wrong "'$images.gz'" "a damaged gzip file"; make
rm $images; mkdir $images; wrong "unable to read '$images': Is a directory" "a folder"; make
{ idx 3; bytes 0 1 2; } >$labels; wrong "'data': 4 images of 'train', but 3 labels" "labels for other images"; make
{ idx 2 3 3; head -c 18 /dev/zero; } >data/t10k-images-idx3-ubyte
wrong "'data': images of 't10k' are 3 x 3, those before 2 x 3" "images of another size"

is $lines $faults "each in one line"

# ---- the real ones, where they are ----

if [ -d /usr/share/datasets/fashion-mnist ]; then
    is "$(look data=default train=8 test=6 | cut -d' ' -f1,2 | tr '\n' ' ')" \
        "sizes 8 train 9 train 0 train 0 train 3 train 0 test 9 test 2 test 1 test 1 test 6 " "Fashion-MNIST begins as it should"
else
    skip "Debian's dataset-fashion-mnist is not installed"
fi
done_testing
